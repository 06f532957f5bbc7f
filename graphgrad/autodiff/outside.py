"""gradients() inside a branch or body sees what is in there: what it would miss of the graph outside is an error."""

from __future__ import annotations

from collections.abc import Collection, Set

from ..graph.body import BodyGraph, original
from ..graph.graph import Graph
from ..graph.operation import Value
from ..ground.errors import message
from .reach import reach


def refuse_partial(graph: Graph, ys: Collection[Value], xs: Set[Value], stops: Set[Value]) -> None:
    """`ValueError` if the ys read something else from outside that depends on an x out there.

    Its part of the gradient would be missing. A loop variable is an argument, not something from outside: in its
    round it is independent of everything.
    """
    if not isinstance(graph, BodyGraph):
        return
    for other in _read(graph, ys, xs, stops):
        x = _dependence(graph, other, xs, stops)
        if x is not None:
            h = original(other)
            what = (
                f"gradients() inside a branch or body with respect to {original(x).name}: {next(iter(ys)).name} also "
                f"reads {h.name}, which depends on it outside, and that part would be missing"
            )
            hint = f"compute {h.op.name} inside, or name it in stop_gradients=[...]: then it is a constant"
            raise ValueError(message(what, h.op, hint))


def _read(graph: BodyGraph, ys: Collection[Value], xs: Set[Value], stops: Set[Value]) -> list[Value]:
    """What a gradient of the ys arrives at of that which comes from outside, apart from the xs."""
    found = [value for value in graph.captures.values() if value.spec.differentiable]
    return [value for value in found if value not in xs and value not in stops and _connected(ys, {value}, stops)]


def _connected(ys: Collection[Value], xs: Set[Value], stops: Set[Value]) -> bool:
    try:
        return not reach(ys, xs, stops).live.isdisjoint(xs)
    except LookupError:  # an operation without a derivative: whoever asks for this gradient is told
        return False


def _dependence(graph: BodyGraph, value: Value, xs: Set[Value], stops: Set[Value]) -> Value | None:
    """An x, as a value of this body, that one of its captures depends on in the graphs around it."""
    outer = graph.outer
    wide = {inner: key for key, inner in graph.captures.items()}
    target, outer_stops = wide[value], {wide[stop] for stop in stops if stop in wide}
    if target in outer_stops:
        return None
    for x in xs:
        if x in wide and _connected([target], {wide[x]}, outer_stops):
            return x
    if isinstance(outer, BodyGraph):
        narrow = {wide[x]: x for x in xs if x in wide}
        for capture in _read(outer, [target], set(narrow), outer_stops):
            found = _dependence(outer, capture, set(narrow), outer_stops)
            if found is not None:
                return narrow[found]
    return None
