"""What layers share: scopes, reuse, and what they list."""

import numpy as np
import pytest

import graphgrad as gg
from graphgrad.ops.layers.layer import _snake


def names():
    return [each.op.name for each in gg.global_variables()]


def test_scopes_are_numbered():
    x = gg.ones([2, 3])
    gg.layers.dense(gg.layers.dense(x, 4), 5)
    gg.layers.dense(x, 4, name="own")
    with gg.variable_scope("a"):
        gg.layers.dense(x, 4)
        gg.layers.dense(x, 4, use_bias=False)
    assert names() == [
        "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias", "own/kernel", "own/bias",
        "a/dense/kernel", "a/dense/bias", "a/dense_1/kernel",
    ]  # fmt: skip
    with gg.variable_scope("a"), pytest.raises(ValueError, match="a/dense/kernel already exists"):
        gg.layers.dense(x, 4)


def test_variables_of_a_name_are_made_once_unless_reused():
    x = gg.ones([2, 3])
    y = gg.layers.dense(x, 4, name="fc")
    z = gg.layers.dense(x, 4, name="fc", reuse=True)
    assert names() == ["fc/kernel", "fc/bias"]
    assert (y.op.name, z.op.name) == ("fc/BiasAdd", "fc_1/BiasAdd")
    with pytest.raises(ValueError, match="fc/kernel already exists"):
        gg.layers.dense(x, 4, name="fc")
    with pytest.raises(ValueError, match="other/kernel does not exist"):
        gg.layers.dense(x, 4, name="other", reuse=True)


def network(x):
    return gg.layers.dense(gg.layers.dense(x, 4), 2)


def test_a_network_in_a_scope_that_reuses(run):
    x = gg.constant(np.random.rand(2, 3))
    with gg.variable_scope("net", dtype=gg.float64):
        first = network(x)
    with gg.variable_scope("net", reuse=True, dtype=gg.float64):
        second = network(x)
    assert names() == ["net/dense/kernel", "net/dense/bias", "net/dense_1/kernel", "net/dense_1/bias"]
    found = run([first, second])
    np.testing.assert_array_equal(*found)


def test_a_layer_called_twice_has_one_set_of_variables():
    layer = gg.layers.Dense(4, name="fc")
    first, second = layer(gg.ones([2, 3])), layer(gg.ones([5, 3]))
    assert names() == ["fc/kernel", "fc/bias"]
    assert layer.variables == layer.weights == layer.trainable_variables == [layer.kernel, layer.bias]
    assert (first.shape, second.shape) == ([2, 4], [5, 4])
    assert (layer.name, layer.scope_name, layer.count_params()) == ("fc", "fc", 16)
    assert layer.graph is gg.get_default_graph()


def test_a_layer_that_is_not_trainable():
    layer = gg.layers.Dense(4, trainable=False)
    layer(gg.ones([2, 3]))
    assert (layer.trainable_weights, layer.non_trainable_weights) == ([], [layer.kernel, layer.bias])
    assert gg.trainable_variables() == []


def test_regularizers_are_listed_once(run):
    def l2(v):
        return gg.reduce_sum(v * v)

    layer = gg.layers.Dense(
        2, kernel_initializer=gg.ones_initializer(), kernel_regularizer=l2, activity_regularizer=gg.reduce_sum
    )
    layer(gg.ones([1, 3]))
    layer(gg.ones([1, 3]))
    losses = gg.get_collection(gg.GraphKeys.REGULARIZATION_LOSSES)
    assert run(losses) == [6.0, 6.0, 6.0]
    assert layer.losses == losses[1:]


def test_the_dtype_of_variables_is_the_inputs():
    layer = gg.layers.Dense(2)
    layer(gg.ones([1, 3], gg.float64))
    assert layer.kernel.dtype is gg.float64
    assert gg.layers.Dense(2, dtype=gg.float32)(gg.ones([1, 3])).dtype is gg.float32


def test_a_layer_belongs_to_one_graph():
    layer = gg.layers.Dense(2)
    layer(gg.ones([1, 3]))
    with gg.Graph().as_default(), pytest.raises(ValueError, match="another graph"):
        layer(gg.ones([1, 3]))


def test_before_the_first_call():
    layer = gg.layers.Dense(2)
    assert (layer.name, layer.variables, layer.graph) == ("dense", [], None)
    with pytest.raises(ValueError, match="no scope before"):
        print(layer.scope_name)
    with pytest.raises(ValueError, match="no variables before"):
        layer.count_params()


def test_inputs_that_do_not_say_enough():
    with pytest.raises(ValueError, match="size of axis -1"):
        gg.layers.dense(gg.placeholder(gg.float32, [2, None]), 3)
    with pytest.raises(ValueError, match="how many axes"):
        gg.layers.dense(gg.placeholder(gg.float32), 3)
    with pytest.raises(ValueError, match="more axes"):
        gg.layers.dense(gg.ones([]), 3)


def test_an_activity_regularizer_is_a_function():
    with pytest.raises(TypeError, match="not a function"):
        gg.layers.dense(gg.ones([1, 2]), 3, activity_regularizer=0.1)


def test_a_layer_without_a_call():
    with pytest.raises(NotImplementedError):
        gg.layers.Layer()(gg.ones([1]))


@pytest.mark.parametrize(
    ("kind", "snake"),
    [("Dense", "dense"), ("Conv2D", "conv2d"), ("Conv2DTranspose", "conv2d_transpose"),
     ("MaxPooling2D", "max_pooling2d"),
     ("SeparableConv2D", "separable_conv2d"), ("BatchNormalization", "batch_normalization"), ("_Own", "own")],
)  # fmt: skip
def test_the_scope_of_a_class(kind, snake):
    assert _snake(kind) == snake
