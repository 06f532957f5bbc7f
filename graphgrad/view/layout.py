"""The mirror layout: forward operations run down on the left, their gradients come up on the right.

Each adjoint node stands at the height of the operation that it differentiates, and as far from the middle
as it: the two halves are mirror images. Higher orders unfold further to the right, each lane the mirror of
one before. Only forward edges decide ranks; values that are saved for the backward pass cross the middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .geometry import BETWEEN, HEIGHT, INNER, MARGIN, PITCH, ROUND, Box, Lane, Layout, Point, y_of
from .gradient_graph import Graph
from .label import lines, width
from .rows import Item, arrange
from .wires import route

TITLE, NOTE = 12.0, 9.5  # font sizes
WIDEST = 190.0
_KINDS = ("gradient", "forward", "adjoint", "sum")


def mirror_layout(graph: Graph) -> Layout:
    """The mirror layout of a gradient graph, collapsed or not. The same graph gives the same layout.

    Args:
        graph: what `gradient_graph` or `collapsed` returns.
    """
    return _Work(graph).layout()


def rows_of(graph: Graph) -> dict[str, int]:
    """The row of each node: longest path for forward ones, that of what it mirrors for the others.

    What reads nothing is pulled down to just above its first reader.
    """
    row: dict[str, int] = {}
    for key, node in graph.nodes(data=True):
        if node["mirror"] is not None:
            row[key] = row[node["mirror"]]
        else:
            row[key] = max((row[source] + 1 for source, kind in _into(graph, key) if kind == "forward"), default=0)
    for key, node in graph.nodes(data=True):
        if node["mirror"] is None and not any(kind == "forward" for _, kind in _into(graph, key)):
            below = [row[target] for _, target, data in graph.out_edges(key, data=True) if data["kind"] == "forward"]
            row[key] = max(min(below, default=1) - 1, 0)
    first = min(row.values(), default=0)
    for key, node in graph.nodes(data=True):
        row[key] = row[node["mirror"]] if node["mirror"] is not None else row[key] - first
    return row


def _into(graph: Graph, key: str) -> list[tuple[str, str]]:
    return [(source, data["kind"]) for source, _, data in graph.in_edges(key, data=True)]


def box_width(node: Mapping[str, Any]) -> float:
    """The width that a node's two lines ask for."""
    if node["kind"] == "sum":
        return ROUND
    title, note = lines(node)
    wanted = max(width(title, TITLE), width(note, NOTE), 40.0) + 18
    return min(wanted, WIDEST)


class _Work:
    """One layout in the making. A cell is a forward node and, in the other lanes, what mirrors it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.row = rows_of(graph)
        self.root: dict[str, str] = {}
        for key, node in graph.nodes(data=True):
            self.root[key] = key if node["mirror"] is None else self.root[node["mirror"]]
        self.lane: dict[str, int] = {key: node["lane"] for key, node in graph.nodes(data=True)}
        used = sorted(set(self.lane.values()))
        self.column = {lane: n for n, lane in enumerate(used)}
        self.down = [lane % 2 == 0 for lane in used]
        self.widths = self._widths()
        self.offsets: dict[str, float] = {}
        self.cells: dict[str, Item] = {}
        self.passing: dict[tuple[str, int], Item] = {}
        self.boxes: dict[str, Box] = {}

    def _widths(self) -> dict[str, float]:
        found = {key: box_width(node) for key, node in self.graph.nodes(data=True)}
        pairs = [(key, node["mirror"]) for key, node in self.graph.nodes(data=True) if node["kind"] == "adjoint"]
        for key, mirror in reversed(pairs):
            found[mirror] = max(found[key], found[mirror])
        for key, mirror in pairs:
            found[key] = found[mirror]
        return found

    def layout(self) -> Layout:
        self._fill_cells()
        for lane in self.column:
            arrange(self._items(lane))
        base, lanes = self._columns()
        self._place(base)
        wires = route(self.graph, self.boxes, self._through(base))
        right = max((lane.right for lane in lanes), default=0.0) + MARGIN
        bottom = max((box.y + box.height / 2 for box in self.boxes.values()), default=0.0) + MARGIN + PITCH / 3
        return Layout(self.boxes, wires, lanes, right, bottom)

    # -- places -----------------------------------------------------------------------------------

    def _fill_cells(self) -> None:
        """What stands side by side: from left to right sums, the adjoint at the anchor, results."""
        content: dict[tuple[str, int], list[str]] = {}
        for key, lane in self.lane.items():
            content.setdefault((self.root[key], lane), []).append(key)
        height = self._depths()
        for (root, lane), keys in content.items():
            keys.sort(key=lambda key: _KINDS.index(self.graph.nodes[key]["kind"]), reverse=lane % 2 == 0)
            anchor = next((n for n, key in enumerate(keys) if self.graph.nodes[key]["kind"] == "adjoint"), 0)
            edge = 0.0
            for key in keys:
                self.offsets[key] = edge + self.widths[key] / 2
                edge += self.widths[key] + INNER
            zero = self.offsets[keys[anchor]]
            for key in keys:
                self.offsets[key] -= zero
            cell = self.cells.setdefault(root, Item(self.row[root], 0, 0, pull=1.0 + 9 * (height[root] > 0)))
            cell.left = max(cell.left, zero)
            cell.right = max(cell.right, edge - INNER - zero)

    def _depths(self) -> dict[str, int]:
        """The number of forward operations above each forward node, on the longest way."""
        depth: dict[str, int] = {}
        for key, node in self.graph.nodes(data=True):
            if node["mirror"] is None:
                depth[key] = max(
                    (depth.get(s, 0) + 1 for s, kind in _into(self.graph, key) if kind == "forward"), default=0
                )
        return depth

    def _items(self, lane: int) -> list[Item]:
        """The cells of a forward lane and the long edges between them, linked row by row, sources first."""
        depth = self._depths()
        keys = [key for key in self.cells if self.lane[key] == lane]
        items = [self.cells[key] for key in sorted(keys, key=lambda key: (depth[key] > 0, self.graph.degree(key) > 0))]
        links: dict[tuple[Item, Item], None] = {}
        for key in keys:
            for _, target, data in self.graph.out_edges(key, data=True):
                if data["kind"] == "forward" and self.lane[target] == lane:
                    links.update(dict.fromkeys(self._links(key, target, items)))
        for upper, lower in links:
            upper.below.append(lower)
            lower.above.append(upper)
        return items

    def _links(self, source: str, target: str, items: list[Item]) -> list[tuple[Item, Item]]:
        chain = [self.cells[source]]
        for row in range(self.row[source] + 1, self.row[target]):
            item = self.passing.get((source, row))
            if item is None:
                item = self.passing[source, row] = Item(row, 4, 4, pull=4)
                items.append(item)
            chain.append(item)
        chain.append(self.cells[target])
        return list(zip(chain, chain[1:], strict=False))

    def _side(self, lane: int) -> float:
        return 1.0 if lane % 2 == 0 else -1.0

    def _columns(self) -> tuple[dict[int, float], list[Lane]]:
        """Where the zero of each lane is, so that no two lanes overlap."""
        reach: dict[int, list[float]] = {lane: [] for lane in self.column}
        for key, lane in self.lane.items():
            x = self._side(lane) * (self.cells[self.root[key]].place + self.offsets[key])
            reach[lane] += [x - self.widths[key] / 2, x + self.widths[key] / 2]
        for (source, _), item in self.passing.items():
            reach[self.lane[source]].append(item.place)
        base, lanes, edge = {}, [], MARGIN
        for lane, extent in reach.items():
            left, right = min(extent), max(extent)
            base[lane] = edge - left
            lanes.append(Lane(edge, edge + right - left, lane % 2 == 0))
            edge += right - left + BETWEEN
        return base, lanes

    def _place(self, base: dict[int, float]) -> None:
        for key, lane in self.lane.items():
            x = base[lane] + self._side(lane) * (self.cells[self.root[key]].place + self.offsets[key])
            height = ROUND if self.graph.nodes[key]["kind"] == "sum" else HEIGHT
            self.boxes[key] = Box(x, y_of(self.row[key]), self.widths[key], height, self.column[lane], self.row[key])

    def _through(self, base: dict[int, float]) -> dict[tuple[str, str], list[Point]]:
        """Per pair of nodes of one lane the points at which their edges pass the rows in between, top first."""
        found: dict[tuple[str, str], list[Point]] = {}
        for source, target in self.graph.edges():
            lane = self.lane[source]
            upper, lower = sorted((source, target), key=lambda key: self.row[key])
            if lane == self.lane[target]:
                rows = range(self.row[upper] + 1, self.row[lower])
                items = [self.passing[self.root[upper], row] for row in rows]
                found[source, target] = [(base[lane] + self._side(lane) * item.place, y_of(item.row)) for item in items]
        return found
