"""The order within rows and the place of each item: few crossings, straight chains, no overlap. Plain loops."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

SWEEPS = 12
GAP = 20.0  # pixels between neighbours
_STILL = 0.5  # pixels; what moves less has found its place

# A piece of a way: its place, and the first and the last row that it passes.
Piece: TypeAlias = "tuple[float, int, int]"


@dataclass(eq=False, slots=True)
class Item:
    """Something that takes up room in a row: a cell of nodes, a long edge that passes, or one row of a scope.

    Attributes:
        row: its row, 0 on top.
        left, right: how far it reaches to each side of its anchor.
        pull: how much it resists being moved; chains are heavy, so that they are straight.
        slab: what it is a row of, if anything. The rows of a slab are adjacent and move as one.
        place: where its anchor is, the result.
        above, below: what it is joined to in the adjacent rows, and how far from the other's anchor it likes to be.
    """

    row: int
    left: float
    right: float
    pull: float = 1.0
    slab: Hashable = None
    place: float = 0.0
    above: list[tuple[Item, float]] = field(default_factory=list)
    below: list[tuple[Item, float]] = field(default_factory=list)


def join(upper: Item, lower: Item, shift: float = 0.0) -> None:
    """Draw two items of adjacent rows to each other: the lower one likes to be `shift` to the right of the upper."""
    upper.below.append((lower, -shift))
    lower.above.append((upper, shift))


def straight(way: list[Item]) -> list[Piece]:
    """A chain of arranged items in as few pieces as it has places."""
    found: list[Piece] = []
    for item in way:
        if found and found[-1][0] == item.place:
            found[-1] = item.place, found[-1][1], item.row
        else:
            found.append((item.place, item.row, item.row))
    return found


def arrange(items: Sequence[Item]) -> None:
    """Set every item's `place`.

    Args:
        items: joined to items of the adjacent rows; where nothing else decides, their order is kept, so that a
            picture is stable between runs. Slabs are in one order in all rows.
    """
    rows: dict[int, list[Item]] = {}
    for item in items:
        rows.setdefault(item.row, []).append(item)
    ordered = [rows[row] for row in sorted(rows)]
    _order(ordered)
    _spread(ordered)


def _order(rows: list[list[Item]]) -> None:
    """Sort each row by the middle of what its items are joined to, downwards and upwards in turn."""
    best, fewest = [list(row) for row in rows], crossings(rows)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        for n in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            _sort(rows[n], rows[n - 1 if down else n + 1], down)
        found = crossings(rows)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    rows[:] = best


def _sort(row: list[Item], fixed: list[Item], down: bool) -> None:
    """Sort the items of a row that are joined to a fixed one; the others keep their positions.

    A row of a slab goes where the slab is in the fixed row, so slabs have one order in all rows.
    """
    position: dict[Item, int] = {}
    slabs: dict[Hashable, int] = {}
    for k, item in enumerate(fixed):
        position[item] = k
        if item.slab is not None:
            slabs[item.slab] = k
    middle: dict[Item, float] = {}
    for item in row:
        joined = item.above if down else item.below
        if item.slab is not None and item.slab in slabs:
            middle[item] = slabs[item.slab]
        elif joined:
            middle[item] = sum(position[other] for other, _ in joined) / len(joined)
    moved = iter(sorted(middle, key=lambda item: middle[item]))
    row[:] = [next(moved) if item in middle else item for item in row]


def crossings(rows: Sequence[Sequence[Item]]) -> int:
    """How many pairs of edges between adjacent rows cross."""
    total = 0
    for upper, lower in zip(rows, rows[1:], strict=False):
        if len(upper) < 2 or len(lower) < 2:
            continue
        position = {item: k for k, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = sorted(position[other] for other, _ in item.below)
            total += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _spread(rows: list[list[Item]]) -> None:
    """Give each item its place: columns of joined items first packed to the left, then pulled to what they join."""
    columns = _columns(rows)
    for row in rows:
        for left, right in zip(row, row[1:], strict=False):
            gap = left.right + GAP + right.left
            a, b = columns[left], columns[right]
            b.left.append((a, gap + a.shifts[left] - b.shifts[right]))
            a.right.append((b, gap + a.shifts[left] - b.shifts[right]))
    every = list(dict.fromkeys(columns.values()))
    for column in every:
        column.look_around(columns)
    for column in _from_left(every):
        column.place = max((other.place + gap for other, gap in column.left), default=0.0)
    outwards = sorted(every, key=lambda column: (column.place, column.row))
    for sweep in range(2 * SWEEPS):
        moved = 0.0
        for column in outwards if sweep % 2 else outwards[::-1]:
            place = column.wish()
            for other, gap in column.left:
                place = max(place, other.place + gap)
            for other, gap in column.right:
                place = min(place, other.place - gap)
            moved = max(moved, abs(place - column.place))
            column.place = place
        if moved < _STILL:
            break
    for item, column in columns.items():
        item.place = column.place + column.shifts[item]


class _Column:
    """Items of consecutive rows that stand below one another, each at its shift.

    Attributes:
        left, right: the neighbours on each side, and how far apart the two places must be.
        around: what its items are joined to outside, where it would like to be from there, and how much.
    """

    __slots__ = ("around", "left", "place", "right", "row", "shifts", "weight")

    def __init__(self, item: Item) -> None:
        self.shifts = {item: 0.0}
        self.row = item.row
        self.place = 0.0
        self.left: list[tuple[_Column, float]] = []
        self.right: list[tuple[_Column, float]] = []
        self.around: list[tuple[_Column, float, float]] = []
        self.weight = 0.0

    def look_around(self, columns: dict[Item, _Column]) -> None:
        for item, shift in self.shifts.items():
            for joined in (item.above, item.below):
                for other, away in joined:
                    column = columns[other]
                    if column is not self:
                        self.around.append((column, column.shifts[other] + away - shift, other.pull))
                        self.weight += other.pull

    def wish(self) -> float:
        """The middle of what its items are joined to outside, the heavier the nearer."""
        if not self.around:
            return self.place
        total = 0.0
        for column, away, pull in self.around:
            total += (column.place + away) * pull
        return total / self.weight


def _columns(rows: list[list[Item]]) -> dict[Item, _Column]:
    """Which items stand in one column: the rows of a slab, then joined pairs by weight if they cross none before."""
    columns = {item: _Column(item) for row in rows for item in row}
    for upper, lower in zip(rows, rows[1:], strict=False):
        position = {item: k for k, item in enumerate(lower)}
        slabs = {item.slab: k for k, item in enumerate(lower) if item.slab is not None}
        pairs: list[tuple[float, int, int, float]] = []
        if slabs:
            pairs += [(1e9, k, slabs[item.slab], 0.0) for k, item in enumerate(upper) if item.slab in slabs]
        for k, item in enumerate(upper):
            pairs += [(item.pull * other.pull, k, position[other], -away) for other, away in item.below]
        pairs.sort(key=lambda pair: -pair[0])
        above: list[int] = []
        below: list[int] = []
        for _, k, n, shift in pairs:
            at = bisect_left(above, k)
            free = at == len(above) or (above[at] != k and below[at] > n)
            if free and (at == 0 or below[at - 1] < n):
                above.insert(at, k)
                below.insert(at, n)
                column = columns[upper[k]]
                column.shifts[lower[n]] = column.shifts[upper[k]] + shift
                columns[lower[n]] = column
    return columns


def _from_left(columns: list[_Column]) -> list[_Column]:
    """The columns in an order in which each comes after those to its left."""
    waiting = {column: len(column.left) for column in columns}
    ready = [column for column in columns if not waiting[column]]
    for column in ready:
        for reader, _ in column.right:
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return ready
