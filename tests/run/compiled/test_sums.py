"""Sums of products of matrices: joined where that pays, the same numbers but for rounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.fx import GraphModule

import graphgrad as gg
from graphgrad.run.compiled import sums
from graphgrad.run.compiled.inductor import missing
from graphgrad.run.compiled.stretch import Stretch
from graphgrad.run.compiled.sums import join_products
from tests.run.compiled.sketch import Sketch

aten = torch.ops.aten
add, mm, turn = aten.add.Tensor, aten.mm.default, aten.t.default

needs_a_compiler = pytest.mark.skipif(bool(missing()), reason=missing() or "there is one")


class Drawing(Sketch):
    """A stretch that is being written."""

    def product(self, inner: int = 2, rows: int = 8, columns: int = 6) -> Any:
        return self.call(mm, self.given(rows, inner), self.given(inner, columns))

    def module(self, *results: Any) -> GraphModule:
        nodes = list(self.flat.graph.nodes)
        inputs = [node for node in nodes if node.op == "placeholder"]
        return Stretch([node for node in nodes if node.op == "call_function"], inputs, list(results), {}).module()


def kernels(module: GraphModule) -> list[str]:
    return [node.target._opname for node in module.graph.nodes if node.op == "call_function"]  # type: ignore[union-attr]


def joined(module: GraphModule, atol: float = 1e-5) -> list[str]:
    """The kernels that are left, of a module that gives the same numbers as before."""
    generator = torch.Generator().manual_seed(0)
    inputs = [
        torch.randn(node.meta["made"].shape, dtype=node.meta["made"].dtype, generator=generator)
        for node in module.graph.find_nodes(op="placeholder")
    ]
    expected = module(*[each.clone() for each in inputs])
    found = join_products(module)
    found.graph.lint()
    for a, b in zip(found(*inputs), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=atol)
    return kernels(found)


def test_a_sum_of_products_is_one_product() -> None:
    draw = Drawing()
    total = draw.call(add, draw.call(add, draw.product(), draw.product(3)), draw.product(1))
    assert joined(draw.module(total)) == ["cat", "cat", "mm"]


def test_transposed_products_are_products_too() -> None:
    draw = Drawing()
    first = draw.call(turn, draw.call(mm, draw.call(turn, draw.given(2, 6)), draw.given(2, 8)))
    both = draw.call(add, draw.call(turn, draw.call(add, first, draw.product())), draw.product(1, 6, 8))
    assert joined(draw.module(both)) == ["t", "t", "t", "cat", "cat", "mm"]


def test_other_terms_stay_terms() -> None:
    draw = Drawing()
    sine = draw.call(aten.sin.default, draw.given(8, 6))
    total = draw.call(add, draw.call(add, draw.product(), sine), draw.call(add, draw.product(), draw.given(8, 6)))
    assert sorted(joined(draw.module(total))) == ["add", "add", "cat", "cat", "mm", "sin"]


def _read_elsewhere(draw: Drawing) -> list[Any]:
    first, second = draw.product(), draw.product()
    return [draw.call(add, first, second), draw.call(aten.sin.default, first)]


def _sum_read_elsewhere(draw: Drawing) -> list[Any]:
    inner = draw.call(add, draw.product(), draw.given(8, 6))
    return [draw.call(add, inner, draw.product()), draw.call(aten.sin.default, inner)]


def _given(draw: Drawing) -> list[Any]:
    first, second = draw.product(), draw.product()
    return [draw.call(add, first, second), first, second]


def _times(draw: Drawing) -> list[Any]:
    return [draw.call(add, draw.product(), draw.product(), alpha=2.0)]


def _number(draw: Drawing) -> list[Any]:
    return [draw.call(add, draw.call(add, draw.product(), 2.0), draw.product())]


def _broadcast(draw: Drawing) -> list[Any]:
    return [draw.call(add, draw.product(2, 1, 6), draw.product(2, 8, 6))]


def _twice(draw: Drawing) -> list[Any]:
    product = draw.product()
    return [draw.call(add, product, product)]


def _long(draw: Drawing) -> list[Any]:
    return [draw.call(add, draw.product(30), draw.product(30))]


def _integers(draw: Drawing) -> list[Any]:
    whole = [draw.call(aten._to_copy.default, draw.given(8, 2), dtype=torch.int64) for _ in range(2)]
    other = draw.call(aten._to_copy.default, draw.given(2, 6), dtype=torch.int64)
    return [draw.call(add, *(draw.call(mm, each, other) for each in whole))]


def _written(draw: Drawing) -> list[Any]:
    a, b = draw.given(8, 2), draw.given(2, 6)
    first = draw.call(mm, draw.call(aten.slice.Tensor, a, 0, 0, 8), b)
    second = draw.call(mm, a, b)
    draw.call(aten.mul_.Tensor, a, 2.0)
    return [draw.call(add, first, second)]


@pytest.mark.parametrize(
    "case",
    [_read_elsewhere, _sum_read_elsewhere, _given, _times, _number, _broadcast, _twice, _long, _integers, _written],
)
def test_others_stay(case: Callable[[Drawing], list[Any]]) -> None:
    draw = Drawing()
    module = draw.module(*case(draw))
    before = sorted(kernels(module))
    assert sorted(joined(module)) == before


def test_long_sums_are_joined_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "_LONG", 4)
    draw = Drawing()
    total = draw.product()
    for _ in range(4):
        total = draw.call(add, total, draw.product())
    assert sorted(joined(draw.module(total))) == ["add"] * 2 + ["cat"] * 4 + ["mm"] * 3


def test_a_thousand_terms_are_no_recursion() -> None:
    draw = Drawing()
    total = draw.product(1)
    for _ in range(2000):
        total = draw.call(add, total, draw.product(1))
    assert joined(draw.module(total), atol=1e-3).count("mm") == 2


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_sums(data: st.DataObject) -> None:
    draw = Drawing()
    matrices = [draw.product(), draw.product(1), draw.given(8, 6), draw.given(6, 8)]
    for _ in range(data.draw(st.integers(1, 12))):
        first = data.draw(st.sampled_from(matrices))
        alike = [each for each in matrices if each.meta["made"].shape == first.meta["made"].shape]
        ways: list[Callable[[], Any]] = [
            lambda first=first, alike=alike: draw.call(add, first, data.draw(st.sampled_from(alike))),
            lambda first=first: draw.call(turn, first),
            lambda first=first: draw.call(mm, first, draw.given(first.meta["made"].shape[1], 2)),
            lambda: draw.product(data.draw(st.integers(1, 3))),
        ]
        made = data.draw(st.sampled_from(ways))()
        matrices += [made] if 6 in made.meta["made"].shape else []
    results = data.draw(st.lists(st.sampled_from(matrices[4:] or matrices[:1]), min_size=1, max_size=3))
    joined(draw.module(*results))


@needs_a_compiler
def test_the_gradient_of_a_weight_that_is_used_again_and_again() -> None:
    generator = np.random.default_rng(0)
    w = gg.Variable(generator.normal(size=(12, 12)).astype("float32") / 4, name="w")
    h = gg.constant(generator.normal(size=(3, 12)).astype("float32"))
    for _ in range(5):
        h = torch.tanh(h @ w)
    (slope,) = gg.gradients(gg.reduce_sum(h), w)
    found = []
    for tier in ("", "inductor"):
        with gg.Session(compile=tier) as session:
            session.run(gg.global_variables_initializer())
            found.append(session.run(slope))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-6)
