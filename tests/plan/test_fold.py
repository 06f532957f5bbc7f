"""Constant folding: what is computed once for all runs, and what never is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.plan.fold import foldable
from graphgrad.plan.plan import plan


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [2], name="x")


def folded(*fetches: Any, feeds: Any = ()) -> list[str]:
    """The names of what a run computes once."""
    folding = plan([each._value for each in fetches], (), [each._value for each in feeds]).folding
    return [] if folding is None else [value.name for value in folding.fetches]


def test_the_last_of_a_chain_of_constants_is_kept(x: Any) -> None:
    c = gg.constant([1.0, 2.0])
    assert folded(x * gg.exp(gg.sin(c, name="a"), name="b"), feeds=[x]) == ["b:0"]


def test_operations_without_arguments_are_constants(x: Any) -> None:
    assert folded(x + torch.arange(2) * gg.ones([2], name="ones"), feeds=[x]) == ["mul:0"]


def test_equal_constants_are_computed_once(x: Any) -> None:
    c = gg.constant([1.0, 2.0])
    assert folded(x * gg.sin(c, name="a") - gg.sin(c, name="b"), feeds=[x]) == ["a:0"]


NEVER = {
    "a constant itself": lambda x, c: x * c,
    "a fetch": lambda x, c: gg.sin(c),
    "a variable": lambda x, c: x * gg.sin(gg.Variable([1.0, 2.0])),
    "a draw": lambda x, c: x * gg.sin(gg.random_uniform([2])),
    "what depends on a feed": lambda x, c: x * gg.sin(x * c),
    "what waits for something": lambda x, c: x * waiting(c),
    "what is large": lambda x, c: x[0] * gg.ones([3_000_000]),
    "what prints": lambda x, c: x * gg.Print(c, [c]),
    "a Python function": lambda x, c: x * gg.py_func(lambda array: array, [c], gg.float32),
    "a condition": lambda x, c: x * gg.cond(gg.constant(True), lambda: c, lambda: c * 2.0),
    "a function of the user's": lambda x, c: x * gg.record(Doubled.apply, c),
    "an x": lambda x, c: gg.gradients(x * (y := gg.sin(c)), y)[0],
    "what depends on an x": lambda x, c: gg.gradients(x * gg.sin(c), c)[0],
    "a stop": lambda x, c: gg.gradients(x * (y := gg.sin(c)), x, stop_gradients=[y])[0],
    "a grad_y": lambda x, c: gg.gradients(x * c, x, grad_ys=gg.sin(c))[0],
    "a y": lambda x, c: gg.gradients([x * c, gg.sin(c)], [x])[0],
}


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        return tensor * 2

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient * 2


def waiting(c: Any) -> Any:
    with gg.control_dependencies([gg.no_op()]):
        return gg.sin(c)


@pytest.mark.parametrize("name", NEVER)
def test_what_is_never_folded(x: Any, name: str) -> None:
    fetch = NEVER[name](x, gg.constant([1.0, 2.0]))
    assert folded(fetch, feeds=[x]) == []


def test_what_else_is_used_of_what_is_folded_is_kept_as_well(x: Any) -> None:
    a = gg.sin(gg.constant([1.0, 2.0]), name="a")
    b = gg.exp(a, name="b")
    y = x * b
    assert folded(y, a, feeds=[x]) == ["a:0", "b:0"]
    assert folded(y, gg.cos(a), feeds=[x]) == ["a:0", "b:0"]
    v = gg.Variable([0.0, 0.0])
    with gg.Session() as session:
        found = session.run([y, a, gg.cos(a), v.assign(a)], {x: [1, 1]})
    sine = np.sin([1, 2])
    for one, other in zip(found, [np.exp(sine), sine, np.cos(sine), sine], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_what_is_fed_is_not_folded(x: Any) -> None:
    a = gg.sin(gg.constant([1.0, 2.0]))
    y = x * a
    assert folded(y, feeds=[x, a]) == []
    with gg.Session() as session:
        assert session.run(y, {x: [1, 1], a: [5, 6]}).tolist() == [5, 6]
        np.testing.assert_allclose(session.run(y, {x: [1, 1]}), np.sin([1, 2]), rtol=1e-6)


def test_the_tape_is_left_alone(x: Any) -> None:
    a = gg.sin(gg.constant([1.0, 2.0]), name="a")
    x * a
    order = gg.get_default_graph().get_operations()
    assert [value.name for value in foldable(order, set(), set(), {})] == ["a:0"]
    assert foldable(order, {a.op}, set(), {}) == foldable(order, set(), {a._value}, {}) == {}


def test_folded_results_are_the_user_s_own(x: Any) -> None:
    c = gg.exp(gg.constant([0.0, 0.0]))
    v = gg.Variable([5.0, 5.0])
    y, assign = x * c, v.assign(c)
    with gg.Session() as session:
        for _ in range(2):
            found, value, new = session.run([c, y, assign], {x: [1, 2]})
            found += 7.0
            assert (found.tolist(), value.tolist(), new.tolist()) == ([8, 8], [1, 2], [1, 1])
            session.run(v.assign_add([1.0, 1.0]).op)
            assert session.run(v).tolist() == [2, 2]


def test_what_fails_fails_in_the_run_and_names_its_line(x: Any) -> None:
    bad = torch.index_select(gg.constant([1.0]), 0, gg.constant([3], dtype=gg.int64))
    run = gg.Session().make_callable(x * bad, [x])
    with pytest.raises(gg.errors.InvalidArgumentError, match="test_fold.py") as caught:
        run([1.0, 2.0])
    assert caught.value.op is bad.op


def test_a_branch_that_is_not_taken_may_fail(x: Any) -> None:
    bad = lambda: x * torch.index_select(gg.constant([1.0]), 0, gg.constant([3], dtype=gg.int64))  # noqa: E731
    y = gg.cond(x[0] > 0, lambda: x * 2.0, bad)
    with gg.Session() as session:
        assert session.run(y, {x: [1, 2]}).tolist() == [2, 4]


def test_constants_are_folded_where_the_session_runs_and_in_its_modes(x: Any) -> None:
    c = torch.full((2,), 1.0, dtype=torch.float64)
    y = x.double() * gg.exp(gg.constant(c))
    with gg.Session() as session, torch.inference_mode():
        found = session.run(y, {x: [1, 2]})
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, np.exp(1) * np.array([1, 2]), rtol=1e-15)
    assert torch.is_grad_enabled()
