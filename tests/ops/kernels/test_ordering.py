"""Sorting, ranking and searching, in TF1's order of ties."""

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

A = np.array([[3.0, 1.0, 2.0, 5.0], [0.5, 4.0, -1.0, 2.5]])
TIES = np.array([[1, 3, 3, 2], [2, 2, 0, 2]], np.int32)
LIST = np.array([4, 1, 4, 7, 1, 4], np.int32)

CASES = {
    "math.top_k": Case(
        lambda tf, x: list(tf.math.top_k(x, 2)),
        (A,),
        lambda a: [np.array([[5.0, 3.0], [4.0, 2.5]]), np.int32([[3, 0], [1, 3]])],
    ),
    "math.top_k of ties": Case(
        lambda tf, x: tf.nn.top_k(x, 3).indices, (TIES,), lambda a: np.int32([[1, 2, 3], [0, 1, 3]])
    ),
    "math.in_top_k": Case(
        lambda tf, x, t: tf.math.in_top_k(x, t, 2),
        (A, np.array([0, 0], np.int32)),
        lambda a, t: np.array([True, False]),
        slopes=False,
    ),
    "math.in_top_k of ties": Case(
        lambda tf, x, t: tf.nn.in_top_k(x, t, 1),
        (np.float32([[1, 2, 2]]), np.array([2], np.int32)),
        lambda a, t: np.array([True]),
    ),
    "sort": Case(lambda tf, x: tf.sort(x), (A,), np.sort),
    "sort descending": Case(lambda tf, x: tf.sort(x, 0, "DESCENDING"), (A,), lambda a: np.sort(a, 0)[::-1]),
    "argsort": Case(lambda tf, x: tf.argsort(x), (A,), lambda a: np.int32(np.argsort(a))),
    "searchsorted": Case(
        lambda tf, s, v: tf.searchsorted(s, v),
        (np.array([[1.0, 3.0, 3.0, 9.0]]), np.array([[3.0, 0.0, 10.0]])),
        lambda s, v: np.int32([[1, 0, 4]]),
        slopes=False,
    ),
    "searchsorted right": Case(
        lambda tf, s, v: tf.searchsorted(s, v, "right"),
        (np.array([[1.0, 3.0, 3.0, 9.0]]), np.array([[3.0, 0.0, 10.0]])),
        lambda s, v: np.int32([[3, 0, 4]]),
        slopes=False,
    ),
    "unique": Case(
        lambda tf, x: list(tf.unique(x)), (LIST,), lambda a: [np.int32([4, 1, 7]), np.int32([0, 1, 0, 2, 1, 0])]
    ),
    "unique_with_counts": Case(
        lambda tf, x: list(tf.unique_with_counts(x)),
        (LIST,),
        lambda a: [np.int32([4, 1, 7]), np.int32([0, 1, 0, 2, 1, 0]), np.int32([3, 2, 1])],
    ),
    "setdiff1d": Case(
        lambda tf, x, y: list(tf.setdiff1d(x, y)),
        (LIST, np.array([4], np.int32)),
        lambda a, b: [np.int32([1, 7, 1]), np.int32([1, 3, 4])],
    ),
    "invert_permutation": Case(
        lambda tf, x: tf.invert_permutation(x), (np.array([2, 0, 1], np.int32),), lambda a: np.int32([1, 2, 0])
    ),
}


def test_results_have_names(run):
    found = gg.nn.top_k([1.0, 3.0], k=1)
    assert run(found.values).tolist() == [3] and run(found.indices).tolist() == [1]
    assert run(gg.unique_with_counts([5, 5]).count).tolist() == [2]


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="at least k=3 columns"):
        gg.nn.top_k([1.0, 2.0], k=3)
    with pytest.raises(ValueError, match="UP"):
        gg.sort([1.0], direction="UP")
    with pytest.raises(ValueError, match="middle"):
        gg.searchsorted([1.0], [1.0], side="middle")
    with pytest.raises(ValueError, match="list of numbers"):
        gg.unique([[1]])
