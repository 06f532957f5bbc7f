"""Gradients asked for inside a body whose way leads outside: total derivatives, as if there were no border."""

import numpy as np
import pytest
import torch

import graphgrad as gg


def ruled(x, rule):
    """A call of a function with this rule, on the way back from which the rule is computed."""
    return gg.custom_gradient(lambda x: (x * 1.0, lambda upstream: rule(x, upstream)))(x)


def test_all_outside_but_the_start(run):
    x = gg.placeholder(gg.float64, [])
    y = gg.sin(x) * x
    z = ruled(x, lambda x, upstream: gg.gradients(y, x, grad_ys=upstream)[0])
    first = gg.gradients(z, x)[0]
    second = gg.gradients(first, x)[0]
    c, s = np.cos(0.7), np.sin(0.7)
    np.testing.assert_allclose(run([first, second], {x: 0.7}), [s + 0.7 * c, 2 * c - 0.7 * s], rtol=1e-12)


def test_a_way_that_begins_outside_and_ends_inside(run):
    x = gg.placeholder(gg.float64, [])
    e = gg.exp(x)
    y = gg.cond(x > 0, lambda: gg.gradients(e * e + x, x)[0], lambda: x)
    assert run(y, {x: 0.5}) == pytest.approx(2 * np.exp(1.0) + 1.0)
    assert run(gg.gradients(y, x)[0], {x: 0.5}) == pytest.approx(4 * np.exp(1.0))


def test_xs_on_the_way_to_one_another(run):
    x = gg.placeholder(gg.float64, [])
    e = gg.exp(x)
    y = gg.cond(x > 0, lambda: gg.gradients(e * e + x, [x, e]), lambda: [x, x])
    np.testing.assert_allclose(run(y, {x: 0.5}), [2 * np.exp(1.0) + 1.0, 2 * np.exp(0.5)])


def test_through_two_bodies(run):
    x = gg.placeholder(gg.float32, [])
    k = x * x * x

    def middle():
        m = gg.sin(k)
        return gg.cond(x > 0.5, lambda: gg.gradients(k * x + m * 2.0, x)[0], lambda: x)

    y = gg.cond(x > 0, middle, lambda: x)
    found = run([y, gg.gradients(y, x)[0]], {x: 2.0})
    second = 12 * 4 + 2 * (12 * np.cos(8.0) - 144 * np.sin(8.0))
    np.testing.assert_allclose(found, [32 + 24 * np.cos(8.0), second], rtol=1e-5)


def test_stops_outside(run):
    x = gg.placeholder(gg.float64, [])
    e = gg.exp(x)
    y = gg.cond(x > 0, lambda: gg.gradients(e * e + x, x, stop_gradients=e)[0], lambda: x)
    assert run(y, {x: 0.5}) == 1.0


def test_variables_outside(run):
    w = gg.Variable(3.0)
    h = w * w
    total = gg.while_loop(
        lambda n, t: n < 2, lambda n, t: (n + 1, t + gg.gradients(h * t, w)[0]), (0, gg.constant(1.0))
    )[1]
    assert run(total) == 49.0  # 1 + 6 + 6 * 7


def test_what_is_not_on_the_way_stays_outside(run):
    x = gg.placeholder(gg.float32, [])
    noise = gg.stop_gradient(x) * gg.random_uniform([])
    y = gg.cond(x > 0, lambda: gg.gradients(x * x * gg.round(x) + noise, x)[0], lambda: x)
    assert run(y, {x: 2.0}) == 8.0


def test_unconnected_stays_none():
    x, other = gg.constant(1.0), gg.constant(2.0)
    assert gg.cond(x > 0, lambda: [x if gg.gradients(other * 2.0, x) == [None] else other], lambda: [x]) is not None


def test_what_must_not_run_twice_is_refused():
    x = gg.ones([4])
    gradient = gg.gradients(x * x * x, x)[0]
    kept = gg.py_function(lambda x: x * 2.0, [x], gg.float32)
    noisy = torch.nn.functional.dropout(x, 0.5)
    cases = ((kept, "a Python function"), (noisy, "a random operation"), (gradient, "another gradient"))
    for outside, said in cases:
        with pytest.raises(ValueError, match=said):
            ruled(x, lambda x, upstream, y=outside: gg.gradients(y, x, grad_ys=upstream)[0])
