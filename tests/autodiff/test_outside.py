"""gradients() inside a branch or body: with respect to what is outside, whole or not at all."""

import pytest

import graphgrad as gg


@pytest.fixture
def x():
    return gg.constant(2.0, name="x")


def inside(function):
    """The function's result from within a branch."""
    return gg.cond(gg.constant(True), function, lambda: gg.constant(0.0))


@pytest.mark.parametrize("power", [lambda x, h: x * h, lambda x, h: h * h], ids=["beside x", "alone"])
def test_what_depends_on_x_outside_is_refused(x, power):
    h = gg.multiply(x, 3.0, name="h")
    with pytest.raises(ValueError) as caught:
        inside(lambda: gg.gradients(power(x, h), x)[0])
    text = str(caught.value)
    assert "with respect to x:0" in text and "also reads h:0, which depends on it outside" in text
    assert "at       h: float32[] = mul(x, " in text and "test_outside.py" in text
    assert "compute h inside, or name it in stop_gradients=[...]" in text


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
    with pytest.raises(ValueError, match="with respect to v:0.* also reads h:0"):
        inside(lambda: gg.gradients(v * h, v)[0])


def test_an_optimizer_inside_is_told_too():
    v = gg.Variable(2.0, name="v")
    loss = gg.multiply(v, v, name="loss")
    with pytest.raises(ValueError, match="compute loss inside"):
        inside(lambda: gg.group(gg.train.GradientDescentOptimizer(0.1).minimize(loss * 1.0)) or loss)


def test_through_two_bodies(run, x):
    h = gg.multiply(x, 3.0, name="h")

    def middle(base):
        k = gg.sin(base, name="k")
        return inside(lambda: gg.gradients(x * k, x)[0])

    with pytest.raises(ValueError, match="also reads k:0"):
        inside(lambda: middle(h))
    with pytest.raises(ValueError, match="also reads k:0"):
        inside(lambda: middle(x * 1.0))
    assert run(inside(lambda: middle(gg.constant(0.0)))) == 0.0


def test_a_loop_variable_counts_as_independent(run, x):
    def body(i, y):
        return i + 1, gg.gradients(y * x, x)[0]

    _, y = gg.while_loop(lambda i, y: i < 2, body, [0, x * 5.0])
    assert run(y) == 10.0


def test_outside_of_bodies_nothing_is_refused(run, x):
    h = x * 3.0
    assert run(gg.gradients(x * h, x)[0]) == 12.0
    y = inside(lambda: x * h)
    assert run(gg.gradients(y, x)[0]) == 12.0
