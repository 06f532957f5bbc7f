"""Kernels of one operation, above one another: each on a level of its own above those that it comes after.

Expanded, an operation has several kernels where otherwise it has one adjoint node. Side by side they would make
a picture as wide as a poster; and a wire that passes a level must not run behind the kernels there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from .nesting import Unit
from .rows import Item, Piece, arrange, join, straight

Edge: TypeAlias = "tuple[str, str, Mapping[str, Any]]"
OUTSIDE = ""  # instead of a node: whatever is in another tower


class Tower(NamedTuple):
    """Where the kernels of an operation stand in one lane.

    Attributes:
        places: of their middles, from the anchor, by key.
        ways: where wires pass levels, by their ends, as (place, first level, last level).
        left, right: how far all of it reaches.
    """

    places: dict[str, float]
    ways: dict[tuple[str, str], list[Piece]]
    left: float
    right: float


def levels(nodes: Mapping[str, Mapping[str, Any]], edges: Iterable[Edge], cell: Mapping[str, Unit]) -> dict[str, int]:
    """On which level each node stands; nothing if all stand on the lowest. Cells become as high as they have levels.

    Args:
        nodes: of a gradient graph, each after those that it reads.
        edges: of the graph.
        cell: the unit of the forward node that each node is or mirrors.
    """
    before: dict[str, list[str]] = {}
    for source, target, data in edges:
        if data["kind"] == "cotangent" and cell[source] is cell[target]:
            a, b = nodes[source], nodes[target]
            if a["kind"] == b["kind"] == "adjoint" and a["mirror"] == b["mirror"] and a["lane"] == b["lane"]:
                before.setdefault(target, []).append(source)
    found: dict[str, int] = {}
    for key in nodes if before else ():
        found[key] = max([found[source] + 1 for source in before.get(key, ())], default=0)
        cell[key].height = max(cell[key].height, found[key] + 1)
    return found


def tower(
    keys: Sequence[str], anchor: str, widths: Mapping[str, float], level: Mapping[str, int],
    wires: Iterable[tuple[str, str]],
) -> Tower:  # fmt: skip
    """Arrange what stands in one cell and lane.

    Args:
        keys: of the nodes; where nothing else decides, they stand in this order.
        anchor: which of them stands at zero.
        widths: of all nodes.
        level: of all nodes.
        wires: from node to node of the tower, or from or to OUTSIDE: below and above it.
    """
    items = {key: Item(level[key], widths[key] / 2, widths[key] / 2) for key in keys}
    top = max(level[key] for key in keys)
    ways: dict[tuple[str, str], list[Item]] = {}
    for source, target in dict.fromkeys(wires):
        first = 0 if source == OUTSIDE else level[source] + 1
        last = top if target == OUTSIDE else level[target] - 1
        way = ways[source, target] = [Item(row, 4.0, 4.0, 4.0) for row in range(first, last + 1)]
        ends = [items[source]] if source != OUTSIDE else [], [items[target]] if target != OUTSIDE else []
        for upper, lower in pairwise([*ends[0], *way, *ends[1]]):
            join(upper, lower)
    every = [*items.values(), *(item for way in ways.values() for item in way)]
    arrange(every)
    zero = items[anchor].place
    for item in every:
        item.place -= zero
    left, right = max(item.left - item.place for item in every), max(item.place + item.right for item in every)
    return Tower(
        {key: item.place for key, item in items.items()},
        {ends: straight(way) for ends, way in ways.items()},
        left,
        right,
    )
