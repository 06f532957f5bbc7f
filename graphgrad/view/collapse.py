"""A graph too large to read, smaller: one node per scope, repeated blocks as one, adjoints like what they mirror."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

import networkx

from .gradient_graph import Graph

# Forward nodes that one picture can show as they are; collapsed, it stays well below.
BUDGET, CALM = 100, 60
# A scope that holds no more operations than this stays open if there is room.
SMALL = 8

_NUMBER = re.compile(r"_?\d+\Z")


def collapsed(graph: Graph) -> Graph:
    """A gradient graph small enough to read.

    Args:
        graph: what `gradient_graph` returns.

    Returns:
        The graph itself if it is small enough. Otherwise a graph in which scopes are one node each, as deep
        as the budget allows; then those that differ in a number only and hold the same operations; and
        if scopes do not help, neighbours in topological order. A collapsed node has, instead of `op` and
        `outputs`, a `note` and `members`, the keys that it stands for.
    """
    forward = [key for key, node in graph.nodes(data=True) if node["kind"] == "forward"]
    if len(forward) <= BUDGET:
        return graph
    return _quotient(graph, _opened(_partition(graph, forward)))


def _partition(graph: Graph, forward: list[str]) -> dict[str, Hashable]:
    """The part of each forward node: as fine as is calm."""
    deepest = max(len(_scope(graph, key)) for key in forward)
    parts: dict[str, Hashable] = {key: key for key in forward}
    for fold in (False, True):
        for depth in range(deepest, 0, -1):
            parts = _sound(graph, _by_scope(graph, forward, depth, fold))
            if len(set(parts.values())) <= CALM:
                return parts
    return _runs(graph, parts)


def _opened(parts: dict[str, Hashable]) -> dict[str, Hashable]:
    """The parts, the smallest of them taken apart while there is room; that can't make a circle."""
    sizes = Counter(parts.values())
    count, opened = len(sizes), set()
    for part, size in sorted(sizes.items(), key=lambda item: item[1]):
        if size <= SMALL and count + size - 1 <= CALM:
            count += size - 1
            opened.add(part)
    return {key: key if part in opened else part for key, part in parts.items()}


def _scope(graph: Graph, key: str) -> list[str]:
    name: str = graph.nodes[key]["name"]
    return name.split("/")[:-1]


def _by_scope(graph: Graph, forward: list[str], depth: int, fold: bool) -> dict[str, Hashable]:
    """Scopes of this depth as parts; folded, also those that are equal but for their number."""
    parts: dict[str, Hashable] = {}
    for key in forward:
        scope = _scope(graph, key)
        parts[key] = (graph.nodes[key]["lane"], tuple(scope[:depth]) if len(scope) >= depth else key)
    if fold:
        content: dict[Hashable, Counter[str]] = {}
        for key, part in parts.items():
            content.setdefault(part, Counter())[graph.nodes[key]["op"].type] += 1
        alike = {part: _pattern(part, counts) for part, counts in content.items()}
        parts = {key: alike[part] for key, part in parts.items()}
    return parts


def _pattern(part: Any, counts: Counter[str]) -> Hashable:
    lane, scope = part
    if isinstance(scope, str):
        return part  # type: ignore[no-any-return]
    return lane, (*scope[:-1], _NUMBER.sub("", scope[-1])), tuple(sorted(counts.items()))


def _sound(graph: Graph, parts: dict[str, Hashable]) -> dict[str, Hashable]:
    """The parts, those cut up that would lead in a circle (a scope that is left and entered again)."""
    rough: networkx.DiGraph[Hashable] = networkx.DiGraph()
    rough.add_nodes_from(parts.values())
    for source, target, data in graph.edges(data=True):
        if data["kind"] == "forward" and source in parts and target in parts and parts[source] != parts[target]:
            rough.add_edge(parts[source], parts[target])
    circle: dict[Hashable, int] = {}
    for n, component in enumerate(networkx.strongly_connected_components(rough)):
        if len(component) > 1:
            circle.update(dict.fromkeys(component, n))
    fine: dict[str, Hashable] = {}
    latest: dict[int, tuple[Hashable, int]] = {}
    for key, part in parts.items():
        if part not in circle:
            fine[key] = part
            continue
        before, run = latest.get(circle[part], (None, 0))
        latest[circle[part]] = (part, run + (part != before))
        fine[key] = (part, latest[circle[part]][1])
    return fine


def _runs(graph: Graph, parts: dict[str, Hashable]) -> dict[str, Hashable]:
    """Neighbours in topological order as one part: such runs can't lead in a circle."""
    rough: networkx.DiGraph[Hashable] = networkx.DiGraph()
    rough.add_nodes_from(parts.values())
    for source, target, data in graph.edges(data=True):
        if data["kind"] == "forward" and parts[source] != parts[target]:
            rough.add_edge(parts[source], parts[target])
    order = list(networkx.topological_sort(rough))
    lanes = {part: graph.nodes[key]["lane"] for key, part in parts.items()}
    share = -(-len(order) // max(CALM - len(set(lanes.values())), 1))
    count: Counter[int] = Counter()
    run: dict[Hashable, Hashable] = {}
    for part in order:
        lane = lanes[part]
        run[part] = ("run", lane, count[lane] // share)
        count[lane] += 1
    return {key: run[part] for key, part in parts.items()}


def _quotient(graph: Graph, parts: Mapping[str, Hashable]) -> Graph:
    """The graph of the parts; what is not forward goes with the part of what it mirrors."""
    sizes = Counter(parts.values())
    groups: dict[Hashable, list[str]] = {}
    group_of: dict[str, Hashable] = {}
    for key, node in graph.nodes(data=True):
        part = parts[_root(graph, key)]
        single = sizes[part] == 1
        group: Hashable = key if single else (part, node["lane"], node["kind"] == "forward")
        groups.setdefault(group, []).append(key)
        group_of[key] = group
    small: Graph = networkx.MultiDiGraph()
    named: dict[Hashable, str] = {}
    for group, members in groups.items():
        if isinstance(group, str):
            named[group] = group
            node = dict(graph.nodes[group])
            if node["mirror"] is not None:
                node["mirror"] = named[group_of[node["mirror"]]]
            small.add_node(group, **node)
        else:
            named[group] = _add_group(small, graph, members, named, group_of)
    _join(small, graph, {key: named[group] for key, group in group_of.items()})
    return small


def _root(graph: Graph, key: str) -> str:
    while graph.nodes[key]["mirror"] is not None:
        key = graph.nodes[key]["mirror"]
    return key


def _add_group(
    small: Graph, graph: Graph, members: list[str], named: dict[Hashable, str], group_of: dict[str, Hashable]
) -> str:
    nodes = [graph.nodes[key] for key in members]
    roots = list(dict.fromkeys(_root(graph, key) for key in members))
    title, scope = _heading(graph, roots)
    forward = nodes[0]["kind"] == "forward"
    mirror = nodes[0]["mirror"]
    wanted = name = scope if forward else f"d({named[group_of[mirror]]})"
    n = 1
    while name in small:
        n += 1
        name = f"{wanted} [{n}]"
    roles = Counter(role for node in nodes for role in node["roles"])
    small.add_node(
        name,
        kind="forward" if forward else "adjoint",
        name=scope,
        roles=tuple(roles),
        on_path=any(node["on_path"] for node in nodes),
        mirror=None if forward else named[group_of[mirror]],
        lane=nodes[0]["lane"],
        type=title if forward else f"∂ {title}",
        note=_note(Counter(node["kind"] for node in nodes), roles),
        members=tuple(members),
    )
    return name


def _note(kinds: Counter[str], roles: Counter[str]) -> str:
    """`32 ops, 12 x`, or for adjoints `21 ops, 12 gradients`."""
    ops, results = kinds["forward"] + kinds["adjoint"], kinds["gradient"]
    said = [f"{ops} op{'s' * (ops != 1)}"] if ops else []
    said += [f"{results} gradient{'s' * (results != 1)}"] if results else []
    return ", ".join(said + [f"{count} {role}" for role, count in roles.items()])


def _heading(graph: Graph, keys: list[str]) -> tuple[str, str]:
    """The title of a part and its name: its scope, with a count if there are several that are alike."""
    scopes = [_scope(graph, key) for key in keys]
    common = os.path.commonprefix(scopes)  # of lists, too
    inner = list(dict.fromkeys(scope[len(common)] for scope in scopes if len(scope) > len(common)))
    whole = any(len(scope) == len(common) for scope in scopes)
    stems = {_NUMBER.sub("", each) for each in inner}
    if len(stems) == 1 and len(inner) > 1 and not whole:
        stem = stems.pop() or (common or ["block"])[-1]
        return f"{stem} ×{len(inner)}", "/".join([*common, f"{inner[0]}…{inner[-1]}"])
    if common:
        return "/".join(common[-2:]) if common[-1].isdigit() else common[-1], "/".join(common)
    ends = keys[0], keys[-1]
    return " … ".join(key.rpartition("/")[2] for key in ends), " … ".join(ends)


def _join(small: Graph, graph: Graph, name_of: dict[str, str]) -> None:
    """The edges between parts; parallel ones are one where a collapsed node is at an end."""
    seen: dict[tuple[str, str, str], dict[str, Any]] = {}
    for source, target, data in graph.edges(data=True):
        start, end = name_of[source], name_of[target]
        if start == end:
            continue
        known = seen.get((start, end, data["kind"]))
        if known is not None and ("members" in small.nodes[start] or "members" in small.nodes[end]):
            known["carries"] = known["carries"] or data["carries"]
            continue
        n = small.add_edge(start, end, **data)
        seen[start, end, data["kind"]] = small.edges[start, end, n]
