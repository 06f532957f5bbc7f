"""Which nodes of a lane lie in which open scopes, on which rows, and whose values pass through where.

An open scope takes up whole rows: what it reads is above all of it, what reads it is below. So the boxes of
scopes that follow each other lie below each other, and those side by side do not touch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .folding import Group, edges_of, forest, groups
from .gradient_graph import Graph

# Rows that values pass: so many, and so many per node. Beyond, the longest ways are not kept clear of nodes.
SOME, LONG = 2000, 30


@dataclass(eq=False, slots=True)
class Net:
    """A value that passes rows of a scope on its way to its readers.

    Attributes:
        source: what gives it, None if it comes from outside.
        readers: who reads it, in the scope.
        leaves: whether it is read outside, too.
        routed: whether its way is kept clear of nodes.
    """

    source: Unit | None = None
    readers: dict[Unit, None] = field(default_factory=dict)
    leaves: bool = False
    routed: bool = True


@dataclass(eq=False, slots=True)
class Unit:
    """A node, or an open scope with what is in it.

    Attributes:
        key: of the node; '' for a scope, whose group has the `number`.
        fed: whether it reads anything outside.
        start: its first row, counted from that of its parent; `height`: its rows; `row`: its first row in the picture.
        left, right: how far it reaches from its anchor; `place`: its anchor, from that of its parent; `x`: in the lane.
        nets: the values that pass, by the key of their node.
        into, out: where they enter above and leave below, from the anchor.
        passes: the ways of values as (place, first row, last row), from the anchor and the unit's first row.
        tops, bottoms: how many boxes, one in another, begin with its first row and end with its last.
    """

    key: str = ""
    number: int = -1
    parent: Unit | None = None
    children: list[Unit] = field(default_factory=list)
    fed: bool = False
    start: int = 0
    least: int = 0
    height: int = 1
    row: int = 0
    left: float = 0.0
    right: float = 0.0
    place: float = 0.0
    x: float = 0.0
    nets: dict[str, Net] = field(default_factory=dict)
    into: dict[str, float] = field(default_factory=dict)
    out: dict[str, float] = field(default_factory=dict)
    passes: dict[str, list[tuple[float, int, int]]] = field(default_factory=dict)
    tops: int = 0
    bottoms: int = 0

    def above(self) -> Iterator[Unit]:
        """The scopes that it is in, the innermost first; the last is the whole lane."""
        unit = self.parent
        while unit is not None:
            yield unit
            unit = unit.parent

    def inside(self) -> list[Unit]:
        """The unit and all in it, outer ones first."""
        found = [self]
        for unit in found:
            found += unit.children
        return found


Labels = Mapping[int, tuple[str, bool]]


def regions(graph: Graph) -> tuple[dict[str, tuple[int, ...]], Labels]:
    """Per forward node the numbers of the open scopes that it is in, and what is written on each; True on a fold.

    Args:
        graph: a gradient graph. A collapsed one knows its scopes; in another one all are open.
    """
    if "regions" in graph.graph:
        within = {key: node["within"] for key, node in graph.nodes(data=True) if node["kind"] == "forward"}
        return within, graph.graph["regions"]
    roots = forest(graph)
    found: dict[str, tuple[int, ...]] = {}
    path: dict[int, tuple[int, ...]] = {}
    labels: dict[int, tuple[str, bool]] = {}
    for group in groups(roots):
        here = path.get(group.number, ())
        if group.kind != "root":
            here = (*here, group.number)
            labels[group.number] = group.label, group.kind == "fold"
        for child in group.children:
            if isinstance(child, Group):
                path[child.number] = here
            else:
                found[child] = here
    return found, labels


def nested(graph: Graph, within: Mapping[str, tuple[int, ...]]) -> tuple[dict[int, Unit], dict[str, Unit]]:
    """The whole of each lane that has forward nodes, lowest first, and the unit of each such node."""
    whole: dict[int, Unit] = {}
    leaf: dict[str, Unit] = {}
    scopes: dict[int, Unit] = {}
    for key, node in graph.nodes(data=True):
        if node["mirror"] is None:
            unit = whole.setdefault(node["lane"], Unit())
            for number in within[key]:
                if number not in scopes:
                    scopes[number] = Unit(number=number, parent=unit)
                    unit.children.append(scopes[number])
                unit = scopes[number]
            leaf[key] = Unit(key=key, parent=unit)
            unit.children.append(leaf[key])
    _cast(graph, leaf)
    return {lane: whole[lane] for lane in sorted(whole)}, leaf


def _cast(graph: Graph, leaf: Mapping[str, Unit]) -> None:
    """The nets of every unit."""
    known: set[tuple[str, str]] = set()
    lanes = {key: node["lane"] for key, node in graph.nodes(data=True)}
    for source, target, data in edges_of(graph):
        if data["kind"] != "forward" or (source, target) in known:
            continue
        known.add((source, target))
        reader = leaf[target]
        reader.fed = True
        outer = list(reader.above())
        if source not in leaf or lanes[source] != lanes[target]:
            for scope in outer:
                scope.fed = True
            continue
        around = dict.fromkeys(outer)
        unit = leaf[source]
        while unit.parent not in around:
            assert unit.parent is not None
            net = unit.parent.nets.setdefault(source, Net())
            net.source, net.leaves = unit, True
            unit = unit.parent
        meet = unit.parent
        below = reader
        while below.parent is not meet:
            assert below.parent is not None
            below.parent.nets.setdefault(source, Net()).readers[below] = None
            below.parent.fed = True
            below = below.parent
        assert meet is not None
        net = meet.nets.setdefault(source, Net())
        net.source = unit
        net.readers[below] = None


def rank(whole: Unit) -> None:
    """Set the rows of all units of a lane: each below what it reads; what reads nothing just above its first reader."""
    order = whole.inside()
    for scope in reversed(order):
        if scope.children:
            _stack(scope)
    for scope in order:
        for unit in scope.children:
            unit.row = scope.row + unit.start
    _thin(order)


def _stack(scope: Unit) -> None:
    """The rows of a scope's children, and so its height."""
    readers: dict[Unit, dict[Unit, None]] = {unit: {} for unit in scope.children}
    leaving: set[Unit] = set()
    for net in scope.nets.values():
        if net.source is not None:
            readers[net.source].update(net.readers)
            if net.leaves:
                leaving.add(net.source)
    waiting = dict.fromkeys(scope.children, 0)
    for found in readers.values():
        for reader in found:
            waiting[reader] += 1
    for unit in scope.children:
        unit.start = unit.least
    ready = [unit for unit in scope.children if not waiting[unit]]
    for unit in ready:
        for reader in readers[unit]:
            reader.start = max(reader.start, unit.start + unit.height)
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    scope.height = max((unit.start + unit.height for unit in scope.children), default=1)
    for unit in scope.children:
        if not unit.fed and (readers[unit] or unit in leaving):
            first = min((reader.start for reader in readers[unit]), default=scope.height)
            unit.start = max(first - unit.height, 0)
    for unit in scope.children:
        unit.tops = max((child.tops for child in unit.children if child.start == 0), default=0)
        unit.bottoms = max((c.bottoms for c in unit.children if c.start + c.height == unit.height), default=0)
        if unit.children:
            unit.tops += 1
            unit.bottoms += 1


def span(scope: Unit, net: Net) -> tuple[int, int]:
    """The first and the last row of a scope that a value passes; none if the last is above the first."""
    first = 0 if net.source is None else net.source.start + net.source.height
    last = scope.height if net.leaves else max((reader.start for reader in net.readers), default=0)
    return first, last - 1


def _thin(order: list[Unit]) -> None:
    """Where values pass very many rows, keep only the shorter ways clear: the others would take all the room."""
    room = LONG * len(order) + SOME
    nets = [(scope, net) for scope in order for net in scope.nets.values()]
    spans = [span(scope, net) for scope, net in nets]
    ways = [(last - first + 1, net) for (first, last), (_, net) in zip(spans, nets, strict=True)]
    if sum(max(length, 0) for length, _ in ways) <= room:
        return
    for length, net in sorted(ways, key=lambda way: way[0]):
        room -= max(length, 0)
        net.routed = room >= 0
