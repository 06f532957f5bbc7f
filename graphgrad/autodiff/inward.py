"""A gradient asked for inside a branch or body whose way leads through operations outside of it.

A body sees a value from outside as an argument that nothing leads to. If a gradient goes on from there, to an x
outside, the operations in between are recorded once more, inside: as the rule of a `custom_gradient` does that
calls gradients() on what its function has recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter

from ..graph.body import BodyGraph
from ..graph.operation import Operation, Role, Value
from ..graph.walk import between
from ..ground.errors import message
from ..record.custom import PythonFunction
from .adjoint import derivative_of
from .arguments import Question
from .nested import copied


class _Inside(dict[Value, Value]):
    """What stands in a body for values from outside: captured when they are asked for."""

    def __init__(self, body: BodyGraph) -> None:
        super().__init__()
        self._body = body

    def __missing__(self, value: Value) -> Value:
        return self._body.capture(value)


def brought_inside(body: BodyGraph, asked: Question) -> Question:
    """The same question about values that are computed inside from those xs that are outside."""
    outer = {inside: value for value, inside in body.captures.items()}
    wanted = [x for group in asked.groups for x in group]
    outside = {outer[x]: x for x in wanted if x in outer}
    if outside and isinstance(body.outer, BodyGraph):  # the way may begin further out
        further = replace(asked, ys=[*outer.values()], groups=[(x,) for x in outside], stops=frozenset())
        further = brought_inside(body.outer, further)
        outer = dict(zip(outer, further.ys, strict=True))
        outside = {x: inside for (x,), inside in zip(further.groups, outside.values(), strict=True)}
    place = _Inside(body)
    place.update(outside)
    for op in _between(outside, outer.values()):
        _bring(body, op, place)
    changed = {inside: place[value] for inside, value in outer.items() if value in place}
    changed = {inside: value for inside, value in changed.items() if value is not inside}
    if not changed:
        return asked
    place.update(changed)
    for op in _between(changed, asked.ys):
        _bring(body, op, place)
    return replace(
        asked,
        ys=[place.get(y, y) for y in asked.ys],
        groups=[tuple(place.get(x, x) for x in group) for group in asked.groups],
        stops=asked.stops.union(place.get(stop, stop) for stop in asked.stops),
    )


def _between(below: Iterable[Value], above: Iterable[Value]) -> list[Operation]:
    found = between({value.op for value in below}, {value.op for value in above})
    return sorted(found, key=attrgetter("id"))


def _bring(body: BodyGraph, op: Operation, place: dict[Value, Value]) -> None:
    """Record an operation once more, if a gradient passes from it to something that has another place."""
    if op.role is Role.GRADIENT:
        passes = any(value in place for value in op.reads)
    else:
        connects = derivative_of(op).connects
        passes = any(op.reads[i] in place for k in range(len(op.values)) for i in connects[k])
    if not passes:
        return
    once = _only_once(op)
    if once:
        what = f"a gradient inside a branch, body or rule would lead through {once} outside of it"
        raise ValueError(message(what, op, "record it inside, or differentiate outside"))
    place.update(copied(body, op, place))


def _only_once(op: Operation) -> str:
    """What an operation is that may not be computed a second time, or ''."""
    if op.role is Role.GRADIENT:
        return "another gradient"
    if isinstance(op.target, PythonFunction):
        return "a Python function"
    return "a random operation" if op.signature.random else ""
