"""What a loop inside a graph costs next to the same loop by hand in eager torch: `python benchmarks/loops.py`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from measure import MICRO, Table, arguments, interleave, run_sections, timer

import graphgrad as gg

BUDGET = 1.1  # times the loop by hand
SAMPLE = 0.05  # seconds
WIDTH = 8


@dataclass(frozen=True)
class Loop:
    """The same loop in both styles, each a function of a tensor of 8 numbers.

    Attributes:
        recorded: gives a symbolic result.
        by_hand: gives a tensor.
        budget: times the loop by hand, or None.
    """

    name: str
    recorded: Callable[[Any], Any]
    by_hand: Callable[[torch.Tensor], torch.Tensor]
    budget: float | None = BUDGET


def cheap(rounds: int) -> Loop:
    """A counter, a product and a sum a round."""

    def recorded(x: Any) -> Any:
        return gg.while_loop(lambda i, y: i < rounds, lambda i, y: (i + 1, y * x + 0.001), [0, x])[1]

    def by_hand(x: torch.Tensor) -> torch.Tensor:
        i, y = torch.zeros((), dtype=torch.int32), x
        while i < rounds:
            i, y = i + 1, y * x + 0.001
        return y

    return Loop("while_loop", recorded, by_hand)


def choosing(rounds: int) -> Loop:
    """The same with a choice in each round."""

    def recorded(x: Any) -> Any:
        def body(i: Any, y: Any) -> Any:
            return i + 1, gg.cond(y[0] > 0.5, lambda: y * x, lambda: y + x)

        return gg.while_loop(lambda i, y: i < rounds, body, [0, x])[1]

    def by_hand(x: torch.Tensor) -> torch.Tensor:
        i, y = torch.zeros((), dtype=torch.int32), x
        while i < rounds:
            i, y = i + 1, (y * x if y[0] > 0.5 else y + x)
        return y

    return Loop("cond in a while_loop", recorded, by_hand, None)  # a branch is a call, for which an `if` costs nothing


def along(rows: int) -> Loop:
    """A state handed along rows."""

    def recorded(x: Any) -> Any:
        return gg.foldl(lambda state, row: torch.sin(state) * row, x.expand(rows, WIDTH), x)

    def by_hand(x: torch.Tensor) -> torch.Tensor:
        state = x
        for row in x.expand(rows, WIDTH).unbind(0):
            state = torch.sin(state) * row
        return state

    return Loop("foldl", recorded, by_hand)


def writing(rounds: int) -> Loop:
    """What each round makes is kept, and is one tensor in the end: a list and `torch.stack` by hand."""

    def recorded(x: Any) -> Any:
        def body(i: Any, y: Any, rows: Any) -> Any:
            y = y * x + 0.001
            return i + 1, y, rows.write(i, y)

        rows = gg.TensorArray(gg.float32, rounds, element_shape=[WIDTH])
        return gg.while_loop(lambda i, *_: i < rounds, body, [0, x, rows])[2].stack()

    def by_hand(x: torch.Tensor) -> torch.Tensor:
        i, y, rows = torch.zeros((), dtype=torch.int32), x, []
        while i < rounds:
            i, y = i + 1, y * x + 0.001
            rows.append(y)
        return torch.stack(rows)

    return Loop("TensorArray in a while_loop", recorded, by_hand, budget=None)


def inner(rounds: int) -> Loop:
    """A step of gradient descent a round."""

    def recorded(x: Any) -> Any:
        def body(i: Any, z: Any) -> Any:
            return i + 1, z - 0.1 * gg.gradients(((z - x) ** 2).sum(), z)[0]

        return gg.while_loop(lambda i, z: i < rounds, body, [0, x * 0.5])[1]

    def by_hand(x: torch.Tensor) -> torch.Tensor:
        i, z = torch.zeros((), dtype=torch.int32), x * 0.5
        outside = x.requires_grad
        while i < rounds:
            if not z.requires_grad:
                z = z.detach().requires_grad_()
            step = torch.autograd.grad(((z - x) ** 2).sum(), z, create_graph=outside)[0]
            i, z = i + 1, z - 0.1 * step
            z = z if outside else z.detach()
        return z

    return Loop("gradients() in a while_loop", recorded, by_hand)


def _slope(function: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    def slope(x: torch.Tensor) -> torch.Tensor:
        x = x.detach().requires_grad_()
        return torch.autograd.grad(function(x).sum(), x)[0]

    return slope


def rounds(options: argparse.Namespace) -> list[Table]:
    """The time of a round, forward alone and with the gradient."""
    count = 500 if options.quick else 10_000
    table = Table(f"A loop of {count:,} cheap rounds, per round", "us")
    for make, share in ((cheap, 1), (writing, 1), (choosing, 1), (along, 1), (inner, 10)):
        loop, number = make(count // share), count // share
        _rows(table, loop, number, options.rounds)
    return [table]


def _rows(table: Table, loop: Loop, count: int, samples: int) -> None:
    at = torch.linspace(0.1, 0.9, WIDTH)
    with gg.Graph().as_default():
        x = gg.placeholder(gg.float32, [WIDTH])
        y = loop.recorded(x)
        session = gg.Session(outputs="torch")
        calls = {
            "forward": (session.make_callable(y, [x]), loop.by_hand),
            "with gradient": (session.make_callable(gg.gradients(y, x)[0], [x]), _slope(loop.by_hand)),
        }
    for what, (ours, theirs) in calls.items():
        torch.testing.assert_close(ours(at), theirs(at))
        timers = {
            "ours": timer(partial(ours, at), count, lasting=SAMPLE),
            "by hand": timer(partial(theirs, at), count, lasting=SAMPLE),
        }
        found = interleave(timers, samples)
        table.row(
            f"{loop.name}, {what}", found["ours"], "by hand", found["by hand"], scale=MICRO, ratio_at_most=loop.budget
        )


SECTIONS = {"rounds": rounds}

if __name__ == "__main__":
    sys.exit(run_sections(arguments(__doc__, rounds=15), SECTIONS))
