"""What a run costs next to the same step by hand in eager torch: `python benchmarks/run.py`."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from measure import MICRO, Samples, Table, arguments, exactly, interleave, run_sections, timer
from models import Model, by_hand, by_hand_with_module, models, recorded
from programs import chain, follow, random_program
from scale import scale
from yardsticks import eager_slope, kept_and_peak

import graphgrad as gg

STEP_BUDGET = 1.02  # times the step by hand
BYTES_BUDGET = 1.02
RUN_BUDGET, FEED_BUDGET, FETCH_BUDGET = 20, 5, 3  # us
FIRST_BUDGET = 60  # us per operation
SAMPLE = 0.02  # seconds
PAIRS = 30  # of a training step, at least
ROUNDS_A_COPY = 3
TABLE = {"sin": torch.sin, "tanh": torch.tanh, "add": torch.add, "mul": torch.mul}


# -- training steps -----------------------------------------------------------------------------------


def steps(options: argparse.Namespace) -> list[Table]:
    """A training step: forward, gradients of all parameters, update."""
    table = Table("A training step against the same step by hand", "ms")
    for model in models(options.quick):
        samples = step_samples(model, options.rounds if options.quick else max(PAIRS, options.rounds))
        for ours, theirs in (
            ("make_callable", "functional"),
            ("session.run", "functional"),
            ("session.run, arrays in and out", "functional, arrays in and out"),
            ("make_callable of nn.Module", "nn.Module"),
        ):
            table.row(
                f"{model.name}, {ours}", samples[ours], f"by hand, {theirs}", samples[theirs],
                scale=1e3, ratio_at_most=STEP_BUDGET,
            )  # fmt: skip
        table.row(
            f"{model.name}, noise: by hand", samples["functional"], "by hand, once more", samples["functional again"],
            scale=1e3,
        )  # fmt: skip
    return [table]


def step_samples(model: Model, rounds: int) -> Samples:
    """Samples of the step in every style, some rounds with each of several copies of every contestant.

    Where the parameters of a copy happen to lie in memory makes its steps up to 3% slower or faster
    than those of another copy of the same code: more than what is looked for.
    """
    samples: Samples = {}
    shuffled = random.Random(0)
    for _ in range(-(-rounds // ROUNDS_A_COPY)):
        works = contestants(model, shuffled)
        check(model, {name: [float(work()) for _ in range(3)] for name, work in works.items()})
        timers = {name: timer(work, lasting=SAMPLE) for name, work in works.items()}
        for name, found in interleave(timers, ROUNDS_A_COPY).items():
            samples.setdefault(name, []).extend(found)
    return samples


def contestants(model: Model, shuffled: random.Random) -> dict[str, Callable[[], Any]]:
    """The step in every style, each with its own parameters, made in an order of chance."""
    inputs, targets = model.inputs, model.targets
    arrays = inputs.numpy(), targets.numpy()

    def module() -> torch.nn.Module:
        torch.manual_seed(0)
        return model.module()

    def from_arrays() -> Callable[[Any, Any], Any]:
        step = by_hand(model)
        return lambda x, t: step(torch.from_numpy(x), torch.from_numpy(t)).numpy()

    makers: dict[str, Callable[[], Callable[[], Any]]] = {
        "functional": lambda: partial(by_hand(model), inputs, targets),
        "functional again": lambda: partial(by_hand(model), inputs, targets),
        "make_callable": lambda: partial(recorded(model).callable(), inputs, targets),
        "session.run": lambda: partial(recorded(model).step, inputs, targets),
        "functional, arrays in and out": lambda: partial(from_arrays(), *arrays),
        "session.run, arrays in and out": lambda: partial(recorded(model, outputs="numpy").step, *arrays),
        "nn.Module": lambda: partial(by_hand_with_module(model, module()), inputs, targets),
        "make_callable of nn.Module": lambda: partial(recorded(model, module()).callable(), inputs, targets),
    }
    order = list(makers)
    shuffled.shuffle(order)
    made = {name: makers[name]() for name in order}
    return {name: made[name] for name in makers}


def check(model: Model, losses: dict[str, list[float]]) -> None:
    """All styles must do the same work: their first losses agree."""
    for name, found in losses.items():
        wanted = losses["nn.Module" if "nn.Module" in name else "functional"]
        if not np.allclose(found, wanted, rtol=1e-5):
            raise AssertionError(f"{model.name}: {name} has the losses {found}, by hand they are {wanted}")


# -- memory -------------------------------------------------------------------------------------------


def memory(options: argparse.Namespace) -> list[Table]:
    """The peak of live tensor bytes in a step, and what is kept between steps."""
    table = Table("Live tensor bytes of a training step against the same step by hand", "MB")
    for model in models(options.quick):
        batch = model.inputs, model.targets
        parameters = sum(tensor.nbytes for tensor in model.parameters)
        hand, hand_peak = kept_and_peak(lambda model=model: by_hand(model), batch)
        ours, our_peak = kept_and_peak(lambda model=model: recorded(model).callable(), batch)
        table.row(
            f"{model.name}, parameters and peak of the step", exactly(parameters + our_peak), "by hand",
            exactly(parameters + hand_peak), scale=1e-6, ratio_at_most=BYTES_BUDGET,
        )  # fmt: skip
        table.row("  kept between steps", exactly(ours), "by hand", exactly(hand), scale=1e-6)
    return [table]


# -- many small operations ----------------------------------------------------------------------------


def small_operations(options: argparse.Namespace) -> list[Table]:
    """A chain of tiny operations and its gradient: nothing but overhead."""
    table = Table("A chain of sines of 8 numbers and its gradient, against the same by hand", "us per op")
    value = torch.linspace(0.1, 0.9, 8)
    for length in (100, 1_000) if options.quick else (400, 20_000):
        program = partial(chain, torch.sin, length=length)
        samples = interleave(
            {
                "hand": timer(eager_slope(program, value), length, lasting=SAMPLE),
                "ours": timer(partial(slope(program, "torch"), value), length, lasting=SAMPLE),
            },
            options.rounds,
        )
        table.row(
            f"{length:,} operations", samples["ours"], "by hand", samples["hand"], scale=MICRO,
            ratio_at_most=STEP_BUDGET,
        )  # fmt: skip
    return [table]


def slope(program: Callable[[Any], Any], outputs: str = "numpy") -> Callable[[Any], Any]:
    """A callable of the gradient of the program at eight numbers."""
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [8])
        return gg.Session(graph, outputs=outputs).make_callable(gg.gradients(program(x), x)[0], [x])


# -- fixed costs --------------------------------------------------------------------------------------


def calls(options: argparse.Namespace) -> list[Table]:
    """The cost of the call itself, and of each feed and fetch."""
    table = Table("session.run on scalars", "us")
    _one_feed(table, options)
    for kind in ("float", "array", "tensor"):
        _per_feed(table, kind, options)
    _per_fetch(table, options)
    return [table]


def _one_feed(table: Table, options: argparse.Namespace) -> None:
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [])
        y = torch.sin(x)
    session = gg.Session(graph)
    run = session.make_callable(y, [x])
    samples = interleave(
        {
            "run": timer(lambda: session.run(y, {x: 0.5}), lasting=SAMPLE),
            "callable": timer(lambda: run(0.5), lasting=SAMPLE),
            "hand": timer(lambda: torch.sin(torch.tensor(0.5)).numpy()[()], lasting=SAMPLE),
        },
        options.rounds,
    )
    yardstick = "torch.sin(torch.tensor(v)).numpy()"
    table.row("run(sin(x)), one feed, one fetch", samples["run"], yardstick, samples["hand"], scale=MICRO,
              at_most=RUN_BUDGET)  # fmt: skip
    table.row("  the same by make_callable", samples["callable"], yardstick, samples["hand"], scale=MICRO,
              at_most=RUN_BUDGET)  # fmt: skip


def _per_feed(table: Table, kind: str, options: argparse.Namespace) -> None:
    """Many feeds against one; `torch.stack` reads them all, here and by hand."""
    more = 32
    value: Any = {"float": 0.5, "array": np.zeros(8, np.float32), "tensor": torch.zeros(8)}[kind]
    convert = {"float": torch.tensor, "array": torch.from_numpy, "tensor": torch.Tensor.detach}[kind]
    with gg.Graph().as_default() as graph:
        xs = [gg.placeholder(gg.float32, list(np.shape(value))) for _ in range(more + 1)]
        one, every = torch.stack(xs[:1]), torch.stack(xs)
    session = gg.Session(graph)
    feed_one, feed_every = {xs[0]: value}, dict.fromkeys(xs, value)
    samples = interleave(
        {
            "one": timer(lambda: session.run(one, feed_one), lasting=SAMPLE),
            "every": timer(lambda: session.run(every, feed_every), lasting=SAMPLE),
            "one by hand": timer(lambda: torch.stack([convert(value)]).numpy(), lasting=SAMPLE),
            "every by hand": timer(
                lambda: torch.stack([convert(v) for v in [value] * len(xs)]).numpy(), lasting=SAMPLE
            ),
        },
        options.rounds,
    )
    ours, theirs = (
        [(a - b) / more for a, b in zip(samples[f"every{who}"], samples[f"one{who}"], strict=True)]
        for who in ("", " by hand")
    )
    table.row(f"each further feed, a {kind}", ours, f"by hand, {convert.__name__}", theirs, scale=MICRO,
              at_most=FEED_BUDGET)  # fmt: skip


def _per_fetch(table: Table, options: argparse.Namespace) -> None:
    more = 32
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [8])
        ys = [x]
        for _ in range(more + 1):
            ys.append(torch.sin(ys[-1]))
        ys = ys[1:]
    session = gg.Session(graph)
    value = torch.zeros(8)
    samples = interleave(
        {
            "last": timer(lambda: session.run(ys[-1:], {x: value}), lasting=SAMPLE),
            "all": timer(lambda: session.run(ys, {x: value}), lasting=SAMPLE),
            "hand": timer(lambda: value.detach().numpy(), lasting=SAMPLE),
        },
        options.rounds,
    )
    each = [(a - b) / more for a, b in zip(samples["all"], samples["last"], strict=True)]
    table.row("each further fetch of what is computed anyway", each, "v.detach().numpy()", samples["hand"],
              scale=MICRO, at_most=FETCH_BUDGET)  # fmt: skip


# -- the first run ------------------------------------------------------------------------------------


def first_run(options: argparse.Namespace) -> list[Table]:
    """Planning, emitting and compiling the program, per operation."""
    table = Table("The first run: plan, emit and compile, per operation", "us per op")
    sizes = (100, 1_000, 10_000) if options.quick else (1_000, 10_000, 100_000)
    for what, with_gradient in (("chain", False), ("random program and its gradient", True)):
        _first_run(table, what, with_gradient, sizes, max(3, options.rounds // 6))
    return [table]


def _first_run(table: Table, what: str, with_gradient: bool, sizes: tuple[int, ...], rounds: int) -> None:
    timers = {}
    for size in sizes:
        program = (
            partial(follow, random_program(size), TABLE) if with_gradient else partial(chain, torch.sin, length=size)
        )
        graph, x, fetches = _program(program, with_gradient)
        text = gg.Session(graph).source(fetches, [x])
        timers[f"{size}"] = timer(partial(_prepare, graph, x, fetches), size, lasting=SAMPLE)
        timers[f"{size} compile"] = timer(partial(compile, text, "<program>", "exec"), size, lasting=SAMPLE)
    samples = interleave(timers, rounds)
    for size in sizes:
        table.row(
            f"{what}, {size:,} operations", samples[f"{size}"], "Python's compile() alone", samples[f"{size} compile"],
            scale=MICRO, at_most=FIRST_BUDGET,
        )  # fmt: skip
        if size != sizes[0]:
            table.row("", samples[f"{size}"], f"{sizes[0]:,} operations", samples[f"{sizes[0]}"], scale=MICRO)


def _program(program: Callable[[Any], Any], with_gradient: bool) -> tuple[gg.Graph, Any, list[Any]]:
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [8])
        y = program(x)
        return graph, x, [y, *gg.gradients(y, x)] if with_gradient else [y]


def _prepare(graph: gg.Graph, x: Any, fetches: list[Any]) -> Any:
    return gg.Session(graph).make_callable(fetches, [x])


SECTIONS = {
    "steps": steps,
    "memory": memory,
    "small-operations": small_operations,
    "calls": calls,
    "first-run": first_run,
    "scale": scale,
}

if __name__ == "__main__":
    sys.exit(run_sections(arguments(__doc__, rounds=40), SECTIONS))
