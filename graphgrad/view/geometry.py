"""What a layout is made of: boxes, wires, regions and lanes, in pixels, y downwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Point = tuple[float, float]

PITCH = 68.0  # from row to row
HEIGHT = 34.0  # of a node
ROUND = 18.0  # the diameter of a sum
BETWEEN = 74.0  # from lane to lane
INNER = 12.0  # between nodes of one cell
TURN = 28.0  # how far a wire that turns round leaves the row
MARGIN = 30.0
HEAD = 19.0  # of a region: its name
FOOT = 9.0
SIDE = 12.0  # from the border of a region to what is in it
ROOM = 11.0  # between the nodes of a row and the head of a region, for their tags
SILL = 9.0  # between the nodes of a row and the foot of a region, for dtypes and shapes


class Box(NamedTuple):
    """Where a node is: its centre, its size, its lane (a column of the picture, 0 on the left) and its row."""

    x: float
    y: float
    width: float
    height: float
    lane: int
    row: int


class Wire(NamedTuple):
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


class Region(NamedTuple):
    """An open scope in one lane: the box around its nodes.

    Attributes:
        left, top, width, height: the box; the name is written in its upper `HEAD`.
        label: its name; `fold`: whether it is not a scope but a row of equal ones.
        lane: as of a Box.
        number: which group it is.
    """

    left: float
    top: float
    width: float
    height: float
    label: str
    fold: bool
    lane: int
    number: int


@dataclass(frozen=True)
class Lane:
    """A column: its horizontal extent, and whether it runs down (forward) or up (gradients)."""

    left: float
    right: float
    down: bool


@dataclass(frozen=True)
class Layout:
    """A finished layout; of its regions, the outer ones come first."""

    boxes: dict[str, Box]
    wires: list[Wire]
    lanes: list[Lane]
    regions: list[Region]
    width: float
    height: float


def heights(tops: Mapping[int, int], bottoms: Mapping[int, int], count: int) -> list[float]:
    """The middle of each row.

    Args:
        tops: how many regions, one in another, begin with a row; `bottoms`: how many end with it.
        count: of rows.
    """
    found: list[float] = []
    y = MARGIN + HEIGHT
    for row in range(count):
        y += HEAD * tops.get(row, 0) + FOOT * bottoms.get(row - 1, 0)
        found.append(y)
        y += PITCH
    return found
