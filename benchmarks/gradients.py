"""What it costs to call `gradients()`: `python benchmarks/gradients.py`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from measure import MICRO, Samples, Table, arguments, interleave, run_sections, timer
from programs import chain, follow, random_program, residual
from yardsticks import eager_backward, reached_by_networkx

import graphgrad as gg

BUDGET = 10  # us per operation on the path
SAMPLE = 0.1  # seconds
TABLE = {"sin": torch.sin, "tanh": torch.tanh, "add": torch.add, "mul": torch.mul}


@dataclass(frozen=True)
class Case:
    """A graph with the two ends of a path.

    Attributes:
        length: operations on the path.
    """

    graph: gg.Graph
    x: Any
    y: Any
    length: int

    def differentiate(self) -> list[Any]:
        with self.graph.as_default():
            return gg.gradients(self.y, self.x)


def case(program: Callable[[Any], Any], length: int) -> Case:
    """The program on a placeholder in a graph of its own."""
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [64, 64])
        return Case(graph, x, program(x), length)


def programs(length: int) -> dict[str, Callable[[Any], Any]]:
    """The two programs: a chain, and a random graph all of which is on the path."""
    return {
        "chain": lambda x: chain(torch.sin, x, length),
        "random": partial(follow, random_program(length), TABLE),
    }


# -- linearity ----------------------------------------------------------------------------------------


def lengths(options: argparse.Namespace) -> list[Table]:
    """Per operation on the path, for paths of three lengths."""
    table = Table("gradients(), per operation on the path", "us per op")
    sizes = (200, 2_000, 20_000) if options.quick else (2_000, 20_000, 200_000)
    for name in programs(1):
        _lengths(table, name, sizes, max(3, options.rounds // 3))
    return [table]


def _lengths(table: Table, name: str, sizes: tuple[int, ...], rounds: int) -> None:
    cases = {size: case(programs(size)[name], size) for size in sizes}
    timers = {}
    for size, one in cases.items():
        timers[f"{size}"] = timer(one.differentiate, size, lasting=SAMPLE)
        timers[f"{size} networkx"] = timer(reached_by_networkx(one.graph, one.x, one.y), size, lasting=SAMPLE)
        timers[f"{size} eager"] = timer(eager_backward(programs(size)[name]), size, lasting=SAMPLE)
    samples = interleave(timers, rounds)
    for size in sizes:
        what = f"{name}, {size:,} operations"
        ours = samples[f"{size}"]
        table.row(what, ours, "networkx: descendants & ancestors", samples[f"{size} networkx"], scale=MICRO,
                  at_most=BUDGET)  # fmt: skip
        table.row("", ours, "autograd.grad on numbers", samples[f"{size} eager"], scale=MICRO)
        if size != sizes[0]:
            table.row("", ours, f"{sizes[0]:,} operations", samples[f"{sizes[0]}"], scale=MICRO)


# -- off the path -------------------------------------------------------------------------------------


def off_path(options: argparse.Namespace) -> list[Table]:
    """Per operation on the path, with many more beside it."""
    length, beside = (200, 10_000) if options.quick else (2_000, 100_000)
    table = Table(f"gradients(), {length:,} operations on the path and {beside:,} off it", "us per op")
    each = beside // length
    kinds = {
        "none off the path": (0, 0),
        "downstream of x, not upstream of y": (each, 0),
        "upstream of y, not downstream of x": (0, each),
        "half downstream of x, half upstream of y": (each // 2, each // 2),
    }
    cases = {kind: _beside(length, *each) for kind, each in kinds.items()}
    timers = {kind: timer(one.differentiate, one.length, lasting=SAMPLE) for kind, one in cases.items()}
    samples = interleave(timers, options.rounds)
    plain, *others = kinds
    for kind in others:
        table.row(kind, samples[kind], plain, samples[plain], scale=MICRO, at_most=BUDGET)
    return [table]


def _beside(length: int, below_x: int, above_y: int) -> Case:
    """A chain; after each of its operations come some that hang below x, and some that lead to y from elsewhere."""
    with gg.Graph().as_default() as graph:
        x, other = gg.placeholder(gg.float32, [64, 64]), gg.placeholder(gg.float32, [64, 64])
        y, below, above = x, x, other
        for _ in range(length):
            y = torch.sin(y)
            below = chain(torch.cos, below, below_x)
            above = chain(torch.cos, above, above_y)
        return Case(graph, x, y + above, length + 1)


# -- second order -------------------------------------------------------------------------------------


def second_order(options: argparse.Namespace) -> list[Table]:
    """The gradient of a gradient, per operation of the forward path."""
    table = Table("gradients() of gradients(), per operation of the forward path", "us per op")
    for size in (100, 1_000) if options.quick else (2_000, 20_000):
        for name, program in programs(size).items():
            once = case(program, size)
            twice = Case(once.graph, once.x, once.differentiate()[0], size)
            samples = interleave(
                {
                    "second": timer(twice.differentiate, size, lasting=SAMPLE),
                    "first": timer(once.differentiate, size, lasting=SAMPLE),
                },
                max(3, options.rounds // 3),
            )
            table.row(
                f"{name}, {size:,} operations, second order", samples["second"], "first order", samples["first"],
                scale=MICRO,
            )  # fmt: skip
    return [table]


# -- stops --------------------------------------------------------------------------------------------


def stops(options: argparse.Namespace) -> list[Table]:
    """Many calls with a different stop each on one graph, fetched in one run, against the call alone."""
    blocks, calls = (50, 20) if options.quick else (500, 200)
    table = Table(f"{calls} calls with a stop each, {2 * blocks:,} operations, fetched in one run", "ms a call")
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [8])
        y, places = residual(torch.sin, x, blocks)
        chosen = places[:: max(1, blocks // calls)][:calls]
        fetches = [_stopped(graph, x, y, place) for place in chosen]
    once = {
        "calls": timer(lambda: [_stopped(graph, x, y, place) for place in chosen], calls),
        "call": timer(lambda: _stopped(graph, x, y, chosen[-1]), lasting=SAMPLE),
        "together prepared": timer(partial(_prepare, graph, fetches, x), calls),
        "alone prepared": timer(partial(_prepare, graph, fetches[-1:], x), lasting=SAMPLE),
    }
    value = torch.linspace(0.1, 0.9, 8)
    session = gg.Session(graph, outputs="torch")
    again = {
        "together": timer(partial(session.make_callable(fetches, [x]), value), calls),
        "alone": timer(partial(session.make_callable(fetches[-1], [x]), value), lasting=SAMPLE),
        "hand": timer(_one_forward(blocks, calls, value), calls),
    }
    # Each call adds to the graph, so there are few rounds of those.
    _stop_rows(table, calls, interleave(once, max(3, options.rounds // 6)) | interleave(again, options.rounds))
    return [table]


def _stop_rows(table: Table, calls: int, samples: Samples) -> None:
    def row(what: str, ours: str, yardstick: str, theirs: str) -> None:
        table.row(what, samples[ours], yardstick, samples[theirs], scale=1e3)

    row("gradients(stop_gradients=[t])", "calls", "one such call", "call")
    row("plan, emit and compile", "together prepared", "one call's alone", "alone prepared")
    row(f"one run for all {calls}", "together", "a run for one call", "alone")
    row("", "together", f"by hand: 1 forward, {calls} backward", "hand")


def _stopped(graph: gg.Graph, x: Any, y: Any, place: Any) -> Any:
    with graph.as_default():
        return gg.gradients(y, x, stop_gradients=[place])[0]


def _prepare(graph: gg.Graph, fetches: list[Any], x: Any) -> None:
    gg.Session(graph).make_callable(fetches, [x])


def _one_forward(blocks: int, calls: int, value: torch.Tensor) -> Callable[[], Any]:
    """Less than the stops need: one eager forward pass and as many backward passes, none with a stop."""

    def run() -> Any:
        x = value.detach().requires_grad_()
        total = residual(torch.sin, x, blocks)[0].sum()
        return [torch.autograd.grad(total, x, retain_graph=True) for _ in range(calls)]

    return run


SECTIONS = {"lengths": lengths, "off-path": off_path, "second-order": second_order, "stops": stops}

if __name__ == "__main__":
    sys.exit(run_sections(arguments(__doc__, rounds=30), SECTIONS))
