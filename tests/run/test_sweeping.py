"""The lines of a gradients() call: one `torch.autograd.grad`, and sums over reads."""

from __future__ import annotations

from typing import Any

import pytest

import graphgrad as gg


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [2], name="x")


def line(text: str, part: str) -> str:
    (found,) = [each.strip().split("  # ")[0].split("; del ")[0] for each in text.splitlines() if part in each]
    return found


def test_one_call_for_all_xs(x: Any) -> None:
    w = gg.placeholder(gg.float32, [2], name="w")
    text = gg.Session().source(gg.gradients(x * w, [x, w]), [x, w])
    assert line(text, "autograd.grad(") == (
        "grad_x, grad_w, = torch.autograd.grad([mul], [x, w], [torch.ones_like(mul)], materialize_grads=True)"
    )


def test_a_scalar_needs_no_seed_and_a_seed_is_named(x: Any) -> None:
    y = gg.reduce_sum(x * x)
    assert ", [x], materialize_grads=True)" in gg.Session().source(gg.gradients(y, x), [x])
    seed = gg.placeholder(gg.float32, [2], name="seed")
    assert "[x], [seed], materialize_grads" in gg.Session().source(gg.gradients(x * x, x, seed), [x, seed])


def test_tapes_are_kept_and_made_where_they_are_needed(x: Any) -> None:
    (first,) = gg.gradients(gg.sin(x) * gg.exp(x), x)
    (second,) = gg.gradients(first, x)
    text = gg.Session().source([second], [x])
    assert text.count("create_graph=True") == 1
    again = gg.gradients(gg.sin(x), x) + gg.gradients(gg.sin(x) * 2.0, x)
    assert gg.Session().source(again, [x]).count("retain_graph=True") == 1


def test_the_reads_of_a_variable_are_summed(x: Any) -> None:
    v = gg.Variable([1.0, 2.0], name="v")
    y = v * x + v.read_value()
    text = gg.Session().source(gg.gradients(y, v), [x])
    assert " + " in line(text, "grad_v =") and line(text, "grad_v =").count("part") == 2
