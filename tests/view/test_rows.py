"""Order and places of items in rows."""

import random

from hypothesis import given
from hypothesis import strategies as st

from graphgrad.view.rows import GAP, Item, arrange, crossings, join


def rows_of(items: list[Item]) -> list[list[Item]]:
    return [sorted((i for i in items if i.row == row), key=lambda i: i.place) for row in sorted({i.row for i in items})]


def test_a_chain_is_straight_whatever_hangs_on_it() -> None:
    chain = [Item(row, 30, 30, pull=10) for row in range(6)]
    leaves = [Item(row, 40, 40) for row in range(5) for _ in range(row % 3)]
    for upper, lower in zip(chain, chain[1:], strict=False):
        join(upper, lower)
    for leaf in leaves:
        join(leaf, chain[leaf.row + 1])
    arrange([*leaves, *chain])
    assert len({item.place for item in chain}) == 1


def test_crossings_that_can_be_avoided_are() -> None:
    top, bottom = [Item(0, 10, 10) for _ in range(4)], [Item(1, 10, 10) for _ in range(4)]
    for upper, lower in zip(top, reversed(bottom), strict=True):
        join(upper, lower)
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
                join(upper, lower)
    arrange(items)
    for row in rows_of(items):
        for left, right in zip(row, row[1:], strict=False):
            assert right.place - right.left - (left.place + left.right) >= GAP - 1e-6


def test_a_shift_is_kept() -> None:
    upper, lower = Item(0, 10, 10), Item(1, 10, 10)
    join(upper, lower, 7.5)
    arrange([lower, upper])
    assert lower.place - upper.place == 7.5


@given(st.integers(0, 10**9))
def test_slabs_are_rigid_and_in_one_order(seed: int) -> None:
    draw = random.Random(seed)
    items: list[Item] = []
    slabs = []
    for n in range(draw.randrange(1, 6)):
        first = draw.randrange(4)
        slabs.append([Item(row, 30, 30, 10.0, slab=n) for row in range(first, first + draw.randrange(2, 4))])
    for row in range(7):
        items += [Item(row, 10, 20) for _ in range(draw.randrange(3))]
    items += [item for slab in slabs for item in slab]
    for upper in items:
        for lower in items:
            if lower.row == upper.row + 1 and (lower.slab is None or lower.slab != upper.slab) and draw.random() < 0.4:
                join(upper, lower, draw.uniform(-20, 20))
    arrange(items)
    assert all(len({item.place for item in slab}) == 1 for slab in slabs)
    for row in rows_of(items):
        for left, right in zip(row, row[1:], strict=False):
            assert right.place - right.left - (left.place + left.right) >= GAP - 1e-6


def test_no_items() -> None:
    arrange([])
