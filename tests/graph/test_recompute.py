"""`gg.recompute()`: what it marks, and that runs with it are those without, in less memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

import graphgrad as gg
from graphgrad.graph.recompute import recomputed
from tests.replay import Replay, build
from tests.strategies import Case, cases

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=60)


def bits(results: Any) -> list[bytes]:
    return [np.asarray(each).tobytes() for each in results if each is not None]


@patient
@given(cases())
def test_random_programs_give_the_same_bits_and_the_same_nones(case: Case) -> None:
    replay = Replay(case)
    graph = gg.Graph()
    with graph.as_default():
        with gg.recompute():
            values = build(case.program)
        initializer = gg.global_variables_initializer()
    assert [value is None for value in values] == [value is None for value in replay.values]
    feeds = {values[replay.values.index(key)]: array for key, array in _by_identity(replay)}
    with gg.Session(graph) as session:
        session.run(initializer)
        found = session.run([values[n] for n in case.fetches], feeds)
    assert bits(found) == bits(replay.session.run([replay.values[n] for n in case.fetches], replay.feeds))


class _Same(list[Any]):
    """A list that is searched by identity: `==` of tensors is elementwise."""

    def index(self, item: Any, *_: Any) -> int:
        return next(n for n, each in enumerate(self) if each is item)


def _by_identity(replay: Replay) -> list[tuple[Any, Any]]:
    replay.values = _Same(replay.values)
    return list(replay.feeds.items())


def test_blocks_are_noted_the_outermost_ones() -> None:
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [])
        with gg.recompute():
            with gg.recompute():
                y = gg.sin(x)
            y = gg.cos(y)
        with gg.recompute():
            gg.exp(y)
        gg.exp(y)
    assert recomputed(graph) == [(1, 3), (3, 4)]
    assert recomputed(gg.Graph()) == []


def test_a_block_that_fails_is_noted_as_well() -> None:
    x = gg.placeholder(gg.float32, [])
    with pytest.raises(RuntimeError, match="why"), gg.recompute():
        gg.sin(x)
        raise RuntimeError("why")
    assert recomputed(x.graph) == [(1, 2)]


def test_in_eager_mode_it_says_what_to_use() -> None:
    with gg.eager_execution(), pytest.raises(RuntimeError, match="gg.recompute_grad"), gg.recompute():
        pass


# -- what is computed again -----------------------------------------------------------------------------


def counted() -> tuple[Any, list[int]]:
    """A differentiable function that counts its calls in runs."""
    calls = [0]

    class Counting(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
            calls[0] += not tensor.is_meta
            return tensor.clone()

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient

    return Counting.apply, calls


@pytest.mark.parametrize("inside", [True, False])
def test_a_sweep_computes_the_block_once_more(inside: bool) -> None:
    function, calls = counted()
    x = gg.placeholder(gg.float32, [2])
    if inside:
        with gg.recompute():
            y = gg.exp(gg.record(function, gg.sin(x)))
    else:
        y = gg.exp(gg.record(function, gg.sin(x)))
    slopes = [gg.gradients(y, x)[0], gg.gradients(y * 2.0, x)[0]]
    with gg.Session() as session:
        for fetches, times in ((y, 1), (slopes[:1], 2), (slopes, 3)):
            calls[0] = 0
            session.run(fetches, {x: [1, 2]})
            assert calls[0] == (times if inside else 1)


def test_draws_are_repeated_and_streams_go_on_as_without() -> None:
    gg.set_random_seed(5)
    x = gg.placeholder(gg.float32, [100])
    with gg.recompute():
        mask = gg.nn.dropout(gg.ones([100]), 0.5)
        y = gg.exp(x * mask) + gg.random_uniform([100])
    (slope,) = gg.gradients(y, x)
    found = []
    for passes in (gg.Passes(), gg.Passes(recompute=False)):
        with gg.Session(passes=passes) as session:
            found.append([session.run([slope, mask, y], {x: np.full(100, 0.1)}) for _ in range(3)])
    for again, kept in zip(*found, strict=True):
        assert bits(again) == bits(kept)
        np.testing.assert_allclose(again[0], again[1] * np.exp(0.1 * again[1]), rtol=1e-5)
    assert found[0][0][1].tolist() != found[0][1][1].tolist()


def test_draws_inside_functions_are_repeated() -> None:
    gg.set_random_seed(5)
    x = gg.placeholder(gg.float32, [100])
    draw = gg.function(lambda x: gg.sin(x) * gg.nn.dropout(gg.exp(x), 0.5))
    with gg.recompute():
        y = draw(x) * gg.sin(x)
    slope = gg.gradients(y, x)[0]
    found = []
    for passes in (gg.Passes(), gg.Passes(recompute=False)):
        with gg.Session(passes=passes) as session:
            found.append(bits(session.run([y, slope], {x: np.linspace(0, 1, 100)})))
    assert found[0] == found[1]


def test_everything_inside_can_be_fetched_fed_differentiated_and_stopped() -> None:
    x = gg.placeholder(gg.float64, [2])
    with gg.recompute():
        a = gg.sin(x)
        b = gg.exp(a)
        c = a * b
    by_a, by_x = gg.gradients(c, [a, x])
    stopped = gg.gradients(c, x, stop_gradients=[b])[0]
    second = gg.gradients(by_x, x)[0]
    data = np.array([0.5, 1.0])
    fetches = [a, by_a, by_x, stopped, second]
    with gg.Session() as session, gg.Session(passes=gg.Passes(recompute=False)) as plain:
        for feeds in ({x: data}, {x: data, a: [2.0, 3.0]}, {x: data, b: [2.0, 3.0]}):
            assert bits(session.run(fetches, feeds)) == bits(plain.run(fetches, feeds))
        found = session.run(fetches, {x: data})
    sine, cosine = np.sin(data), np.cos(data)
    np.testing.assert_allclose(found[1], np.exp(sine) * (1 + sine))
    np.testing.assert_allclose(found[2], np.exp(sine) * (1 + sine) * cosine)
    np.testing.assert_allclose(found[3], np.exp(sine) * cosine)


def test_updates_inside_are_made_once() -> None:
    layer = torch.nn.BatchNorm1d(3)
    x = gg.placeholder(gg.float32, [None, 3])
    v = gg.Variable(0.0)
    with gg.recompute():
        y = torch.tanh(layer(gg.sin(x)))
        add = v.assign_add(gg.reduce_sum(y))
    slope = gg.gradients(y * y, x)[0]
    data = np.random.default_rng(0).normal(size=(4, 3))
    found = []
    for passes in (gg.Passes(), gg.Passes(recompute=False)):
        with gg.Session(passes=passes) as session:
            session.run(v.initializer)
            found.append(bits([session.run([slope, y, add], {x: data})[0], session.run(v)]))
            found[-1] += bits(each.numpy() for each in session.state_dict(layer).values())
            assert session.state_dict(layer)["num_batches_tracked"] == 1
    assert found[0] == found[1]


def test_what_prints_prints_once(capfd: pytest.CaptureFixture[str]) -> None:
    x = gg.placeholder(gg.float32, [2])
    with gg.recompute():
        y = gg.exp(gg.Print(gg.sin(gg.exp(x)), [x], "here "))
        y = gg.sin(gg.exp(y))
    with gg.Session() as session:
        session.run(gg.gradients(y, x), {x: [1, 2]})
    assert capfd.readouterr().err.count("here ") == 1


def test_a_failure_names_the_line() -> None:
    x, index = gg.placeholder(gg.float32, [2]), gg.placeholder(gg.int64, [1])
    with gg.recompute():
        y = gg.exp(torch.index_select(gg.sin(x), 0, index))
    slope = gg.gradients(y, x)[0]
    with gg.Session() as session, pytest.raises(gg.errors.InvalidArgumentError, match="test_recompute.py") as caught:
        session.run(slope, {x: [1, 2], index: [7]})
    assert caught.value.op.type == "IndexSelect" and torch.is_grad_enabled()


def test_branches_and_loops_may_have_blocks_and_be_in_them() -> None:
    x = gg.placeholder(gg.float64, [2])

    def body(y: Any) -> Any:
        with gg.recompute():
            return gg.sin(gg.exp(gg.sin(y)))

    def whole() -> Any:
        y = gg.cond(x[0] > 0, lambda: body(x), lambda: x * 2.0)
        return gg.while_loop(lambda n, y: n < 3, lambda n, y: (n + 1, body(y)), [0, y])[1]

    plain = whole()
    with gg.recompute():
        inside = whole() * gg.exp(x)
    outside = plain * gg.exp(x)
    slopes = [gg.gradients(y, x)[0] for y in (inside, outside)]
    second = [gg.gradients(slope, x)[0] for slope in slopes]
    with gg.Session() as session:
        for pair in (slopes, second):
            one, other = session.run(pair, {x: [0.5, 0.25]})
            np.testing.assert_allclose(one, other, rtol=1e-12)
        step = 1e-5
        numbers = [session.run(outside, {x: [0.5 + d, 0.25]})[0] for d in (step, -step)]
        assert session.run(slopes[0], {x: [0.5, 0.25]})[0] == pytest.approx((numbers[0] - numbers[1]) / 2 / step, 1e-6)


# -- memory ---------------------------------------------------------------------------------------------


def peak(passes: gg.Passes, compile: str = "") -> int:
    """The peak of live tensor bytes in a step of 8 blocks of 6 operations on 1 MB."""
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [512, 512])
        y = x
        for _ in range(8):
            with gg.recompute():
                for _ in range(3):
                    y = gg.exp(gg.sin(y))
        slope = gg.gradients(y, x)[0]
        run = gg.Session(graph, compile=compile, passes=passes, outputs="torch").make_callable(slope, [x])
    data = torch.rand(512, 512)
    run(data)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        run(data)
    events = profile.profiler.kineto_results.events()
    changes = sorted((each.start_ns(), each.nbytes()) for each in events if each.name() == "[memory]")
    live = most = 0
    for _, change in changes:
        live += change
        most = max(most, live)
    return most


@pytest.mark.parametrize("compile", ["", "trace"])
def test_the_peak_of_live_bytes_falls(compile: str) -> None:
    tensor = 2**20
    kept, again = peak(gg.Passes(recompute=False), compile), peak(gg.Passes(), compile)
    assert kept >= 24 * tensor  # what 24 exponentials give, which sines and exponentials are differentiated by
    assert again <= 16 * tensor  # what comes out of 8 blocks, and what one of them computes


def test_a_compiled_run_that_would_draw_again_runs_as_recorded() -> None:
    x = gg.placeholder(gg.float32, [4])
    with gg.recompute():
        y = gg.exp(gg.nn.dropout(gg.sin(x), 0.5))
    slope = gg.gradients(y, x)[0]
    with gg.Session(compile="trace") as session:
        session.run(slope, {x: [1, 2, 3, 4]})
        assert "draws numbers again" in str(session.report())


@pytest.mark.parametrize("compile", ["", "trace"])
def test_a_draw_is_the_same_on_the_way_back(compile: str) -> None:
    gg.set_random_seed(1)
    x = gg.placeholder(gg.float32, [1000])
    with gg.recompute():
        dropped = gg.nn.dropout(x, 0.5)
        y = gg.exp(dropped)
    both = [dropped, gg.gradients(y, x)[0]]
    with gg.Session(compile=compile) as session:
        for _ in range(3):
            left, slope = session.run(both, {x: np.ones(1000)})
            assert ((left == 0) == (slope == 0)).all() and 300 < (left == 0).sum() < 700
