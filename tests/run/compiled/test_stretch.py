"""A stretch as a function: of tensors, and of sizes."""

from __future__ import annotations

import pytest
import torch

import graphgrad as gg
from graphgrad.run.compiled.made import Sized
from graphgrad.run.compiled.stretch import Stretch, computing
from tests.run.compiled.sketch import Sketch

aten = torch.ops.aten


def flattened() -> Stretch:
    """n rows as one, plus n times 2."""
    sketch = Sketch()
    x = sketch.given(3, 4)
    view = sketch.call(aten.view.default, x, [12])
    total = sketch.call(aten.add.Tensor, view, 6)
    view.args, total.args = (x, [Sized("4*n", 12)]), (view, Sized("2*n", 6))
    return Stretch([view, total], [x], [total], {}, {"n": 3})


def test_sizes_come_before_tensors() -> None:
    stretch = flattened()
    for rows in (3, 5):
        x = torch.randn(rows, 4)
        for found in (stretch.eager(rows, x), stretch.module()(rows, x)):
            assert torch.equal(found[0], x.reshape(-1) + 2 * rows)


def test_its_text_names_the_sizes() -> None:
    text = flattened().text("stretch_0")
    assert text.startswith("def stretch_0(n, input_0):") and text.count("torch.ops.aten") == 2


def test_views_are_no_kernels() -> None:
    stretch = flattened()
    assert stretch.kernels == 1 and computing(stretch.nodes) == stretch.nodes[1:]


def test_what_is_known_of_its_tensors_goes_along() -> None:
    stretch = flattened()
    known = [node.meta["made"] for node in stretch.module().graph.nodes if "made" in node.meta]
    assert known == [node.meta["made"] for node in (*stretch.inputs, *stretch.nodes)]


def test_an_error_names_the_operation() -> None:
    op = gg.identity(1.0, name="here").op
    stretch = flattened()
    stretch.ops[stretch.nodes[0]] = op._operation if hasattr(op, "_operation") else op
    with pytest.raises(gg.errors.OpError, match="here"):
        stretch.eager(4, torch.ones(3, 4))
