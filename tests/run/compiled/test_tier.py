"""A session with `compile=` gives the numbers of one without, and says what it could not compile."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings

import graphgrad as gg
from graphgrad.run.compiled.tier import KEPT, Tier
from tests.replay import Replay
from tests.strategies import Case, cases

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=40)


def bits(results: Any) -> list[bytes]:
    return [np.asarray(each).tobytes() for each in results if each is not None]


def ways(session: gg.Session) -> list[str]:
    return [entry.how for entry in session.report()]


@pytest.fixture
def traced() -> Iterator[gg.Session]:
    with gg.Session(compile="trace") as session:
        yield session


@patient
@given(cases())
def test_random_programs_give_the_same_bits(case: Case) -> None:
    replay = Replay(case)
    fetches = [replay.values[n] for n in case.fetches]
    with replay.graph.as_default():
        initializer = gg.global_variables_initializer()
    with gg.Session(replay.graph, compile="trace") as session, gg.Session(replay.graph, compile="") as plain:
        plain.run(initializer)
        session.run(initializer)
        expected = plain.run(fetches, replay.feeds)
        for _ in range(2):
            assert bits(session.run(fetches, replay.feeds)) == bits(expected)


def classifier() -> tuple[Any, Any, Any, Any]:
    """A small network with dropout that trains by momentum."""
    x, labels = gg.placeholder(gg.float32, [None, 4], name="x"), gg.placeholder(gg.int64, [None], name="labels")
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Dropout(0.3), torch.nn.Linear(8, 3))
    loss = F.cross_entropy(net(x), labels)
    return x, labels, loss, gg.train.MomentumOptimizer(0.1, 0.9).minimize(loss)


def test_training_takes_the_same_course_bit_for_bit() -> None:
    gg.set_random_seed(1)
    x, labels, loss, step = classifier()
    generator = np.random.default_rng(0)
    batches = [(generator.normal(size=(n, 4)), generator.integers(0, 3, n)) for n in (5, 5, 7, 5, 7)]
    courses = []
    for compile in ("", "trace"):
        with gg.Session(compile=compile) as session:
            session.run(gg.global_variables_initializer())
            courses.append([session.run([loss, step], {x: a, labels: b})[0] for a, b in batches])
            courses[-1] += session.run(gg.trainable_variables())
    assert bits(courses[0]) == bits(courses[1])
    assert len({float(loss) for loss in courses[1][:5]}) == 5


def test_a_kind_of_feeds_has_a_program_of_its_own(traced: gg.Session) -> None:
    x = gg.placeholder(gg.float32, [None], name="x")
    y = gg.gradients(gg.reduce_sum(x * x), x)[0]
    for length in (2, 3, 2):
        assert traced.run(y, {x: np.ones(length)}).tolist() == [2.0] * length
    assert ways(traced)[0].startswith("flat, for 2 kinds of feeds")


def test_more_kinds_than_are_kept_run_as_recorded(traced: gg.Session) -> None:
    x = gg.placeholder(gg.float32, [None], name="x")
    y = gg.reduce_sum(x * 2.0)
    for length in range(1, KEPT + 3):
        assert traced.run(y, {x: np.ones(length)}) == 2.0 * length
    first, second = ways(traced)
    assert first.startswith(f"flat, for {KEPT} kinds") and second.startswith("2 runs as without compile=")


def test_a_variable_of_another_layout_has_a_program_of_its_own(traced: gg.Session) -> None:
    v = gg.Variable(np.arange(6.0).reshape(2, 3), dtype=gg.float32)
    turned = gg.placeholder(gg.float32, [3, 2], name="turned")
    flat = v.reshape(-1)
    assign = v.assign(gg.transpose(turned))
    traced.run(v.initializer)
    assert traced.run(flat).tolist() == [0, 1, 2, 3, 4, 5]
    traced.run(assign.op, {turned: np.arange(6.0).reshape(3, 2)})
    assert traced.run(flat).tolist() == [0, 2, 4, 1, 3, 5]


def test_a_value_that_was_replaced_is_freed(traced: gg.Session) -> None:
    v = gg.Variable([1.0, 2.0])
    double = v.assign(v * 2.0)
    traced.run(v.initializer)
    for _ in range(2):
        before = weakref.ref(traced._store._values[v.state])
        assert before() is not None
        traced.run(double.op)
        assert before() is None
    assert traced.run(v).tolist() == [4, 8]


def test_what_must_see_numbers_stays_as_it_is_between_flat_stretches(traced: gg.Session) -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.cond(x > 0, lambda: x * 2.0, lambda: x * 3.0)
    (slope,) = gg.gradients(y, x)
    assert [float(traced.run(slope, {x: at})) for at in (1.0, -1.0, 1.0)] == [2.0, 3.0, 2.0]
    flat, entry = traced.report()
    assert flat.how.startswith("flat") and "numbers" in entry.how and entry.op is y.op
    assert "test_tier.py" in str(traced.report())


def test_python_functions_are_called_once_a_run(traced: gg.Session) -> None:
    seen: list[float] = []
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.py_func(lambda value: (seen.append(float(value)), value)[1], [x], gg.float32)
    for value in (1.0, 2.0):
        assert traced.run(y, {x: value}) == value
    assert seen == [1.0, 2.0]
    assert "Python code" in ways(traced)[1]


def test_a_run_that_fails_is_tried_again_with_other_numbers(traced: gg.Session) -> None:
    index = gg.placeholder(gg.int64, [1], name="index")
    y = torch.index_select(gg.constant([1.0, 2.0]), 0, index)
    with pytest.raises(gg.errors.InvalidArgumentError, match="index_select"):
        traced.run(y, {index: [9]})
    assert traced.run(y, {index: [1]}).tolist() == [2.0]
    assert ways(traced)[0].startswith("flat")
    with pytest.raises(gg.errors.InvalidArgumentError, match="test_tier.py") as caught:
        traced.run(y, {index: [9]})
    assert caught.value.op is y.op


def test_equal_fetches_share_no_memory(traced: gg.Session) -> None:
    a, b = gg.placeholder(gg.float32, [2], name="a"), gg.placeholder(gg.float32, [2], name="b")
    v = gg.Variable([0.0, 0.0])
    fetched = traced.run([*gg.gradients(3.0 * (a + b), [a, b]), v.assign(a + b), a + b], {a: [1, 2], b: [3, 4]})
    for array in fetched[:3]:
        array += 100.0
    assert [array.tolist() for array in fetched] == [[103, 103], [103, 103], [104, 106], [4, 6]]
    assert traced.run(v).tolist() == [4, 6]


def test_a_tensor_that_a_function_makes_and_changes_is_new_in_each_run(traced: gg.Session) -> None:
    class Counting(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
            return torch.tensor([1.0, 2.0]).add_(tensor)

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient

    x = gg.placeholder(gg.float32, [2], name="x")
    y = gg.record(Counting.apply, x)
    for _ in range(3):
        assert traced.run(y, {x: [1.0, 1.0]}).tolist() == [2.0, 3.0]
    assert ways(traced)[0].startswith("flat")


def test_draws_are_those_of_a_plain_session() -> None:
    gg.set_random_seed(7)
    noise = gg.random_normal([3]) + F.dropout(gg.ones([3]), 0.5)
    found = []
    for compile in ("", "trace"):
        with gg.Session(compile=compile) as session:
            found.append(bits([session.run(noise) for _ in range(3)]))
    assert found[0] == found[1] and len(set(found[1])) == 3


def test_threads_share_a_compiled_session(traced: gg.Session) -> None:
    v = gg.Variable(0.0)
    step = v.assign_add(1.0)
    traced.run(v.initializer)
    threads = [threading.Thread(target=lambda: [traced.run(step.op) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert traced.run(v) == 200.0


def test_the_tracing_run_changes_nothing(traced: gg.Session) -> None:
    v = gg.Variable(1.0)
    double = v.assign(v * 2.0)
    traced.run(v.initializer)
    before = torch.random.get_rng_state()
    assert traced.run(double) == 2.0  # traced, then run: doubled once
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.is_grad_enabled()


def test_the_environment_chooses_where_the_session_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    monkeypatch.setenv("GRAPHGRAD_COMPILE", "trace")
    with gg.Session() as session, gg.Session(compile="") as plain:
        assert session.run(gg.sin(x), {x: 1.0}) == plain.run(gg.sin(x), {x: 1.0}) == np.float32(math.sin(1.0))
        assert ways(session)[0].startswith("flat") and ways(plain) == ["eager"]


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(ValueError, match="'trace'"):
        gg.Session(compile="fast")


@pytest.mark.parametrize("tier", ["", "auto", "cudagraph"])
def test_sizes_are_left_open_in_two_tiers(tier: str) -> None:
    with pytest.raises(ValueError, match="goes with compile='trace' or 'inductor'"):
        gg.Session(compile=tier, dynamic=True)


def test_a_tier_that_has_not_run_says_so(traced: gg.Session) -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    traced.make_callable(gg.sin(x), [x])
    assert ways(traced) == ["not run yet"]
    (prepared,) = traced._prepared.values()
    assert isinstance(prepared.program.call, Tier)
