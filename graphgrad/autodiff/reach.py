"""Connection by reachability: which nodes carry a gradient from ys back to xs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass
from operator import attrgetter

from ..graph.operation import Operation, Role, Value
from ..graph.walk import between
from ..ground.errors import message
from ..record.derivative import Derivative
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
    useful: set[AnyValue] = set(xs)
    carrying: list[tuple[Node, Derivative]] = []
    for node in candidates(ys, xs):
        derivative = derivative_of(node)
        reads = node.reads
        carries = False
        for k, value in enumerate(node.values):
            for i in derivative.connects[k]:
                if reads[i] in useful:
                    carries = True
                    if value not in stops:
                        useful.add(value)
                    break
        if carries:
            carrying.append((node, derivative))

    live: set[AnyValue] = {y for y in ys if y in useful}
    path: list[PathStep] = []
    for node, derivative in reversed(carrying):
        step = _step(node, derivative, live, useful, stops)
        if step is not None:
            path.append(step)
            reads = node.reads
            for i in step.inputs:
                live.add(reads[i])
    path.reverse()
    return Reach(path, live, useful)


def _step(
    node: Node, derivative: Derivative, live: set[AnyValue], useful: set[AnyValue], stops: Set[AnyValue]
) -> PathStep | None:
    reads = node.reads
    outputs: tuple[int, ...] = ()
    inputs: tuple[int, ...] = ()
    for k, value in enumerate(node.values):
        if value in live and value not in stops:
            reached = derivative.connects[k]
            for i in reached:
                if reads[i] not in useful:
                    reached = tuple([i for i in reached if reads[i] in useful])
                    break
            if reached:
                if derivative.missing and (lacking := derivative.lacks(k, reached)):
                    raise _no_gradient(node, lacking)
                outputs = (*outputs, k) if outputs else _FIRST[k] if k < len(_FIRST) else (k,)
                inputs = tuple(sorted({*inputs, *reached})) if inputs else reached
    return PathStep(node, outputs, inputs) if outputs else None


# Paths of any length share these.
_FIRST = tuple((k,) for k in range(8))


def restricted(path: list[PathStep], xs: Collection[Value]) -> list[PathStep]:
    """The part of a path that leads to some of its xs only."""
    useful: set[AnyValue] = set(xs)
    kept: list[PathStep] = []
    for step in path:
        node = step.node
        inputs = [i for i in step.inputs if node.reads[i] in useful]
        if inputs:
            derivative = derivative_of(node)
            outputs = [k for k in step.outputs if any(i in derivative.connects[k] for i in inputs)]
            useful.update(node.values[k] for k in outputs)
            kept.append(PathStep(node, tuple(outputs), tuple(inputs)))
    return kept


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
