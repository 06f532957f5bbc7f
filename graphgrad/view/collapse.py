"""A graph too large to read, smaller: closed scopes and repeats are one node each, adjoints like what they mirror."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from dataclasses import replace
from typing import Any

from ..ground.late import networkx
from ..ground.reading import Reading
from .folding import BUDGET, CALM, Group, forest, groups
from .gradient_graph import Graph

# A scope that holds no more than this is opened if there is room, even if not all beside it can be.
SMALL = 8
ALARMS = ("", "zero", "inf", "nan")  # each worse than those before it


def collapsed(graph: Graph) -> Graph:
    """A gradient graph small enough to read.

    Args:
        graph: what `gradient_graph` returns.

    Returns:
        The graph itself if it is small enough. Otherwise a graph in which closed scopes are one node each, as
        `quotient` makes it of what `calm` opens.
    """
    if sum(node["kind"] == "forward" for node in graph.nodes.values()) <= BUDGET:
        return graph
    roots = forest(graph)
    return quotient(graph, roots, calm(roots))


def everything(roots: Iterable[Group]) -> set[int]:
    """The numbers of all groups: nothing is collapsed."""
    return {group.number for group in groups(list(roots))}


def calm(roots: Iterable[Group]) -> set[int]:
    """The numbers of the groups to open so that a picture is full, and not too full.

    Scopes are opened level by level, where a whole level has no room the smallest of it; repeats stay folded.
    """
    found = {root.number for root in roots}
    level = [child for root in roots for child in root.children if isinstance(child, Group)]
    count = sum(len(root.children) for root in roots)
    while level:
        scopes = [group for group in level if group.kind == "scope"]
        more = sum(len(group.children) - 1 for group in scopes)
        if count + more > CALM:
            for group in sorted(scopes, key=lambda group: len(group.children)):
                if len(group.children) <= SMALL and count + len(group.children) - 1 <= CALM:
                    count += len(group.children) - 1
                    found.add(group.number)
            break
        count += more
        found.update(group.number for group in scopes)
        level = [child for group in scopes for child in group.children if isinstance(child, Group)]
    return found


def quotient(graph: Graph, roots: Iterable[Group], opened: Collection[int]) -> Graph:
    """The graph in which each closed group is one node; what is not forward goes with what it mirrors.

    Args:
        graph: a gradient graph, not collapsed.
        roots: its `forest`.
        opened: the numbers of the groups that are open. In a closed one nothing is.

    Returns:
        A graph with the attributes of a gradient graph. A node that stands for others has, instead of `op` and
        `outputs`, a `note`, `members`, the keys that it stands for, and `group`, the number of its group. Nodes know
        by `within` the numbers of the open scopes around them; the graph's own attribute `regions` has, by number,
        what is written on each and whether it is a fold; `opened` has the numbers of all that are open.
    """
    shown, within, labels = _shown(roots, opened)
    merged: dict[Hashable, list[str]] = {}
    group_of: dict[str, Hashable] = {}
    for key, node in graph.nodes(data=True):
        top = shown[_root(graph, key)]
        own: Hashable = (top, node["lane"], node["kind"] == "forward") if isinstance(top, Group) else key
        merged.setdefault(own, []).append(key)
        group_of[key] = own
    small: Graph = networkx.MultiDiGraph(regions=labels, opened=frozenset(opened))
    named: dict[Hashable, str] = {}
    for own, members in merged.items():
        top = shown[_root(graph, members[0])]
        mirror = graph.nodes[members[0]]["mirror"]
        image = None if mirror is None else named[group_of[mirror]]
        if isinstance(top, Group):
            named[own] = name = _unique(small, top.name if image is None else f"d({image})")
            small.add_node(name, **summary(graph, members, top), mirror=image)
        else:
            named[own] = name = members[0]
            small.add_node(name, **graph.nodes[name] | {"mirror": image})
        small.nodes[name]["within"] = within[top]
    _join(small, graph, {key: named[own] for key, own in group_of.items()})
    return small


def _shown(
    roots: Iterable[Group], opened: Collection[int]
) -> tuple[dict[str, Group | str], dict[Group | str, tuple[int, ...]], dict[int, tuple[str, bool]]]:
    """What stands for each forward node, the open scopes around that, and what is written on them."""
    shown: dict[str, Group | str] = {}
    within: dict[Group | str, tuple[int, ...]] = {}
    labels: dict[int, tuple[str, bool]] = {}
    pending: list[tuple[Group, tuple[int, ...]]] = [(root, ()) for root in roots]
    for group, around in pending:
        for child in group.children:
            if isinstance(child, Group) and child.number in opened:
                labels[child.number] = child.label, child.kind == "fold"
                pending.append((child, (*around, child.number)))
            else:
                shown.update(dict.fromkeys(child.members if isinstance(child, Group) else (child,), child))
                within[child] = around
    return shown, within, labels


def _root(graph: Graph, key: str) -> str:
    while graph.nodes[key]["mirror"] is not None:
        key = graph.nodes[key]["mirror"]
    return key


def _unique(graph: Graph, wanted: str) -> str:
    found, n = wanted, 1
    while found in graph:
        n += 1
        found = f"{wanted} [{n}]"
    return found


def summary(graph: Graph, members: list[str], group: Group) -> dict[str, Any]:
    """The attributes of a node that stands for others of one lane; its mirror is left out.

    Args:
        graph: the whole graph.
        members: the keys of the others.
        group: which one they are, or mirror.
    """
    nodes = [graph.nodes[key] for key in members]
    forward = nodes[0]["kind"] == "forward"
    roles = Counter(role for node in nodes for role in node["roles"])
    readings = [(key, node["reading"]) for key, node in zip(members, nodes, strict=True) if node.get("reading")]
    return {
        "kind": "forward" if forward else "adjoint",
        "name": group.name,
        "roles": tuple(roles),
        "on_path": any(node["on_path"] for node in nodes),
        "lane": nodes[0]["lane"],
        "type": group.title if forward else f"∂ {group.title}",
        "note": _note(Counter(node["kind"] for node in nodes), roles),
        "members": tuple(members),
        "group": group.number,
        "reading": _worst(readings),
    }


def _worst(readings: list[tuple[str, Reading]]) -> Reading | None:
    """One reading for many: the text of the worst alarm or else of the highest level, and where that is."""
    if not readings:
        return None
    key, worst = max(readings, key=lambda each: (ALARMS.index(each[1].alarm), each[1].level))
    level = max(reading.level for _, reading in readings)
    count = f"the worst of {len(readings)}, at {key}" if len(readings) > 1 else f"at {key}"
    return replace(worst, level=level, detail=f"{worst.detail}; {count}" if worst.detail else count)


def _note(kinds: Counter[str], roles: Counter[str]) -> str:
    """`32 ops, 12 x`, or for adjoints `21 ops, 12 gradients`."""
    ops, results = kinds["forward"] + kinds["adjoint"], kinds["gradient"]
    said = [f"{ops} op{'s' * (ops != 1)}"] if ops else []
    said += [f"{results} gradient{'s' * (results != 1)}"] if results else []
    return ", ".join(said + [f"{count} {role}" for role, count in roles.items()])


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
