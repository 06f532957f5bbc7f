"""Brightness, contrast and colour spaces, against the standard library's colorsys and numpy."""

import colorsys

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

A = (np.sin(np.arange(24.0) * 1.9).reshape(2, 4, 3) + 1.1) / 2.3
BYTES = np.uint8([[[10, 200, 30], [255, 0, 128]]])


def each(function):
    return lambda a: np.apply_along_axis(lambda pixel: np.array(function(*pixel)), -1, a)


def hued(delta):
    def change(r, g, b):
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        return colorsys.hsv_to_rgb((h + delta) % 1, s, v)

    return each(change)


def saturated(r, g, b):
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    return colorsys.hsv_to_rgb(h, min(s * 1.5, 1), v)


CASES = {
    "image.rgb_to_hsv": Case(lambda tf, x: tf.image.rgb_to_hsv(x), (A,), each(colorsys.rgb_to_hsv)),
    "image.hsv_to_rgb": Case(lambda tf, x: tf.image.hsv_to_rgb(x), (A,), each(colorsys.hsv_to_rgb)),
    "image.rgb_to_yiq": Case(
        lambda tf, x: tf.image.rgb_to_yiq(x),
        (A,),
        lambda a: a @ np.array([[0.299, 0.596, 0.2115], [0.587, -0.2746, -0.5227], [0.114, -0.3213, 0.3112]]),
        close=1e-3,
    ),
    "image.yiq_to_rgb": Case(lambda tf, x: tf.image.yiq_to_rgb(tf.image.rgb_to_yiq(x)), (A,), lambda a: a, close=1e-3),
    "image.rgb_to_yuv": Case(
        lambda tf, x: tf.image.rgb_to_yuv(x),
        (A,),
        lambda a: a @ np.array([[0.299, -0.14714, 0.61497], [0.587, -0.28887, -0.51497], [0.114, 0.43601, -0.1]]),
        close=1e-4,
    ),
    "image.yuv_to_rgb": Case(lambda tf, x: tf.image.yuv_to_rgb(tf.image.rgb_to_yuv(x)), (A,), lambda a: a, close=1e-6),
    "image.rgb_to_grayscale": Case(
        lambda tf, x: tf.image.rgb_to_grayscale(x),
        (A.astype(np.float32),),
        lambda a: (a @ np.float32([0.2989, 0.587, 0.114]))[..., None],
        close=1e-6,
    ),
    "image.rgb_to_grayscale of bytes": Case(
        lambda tf, x: tf.image.rgb_to_grayscale(x), (BYTES,), lambda a: np.uint8([[[124], [90]]])
    ),
    "image.grayscale_to_rgb": Case(
        lambda tf, x: tf.image.grayscale_to_rgb(x[..., :1]), (A,), lambda a: a[..., :1].repeat(3, -1)
    ),
    "image.convert_image_dtype": Case(
        lambda tf, x: tf.image.convert_image_dtype(x, tf.float32), (BYTES,), lambda a: np.float32(a / 255), close=1e-6
    ),
    "image.convert_image_dtype to bytes": Case(
        lambda tf, x: tf.image.convert_image_dtype(x, tf.uint8),
        (np.float32([0, 0.5, 1]),),
        lambda a: np.uint8([0, 127, 255]),
    ),
    "image.convert_image_dtype of integers": Case(
        lambda tf, x: tf.image.convert_image_dtype(x, tf.int16), (BYTES[0, 0],), lambda a: np.int16([1280, 25600, 3840])
    ),
    "image.adjust_brightness": Case(lambda tf, x: tf.image.adjust_brightness(x, 0.25), (A,), lambda a: a + 0.25),
    "image.adjust_contrast": Case(
        lambda tf, x: tf.image.adjust_contrast(x, 2.0),
        (A.astype(np.float32),),
        lambda a: (a - a.mean((0, 1))) * 2 + a.mean((0, 1)),
        close=1e-5,
    ),
    "image.adjust_gamma": Case(lambda tf, x: tf.image.adjust_gamma(x, 2.0, 0.5), (A,), lambda a: a**2 / 2),
    "image.adjust_hue": Case(lambda tf, x: tf.image.adjust_hue(x, 0.2), (A,), hued(0.2), close=1e-6),
    "image.adjust_saturation": Case(
        lambda tf, x: tf.image.adjust_saturation(x, 1.5), (A,), each(saturated), close=1e-6
    ),
}


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="3 channels"):
        gg.image.rgb_to_hsv(gg.ones([2, 2]))
    with pytest.raises(ValueError, match="non-negative"):
        gg.image.adjust_gamma(gg.ones([2, 2, 3]), -1)
