"""Convolutional layers, beside loops in numpy."""

import numpy as np
import pytest

import graphgrad as gg


def padding_of(size, window, stride, padding):
    """TF1's rule: how many zeros come before and after, and how many windows there are."""
    if padding == "valid":
        return (0, 0), -(-(size - window + 1) // stride)
    count = -(-size // stride)
    total = max((count - 1) * stride + window - size, 0)
    return (total // 2, total - total // 2), count


def convolved(x, kernel, stride=1, padding="valid"):
    """The convolution of NHWC images by its definition."""
    (top, rows), (left, columns) = (
        padding_of(x.shape[axis], kernel.shape[axis - 1], stride, padding) for axis in (1, 2)
    )
    x = np.pad(x, [(0, 0), top, left, (0, 0)])
    high, wide = kernel.shape[:2]
    found = np.empty((x.shape[0], rows, columns, kernel.shape[3]))
    for i in range(rows):
        for j in range(columns):
            window = x[:, i * stride : i * stride + high, j * stride : j * stride + wide]
            found[:, i, j] = np.einsum("bhwc,hwco->bo", window, kernel)
    return found


IMAGES = np.random.RandomState(0).randn(2, 6, 7, 3)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_conv2d(run, padding, stride):
    y = gg.layers.conv2d(
        gg.constant(IMAGES), 4, (3, 2), stride, padding, activation=gg.tanh, bias_initializer=gg.ones_initializer()
    )
    kernel, found = run([gg.global_variables()[0], y])
    assert kernel.shape == (3, 2, 3, 4)
    np.testing.assert_allclose(found, np.tanh(convolved(IMAGES, kernel, stride, padding) + 1), atol=1e-9)


def test_channels_first(run):
    with gg.variable_scope("net"):
        usual = gg.layers.conv2d(gg.constant(IMAGES), 4, 3, 2, "same", bias_initializer=gg.ones_initializer())
    with gg.variable_scope("net", reuse=True):
        first = gg.layers.conv2d(
            gg.constant(IMAGES.transpose(0, 3, 1, 2)), 4, 3, 2, "same", data_format="channels_first"
        )
    usual, first = run([usual, first])
    np.testing.assert_allclose(first.transpose(0, 2, 3, 1), usual, atol=1e-9)


def test_a_dilated_conv2d(run):
    y = gg.layers.conv2d(gg.constant(IMAGES), 2, 2, dilation_rate=2, use_bias=False)
    kernel, found = run([gg.global_variables()[0], y])
    spread = np.zeros((3, 3, 3, 2))
    spread[::2, ::2] = kernel
    np.testing.assert_allclose(found, convolved(IMAGES, spread), atol=1e-9)


def test_conv1d(run):
    x = IMAGES[:, :, 0]
    y = gg.layers.conv1d(gg.constant(x), 4, 3, 2, "same", use_bias=False)
    kernel, found = run([gg.global_variables()[0], y])
    assert kernel.shape == (3, 3, 4)
    wanted = convolved(x[:, :, None].repeat(1, 2), np.pad(kernel[:, None], [(0, 0), (0, 0), (0, 0), (0, 0)]), 2, "same")
    np.testing.assert_allclose(found, wanted[:, :, 0], atol=1e-9)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_conv2d_transpose_is_the_gradient_of_a_convolution(run, padding, stride):
    y = gg.layers.conv2d_transpose(gg.constant(IMAGES), 4, 3, stride, padding, use_bias=False)
    kernel, found = run([gg.global_variables()[0], y])
    assert kernel.shape == (3, 3, 4, 3)
    more = max(3 - stride, 0) if padding == "valid" else 0
    assert found.shape == (2, 6 * stride + more, 7 * stride + more, 4)
    probe = np.random.RandomState(1).randn(*found.shape)
    forward = convolved(probe, kernel, stride, padding)  # <probe, transpose(x)> = <conv(probe), x>
    assert np.vdot(probe, found) == pytest.approx(np.vdot(forward, IMAGES))


def test_conv2d_transpose_of_unknown_batch():
    x = gg.placeholder(gg.float32, [None, 7, 7, 8])
    y = gg.layers.conv2d_transpose(x, 3, 5, 2, "same", activation=gg.nn.relu)
    assert y.shape.as_list() == [None, 14, 14, 3]
    assert [each.op.name for each in gg.global_variables()] == ["conv2d_transpose/kernel", "conv2d_transpose/bias"]


def test_separable_conv2d(run):
    y = gg.layers.separable_conv2d(gg.constant(IMAGES), 4, 3, padding="same", depth_multiplier=2, use_bias=False)
    (deep, point), found = run([gg.global_variables(), y])
    assert (deep.shape, point.shape) == ((3, 3, 3, 2), (1, 1, 6, 4))
    each = [convolved(IMAGES[..., [c]], deep[:, :, [c]], 1, "same") for c in range(3)]
    np.testing.assert_allclose(found, np.concatenate(each, -1) @ point[0, 0], atol=1e-9)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"padding": "full"}, "full"), ({"kernel_size": [1, 2, 3]}, "kernel_size"), ({"data_format": "NHWC"}, "NHWC")],
    ids=str,
)
def test_what_cannot_be(options, says):
    with pytest.raises(ValueError, match=says):
        gg.layers.conv2d(gg.ones([1, 4, 4, 1]), 2, **{"kernel_size": 3, **options})


def test_the_number_of_axes_and_channels():
    with pytest.raises(ValueError, match="takes 4 axes, got 3"):
        gg.layers.conv2d(gg.ones([1, 4, 4]), 2, 3)
    with pytest.raises(ValueError, match="size of axis -1"):
        gg.layers.conv2d(gg.placeholder(gg.float32, [None, 4, 4, None]), 2, 3)


def test_an_old_style_network():
    x = gg.placeholder(gg.float32, [None, 784])
    h = gg.layers.conv2d(gg.reshape(x, [-1, 28, 28, 1]), 8, 5, padding="same", activation=gg.nn.relu)
    h = gg.layers.max_pooling2d(h, 2, 2)
    h = gg.layers.conv2d(h, 16, 5, padding="same", activation=gg.nn.relu)
    h = gg.layers.flatten(gg.layers.max_pooling2d(h, 2, 2))
    assert h.shape.as_list() == [None, 7 * 7 * 16]
    assert gg.layers.dense(h, 10).shape.as_list() == [None, 10]
