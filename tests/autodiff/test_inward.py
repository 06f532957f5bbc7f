"""Gradients asked for inside a body whose way leads outside: total derivatives, as if there were no border."""

import math

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def x():
    return gg.constant(2.0, name="x")


def inside(function):
    """The function's result from within a branch."""
    return gg.cond(gg.constant(True), function, lambda: gg.constant(0.0))


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


@pytest.mark.parametrize(
    ("power", "slope"), [(lambda x, h: x * h, 12.0), (lambda x, h: h * h, 36.0)], ids=["beside x", "alone"]
)
def test_what_depends_on_x_outside_counts(run, x, power, slope):
    h = gg.multiply(x, 3.0, name="h")
    assert run(inside(lambda: gg.gradients(power(x, h), x)[0])) == slope


def test_it_is_fine_inside_or_stopped(run, x):
    h = x * 3.0
    assert run(inside(lambda: gg.gradients(x * (x * 3.0), x)[0])) == 12.0
    assert run(inside(lambda: gg.gradients(x * h, x, stop_gradients=[h])[0])) == 6.0
    assert run(inside(lambda: gg.gradients(x * gg.stop_gradient(h), x)[0])) == 6.0


def test_a_stop_between_the_two_counts(run, x):
    k = x * 2.0
    h = k * 3.0
    assert run(inside(lambda: gg.gradients(x * h, x, stop_gradients=[k])[0])) == 12.0


def test_what_does_not_depend_on_x_is_a_constant(run, x):
    w, n = gg.sin(gg.constant(1.0)), gg.cast(gg.cast(x, gg.int32), gg.float32)
    detached = gg.stop_gradient(x * 5.0)
    assert run(inside(lambda: gg.gradients(x * x * w * 0 + x * n * detached, x)[0])) == 20.0


def test_variables_and_what_was_made_of_them(run):
    v = gg.Variable(2.0, name="v")
    h = gg.multiply(v, 3.0, name="h")
    assert run(inside(lambda: gg.gradients(v * v, v)[0])) == 4.0
    assert run(inside(lambda: gg.gradients(v * h, v)[0])) == 12.0


def test_an_optimizer_inside_trains_by_a_loss_from_outside():
    v = gg.Variable(2.0, name="v")
    loss = gg.multiply(v, v, name="loss")
    optimizer = gg.train.GradientDescentOptimizer(0.1)
    step = gg.cond(gg.constant(True), lambda: optimizer.minimize(loss * 1.0), gg.no_op)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        session.run(step)
        assert session.run(v) == pytest.approx(1.6)


def test_through_two_branches(run, x):
    h = gg.multiply(x, 3.0, name="h")

    def middle(base):
        k = gg.sin(base, name="k")
        return inside(lambda: gg.gradients(x * k, x)[0])

    assert run(inside(lambda: middle(h))) == pytest.approx(math.sin(6.0) + 6.0 * math.cos(6.0))
    assert run(inside(lambda: middle(x * 1.0))) == pytest.approx(math.sin(2.0) + 2.0 * math.cos(2.0))
    assert run(inside(lambda: middle(gg.constant(0.0)))) == 0.0


def test_a_loop_variable_counts_as_independent(run, x):
    def body(i, y):
        return i + 1, gg.gradients(y * x, x)[0]

    _, y = gg.while_loop(lambda i, y: i < 2, body, [0, x * 5.0])
    assert run(y) == 10.0


def test_outside_of_bodies_all_is_seen(run, x):
    h = x * 3.0
    assert run(gg.gradients(x * h, x)[0]) == 12.0
    y = inside(lambda: x * h)
    assert run(gg.gradients(y, x)[0]) == 12.0
