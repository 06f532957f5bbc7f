"""How edges run between boxes: within a lane from row to row, across lanes sideways, and round the turn."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeAlias

from .folding import edges_of
from .geometry import HEIGHT, Box, Point, Wire
from .gradient_graph import Graph

APART = 12.0  # between the ends of two wires on one side of a box
_TOP, _BOTTOM, _LEFT, _RIGHT = "top", "bottom", "left", "right"

# A piece of a way that keeps clear of nodes: its x, and the middles of the first and the last row that it passes.
Span: TypeAlias = "tuple[float, float, float]"


class _Bundle:
    """Wires that share their point at one side of a box; `total` is the sum of where each of them leads."""

    __slots__ = ("count", "leaves", "point", "total")

    def __init__(self, leaves: bool) -> None:
        self.leaves = leaves
        self.total, self.count = 0.0, 0
        self.point: Point = (0.0, 0.0)

    def middle(self) -> tuple[float, bool]:
        """Where it leads; of those that lead to one place, the ones that arrive come first."""
        return self.total / self.count, self.leaves


class _Ends:
    """The ends of all wires, in bundles: by what they carry, at each side of each box."""

    def __init__(self) -> None:
        self.sides: dict[tuple[str, str], list[_Bundle]] = {}
        self._known: dict[tuple[str, str, bool, Hashable], _Bundle] = {}

    def add(self, node: str, side: str, leaves: bool, carried: Hashable, lead: Point) -> _Bundle:
        """Note the end of a wire, and where it leads."""
        bundle = self._known.get((node, side, leaves, carried))
        if bundle is None:
            bundle = self._known[node, side, leaves, carried] = _Bundle(leaves)
            self.sides.setdefault((node, side), []).append(bundle)
        bundle.total += lead[0] if side in (_TOP, _BOTTOM) else lead[1]
        bundle.count += 1
        return bundle


def route(graph: Graph, boxes: Mapping[str, Box], through: Mapping[tuple[str, str], list[Span]]) -> list[Wire]:
    """The wires of all edges.

    Args:
        graph: a gradient graph.
        boxes: where its nodes are.
        through: per pair of nodes of one lane, where their edges pass the rows in between, top first.
    """
    ends = _Ends()
    drafts: list[tuple[str, str, Mapping[str, Any], _Bundle, tuple[Point, ...], _Bundle, str]] = []
    nodes = dict(graph.nodes.items())
    for n, (source, target, data) in enumerate(edges_of(graph)):
        a, b, node = boxes[source], boxes[target], nodes[target]
        leave, arrive, bend = _sides(a, b, data["kind"], nodes[source]["lane"] % 2 == 0)
        middle = _passages(a, b, through.get((source, target), ()))
        start = ends.add(source, leave, True, data["value"], middle[0] if middle else (b.x, b.y))
        carried = data["kind"] if node["kind"] == "sum" or "members" in node else n
        end = ends.add(target, arrive, False, carried, middle[-1] if middle else (a.x, a.y))
        drafts.append((source, target, data, start, middle, end, bend))
    for (key, side), bundles in ends.sides.items():
        _set_points(boxes[key], side, bundles)
    return [
        Wire(source, target, data, (start.point, *middle, end.point), bend)
        for source, target, data, start, middle, end, bend in drafts
    ]


def _sides(a: Box, b: Box, kind: str, down: bool) -> tuple[str, str, str]:
    """Where a wire leaves and arrives, and how it bends."""
    if a.lane == b.lane and a.row != b.row:
        return (_BOTTOM, _TOP, "v") if a.row < b.row else (_TOP, _BOTTOM, "v")
    if a.row == b.row and a.lane != b.lane and kind != "saved":
        return (_BOTTOM, _BOTTOM, "u") if down else (_TOP, _TOP, "n")
    return (_RIGHT, _LEFT, "h") if a.x < b.x else (_LEFT, _RIGHT, "h")


def _passages(a: Box, b: Box, spans: Sequence[Span]) -> tuple[Point, ...]:
    if not spans:
        return ()
    half = HEIGHT / 2
    down = tuple([point for x, top, low in spans for point in ((x, top - half), (x, low + half))])
    return down if a.row < b.row else down[::-1]


def _set_points(box: Box, side: str, bundles: list[_Bundle]) -> None:
    """Spread bundles over a side of a box, in the order of where they lead."""
    last = len(bundles) - 1
    if not last:
        bundles[0].point = _point(box, side, 0.0)
        return
    length = box.width if side in (_TOP, _BOTTOM) else box.height
    span = max(min(APART * last, length - 16), 0.0)
    for n, bundle in enumerate(sorted(bundles, key=_Bundle.middle)):
        bundle.point = _point(box, side, span * (n / last - 0.5))


def _point(box: Box, side: str, shift: float) -> Point:
    match side:
        case "top":
            return (box.x + shift, box.y - box.height / 2)
        case "bottom":
            return (box.x + shift, box.y + box.height / 2)
        case "left":
            return (box.x - box.width / 2, box.y + shift)
        case _:
            return (box.x + box.width / 2, box.y + shift)
