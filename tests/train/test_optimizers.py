"""Each optimizer follows its formula, written in numpy, for a hundred steps; its slots and names are TF1's."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from tests.train.rules import RULES, descend

STEPS = 100


def quadratic(w, b):
    """A loss that is cheap to differentiate by hand."""
    scale = np.arange(1.0, 7.0).reshape(2, 3)
    return gg.reduce_sum(gg.square(w) * scale) * 0.5 + gg.reduce_sum(gg.sin(b) * gg.reduce_sum(w, axis=1))


def by_hand(w, b):
    scale = np.arange(1.0, 7.0).reshape(2, 3)
    return w * scale + np.sin(b)[:, None], np.cos(b) * w.sum(1)


def start_values(dtype):
    return np.linspace(-1, 2, 6).reshape(2, 3).astype(dtype), np.array([0.5, -0.3], dtype)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-6), ("float32", 2e-6)])
def test_a_hundred_steps_follow_the_formula(name, dtype, tolerance):
    make, rule = RULES[name]
    first = start_values(dtype)
    w, b = (gg.Variable(value) for value in first)
    step = make().minimize(quadratic(w, b))
    wanted = descend(rule(), [value.astype(np.float64) for value in first], by_hand, STEPS)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        for want in wanted:
            sess.run(step)
            for have, expected in zip(sess.run([w, b]), want, strict=True):
                np.testing.assert_allclose(have, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", RULES)
def test_a_rate_that_is_a_tensor_or_a_function_makes_no_difference(name):
    make, _ = RULES[name]
    plain = make()
    rate = plain._learning_rate
    ends = []
    for given in (rate, gg.constant(rate, gg.float64), lambda: rate):
        optimizer = make()
        optimizer._learning_rate = given
        w, b = (gg.Variable(value) for value in start_values("float64"))
        step = optimizer.minimize(quadratic(w, b), var_list=[w, b])
        with gg.Session() as sess:
            sess.run(gg.global_variables_initializer())
            for _ in range(3):
                sess.run(step)
            ends.append(sess.run([w, b]))
    for end in ends[1:]:
        for have, want in zip(end, ends[0], strict=True):
            np.testing.assert_allclose(have, want, rtol=1e-7)


SLOTS = {
    "momentum": (["w/Momentum"], ["momentum"]),
    "adam": (["beta1_power", "beta2_power", "w/Adam", "w/Adam_1"], ["m", "v"]),
    "adamw": (["beta1_power", "beta2_power", "w/AdamW", "w/AdamW_1"], ["m", "v"]),
    "rmsprop": (["w/RMSProp", "w/RMSProp_1"], ["momentum", "rms"]),
    "centered rmsprop": (["w/RMSProp", "w/RMSProp_1", "w/RMSProp_2"], ["mg", "momentum", "rms"]),
    "adagrad": (["w/Adagrad"], ["accumulator"]),
    "adadelta": (["w/Adadelta", "w/Adadelta_1"], ["accum", "accum_update"]),
    "ftrl": (["w/Ftrl", "w/Ftrl_1"], ["accum", "linear"]),
}


@pytest.mark.parametrize("name", SLOTS)
def test_slots_are_named_as_in_tf1(name):
    make, _ = RULES[name]
    optimizer = make()
    optimizer.minimize(gg.reduce_sum(gg.Variable([1.0], name="w")))
    assert ([each.op.name for each in optimizer.variables()], optimizer.get_slot_names()) == SLOTS[name]


def test_first_values_of_slots(run):
    w = gg.Variable([1.0, 2.0])
    optimizers = [gg.train.RMSPropOptimizer(0.1), gg.train.AdagradOptimizer(0.1, 0.25), gg.train.FtrlOptimizer(0.1)]
    for optimizer in optimizers:
        optimizer.minimize(gg.reduce_sum(w))
    slots = [optimizers[0].get_slot(w, "rms"), optimizers[0].get_slot(w, "momentum")]
    slots += [optimizers[1].get_slot(w, "accumulator"), optimizers[2].get_slot(w, "accum")]
    assert [value.tolist() for value in run(slots)] == [[1, 1], [0, 0], [0.25, 0.25], pytest.approx([0.1, 0.1])]


def test_settings_that_can_not_be_right():
    with pytest.raises(ValueError, match="must be positive"):
        gg.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0)
    with pytest.raises(ValueError, match="zero or negative"):
        gg.train.FtrlOptimizer(0.1, learning_rate_power=0.5)
    with pytest.raises(ValueError, match="must not be negative"):
        gg.train.FtrlOptimizer(0.1, l1_regularization_strength=-1.0)


def test_names_of_ftrls_slots():
    w = gg.Variable(1.0, name="w")
    optimizer = gg.train.FtrlOptimizer(0.1, accum_name="squares", linear_name="sums")
    optimizer.minimize(w * 1.0)
    assert [each.op.name for each in optimizer.variables()] == ["w/squares", "w/sums"]


def test_momentum_without_momentum_still_keeps_the_gradient(run):
    w = gg.Variable([1.0, 2.0])
    optimizer = gg.train.MomentumOptimizer(0.5, 0.0)
    step = optimizer.minimize(gg.reduce_sum(w * w))
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(step)
        slot = sess.run(optimizer.get_slot(w, "momentum"))
    assert slot.tolist() == [2, 4]


def test_a_momentum_that_is_fed():
    w = gg.Variable(0.0)
    momentum = gg.placeholder(gg.float32, [])
    step = gg.train.MomentumOptimizer(1.0, momentum).minimize(w * 1.0)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        for value in (0.0, 0.5, 0.25):
            sess.run(step, {momentum: value})
        assert sess.run(w) == -(1 + 1.5 + 1.375)


def test_gradient_descent_updates_complex_variables():
    z = gg.Variable(np.array([1 + 1j]))
    step = gg.train.GradientDescentOptimizer(0.5).minimize(gg.reduce_sum(torch.real(z * torch.conj(z))))
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(step)
        assert sess.run(z).tolist() == [0]
