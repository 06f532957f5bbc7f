"""The mirror layout: forward operations run down on the left, their gradients come up on the right.

Each adjoint node stands at the height of the operation that it differentiates, and as far from the middle
as it: the two halves are mirror images. Higher orders unfold further to the right, each lane the mirror of
one before. Only forward edges decide ranks; values that are saved for the backward pass cross the middle.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

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
    SILL,
    Box,
    Lane,
    Layout,
    Region,
    heights,
)  # fmt: skip
from .gradient_graph import Graph
from .interior import Interiors
from .label import lines, width
from .nesting import Unit, nested, rank, regions
from .rows import GAP, Piece
from .tower import OUTSIDE, levels, tower
from .wires import Span, route

TITLE, NOTE, NAME = 12.0, 9.5, 10.5  # font sizes; the last is for names of regions
WIDEST = 190.0
BUTTON = 32.0  # pixels in the head of a region besides its name
_KINDS = ("gradient", "forward", "adjoint", "sum")

# A part of a lane: the lane, and that of the forward nodes that its nodes are or mirror. Parts stand side by side.
Strand: TypeAlias = "tuple[int, int]"


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
        within, self.labels = regions(graph)
        self.wholes, leaf = nested(graph, within)
        self.cell: dict[str, Unit] = {}
        self.strand: dict[str, Strand] = {}
        for key, node in self.nodes.items():
            mirror = node["mirror"]
            self.cell[key] = leaf[key] if mirror is None else self.cell[mirror]
            self.strand[key] = node["lane"], node["lane"] if mirror is None else self.strand[mirror][1]
        self.level = levels(self.nodes, self.edges, self.cell)
        self.column = {lane: n for n, lane in enumerate(sorted({lane for lane, _ in self.strand.values()}))}
        self._set_rows()
        self.row = {key: self._row(key) if self.level else cell.row for key, cell in self.cell.items()}
        self.widths = widths(graph)
        self.offsets: dict[str, float] = {}
        self.ways: dict[tuple[str, str], list[Piece]] = {}  # in towers
        self.boxes: dict[str, Box] = {}

    def _row(self, key: str) -> int:
        """A tower in a lane of gradients grows up from the height of its operation; in the next one it hangs down."""
        cell, level = self.cell[key], self.level.get(key, 0)
        down = self.strand[key][0] % 2 == 0 and self.nodes[key]["kind"] != "forward"
        return cell.row + (level if down else cell.height - 1 - level)

    def _set_rows(self) -> None:
        across = [
            (source, target)
            for source, target, data in self.edges
            if data["kind"] == "forward" and self.strand[source][0] != self.strand[target][0]
        ]
        for lane, whole in self.wholes.items():
            for source, target in across:
                if self.strand[target][0] == lane:
                    top = self.cell[target]
                    while top.parent is not whole:
                        assert top.parent is not None
                        top = top.parent
                    top.least = max(top.least, self.cell[source].row + self.cell[source].height)
            rank(whole)
        first = min((cell.row for cell in self.cell.values()), default=0)
        for whole in self.wholes.values():
            for unit in whole.inside():
                unit.row -= first

    def layout(self) -> Layout:
        self._fill_cells()
        self._fill_scopes()
        around = self._around()
        base, lanes = self._columns(around)
        y = self._heights()
        self._place(base, y)
        wires = route(self.graph, self.boxes, self._through(base, y))
        boxes = [self._region(unit, strand, base, y) for unit, strand in around]
        right = max((lane.right for lane in lanes), default=0.0) + MARGIN
        low = [box.y + box.height / 2 for box in self.boxes.values()] + [box.top + box.height for box in boxes]
        return Layout(self.boxes, wires, lanes, boxes, right, max(low, default=0.0) + MARGIN + PITCH / 3)

    # -- places -----------------------------------------------------------------------------------

    def _fill_cells(self) -> None:
        """What stands side by side: from left to right sums, the adjoint at the anchor, results; or a tower of it."""
        content: dict[tuple[Unit, int], list[str]] = {}
        for key, cell in self.cell.items():
            content.setdefault((cell, self.strand[key][0]), []).append(key)
        wires = self._tower_wires()
        for (cell, lane), keys in content.items():
            if len(keys) == 1:
                self.offsets[keys[0]], half = 0.0, self.widths[keys[0]] / 2
                cell.left, cell.right = max(cell.left, half), max(cell.right, half)
                continue
            keys.sort(key=lambda key: _KINDS.index(self.nodes[key]["kind"]), reverse=lane % 2 == 0)
            anchor = next((n for n, key in enumerate(keys) if self.nodes[key]["kind"] == "adjoint"), 0)
            if self.level and any(self.level[key] for key in keys):
                found = tower(keys, keys[anchor], self.widths, self.level, wires[cell, lane])
                self.offsets |= found.places
                self.ways |= found.ways
                cell.left, cell.right = max(cell.left, found.left), max(cell.right, found.right)
                continue
            edge = 0.0
            for key in keys:
                self.offsets[key] = edge + self.widths[key] / 2
                edge += self.widths[key] + INNER
            zero = self.offsets[keys[anchor]]
            for key in keys:
                self.offsets[key] -= zero
            cell.left = max(cell.left, zero)
            cell.right = max(cell.right, edge - INNER - zero)

    def _tower_wires(self) -> dict[tuple[Unit, int], list[tuple[str, str]]]:
        """The wires of each cell and lane, where there are towers."""
        found: dict[tuple[Unit, int], list[tuple[str, str]]] = defaultdict(list)
        for source, target, _ in self.edges if self.level else ():
            lane = self.strand[source][0]
            ahead = self.row[target] - self.row[source] if lane % 2 == 0 else self.row[source] - self.row[target]
            if self.strand[source] == self.strand[target] and ahead > 0:
                if self.cell[source] is self.cell[target]:
                    found[self.cell[source], lane].append((source, target))
                else:
                    found[self.cell[source], lane].append((source, OUTSIDE))
                    found[self.cell[target], lane].append((OUTSIDE, target))
        return found

    def _fill_scopes(self) -> None:
        """Place what is in each scope, inner scopes first; in a row, those that read something stand last."""
        joined = {end for source, target, _ in self.edges for end in (source, target)}
        interiors = Interiors()
        for whole in self.wholes.values():
            order = whole.inside()
            for scope in reversed(order):
                if scope.children:
                    children = sorted(scope.children, key=lambda u: (u.fed, bool(u.children) or u.key in joined))
                    label = 0.0 if scope.parent is None else label_width(self.labels[scope.number][0])
                    interiors.fill(scope, children, label)
            for unit in order[1:]:
                assert unit.parent is not None
                unit.x = unit.parent.x + unit.place

    def _around(self) -> list[tuple[Unit, Strand]]:
        """The open scopes and the strands in which they have nodes, outer ones first."""
        found: dict[tuple[Unit, Strand], None] = {}
        for key, strand in self.strand.items():
            for scope in self.cell[key].above():
                if scope.parent is None or (scope, strand) in found:
                    break
                found[scope, strand] = None
        rank = {unit: n for whole in self.wholes.values() for n, unit in enumerate(whole.inside())}
        return sorted(found, key=lambda pair: (pair[1][0], rank[pair[0]]))

    def _columns(self, around: list[tuple[Unit, Strand]]) -> tuple[dict[Strand, float], list[Lane]]:
        """Where the zero of each strand is, so that no two overlap, and so no two lanes."""
        reach: dict[Strand, list[float]] = {strand: [] for strand in sorted(set(self.strand.values()))}
        for key, strand in self.strand.items():
            x, half = _side(strand) * (self.cell[key].x + self.offsets[key]), self.widths[key] / 2
            reach[strand] += (x - half, x + half)
        for unit, strand in around:
            reach[strand] += (_side(strand) * (unit.x - unit.left), _side(strand) * (unit.x + unit.right))
        for lane, whole in self.wholes.items():
            reach[lane, lane] += [place for way in whole.passes.values() for place, _, _ in way]
        base: dict[Strand, float] = {}
        lanes: dict[int, Lane] = {}
        edge = MARGIN
        for (lane, home), extent in reach.items():
            left, right = min(extent), max(extent)
            known = lanes.get(lane)
            if known is not None:
                edge += GAP - BETWEEN
            base[lane, home] = edge - left
            lanes[lane] = Lane(edge if known is None else known.left, edge + right - left, lane % 2 == 0)
            edge += right - left + BETWEEN
        return base, list(lanes.values())

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

    def _place(self, base: dict[Strand, float], y: list[float]) -> None:
        for key, strand in self.strand.items():
            row = self.row[key]
            x = base[strand] + _side(strand) * (self.cell[key].x + self.offsets[key])
            height = ROUND if self.nodes[key]["kind"] == "sum" else HEIGHT
            self.boxes[key] = Box(x, y[row], self.widths[key], height, self.column[strand[0]], row)

    def _region(self, unit: Unit, strand: Strand, base: dict[Strand, float], y: list[float]) -> Region:
        ends = [base[strand] + _side(strand) * (unit.x + reach) for reach in (-unit.left, unit.right)]
        top = y[unit.row] - HEIGHT / 2 - ROOM - HEAD * unit.tops
        low = y[unit.row + unit.height - 1] + HEIGHT / 2 + SILL + FOOT * unit.bottoms
        label, fold = self.labels[unit.number]
        lane = self.column[strand[0]]
        return Region(min(ends), top, max(ends) - min(ends), low - top, label, fold, lane, unit.number)

    def _through(self, base: dict[Strand, float], y: list[float]) -> dict[tuple[str, str], list[Span]]:
        """Per pair of nodes of one strand where their edges pass the rows in between, top first."""
        found: dict[tuple[str, str], list[Span]] = {}
        for source, target, _ in self.edges:
            strand, distance = self.strand[source], self.row[target] - self.row[source]
            if abs(distance) > 1 and strand == self.strand[target] and (source, target) not in found:
                upper, lower = (source, target) if distance > 0 else (target, source)
                zero, side = base[strand], _side(strand)
                ways = _ways(self.cell[upper], self.cell[lower])
                if self.ways:
                    ways = self._with_towers(source, target, ways)
                found[source, target] = [(zero + side * x, y[a], y[b]) for x, a, b in ways]
        return found

    def _with_towers(self, source: str, target: str, between: list[Piece]) -> list[Piece]:
        """The way of an edge with its pieces in the towers of its ends, top first."""
        if self.cell[source] is self.cell[target]:
            return self._in_tower(source, (source, target))
        leaving, arriving = self._in_tower(source, (source, OUTSIDE)), self._in_tower(target, (OUTSIDE, target))
        if self.row[source] < self.row[target]:
            return [*leaving, *between, *arriving]
        return [*arriving, *between, *leaving]

    def _in_tower(self, key: str, ends: tuple[str, str]) -> list[Piece]:
        cell = self.cell[key]
        if self.strand[key][0] % 2 == 0:
            return [(cell.x + x, cell.row + a, cell.row + b) for x, a, b in self.ways.get(ends, ())]
        low = cell.row + cell.height - 1
        return [(cell.x + x, low - b, low - a) for x, a, b in reversed(self.ways.get(ends, ()))]


def _side(strand: Strand) -> float:
    return 1.0 if strand[0] % 2 == 0 else -1.0


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
