"""The way of one x through a picture: from it to the ys and back; or, if it is not connected, to where it is cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..graph.operation import Operation
from .calls import Calls
from .gradient_graph import Graph
from .places import Places

Edge = tuple[str, str, int]

# Roles of nodes that a gradient does not pass.
CUTS = frozenset({"stop", "stop_gradient", "no_grad", "integer", "no derivative"})


def highlight(graph: Graph, places: Places, items: Any) -> None:
    """Give each node and edge the attribute `lit`: whether it lies on the way of one of these tensors.

    Args:
        graph: what is drawn; it is changed.
        places: where things are in it.
        items: a tensor or a list of them: xs, or any other tensor in the picture; names of nodes will do.

    Raises:
        TypeError: for what is no tensor.
        ValueError: for a tensor that is not in the picture, and an empty list.
    """
    wanted = list(items) if isinstance(items, (list, tuple)) else [items]
    if not wanted:
        raise ValueError("highlight is an empty list; leave it out to highlight nothing")
    nodes, edges = _ways(graph, places, wanted)
    for key, node in graph.nodes(data=True):
        node["lit"] = key in nodes
    for source, target, n, data in graph.edges(keys=True, data=True):
        data["lit"] = (source, target, n) in edges


def carried_over(small: Graph, graph: Graph) -> None:
    """Give the nodes and edges of a collapsed graph the attribute `lit` of what they stand for."""
    holder = {key: name for name, node in small.nodes(data=True) for key in node.get("members", (name,))}
    lit = {holder[key] for key, node in graph.nodes(data=True) if node["lit"]}
    for name, node in small.nodes(data=True):
        node["lit"] = name in lit
    ways = {(holder[a], holder[b], data["kind"]) for a, b, data in graph.edges(data=True) if data["lit"]}
    for source, target, data in small.edges(data=True):
        whole = "members" in small.nodes[source] or "members" in small.nodes[target]
        data["lit"] = (source, target, data["kind"]) in ways if whole else data["lit"]


def _ways(graph: Graph, places: Places, items: list[Any]) -> tuple[set[str], set[Edge]]:
    """The nodes and edges of the ways of all these tensors."""
    found = [(item, places.of("highlight", item)) for item in items]
    if places.calls is None:
        return _between(graph, {key for _, keys in found for key in keys}, _ys(graph), cuts=False)
    givers = _givers(graph, places.calls)
    starts: set[str] = set()
    ends: set[str] = set()  # where the ways begin that lead back, and of those that do not
    lost: set[str] = set()
    for item, keys in found:
        begun = _starts(graph, places, givers, item, keys)
        starts |= begun
        (ends if begun else lost).update(keys)
    back, edges = _back(graph, starts)
    there = {mirror for key in back if (mirror := _mirror(graph, key)) is not None} | ends
    there |= {source for source, target, _ in edges if target in back}
    for source, target, n, data in graph.edges(keys=True, data=True):
        if source in there and target in there and target not in back and data["carries"]:
            edges.add((source, target, n))
    nodes, more = _between(graph, lost, _ys(graph), cuts=True) if lost else (set(), set())
    return back | there | nodes, edges | more


def _givers(graph: Graph, calls: Calls) -> dict[str, set[str]]:
    """By the name of a cotangent, the nodes of the drawn gradient that give its terms."""
    found: dict[str, set[str]] = {}
    for source, _, data in graph.edges(data=True):
        if data["kind"] == "cotangent" and source in calls.own:
            found.setdefault(data["value"], set()).add(source)
    return found


def _mirror(graph: Graph, key: str) -> str | None:
    """What a vector-Jacobian product differentiates; sums and results have no way of their own there."""
    mirror: str | None = graph.nodes[key]["mirror"] if graph.nodes[key]["kind"] == "adjoint" else None
    return mirror


def _starts(graph: Graph, places: Places, givers: Mapping[str, set[str]], item: Any, keys: list[str]) -> set[str]:
    """Where the gradient of a tensor comes out: its result if it is an x, else the nodes that give its terms."""
    assert places.calls is not None
    found = {key for key in keys if key in places.calls.own}
    if isinstance(item, str):
        names = {f"{key}:{n}" for key in keys for n in range(len(graph.nodes[key]["outputs"]))}
    elif isinstance(item, Operation):
        names = {value.name for value in item.values}
    else:
        names = {value.name for value in places.values("highlight", item)}
    results = {places.calls.named[name] for name in names if name in places.calls.named}
    return found | (results or {key for name in names for key in givers.get(f"d({name})", ())})


def _back(graph: Graph, starts: Iterable[str]) -> tuple[set[str], set[Edge]]:
    """The nodes and edges along which cotangents come from the ys to these nodes."""
    seen, edges = set(starts), set[Edge]()
    pending = list(seen)
    while pending:
        key = pending.pop()
        for source, _, n, data in graph.in_edges(key, keys=True, data=True):
            if data["kind"] not in ("cotangent", "seed"):
                continue
            edges.add((source, key, n))
            if data["kind"] == "cotangent" and source not in seen:
                seen.add(source)
                pending.append(source)
    return seen, edges


def _ys(graph: Graph) -> list[str]:
    return [key for key, node in graph.nodes(data=True) if "y" in node["roles"]]


def _between(graph: Graph, starts: set[str], ends: list[str], cuts: bool) -> tuple[set[str], set[Edge]]:
    """What lies on ways from starts to ends; with cuts, each way as far as the first of them."""
    up = _closure(starts, lambda key: _readers(graph, key, stop=cuts and key not in starts))
    down = _closure(ends, lambda key: list(graph.predecessors(key))) if ends else set(graph)
    nodes = (up & down) | starts
    edges = {
        (a, b, n)
        for a, b, n in graph.edges(nodes, keys=True)
        if b in nodes and not (cuts and a not in starts and CUTS.intersection(graph.nodes[a]["roles"]))
    }
    return nodes, edges


def _readers(graph: Graph, key: str, stop: bool) -> list[str]:
    if stop and CUTS.intersection(graph.nodes[key]["roles"]):
        return []
    return list(graph.successors(key))


def _closure(starts: Iterable[str], next_of: Any) -> set[str]:
    seen = set(starts)
    pending = list(seen)
    while pending:
        fresh = [key for key in next_of(pending.pop()) if key not in seen]
        seen.update(fresh)
        pending += fresh
    return seen
