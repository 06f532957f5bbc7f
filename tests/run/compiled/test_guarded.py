"""Lookups as operations of a library of their own: the same numbers, the same errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.fx import Graph, GraphModule

from graphgrad.run.compiled.guarded import guard, install

aten = torch.ops.aten


def module(target: Any, *rest: Any, given: int = 2) -> GraphModule:
    """A module of one kernel on some placeholders."""
    graph = Graph()
    places = [graph.placeholder(f"x{number}") for number in range(given)]

    def placed(each: Any) -> Any:
        if isinstance(each, list):
            return [placed(item) for item in each]
        return places[each.index] if isinstance(each, Place) else each

    args = [placed(each) for each in rest]
    graph.output((graph.call_function(target, tuple(args)),))
    return GraphModule({}, graph)


class Place:
    """The place of a placeholder among arguments."""

    def __init__(self, index: int) -> None:
        self.index = index


ARRAY, INDEX, SOURCE = Place(0), Place(1), Place(2)


def targets(made: GraphModule) -> list[str]:
    return [node.target.namespace for node in made.graph.nodes if node.op == "call_function"]


def test_a_lookup_gives_what_the_kernel_gives() -> None:
    x, i = torch.randn(4, 3), torch.tensor([2, 0])
    made = guard(module(aten.embedding.default, ARRAY, INDEX))
    assert targets(made) == ["graphgrad_lookups"]
    assert torch.equal(made(x, i)[0], x[i])


def test_an_error_is_an_error() -> None:
    made = guard(module(aten.index_select.default, ARRAY, 0, INDEX))
    with pytest.raises(IndexError, match="out of range"):
        made(torch.ones(3), torch.tensor([3]))


def test_a_lookup_that_writes_is_computed_and_copied() -> None:
    made = guard(module(aten.index_put_.default, ARRAY, [INDEX], SOURCE, given=3))
    assert targets(made) == ["graphgrad_lookups", "aten"]
    x = torch.zeros(4)
    (result,) = made(x, torch.tensor([1, 3]), torch.tensor([5.0, 7.0]))
    assert result is x and x.tolist() == [0.0, 5.0, 0.0, 7.0]


def test_other_kernels_stay() -> None:
    made = guard(module(aten.add.Tensor, ARRAY, INDEX))
    assert targets(made) == ["aten"]


def test_torch_knows_their_shapes_without_numbers() -> None:
    install()
    lookups: Any = torch.ops.graphgrad_lookups
    found = lookups.gather_default(
        torch.empty(3, 4, device="meta"), 1, torch.empty(3, 2, dtype=torch.int64, device="meta")
    )
    assert found.shape == (3, 2) and found.device.type == "meta"
