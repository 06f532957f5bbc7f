"""How edges run between boxes: within a lane from row to row, across lanes sideways, and round the turn."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from .folding import edges_of
from .geometry import HEIGHT, Box, Point, Wire
from .gradient_graph import Graph

APART = 12.0  # between the ends of two wires on one side of a box
_TOP, _BOTTOM, _LEFT, _RIGHT = "top", "bottom", "left", "right"


@dataclass(eq=False, slots=True)
class _End:
    """One end of a wire: at which side of which box; ends with equal `bundle` share their point."""

    key: str
    side: str
    bundle: Hashable
    towards: float
    point: Point = (0.0, 0.0)


# A piece of a way that keeps clear of nodes: its x, and the middles of the first and the last row that it passes.
Span = tuple[float, float, float]


def route(graph: Graph, boxes: Mapping[str, Box], through: Mapping[tuple[str, str], list[Span]]) -> list[Wire]:
    """The wires of all edges.

    Args:
        graph: a gradient graph.
        boxes: where its nodes are.
        through: per pair of nodes of one lane, where their edges pass the rows in between, top first.
    """
    drafts = []
    nodes = dict(graph.nodes.items())
    for n, (source, target, data) in enumerate(edges_of(graph)):
        a, b = boxes[source], boxes[target]
        leave, arrive, bend = _sides(a, b, data["kind"], nodes[source]["lane"] % 2 == 0)
        middle = _passages(a, b, through.get((source, target), []))
        start = _End(source, leave, ("out", data["value"]), _along(leave, middle[0] if middle else (b.x, b.y)))
        node = nodes[target]
        bundle = ("in", data["kind"] if node["kind"] == "sum" or "members" in node else n)
        end = _End(target, arrive, bundle, _along(arrive, middle[-1] if middle else (a.x, a.y)))
        drafts.append((start, end, data, bend, middle))
    _set_points([end for _, end, *_ in drafts] + [start for start, *_ in drafts], boxes)
    return [
        Wire(start.key, end.key, data, (start.point, *middle, end.point), bend)
        for start, end, data, bend, middle in drafts
    ]


def _sides(a: Box, b: Box, kind: str, down: bool) -> tuple[str, str, str]:
    """Where a wire leaves and arrives, and how it bends."""
    if a.lane == b.lane and a.row != b.row:
        return (_BOTTOM, _TOP, "v") if a.row < b.row else (_TOP, _BOTTOM, "v")
    if a.row == b.row and a.lane != b.lane and kind != "saved":
        return (_BOTTOM, _BOTTOM, "u") if down else (_TOP, _TOP, "n")
    return (_RIGHT, _LEFT, "h") if a.x < b.x else (_LEFT, _RIGHT, "h")


def _passages(a: Box, b: Box, spans: list[Span]) -> tuple[Point, ...]:
    half = HEIGHT / 2
    down = tuple(point for x, top, low in spans for point in ((x, top - half), (x, low + half)))
    return down if a.row < b.row else down[::-1]


def _along(side: str, point: Point) -> float:
    return point[0] if side in (_TOP, _BOTTOM) else point[1]


def _set_points(ends: list[_End], boxes: Mapping[str, Box]) -> None:
    """Give each end its point: those of a side are spread in the order of where they lead."""
    sides: dict[tuple[str, str], dict[Hashable, list[_End]]] = {}
    for end in ends:
        sides.setdefault((end.key, end.side), {}).setdefault(end.bundle, []).append(end)
    for (key, side), bundles in sides.items():
        box, groups = boxes[key], list(bundles.values())
        last = len(groups) - 1
        if last:
            groups.sort(key=lambda group: sum([end.towards for end in group]) / len(group))
        length = box.width if side in (_TOP, _BOTTOM) else box.height
        span = max(min(APART * last, length - 16), 0.0)
        for n, group in enumerate(groups):
            point = _point(box, side, span * (n / last - 0.5) if last else 0.0)
            for end in group:
                end.point = point


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
