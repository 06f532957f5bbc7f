"""Dense layers, dropout and flattening, beside numpy."""

import numpy as np
import pytest

import graphgrad as gg


@pytest.mark.parametrize("shape", [(4, 3), (2, 4, 3), (2, 1, 4, 3), (3,)], ids=str)
def test_dense(run, shape):
    x = np.random.randn(*shape)
    y = gg.layers.dense(gg.constant(x), 5, activation=gg.nn.relu, bias_initializer=gg.constant_initializer(0.1))
    kernel, found = run([gg.global_variables()[0], y])
    assert kernel.shape == (3, 5)
    np.testing.assert_allclose(found, np.maximum(x @ kernel + 0.1, 0), atol=1e-9)


def test_dense_of_unknown_batch(run):
    x = gg.placeholder(gg.float32, [None, 3])
    y = gg.layers.dense(x, 2, use_bias=False, kernel_initializer=gg.ones_initializer())
    assert y.shape.as_list() == [None, 2]
    assert run(y, {x: [[1, 2, 3]]}).tolist() == [[6, 6]]


def test_the_gradient_of_dense(run):
    x = np.random.randn(4, 3)
    y = gg.layers.dense(gg.constant(x), 2)
    kernel, bias = gg.trainable_variables()
    dk, db = run(gg.gradients(y, [kernel, bias]))
    np.testing.assert_allclose(dk, np.repeat(x.sum(0)[:, None], 2, 1))
    assert db.tolist() == [4, 4]


def test_dropout_does_nothing_unless_in_training(run):
    x = np.random.rand(1000)
    found = run(gg.layers.dropout(gg.constant(x), 0.4))
    np.testing.assert_array_equal(found, x)
    assert run(gg.layers.dropout(gg.constant(x), 0, training=True)).tolist() == x.tolist()


def test_dropout_in_training(run):
    found = run(gg.layers.dropout(gg.ones([5000]), 0.4, seed=3, training=True))
    assert set(np.round(found, 5)) == {0.0, np.float32(1.66667)}
    assert 0.55 < (found > 0).mean() < 0.65


@pytest.mark.parametrize("shape", [[], None], ids=str)
def test_dropout_of_a_fed_choice(shape):
    training = gg.placeholder(gg.bool, shape)
    y = gg.layers.dropout(gg.ones([100]), 0.5, training=training)
    assert y.shape == [100]
    with gg.Session() as session:
        assert session.run(y, {training: False}).tolist() == [1] * 100
        assert set(session.run(y, {training: True})) == {0.0, 2.0}


@pytest.mark.parametrize(
    ("shape", "wanted"), [([2, 3, 4], [2, 12]), ([None, 3, 4], [None, 12]), ([5], [5, 1]), ([2, 3], [2, 3])], ids=str
)
def test_flatten(shape, wanted):
    assert gg.layers.flatten(gg.placeholder(gg.float32, shape)).shape.as_list() == wanted


def test_flatten_keeps_the_order(run):
    x = np.random.rand(2, 3, 4)
    np.testing.assert_array_equal(run(gg.layers.flatten(gg.constant(x))), x.reshape(2, -1))
