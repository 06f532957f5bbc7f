"""slim: everything under one name, with defaults by the block."""

import numpy as np
import pytest

import graphgrad as gg

slim = gg.contrib.slim


def test_every_name_is_there():
    assert [name for name in slim.__all__ if not hasattr(slim, name)] == []
    assert len(slim.__all__) == len(set(slim.__all__))
    with pytest.raises(AttributeError, match="DataLoader"):
        slim.dataset  # noqa: B018


def test_a_network_with_defaults():
    images = gg.placeholder(gg.float32, [None, 8, 8, 3])
    regularizer = slim.l2_regularizer(0.5)
    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=regularizer):
        with slim.arg_scope([slim.conv2d], padding="VALID", normalizer_fn=slim.batch_norm):
            net = slim.repeat(images, 2, slim.conv2d, 4, [3, 3], scope="conv")
        net = slim.max_pool2d(net, [2, 2], scope="pool")
        net = slim.flatten(net)
        net = slim.dropout(net, 0.5, is_training=False)
        logits = slim.fully_connected(net, 2, activation_fn=None, scope="logits")
    assert logits.shape.as_list() == [None, 2]
    assert [each.name.removesuffix(":0") for each in slim.get_model_variables("conv/conv_1")] == [
        "conv/conv_1/weights", "conv/conv_1/BatchNorm/beta", "conv/conv_1/BatchNorm/moving_mean",
        "conv/conv_1/BatchNorm/moving_variance",
    ]  # fmt: skip
    total = slim.losses.get_total_loss()
    weights = [each for each in gg.trainable_variables() if each.name.endswith("weights:0")]
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        assert sess.run(logits, {images: np.ones((5, 8, 8, 3))}).shape == (5, 2)
        found, values = sess.run([total, weights])
    np.testing.assert_allclose(found, sum(0.25 * (value**2).sum() for value in values), rtol=1e-5)
