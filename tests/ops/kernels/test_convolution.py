"""Convolutions against sums over windows by hand."""

import itertools

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


def same(size, reach, step):
    total = max((-(-size // step) - 1) * step + reach - size, 0)
    return total // 2, total - total // 2


def convolved(a, k, stride, padding, rate=1):
    """Over all axes of space of [batch, ..., channels], by a loop over the results."""
    space = a.ndim - 2
    reach = [(size - 1) * rate + 1 for size in k.shape[:space]]
    if padding == "SAME":
        pairs = [same(size, r, stride) for size, r in zip(a.shape[1:-1], reach, strict=True)]
        a = np.pad(a, [(0, 0), *pairs, (0, 0)])
    sizes = [(size - r) // stride + 1 for size, r in zip(a.shape[1:-1], reach, strict=True)]
    found = np.zeros((a.shape[0], *sizes, k.shape[-1]))
    for place in itertools.product(*map(range, sizes)):
        cut = tuple(slice(p * stride, p * stride + r, rate) for p, r in zip(place, reach, strict=True))
        window = a[(slice(None), *cut)]
        found[(slice(None), *place)] = np.tensordot(window, k, (list(range(1, space + 2)), list(range(space + 1))))
    return found


def transposed(y, k, shape, stride, padding):
    """The gradient of a convolution with respect to its input: each result spread over its window."""
    big = np.zeros(shape)
    pairs = [
        same(size, r, stride) if padding == "SAME" else (0, 0) for size, r in zip(shape[1:-1], k.shape, strict=False)
    ]
    wide = np.pad(big, [(0, 0), *[(b, a + 9) for b, a in pairs], (0, 0)])
    for i, j in itertools.product(range(y.shape[1]), range(y.shape[2])):
        rows, columns = slice(i * stride, i * stride + k.shape[0]), slice(j * stride, j * stride + k.shape[1])
        wide[:, rows, columns] += np.einsum("nc,hwoc->nhwo", y[:, i, j], k)
    (top, _), (left, _) = pairs
    return wide[:, top : top + shape[1], left : left + shape[2]]


def numbers(*shape):
    return np.sin(np.arange(np.prod(shape)) * 1.7).reshape(shape)


X1, X2, X3 = numbers(2, 7, 2), numbers(1, 5, 6, 2), numbers(1, 4, 3, 4, 2)
K1, K2, K3 = numbers(3, 2, 3), numbers(3, 2, 2, 3), numbers(2, 2, 3, 2, 2)
DEEP = numbers(2, 2, 2, 2)
POINT = numbers(1, 1, 4, 3)
Y = numbers(1, 3, 3, 2)
KT = numbers(3, 2, 4, 2)


def deep(a, k, stride, padding):
    parts = [convolved(a[..., [c]], k[:, :, [c]], stride, padding) for c in range(a.shape[-1])]
    return np.concatenate(parts, -1)


def patches(a, size, stride, padding):
    eye = np.eye(size * size * a.shape[-1]).reshape(size, size, a.shape[-1], -1)
    return convolved(a, eye, stride, padding)


VOLUME = numbers(1, 3, 4, 5, 2)

CASES = {
    "nn.conv1d": Case(
        lambda tf, x, k: tf.nn.conv1d(x, k, 2, "SAME"), (X1, K1), lambda a, k: convolved(a, k, 2, "SAME"), unknown=False
    ),
    "nn.conv2d SAME": Case(
        lambda tf, x, k: tf.nn.conv2d(x, k, [1, 2, 2, 1], "SAME"),
        (X2, K2),
        lambda a, k: convolved(a, k, 2, "SAME"),
        unknown=False,
    ),
    "nn.conv2d VALID": Case(
        lambda tf, x, k: tf.nn.conv2d(x, filters=k, strides=1, padding="VALID"),
        (X2, K2),
        lambda a, k: convolved(a, k, 1, "VALID"),
        unknown=False,
    ),
    "nn.conv2d of given zeros": Case(
        lambda tf, x, k: tf.nn.conv2d(x, k, 1, [[0, 0], [1, 0], [0, 2], [0, 0]]),
        (X2, K2),
        lambda a, k: convolved(np.pad(a, [(0, 0), (1, 0), (0, 2), (0, 0)]), k, 1, "VALID"),
        unknown=False,
    ),
    "nn.conv3d": Case(
        lambda tf, x, k: tf.nn.conv3d(x, k, [1, 2, 2, 2, 1], "SAME"),
        (X3, K3),
        lambda a, k: convolved(a, k, 2, "SAME"),
        unknown=False,
    ),
    "nn.convolution": Case(
        lambda tf, x, k: tf.nn.convolution(x, k, "VALID", dilation_rate=[2, 2]),
        (X2, K2),
        lambda a, k: convolved(a, k, 1, "VALID", 2),
        unknown=False,
    ),
    "nn.atrous_conv2d": Case(
        lambda tf, x, k: tf.nn.atrous_conv2d(x, k, 2, "SAME"),
        (X2, K2),
        lambda a, k: convolved(a, k, 1, "SAME", 2),
        unknown=False,
    ),
    "nn.depthwise_conv2d": Case(
        lambda tf, x, k: tf.nn.depthwise_conv2d(x, k, [1, 2, 2, 1], "SAME"),
        (X2, DEEP),
        lambda a, k: deep(a, k, 2, "SAME"),
        unknown=False,
    ),
    "nn.depthwise_conv2d_native": Case(
        lambda tf, x, k: tf.nn.depthwise_conv2d_native(x, k, [1, 1, 1, 1], "VALID"),
        (X2, DEEP),
        lambda a, k: deep(a, k, 1, "VALID"),
        unknown=False,
    ),
    "nn.separable_conv2d": Case(
        lambda tf, x, k, p: tf.nn.separable_conv2d(x, k, p, [1, 1, 1, 1], "SAME"),
        (X2, DEEP, POINT),
        lambda a, k, p: deep(a, k, 1, "SAME") @ p[0, 0],
        unknown=False,
    ),
    "nn.conv2d_transpose SAME": Case(
        lambda tf, y, k: tf.nn.conv2d_transpose(y, k, [1, 6, 5, 4], [1, 2, 2, 1]),
        (Y, KT),
        lambda y, k: transposed(y, k, (1, 6, 5, 4), 2, "SAME"),
        unknown=False,
    ),
    "nn.conv2d_transpose VALID": Case(
        lambda tf, y, k: tf.nn.conv2d_transpose(y, k, [1, 8, 6, 4], 2, "VALID"),
        (Y, KT),
        lambda y, k: transposed(y, k, (1, 8, 6, 4), 2, "VALID"),
        unknown=False,
    ),
    "nn.conv_transpose": Case(
        lambda tf, y, k: tf.nn.conv_transpose(y, k, [1, 6, 6, 4], [2, 2]),
        (Y, KT),
        lambda y, k: transposed(y, k, (1, 6, 6, 4), 2, "SAME"),
        unknown=False,
    ),
    "nn.conv3d_transpose": Case(
        lambda tf, y, k: tf.nn.conv3d_transpose(y, k, [1, 1, 3, 3, 4], [1, 1, 1, 1, 1]),
        (Y[:, None].copy(), KT[None].copy()),
        lambda y, k: transposed(y[:, 0], k[0], (1, 3, 3, 4), 1, "SAME")[:, None],
        unknown=False,
    ),
    "extract_image_patches": Case(
        lambda tf, x: tf.extract_image_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"),
        (X2,),
        lambda a: patches(a, 2, 2, "SAME"),
    ),
    "extract_volume_patches": Case(
        lambda tf, x: tf.extract_volume_patches(x, [1, 2, 2, 2, 1], [1, 1, 2, 3, 1], "VALID"),
        (VOLUME,),
        lambda a: np.array(
            [[[[a[0, d : d + 2, h : h + 2, w : w + 2].ravel() for w in (0, 3)] for h in (0, 2)] for d in (0, 1)]]
        ),
    ),
    "extract_volume_patches SAME": Case(
        lambda tf, x: tf.extract_volume_patches(x, [1, 1, 1, 3, 1], [1, 1, 1, 2, 1], "SAME")[:, 0, 0],
        (VOLUME,),
        lambda a: np.array(
            [[np.r_[0, 0, a[0, 0, 0, :2].ravel()], a[0, 0, 0, 1:4].ravel(), np.r_[a[0, 0, 0, 3:].ravel(), 0, 0]]]
        ),
    ),
    "nn.dilation2d": Case(
        lambda tf, x, k: tf.nn.dilation2d(x, k, [1, 1, 1, 1], [1, 1, 1, 1], "VALID"),
        (X2, numbers(2, 2, 2)),
        lambda a, k: np.stack([(a[:, i : i + 4, j : j + 5] + k[i, j]) for i in (0, 1) for j in (0, 1)]).max(0),
        unknown=False,
    ),
}


def test_images_of_a_size_that_the_run_decides(run):
    x = gg.placeholder(gg.float64, [None, None, None, 2])
    y = gg.nn.conv2d(x, gg.constant(K2), 2, "SAME")
    assert y.shape.as_list() == [None, None, None, 3]
    for height, width in ((5, 6), (4, 9), (1, 1)):
        data = numbers(1, height, width, 2)
        np.testing.assert_allclose(run(y, {x: data}), convolved(data, K2, 2, "SAME"), atol=1e-12)


def test_the_shape_of_a_transpose_may_be_the_runs(run):
    y = gg.placeholder(gg.float64, [None, 3, 3, 2])
    shape = gg.stack([gg.shape(y)[0], 6, 5, 4])
    found = gg.nn.conv2d_transpose(y, gg.constant(KT), shape, [1, 2, 2, 1])
    assert found.shape.as_list() == [None, 6, 5, 4]
    np.testing.assert_allclose(run(found, {y: Y}), transposed(Y, KT, (1, 6, 5, 4), 2, "SAME"))


def test_nchw_is_nhwc_transposed(run):
    usual = gg.nn.conv2d(X2, K2, [1, 2, 2, 1], "SAME")
    other = gg.nn.conv2d(X2.transpose(0, 3, 1, 2), K2, [1, 1, 2, 2], "SAME", data_format="NCHW")
    np.testing.assert_allclose(run(usual).transpose(0, 3, 1, 2), run(other))


BAD = {
    "padding": (lambda x: gg.nn.conv2d(x, gg.ones([1, 1, 1, 1]), 1, "FULL"), "FULL"),
    "data_format": (lambda x: gg.nn.conv2d(x, gg.ones([1, 1, 1, 1]), 1, "SAME", data_format="CHWN"), "CHWN"),
    "cudnn": (lambda x: gg.nn.conv2d(x, gg.ones([1, 1, 1, 1]), 1, "SAME", False), "cudnn"),
    "channels": (lambda x: gg.nn.conv2d(x, gg.ones([1, 1, 5, 1]), 1, "SAME"), "5 channels"),
    "axes": (lambda x: gg.nn.conv2d(x, gg.ones([1, 1, 1]), 1, "SAME"), "4 axes"),
    "stride": (lambda x: gg.nn.conv2d(x, gg.ones([1, 1, 1, 1]), [1, 2, 2, 2], "SAME"), "not supported"),
    "transpose": (lambda x: gg.nn.conv2d_transpose(x, gg.ones([2, 2, 1, 1]), [1, 9, 9, 1], 2), "can't give"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_refused(what):
    function, says = BAD[what]
    with pytest.raises(ValueError, match=says):
        function(gg.ones([1, 4, 4, 1]))
