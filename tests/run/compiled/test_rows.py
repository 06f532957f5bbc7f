"""Rows computed one by one: joined where that changes no bit, left alone elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.fx import Node

import graphgrad as gg
from graphgrad.run.compiled.cleaning import families, written_by
from graphgrad.run.compiled.flat import Flat
from graphgrad.run.compiled.rows import join_rows
from tests.run.compiled.sketch import Sketch

aten = torch.ops.aten
functional = torch.nn.functional


def joined(flat: Flat) -> list[str]:
    """The kernels that are left."""
    family = families(flat)
    join_rows(flat, family, {family[each] for node in flat.graph.nodes for each in written_by(node)})
    flat.graph.lint()
    return [node.target._opname for node in flat.graph.nodes if node.op == "call_function"]  # type: ignore[union-attr]


def rows(sketch: Sketch, tensor: Node, order: tuple[int, ...] = (0, 1, 2), dim: int = 0) -> list[Node]:
    return [sketch.call(aten.select.int, tensor, dim, place) for place in order]


def stacked(sketch: Sketch, kernel: Any, columns: list[Any], dim: int = 0) -> Node:
    parts = [sketch.call(kernel, *given) for given in zip(*columns, strict=True)]
    return sketch.call(aten.stack.default, parts, dim)


def test_a_stack_of_one_kernel_on_all_rows_is_one_call() -> None:
    sketch = Sketch()
    x, out = sketch.given(3, 4, 5), sketch.given(4, 5)
    first = stacked(sketch, aten.tanh_backward.default, [rows(sketch, x), [out] * 3])
    second = stacked(sketch, aten.elu_backward.default, [rows(sketch, first), *zip(*[(1, 1, 1, True, out)] * 3)])  # noqa: B905
    flat = sketch.returning(second)
    assert joined(flat) == ["tanh_backward", "elu_backward"]
    kernels = flat.graph.find_nodes(op="call_function", target=aten.tanh_backward.default)
    assert kernels[0].args == (x, out) and kernels[0].meta["made"].shape == (3, 4, 5)


def test_two_stacks_of_rows_meet_in_one_kernel() -> None:
    sketch = Sketch()
    x, y = sketch.given(3, 4), sketch.given(3, 1)
    flat = sketch.returning(stacked(sketch, aten.mul.Tensor, [rows(sketch, x), rows(sketch, y)]))
    assert joined(flat) == ["mul"]


def _other_order(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.tanh_backward.default, [rows(sketch, x, (0, 2, 1)), [out] * 3])]


def _some_rows(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.tanh_backward.default, [rows(sketch, x, (0, 1)), [out] * 2])]


def _columns(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.sin.default, [rows(sketch, x, dim=1)])]


def _as_columns(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.sin.default, [rows(sketch, x)], dim=1)]


def _across(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.sin.default, [rows(sketch, sketch.call(aten.permute.default, x, [1, 0, 2]))])]


def _wider(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.mul.Tensor, [rows(sketch, sketch.given(3, 5)), [out] * 3])]


def _numbers_that_differ(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.mul.Tensor, [rows(sketch, x), [2.0, 2.0, 2]])]


def _kernels_that_differ(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    parts = [sketch.call(kernel.default, row) for kernel, row in zip((aten.sin, aten.sin, aten.cos), rows(sketch, x))]  # noqa: B905
    return [sketch.call(aten.stack.default, parts)]


def _read_elsewhere(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    stack = stacked(sketch, aten.sin.default, [rows(sketch, x)])
    return [stack, stack.args[0][1]]  # type: ignore[index, list-item]


def _written_between(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    parts = [sketch.call(aten.sin.default, row) for row in rows(sketch, x)]
    sketch.call(aten.add_.Tensor, x, 1)
    return [sketch.call(aten.stack.default, parts)]


def _not_elementwise(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.cumsum.default, [rows(sketch, x), [0] * 3])]


def _no_rows(sketch: Sketch, x: Node, out: Node) -> list[Node]:
    return [stacked(sketch, aten.sin.default, [[out] * 3])]


@pytest.mark.parametrize(
    "write",
    [
        _other_order, _some_rows, _columns, _as_columns, _across, _wider, _numbers_that_differ, _kernels_that_differ,
        _read_elsewhere, _written_between, _not_elementwise, _no_rows,
    ],
)  # fmt: skip
def test_what_is_not_all_rows_in_order_stays(write: Any) -> None:
    sketch = Sketch()
    flat = sketch.returning(*write(sketch, sketch.given(3, 3, 5), sketch.given(3, 5)))
    before = [node.name for node in flat.graph.nodes]
    assert "stack" in joined(flat) and [node.name for node in flat.graph.nodes] == before


CURVES: dict[str, Any] = {
    "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": functional.softplus, "elu": functional.elu,
    "silu": functional.silu, "gelu": functional.gelu, "leaky_relu": functional.leaky_relu, "mish": functional.mish,
    "hardtanh": functional.hardtanh, "hardswish": functional.hardswish, "logsigmoid": functional.logsigmoid,
    "hardsigmoid": functional.hardsigmoid, "softshrink": functional.softshrink,
}  # fmt: skip


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("shape", [(3,), (17,), (1,), (2, 5)], ids=str)
def test_matrices_are_the_same_to_the_last_bit(name: str, shape: tuple[int, ...]) -> None:
    x = gg.placeholder(gg.float32, shape)
    numbers = np.random.default_rng(0).normal(size=(shape[-1], 7)).astype(np.float32)
    y = CURVES[name](torch.tanh(x @ gg.constant(numbers)) * 3.0)
    matrices = [gg.jacobian(y, x)]
    if name != "hardsigmoid":  # torch differentiates it once
        matrices += gg.hessians(gg.reduce_sum(y), x)
    data = np.random.default_rng(1).normal(size=shape)
    found = []
    for compile, passes in (("", None), ("trace", gg.Passes(merge=False)), ("trace", None)):
        with gg.Session(compile=compile, passes=passes) as session:
            found.append([each.tobytes() for each in session.run(matrices, {x: data})])
            alone = "select(" in session.source(matrices, [x])
    assert found[0] == found[1] == found[2]
    assert alone == (name == "gelu")
