"""Layers several times over."""

import numpy as np

import graphgrad as gg

slim = gg.contrib.slim


def names():
    return [each.name.removesuffix(":0") for each in gg.trainable_variables()]


def test_repeat_is_one_layer_after_the_other():
    x = gg.constant(np.random.RandomState(0).randn(5, 3))
    y = slim.repeat(x, 2, slim.fully_connected, 3, scope="fc")
    assert names() == ["fc/fc_1/weights", "fc/fc_1/biases", "fc/fc_2/weights", "fc/fc_2/biases"]
    with gg.variable_scope("fc", reuse=True):
        z = slim.fully_connected(slim.fully_connected(x, 3, scope="fc_1"), 3, scope="fc_2")
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        np.testing.assert_array_equal(*sess.run([y, z]))


def test_names_without_a_scope():
    slim.repeat(gg.ones([1, 3]), 1, slim.fully_connected, 3)
    slim.stack(gg.ones([1, 3]), slim.fully_connected, [2])
    assert names()[::2] == ["Repeat/fully_connected_1/weights", "Stack/fully_connected_1/weights"]


def test_stack_gives_each_its_arguments():
    y = slim.stack(gg.ones([1, 8, 8, 3]), slim.conv2d, [(4, [3, 3]), (5, [1, 1])], scope="c", padding="VALID")
    assert y.shape.as_list() == [1, 6, 6, 5] and names()[::2] == ["c/c_1/weights", "c/c_2/weights"]
    with slim.arg_scope([slim.stack], scope="named"):
        slim.stack(gg.ones([1, 3]), slim.fully_connected, [2])
    assert names()[-1] == "named/named_1/biases"


def test_small_functions(run):
    logits = np.random.RandomState(0).randn(2, 4)
    hot, soft = run([slim.one_hot_encoding([1, 3], 4, outputs_collections="hot"), slim.softmax(gg.constant(logits))])
    np.testing.assert_array_equal(hot, np.eye(4)[[1, 3]])
    np.testing.assert_allclose(soft, np.exp(logits) / np.exp(logits).sum(1, keepdims=True))
    assert len(gg.get_collection("hot")) == 1
