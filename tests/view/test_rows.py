"""Order and places of items in rows."""

import random

from hypothesis import given
from hypothesis import strategies as st

from graphgrad.view.rows import GAP, Item, arrange, crossings


def link(upper: Item, lower: Item) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def rows_of(items: list[Item]) -> list[list[Item]]:
    return [sorted((i for i in items if i.row == row), key=lambda i: i.place) for row in sorted({i.row for i in items})]


def test_a_chain_is_straight_whatever_hangs_on_it() -> None:
    chain = [Item(row, 30, 30, pull=10) for row in range(6)]
    leaves = [Item(row, 40, 40) for row in range(5) for _ in range(row % 3)]
    for upper, lower in zip(chain, chain[1:], strict=False):
        link(upper, lower)
    for leaf in leaves:
        link(leaf, chain[leaf.row + 1])
    arrange([*leaves, *chain])
    assert len({item.place for item in chain}) == 1


def test_crossings_that_can_be_avoided_are() -> None:
    top, bottom = [Item(0, 10, 10) for _ in range(4)], [Item(1, 10, 10) for _ in range(4)]
    for upper, lower in zip(top, reversed(bottom), strict=True):
        link(upper, lower)
    assert crossings([top, bottom]) == 6
    arrange([*top, *bottom])
    assert crossings(rows_of([*top, *bottom])) == 0


@given(st.integers(0, 10**9), st.integers(1, 40))
def test_nothing_overlaps(seed: int, count: int) -> None:
    draw = random.Random(seed)
    items = [
        Item(draw.randrange(6), draw.uniform(1, 50), draw.uniform(1, 50), draw.choice([1.0, 10.0]))
        for _ in range(count)
    ]
    for upper in items:
        for lower in items:
            if lower.row == upper.row + 1 and draw.random() < 0.3:
                link(upper, lower)
    arrange(items)
    for row in rows_of(items):
        for left, right in zip(row, row[1:], strict=False):
            assert right.place - right.left - (left.place + left.right) >= GAP - 1e-6


def test_no_items() -> None:
    arrange([])
