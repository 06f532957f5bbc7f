"""A random program on graphgrad, and its comparison with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

import graphgrad as gg
from tests import reference
from tests.reference import Array
from tests.strategies import Call, Case, Program, Step

OPS: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda x: -x,
    "pow": lambda x, e: x**e,
    "scale": lambda x, c: x * c,
    "shift": lambda x, c: x + c,
    "mm": lambda a, b: a @ b,
    "t": lambda x: x.T,
    "sum": lambda x: x.sum(),
    "expand": lambda x, shape: x.expand(shape),
    "stack": lambda *rows: torch.stack(rows),
    "unbind": lambda x: torch.unbind(x),
    "var_mean": lambda x: torch.var_mean(x),
    "frexp": lambda x: torch.frexp(x),
    "where": lambda c, a, b: torch.where(c > 0, a, b),
    "to_int": lambda x: x.to(torch.int64),
    "to_float": lambda k: k.to(torch.float64),
    "stop": gg.stop_gradient,
    "contiguous": lambda x: x.contiguous(),
    "plus": lambda x: +x,
    "view_as": lambda x: x.view_as(x),
    "to_same": lambda x: x.to(torch.float64),
    "identity": gg.identity,
    "dropout_eval": lambda x: F.dropout(x, 0.5, training=False),
    "clone": lambda x: x.clone(),
    "reshape_same": lambda x: x.reshape(x.shape),
}


class Disagreement(AssertionError):
    """graphgrad and the reference differ."""


def build(program: Program) -> list[Any]:
    """The program's values as symbolic tensors of the default graph, None where a gradient is None."""
    values: list[Any] = []
    for step in program.steps:
        if isinstance(step, Call):
            made = gradient_call(step, values)
            wanted = [node is not None for node in program.nodes[len(values) : len(values) + len(made)]]
            if [value is not None for value in made] != wanted:
                raise Disagreement(f"None or not: {step} gave {made}, connected should be {wanted}\n{program}")
        else:
            made = _step(step, values)
        values += made
    return values


def _step(step: Step, values: Sequence[Any]) -> list[Any]:
    if not step.reads:
        array = np.asarray(step.option)
        match step.op:
            case "placeholder":
                return [gg.placeholder(gg.int64 if array.dtype.kind == "i" else gg.float64, list(array.shape))]
            case "constant":
                return [gg.constant(array)]
            case _:
                return [gg.Variable(array)]
    reads = [values[n] for n in step.reads]
    option = [] if step.option is None else [step.option]
    made = OPS.get(step.op, getattr(torch, step.op, None))(*reads, *option)
    return list(made) if step.width > 1 else [made]


def gradient_call(call: Call, values: Sequence[Any]) -> list[Any]:
    """The call on these symbolic tensors."""
    ys = [values[n] for n in call.ys]
    seeds: list[Any] | None = None
    if call.seeds is not None:
        seeds = [
            np.full(tuple(y.shape), seed) if isinstance(seed, float) else None if seed is None else values[seed]
            for y, seed in zip(ys, call.seeds, strict=True)
        ]
    return gg.gradients(
        ys,
        [values[n] for n in call.xs],
        seeds,
        stop_gradients=[values[n] for n in call.stops],
        aggregation_method=call.aggregation,
        gate_gradients=call.gate,
        colocate_gradients_with_ops=call.colocate,
        unconnected_gradients=call.unconnected,
        name=call.name,
    )


class Replay:
    """A case in a graph and a session of its own."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.graph = gg.Graph()
        with self.graph.as_default():
            self.values = build(case.program)
            initializer = gg.global_variables_initializer()
        self.session = gg.Session(self.graph)
        self.session.run(initializer)
        self.feeds = {}
        for value, kind, node in zip(self.values, case.program.kinds, case.program.nodes, strict=True):
            if kind == "placeholder":
                self.feeds[value] = case.program.given[node]
        for number, array in case.feeds.items():
            self.feeds[self.values[number]] = array

    def source(self) -> str:
        return self.session.source([self.values[n] for n in self.case.fetches], self.feeds)

    def run(self, numbers: Sequence[int]) -> list[Array]:
        """The values of these in one run."""
        return [np.asarray(v) for v in self.session.run([self.values[n] for n in numbers], feed_dict=self.feeds)]


def expected(case: Case) -> tuple[list[Array], list[float]]:
    """The reference's value of each fetch and the largest number behind it; inf if rounding decides."""
    program = case.program
    given = dict(program.given)
    for number, array in case.feeds.items():
        given[program.node(number)] = array
    nodes = [program.node(n) for n in case.fetches]
    values = reference.evaluate(nodes, given)
    sizes = reference.sizes(values, given)
    return [values[node] for node in nodes], [sizes[node] for node in nodes]


def check(case: Case) -> int:
    """Compare a case in every way; the number of values that were compared."""
    replay = Replay(case)
    together = replay.run(case.fetches)
    compared = 0
    for number, have, want, size in zip(case.fetches, together, *expected(case), strict=True):
        if have.shape != want.shape or (have.dtype.kind != want.dtype.kind):
            raise Disagreement(f"v{number} is {have.dtype}{have.shape}, not {want.dtype}{want.shape}\n{case}")
        if size < 1e6:
            compared += 1
            if not np.allclose(have, want, rtol=1e-9, atol=1e-11 * max(1.0, size)):
                raise Disagreement(f"v{number} is {have!r}, not {want!r}\n{case}\n{replay.source()}")
    return compared


def check_alone(case: Case) -> None:
    """Each fetch alone is bit for bit what it is in the company of all.

    Where the calls of a program ask for different orders of summation it is so up to rounding.
    """
    replay = Replay(case)
    orders = {step.aggregation for step in case.program.steps if isinstance(step, Call)}
    together = replay.run(case.fetches)
    for number, have, size in zip(case.fetches, together, expected(case)[1], strict=True):
        (alone,) = replay.run([number])
        if orders == {0}:
            same = _bits(alone) == _bits(have)
        else:
            same = size >= 1e6 or np.allclose(alone, have, rtol=1e-9, atol=1e-11 * max(1.0, size))
        if not same:
            raise Disagreement(f"v{number} is {have!r} in company and {alone!r} alone\n{case}\n{replay.source()}")


def _bits(array: Array) -> bytes:
    """The bits of an array, all NaN alike."""
    return np.where(np.isnan(array), np.nan, array).tobytes()
