"""TF1's reductions and running totals, where torch's differ, against numpy."""

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

A = np.array([[1.0, -2.0, 0.5, 3.0], [0.25, 4.0, -1.0, 2.0]])
INTS = np.array([[3, -7, 7], [2, 2, 7]], np.int32)


def exclusive(a, axis, total, start):
    shifted = np.insert(a, 0, start, axis).take(range(a.shape[axis]), axis)
    return total(shifted, axis)


CASES = {
    "reduce_mean of integers": Case(lambda tf, x: tf.reduce_mean(x, 1), (INTS,), lambda a: np.int32([1, 3])),
    "reduce_prod": Case(lambda tf, x: tf.reduce_prod(x, 1), (A,), lambda a: a.prod(1)),
    "reduce_prod of all": Case(lambda tf, x: tf.reduce_prod(x, keepdims=True), (A,), lambda a: a.prod(keepdims=True)),
    "math.reduce_variance": Case(lambda tf, x: tf.math.reduce_variance(x, 0), (A,), lambda a: a.var(0)),
    "math.reduce_variance of all": Case(lambda tf, x: tf.math.reduce_variance(x), (A,), np.var),
    "math.reduce_std": Case(lambda tf, x: tf.math.reduce_std(x, [1], True), (A,), lambda a: a.std(1, keepdims=True)),
    "math.reduce_euclidean_norm": Case(
        lambda tf, x: tf.math.reduce_euclidean_norm(x, -1), (A,), lambda a: np.linalg.norm(a, axis=1)
    ),
    "count_nonzero": Case(
        lambda tf, x: tf.count_nonzero(x, 0), (np.array([[0.0, 1.0], [2.0, 3.0]]),), lambda a: np.int64([1, 2])
    ),
    "count_nonzero of all": Case(
        lambda tf, x: tf.count_nonzero(input=x, dtype=tf.int32), (INTS,), lambda a: np.int32(6)
    ),
    "math.zero_fraction": Case(
        lambda tf, x: tf.math.zero_fraction(x), (np.array([0.0, 1.0, 0.0, 0.0]),), lambda a: np.float32(0.75)
    ),
    "argmax": Case(lambda tf, x: tf.argmax(x, 1), (A,), lambda a: a.argmax(1)),
    "argmax of ties": Case(lambda tf, x: tf.argmax(x, 1), (INTS,), lambda a: a.argmax(1)),
    "argmin of ties": Case(lambda tf, x: tf.argmin(x, 1, output_type=tf.int32), (INTS,), lambda a: np.int32([1, 0])),
    "arg_max": Case(lambda tf, x: tf.arg_max(x, 1), (A,), lambda a: a.argmax(1)),
    "arg_min": Case(lambda tf, x: tf.arg_min(x, 0), (A,), lambda a: a.argmin(0)),
    "cumsum": Case(lambda tf, x: tf.cumsum(x, 1), (A,), lambda a: a.cumsum(1)),
    "cumsum of integers": Case(lambda tf, x: tf.cumsum(x), (INTS,), lambda a: a.cumsum(0, np.int32)),
    "cumsum exclusive": Case(
        lambda tf, x: tf.cumsum(x, 1, exclusive=True), (A,), lambda a: exclusive(a, 1, np.cumsum, 0.0)
    ),
    "cumsum reverse": Case(lambda tf, x: tf.cumsum(x, -1, reverse=True), (A,), lambda a: a[:, ::-1].cumsum(1)[:, ::-1]),
    "cumsum exclusive reverse": Case(
        lambda tf, x: tf.cumsum(x, 1, True, True), (A,), lambda a: exclusive(a[:, ::-1], 1, np.cumsum, 0.0)[:, ::-1]
    ),
    "cumprod": Case(lambda tf, x: tf.cumprod(x, 1), (A,), lambda a: a.cumprod(1)),
    "cumprod exclusive": Case(
        lambda tf, x: tf.cumprod(x, 1, exclusive=True), (A,), lambda a: exclusive(a, 1, np.cumprod, 1.0)
    ),
    "math.cumulative_logsumexp": Case(
        lambda tf, x: tf.math.cumulative_logsumexp(x, 1), (A,), lambda a: np.log(np.exp(a).cumsum(1))
    ),
    "accumulate_n": Case(lambda tf, x, y: tf.accumulate_n([x, y, x]), (A, A + 1), lambda a, b: 2 * a + b),
}


def test_sums_of_what_does_not_fit_are_refused():
    with pytest.raises(ValueError, match="same dtype"):
        gg.accumulate_n([gg.ones([2]), gg.ones([2], gg.float64)])
    with pytest.raises(ValueError, match="one shape"):
        gg.accumulate_n([gg.ones([2]), gg.ones([3])])


def test_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match="no axis 2"):
        gg.reduce_prod(gg.ones([2, 3]), axis=2)
