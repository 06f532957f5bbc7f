"""What is connected to what through branches and loops: their bodies, written out, are asked.

A way is one course that a run may take: a branch of a condition, or so many rounds of a loop, as a graph
without the rest. The outputs of an operation connect to what they connect to on any of its ways, and the
vector-Jacobian product of a way is again a way: gradients() inside its graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch

from ..graph.graph import Graph
from ..graph.operation import Operation, Role, Value, handle_of
from ..ground.spec import ArraySpec, IntSpec, Spec, declared
from ..record import cells
from ..record.custom import Called
from ..record.derivative import NO_DERIVATIVE, Derivative
from ..record.flow import Branches, Loop, Scan
from ..record.nested import Body, Nested
from ..record.record import record
from . import adjoint
from .adjoint import GradientCall
from .reach import reach


@dataclass
class Way:
    """One course of a run.

    Attributes:
        graph: its operations.
        inputs: per input of the operation the value that stands for it, None where it plays no part.
        outputs: per output likewise; None where it is not connected to anything.
        shut: values that no gradient passes: they count as inputs of their own.
    """

    graph: Graph
    inputs: list[Value | None]
    outputs: list[Value | None]
    shut: frozenset[Value] = frozenset()

    def given(self) -> list[Value]:
        return [value for value in self.inputs if value is not None and value.spec.differentiable]


class NestedDerivative(Derivative):
    """The derivative of an operation with bodies: the union of those of its ways."""

    ways: Sequence[Way]

    def __init__(self, ways: Sequence[Way], inputs: int, outputs: int) -> None:
        self.ways = ways
        self._inputs = inputs
        self._outputs = outputs
        self._products = {}
        self.missing = {}
        self.connects = [self._connected(k) for k in range(outputs)]

    def _connected(self, k: int) -> tuple[int, ...]:
        found: set[int] = set()
        for way in self.ways:
            output = way.outputs[k]
            if output is None or not output.spec.differentiable:
                continue
            wanted = way.given()
            try:
                live = reach([output], wanted, way.shut - {output}).live
            except LookupError:
                live = {value for value in wanted if self._leads(way, k, output, value)}
            found.update(i for i, value in enumerate(way.inputs) if value is not None and value in live)
        return tuple(sorted(found))

    def _leads(self, way: Way, k: int, output: Value, value: Value) -> bool:
        """Whether an input is connected to an output on a way where torch lacks the gradient of something."""
        try:
            return value in reach([output], [value], way.shut - {output}).live
        except LookupError as error:
            lacking = str(error).splitlines()[0]
            self.missing.update(((k, i), lacking) for i, given in enumerate(way.inputs) if given is value)
            return True

    def product(self, outputs: tuple[int, ...], inputs: tuple[int, ...]) -> Derivative:
        key = (outputs, inputs)
        found = self._products.get(key)
        if found is None:
            ways = [_product(way, outputs, inputs) for way in self.ways]
            width = self._inputs + self._outputs + len(outputs)
            found = self._products[key] = NestedDerivative(ways, width, len(inputs))
        return found


def _product(way: Way, outputs: tuple[int, ...], inputs: tuple[int, ...]) -> Way:
    """The way that the vector-Jacobian product takes when the operation has taken this one."""
    seeds: list[Value | None] = []
    ys: list[Value] = []
    starts: list[Value | None] = []
    for k in outputs:
        y = way.outputs[k]
        if y is None:
            seeds.append(None)
            continue
        seed = argument(way.graph, y)
        seeds.append(seed)
        ys.append(y)
        starts.append(seed)
    wanted = [way.inputs[i] for i in inputs]
    xs = tuple(dict.fromkeys(x for x in wanted if x is not None))
    results = dict(zip(xs, gradients_in(way.graph, ys, starts, xs, way.shut), strict=True))
    own = frozenset(value for value in way.outputs if value is not None)
    return Way(
        way.graph,
        [*way.inputs, *way.outputs, *seeds],
        [None if x is None else results[x] for x in wanted],
        way.shut | own,
    )


def gradients_in(
    graph: Graph, ys: Sequence[Value], seeds: Sequence[Value | None], xs: Sequence[Value], stops: frozenset[Value]
) -> list[Value | None]:
    """The gradients of the sum of ys, each None where nothing connects, as values of a graph that is only asked."""
    found = reach(ys, xs, stops)
    live = [(y, seed) for y, seed in zip(ys, seeds, strict=True) if y in found.live and y.spec.differentiable]
    connected = [x for x in xs if x in found.live and x.spec.differentiable]
    if not live or not connected:
        return [None] * len(xs)
    given = tuple(seed for _, seed in live)
    call = GradientCall(
        tuple(y for y, _ in live), given, tuple((x,) for x in connected), stops, found.path, "default", False, True
    )
    reads = (*call.ys, *(seed for seed in given if seed is not None))
    op = graph.add(Role.GRADIENT, "Gradients", "vjp", reads, [x.spec for x in connected], payload=call)
    results = dict(zip(connected, op.values, strict=True))
    return [results.get(x) for x in xs]


def argument(graph: Graph, like: Value) -> Value:
    """One more argument, like a value that is there."""
    return graph.add(Role.PLACEHOLDER, "Argument", "argument", (), (like.spec,)).values[0]


COPIES = "copies"  # the annex of a way's graph: operation -> the one of a body that it is a copy of


def written_out(graph: Graph, body: Body, arguments: Sequence[Value]) -> list[Value]:
    """The body's operations once more, in another graph and with these arguments and captures; its outputs."""
    place: dict[Value, Value] = dict(zip(body.placeholders, arguments, strict=True))
    for op in body.graph.get_operations():
        if op.role in (Role.CALL, Role.CONSTANT):
            place.update(copied(graph, op, place, asked=True))
        elif op.role is Role.GRADIENT:
            place.update(_again(graph, op, place))
    return [place[value] for value in body.outputs]


def copied(graph: Graph, op: Operation, place: dict[Value, Value], asked: bool = False) -> dict[Value, Value]:
    """The operation once more, in another graph (that is only asked) and on other values: its values there."""
    reads = tuple(place[value] for value in op.reads)
    specs = [_standing_in(value.spec) if asked else value.spec for value in op.values]
    args = None if op._args is None else _moved(op._args, place)
    options = None if op._kwargs is None else _moved(op._kwargs, place)
    copy = graph.add(op.role, op.type, op.name, reads, specs, op.target, args, options, op.signature, op.payload)
    copy.code, copy.lasti = op.code, op.lasti
    graph.annexes.setdefault(COPIES, {})[copy] = op
    return dict(zip(op.values, copy.values, strict=True))


def _moved(nest: Any, place: dict[Value, Value]) -> Any:
    """An argument nest with other values in it."""
    kind = type(nest)
    if kind is Value:
        return place[nest]
    if kind is tuple or kind is list:
        return kind(_moved(item, place) for item in nest)
    if kind is dict:
        return {key: _moved(item, place) for key, item in nest.items()}
    if kind is slice:
        return slice(*(_moved(part, place) for part in (nest.start, nest.stop, nest.step)))
    return nest


def _again(graph: Graph, op: Operation, place: dict[Value, Value]) -> dict[Value, Value]:
    """The results of a gradients() call inside the body."""
    call: GradientCall = op.payload
    ys = [place[y] for y in call.ys]
    seeds = [None if seed is None else place[seed] for seed in call.seeds]
    stops = frozenset(place[value] for value in call.stops if value in place)
    results: dict[Value, Value] = {}
    for group, value in zip(call.xs, op.values, strict=True):
        parts = [g for g in gradients_in(graph, ys, seeds, [place[x] for x in group], stops) if g is not None]
        total = handle_of(parts[0])
        with graph.as_default():
            for part in parts[1:]:
                total = total + handle_of(part)
        results[value] = total._value
    return results


def _same(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.view_as(tensor)


def apart(graph: Graph, values: Sequence[Value]) -> list[Value | None]:
    """The values, each as one of its own: a branch may return what it was given, twice even."""
    with graph.as_default():
        return [record(_same, (handle_of(v),), {})._value if v.spec.differentiable else v
                for v in values]  # fmt: skip


# -- the ways of each kind of operation ---------------------------------------------------------------

# Rounds of a loop that are written out: what is connected at all is connected after a round per loop variable,
# and the products of higher order go there and back.
_ROUNDS = 8


def start(specs: Sequence[Spec | IntSpec]) -> tuple[Graph, list[Value]]:
    """A graph that is only asked, with an argument of each spec."""
    graph = Graph()
    specs = [_standing_in(spec) for spec in specs]
    return graph, [graph.add(Role.PLACEHOLDER, "Argument", "argument", (), (spec,)).values[0] for spec in specs]


def _standing_in(spec: Spec | IntSpec) -> Spec | IntSpec:
    """What stands for a value in a graph that is only asked: a number for a tensor array."""
    return declared((), spec.dtype) if isinstance(spec, ArraySpec) else spec


def _branches(flow: Branches, specs: Sequence[Spec | IntSpec]) -> list[Way]:
    ways = []
    for number, body in enumerate(flow.bodies):
        graph, inputs = start(specs)
        outputs = written_out(graph, body, [inputs[place] for place in flow.places[number]])
        ways.append(Way(graph, list(inputs), apart(graph, outputs)))
    return ways


def _loop(flow: Loop, specs: Sequence[Spec | IntSpec]) -> list[Way]:
    graph, inputs = start(specs)
    captured = [inputs[place] for place in flow.places[1]]
    state = inputs[: flow.width]
    ways = [Way(graph, list(inputs), apart(graph, state))]
    rounds = min(2 * flow.width + 2, _ROUNDS)
    if flow.maximum is not None:
        rounds = min(rounds, flow.maximum)
    for _ in range(rounds):
        state = written_out(graph, flow.body, [*state, *captured])
        ways.append(Way(graph, list(inputs), apart(graph, state)))
    return ways


def _scan(flow: Scan, specs: Sequence[Spec | IntSpec]) -> list[Way]:
    graph, inputs = start(specs)
    captured = [inputs[place] for place in flow.places[0]]
    state = inputs[: flow.state]
    ways = [Way(graph, list(inputs), _after_none(graph, flow, state))]
    kept: list[list[Value]] = [[] for _ in flow.body.outputs[flow.state :]]
    for _ in range(min(2 * flow.state + 2, _ROUNDS)):
        with graph.as_default():
            items = [record(torch.select, (handle_of(each), 0, 0), {})._value
                     for each in inputs[flow.state : flow.state + flow.items]]  # fmt: skip
        found = written_out(graph, flow.body, [*state, *items, *captured])
        state = found[: flow.state]
        for row, value in zip(kept, found[flow.state :], strict=True):
            row.append(value)
        if flow.last:
            ways.append(Way(graph, list(inputs), apart(graph, state)))
    if not flow.last:
        with graph.as_default():
            stacked = [record(torch.stack, ([handle_of(value) for value in row],), {})._value for row in kept]
        ways.append(Way(graph, list(inputs), [*stacked, *apart(graph, state[flow.state - flow.carried :])]))
    return ways


def _after_none(graph: Graph, flow: Scan, state: Sequence[Value]) -> list[Value | None]:
    """What a walk along nothing gives."""
    if flow.last:
        return apart(graph, state)
    stacked = len(flow.body.outputs) - flow.state
    return [None] * stacked + apart(graph, state[flow.state - flow.carried :])


def _called(flow: Called, specs: Sequence[Spec | IntSpec]) -> list[Way]:
    graph, inputs = start(specs)
    outputs = written_out(graph, flow.body, [inputs[place] for place in flow.places[0]])
    return [Way(graph, list(inputs), apart(graph, outputs))]


def _array(specs: Sequence[Spec | IntSpec]) -> list[Way]:
    """What an operation on a tensor array gives depends on all that it reads, and is linear in it."""
    graph, inputs = start(specs)
    given = [value for value in inputs if value.spec.differentiable]
    total: Any = 0.0
    with graph.as_default():
        for value in given:
            total = total + handle_of(value).sum()
    return [Way(graph, list(inputs), [total._value if given else None])]


ARRAYS = (
    cells.array_write, cells.array_unstack, cells.array_scatter, cells.array_split, cells.array_read,
    cells.array_stack, cells.array_gather, cells.array_concat, cells.array_same,
)  # fmt: skip

_WAYS: dict[type, Callable[..., list[Way]]] = {Branches: _branches, Loop: _loop, Scan: _scan, Called: _called}

# Operations whose derivative is known in another way.
KNOWN: dict[type, Callable[[Nested], Derivative]] = {}


_arrays: dict[tuple[bool, ...], Derivative] = {}


def _of_array(target: Any, signature: Nested) -> Derivative:
    """The derivative of an operation on a tensor array; it is the same for all that read as many tensors."""
    if target not in ARRAYS or not signature.specs[0].differentiable:
        return NO_DERIVATIVE
    key = tuple(read.differentiable for read in signature.reads)
    found = _arrays.get(key)
    if found is None:
        plain = [declared((), torch.float32 if floats else torch.int64) for floats in key]
        found = _arrays[key] = NestedDerivative(_array(plain), len(key), 1)
    return found


def _derivative(signature: Nested) -> Derivative:
    flow = signature.target
    if isinstance(flow, FunctionType):
        return _of_array(flow, signature)
    if type(flow) in KNOWN:
        return KNOWN[type(flow)](signature)
    ways = _WAYS[type(flow)](flow, signature.reads)
    return NestedDerivative(ways, len(signature.reads), len(signature.specs))


adjoint.nested.append(_derivative)
