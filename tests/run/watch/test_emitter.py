"""The watched program: the numbers of the plain one, bit for bit, and everything is handed over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

import graphgrad as gg
from graphgrad.plan.passes import ALL
from graphgrad.plan.plan import plan
from graphgrad.run.emit import emit
from graphgrad.run.watch.emitter import WatchedEmitter
from tests.replay import Replay
from tests.strategies import Case, cases

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=40)


def lines(text: str) -> list[str]:
    body = text[text.index("def program") :].splitlines()[1:]
    return [line.split("  # ")[0].strip() for line in body if line.strip()]


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float64, [2], name="x")


@patient
@given(cases())
def test_a_watched_run_is_the_plain_run_bit_for_bit(case: Case) -> None:
    replay = Replay(case)
    fetches = [replay.values[n] for n in case.fetches]
    plain = replay.session.run(fetches, replay.feeds)
    values = gg.watch.Values()
    for watch in (values, [gg.watch.Values(), gg.watch.NaN(inf=False)]):
        try:
            watched = replay.session.run(fetches, replay.feeds, watch=watch)
        except gg.watch.NonFiniteError:
            continue  # some random programs do overflow
        for one, two in zip(plain, watched, strict=True):
            assert np.asarray(one).tobytes() == np.asarray(two).tobytes()
            assert np.asarray(one).dtype == np.asarray(two).dtype
    fed = {tensor._value for tensor in replay.feeds}
    kept = [n for n, tensor in enumerate(fetches) if tensor._value not in fed]
    assert_cotangents(values, [fetches[n] for n in kept], [plain[n] for n in kept])


def assert_cotangents(values: gg.watch.Values, fetches: list[Any], found: list[Any]) -> None:
    """What reached an x in a sweep is what the call gives for it."""
    for tensor, array in zip(fetches, found, strict=True):
        if tensor.op.type != "Gradients" or not np.isfinite(array).all():
            continue
        (*_, only) = group = tensor.op.payload.xs[tensor._value.index]
        if len(group) == 1 and (only, tensor.op) in values.measures and tensor._value.op is tensor.op:
            norm = values.measures[only, tensor.op].norm
            assert norm == pytest.approx(float(np.linalg.norm(array)), rel=1e-9, abs=1e-12)


def test_each_operation_is_between_two_lines(x: Any) -> None:
    y = gg.exp(x, name="y")
    text = emit(plan((y._value,), (), (x._value,)), "cpu", WatchedEmitter).text
    assert lines(text) == [
        "x = feeds[0]", "run.fed(const[0], x)", "run.enter(const[1])", "y = torch.exp(x)",
        "run.leave(const[1], [y], [x]); del x", "return [y], []",
    ]  # fmt: skip


def test_the_lines_without_a_watch_are_as_before(x: Any) -> None:
    (g,) = gg.gradients(gg.exp(x), x)
    with gg.Session() as session:
        plain = session.source(g, [x])
        watched = session.source(g, [x], watch=gg.watch.Values())
    assert "run." not in plain.split("def program")[1]
    kept = [line for line in lines(watched) if not line.startswith(("run.enter", "run.leave", "run.fed"))]
    assert [line.partition("; del")[0] for line in kept] == [line.partition("; del")[0] for line in lines(plain)]


def test_the_places_know_feeds_stops_and_stand_ins(x: Any) -> None:
    one, two = gg.sin(x, name="one"), gg.sin(x, name="two")
    y = gg.exp(one + two, name="y") * x
    stop = gg.cos(y)
    first, second = gg.gradients(stop * x, x, stop_gradients=[y]), gg.gradients(stop, [x, y])
    fetched = tuple(g._value for g in (*first, *second))
    places = {
        place.op.name: place
        for place in emit(plan(fetched, (), (x._value,)), "cpu", WatchedEmitter).constants
    }  # fmt: skip
    assert places["x"].fed == {0}
    assert list(places["mul"].closed) == [0] and places["mul"].closed[0] == {first[0].op}
    off_tape = emit(plan((one._value, two._value), (), (x._value,)), "cpu", WatchedEmitter).constants
    assert [[op.name for op in place.twins] for place in off_tape if place.op.name == "one"] == [["two"]]


def test_a_plan_without_updates_in_place(x: Any) -> None:
    v = gg.Variable(np.zeros(2), name="v")
    asked = plan((), (v.assign_add(x).op,), (x._value,))
    assert [update.donated for update in asked.updates] == [True]
    apart = plan((), (v.graph.get_operations()[-1],), (x._value,), passes=ALL.watched(in_place=False))
    assert [update.donated for update in apart.updates] == [False]
    assert "state[0].add_(" in emit(asked, "cpu", WatchedEmitter).text
    text = emit(apart, "cpu", WatchedEmitter).text
    assert "torch.add(state[0], x)" in text and "add_(" not in text


def test_updates_of_several_variables_in_one_call_have_one_place(x: Any) -> None:
    ops = [gg.Variable(np.zeros(2)).assign_add(x).op for _ in range(3)]
    places = emit(plan((), ops, (x._value,)), "cpu", WatchedEmitter).constants
    assert [place.twins for place in places if place.op is ops[0]] == [tuple(ops[1:])]


@pytest.mark.parametrize("make", [gg.watch.Values, gg.watch.Profile, gg.watch.NaN])
def test_updates_and_random_draws_are_the_same(make: Any) -> None:
    found = []
    for watch in (None, make()):
        with gg.Graph().as_default():
            gg.set_random_seed(3)
            v = gg.Variable(np.ones(3), name="v")
            noise = gg.random_normal([3], dtype=gg.float64)
            loss = gg.reduce_sum(gg.tanh(v * noise))
            step = v.assign_sub(0.5 * gg.gradients(loss, v)[0])
            with gg.Session() as session:
                session.run(gg.global_variables_initializer())
                found.append([session.run([loss, noise, step.op], watch=watch)[:2] for _ in range(3)])
                found[-1].append(session.run(v))
    for one, two in zip(*found, strict=True):
        assert np.array_equal(np.hstack(one), np.hstack(two))


def test_a_session_is_as_quick_as_before_without_a_watch(x: Any) -> None:
    """A run that nobody watches uses the plain program, also after one that was watched."""
    y = gg.exp(x)
    with gg.Session() as session:
        session.run(y, {x: [0.0, 1.0]}, watch=gg.watch.Values())
        assert "run." not in session.source(y, [x]).split("def program")[1]
        kinds = {prepared.program.switches for prepared in session._prepared.values()}
    assert kinds == {False, True}


def test_hooks_do_not_outlive_the_run(x: Any) -> None:
    v = gg.Variable(np.ones(2), name="v")
    loss = gg.reduce_sum(v * v * x)
    g = gg.gradients(loss, v)[0]
    watch = gg.watch.Values()
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        session.run(g, {x: [1.0, 2.0]}, watch=watch)
        before = dict(watch.measures)
        session.run(g, {x: [5.0, 6.0]})
    assert watch.measures == before and before[v.op.values[0], g.op].norm == pytest.approx(np.hypot(2, 4))


def test_sums_in_another_order_and_second_order_are_watched(x: Any) -> None:
    y = gg.sin(x)
    total = y * 2.0 + y * 3.0 + y * 4.0
    (g,) = gg.gradients(total, x, aggregation_method=1)
    (h,) = gg.gradients(g, x)
    watch = gg.watch.Values()
    with gg.Session() as session:
        found = session.run([g, h], {x: [0.3, 0.4]}, watch=[watch, gg.watch.NaN(), gg.watch.Profile()])
    np.testing.assert_allclose(found[0], 9 * np.cos([0.3, 0.4]), rtol=1e-12)
    np.testing.assert_allclose(found[1], -9 * np.sin([0.3, 0.4]), rtol=1e-12)
    assert watch.measures[y.op.values[0], g.op].high == 9.0
    assert watch.measures[g._value, h.op].high == 1.0


def test_a_fed_intermediate_that_a_gradient_passes(x: Any) -> None:
    h = gg.exp(x, name="h")
    (g,) = gg.gradients(h * h, x)
    watch = gg.watch.Values()
    with gg.Session() as session:
        feeds = {x: [0.0, 0.0], h: [3.0, 4.0]}
        plain = session.run(g, feeds)
        assert np.array_equal(session.run(g, feeds, watch=watch), plain)
    assert watch.measures[h._value, None].norm == 5.0
    assert torch.tensor(plain).tolist() == [18.0, 32.0]


def test_a_program_in_parts_is_watched_as_a_whole(x: Any) -> None:
    y = x
    for _ in range(700):
        y = gg.sin(y)
    (g,) = gg.gradients(y, x)
    watch = gg.watch.Values()
    with gg.Session() as session:
        assert "def part_1(" in session.source(g, [x], watch=watch)
        plain = session.run(g, {x: [0.3, 0.4]})
        assert np.array_equal(session.run(g, {x: [0.3, 0.4]}, watch=watch), plain)
    assert sum(call is None for _, call in watch.measures) == 702
    assert sum(call is g.op for _, call in watch.measures) == 701
