"""contrib's layers: names, defaults and values, beside gg.layers and numpy."""

import numpy as np
import pytest

import graphgrad as gg

contrib = gg.contrib.layers
X = np.random.RandomState(0).randn(4, 3)
IMAGES = np.random.RandomState(1).randn(2, 6, 5, 3)


def names():
    return [each.op.name for each in gg.global_variables()]


def test_fully_connected(run):
    y = contrib.fully_connected(gg.constant(X), 5, biases_initializer=gg.ones_initializer())
    z = contrib.fully_connected(y, 2, activation_fn=None, scope="out")
    assert names() == ["fully_connected/weights", "fully_connected/biases", "out/weights", "out/biases"]
    assert gg.model_variables() == gg.trainable_variables() == gg.global_variables()
    (w, b, v, c), y, z = run([gg.global_variables(), y, z])
    np.testing.assert_allclose(y, np.maximum(X @ w + 1, 0))
    np.testing.assert_allclose(z, y @ v + c)
    assert np.abs(w).max() <= np.sqrt(6 / 8)


def test_variables_are_reused():
    contrib.linear(gg.constant(X), 2, scope="fc")
    contrib.relu(gg.constant(X), 2, scope="fc", reuse=True)
    assert names() == ["fc/weights", "fc/biases"]
    with pytest.raises(ValueError, match="already exists"):
        contrib.fully_connected(gg.constant(X), 2, scope="fc")


def test_where_results_and_variables_are_listed():
    y = contrib.fully_connected(
        gg.constant(X), 2, variables_collections={"weights": ["w"], "biases": "b"}, outputs_collections="out",
        weights_regularizer=contrib.l2_regularizer(0.1), trainable=False,
    )  # fmt: skip
    w, b = gg.global_variables()
    assert (gg.get_collection("w"), gg.get_collection("b"), gg.get_collection("out")) == ([w], [b], [y])
    assert len(gg.losses.get_regularization_losses()) == 1
    assert gg.trainable_variables() == []


def test_a_normalizer_takes_the_place_of_the_biases(run):
    params = {"is_training": True, "scale": True}
    y = contrib.fully_connected(gg.constant(X), 2, None, contrib.batch_norm, params)
    assert names() == [
        "fully_connected/weights", "fully_connected/BatchNorm/gamma", "fully_connected/BatchNorm/beta",
        "fully_connected/BatchNorm/moving_mean", "fully_connected/BatchNorm/moving_variance",
    ]  # fmt: skip
    np.testing.assert_allclose(run(y).mean(0), 0, atol=1e-9)


@pytest.mark.parametrize("form", ["NHWC", "NCHW"])
def test_conv2d_is_that_of_gg_layers(run, form):
    x = gg.constant(IMAGES if form == "NHWC" else IMAGES.transpose(0, 3, 1, 2))
    y = contrib.conv2d(x, 4, [3, 2], stride=2, data_format=form, biases_initializer=gg.ones_initializer())
    weights = gg.global_variables()[0]
    wanted = gg.nn.relu(gg.nn.conv2d(gg.constant(IMAGES), weights, [1, 2, 2, 1], "SAME") + 1.0)
    found, wanted = run([y, wanted])
    np.testing.assert_allclose(found if form == "NHWC" else found.transpose(0, 2, 3, 1), wanted)
    assert names() == ["Conv/weights", "Conv/biases"]
    contrib.conv2d(x, 2, 1, data_format=form)
    assert names()[2:] == ["Conv_1/weights", "Conv_1/biases"]


def test_conv2d_transpose(run):
    y = contrib.conv2d_transpose(gg.constant(IMAGES), 4, 3, 2, activation_fn=None, biases_initializer=None)
    assert names() == ["Conv2d_transpose/weights"]
    weights = gg.global_variables()[0]
    probe = np.random.RandomState(2).randn(2, 12, 10, 4)
    forward = gg.nn.conv2d(gg.constant(probe), weights, [1, 2, 2, 1], "SAME")
    found, forward = run([y, forward])
    assert np.vdot(found, probe) == pytest.approx(np.vdot(IMAGES, forward))


def test_batch_norm_lists_its_updates():
    contrib.batch_norm(gg.constant(X), updates_collections="own")
    contrib.batch_norm(gg.constant(X), is_training=False)
    assert (len(gg.get_collection("own")), gg.get_collection(gg.GraphKeys.UPDATE_OPS)) == (2, [])
    assert names()[:3] == ["BatchNorm/beta", "BatchNorm/moving_mean", "BatchNorm/moving_variance"]
    assert [v.op.name for v in gg.model_variables()] == names()


def test_batch_norm_may_update_in_place():
    y = contrib.batch_norm(gg.constant(X), decay=0.9, updates_collections=None, activation_fn=gg.nn.relu)
    beta, mean, variance = gg.global_variables()
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        found = session.run(y)
        after = session.run([mean, variance])
    np.testing.assert_allclose(found, np.maximum((X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3), 0), atol=1e-9)
    np.testing.assert_allclose(after, [0.1 * X.mean(0), 0.9 + 0.1 * X.var(0)])


def test_layer_norm(run):
    y = contrib.layer_norm(gg.constant(IMAGES), activation_fn=gg.tanh)
    axes = (1, 2, 3)
    normal = (IMAGES - IMAGES.mean(axes, keepdims=True)) / np.sqrt(IMAGES.var(axes, keepdims=True) + 1e-12)
    np.testing.assert_allclose(run(y), np.tanh(normal))
    assert names() == ["LayerNorm/beta", "LayerNorm/gamma"]
    assert gg.global_variables()[0].shape == [3]


def test_dropout_flatten_and_pools(run):
    x = gg.constant(IMAGES)
    assert run(contrib.dropout(x, 0.5, is_training=False)).tolist() == IMAGES.tolist()
    kept = run(contrib.dropout(gg.ones([4000]), 0.8, seed=1))
    assert set(np.round(kept, 4)) == {0.0, 1.25} and 0.75 < (kept > 0).mean() < 0.85
    assert contrib.flatten(x, outputs_collections="out").shape == [2, 90] and len(gg.get_collection("out")) == 1
    windows = IMAGES[:, :, :4].reshape(2, 3, 2, 2, 2, 3)
    np.testing.assert_allclose(run(contrib.max_pool2d(x, 2)), windows.max((2, 4)))
    np.testing.assert_allclose(run(contrib.avg_pool2d(x, [2, 2], 2)), windows.mean((2, 4)))
