"""TF1's elementwise functions that torch has no one call for, against numpy and hands."""

import math

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

A = np.array([[-1.5, 0.0, 0.5], [0.75, 2.5, -3.0]])
B = np.array([[2.0, -0.75, 0.0], [0.0, 1.5, 3.0]])
POSITIVE = np.abs(A) + 0.25
INTS, OTHER = np.array([7, -7, 7, -7], np.int32), np.array([2, 2, -2, -2], np.int32)


def no_nan(a, b):
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)


CASES = {
    "truediv of integers": Case(lambda tf, x, y: tf.truediv(x, y), (INTS, OTHER), lambda a, b: a / b),
    "divide of integers": Case(lambda tf, x, y: tf.divide(x, y), (INTS, OTHER), lambda a, b: a / b),
    "truediv of short integers": Case(
        lambda tf, x: tf.truediv(x, x), (np.array([1, 2], np.int8),), lambda a: np.float32([1, 1])
    ),
    "div of integers": Case(lambda tf, x, y: tf.div(x, y), (INTS, OTHER), np.floor_divide),
    "div": Case(lambda tf, x, y: tf.div(x, y), (A, POSITIVE), np.divide),
    "truncatediv": Case(lambda tf, x, y: tf.truncatediv(x, y), (INTS, OTHER), lambda a, b: np.int32(np.trunc(a / b))),
    "div_no_nan": Case(lambda tf, x, y: tf.div_no_nan(x, y), (A, B), no_nan, slopes=False),
    "math.divide_no_nan": Case(lambda tf, x, y: tf.math.divide_no_nan(x, y), (A, POSITIVE), np.divide),
    "math.multiply_no_nan": Case(
        lambda tf, x, y: tf.math.multiply_no_nan(x, y),
        (np.array([np.inf, np.nan, 2.0]), np.array([0.0, 0.0, 3.0])),
        lambda a, b: np.array([0.0, 0.0, 6.0]),
        slopes=False,
    ),
    "math.xlogy": Case(
        lambda tf, x, y: tf.math.xlogy(x, y),
        (np.array([0.0, 2.0]), np.array([0.0, 3.0])),
        lambda a, b: np.array([0.0, 2 * math.log(3)]),
        slopes=False,
    ),
    "math.xlogy inside": Case(lambda tf, x, y: tf.math.xlogy(x, y), (A + 0.1, POSITIVE), lambda a, b: a * np.log(b)),
    "math.xlog1py": Case(lambda tf, x, y: tf.math.xlog1py(x, y), (A + 0.1, POSITIVE), lambda a, b: a * np.log1p(b)),
    "math.xdivy": Case(
        lambda tf, x, y: tf.math.xdivy(x, y),
        (np.array([0.0, 2.0]), np.array([0.0, 4.0])),
        lambda a, b: np.array([0.0, 0.5]),
        slopes=False,
    ),
    "squared_difference": Case(lambda tf, x, y: tf.squared_difference(x, y), (A, B), lambda a, b: (a - b) ** 2),
    "lbeta": Case(
        lambda tf, x: tf.lbeta(x),
        (POSITIVE,),
        lambda a: np.array([sum(map(math.lgamma, row)) - math.lgamma(row.sum()) for row in a]),
    ),
    "polygamma": Case(
        lambda tf, x: tf.polygamma(1.0, x),
        (np.array([1.0, 2.0]),),
        lambda a: np.array([math.pi**2 / 6, math.pi**2 / 6 - 1]),
    ),
    "polygamma of several orders": Case(
        lambda tf, x: tf.polygamma(tf.cast([0.0, 1.0, 2.0, 0.5], x.dtype), x),
        (np.array([1.0, 1.0, 1.0, 1.0]),),
        lambda a: np.array([-np.euler_gamma, math.pi**2 / 6, -2 * 1.2020569031595942, math.nan]),
        slopes=False,
    ),
    "math.polyval": Case(
        lambda tf, x: tf.math.polyval([2.0, -1.0, 0.5], x), (A,), lambda a: np.polyval([2, -1, 0.5], a)
    ),
    "saturate_cast": Case(
        lambda tf, x: tf.saturate_cast(x, tf.uint8),
        (np.array([-3.0, 7.9, 300.0]),),
        lambda a: np.array([0, 7, 255], np.uint8),
    ),
    "saturate_cast to int32": Case(
        lambda tf, x: tf.saturate_cast(x, tf.int32),
        (np.float32([1e12, -1e12, 5]),),
        lambda a: np.array([2147483520, -(2**31), 5], np.int32),
    ),
    "bitcast": Case(lambda tf, x: tf.bitcast(x, tf.int32), (np.float32([1.0, -2.0]),), lambda a: a.view(np.int32)),
    "bitcast to narrower": Case(
        lambda tf, x: tf.bitcast(x, tf.uint8), (np.array([258], np.int32),), lambda a: np.uint8([[2, 1, 0, 0]])
    ),
    "bitcast to wider": Case(
        lambda tf, x: tf.bitcast(x, tf.int32), (np.uint8([[2, 1, 0, 0]]),), lambda a: np.int32([258]), unknown=False
    ),
    "is_non_decreasing": Case(lambda tf, x: tf.is_non_decreasing(x), (np.array([1, 1, 2]),), lambda a: np.True_),
    "is_strictly_increasing": Case(
        lambda tf, x: tf.is_strictly_increasing(x), (np.array([1, 1, 2]),), lambda a: np.False_
    ),
    "betainc": Case(
        lambda tf, a, b, x: tf.betainc(a, b, x),
        (np.array([2.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0]), np.array([0.3, 0.25, 0.9])),
        lambda a, b, x: np.array([0.3**2, 1 - 0.75**3, 3 * 0.81 - 2 * 0.729]),
        close=1e-10,
    ),
    "clip_by_value of tensors": Case(
        lambda tf, x, low: tf.clip_by_value(x, low, 1.0),
        (A, np.array([-1.0, 0.2, -9.0])),
        lambda a, low: np.clip(a, low, 1.0),
        slopes=False,
    ),
    "cast of complex numbers": Case(
        lambda tf, x: tf.cast(x, tf.float32), (np.array([1 + 2j]),), lambda a: np.float32([1]), slopes=False
    ),
}


@pytest.mark.parametrize("name", ["div_no_nan", "xdivy", "xlogy", "xlog1py"])
def test_gradients_are_zero_where_a_zero_decides(run, name):
    function = getattr(gg, name, None) or getattr(gg.math, name)
    x, y = gg.constant([0.0, 1.0], gg.float64), gg.constant([0.0, 2.0], gg.float64)
    found = run(gg.gradients(function(x, y), [x, y]))
    assert np.isfinite(found).all() and found[1][0] == 0


def test_a_product_with_zero_has_the_derivatives_of_a_product(run):
    x, y = gg.constant([2.0, 3.0], gg.float64), gg.constant([0.0, 5.0], gg.float64)
    by_x, by_y = run(gg.gradients(gg.math.multiply_no_nan(x, y), [x, y]))
    assert by_x.tolist() == [0, 5] and by_y.tolist() == [2, 3]


def test_polygamma_differentiates_to_the_next_order(run):
    x = gg.constant([1.5, 3.0], gg.float64)
    found, following = run([gg.gradients(gg.polygamma(gg.constant([1.0, 2.0], gg.float64), x), x)[0],
                            gg.polygamma(gg.constant([2.0, 3.0], gg.float64), x)])  # fmt: skip
    np.testing.assert_allclose(found, following, rtol=1e-12)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="last axis of 4"):
        gg.bitcast(gg.constant([1, 2], gg.uint8), gg.int32)
