"""What is computed again: which steps are one stretch, and what comes before and behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import graphgrad as gg
from graphgrad.plan import segments as module


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [2], name="x")


def stretches(fetches: Sequence[Any], feeds: Sequence[Any]) -> list[list[str]]:
    """The names of the steps of each stretch."""
    plan = gg.Session().plan(fetches, feeds)
    return [[step.op.name for step in plan.steps[start:end]] for start, end in plan.segments]


def test_a_block_is_a_stretch(x: Any) -> None:
    y = gg.sin(x, name="before")
    with gg.recompute():
        y = gg.exp(gg.cos(y, name="a"), name="b")
    y = gg.sin(y)
    assert stretches(gg.gradients(y, x), [x]) == [["a", "b"]]


def test_without_gradients_nothing_is_computed_again(x: Any) -> None:
    with gg.recompute():
        y = gg.exp(gg.sin(x))
    assert stretches([y], [x]) == []


def test_one_operation_alone_is_kept(x: Any) -> None:
    with gg.recompute():
        y = gg.exp(x)
    assert stretches(gg.gradients(y, x), [x]) == []


def test_blocks_side_by_side_are_two(x: Any) -> None:
    y = x
    for name in "ab":
        with gg.recompute():
            y = gg.exp(gg.sin(y, name=name), name=f"{name}2")
    assert stretches(gg.gradients(y, x), [x]) == [["a", "a2"], ["b", "b2"]]


def test_variables_constants_and_assigns_break_no_stretch(x: Any) -> None:
    v = gg.Variable([1.0, 2.0], name="v")
    with gg.recompute():
        y = gg.sin(x, name="a") * v
        add = v.assign_add(y, name="add")
        y = gg.exp(y * gg.constant([1.0, 2.0]), name="b")
    assert stretches([*gg.gradients(y, x), add], [x]) == [["a", "mul", "mul_1", "b"]]
    steps = [step.op.name for step in gg.Session().plan([*gg.gradients(y, x), add], [x]).steps]
    assert steps.index("add") == steps.index("b") + 1


def test_what_sees_an_assign_comes_behind_it(x: Any) -> None:
    v = gg.Variable([1.0, 2.0])
    with gg.recompute():
        y = gg.exp(gg.sin(x, name="a"), name="b")
        new = v.assign(y)
        z = gg.exp(gg.sin(new * x, name="c"), name="d")
        with gg.control_dependencies([new]):
            z = gg.sin(gg.cos(z, name="e"), name="f")
    found = stretches(gg.gradients(z + y, x), [x])
    assert [names[0] for names in found] == ["a", "mul"] and found[0] == ["a", "b"]


BREAKS = {
    "printing": lambda y: gg.Print(y, [y]),
    "a Python function": lambda y: gg.py_function(lambda each: each * 2, [y], gg.float32),
    "a gradient": lambda y: gg.gradients(gg.sin(y), y)[0],
    "an array": lambda y: gg.TensorArray(gg.float32, 2).unstack(y).stack(),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_can_not_be_done_twice_breaks_a_stretch(x: Any, name: str) -> None:
    with gg.recompute():
        y = gg.exp(gg.sin(x, name="a"), name="b")
        y = BREAKS[name](y)
        y = gg.exp(gg.sin(y, name="c"), name="d")
    found = stretches(gg.gradients(y, x), [x])
    assert found[0][:2] == ["a", "b"] and found[-1][-2:] == ["c", "d"]
    assert len(found) >= 2 and not any("py" in each.lower() or "Print" in each for names in found for each in names)


def test_what_is_fed_breaks_a_stretch(x: Any) -> None:
    with gg.recompute():
        y = gg.exp(gg.sin(x, name="a"), name="b")
        z = y * 2.0
        w = gg.exp(gg.sin(z, name="c"), name="d")
    assert stretches(gg.gradients(w, x), [x, z]) == [["a", "b"], ["c", "d"]]


def test_long_blocks_are_several_stretches(x: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    y = x
    with gg.recompute():
        for _ in range(8):
            y = gg.sin(y)
    assert [len(names) for names in stretches(gg.gradients(y, x), [x])] == [3, 3, 2]
