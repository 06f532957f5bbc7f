"""Kernels are called by functions of torch that lead to them, and to no other kernel."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.fx import Graph, Node

from graphgrad.run.compiled.flat import Made
from graphgrad.run.compiled.spelling import spelling

aten = torch.ops.aten


def node(target: Any, *args: Any, **kwargs: Any) -> Node:
    graph = Graph()

    def placed(item: Any) -> Any:
        if not isinstance(item, torch.Tensor):
            return item
        made = graph.placeholder("x")
        made.meta["made"] = Made.of(item)
        return made

    return graph.call_function(target, tuple(map(placed, args)), {key: placed(each) for key, each in kwargs.items()})


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (node(aten.sin.default, torch.ones(2)), "torch.sin"),
        (node(aten.add.Tensor, torch.ones(2), torch.ones(2), alpha=2), "torch.add"),
        (node(aten.mul.Tensor, torch.ones(2), 0.1), "torch.mul"),
        (node(aten.sum.dim_IntList, torch.ones(2, 2), [0], True), "torch.sum"),
        (node(aten.view.default, torch.ones(2, 2), [4]), ".view"),
        (node(aten.add_.Tensor, torch.ones(2), torch.ones(2)), ".add_"),
        (node(aten.gelu.default, torch.ones(2)), "torch._C._nn.gelu"),
        (node(aten.linalg_inv_ex.default, torch.eye(2)), "torch._C._linalg.linalg_inv_ex"),
        (node(aten.tanh_backward.default, torch.ones(2), torch.ones(2)), None),
        (node(aten.div_.Scalar, torch.ones(2), 0.5), None),
        (node(aten.linear.default, torch.ones(2, 2), torch.ones(2, 2)), None),
    ],
    ids=lambda item: item.name if isinstance(item, Node) else str(item),
)
def test_the_shortest_way_to_a_kernel(made: Node, wanted: str | None) -> None:
    assert spelling(made) == wanted
