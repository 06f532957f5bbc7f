"""Flat programs of one run, chosen by what its opaque operations give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.run.compiled.flat import Untraceable, flatten
from graphgrad.run.compiled.opaque import Logged
from graphgrad.run.compiled.tier import Tier
from graphgrad.run.compiled.variants import Source, Variant, Variants, expectations
from graphgrad.run.emit import emit


def source(fetches: list[Any], *feeds: Any) -> Source:
    made = plan(tuple(each._value for each in fetches), (), tuple(each._value for each in feeds))
    return Source(emit(made), "cpu")


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [3], name="x")


def test_a_program_without_opaque_operations_is_traced_as_it_is(x: Any) -> None:
    found = source([gg.sin(x)], x)
    assert found.program() is found.original and not found.parted


def test_one_that_turns_out_to_be_opaque_is_apart_with_those_of_its_sort(x: Any) -> None:
    one, other = torch.masked_select(x, x > 0), torch.masked_select(x, x > 1)
    found = source([one, other], x)
    assert found.part(Untraceable("it depends on numbers", one.op))
    assert set(found.parted) == {one.op, other.op}
    assert found.program().text.count("run.apart(") == 2
    assert not found.part(Untraceable("it still does", one.op))


def test_a_failure_or_a_gradient_parts_nothing(x: Any) -> None:
    (slope,) = gg.gradients(gg.sin(x), x)
    found = source([slope], x)
    assert not found.part(Untraceable("it fails", slope.op, failed=True))
    assert not found.part(Untraceable("it depends on numbers", slope.op))
    assert not found.part(Untraceable("nobody knows"))


def test_a_variant_fits_what_a_run_has_given_so_far(x: Any) -> None:
    kept = torch.masked_select(x, x > 0)
    found = source([kept * 2.0], x)
    assert found.part(Untraceable("it depends on numbers", kept.op))
    variants = []
    for fed in ([1.0, 2.0, -3.0], [1.0, -2.0, -3.0]):
        logged = Logged((), None)
        flat = flatten(found.program(), [torch.tensor(fed)], [], (), logged)
        variants.append(Variant(found.program(), expectations(flat)))
        assert [each.fits(logged) for each in variants] == [False] * (len(variants) - 1) + [True]
    assert all(each.fits(Logged((), None)) for each in variants)


def test_a_variant_that_was_made_once_is_used_again(x: Any) -> None:
    kept = gg.reduce_sum(torch.masked_select(x, x > 0))
    with gg.Session(compile="trace") as session:
        for n in (3, 2, 2, 3, 3, 3, 2, 2):
            assert session.run(kept, {x: np.where(np.arange(3) < n, 1.0, -1.0)}) == float(n)
        (prepared,) = session._prepared.values()
        assert isinstance(prepared.program.call, Tier)
        (kind,) = prepared.program.call.kinds.values()
        assert kind.variants is not None and len(kind.variants) == 2
        assert (kind.variants.runs, kind.variants.misses) == (7, 3)


def test_misses_are_borne_as_long_as_they_are_few() -> None:
    variants = Variants()
    variants.runs = 40
    assert [variants.missed() for _ in range(21)] == [False] * 20 + [True]
