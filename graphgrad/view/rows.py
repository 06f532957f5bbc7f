"""The order within rows and the place of each item: few crossings, straight chains, no overlap. Plain loops."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

SWEEPS = 12
GAP = 20.0  # pixels between neighbours


@dataclass(eq=False)
class Item:
    """Something that takes up room in a row: a cell of nodes, or a long edge that passes.

    Attributes:
        row: its row, 0 on top.
        left, right: how far it reaches to each side of its anchor.
        pull: how much it resists being moved; chains are heavy, so that they are straight.
        place: where its anchor is, the result.
    """

    row: int
    left: float
    right: float
    pull: float = 1.0
    place: float = 0.0
    above: list[Item] = field(default_factory=list)
    below: list[Item] = field(default_factory=list)


def arrange(items: Sequence[Item]) -> None:
    """Set every item's `place`.

    Args:
        items: linked by `above` and `below` to items of the adjacent rows; where nothing else decides, their
            order is kept, so that a picture is stable between runs.
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
    """Sort the items of a row that are joined to a fixed one; the others keep their positions."""
    position = {item: k for k, item in enumerate(fixed)}
    middle = {}
    for item in row:
        joined = [position[other] for other in (item.above if down else item.below)]
        if joined:
            middle[item] = sum(joined) / len(joined)
    moved = iter(sorted(middle, key=lambda item: middle[item]))
    row[:] = [next(moved) if item in middle else item for item in row]


def crossings(rows: Sequence[Sequence[Item]]) -> int:
    """How many pairs of edges between adjacent rows cross."""
    total = 0
    for upper, lower in zip(rows, rows[1:], strict=False):
        position = {item: k for k, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = sorted(position[other] for other in item.below)
            total += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _spread(rows: list[list[Item]]) -> None:
    """Give each item its place: columns of linked items first packed to the left, then pulled to what they join."""
    columns = _columns(rows)
    left, right = _neighbours(rows)
    for column in _from_left(columns, left):
        column.move(
            max((other.place + other.right + GAP + item.left for item, other in column.beside(left)), default=0)
        )
    outwards = sorted(set(columns.values()), key=lambda column: (column.items[0].place, column.items[0].row))
    for sweep in range(2 * SWEEPS):
        for column in outwards if sweep % 2 else outwards[::-1]:
            low = max(
                (other.place + other.right + GAP + item.left for item, other in column.beside(left)), default=-1e9
            )
            high = min(
                (other.place - other.left - GAP - item.right for item, other in column.beside(right)), default=1e9
            )
            column.move(max(low, min(high, column.wish())))


@dataclass(eq=False)
class _Column:
    """Items of consecutive rows that stand exactly below one another."""

    items: list[Item]

    def move(self, place: float) -> None:
        for item in self.items:
            item.place = place

    def wish(self) -> float:
        """The middle of what its items are joined to outside, the heavier the nearer."""
        own = set(self.items)
        around = [other for item in self.items for other in (*item.above, *item.below) if other not in own]
        weight = sum(other.pull for other in around)
        return sum(other.place * other.pull for other in around) / weight if around else self.items[0].place

    def beside(self, neighbours: dict[Item, Item]) -> list[tuple[Item, Item]]:
        return [(item, neighbours[item]) for item in self.items if item in neighbours]


def _columns(rows: list[list[Item]]) -> dict[Item, _Column]:
    """Which items stand in one column: pairs of adjacent rows by weight, if they cross no heavier pair."""
    columns = {item: _Column([item]) for row in rows for item in row}
    for upper, lower in zip(rows, rows[1:], strict=False):
        position = {item: k for k, item in enumerate(lower)}
        pairs = [(item.pull * other.pull, k, position[other]) for k, item in enumerate(upper) for other in item.below]
        taken: list[tuple[int, int]] = []
        for _, k, n in sorted(pairs, key=lambda pair: -pair[0]):
            if all((k < a and n < b) or (k > a and n > b) for a, b in taken):
                taken.append((k, n))
                column = columns[upper[k]]
                column.items.append(lower[n])
                columns[lower[n]] = column
    return columns


def _neighbours(rows: list[list[Item]]) -> tuple[dict[Item, Item], dict[Item, Item]]:
    pairs = [pair for row in rows for pair in zip(row, row[1:], strict=False)]
    return {right: left for left, right in pairs}, dict(pairs)


def _from_left(columns: dict[Item, _Column], left: dict[Item, Item]) -> list[_Column]:
    """The columns in an order in which each comes after those to its left."""
    waiting = {column: sum(1 for _ in column.beside(left)) for column in columns.values()}
    readers: dict[_Column, list[_Column]] = {}
    for item, other in left.items():
        readers.setdefault(columns[other], []).append(columns[item])
    ready = [column for column, count in waiting.items() if not count]
    for column in ready:
        for reader in readers.get(column, []):
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return ready
