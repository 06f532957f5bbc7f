"""Tensors made from sizes and numbers that a run computes."""

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

SIZES = np.array([2, 3], np.int32)

CASES = {
    "zeros": Case(lambda tf, s: tf.zeros(s), (SIZES,), lambda s: np.zeros(s, np.float32), unknown=False),
    "ones": Case(lambda tf, s: tf.ones(s, tf.int32), (SIZES,), lambda s: np.ones(s, np.int32), unknown=False),
    "fill": Case(lambda tf, s, v: tf.fill(s, v), (SIZES, np.float64(1.5)), lambda s, v: np.full(s, v), unknown=False),
    "range": Case(lambda tf, n: tf.range(n), (np.int32(4),), lambda n: np.arange(4, dtype=np.int32)),
    "range of floats": Case(
        lambda tf, a, b: tf.range(a, b, 0.5),
        (np.float64(1.0), np.float64(2.6)),
        lambda a, b: np.arange(1.0, 2.6, 0.5),
        slopes=False,
    ),
    "range that is empty": Case(lambda tf, n: tf.range(4, n), (np.int32(4),), lambda n: np.zeros(0, np.int32)),
    "linspace": Case(
        lambda tf, a, b: tf.linspace(a, b, 5), (np.float64(1.0), np.float64(2.0)), lambda a, b: np.linspace(a, b, 5)
    ),
    "linspace of tensors": Case(
        lambda tf, a, b: tf.linspace(a, b, 3, axis=-1),
        (np.array([1.0, 0.0]), np.array([2.0, 9.0])),
        lambda a, b: np.linspace(a, b, 3, axis=-1),
    ),
    "one_hot axis": Case(
        lambda tf, i: tf.one_hot(i, 3, axis=0),
        (np.int32([0, 2, -1]),),
        lambda i: np.float32([[1, 0, 0], [0, 0, 0], [0, 1, 0]]),
    ),
    "one_hot of a size in the run": Case(
        lambda tf, i, n: tf.one_hot(i, n, 5, 1), (np.int32([1]), np.int32(2)), lambda i, n: np.int32([[1, 5]])
    ),
    "eye": Case(lambda tf, n: tf.eye(n), (np.int32(3),), lambda n: np.eye(3, dtype=np.float32)),
    "eye of a batch": Case(
        lambda tf, n: tf.eye(2, 3, batch_shape=[2], dtype=tf.float64) + tf.cast(n, tf.float64) * 0.0,
        (np.int32(3),),
        lambda n: np.stack([np.eye(2, 3)] * 2),
        slopes=False,
    ),
}


def test_the_sizes_are_unknown_until_the_run(run):
    shape, n = gg.placeholder(gg.int32, [2]), gg.placeholder(gg.int32, [])
    assert gg.zeros(shape).shape.as_list() == [None, None]
    assert gg.range(n).shape.as_list() == gg.range(0, n, 2).shape.as_list() == [None]
    assert run([gg.ones(shape), gg.range(n, 0, -2)], {shape: [1, 2], n: 5})[1].tolist() == [5, 3, 1]


def test_what_cannot_be_is_refused(run):
    delta = gg.placeholder(gg.int32, [])
    with pytest.raises(gg.errors.InvalidArgumentError, match="not 0"):
        run(gg.range(0, 5, delta), {delta: 0})
    with pytest.raises(ValueError, match="step sign"):
        gg.range(5, 4)
    with pytest.raises(ValueError, match="at least 1"):
        gg.linspace(0.0, 1.0, 0)
