"""The nodes of backward passes: sums, what is handed out, what is read, and how it is called."""

from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.view.backward import Backward
from graphgrad.view.traced import trace


def passes(gradients: list[Any]) -> Backward:
    """The backward pass of a gradients() call, and those that it differentiates."""
    outer = gradients[0].op
    calls = [op for op in outer.graph.get_operations() if op.type == "Gradients"]
    return Backward(trace([g._value for g in gradients]), calls, outer)


def reads(found: Backward, key: str) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.kind, edge.value) for edge in found.edges if edge.target == key]


def test_the_parts_of_a_split_each_have_their_cotangent() -> None:
    x = gg.constant([1.0, 2.0, 3.0, 4.0], name="x")
    first, last = gg.split(x, 2, name="parts")
    found = passes(gg.gradients(gg.multiply(first, last, name="y"), x))
    (joined,) = [key for key, entry in found.entries.items() if entry.mirror == "parts"]
    assert {value: kind for _, kind, value in reads(found, joined)} == {
        "d(parts:0)": "cotangent",
        "d(parts:1)": "cotangent",
    }


def test_a_kernel_of_several_outputs_numbers_them() -> None:
    x, w = gg.constant(torch.randn(2, 3), name="x"), gg.constant(torch.ones(3), name="w")
    y = torch.nn.functional.layer_norm(x, [3], w)
    found = passes(gg.gradients(y, [x, w]))
    key = "d(layer_norm) aten.native_layer_norm_backward"
    assert found.entries[key].outputs[:2] == ("float32[2, 3]", "float32[3]")
    assert reads(found, "gradient(x:0)") == [(key, "cotangent", "d(x:0)")]
    assert reads(found, "gradient(w:0)") == [(key, "cotangent", "d(w:0)")]


def test_a_seed_of_the_users_is_no_kernel() -> None:
    x, seed = gg.constant([1.0, 2.0], name="x"), gg.constant([3.0, 4.0], name="seed")
    found = passes(gg.gradients(gg.sin(x, name="y"), x, grad_ys=seed))
    assert [entry.type for entry in found.entries.values()] == ["aten.cos", "aten.mul", "∇ x"]
    assert ("seed", "seed", "seed:0") in reads(found, "d(y) aten.mul")


def test_a_seed_that_is_handed_through() -> None:
    x, seed = gg.constant([1.0, 2.0], name="x"), gg.constant([3.0, 4.0], name="seed")
    found = passes(gg.gradients(x, x, grad_ys=seed))
    assert reads(found, "gradient(x:0)") == [("seed", "seed", "seed:0")]


def test_a_gradient_in_the_middle_is_handed_out_and_goes_on() -> None:
    x = gg.constant([1.0, 2.0], name="x")
    h = gg.sin(x, name="h")
    found = passes(gg.gradients(gg.exp(h, name="y"), [h, x]))
    assert reads(found, "gradient(h:0)") == [("d(y) aten.mul", "cotangent", "d(h:0)")]
    assert ("d(y) aten.mul", "cotangent", "d(h:0)") in reads(found, "d(h) aten.mul")


def test_results_that_have_one_name_are_two_nodes() -> None:
    x = gg.constant([1.0, 2.0], name="x")
    (g,) = gg.gradients(gg.sin(x, name="y"), x)
    found = passes(gg.gradients(g * g, [g]))
    keys = [key for key, entry in found.entries.items() if entry.kind == "gradient"]
    assert keys == ["gradient(gradients/vjp:0)", "gradient(gradients/vjp:0) [2]"]


@pytest.mark.parametrize("method", ["EXPERIMENTAL_TREE", "EXPERIMENTAL_ACCUMULATE_N"])
def test_sums_in_another_order_belong_to_what_is_summed(method: str) -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    h = gg.sin(x, name="h")
    for tensor in (h, x):
        y = gg.add_n([tensor * 2.0, gg.exp(tensor), gg.cos(tensor), tensor * tensor])
        found = passes(gg.gradients(y, tensor, aggregation_method=getattr(gg.AggregationMethod, method)))
        adds = [entry for entry in found.entries.values() if entry.type in ("+", "aten.add")]
        assert len(adds) == 4 and {entry.mirror for entry in adds} == {tensor.op.name}


def test_sizes_are_known_where_two_runs_agree() -> None:
    x = gg.placeholder(gg.float32, [None, 3], name="x")
    found = passes(gg.gradients(gg.reduce_sum(x * x, name="y"), x))
    assert found.entries["d(y) aten.ones_like"].outputs == ("float32[]",)
    assert found.entries["d(y) aten.expand"].outputs == ("float32[?, 3]",)
    assert {edge.spec for edge in found.edges if edge.target == "sum(x:0)"} == {"float32[?, 3]"}
