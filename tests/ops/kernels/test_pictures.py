"""Flips, crops, borders and measures of images, against numpy."""

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

A = np.sin(np.arange(48.0) * 1.9).reshape(2, 4, 3, 2)
BIG = (np.sin(np.arange(12 * 12 * 2) * 0.7).reshape(1, 12, 12, 2) + 1) / 2


def similarity(a, b, c1=0.01**2, c2=0.03**2):
    """By the definition, window by window."""
    steps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    weights = np.outer(steps, steps) / np.outer(steps, steps).sum()
    found = []
    for i in range(a.shape[1] - 10):
        for j in range(a.shape[2] - 10):
            for c in range(a.shape[3]):
                x, y = a[0, i : i + 11, j : j + 11, c], b[0, i : i + 11, j : j + 11, c]
                mx, my = (weights * x).sum(), (weights * y).sum()
                vx, vy = (weights * x * x).sum() - mx**2, (weights * y * y).sum() - my**2
                both = (weights * x * y).sum() - mx * my
                found.append((2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return np.array([np.mean(found)])


def sobel(a):
    wide = np.pad(a, [(0, 0), (1, 1), (1, 1), (0, 0)], "reflect")
    kernel = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    parts = [
        sum(k[i, j] * wide[:, i : i + a.shape[1], j : j + a.shape[2]] for i in range(3) for j in range(3))
        for k in (kernel, kernel.T)
    ]
    return np.stack(parts, -1)


CASES = {
    "image.flip_left_right": Case(lambda tf, x: tf.image.flip_left_right(x), (A,), lambda a: a[:, :, ::-1]),
    "image.flip_up_down": Case(lambda tf, x: tf.image.flip_up_down(x[0]), (A,), lambda a: a[0, ::-1]),
    "image.transpose_image": Case(lambda tf, x: tf.image.transpose_image(x), (A,), lambda a: a.transpose(0, 2, 1, 3)),
    "image.rot90": Case(lambda tf, x: tf.image.rot90(x), (A,), lambda a: np.rot90(a, 1, (1, 2))),
    "image.rot90 three times": Case(lambda tf, x: tf.image.rot90(x[0], 3), (A,), lambda a: np.rot90(a[0], 3)),
    "image.crop_to_bounding_box": Case(
        lambda tf, x: tf.image.crop_to_bounding_box(x, 1, 0, 2, 3), (A,), lambda a: a[:, 1:3], unknown=False
    ),
    "image.pad_to_bounding_box": Case(
        lambda tf, x: tf.image.pad_to_bounding_box(x, 1, 2, 6, 5),
        (A,),
        lambda a: np.pad(a, [(0, 0), (1, 1), (2, 0), (0, 0)]),
        unknown=False,
    ),
    "image.resize_image_with_crop_or_pad": Case(
        lambda tf, x: tf.image.resize_image_with_crop_or_pad(x, 3, 6),
        (A,),
        lambda a: np.pad(a[:, 0:3], [(0, 0), (0, 0), (1, 2), (0, 0)]),
    ),
    "image.central_crop": Case(
        lambda tf, x: tf.image.central_crop(x, 0.5), (A,), lambda a: a[:, 1:3, 0:3], unknown=False
    ),
    "image.per_image_standardization": Case(
        lambda tf, x: tf.image.per_image_standardization(x),
        (A.astype(np.float32),),
        lambda a: (a - a.mean((1, 2, 3), keepdims=True)) / a.std((1, 2, 3), keepdims=True),
        close=1e-5,
    ),
    "image.per_image_standardization of one grey": Case(
        lambda tf, x: tf.image.per_image_standardization(x), (np.ones((2, 2, 1), np.float32),), lambda a: a * 0
    ),
    "image.image_gradients": Case(
        lambda tf, x: list(tf.image.image_gradients(x)),
        (A,),
        lambda a: [
            np.pad(np.diff(a, axis=1), [(0, 0), (0, 1), (0, 0), (0, 0)]),
            np.pad(np.diff(a, axis=2), [(0, 0), (0, 0), (0, 1), (0, 0)]),
        ],
    ),
    "image.sobel_edges": Case(lambda tf, x: tf.image.sobel_edges(x), (A,), sobel, unknown=False, close=1e-6),
    "image.total_variation": Case(
        lambda tf, x: tf.image.total_variation(x),
        (A,),
        lambda a: abs(np.diff(a, axis=1)).sum((1, 2, 3)) + abs(np.diff(a, axis=2)).sum((1, 2, 3)),
    ),
    "image.psnr": Case(
        lambda tf, x, y: tf.image.psnr(x, y, 1.0),
        (BIG.astype(np.float32), BIG[:, ::-1].astype(np.float32)),
        lambda a, b: -10 * np.log10(((a - b) ** 2).mean((1, 2, 3))),
        close=1e-5,
    ),
    "image.ssim": Case(
        lambda tf, x, y: tf.image.ssim(x, y, 1.0),
        (BIG.astype(np.float32), (BIG**2).astype(np.float32)),
        similarity,
        unknown=False,
        close=1e-4,
    ),
    "image.non_max_suppression": Case(
        lambda tf, b, s: tf.image.non_max_suppression(b, s, 2),
        (np.float32([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, 2, 1, 3]]), np.float32([0.8, 0.9, 0.1])),
        lambda b, s: np.int32([1, 2]),
    ),
}


def test_equal_images_are_wholly_similar(run):
    assert run(gg.image.ssim(gg.constant(BIG), gg.constant(BIG), 1.0)).tolist() == pytest.approx([1.0])


BAD = {
    "axes": (lambda: gg.image.flip_up_down(gg.ones([2, 2])), "3 or 4"),
    "crop": (lambda: gg.image.crop_to_bounding_box(gg.ones([2, 2, 1]), 1, 0, 2, 1), "does not lie"),
    "negative": (lambda: gg.image.crop_to_bounding_box(gg.ones([2, 2, 1]), -1, 0, 2, 1), "starts inside"),
    "pad": (lambda: gg.image.pad_to_bounding_box(gg.ones([2, 2, 1]), 1, 0, 2, 2), "does not fit"),
    "target": (lambda: gg.image.resize_image_with_crop_or_pad(gg.ones([2, 2, 1]), 0, 2), "> 0"),
    "fraction": (lambda: gg.image.central_crop(gg.ones([2, 2, 1]), 1.5), "within"),
    "gradients": (lambda: gg.image.image_gradients(gg.ones([2, 2, 1])), "4D"),
    "small": (lambda: gg.image.ssim(gg.ones([5, 5, 1]), gg.ones([5, 5, 1]), 1.0), "smaller"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_refused(what):
    make, says = BAD[what]
    with pytest.raises(ValueError, match=says):
        make()
