"""Whose adjoint nodes are whose in a gradient graph, and which recorded gradients() call is the one that is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

from ..autodiff.adjoint import GradientCall
from ..autodiff.arguments import Question
from ..autodiff.reach import reach
from ..graph.operation import Operation, Role, Value
from .gradient_graph import Graph


class Calls:
    """The calls that the adjoint nodes of a gradient graph belong to.

    Attributes:
        results: per connected x, as the values that it stands for, the node of its gradient.
        named: the same by the names of these values.
        own: the nodes of the gradient that is drawn, those of `results` among them.
        recorded: of the other adjoint nodes, the gradient operation that each belongs to, where that can be told.
    """

    def __init__(self, graph: Graph, asked: Question) -> None:
        self.results = dict(_results(graph, asked))
        self.named = {value.name: key for group, key in self.results.items() for value in group}
        self.own: set[str] = set()
        self.recorded: dict[str, Operation] = {}
        last = set(self.results.values())
        for members in _families(graph):
            if last.intersection(members):
                self.own.update(members)
                continue
            calls = (_operation(graph, key) for key in members if graph.nodes[key]["kind"] == "gradient")
            call = next((call for call in calls if call is not None), None)
            if call is not None:
                self.recorded.update(dict.fromkeys(members, call))


def _results(graph: Graph, asked: Question) -> Iterator[tuple[tuple[Value, ...], str]]:
    """The node of each x's gradient: the last of its name, since what is drawn comes after what is older."""
    named = {node["name"]: key for key, node in graph.nodes(data=True) if node["kind"] == "gradient"}
    for group in asked.groups:
        key = named.get(group[0].name.removesuffix(":0"))
        if key is not None:
            yield group, key


def _families(graph: Graph) -> Iterator[list[str]]:
    """The adjoint nodes that cotangents join: those of one call."""
    near: dict[str, list[str]] = {key: [] for key, node in graph.nodes(data=True) if node["kind"] != "forward"}
    for source, target, data in graph.edges(data=True):
        if data["kind"] == "cotangent":
            near[source].append(target)
            near[target].append(source)
    seen: set[str] = set()
    for first in near:
        if first in seen:
            continue
        members, pending = [], [first]
        seen.add(first)
        while pending:
            key = pending.pop()
            members.append(key)
            fresh = [other for other in near[key] if other not in seen]
            seen.update(fresh)
            pending += fresh
        yield members


def _operation(graph: Graph, key: str) -> Operation | None:
    """The gradient operation that a result belongs to."""
    node = graph.nodes[key]
    try:
        found: Operation = node["op"].graph.get_operation_by_name(node["name"].rpartition(":")[0])
    except KeyError:
        return None
    return found if found.role is Role.GRADIENT else None


def same(asked: Question, calls: Iterable[Operation]) -> Operation | None:
    """Of these gradient operations the one that asks what is drawn; None if none does.

    It has the same stops and the same ys, as far as they are connected; of several the one that has the most
    xs in common, and of those the latest.
    """
    xs = {value for group in asked.groups for value in group}
    live = {y for y in reach(asked.ys, xs, asked.stops).live if y in set(asked.ys) and y.spec.differentiable}
    wanted = set(asked.groups)

    def alike(op: Operation) -> tuple[int, int]:
        call: GradientCall = op.payload
        return len(wanted.intersection(call.xs)), op.id

    found = [
        op
        for op in sorted(set(calls), key=attrgetter("id"))
        if live and live <= set(op.payload.ys) <= set(asked.ys) and op.payload.stops == asked.stops
    ]
    return max(found, key=alike, default=None)
