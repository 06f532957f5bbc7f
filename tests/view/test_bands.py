"""Long plans folded: every row in one band, in order, and few enough of them."""

from typing import Any

import pytest

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.view.bands import BUDGET, CALM, bands
from graphgrad.view.planned import Row, planned
from tests.view.pictures import chain, trained


def rows_of(blocks: int) -> list[Row]:
    return planned(trained(blocks)).rows


def lone(size: int) -> list[Row]:
    """The rows of a plan without scopes."""
    each = chain(size)
    grads = gg.gradients(*each[:2])
    return planned(plan([g._value for g in grads], (), [each.xs[0]._value])).rows


def test_short_plans_stay_as_they_are() -> None:
    rows = rows_of(2)
    assert len(rows) <= BUDGET
    assert [band.rows for band in bands(rows)] == [[row] for row in rows]


@pytest.mark.parametrize("make", [lambda: rows_of(2), lambda: rows_of(12), lambda: rows_of(40), lambda: lone(300)])
def test_each_row_is_in_one_band_in_order(make: Any) -> None:
    rows = make()
    found = bands(rows)
    assert [row for band in found for row in band.rows] == rows
    assert [n for band in found for n in band.places] == list(range(len(rows)))
    assert len(rows) <= BUDGET or len(found) <= CALM + 5


def test_blocks_are_bands_and_sweeps_stand_alone() -> None:
    found = bands(rows_of(12))
    titles = [band.title for band in found]
    assert [f"deep/blocks/{n}" for n in range(12)] == [title for title in titles if title.startswith("deep/blocks/")]
    (sweep,) = [band for band in found if band.rows[0].kind == "sweep"]
    assert len(sweep.rows) == 1 and sweep.title == "Gradients"
    updates = found[-1]
    assert updates.title == "Updates" and updates.tags == ("in place",) and updates.note.endswith("76 in all")
    block = next(band for band in found if band.title == "deep/blocks/0")
    numbers = [row.number for row in block.rows]
    assert block.number == f"{numbers[0]}–{numbers[-1]}" and block.note == f"{len(numbers)} steps"
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_more_blocks_than_fit_are_runs_of_blocks() -> None:
    titles = [band.title for band in bands(rows_of(150)) if "blocks" in band.title]
    assert 20 <= len(titles) <= CALM and titles[0] == "deep/blocks/0 … 2" and titles[-1].endswith("149")


def test_a_source_is_in_the_band_of_what_needs_it() -> None:
    trained(12)  # names in the second model's scope are not those of its variables
    found = bands(rows_of(12))
    assert [band.title for band in found if "blocks" in band.title] == [f"deep_1/blocks/{n}" for n in range(12)]
