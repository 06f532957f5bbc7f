"""gradients() on random programs: against an independent reference, and against itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphgrad as gg
from tests import reference
from tests.replay import Replay, check, check_alone, gradient_call
from tests.strategies import Call, Case, cases

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def values(fetches: Any, feeds: dict[Any, Any] | None = None) -> Any:
    with gg.Session() as session:
        return session.run(fetches, feeds)


# -- random programs -----------------------------------------------------------------------------------


@patient
@given(cases())
def test_agrees_with_the_reference(case: Case) -> None:
    check(case)


@patient
@given(cases())
def test_a_fetch_alone_is_bit_for_bit_what_it_is_in_company(case: Case) -> None:
    check_alone(case)


def last_call(case: Case) -> tuple[Replay, Call]:
    """The case without feeds, and its last call, with ones where there was a seed of its own."""
    calls = [step for step in case.program.steps if isinstance(step, Call)]
    return Replay(replace(case, feeds={})), calls[-1]


def assert_same(replay: Replay, first: list[Any], second: list[Any], exact: bool = True) -> None:
    """Two lists of gradients are None at the same places and equal elsewhere, in one run and apart."""
    assert [each is None for each in first] == [each is None for each in second]
    together = replay.session.run([first, second], feed_dict=replay.feeds)
    apart = [replay.session.run(each, feed_dict=replay.feeds) for each in (first, second)]
    for one, two, three, four in zip(*together, *apart, strict=True):
        if one is not None:
            if exact:
                assert np.array_equal(one, two, equal_nan=True)
                assert np.array_equal(one, three, equal_nan=True)
                assert np.array_equal(two, four, equal_nan=True)
            elif np.max(np.abs(one), initial=0.0) < 1e6:
                for other in (two, three, four):
                    np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-6)


OPTIONS: list[Callable[[Call], Call]] = [
    lambda call: call,
    lambda call: replace(call, gate=not call.gate),
    lambda call: replace(call, name="elsewhere"),
    lambda call: replace(call, colocate=True),
]


@patient
@given(cases(), st.sampled_from(OPTIONS))
def test_options_and_a_second_call_change_no_bit(case: Case, change: Callable[[Call], Call]) -> None:
    replay, call = last_call(case)
    with replay.graph.as_default():
        first = gradient_call(call, replay.values)
        [gg.exp(value) for value in replay.values[:3] if value is not None and value.dtype.is_floating_point]
        second = gradient_call(change(call), replay.values)
    assert_same(replay, first, second)


@patient
@given(cases(), st.sampled_from([0, 1, 2]), st.sampled_from([0, 1, 2]))
def test_the_aggregation_method_changes_no_more_than_rounding(case: Case, one: int, two: int) -> None:
    replay, call = last_call(case)
    with replay.graph.as_default():
        first, second = (gradient_call(replace(call, aggregation=each), replay.values) for each in (one, two))
    assert_same(replay, first, second, exact=one == two)


@patient
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_and_number_of_xs_change_no_bit(case: Case, random: Any) -> None:
    replay, call = last_call(case)
    order = [random.randrange(len(call.xs)) for _ in range(len(call.xs) + 2)]
    with replay.graph.as_default():
        first = gradient_call(call, replay.values)
        second = gradient_call(replace(call, xs=tuple(call.xs[k] for k in order)), replay.values)
    assert_same(replay, [first[k] for k in order], second)
    for (m, a), (n, b) in itertools.combinations(zip(order, second, strict=True), 2):
        assert a is b or call.xs[m] != call.xs[n]


@patient
@given(cases())
def test_unconnected_zero_is_none_with_zeros(case: Case) -> None:
    replay, call = last_call(case)
    with replay.graph.as_default():
        xs = [replay.values[n] for n in call.xs]
        none = gradient_call(call, replay.values)
        first = [gg.zeros_like(x) if each is None else each for x, each in zip(xs, none, strict=True)]
        second = gradient_call(replace(call, unconnected="zero"), replay.values)
    assert [(each.dtype, tuple(each.shape)) for each in second] == [(x.dtype, tuple(x.shape)) for x in xs]
    assert_same(replay, first, second)


@patient
@given(cases())
def test_an_identity_on_the_ys_changes_nothing(case: Case) -> None:
    replay, call = last_call(case)
    integers = {n for n in (*call.ys, *call.xs) if case.program.node(n).integer}
    call = replace(call, ys=tuple(n for n in call.ys if n not in integers), seeds=None)
    call = replace(call, xs=tuple(n for n in call.xs if n not in integers))
    with replay.graph.as_default():
        first = gradient_call(call, replay.values)
        behind = {n: gg.identity(replay.values[n]) for n in call.ys}
        ys = [behind[n] for n in call.ys]
        xs, stops = ([replay.values[n] for n in group] for group in (call.xs, call.stops))
        second = gg.gradients(ys, xs, stop_gradients=stops)
    assert_same(replay, first, second, exact=False)


@patient
@given(cases())
def test_the_reference_agrees_with_finite_differences(case: Case) -> None:
    program, number = case.program, 0
    for step in program.steps:
        if isinstance(step, Call) and not step.stops and step.seeds is None:
            ys = [program.node(n) for n in step.ys if not program.node(n).integer]
            if not any(node.op == "stop" for node in reference.ancestors(ys)):
                for n, made in zip(step.xs, program.nodes[number:], strict=False):
                    if program.node(n).op == "source" and not program.node(n).integer:
                        _assert_slope(ys, program.node(n), made, program.given)
        number += step.width


def _assert_slope(ys: list[reference.Node], x: reference.Node, slope: reference.Node | None, given_: Any) -> None:
    """The slope's projection on ones is the central difference along ones, where there is no jump near."""
    step = 1e-5
    around = []
    for sign in (-1, 0, 1):
        moved = {**given_, x: given_[x] + sign * step}
        found = reference.evaluate([*ys, *([slope] if slope else [])], moved)
        if max(reference.sizes(found, moved).values(), default=0.0) > 50:
            return
        around.append((sum(float(found[y].sum()) for y in ys), float(found[slope].sum()) if slope else 0.0))
    (left, one), (_, middle), (right, two) = around
    if abs(one - middle) < 1e-2 and abs(two - middle) < 1e-2:
        assert (right - left) / (2 * step) == pytest.approx(middle, rel=1e-4, abs=1e-4)
    else:  # so curved that a difference says little
        return


# -- stops ---------------------------------------------------------------------------------------------


def four(rng: np.random.Generator, stopped: str = "") -> dict[str, Any]:
    """d of b and c, c of a and b, b of a; those in `stopped` go through stop_gradient."""
    made: dict[str, Any] = {}
    for name, reads in (("a", ""), ("b", "a"), ("c", "ab"), ("d", "bc")):
        total: Any = gg.constant(rng.random((2, 2)))
        for read in reads:
            total = total + gg.constant(rng.random((2, 2))) @ made[read]
        curved = {"a": total, "b": torch.tanh(total), "c": torch.exp(total), "d": total * total}[name]
        made[name] = gg.stop_gradient(curved) if name in stopped else curved
    return made


SUBSETS = ["".join(subset) for size in range(5) for subset in itertools.combinations("abcd", size)]


def test_stop_gradients_is_stop_gradient_on_every_subset() -> None:
    plain = four(np.random.default_rng(1))
    pairs = []
    for stops in SUBSETS:
        built = four(np.random.default_rng(1), stops)
        for xs in SUBSETS:
            one = gg.gradients(built["d"], [built[x] for x in xs])
            listed = [plain[stop] for stop in stops]
            two = gg.gradients(plain["d"], [plain[x] for x in xs], stop_gradients=listed)
            pairs += _pairs(one, two)
            first, second = ([each for each in group if each is not None] for group in (one, two))
            if first:  # and once more: the gradients of these
                again = gg.gradients(first, [built[x] for x in xs])
                pairs += _pairs(again, gg.gradients(second, [plain[x] for x in xs], stop_gradients=listed))
    assert len(pairs) > 400
    for one, two in values(pairs):
        np.testing.assert_allclose(one, two, rtol=1e-12)


def _pairs(one: list[Any], two: list[Any]) -> list[Any]:
    assert [each is None for each in one] == [each is None for each in two]
    return [pair for pair in zip(one, two, strict=True) if pair[0] is not None]


def test_two_hundred_calls_with_different_stops_share_one_forward_pass() -> None:
    x = gg.placeholder(gg.float64, [3])
    chain = [x]
    while len(chain) <= 1000:
        chain.append(torch.atan(chain[-1]) if len(chain) % 2 else torch.asinh(chain[-1]))
    stops = [chain[5 * n + 1] for n in range(199)]
    calls = [gg.gradients(chain[-1], [x, stop], stop_gradients=[stop]) for stop in stops]
    assert all(to_x is None for to_x, _ in calls)
    fetches = [gg.gradients(chain[-1], x)[0], *(to_stop for _, to_stop in calls)]
    feeds = {x: np.array([0.1, 0.7, -0.4])}
    with gg.Session() as session:
        source = session.source(fetches, feeds)
        found = session.run(fetches, feeds)
        apart = session.run(fetches[:3], feeds)
    assert [source.count(f"torch.{op}(") for op in ("atan", "asinh", "autograd.grad")] == [500, 500, 200]
    assert np.array_equal(apart, found[:3])


# -- laws ----------------------------------------------------------------------------------------------


def bowl(x: Any, w: Any) -> Any:
    """A vector-valued function that is curved in both."""
    return torch.sin(x * w) * torch.exp(-x) + (w @ x) * torch.tanh(w)


@pytest.fixture
def curved() -> tuple[Any, Any, Any, dict[Any, Any]]:
    x, w = gg.placeholder(gg.float64, [3]), gg.placeholder(gg.float64, [3])
    return x, w, bowl(x, w), {x: np.array([0.3, -0.7, 1.1]), w: np.array([0.9, 0.4, -0.6])}


def test_a_gradient_is_linear_in_grad_ys(curved: Any) -> None:
    x, w, y, feeds = curved
    u, v = np.array([0.5, -1.0, 2.0]), np.array([3.0, 0.25, -0.5])
    one, two, both = (gg.gradients(y, [x, w], seed) for seed in (u, v, 2 * u - 3 * v))
    for a, b, c in zip(*values([one, two, both], feeds), strict=True):
        np.testing.assert_allclose(2 * a - 3 * b, c, rtol=1e-12)


def test_a_constant_seed_scales_the_gradient(curved: Any) -> None:
    x, w, y, feeds = curved
    for a, b in zip(*values([gg.gradients(y, [x, w]), gg.gradients(y, [x, w], np.full(3, 4.0))], feeds), strict=True):
        np.testing.assert_allclose(4 * a, b, rtol=1e-12)


def test_several_ys_are_their_sum(curved: Any) -> None:
    x, w, y, feeds = curved
    z = torch.cos(y) * x
    for a, b in zip(*values([gg.gradients([y, z], [x, w]), gg.gradients(y + z, [x, w])], feeds), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_the_chain_rule_through_an_intermediate(curved: Any) -> None:
    x, w, y, feeds = curved
    z = torch.exp(torch.sin(y))
    steps = gg.gradients(y, [x, w], gg.gradients(z, y)[0])
    for a, b in zip(*values([steps, gg.gradients(z, [x, w])], feeds), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_mixed_second_derivatives_are_symmetric(curved: Any) -> None:
    x, w, y, feeds = curved
    dx, dw = gg.gradients(y, [x, w])
    one = [gg.gradients(dx[n], w)[0] for n in range(3)]
    two = [gg.gradients(dw[n], x)[0] for n in range(3)]
    a, b = values([one, two], feeds)
    np.testing.assert_allclose(np.array(a), np.array(b).T, rtol=1e-12)


def test_a_hessian_vector_product_is_the_hessian_times_the_vector(curved: Any) -> None:
    x, _, y, feeds = curved
    (g,) = gg.gradients(y, x)
    v = gg.constant(np.array([1.0, -2.0, 0.5]))
    rows = [gg.gradients(g[n], x)[0] for n in range(3)]
    hessian, product = values([rows, gg.gradients(g, x, v)[0]], feeds)
    np.testing.assert_allclose(np.array(hessian) @ [1.0, -2.0, 0.5], product, rtol=1e-12)


# -- size ----------------------------------------------------------------------------------------------


def test_a_call_adds_no_more_than_its_path_needs() -> None:
    x = gg.constant(np.ones(2))
    y = torch.sin(x)
    for _ in range(300):
        torch.cos(y)
    graph = gg.get_default_graph()
    before = len(graph.get_operations())
    gg.gradients(y, x)
    assert len(graph.get_operations()) - before <= 4


def test_a_long_chain_needs_no_recursion() -> None:
    x = gg.constant(np.float64(0.5))
    y = x
    for _ in range(10_000):
        y = gg.identity(y)
    (g,) = gg.gradients(y * y, x)
    assert values([g, gg.gradients(g, x)[0]]) == [1.0, 2.0]


def test_a_wide_fan_in() -> None:
    x = gg.constant(np.float64(0.5))
    for method in (0, 1, 2):
        (g,) = gg.gradients([x * x for _ in range(1000)], x, aggregation_method=method)
        assert values(g) == 1000.0
