"""The legend of a picture: what its lines and fills mean, of those that occur."""

from __future__ import annotations

from dataclasses import dataclass

from .gauge import WORDS, key_to_levels
from .geometry import MARGIN, Layout
from .gradient_graph import Graph
from .label import width
from .marks import Part, Shape, Text, line
from .outline import line as line_of

SIZE, HIGH = 9.5, 16.0


@dataclass(frozen=True)
class Legend:
    """Its marks, and how much room they take below the picture."""

    part: Part
    room: float


def legend(graph: Graph, layout: Layout) -> Legend:
    """What the lines and fills mean that occur in this picture."""
    part, x, y = Part(), MARGIN, layout.height + 4
    for style, text in _lines(layout):
        wide = 34 + width(text, SIZE)
        if x + wide > layout.width - 10 and x > MARGIN:
            x, y = MARGIN, y + HIGH
        part.marks += [Shape(style, line((x, y), (x + 24, y))), Text("caption", x + 29, y + 3.2, text, SIZE, "start")]
        x += wide + 14
    readings = [(node["kind"], node["reading"]) for node in graph.nodes.values() if node.get("reading") is not None]
    if readings:
        directions = sorted({"forward" if kind == "forward" else "backward" for kind, _ in readings}, reverse=True)
        alarms = [alarm for alarm in WORDS if any(reading.alarm == alarm for _, reading in readings)]
        said = "measured: low to high"
        if directions == ["forward"] and any(node["kind"] != "forward" for node in graph.nodes.values()):
            said += "; this gradient was not"
        marks, wide = key_to_levels(x, y, said, alarms, directions)
        if x + wide > layout.width - 10 and x > MARGIN:
            x, y = MARGIN, y + HIGH
            marks, _ = key_to_levels(x, y, said, alarms, directions)
        part.marks += marks
    return Legend(part, y - layout.height + 14)


def _lines(layout: Layout) -> list[tuple[str, str]]:
    """The style and the meaning of each kind of line that is drawn."""
    present = {line_of(wire.data) for wire in layout.wires}
    present |= {f"strong {line_of(wire.data)}" for wire in layout.wires if wire.data.get("lit")}
    differentiated = any(wire.data["kind"] != "forward" for wire in layout.wires)
    entries = [
        ("forward", "read, and a gradient returns along it" if differentiated else "read"),
        ("read", "read only"),
        ("cotangent", "gradient"),
        ("saved", "value that the derivative needs"),
        ("control", "has to run before"),
    ]
    strong = next((style for style in sorted(present) if style.startswith("strong")), "")
    return [(style, text) for style, text in [*entries, (strong, "highlighted")] if style in present]
