"""A layout as shapes and texts, with their style: what every writer (SVG, PNG) draws, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .emblem import emblem, form
from .geometry import MARGIN, TURN, Layout, Wire
from .gradient_graph import Graph
from .legend import legend
from .marks import Command, Part, Scene, Shape, Text, polygon, rectangle
from .outline import line as line_of
from .outline import strength
from .regions import frames, names

SPECS = 2  # dtypes and shapes that are written below a node
# Wires of a kind lie on those before them.
_ORDER = ("saved", "control", "read", "forward", "cotangent")


def scene(graph: Graph, layout: Layout) -> Scene:
    """The picture of a laid-out gradient graph.

    Args:
        graph: what was laid out.
        layout: its mirror layout.
    """
    below = legend(graph, layout)
    parts = [Part([Shape("paper", rectangle(0, 0, layout.width, layout.height + below.room))])]
    parts += frames(layout)
    parts += _captions(graph, layout)
    specs = _specs(graph, layout)
    parts += [part for part in specs if _pale(part)]  # their ground would cut the highlighted wires
    for wire in sorted(layout.wires, key=lambda wire: (wire.data.get("lit", True), _ORDER.index(line_of(wire.data)))):
        parts.append(_wire(wire))
    parts += [part for part in specs if not _pale(part)] + names(layout)
    parts += [emblem(graph.nodes[key], key, box) for key, box in layout.boxes.items()]
    parts.append(below.part)
    return Scene(layout.width, layout.height + below.room, parts)


# -- wires ----------------------------------------------------------------------------------------


def _wire(wire: Wire) -> Part:
    style, emphasis = line_of(wire.data), strength(wire.data)
    path, (x, y, dx, dy) = _curve(wire)
    length, half = (7.0, 3.2) if style != "saved" else (5.0, 2.4)
    head = polygon(
        (x, y), (x - dx * length - dy * half, y - dy * length + dx * half),
        (x - dx * length + dy * half, y - dy * length - dx * half),
    )  # fmt: skip
    said = f"{wire.data['value']}  {wire.data['spec']}".rstrip()
    marks: list[Shape | Text] = [Shape(emphasis + style, path)]
    marks.append(Shape(f"{'' if emphasis == 'strong ' else emphasis}{style} head", head))
    return Part(marks, wire=(wire.source, wire.target, wire.data["kind"]), tip=said)


def _curve(wire: Wire) -> tuple[tuple[Command, ...], tuple[float, float, float, float]]:
    """The path, and where it ends with the direction in which it does."""
    points = list(wire.points)
    (sx, sy), (ex, ey) = points[0], points[-1]
    if wire.bend in ("u", "n"):
        sign = 1 if wire.bend == "u" else -1
        end = ey + sign * 6
        return (("M", sx, sy), ("C", sx, sy + sign * TURN, ex, end + sign * TURN, ex, end)), (ex, ey, 0, -sign)
    if wire.bend == "h":
        sign = 1 if ex > sx else -1
        if abs(ex - sx) < 40:
            return (("M", sx, sy), ("L", ex - sign * 5, ey)), (ex, ey, sign, 0)
        reach = sign * max(min(abs(ex - sx) / 2, 90), 4 if sy == ey else 30)
        ex -= sign * 5
        return (("M", sx, sy), ("C", sx + reach, sy, ex - reach, ey, ex, ey)), (ex + sign * 5, ey, sign, 0)
    sign = 1 if ey > sy else -1
    points[-1] = (ex, ey - sign * 6)
    path: list[Command] = [("M", sx, sy)]
    for (ax, ay), (bx, by) in zip(points, points[1:], strict=False):
        middle = (ay + by) / 2
        path.append(("L", bx, by) if ax == bx else ("C", ax, middle, bx, middle, bx, by))
    return tuple(path), (ex, ey, 0, sign)


# -- ornaments ------------------------------------------------------------------------------------


def _specs(graph: Graph, layout: Layout) -> list[Part]:
    """Dtype and shape next to the wire of each value that runs down or up in its lane, once per value."""
    starts: dict[str, list[Wire]] = {}
    for wire in layout.wires:
        if wire.bend == "v" and wire.data["kind"] == "forward" and wire.data["spec"]:
            starts.setdefault(wire.source, []).append(wire)
    parts = []
    for source, wires in starts.items():
        found = list(dict.fromkeys(wire.data["spec"] for wire in wires))
        text = ", ".join(found if len(found) <= SPECS else [*found[:SPECS], "…"])
        first = min(wires, key=lambda wire: wire.points[0])
        last = max(wires, key=lambda wire: wire.points[0])
        rightwards = any(wire.points[1][0] > wire.points[0][0] + 12 for wire in wires)
        beside = 17 if form(graph.nodes[source]) == "stop" else 5  # the bar of a stop lies below it
        (x, y), anchor, gap = (first.points[0], "end", -beside) if rightwards else (last.points[0], "start", beside)
        style = "spec" if any(wire.data.get("lit", True) for wire in wires) else "faint spec"
        lower = 14 if _alarmed(graph.nodes[source]) else 11
        part = Part([Text(style, x + gap, y + lower, text, 8.5, anchor)], wire=(last.source, last.target, "spec"))
        parts.append(part)
    return parts


def _pale(part: Part) -> bool:
    return any(mark.style.startswith("faint") for mark in part.marks)


def _alarmed(node: Mapping[str, Any]) -> bool:
    """Whether there is a border around the node besides its own."""
    reading = node.get("reading")
    return reading is not None and bool(reading.alarm) and bool(node.get("lit", True))


def _captions(graph: Graph, layout: Layout) -> list[Part]:
    """What runs in each lane, and the axes between them."""
    order = dict.fromkeys(range(len(layout.lanes)), 0)
    for key, box in layout.boxes.items():
        order[box.lane] = max(order[box.lane], _order(graph, key))
    parts = []
    for n, lane in enumerate(layout.lanes):
        text = {0: "forward", 1: "gradient", 2: "second order"}.get(order[n], f"order {order[n]}")
        arrow = "↓" if lane.down else "↑"
        parts.append(Part([Text("caption", (lane.left + lane.right) / 2, MARGIN / 2 + 3, f"{text} {arrow}", 10.5)]))
        if n:
            x = (layout.lanes[n - 1].right + lane.left) / 2
            parts.append(Part([Shape("axis", (("M", x, MARGIN / 2), ("L", x, layout.height - 8)))]))
    return parts


def _order(graph: Graph, key: str) -> int:
    """How often a node was differentiated."""
    count, mirror = 0, graph.nodes[key]["mirror"]
    while mirror is not None:
        count, mirror = count + 1, graph.nodes[mirror]["mirror"]
    return count
