"""What a compiled run costs next to the same by hand in eager torch: `python benchmarks/compile.py`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from measure import MICRO, Table, arguments, exactly, interleave, run_sections, timer
from models import Model, by_hand, models, recorded
from programs import chain, follow, random_program
from yardsticks import eager_slope, kept_and_peak

import graphgrad as gg

SAMPLE = 0.02  # seconds
SMALL_BUDGET = 0.5  # times the operations by hand
STEP_BUDGET = 1.02
BYTES_BUDGET = 1.02
TIER = "trace"
FUSED = "inductor"  # takes a minute before the first figure, unless its cache is warm
CLOSE = 1e-4
TABLE = {"sin": torch.sin, "tanh": torch.tanh, "add": torch.add, "mul": torch.mul}


def steps(options: argparse.Namespace) -> list[Table]:
    """A training step: forward, gradients of all parameters, update."""
    table = Table("A compiled training step against the same step by hand", "ms")
    for model in models(options.quick):
        hand = partial(by_hand(model), model.inputs, model.targets)
        plain, ours, fused = (step(model, compile) for compile in ("", TIER, FUSED))
        works = {"hand": hand, "plain": plain, "ours": ours, "fused": fused, "torch": dynamo(model)}
        losses = {name: [float(work()) for _ in range(3)] for name, work in works.items()}
        close = all(abs(a - b) <= CLOSE for each in losses.values() for a, b in zip(losses["hand"], each, strict=True))
        if losses["plain"] != losses["ours"] or not close:
            raise SystemExit(f"{model.name}: the losses differ: {losses}")
        samples = interleave({name: timer(work, lasting=SAMPLE) for name, work in works.items()}, options.rounds)
        table.row(
            f"{model.name}, {TIER}", samples["ours"], "by hand", samples["hand"], scale=1e3, ratio_at_most=STEP_BUDGET
        )
        table.row("", samples["ours"], "as recorded", samples["plain"], scale=1e3)
        table.row(
            f"{model.name}, {FUSED}", samples["fused"], "torch.compile", samples["torch"], scale=1e3, ratio_at_most=1.0
        )
        table.row("", samples["fused"], "by hand", samples["hand"], scale=1e3)
    return [table]


def dynamo(model: Model) -> Callable[[], Any]:
    """The step by hand with its loss through torch.compile, as a user would write it."""
    compiled = torch.compile(model.loss)
    return partial(by_hand(replace(model, loss=compiled)), model.inputs, model.targets)


def step(model: Model, compile: str) -> Callable[[], Any]:
    """A training step of a session of its own."""
    return partial(recorded(model, compile=compile).callable(), model.inputs, model.targets)


def small_operations(options: argparse.Namespace) -> list[Table]:
    """Tiny operations and their gradient: nothing but overhead."""
    table = Table("Operations on 8 numbers and their gradient, against the same by hand", "us per op")
    value = torch.linspace(0.1, 0.9, 8)
    length = 200 if options.quick else 1_000
    programs: dict[str, Callable[[Any], Any]] = {
        f"chain of {length:,} sines": partial(chain, torch.sin, length=length),
        f"random program of {length:,}": partial(follow, random_program(length), TABLE),
    }
    for what, program in programs.items():
        plain, ours, fused = (slope(program, compile) for compile in ("", TIER, FUSED))
        if not torch.equal(plain(value), ours(value)) or not torch.allclose(plain(value), fused(value), CLOSE):
            raise SystemExit(f"{what}: the compiled run gives other numbers")
        samples = interleave(
            {
                "hand": timer(eager_slope(program, value), length, lasting=SAMPLE),
                "plain": timer(partial(plain, value), length, lasting=SAMPLE),
                "ours": timer(partial(ours, value), length, lasting=SAMPLE),
                "fused": timer(partial(fused, value), length, lasting=SAMPLE),
            },
            options.rounds,
        )
        table.row(f"{what}, {FUSED}", samples["fused"], "by hand", samples["hand"], scale=MICRO)
        table.row(
            f"{what}, {TIER}", samples["ours"], "by hand", samples["hand"], scale=MICRO, ratio_at_most=SMALL_BUDGET
        )
        table.row("", samples["ours"], "as recorded", samples["plain"], scale=MICRO)
    return [table]


def slope(program: Callable[[Any], Any], compile: str) -> Callable[[Any], Any]:
    """A callable of the gradient of the program at eight numbers."""
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [8])
        session = gg.Session(graph, outputs="torch", compile=compile)
        return session.make_callable(gg.gradients(program(x), x)[0], [x])


def first_run(options: argparse.Namespace) -> list[Table]:
    """What the trace takes, once for each kind of feeds."""
    table = Table("The first call of a compiled training step, less a later one", "ms")
    for model in models(options.quick):
        samples = interleave(
            {
                "hand": timer(partial(by_hand(model), model.inputs, model.targets), lasting=SAMPLE),
                "ours": partial(tracing_time, model),
            },
            max(3, options.rounds // 8),
        )
        table.row(model.name, samples["ours"], "a step by hand", samples["hand"], scale=1e3)
    return [table]


def tracing_time(model: Model) -> float:
    """The seconds by which the first call is longer than the second."""
    work = step(model, TIER)
    moments = [time.perf_counter()]
    for _ in range(2):
        work()
        moments.append(time.perf_counter())
    return max(moments[1] - moments[0] - (moments[2] - moments[1]), 0.0)


def memory(options: argparse.Namespace) -> list[Table]:
    """The peak of live tensor bytes in a step, and what is kept between steps."""
    table = Table("Live tensor bytes of a compiled training step", "MB")
    for model in models(options.quick):
        batch = model.inputs, model.targets
        parameters = sum(tensor.nbytes for tensor in model.parameters)
        found = {
            "by hand": kept_and_peak(lambda model=model: by_hand(model), batch),
            "as recorded": kept_and_peak(lambda model=model: recorded(model, compile="").callable(), batch),
        }
        ours, our_peak = kept_and_peak(lambda model=model: recorded(model, compile=TIER).callable(), batch)
        for name, (kept, peak) in found.items():
            table.row(
                f"{model.name}, {TIER}: parameters and peak of the step", exactly(parameters + our_peak), name,
                exactly(parameters + peak), scale=1e-6, ratio_at_most=BYTES_BUDGET,
            )  # fmt: skip
            table.row("  kept between steps", exactly(ours), name, exactly(kept), scale=1e-6)
    return [table]


SECTIONS = {"steps": steps, "memory": memory, "small-operations": small_operations, "first-run": first_run}

if __name__ == "__main__":
    sys.exit(run_sections(arguments(__doc__, rounds=40), SECTIONS))
