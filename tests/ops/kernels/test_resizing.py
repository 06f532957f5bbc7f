"""Images of other sizes, against weights by hand."""

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

A = np.sin(np.arange(24.0) * 1.3).reshape(1, 4, 3, 2)
ROW = np.array([10.0, 20.0, 40.0]).reshape(1, 1, 3, 1)


def linear(a, axis, want, step, offset=0.0):
    have = a.shape[axis]
    place = (np.arange(want) + offset) * step - offset
    low = np.floor(place).astype(int)
    share = (place - low).reshape([-1 if n == axis else 1 for n in range(4)])
    return a.take(np.clip(low, 0, have - 1), axis) * (1 - share) + a.take(np.clip(low + 1, 0, have - 1), axis) * share


def bilinear(a, high, wide, corners=False, offset=0.0):
    steps = [(have - 1) / (want - 1) if corners else have / want for have, want in ((4, high), (3, wide))]
    return linear(linear(a, 1, high, steps[0], offset), 2, wide, steps[1], offset)


def nearest(a, rows, columns):
    return a[:, rows][:, :, columns]


CASES = {
    "image.resize_bilinear": Case(
        lambda tf, x: tf.image.resize_bilinear(x, [8, 6]), (A,), lambda a: bilinear(a, 8, 6), close=1e-5, slopes=False
    ),
    "image.resize_bilinear align_corners": Case(
        lambda tf, x: tf.image.resize_bilinear(x, [7, 5], align_corners=True),
        (A,),
        lambda a: bilinear(a, 7, 5, True),
        close=1e-5,
        slopes=False,
    ),
    "image.resize_bilinear half_pixel_centers": Case(
        lambda tf, x: tf.image.resize_bilinear(x, [8, 6], half_pixel_centers=True),
        (A,),
        lambda a: bilinear(a, 8, 6, False, 0.5),
        close=1e-5,
        slopes=False,
    ),
    "image.resize_bilinear of integers": Case(
        lambda tf, x: tf.image.resize_bilinear(x, [1, 6]),
        (ROW.astype(np.uint8),),
        lambda a: np.float32([10, 15, 20, 30, 40, 40]).reshape(1, 1, 6, 1),
    ),
    "image.resize_nearest_neighbor": Case(
        lambda tf, x: tf.image.resize_nearest_neighbor(x, [2, 6]),
        (A,),
        lambda a: nearest(a, [0, 2], [0, 0, 1, 1, 2, 2]),
    ),
    "image.resize_nearest_neighbor align_corners": Case(
        lambda tf, x: tf.image.resize_nearest_neighbor(x, [7, 2], align_corners=True),
        (A,),
        lambda a: nearest(a, [0, 1, 1, 2, 2, 3, 3], [0, 2]),
    ),
    "image.resize_nearest_neighbor half_pixel_centers": Case(
        lambda tf, x: tf.image.resize_nearest_neighbor(x, [2, 2], half_pixel_centers=True),
        (A,),
        lambda a: nearest(a, [1, 3], [0, 2]),
    ),
    "image.resize_bicubic to the same size": Case(
        lambda tf, x: tf.image.resize_bicubic(x, [4, 3]), (A,), lambda a: a, slopes=False, close=1e-6
    ),
    "image.resize_bicubic": Case(  # Keys's weights at one half with a = -0.75: -3/32, 19/32, 19/32, -3/32
        lambda tf, x: tf.image.resize_bicubic(x, [1, 6]),
        (ROW,),
        lambda a: np.array(
            [10, (19 * 30 - 3 * 50) / 32, 20, (19 * 60 - 3 * 50) / 32, 40, (19 * 80 - 3 * 60) / 32]
        ).reshape(1, 1, 6, 1),
        slopes=False,
        close=1e-6,
    ),
    "image.resize_area": Case(
        lambda tf, x: tf.image.resize_area(x, [1, 2]),
        (ROW.astype(np.float32),),
        lambda a: np.float32([40 / 3, 100 / 3]).reshape(1, 1, 2, 1),
        close=1e-5,
        slopes=False,
    ),
    "image.resize_images": Case(
        lambda tf, x: tf.image.resize_images(x[0], [8, 6]),
        (A,),
        lambda a: bilinear(a, 8, 6)[0],
        close=1e-5,
        slopes=False,
    ),
    "image.resize_images of the same size": Case(
        lambda tf, x: tf.image.resize_images(x, [4, 3]), ((A * 9).astype(np.int32),), lambda a: a, unknown=False
    ),
    "image.resize nearest": Case(
        lambda tf, x: tf.image.resize(x, [2, 6], tf.image.ResizeMethod.NEAREST_NEIGHBOR),
        (A,),
        lambda a: nearest(a, [0, 2], [0, 0, 1, 1, 2, 2]),
    ),
    "image.resize_images preserve_aspect_ratio": Case(
        lambda tf, x: tf.image.resize_images(x, [2, 9], 1, preserve_aspect_ratio=True),
        (A,),
        lambda a: nearest(a, [0, 2], [0, 1]),
    ),
    "image.crop_and_resize": Case(
        lambda tf, x, b: tf.image.crop_and_resize(x, b, [0], [2, 2]),
        (ROW.repeat(3, 1).astype(np.float32), np.float32([[0, 0.25, 1, 2]])),
        lambda a, b: np.float32([[[[15], [0]], [[15], [0]]]]),
        slopes=False,
    ),
}


@pytest.mark.parametrize("name", ["resize_bilinear", "resize_bicubic", "resize_area", "resize_nearest_neighbor"])
def test_a_gradient_is_the_transpose(run, name):
    # resizing is linear, so <gradient of <weights, resized x>, x> is <weights, resized x>
    x = gg.constant(A.astype(np.float32))
    resized = getattr(gg.image, name)(x, [5, 7])
    assert resized.dtype is gg.float32
    weights = np.cos(np.arange(70.0)).reshape(1, 5, 7, 2).astype(np.float32)
    total = gg.reduce_sum(resized * weights)
    gradient, value = run([gg.gradients(total, x)[0], total])
    assert (gradient * A).sum() == pytest.approx(value, rel=1e-4)


def test_the_size_may_be_the_runs(run):
    size = gg.placeholder(gg.int32, [2])
    found = gg.image.resize_images(gg.constant(A), size)
    assert found.shape.as_list() == [1, None, None, 2]
    np.testing.assert_allclose(run(found, {size: [8, 6]}), bilinear(A, 8, 6), rtol=1e-5)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="not given together"):
        gg.image.resize_bilinear(A, [2, 2], True, half_pixel_centers=True)
    with pytest.raises(ValueError, match="4 axes"):
        gg.image.resize_bilinear(A[0], [2, 2])
    with pytest.raises(ValueError, match="height, width"):
        gg.image.resize_bilinear(A, [2])
    with pytest.raises(ValueError, match="method"):
        gg.image.resize_images(A, [2, 2], method=7)
    with pytest.raises(ValueError, match="3 or 4"):
        gg.image.resize_images(A[0, 0], [2, 2])
    with pytest.raises(ValueError, match="cubic"):
        gg.image.crop_and_resize(A, [[0.0, 0.0, 1.0, 1.0]], [0], [1, 1], "cubic")
