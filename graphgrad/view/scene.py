"""A layout as shapes and texts, with their style: what every writer (SVG, PNG) draws, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .geometry import MARGIN, TURN, Box, Layout, Point, Wire
from .gradient_graph import Graph
from .label import fitted, lines, width
from .layout import NOTE, TITLE

# ("M", x, y), ("L", x, y), ("C", x1, y1, x2, y2, x, y), ("Z",)
Command = tuple[Any, ...]


@dataclass(frozen=True)
class Style:
    """Fill and stroke, as colours or 'none'; the stroke's width and dashes in pixels.

    `weight` is that of a text; `halo` draws it on a ground of its own.
    """

    fill: str = "none"
    stroke: str = "none"
    width: float = 1.0
    dash: tuple[float, ...] = ()
    weight: int = 400
    halo: bool = False


@dataclass(frozen=True)
class Shape:
    """A path in a named style."""

    style: str
    path: tuple[Command, ...]


@dataclass(frozen=True)
class Text:
    """A line of text in a named style; `anchor` is 'start', 'middle' or 'end'."""

    style: str
    x: float
    y: float
    text: str
    size: float
    anchor: str = "middle"


@dataclass
class Part:
    """What belongs together: a node with its key, a wire with its ends, or an ornament without either."""

    marks: list[Shape | Text] = field(default_factory=list)
    node: str = ""
    wire: tuple[str, str, str] | None = None
    tip: str = ""


@dataclass(frozen=True)
class Scene:
    """A picture: its size in pixels, and its parts, the lowest first."""

    width: float
    height: float
    parts: list[Part]


# Blue is forward, vermilion is backward; every mark differs in form too, for print in grey.
INK, PALE = "#22313f", "#8b96a1"
STYLES: dict[str, Style] = {
    "paper": Style("#ffffff"),
    "axis": Style(stroke="#d5dbe1", width=1, dash=(2, 5)),
    "op": Style("#ffffff", "#3b6ea5", 1.3),
    "context": Style("#f7f8f9", "#b4bdc6", 1),
    "x": Style("#dbe8f6", "#1f5c99", 1.9),
    "y": Style("#dbe8f6", "#1f5c99", 1.3),
    "frame": Style(stroke="#1f5c99", width=1),
    "shadow": Style("#eef3f8", "#9db6cf", 1),
    "unconnected": Style("#ffffff", "#6b7681", 1.6, (5, 3)),
    "stop": Style("#f3d9d5", "#9c2f20", 2.2),
    "bar": Style(stroke="#9c2f20", width=4),
    "integer": Style("#f4ecd2", "#8a6d1a", 1.4, (6, 3)),
    "dead": Style("#eeeeee", "#555f69", 1.4, (1.5, 2.5)),
    "adjoint": Style("#fdf3ea", "#c2611f", 1.3),
    "adjoint shadow": Style("#fbf3ec", "#dcb391", 1),
    "gradient": Style("#f8d9bd", "#a84a0c", 1.9),
    "tag": Style(INK),
    "read": Style(stroke="#c3cad1", width=1),
    "forward": Style(stroke="#3b6ea5", width=1.5),
    "cotangent": Style(stroke="#c2611f", width=1.5),
    "saved": Style(stroke="#b9aecb", width=1, dash=(3, 2.5)),
    "read head": Style("#c3cad1"),
    "forward head": Style("#3b6ea5"),
    "cotangent head": Style("#c2611f"),
    "saved head": Style("#b9aecb"),
    "title": Style(INK, weight=600),
    "note": Style("#5c6874"),
    "pale": Style(PALE),
    "spec": Style("#75818d", halo=True),
    "badge": Style("#ffffff"),
    "caption": Style("#5c6874"),
}

_FORMS = {
    "stop": "stop",
    "stop_gradient": "stop",
    "no_grad": "stop",
    "integer": "integer",
    "no derivative": "dead",
}  # fmt: skip


def scene(graph: Graph, layout: Layout) -> Scene:
    """The picture of a laid-out gradient graph.

    Args:
        graph: what was laid out.
        layout: its mirror layout.
    """
    legend = _legend(graph, layout)
    parts = [Part([Shape("paper", _rectangle(0, 0, layout.width, layout.height + legend.room))])]
    parts += _captions(graph, layout)
    order = {"saved": 0, "forward": 1, "cotangent": 2, "seed": 2}
    for wire in sorted(layout.wires, key=lambda wire: (order[wire.data["kind"]], wire.data["carries"])):
        parts.append(_wire(wire))
    parts += _specs(graph, layout)
    parts += [_node(graph.nodes[key], key, box) for key, box in layout.boxes.items()]
    parts.append(legend.part)
    return Scene(layout.width, layout.height + legend.room, parts)


# -- nodes ----------------------------------------------------------------------------------------


def form(node: Mapping[str, Any]) -> str:
    """The style of a node: by its most telling role, else by its kind."""
    roles = node["roles"]
    if "members" not in node:
        for role, style in _FORMS.items():
            if role in roles:
                return style
    if "unconnected" in roles and "members" not in node:
        return "unconnected"
    if node["kind"] in ("gradient", "adjoint"):
        return str(node["kind"])
    if node["kind"] == "sum":
        return "adjoint"
    for role in ("y", "x"):
        if role in roles:
            return role
    return "op" if node["on_path"] else "context"


def _node(node: Mapping[str, Any], key: str, box: Box) -> Part:
    style = form(node)
    part = Part(node=key, tip=tip(node, key))
    if "members" in node:
        shadow = "adjoint shadow" if node["kind"] == "adjoint" else "shadow"
        part.marks += [Shape(shadow, _outline("op", box, 8, -4)), Shape(shadow, _outline("op", box, 4, -2))]
    if "y" in node["roles"]:
        part.marks.append(Shape("frame", _outline(style, box, 0, 3)))
    source = node["kind"] == "forward" and "members" not in node and not node["op"].reads
    part.marks.append(
        Shape(style, _outline("pill" if source and style in ("x", "y", "context", "unconnected") else style, box))
    )
    if style == "stop":
        low = box.y + box.height / 2 + 5
        part.marks.append(Shape("bar", (("M", box.x - 13, low), ("L", box.x + 13, low))))
    title, note = lines(node)
    pale = style == "context"
    room = box.width - 14
    if note:
        part.marks.append(Text("pale" if pale else "title", box.x, box.y - 2, fitted(title, TITLE, room), TITLE))
        part.marks.append(Text("pale" if pale else "note", box.x, box.y + 10.5, fitted(note, NOTE, room), NOTE))
    else:
        part.marks.append(Text("title", box.x, box.y + 4.5, title, TITLE + 1))
    part.marks += _tags(node, box)
    return part


def _tags(node: Mapping[str, Any], box: Box) -> Iterator[Shape | Text]:
    left = box.x - box.width / 2 + 5
    for role in node["roles"]:
        text = role.replace("_", " ")
        wide = width(text, 8.5) + 9
        top = box.y - box.height / 2 - 9.5
        yield Shape("tag", _rectangle(left, top, wide, 12, 3))
        yield Text("badge", left + wide / 2, top + 9, text, 8.5)
        left += wide + 3


def tip(node: Mapping[str, Any], key: str) -> str:
    """A few lines on a node, for whoever points at it."""
    if "members" in node:
        return f"{key}\n{node['note']}"
    said = [key, *node["roles"], *node["outputs"]]
    if node["kind"] == "forward":
        said += [node["op"].where()]
    return "\n".join(said)


def _outline(style: str, box: Box, shift: float = 0, grow: float = 0) -> tuple[Command, ...]:
    """The border of a node; shifted sideways and less high for the nodes that lie below it."""
    left, top = box.x - box.width / 2 + shift - max(grow, 0), box.y - box.height / 2 - grow
    wide, high = box.width + 2 * max(grow, 0), box.height + 2 * grow
    if box.width == box.height or style in ("pill", "gradient"):
        return _rectangle(left, top, wide, high, high / 2)
    if style == "stop":  # an octagon, as at the roadside
        c = 10.0
        return _polygon(
            (left + c, top), (left + wide - c, top), (left + wide, top + c), (left + wide, top + high - c),
            (left + wide - c, top + high), (left + c, top + high), (left, top + high - c), (left, top + c),
        )  # fmt: skip
    if style == "integer":
        return _polygon((left + 8, top), (left + wide, top), (left + wide - 8, top + high), (left, top + high))
    return _rectangle(left, top, wide, high, 0.01 if style == "dead" else 5 + max(grow, 0))


def _rectangle(x: float, y: float, wide: float, high: float, r: float = 0) -> tuple[Command, ...]:
    if not r:
        return _polygon((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))
    k = r * 0.4477
    right, low = x + wide, y + high
    return (
        ("M", x + r, y), ("L", right - r, y), ("C", right - k, y, right, y + k, right, y + r),
        ("L", right, low - r), ("C", right, low - k, right - k, low, right - r, low),
        ("L", x + r, low), ("C", x + k, low, x, low - k, x, low - r),
        ("L", x, y + r), ("C", x, y + k, x + k, y, x + r, y), ("Z",),
    )  # fmt: skip


def _polygon(*points: Point) -> tuple[Command, ...]:
    return (("M", *points[0]), *[("L", *point) for point in points[1:]], ("Z",))


# -- wires ----------------------------------------------------------------------------------------


def _wire(wire: Wire) -> Part:
    kind = wire.data["kind"]
    style = {"seed": "cotangent", "forward": "forward" if wire.data["carries"] else "read"}.get(kind, kind)
    path, (x, y, dx, dy) = _curve(wire)
    length, half = (7.0, 3.2) if style != "saved" else (5.0, 2.4)
    head = _polygon(
        (x, y), (x - dx * length - dy * half, y - dy * length + dx * half),
        (x - dx * length + dy * half, y - dy * length - dx * half),
    )  # fmt: skip
    said = f"{wire.data['value']}  {wire.data['spec']}"
    return Part([Shape(style, path), Shape(f"{style} head", head)], wire=(wire.source, wire.target, kind), tip=said)


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
        if wire.bend == "v" and wire.data["kind"] == "forward":
            starts.setdefault(wire.source, []).append(wire)
    parts = []
    for wires in starts.values():
        text = ", ".join(dict.fromkeys(wire.data["spec"] for wire in wires))
        first = min(wires, key=lambda wire: wire.points[0])
        last = max(wires, key=lambda wire: wire.points[0])
        rightwards = any(wire.points[1][0] > wire.points[0][0] + 12 for wire in wires)
        (x, y), anchor, gap = (first.points[0], "end", -5) if rightwards else (last.points[0], "start", 5)
        part = Part([Text("spec", x + gap, y + 11, text, 8.5, anchor)], wire=(last.source, last.target, "spec"))
        parts.append(part)
    return parts


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


@dataclass(frozen=True)
class _Legend:
    part: Part
    room: float


def _legend(graph: Graph, layout: Layout) -> _Legend:
    """What the lines mean that occur in this picture."""
    present = {wire.data["kind"] for wire in layout.wires}
    present |= {"read" for wire in layout.wires if not wire.data["carries"]}
    entries = [
        ("forward", "forward", "read, and a gradient returns along it"),
        ("read", "read", "read only"),
        ("cotangent", "cotangent", "gradient"),
        ("saved", "saved", "value that the derivative needs"),
    ]
    part, x, y = Part(), MARGIN, layout.height + 4
    for kind, style, text in entries:
        if kind not in present:
            continue
        wide = 34 + width(text, 9.5)
        if x + wide > layout.width - 10 and x > MARGIN:
            x, y = MARGIN, y + 16
        part.marks += [
            Shape(style, (("M", x, y), ("L", x + 24, y))),
            Text("caption", x + 29, y + 3.2, text, 9.5, "start"),
        ]
        x += wide + 14
    return _Legend(part, y - layout.height + 14)
