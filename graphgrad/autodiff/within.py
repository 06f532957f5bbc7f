"""Why a gradient is lost inside a branch or body: the operation in there, for `gg.explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

from ..graph.operation import Operation, Value
from ..record.flow import Branches, Loop
from .adjoint import Node, derivative_of
from .nested import COPIES, NestedDerivative, Way
from .verdict import Break

# ys, xs as groups, stops -> what explain() finds between them: `cuts` and `way`.
Look = Callable[[list[Value], list[tuple[Value, ...]], frozenset[Value]], Any]


@dataclass
class Inside:
    """What becomes of the gradient of one output.

    Attributes:
        passed: the positions of the reads that the output is computed from.
        choosing: the positions of those that only choose a branch or decide how many rounds there are.
        cuts: (operation, kind) -> the break, the positions that it lies above, and whether it is a minor one.
    """

    passed: set[int] = field(default_factory=set)
    choosing: set[int] = field(default_factory=set)
    cuts: dict[tuple[Operation, str], tuple[Break, set[int], bool]] = field(default_factory=dict)


def has_bodies(node: Node) -> TypeGuard[Operation]:
    """Whether the node is a branch or a loop, not the derivative of one."""
    return isinstance(node, Operation) and isinstance(derivative_of(node), NestedDerivative)


def inside(op: Operation, k: int, wanted: Sequence[int], look: Look) -> Inside:
    """What the bodies of an operation do between output k and these reads."""
    found = Inside()
    derivative = derivative_of(op)
    assert isinstance(derivative, NestedDerivative)
    flow = op.signature.target
    ways = derivative.ways if isinstance(flow, Branches) else derivative.ways[-1:]
    for way in ways:
        xs = [way.inputs[i] for i in wanted]
        output = way.outputs[k]
        assert output is not None
        search = look([output], [(x,) for x in xs if x is not None], way.shut)
        found.passed.update(i for i, x in zip(wanted, xs, strict=True) if x in search.way)
        for cut in search.cuts:
            positions = {i for n, i in enumerate(wanted) if cut.below >> n & 1}
            told = _told(cut.told, way, op, wanted, xs)
            known = found.cuts.setdefault((told.op, told.kind), (told, set(), cut.minor))
            known[1].update(positions)
    found.choosing = _choosing(op, wanted, ways[-1], look) - found.passed
    return found


def _told(told: Break, way: Way, op: Operation, wanted: Iterable[int], xs: Sequence[Value | None]) -> Break:
    """The break as it is told outside: of the operation that the user recorded, not of its copy."""
    copies: Mapping[Operation, Operation] = way.graph.annexes.get(COPIES, {})
    own = copies.get(told.op, told.op)
    tensor = told.tensor
    if own is not told.op and tensor.startswith(f"{told.op.name}:"):
        tensor = own.name + tensor.removeprefix(told.op.name)
    for i, x in zip(wanted, xs, strict=True):
        if x is not None and tensor == x.name:
            tensor = op.reads[i].name
    where = "" if told.reason.startswith("inside ") else f"inside {op.name}: "
    return replace(told, op=own, tensor=tensor, reason=f"{where}{told.reason}", within=op)


def _choosing(op: Operation, wanted: Sequence[int], way: Way, look: Look) -> set[int]:
    flow = op.signature.target
    if isinstance(flow, Branches):
        return {0}.intersection(wanted)
    if not isinstance(flow, Loop):
        return set()
    chosen = set(flow.places[0])
    asked = [n for n, value in enumerate(flow.condition.inputs) if value.readers]
    ends = [output for n in asked if (output := way.outputs[n]) is not None]
    xs = [way.inputs[i] for i in wanted]
    ways = look(ends, [(x,) for x in xs if x is not None], way.shut).way if ends else {}
    return {i for i, x in zip(wanted, xs, strict=True) if i in chosen or i in asked or x in ways}
