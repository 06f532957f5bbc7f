"""What a plan folds is computed once, in no mode of the caller's; what fails is left to the run."""

from __future__ import annotations

import numpy as np
import torch

import graphgrad as gg
from graphgrad.graph.operation import Value
from graphgrad.plan.plan import plan
from graphgrad.plan.steps import Plan
from graphgrad.run.emit import emit
from graphgrad.run.folding import folded


def planned(fetch: gg.Tensor, feed: gg.Tensor) -> Plan:
    values: list[Value] = [fetch._value]
    return plan(values, (), [feed._value])


def test_values_and_the_operations_that_they_save() -> None:
    x, c = gg.placeholder(gg.float32, [2]), gg.constant([1.0, 2.0], name="c")
    asked = planned(x * gg.exp(gg.sin(c, name="a"), name="b"), x)
    assert asked.folding is not None
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        values, needless = folded(asked, emit(asked.folding))
    ((value, tensor),) = values.items()
    assert value.name == "b:0" and tensor.dtype is torch.float32 and not tensor.is_inference()
    np.testing.assert_allclose(tensor, np.exp(np.sin([1, 2])), rtol=1e-6)
    assert sorted(op.name for op in needless) == ["a", "b", "c"]
    assert folded(asked, None) == ({}, set())


def test_a_constant_that_others_read_stays() -> None:
    x, c = gg.placeholder(gg.float32, [2]), gg.constant([1.0, 2.0], name="c")
    asked = planned(x * gg.sin(c, name="a") + c, x)
    assert asked.folding is not None
    assert sorted(op.name for op in folded(asked, emit(asked.folding))[1]) == ["a"]


def test_what_fails_is_left_to_the_run() -> None:
    x = gg.placeholder(gg.float32, [2])
    asked = planned(x * torch.index_select(gg.constant([1.0]), 0, gg.constant([3], dtype=gg.int64)), x)
    assert asked.folding is not None
    assert folded(asked, emit(asked.folding)) == ({}, set())
    assert "index_select" in emit(asked).text
