"""Pooling layers, beside windows in numpy."""

import numpy as np
import pytest

import graphgrad as gg


def pooled(x, size, stride, reduce):
    """The windows of series [batch, width, channels] without padding."""
    starts = range(0, x.shape[1] - size + 1, stride)
    return np.stack([reduce(x[:, start : start + size], axis=1) for start in starts], 1)


@pytest.mark.parametrize(("name", "reduce"), [("max_pooling1d", np.max), ("average_pooling1d", np.mean)])
def test_series(run, name, reduce):
    x = np.random.rand(2, 7, 3)
    found = run(getattr(gg.layers, name)(gg.constant(x), 3, 2))
    np.testing.assert_allclose(found, pooled(x, 3, 2, reduce))
    first = getattr(gg.layers, name)(gg.constant(x.transpose(0, 2, 1)), 3, 2, data_format="channels_first")
    np.testing.assert_allclose(run(first).transpose(0, 2, 1), found)


@pytest.mark.parametrize(("name", "reduce"), [("max_pooling2d", np.max), ("average_pooling2d", np.mean)])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), ((3, 2), (1, 2)), ([2], [2])], ids=str)
def test_images(run, name, reduce, size, stride):
    x = np.random.rand(2, 6, 8, 3)
    sizes, strides = (tuple(each) * 2 if each == [2] else each for each in (size, stride))
    (high, wide), (down, right) = np.broadcast_to(sizes, 2), np.broadcast_to(strides, 2)
    rows = pooled(x.reshape(2, 6, -1), high, down, reduce).reshape(2, -1, 8, 3)
    wanted = pooled(rows.transpose(0, 2, 1, 3).reshape(2, 8, -1), wide, right, reduce)
    found = run(getattr(gg.layers, name)(gg.constant(x), size, stride))
    np.testing.assert_allclose(found, wanted.reshape(2, -1, rows.shape[1], 3).transpose(0, 2, 1, 3))
    first = getattr(gg.layers, name)(gg.constant(x.transpose(0, 3, 1, 2)), size, stride, data_format="channels_first")
    np.testing.assert_allclose(run(first).transpose(0, 2, 3, 1), found)


def test_same_padding_counts_pixels_only(run):
    x = np.ones((1, 3, 3, 1))
    assert run(gg.layers.average_pooling2d(gg.constant(x), 2, 2, "same")).tolist() == np.ones((1, 2, 2, 1)).tolist()
    assert run(gg.layers.max_pooling2d(gg.constant(-x), 2, 2, "SAME")).max() == -1.0


BAD = [
    ({"pool_size": [2, 2, 2]}, "pool_size"),
    ({"pool_size": 0}, "pool_size"),
    ({"strides": [1, 0]}, "strides"),
    ({"data_format": "NHWC"}, "channels_last"),
    ({"padding": "full"}, "FULL"),
]


@pytest.mark.parametrize(("options", "says"), BAD, ids=str)
def test_what_cannot_be(options, says):
    with pytest.raises(ValueError, match=says):
        gg.layers.max_pooling2d(gg.ones([1, 4, 4, 1]), **{"pool_size": 2, "strides": 1, **options})


def test_the_number_of_axes():
    with pytest.raises(ValueError, match="takes 4 axes"):
        gg.layers.MaxPooling2D(2, 2)(gg.ones([1, 4, 1]))
