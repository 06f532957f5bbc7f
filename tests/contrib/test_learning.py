"""The training step as an operation."""

import numpy as np
import pytest

import graphgrad as gg

learning = gg.contrib.slim.learning


def stepped(**options):
    v, w = gg.Variable([3.0, 4.0], name="v"), gg.Variable(1.0, name="w")
    loss = gg.reduce_sum(v * v) + w
    step = learning.create_train_op(loss, gg.train.GradientDescentOptimizer(1.0), **options)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        loss = sess.run(step)
        count = gg.train.get_global_step()
        return loss, sess.run(v).tolist(), sess.run(w), None if count is None else sess.run(count)


def test_a_step():
    assert stepped() == (26.0, [-3.0, -4.0], 0.0, 1)


def test_variables_clipping_and_factors():
    first = gg.Graph()
    with first.as_default():
        _, v, w, _ = stepped(clip_gradient_norm=5.0)
    np.testing.assert_allclose(v, [0.0, 0.0], atol=1e-6)  # a gradient of (6, 8), half as long
    assert w == 0.0
    with gg.Graph().as_default():
        assert stepped(gradient_multipliers={"v": 0.5})[1] == [0.0, 0.0]
    with gg.Graph().as_default():
        assert stepped(transform_grads_fn=lambda pairs: [(2 * g, v) for g, v in pairs])[2] == -1.0
    with gg.Graph().as_default():
        assert stepped(global_step=None)[3] is None


def test_updates_run_before_the_loss():
    v = gg.Variable(1.0)
    count = gg.Variable(0.0, trainable=False)
    gg.add_to_collection(gg.GraphKeys.UPDATE_OPS, count.assign_add(1.0).op)
    step = learning.create_train_op(v * v, gg.train.GradientDescentOptimizer(0.1), variables_to_train=[v])
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(step)
        assert sess.run(count) == 1.0


def test_a_loss_that_is_no_number():
    v = gg.Variable(0.0)
    step = learning.create_train_op(gg.log(v - 1.0), gg.train.GradientDescentOptimizer(0.1))
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        with pytest.raises(gg.errors.InvalidArgumentError, match="inf or nan"):
            sess.run(step)


def test_what_it_refuses():
    v = gg.Variable(1.0)
    optimizer = gg.train.GradientDescentOptimizer(0.1)
    with pytest.raises(NotImplementedError, match="summarize_gradients"):
        learning.create_train_op(v * v, optimizer, summarize_gradients=True)
    with pytest.raises(ValueError, match="no gradient of v"):
        learning.multiply_gradients([(None, gg.Variable(1.0, name="v"))], {"v": 2.0})
    with pytest.raises(AttributeError, match="write the loop"):
        learning.train  # noqa: B018
