"""The mirror layout: forward operations run down on the left, their gradients come up on the right.

Each adjoint node stands at the height of the operation that it differentiates, and as far from the middle
as it: the two halves are mirror images. Higher orders unfold further to the right, each lane the mirror of
one before. Only forward edges decide ranks; values that are saved for the backward pass cross the middle.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

from .folding import edges_of
from .geometry import (
    BETWEEN,
    FOOT,
    HEAD,
    HEIGHT,
    INNER,
    MARGIN,
    PITCH,
    ROOM,
    ROUND,
    SIDE,
    SILL,
    Box,
    Lane,
    Layout,
    Region,
    heights,
)  # fmt: skip
from .gradient_graph import Graph
from .label import lines, width
from .nesting import Net, Unit, nested, rank, regions, span
from .rows import Item, arrange, join
from .wires import Span, route

TITLE, NOTE, NAME = 12.0, 9.5, 10.5  # font sizes; the last is for names of regions
WIDEST = 190.0
BUTTON = 32.0  # pixels in the head of a region besides its name
_KINDS = ("gradient", "forward", "adjoint", "sum")


def mirror_layout(graph: Graph) -> Layout:
    """The mirror layout of a gradient graph, collapsed or not. The same graph gives the same layout.

    Args:
        graph: what `gradient_graph` or `collapsed` returns.
    """
    # Hundreds of thousands of small objects and no garbage: Python's collector would take a third of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _Work(graph).layout()
    finally:
        if collecting:
            gc.enable()


def rows_of(graph: Graph) -> dict[str, int]:
    """The row of each node: below all that it reads for forward ones, that of what it mirrors for the others.

    What reads nothing is pulled down to just above its first reader. A scope that is open keeps its rows to itself.
    """
    return _Work(graph).row


def box_width(node: Mapping[str, Any]) -> float:
    """The width that a node's two lines ask for."""
    if node["kind"] == "sum":
        return ROUND
    title, note = lines(node)
    wanted = max(width(title, TITLE), width(note, NOTE), 40.0) + 18
    return min(round(wanted, 2), WIDEST)


def label_width(label: str) -> float:
    """The width that the name of a region asks for."""
    return min(round(width(label, NAME) + BUTTON, 2), WIDEST)


def widths(graph: Graph) -> dict[str, float]:
    """The width of each node: what mirrors is as wide as what it mirrors."""
    found = {key: box_width(node) for key, node in graph.nodes(data=True)}
    pairs = [(key, node["mirror"]) for key, node in graph.nodes(data=True) if node["kind"] == "adjoint"]
    for key, mirror in reversed(pairs):
        found[mirror] = max(found[key], found[mirror])
    for key, mirror in pairs:
        found[key] = found[mirror]
    return found


class _Work:
    """One layout in the making. A cell is a forward node and, in the other lanes, what mirrors it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = dict(graph.nodes.items())
        self.edges = list(edges_of(graph))
        self.root: dict[str, str] = {}
        for key, node in self.nodes.items():
            self.root[key] = key if node["mirror"] is None else self.root[node["mirror"]]
        self.lane: dict[str, int] = {key: node["lane"] for key, node in self.nodes.items()}
        used = sorted(set(self.lane.values()))
        self.column = {lane: n for n, lane in enumerate(used)}
        within, self.labels = regions(graph)
        self.wholes, self.unit = nested(graph, within)
        self.row = self._rows()
        self.widths = widths(graph)
        self.offsets: dict[str, float] = {}
        self.boxes: dict[str, Box] = {}

    def _rows(self) -> dict[str, int]:
        across = [
            (source, target)
            for source, target, data in self.edges
            if data["kind"] == "forward" and self.lane[source] != self.lane[target]
        ]
        for lane, whole in self.wholes.items():
            for source, target in across:
                if self.lane[target] == lane:
                    top = self.unit[target]
                    while top.parent is not whole:
                        assert top.parent is not None
                        top = top.parent
                    top.least = max(top.least, self.unit[self.root[source]].row + 1)
            rank(whole)
        first = min((unit.row for unit in self.unit.values()), default=0)
        for whole in self.wholes.values():
            for unit in whole.inside():
                unit.row -= first
        return {key: self.unit[root].row for key, root in self.root.items()}

    def layout(self) -> Layout:
        self._fill_cells()
        for whole in self.wholes.values():
            for scope in reversed(whole.inside()):
                if scope.children:
                    self._arrange(scope)
            for unit in whole.inside()[1:]:
                assert unit.parent is not None
                unit.x = unit.parent.x + unit.place
        around = self._around()
        base, lanes = self._columns(around)
        y = self._heights()
        self._place(base, y)
        wires = route(self.graph, self.boxes, self._through(base, y))
        boxes = [self._region(unit, lane, base, y) for unit, lane in around]
        right = max((lane.right for lane in lanes), default=0.0) + MARGIN
        low = [box.y + box.height / 2 for box in self.boxes.values()] + [box.top + box.height for box in boxes]
        return Layout(self.boxes, wires, lanes, boxes, right, max(low, default=0.0) + MARGIN + PITCH / 3)

    # -- places -----------------------------------------------------------------------------------

    def _fill_cells(self) -> None:
        """What stands side by side: from left to right sums, the adjoint at the anchor, results."""
        content: dict[tuple[str, int], list[str]] = {}
        for key, lane in self.lane.items():
            content.setdefault((self.root[key], lane), []).append(key)
        for (root, lane), keys in content.items():
            keys.sort(key=lambda key: _KINDS.index(self.nodes[key]["kind"]), reverse=lane % 2 == 0)
            anchor = next((n for n, key in enumerate(keys) if self.nodes[key]["kind"] == "adjoint"), 0)
            edge = 0.0
            for key in keys:
                self.offsets[key] = edge + self.widths[key] / 2
                edge += self.widths[key] + INNER
            zero = self.offsets[keys[anchor]]
            for key in keys:
                self.offsets[key] -= zero
            cell = self.unit[root]
            cell.left = max(cell.left, zero)
            cell.right = max(cell.right, edge - INNER - zero)

    def _arrange(self, scope: Unit) -> None:
        """Place what is in a scope: its nodes, its scopes, each of which is a slab, and the values that pass."""
        children = sorted(scope.children, key=lambda u: (u.fed, bool(u.children) or self.graph.degree(u.key) > 0))
        slabs = {unit: _slab(unit) for unit in children}
        items = [item for slab in slabs.values() for item in slab]
        ways = {key: _way(scope, key, net, slabs) for key, net in scope.nets.items() if net.routed}
        items += [item for way in ways.values() for item in way]
        arrange(items)
        for unit, slab in slabs.items():
            unit.place = slab[0].place
        left, right = min(item.place - item.left for item in items), max(item.place + item.right for item in items)
        for key, way in ways.items():
            scope.passes[key] = _straight(way)
        for key, net in scope.nets.items():
            if net.leaves:
                assert net.source is not None
                way = ways.get(key, [])
                scope.out[key] = way[-1].place if way else net.source.place + net.source.out.get(key, 0.0)
            if net.source is None:
                scope.into[key] = _entry(key, net, ways.get(key, []))
        label = 0.0 if scope.parent is None else label_width(self.labels[scope.number][0])
        entry = min(scope.into.values(), default=right)  # the name stands to the left of what comes in
        scope.left = max(SIDE - left, label - entry)
        scope.right = max(right + SIDE, label - scope.left)

    def _around(self) -> list[tuple[Unit, int]]:
        """The open scopes and the lanes in which they have nodes, outer ones first."""
        found: dict[tuple[Unit, int], None] = {}
        for key, lane in self.lane.items():
            for scope in self.unit[self.root[key]].above():
                if scope.parent is None or (scope, lane) in found:
                    break
                found[scope, lane] = None
        rank = {unit: n for whole in self.wholes.values() for n, unit in enumerate(whole.inside())}
        return sorted(found, key=lambda pair: (self.column[pair[1]], rank[pair[0]]))

    def _columns(self, around: list[tuple[Unit, int]]) -> tuple[dict[int, float], list[Lane]]:
        """Where the zero of each lane is, so that no two lanes overlap."""
        reach: dict[int, list[float]] = {lane: [] for lane in self.column}
        for key, lane in self.lane.items():
            x = _side(lane) * (self.unit[self.root[key]].x + self.offsets[key])
            reach[lane] += [x - self.widths[key] / 2, x + self.widths[key] / 2]
        for unit, lane in around:
            reach[lane] += [_side(lane) * (unit.x - unit.left), _side(lane) * (unit.x + unit.right)]
        for lane, whole in self.wholes.items():
            reach[lane] += [place for way in whole.passes.values() for place, _, _ in way]
        base, lanes, edge = {}, [], MARGIN
        for lane, extent in reach.items():
            left, right = min(extent), max(extent)
            base[lane] = edge - left
            lanes.append(Lane(edge, edge + right - left, lane % 2 == 0))
            edge += right - left + BETWEEN
        return base, lanes

    def _heights(self) -> list[float]:
        tops: dict[int, int] = {}
        bottoms: dict[int, int] = {}
        last = 0
        for whole in self.wholes.values():
            for unit in whole.inside()[1:]:
                end = unit.row + unit.height - 1
                tops[unit.row] = max(tops.get(unit.row, 0), unit.tops)
                bottoms[end] = max(bottoms.get(end, 0), unit.bottoms)
                last = max(last, end)
        return heights(tops, bottoms, last + 1)

    def _place(self, base: dict[int, float], y: list[float]) -> None:
        for key, lane in self.lane.items():
            x = base[lane] + _side(lane) * (self.unit[self.root[key]].x + self.offsets[key])
            height = ROUND if self.nodes[key]["kind"] == "sum" else HEIGHT
            self.boxes[key] = Box(x, y[self.row[key]], self.widths[key], height, self.column[lane], self.row[key])

    def _region(self, unit: Unit, lane: int, base: dict[int, float], y: list[float]) -> Region:
        ends = [base[lane] + _side(lane) * (unit.x + reach) for reach in (-unit.left, unit.right)]
        top = y[unit.row] - HEIGHT / 2 - ROOM - HEAD * unit.tops
        low = y[unit.row + unit.height - 1] + HEIGHT / 2 + SILL + FOOT * unit.bottoms
        label, fold = self.labels[unit.number]
        return Region(min(ends), top, max(ends) - min(ends), low - top, label, fold, self.column[lane], unit.number)

    def _through(self, base: dict[int, float], y: list[float]) -> dict[tuple[str, str], list[Span]]:
        """Per pair of nodes of one lane where their edges pass the rows in between, top first."""
        found: dict[tuple[str, str], list[Span]] = {}
        for source, target, _ in self.edges:
            lane = self.lane[source]
            if lane == self.lane[target] and (source, target) not in found:
                upper, lower = sorted((source, target), key=lambda key: self.row[key])
                if self.row[lower] - self.row[upper] > 1:
                    ways = _ways(self.unit[self.root[upper]], self.unit[self.root[lower]])
                    found[source, target] = [(base[lane] + _side(lane) * x, y[a], y[b]) for x, a, b in ways]
        return found


def _side(lane: int) -> float:
    return 1.0 if lane % 2 == 0 else -1.0


def _slab(unit: Unit) -> list[Item]:
    """The items of a unit, one a row."""
    pull = 10.0 if unit.fed else 1.0
    slab = unit if unit.height > 1 else None
    return [Item(unit.start + n, unit.left, unit.right, pull, slab) for n in range(unit.height)]


def _way(scope: Unit, key: str, net: Net, slabs: Mapping[Unit, list[Item]]) -> list[Item]:
    """The items of a value that passes, one a row, joined to what gives it and to what reads it."""
    first, last = span(scope, net)
    way = [Item(row, 4.0, 4.0, 4.0) for row in range(first, last + 1)]
    if way and net.source is not None:
        join(slabs[net.source][-1], way[0], net.source.out.get(key, 0.0))
    for upper, lower in zip(way, way[1:], strict=False):
        join(upper, lower)
    for reader in net.readers:
        away = -reader.into.get(key, 0.0)
        if reader.start > first:
            join(way[reader.start - 1 - first], slabs[reader][0], away)
        elif net.source is not None:
            join(slabs[net.source][-1], slabs[reader][0], net.source.out.get(key, 0.0) + away)
    return way


def _straight(way: list[Item]) -> list[tuple[float, int, int]]:
    """A way in as few pieces as it has places."""
    found: list[tuple[float, int, int]] = []
    for item in way:
        if found and found[-1][0] == item.place:
            found[-1] = item.place, found[-1][1], item.row
        else:
            found.append((item.place, item.row, item.row))
    return found


def _entry(key: str, net: Net, way: list[Item]) -> float:
    """Where a value enters a scope from above: over those that read it right there, so that chains are straight."""
    first = [reader for reader in net.readers if reader.start == 0]
    if way and not first:
        return way[0].place
    places = [reader.place + reader.into.get(key, 0.0) for reader in first or net.readers]
    return sum(places) / len(places)


def _ways(upper: Unit, lower: Unit) -> list[tuple[float, int, int]]:
    """The pieces of the way from one node to another below it, in the whole lane."""
    around = dict.fromkeys(lower.above())
    scopes: list[tuple[Unit, int]] = []  # with the row at which the way leaves them, at the latest
    for scope in upper.above():
        scopes.append((scope, lower.row))
        if scope in around:
            break
    meet = scopes.pop()[0]
    inner, below = [], lower
    for scope in lower.above():
        inner.append((scope, below.row))
        if scope is meet:
            break
        below = scope
    found = []
    for scope, end in [*scopes, *reversed(inner)]:
        for place, first, last in scope.passes.get(upper.key, ()):
            if scope.row + first < end:
                found.append((scope.x + place, scope.row + first, min(scope.row + last, end - 1)))
    return found
