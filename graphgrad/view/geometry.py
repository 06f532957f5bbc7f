"""What a layout is made of: boxes, wires and lanes, in pixels, y downwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]

PITCH = 68.0  # from row to row
HEIGHT = 34.0  # of a node
ROUND = 18.0  # the diameter of a sum
BETWEEN = 74.0  # from lane to lane
INNER = 12.0  # between nodes of one cell
TURN = 28.0  # how far a wire that turns round leaves the row
MARGIN = 30.0


@dataclass(frozen=True)
class Box:
    """Where a node is: its centre, its size, its lane (a column of the picture, 0 on the left) and its row."""

    x: float
    y: float
    width: float
    height: float
    lane: int
    row: int


@dataclass(frozen=True)
class Wire:
    """Where an edge runs.

    Attributes:
        source, target: the keys of its nodes; `data`: the attributes of the edge.
        points: where it passes. `bend` says how: 'v' within a lane, from row to row; 'h' across, sideways;
            'u' and 'n' where the gradient turns round, at the bottom and at the top.
    """

    source: str
    target: str
    data: Mapping[str, Any]
    points: tuple[Point, ...]
    bend: str


@dataclass(frozen=True)
class Lane:
    """A column: its horizontal extent, and whether it runs down (forward) or up (gradients)."""

    left: float
    right: float
    down: bool


@dataclass(frozen=True)
class Layout:
    """A finished layout."""

    boxes: dict[str, Box]
    wires: list[Wire]
    lanes: list[Lane]
    width: float
    height: float


def y_of(row: int) -> float:
    """The middle of a row."""
    return MARGIN + HEIGHT + row * PITCH
