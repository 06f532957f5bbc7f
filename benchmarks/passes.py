"""What each pass over a run brings: the same run with the pass and without it: `python benchmarks/passes.py`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from measure import MICRO, Table, arguments, exactly, interleave, run_sections, timer
from models import models, recorded
from yardsticks import kept_and_peak

import graphgrad as gg

SAMPLE = 0.02  # seconds
PASSES = ("prune", "merge", "fold", "no_grad", "donate", "foreach", "free")
BATCH = (torch.linspace(0.1, 0.9, 64),)

# What a program is made of: its fetches, and its feed.
Made = tuple[Any, Any]


def steps(options: argparse.Namespace) -> list[Table]:
    """Training steps, by gradient descent."""
    table = Table("A training step with a pass, against the same without it", "ms")
    for model in models(options.quick):
        works = {
            name: partial(recorded(model, passes=without(name)).callable(), model.inputs, model.targets)
            for name in ("", *PASSES)
        }
        losses = {name: [work().item() for _ in range(3)] for name, work in works.items()}
        if any(found != losses[""] for found in losses.values()):
            raise SystemExit(f"{model.name}: a pass changes the losses: {losses}")
        samples = interleave({name: timer(work, lasting=SAMPLE) for name, work in works.items()}, options.rounds)
        for name in PASSES:
            table.row(f"{model.name}, {name}", samples[""], "without it", samples[name], scale=1e3)
    return [table]


def without(*names: str) -> gg.Passes:
    """All passes but these."""
    return gg.Passes(**dict.fromkeys(filter(None, names), False))


# -- a program for each pass ----------------------------------------------------------------------------


def twigs(x: Any) -> Any:
    """One of thirty gradients, most of which go through operations of their own."""
    ws = [x * float(n) for n in range(1, 31)]
    return gg.gradients(gg.add_n([gg.sin(gg.exp(gg.sin(w))) for w in ws]), [x, *ws])[1]


def twins(x: Any) -> Any:
    """The same ten operations thirty times over."""

    def one() -> Any:
        y = x
        for _ in range(10):
            y = gg.sin(y)
        return y

    return gg.add_n([one() for _ in range(30)])


def constants(x: Any) -> Any:
    """Thirty factors, each computed from constants by ten operations."""
    y = x
    for n in range(30):
        factor = gg.constant(float(n + 1))
        for _ in range(10):
            factor = gg.exp(-gg.sin(factor))
        y = y * factor
    return y


def aside(x: Any) -> Any:
    """A gradient, and three hundred operations on what is differentiated that no gradient passes through."""
    y = gg.sin(x)
    z = y
    for _ in range(300):
        z = gg.sin(z)
    return [*gg.gradients(y, x), z]


def counters(x: Any) -> Any:
    """An update of a large variable."""
    return gg.Variable(torch.zeros(1000, 1000)).assign_add(gg.reduce_sum(x) * gg.ones([1000, 1000])).op


def weights(x: Any) -> Any:
    """The updates of a step of gradient descent on 200 small variables."""
    return gg.group(*(gg.Variable(torch.ones(8)).assign_sub(x[:8], alpha=0.01) for _ in range(200)))


def momenta(x: Any) -> Any:
    """A step of momentum on variables of 4 MB."""
    loss = gg.add_n([gg.reduce_sum(gg.Variable(torch.ones(1000, 1000)) * x[0]) for _ in range(4)])
    return gg.train.MomentumOptimizer(0.01, 0.9).minimize(loss)


def layers(x: Any) -> Any:
    """A step of Adam on eight layers of a megabyte each."""
    y = gg.reshape(x, [1, 64]) @ gg.ones([64, 512])
    for _ in range(8):
        y = gg.tanh(y @ gg.Variable(torch.eye(512)))
    return gg.train.AdamOptimizer(0.01).minimize(gg.reduce_sum(y))


def large(x: Any) -> Any:
    """Forty operations on a megabyte."""
    y = x[0] * gg.ones([512, 512])
    for _ in range(40):
        y = gg.sin(y)
    return gg.reduce_sum(y)


def deep(x: Any) -> Any:
    """The gradient of 16 blocks of 8 operations on a megabyte, each of which may be computed again."""
    y = z = x[0] + gg.ones([512, 512])
    for _ in range(16):
        with gg.recompute():
            for _ in range(8):
                y = gg.sin(y)
    return gg.gradients(y, z)[0]


PROGRAMS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "one of 30 gradients": ("prune", twigs),
    "300 operations, 10 different ones": ("merge", twins),
    "30 factors of 10 constant operations each": ("fold", constants),
    "300 operations beside a gradient": ("no_grad", aside),
    "an update of 4 MB": ("donate", counters),
    "momentum on 4 variables of 4 MB": ("donate", momenta),
    "updates of 200 variables of 32 bytes": ("foreach", weights),
    "40 operations on 1 MB": ("free", large),
    "16 blocks of 8 operations on 1 MB, gradient": ("recompute", deep),
    "Adam on 8 layers of 1 MB, traced": ("early", layers),
}

# The pass -> the tier that has it, where it is not the run as recorded.
TIERS = {"early": "trace"}


def programs(options: argparse.Namespace) -> list[Table]:
    """For each pass a program that it is made for: time, and the peak of live tensor bytes."""
    times = Table("A program made for a pass with it, against the same without it", "us")
    peaks: dict[str, list[int]] = {}
    for what, (name, program) in PROGRAMS.items():
        tier = TIERS.get(name, "")
        works = {each: partial(prepared(program, without(each), tier), *BATCH) for each in ("", name)}
        if not _equal(*(work() for work in works.values())):
            raise SystemExit(f"{what}: {name} changes the numbers")
        samples = interleave({each: timer(work, lasting=SAMPLE) for each, work in works.items()}, options.rounds)
        times.row(f"{name}: {what}", samples[""], "without it", samples[name], scale=MICRO)
        peaks[f"{name}: {what}"] = [_peak(program, each, tier) for each in ("", name)]
    table = Table("The same, peak of live tensor bytes, with what is kept between runs", "MB")
    for words, (ours, theirs) in peaks.items():
        table.row(words, exactly(ours), "without it", exactly(theirs), scale=1e-6)
    return [times, table]


def _peak(program: Callable[[Any], Any], name: str, tier: str) -> int:
    return sum(kept_and_peak(lambda: prepared(program, without(name), tier), BATCH))


def prepared(program: Callable[[Any], Any], passes: gg.Passes, tier: str) -> Callable[..., Any]:
    """A callable of the program in a graph of its own."""
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [64])
        fetches = program(x)
        session = gg.Session(graph, outputs="torch", passes=passes, compile=tier)
        session.run(gg.global_variables_initializer())
        return session.make_callable(fetches, [x])


def _equal(one: Any, other: Any) -> bool:
    pairs = zip(*(each if isinstance(each, list) else [each] for each in (one, other)), strict=True)
    return all(a is b or torch.equal(a, b) for a, b in pairs)


SECTIONS = {"steps": steps, "programs": programs}

if __name__ == "__main__":
    sys.exit(run_sections(arguments(__doc__, rounds=30), SECTIONS))
