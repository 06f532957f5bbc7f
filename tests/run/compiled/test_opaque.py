"""Operations that are left as they are between flat stretches: the numbers, effects and errors of a plain session."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import graphgrad as gg
from graphgrad.run.compiled.opaque import Changed, Logged, Opaque, Parted
from tests.run.compiled.test_tier import bits, ways

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=20)

Told = list[tuple[str, float]]


class Course:
    """A program of control flow, effects and sizes that depend on numbers, built by a list of steps."""

    def __init__(self, steps: Sequence[str], told: Told) -> None:
        self.x = gg.placeholder(gg.float32, [None], name="x")
        self.w = gg.Variable([1.5, -0.5, 0.25], name="w")
        self.told = told
        value = torch.tanh(self.x) * gg.reduce_sum(self.w)
        for step in steps:
            value = getattr(self, step)(value)
        self.loss = gg.reduce_sum(torch.sin(value) * 0.5) + gg.reduce_sum(self.w * self.w)
        self.slopes = gg.gradients(self.loss, [self.w, self.x])
        self.update = self.w.assign_sub(0.1 * self.slopes[0])

    def _tell(self, name: str, number: Any) -> None:
        self.told.append((name, float(number)))

    def branch(self, value: Any) -> Any:
        return gg.cond(gg.reduce_sum(value) > 0.1, lambda: value * 2.0, lambda: value + self.w[0])

    def one_sided(self, value: Any) -> Any:
        root = torch.sqrt(torch.abs(value))
        return gg.cond(gg.reduce_sum(value) > 0.0, lambda: root, lambda: value * 0.5)

    def loop(self, value: Any) -> Any:
        return gg.while_loop(lambda v: gg.reduce_sum(torch.abs(v)) > 0.7, lambda v: v * 0.5 + 0.01 * self.w[1], [value])

    def function(self, value: Any) -> Any:
        return gg.py_function(lambda a: (self._tell("function", a.detach().sum()), a * a)[1], [value], gg.float32)

    def arrays(self, value: Any) -> Any:
        number = gg.py_func(
            lambda a: (self._tell("arrays", a.sum()), np.float32(a.max(initial=-9.0)))[1], [value], gg.float32
        )
        return value * number.reshape([])

    def mask(self, value: Any) -> Any:
        return gg.boolean_mask(value, torch.abs(value) >= torch.abs(value).mean())

    def draw(self, value: Any) -> Any:
        return F.dropout(value, 0.3)

    def drawn_branch(self, value: Any) -> Any:
        return gg.cond(gg.reduce_sum(value) > 0.0, lambda: F.dropout(value, 0.5), lambda: value - 0.1)


STEPS = ("branch", "one_sided", "loop", "function", "arrays", "mask", "draw", "drawn_branch")
FEEDS = ([0.5, 1.0, -2.0], [-0.5, -1.0, 0.25], [0.0, 3.0, 0.1], [0.5, 1.0, -2.0], [2.0, 1.0], [-1.0, -3.0, -2.0])


@patient
@given(st.lists(st.sampled_from(STEPS), max_size=5), st.permutations(FEEDS))
@example(["one_sided", "mask", "function"], list(FEEDS))
@example(["drawn_branch", "mask", "draw", "arrays"], list(FEEDS))
def test_random_courses_take_the_same_steps(steps: list[str], feeds: list[list[float]]) -> None:
    told: list[Told] = []
    found = []
    for compile in ("", "trace"):
        told.append([])
        gg.reset_default_graph()
        gg.set_random_seed(3)
        course = Course(steps, told[-1])
        with gg.Session(compile=compile) as session:
            session.run(course.w.initializer)
            told[-1].clear()
            for fed in feeds * 2:
                found.append(bits(session.run([course.loss, *course.slopes, course.update], {course.x: fed})))
            reported = ways(session)
    half = len(found) // 2
    assert found[:half] == found[half:]
    assert str(told[0]) == str(told[1])  # there may be a nan among them
    assert reported[0].startswith("flat")


def both(build: Any, feeds: Sequence[dict[Any, Any]]) -> tuple[list[Any], gg.Session]:
    """The results of a plain and of a compiled session, compared; those, and the latter."""
    fetches = build
    plain, compiled = gg.Session(compile=""), gg.Session(compile="trace")
    expected = [plain.run(fetches, fed) for fed in feeds]
    found = [compiled.run(fetches, fed) for fed in feeds]
    assert [bits(each) for each in found] == [bits(each) for each in expected]
    return found, compiled


def test_what_a_branch_leaves_out_gets_no_gradient_at_all() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    root = torch.sqrt(x)  # its derivative at 0 is infinite: zero times it would not be a number
    slope = gg.gradients(gg.cond(x > 0, lambda: root, lambda: x * 3.0), x)
    found, session = both(slope, [{x: at} for at in (4.0, 0.0, 1.0, 0.0)])
    assert [float(each) for (each,) in found] == [0.25, 3.0, 0.5, 3.0]
    assert ways(session)[0].startswith("flat")


def test_sizes_that_change_from_run_to_run_are_noticed() -> None:
    x = gg.placeholder(gg.float32, [4], name="x")
    kept = gg.boolean_mask(x, x > 0)
    mean = [gg.reduce_mean(kept), gg.range(gg.shape(kept)[0]), gg.gradients(gg.reduce_mean(kept * kept), x)[0]]
    feeds = [[1, 2, 3, 4], [-1, 2, 3, 4], [-1, -2, 3, 4], [1, -2, 3, 4], [-1, -2, -3, 4], [1, 2, 3, 4]]
    both(mean, [{x: np.array(fed, np.float32)} for fed in feeds])


def test_a_run_that_seldom_fits_is_given_up() -> None:
    x = gg.placeholder(gg.float32, [None], name="x")
    kept = gg.boolean_mask(x, x > 0)
    feeds = [np.where(np.arange(30) < n, 1.0, -1.0).astype(np.float32) for n in range(30)]
    _, session = both([kept * 2.0], [{x: fed} for fed in feeds])
    (entry,) = session.report()
    assert "another layout in almost every run" in entry.how and entry.op is not None


def test_effects_come_in_the_order_of_control_dependencies(capfd: pytest.CaptureFixture[str]) -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    told: list[float] = []
    first = gg.py_func(lambda a: (told.append(float(a)), a)[1], [x * 1.0], gg.float32)
    with gg.control_dependencies([first]):
        second = gg.Print(x * 2.0, [x * 2.0], "second ")
    with gg.control_dependencies([second]):
        third = gg.py_func(lambda a: (told.append(-float(a)), a)[1], [x * 3.0], gg.float32)
    with gg.Session(compile="trace") as session:
        for value in (1.0, 2.0):
            assert session.run(third, {x: value}) == value * 3.0
    assert told == [1.0, -3.0, 2.0, -6.0]
    assert capfd.readouterr().err == "second [2]\nsecond [4]\n"


def test_a_failing_function_is_called_once_a_run_and_found() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    told: list[float] = []

    def function(value: Any) -> Any:
        told.append(float(value))
        if value < 0:
            raise RuntimeError("negative")
        return value

    y = gg.py_func(function, [x], gg.float32) * 2.0
    with gg.Session(compile="trace") as session:
        for value in (-1.0, 1.0, -2.0):
            if value > 0:
                assert session.run(y, {x: value}) == 2.0
                continue
            with pytest.raises(gg.errors.InvalidArgumentError, match="negative") as caught:
                session.run(y, {x: value})
            assert caught.value.op is y.op.inputs[0].op
    assert told == [-1.0, 1.0, -2.0]


def test_an_assertion_fails_in_the_run_that_it_is_about() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    with gg.control_dependencies([gg.Assert(gg.reduce_all(x > 0), [x])]):
        y = x * 2.0
    with gg.Session(compile="trace") as session:
        assert session.run(y, {x: [1.0, 2.0]}).tolist() == [2.0, 4.0]
        with pytest.raises(gg.errors.InvalidArgumentError, match="assertion failed"):
            session.run(y, {x: [1.0, -2.0]})
        assert session.run(y, {x: [3.0, 2.0]}).tolist() == [6.0, 4.0]
        assert ways(session)[0].startswith("flat")


def test_a_second_derivative_through_a_branch_runs_as_recorded() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.cond(x > 0, lambda: x**3, lambda: x**2)
    (second,) = gg.gradients(gg.gradients(y, x)[0], x)
    found, session = both([second], [{x: at} for at in (2.0, -2.0)])
    assert [float(each) for (each,) in found] == [12.0, 2.0]
    assert "differentiated twice" in ways(session)[0]


def test_terms_of_a_gradient_are_added_in_the_same_order() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    h = x * 1.0
    twice = gg.cond(x > 0, lambda: h * 1e8 + h * 1.0, lambda: h)
    (slope,) = gg.gradients(twice - h * 1e8 + h * 3.0, x)
    both([slope], [{x: at} for at in (1.0, 1.0, -1.0)])


def test_a_function_may_differentiate_by_itself_if_the_caller_could() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")

    def steep(array: Any) -> Any:
        tensor = torch.from_numpy(array).requires_grad_()
        (tensor**3).sum().backward()
        assert tensor.grad is not None
        return tensor.grad.numpy()

    found, _ = both([gg.py_func(steep, [x], gg.float32) * 1.0], [{x: [1.0, 2.0]}] * 3)
    assert found[-1][0].tolist() == [3.0, 12.0]


def test_a_function_may_run_another_session() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    inner = gg.Graph()
    with inner.as_default():
        a = gg.placeholder(gg.float32, [], name="a")
        b = gg.cond(a > 0, lambda: a * 2.0, lambda: -a)
    nested = gg.Session(graph=inner, compile="trace")
    y = gg.py_func(lambda value: nested.run(b, {a: value}), [x], gg.float32) + 1.0
    found, _ = both([y], [{x: at} for at in (1.0, -1.0, 2.0)])
    assert [float(each) for (each,) in found] == [3.0, 2.0, 5.0]


def test_threads_meet_inside_of_functions() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    meeting = threading.Barrier(2, timeout=30)
    y = gg.py_func(lambda value: (meeting.wait(), value)[1], [x], gg.float32) * 2.0
    found: list[float] = []
    with gg.Session(compile="trace") as session:
        threads = [threading.Thread(target=lambda: found.append(float(session.run(y, {x: 2.0})))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [4.0, 4.0]


def test_an_opaque_call_outside_of_its_run_says_what_does_not_fit() -> None:
    op = gg.constant(1.0).op
    call = Opaque(Parted(op), lambda a: (a[a > 0],), (False,), None, False)
    call.expected = call.outcome(Logged((), None), [torch.tensor([1.0, 2.0])]).layout
    assert call(torch.tensor([3.0, 4.0]))[0].tolist() == [3.0, 4.0]
    with pytest.raises(Changed, match="another layout") as caught:
        call(torch.tensor([3.0, -4.0]))
    assert caught.value.op is op
