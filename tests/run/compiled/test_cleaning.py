"""Passes over flat graphs, each on a graph written by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.fx import Node

from graphgrad.run.compiled.cleaning import clean, drop_unused, drop_wraps, hoist_numbers, merge, written_by
from graphgrad.run.compiled.flat import Flat
from tests.run.compiled.sketch import Sketch

aten = torch.ops.aten


@pytest.fixture
def sketch() -> Sketch:
    return Sketch()


def names(flat: Flat) -> list[str]:
    return [node.target._opname for node in flat.graph.nodes if node.op == "call_function"]


def test_wraps_and_views_of_everything_are_dropped(sketch: Sketch) -> None:
    x = sketch.given(2, 3)
    same = sketch.call(aten.view.default, sketch.call(aten.detach.default, x), [2, 3])
    other = sketch.call(aten.view.default, same, [3, 2])
    flat = sketch.returning(sketch.call(aten.sin.default, other))
    drop_wraps(flat)
    assert names(flat) == ["view", "sin"]


def test_a_constant_that_is_written_to_is_copied_in_each_run(sketch: Sketch) -> None:
    kept, fixed = torch.zeros(2), torch.ones(2)
    for tensor in (kept, fixed):
        node = sketch._note(sketch.flat.graph.get_attr("constant"), tensor)
        sketch.flat.constants[node] = tensor
    first, second = sketch.flat.constants
    lifted = sketch.call(aten.lift_fresh.default, first)
    flat = sketch.returning(sketch.call(aten.add_.Tensor, lifted, sketch.call(aten.sin.default, second)))
    clean(flat)
    assert names(flat) == ["clone", "sin", "add_"]


def test_equal_kernels_are_one(sketch: Sketch) -> None:
    x = sketch.given(2)
    a, b = sketch.call(aten.sin.default, x), sketch.call(aten.sin.default, x)
    flat = sketch.returning(sketch.call(aten.mul.Tensor, a, b))
    merge(flat)
    assert names(flat) == ["sin", "mul"]


def test_numbers_that_are_equal_and_differ_are_not_one(sketch: Sketch) -> None:
    x = sketch.given(2)
    a, b = sketch.call(aten.mul.Tensor, x, 0.0), sketch.call(aten.mul.Tensor, x, -0.0)
    flat = sketch.returning(sketch.call(aten.add.Tensor, a, b))
    merge(flat)
    assert names(flat) == ["mul", "mul", "add"]


def test_what_is_written_to_is_not_merged(sketch: Sketch) -> None:
    x = sketch.given(2)
    a, b = sketch.call(aten.sin.default, x), sketch.call(aten.sin.default, x)
    view = sketch.call(aten.view.default, b, [2, 1])
    sketch.call(aten.add_.Tensor, view, 1.0)
    flat = sketch.returning(sketch.call(aten.mul.Tensor, a, b))
    merge(flat)
    assert names(flat).count("sin") == 2


def test_a_read_before_and_one_after_a_change_are_not_one(sketch: Sketch) -> None:
    x = sketch.given(2)
    before = sketch.call(aten.sin.default, x)
    sketch.call(aten.add_.Tensor, x, 1.0)
    after = sketch.call(aten.sin.default, x)
    flat = sketch.returning(sketch.call(aten.mul.Tensor, before, after))
    merge(flat)
    assert names(flat).count("sin") == 2


def test_results_keep_memory_of_their_own(sketch: Sketch) -> None:
    x = sketch.given(2)
    flat = sketch.returning(sketch.call(aten.sin.default, x), sketch.call(aten.sin.default, x))
    merge(flat)
    assert names(flat) == ["sin", "sin"]


def test_draws_are_neither_merged_nor_dropped(sketch: Sketch) -> None:
    x = sketch.given(2)
    a, b = sketch.call(aten.rand_like.default, x), sketch.call(aten.rand_like.default, x)
    sketch.call(aten.rand_like.default, x)
    flat = sketch.returning(sketch.call(aten.mul.Tensor, a, b))
    clean(flat)
    assert names(flat).count("rand_like") == 3


def test_numbers_beside_arrays_become_tensors(sketch: Sketch) -> None:
    x = sketch.given(2)
    a = sketch.call(aten.mul.Tensor, sketch.call(aten.add.Tensor, x, 0.1), 0.1)
    flat = sketch.returning(a)
    hoist_numbers(flat)
    (number,) = flat.constants.values()
    assert number.item() == 0.1 and number.dtype is torch.float64
    assert [type(node.args[1]) for node in flat.graph.nodes if node.op == "call_function"] == [Node, Node]
    ones = torch.ones(2)
    assert torch.equal((ones + number) * number, (ones + 0.1) * 0.1)


@pytest.mark.parametrize("number", [2**60, True, 1j], ids=["large", "bool", "complex"])
def test_other_numbers_stay(sketch: Sketch, number: Any) -> None:
    flat = sketch.returning(sketch.call(aten.mul.Tensor, sketch.given(2), number))
    hoist_numbers(flat)
    assert not flat.constants


def test_a_number_beside_a_scalar_stays_since_it_would_change_the_dtype(sketch: Sketch) -> None:
    flat = sketch.returning(sketch.call(aten.mul.Tensor, sketch.given(), 0.1))
    hoist_numbers(flat)
    assert not flat.constants


def test_unused_kernels_go_and_those_that_write_stay(sketch: Sketch) -> None:
    x = sketch.given(2)
    sketch.call(aten.cos.default, sketch.call(aten.sin.default, x))
    write = sketch.call(aten.add_.Tensor, x, 1.0)
    flat = sketch.returning(x)
    drop_unused(flat)
    assert names(flat) == ["add_"] and written_by(write) == [x]
