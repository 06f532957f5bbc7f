"""Pools against windows cut by hand."""

import numpy as np
import pytest

import graphgrad as gg
from tests.ops.cases import (  # noqa: F401
    Case,
    test_at_once,
    test_its_gradients,
    test_with_known_sizes,
    test_with_unknown_sizes,
)


def numbers(*shape):
    return np.sin(np.arange(np.prod(shape)) * 1.7).reshape(shape)


def pooled(a, size, stride, padding, how):
    """Over all axes of [batch, ..., channels]; NaN stands for what is not there."""
    space = a.ndim - 2
    if padding == "SAME":
        pairs = []
        for length in a.shape[1:-1]:
            total = max((-(-length // stride) - 1) * stride + size - length, 0)
            pairs.append((total // 2, total - total // 2))
        a = np.pad(a, [(0, 0), *pairs, (0, 0)], constant_values=np.nan)
    views = np.lib.stride_tricks.sliding_window_view(a, [size] * space, tuple(range(1, 1 + space)))
    views = views[(slice(None), *[slice(None, None, stride)] * space)]
    return how(views, tuple(range(-space, 0)))


X1, X2, X3 = numbers(2, 7, 2), numbers(1, 5, 6, 2), numbers(1, 4, 3, 4, 2)
PLAIN = np.array([[[[1.0, -5.0], [4.0, 2.0]], [[3.0, 9.0], [2.0, 8.0]]]])

CASES = {
    "nn.max_pool SAME": Case(
        lambda tf, x: tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
        (X2,),
        lambda a: pooled(a, 2, 2, "SAME", np.nanmax),
    ),
    "nn.max_pool VALID": Case(
        lambda tf, x: tf.nn.max_pool(x, 3, 2, "VALID"),
        (X2,),
        lambda a: pooled(a, 3, 2, "VALID", np.nanmax),
        unknown=False,
    ),
    "nn.max_pool wide": Case(
        lambda tf, x: tf.nn.max_pool(x, 4, 1, "SAME"), (X2,), lambda a: pooled(a, 4, 1, "SAME", np.nanmax)
    ),
    "nn.avg_pool SAME": Case(
        lambda tf, x: tf.nn.avg_pool(x, 3, 2, "SAME"), (X2,), lambda a: pooled(a, 3, 2, "SAME", np.nanmean)
    ),
    "nn.avg_pool VALID": Case(
        lambda tf, x: tf.nn.avg_pool(x, 2, 2, "VALID"),
        (X2,),
        lambda a: pooled(a, 2, 2, "VALID", np.nanmean),
        unknown=False,
    ),
    "nn.max_pool1d": Case(
        lambda tf, x: tf.nn.max_pool1d(x, 2, 2, "SAME"), (X1,), lambda a: pooled(a, 2, 2, "SAME", np.nanmax)
    ),
    "nn.avg_pool1d": Case(
        lambda tf, x: tf.nn.avg_pool1d(x, 2, 2, "SAME"), (X1,), lambda a: pooled(a, 2, 2, "SAME", np.nanmean)
    ),
    "nn.max_pool2d": Case(
        lambda tf, x: tf.nn.max_pool2d(x, 2, 2, "SAME"), (X2,), lambda a: pooled(a, 2, 2, "SAME", np.nanmax)
    ),
    "nn.avg_pool2d": Case(
        lambda tf, x: tf.nn.avg_pool2d(x, 2, 2, "SAME"), (X2,), lambda a: pooled(a, 2, 2, "SAME", np.nanmean)
    ),
    "nn.max_pool3d": Case(
        lambda tf, x: tf.nn.max_pool3d(x, 2, 2, "SAME"), (X3,), lambda a: pooled(a, 2, 2, "SAME", np.nanmax)
    ),
    "nn.avg_pool3d": Case(
        lambda tf, x: tf.nn.avg_pool3d(x, 2, 2, "SAME"), (X3,), lambda a: pooled(a, 2, 2, "SAME", np.nanmean)
    ),
    "nn.max_pool_with_argmax": Case(
        lambda tf, x: list(tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 1, 1, 1], "SAME")),
        (PLAIN,),
        lambda a: [
            np.array([[[[4.0, 9.0], [4.0, 8.0]], [[3.0, 9.0], [2.0, 8.0]]]]),
            np.array([[[[2, 5], [2, 7]], [[4, 5], [6, 7]]]]),
        ],
    ),
    "nn.pool": Case(
        lambda tf, x: tf.nn.pool(x, [2, 2], "AVG", "SAME", strides=[2, 2]),
        (X2,),
        lambda a: pooled(a, 2, 2, "SAME", np.nanmean),
    ),
    "nn.pool MAX": Case(
        lambda tf, x: tf.nn.pool(x, [2, 2], "MAX", "VALID"),
        (X2,),
        lambda a: pooled(a, 2, 1, "VALID", np.nanmax),
        unknown=False,
    ),
}


def test_images_of_a_size_that_the_run_decides(run):
    x = gg.placeholder(gg.float64, [None, None, None, 1])
    found = gg.nn.max_pool(x, 2, 2, "SAME")
    for height, width in ((5, 4), (1, 7)):
        data = numbers(1, height, width, 1)
        np.testing.assert_allclose(run(found, {x: data}), pooled(data, 2, 2, "SAME", np.nanmax))


def test_nchw_is_nhwc_transposed(run):
    for function in (gg.nn.max_pool, gg.nn.avg_pool):
        usual = function(X2, 3, 2, "SAME")
        other = function(X2.transpose(0, 3, 1, 2), [1, 1, 3, 3], [1, 1, 2, 2], "SAME", "NCHW")
        np.testing.assert_allclose(run(usual).transpose(0, 3, 1, 2), run(other))


BAD = {
    "padding": (lambda x: gg.nn.max_pool(x, 2, 2, "FULL"), "FULL"),
    "data_format": (lambda x: gg.nn.max_pool(x, 2, 2, "SAME", "CHWN"), "CHWN"),
    "stride over channels": (lambda x: gg.nn.max_pool(x, 2, [1, 2, 2, 2], "SAME"), "not supported"),
    "window over the batch": (lambda x: gg.nn.avg_pool(x, [2, 2, 2, 1], 2, "SAME"), "not supported"),
    "axes": (lambda x: gg.nn.avg_pool(x[0, 0], 2, 2, "SAME"), "4 or 5 axes"),
    "kind": (lambda x: gg.nn.pool(x, [2, 2], "SUM", "SAME"), "SUM"),
    "dilation": (lambda x: gg.nn.pool(x, [2, 2], "MAX", "SAME", [2, 2]), "dilation_rate"),
    "places": (lambda x: gg.nn.max_pool_with_argmax(x, 2, 2, "SAME", "NCHW"), "NHWC"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_refused(what):
    function, says = BAD[what]
    with pytest.raises(ValueError, match=says):
        function(gg.ones([1, 4, 4, 1]))
