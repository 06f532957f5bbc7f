"""Moving averages against their recurrence, with TF1's names."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.train import ExponentialMovingAverage


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


def test_averages_of_a_variable(sess):
    v = gg.Variable([1.0, 2.0], name="v")
    averages = ExponentialMovingAverage(0.75)
    with gg.control_dependencies([v.assign_add([1.0, -1.0])]):
        update = averages.apply([v])
    sess.run(gg.global_variables_initializer())
    value, shadow = np.array([1.0, 2.0]), np.array([1.0, 2.0])
    for _ in range(5):
        sess.run(update)
        value += [1, -1]
        shadow = 0.75 * shadow + 0.25 * value
        np.testing.assert_allclose(sess.run(averages.average(v)), shadow, rtol=1e-6)


@pytest.mark.parametrize("debias", [False, True])
def test_averages_of_a_tensor(sess, debias):
    x = gg.placeholder(gg.float32, [2])
    averages = ExponentialMovingAverage(0.9, zero_debias=debias)
    update = averages.apply([x])
    sess.run(gg.global_variables_initializer())
    shadow = np.zeros(2)
    for step in range(1, 6):
        value = np.array([step, 2.0])
        sess.run(update, {x: value})
        shadow = 0.9 * shadow + 0.1 * value
        wanted = shadow / (1 - 0.9**step) if debias else shadow
        np.testing.assert_allclose(sess.run(averages.average(x)), wanted, rtol=1e-5)


@pytest.mark.parametrize("decay", [0.5, "tensor"])
@pytest.mark.parametrize("counted", [False, True])
def test_few_updates_forget_faster(sess, decay, counted):
    """The decay is min(decay, (1 + n) / (10 + n)): 0.1 for n = 0, above 0.5 from n = 8 on."""
    v = gg.Variable(np.array([0.0]))
    n = gg.Variable(0, trainable=False) if counted else 0
    averages = ExponentialMovingAverage(gg.constant(0.5) if decay == "tensor" else decay, num_updates=n)
    if not counted and decay == "tensor":
        averages = ExponentialMovingAverage(0.5, num_updates=n)
    update = averages.apply([v])
    sess.run(gg.global_variables_initializer())
    sess.run(v.assign([1.0]).op)
    sess.run(update)
    np.testing.assert_allclose(sess.run(averages.average(v)), [0.9], rtol=1e-6)
    if counted:
        sess.run(n.assign(100).op)
        sess.run(update)
        np.testing.assert_allclose(sess.run(averages.average(v)), [0.95], rtol=1e-6)


def test_the_trainable_variables_by_default():
    v, w = gg.Variable(1.0), gg.Variable(1.0, trainable=False)
    averages = ExponentialMovingAverage(0.9)
    averages.apply()
    assert averages.average(v) is not None and averages.average(w) is None
    assert gg.get_collection("moving_average_variables") == [v]


def test_a_parameter_has_an_average_too(sess):
    layer = torch.nn.Linear(1, 1, bias=False)
    layer(gg.ones([1, 1]))
    averages = ExponentialMovingAverage(0.5)
    update = averages.apply([layer.weight])
    (weight,) = gg.trainable_variables()
    sess.run(gg.global_variables_initializer())
    first = layer.weight.item()
    sess.run(weight.assign([[first + 1]]).op)
    sess.run(update)
    assert sess.run(averages.average(layer.weight)).item() == pytest.approx(first + 0.5)


def test_applying_again_keeps_the_shadow():
    v = gg.Variable(1.0, name="v")
    averages = ExponentialMovingAverage(0.9)
    ops = [averages.apply([v]) for _ in range(2)]
    assert [op.name for op in ops] == ["ExponentialMovingAverage", "ExponentialMovingAverage_1"]
    assert len(gg.global_variables()) == 2


def test_names(sess):
    v, x = gg.Variable(1.0, name="v"), gg.constant(1.0, name="x")
    averages = ExponentialMovingAverage(0.9, zero_debias=True, name="mean")
    assert averages.name == "mean"
    assert averages.average_name(v) == "v/mean" and averages.average_name(x) == "x/mean"
    averages.apply([v, x])
    assert averages.average_name(v) == "v/mean" and averages.average(v).name == "v/mean:0"
    names = [variable.op.name for variable in gg.global_variables()]
    assert names == ["v", "v/mean", "x/mean", "x/mean/biased", "x/mean/local_step"]


def test_names_for_a_saver():
    v, w = gg.Variable(1.0, name="v"), gg.Variable(1.0, name="w", trainable=False)
    averages = ExponentialMovingAverage(0.9)
    assert averages.variables_to_restore() == {"v/ExponentialMovingAverage": v, "w": w}
    averages.apply()
    assert averages.variables_to_restore() == {"v/ExponentialMovingAverage": v, "w": w}
    restored = averages.variables_to_restore([])
    assert sorted(restored) == ["v", "v/ExponentialMovingAverage", "w"] and restored["v"] is v


@pytest.mark.parametrize("value", [1, True, 1j], ids=repr)
def test_only_floating_numbers_have_averages(value):
    with pytest.raises(TypeError, match="an average is of real floating numbers"):
        ExponentialMovingAverage(0.9).apply([gg.constant(np.array(value))])
