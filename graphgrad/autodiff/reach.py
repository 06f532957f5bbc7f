"""Connection by reachability: which nodes carry a gradient from ys back to xs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass
from operator import attrgetter

from ..graph.operation import Operation, Role, Value
from ..graph.walk import between
from ..ground.errors import message
from .adjoint import AnyValue, Node, PathStep, adjoint, derivative_of


@dataclass
class Reach:
    """The answer for one set of ys, xs and stops.

    Attributes:
        path: the nodes on the path, in topological order.
        live: the values that a gradient arrives at; an x is connected if it is among them.
        useful: the values from which a gradient would arrive at some x.
    """

    path: list[PathStep]
    live: set[AnyValue]
    useful: set[AnyValue]


def candidates(ys: Iterable[Value], xs: Iterable[Value]) -> Iterator[Node]:
    """The nodes that lie between xs and ys at all, in topological order; gradient ops as their adjoint."""
    found = between({x.op for x in xs}, {y.op for y in ys})
    for op in sorted(found, key=attrgetter("id")):
        if op.role is Role.GRADIENT:
            yield from adjoint(op)
        else:
            yield op


def reach(ys: Collection[Value], xs: Collection[Value], stops: Set[Value]) -> Reach:
    """The nodes that carry a gradient from `ys` back to `xs`.

    A node carries one when it lies downstream of some x and upstream of some y, through values that
    autograd connects, and no stop lies between. A stop that is itself an x still receives its gradient.
    """
    nodes: list[Node] = []
    useful: set[AnyValue] = set(xs)
    for node in candidates(ys, xs):
        if not any(read in useful for read in node.reads):
            continue
        derivative = derivative_of(node)
        reads = node.reads
        useless = True
        for k, value in enumerate(node.values):
            for i in derivative.of(k):
                if reads[i] in useful:
                    useless = False
                    if value not in stops:
                        useful.add(value)
                    break
        if not useless:
            nodes.append(node)

    live: set[AnyValue] = {y for y in ys if y in useful}
    path: list[PathStep] = []
    for node in reversed(nodes):
        step = _step(node, live, useful, stops)
        if step is not None:
            path.append(step)
            reads = node.reads
            live.update([reads[i] for i in step.inputs])
    path.reverse()
    return Reach(path, live, useful)


def _step(node: Node, live: set[AnyValue], useful: set[AnyValue], stops: Set[AnyValue]) -> PathStep | None:
    derivative = derivative_of(node)
    reads = node.reads
    outputs: list[int] = []
    inputs: list[int] = []
    for k, value in enumerate(node.values):
        if value in live and value not in stops:
            reached = [i for i in derivative.of(k) if reads[i] in useful]
            if reached:
                lacking = derivative.lacks(k, reached)
                if lacking:
                    raise _no_gradient(node, lacking)
                outputs.append(k)
                inputs = reached if not inputs else sorted({*inputs, *reached})
    return PathStep(node, _shared(outputs), _shared(inputs)) if outputs else None


def restricted(path: list[PathStep], xs: Collection[Value]) -> list[PathStep]:
    """The part of a path that leads to some of its xs only."""
    useful: set[AnyValue] = set(xs)
    kept: list[PathStep] = []
    for step in path:
        node = step.node
        inputs = [i for i in step.inputs if node.reads[i] in useful]
        if inputs:
            derivative = derivative_of(node)
            outputs = [k for k in step.outputs if any(i in derivative.of(k) for i in inputs)]
            useful.update(node.values[k] for k in outputs)
            kept.append(PathStep(node, _shared(outputs), _shared(inputs)))
    return kept


_tuples: dict[tuple[int, ...], tuple[int, ...]] = {}


def _shared(positions: list[int]) -> tuple[int, ...]:
    """One tuple object for the few distinct ones that a graph of any size has."""
    key = tuple(positions)
    return _tuples.setdefault(key, key)


def _no_gradient(node: Node, lacking: str) -> LookupError:
    op = node if isinstance(node, Operation) else node.op
    order = "" if isinstance(node, Operation) else "a higher-order "
    return LookupError(
        message(
            f"{order or 'a '}gradient reaches {op.name}, and torch has none for {op.type}: {lacking}",
            op,
            "cut it with stop_gradients=[...] or gg.stop_gradient, or compute it from other ops",
        )
    )
