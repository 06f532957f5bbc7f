"""What a picture is made of: shapes and texts in named styles, which SVG, PNG and PDF draw in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .geometry import Point

# ("M", x, y), ("L", x, y), ("C", x1, y1, x2, y2, x, y), ("Z",)
Command = tuple[Any, ...]


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


def rectangle(x: float, y: float, wide: float, high: float, r: float = 0) -> tuple[Command, ...]:
    """A rectangle by its upper left corner, with round corners of radius `r`."""
    if not r:
        return polygon((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))
    k = r * 0.4477
    right, low = x + wide, y + high
    return (
        ("M", x + r, y), ("L", right - r, y), ("C", right - k, y, right, y + k, right, y + r),
        ("L", right, low - r), ("C", right, low - k, right - k, low, right - r, low),
        ("L", x + r, low), ("C", x + k, low, x, low - k, x, low - r),
        ("L", x, y + r), ("C", x, y + k, x + k, y, x + r, y), ("Z",),
    )  # fmt: skip


def polygon(*points: Point) -> tuple[Command, ...]:
    """A closed path through these points."""
    return (("M", *points[0]), *[("L", *point) for point in points[1:]], ("Z",))


def line(*points: Point) -> tuple[Command, ...]:
    """An open path through these points."""
    return (("M", *points[0]), *[("L", *point) for point in points[1:]])
