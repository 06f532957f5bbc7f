"""Reading and writing at indices, against numpy."""

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

A = np.arange(24.0).reshape(2, 3, 4) ** 1.5
INDEX = np.array([[2, 0], [1, 1]], np.int32)
PLACES = np.array([[0, 2], [1, 0]], np.int32)
MASK = np.array([[True, False, True], [False, False, True]])


def added(shape, places, updates, start=0.0):
    found = np.full(shape, start)
    for place, update in zip(places, updates, strict=True):
        found[tuple(place)] += update
    return found


def written(a, places, updates):
    found = a.copy()
    for place, update in zip(places, updates, strict=True):
        found[tuple(place)] = update
    return found


CASES = {
    "gather": Case(lambda tf, x, i: tf.gather(x, i), (A, np.int32([1, 0, 1])), lambda a, i: a[i]),
    "gather matrix": Case(lambda tf, x, i: tf.gather(x, i, axis=1), (A, INDEX), lambda a, i: a[:, i]),
    "gather scalar": Case(lambda tf, x, i: tf.gather(x, i, axis=-1), (A, np.int32(2)), lambda a, i: a[..., 2]),
    "gather batch_dims": Case(
        lambda tf, x, i: tf.gather(x, i, axis=1, batch_dims=1),
        (A, INDEX),
        lambda a, i: np.stack([a[n][i[n]] for n in range(2)]),
    ),
    "gather batch_dims further on": Case(
        lambda tf, x, i: tf.gather(x, i, axis=2, batch_dims=1),
        (A, INDEX),
        lambda a, i: np.stack([a[n][:, i[n]] for n in range(2)]),
    ),
    "batch_gather": Case(
        lambda tf, x, i: tf.batch_gather(x, i), (A, INDEX), lambda a, i: np.stack([a[n][i[n]] for n in range(2)])
    ),
    "gather_nd": Case(
        lambda tf, x, i: tf.gather_nd(x, i), (A, PLACES), lambda a, i: a[i[:, 0], i[:, 1]], unknown=False
    ),
    "gather_nd rows": Case(
        lambda tf, x, i: tf.gather_nd(x, i), (A, np.int32([[[1]], [[0]]])), lambda a, i: a[[[1], [0]]], unknown=False
    ),
    "gather_nd batch_dims": Case(
        lambda tf, x, i: tf.gather_nd(x, i, batch_dims=1),
        (A, np.int32([[[2, 1]], [[0, 3]]])),
        lambda a, i: np.array([[a[0, 2, 1]], [a[1, 0, 3]]]),
        unknown=False,
    ),
    "scatter_nd": Case(
        lambda tf, i, u: tf.scatter_nd(i, u, [5]),
        (np.int32([[4], [1], [4]]), np.array([1.0, 2.0, 3.0])),
        lambda i, u: added([5], i, u),
        unknown=False,
    ),
    "scatter_nd rows": Case(
        lambda tf, i, u: tf.scatter_nd(i, u, [3, 2]),
        (np.int32([[2], [0]]), np.array([[1.0, 2.0], [3.0, 4.0]])),
        lambda i, u: added([3, 2], i, u),
        unknown=False,
    ),
    "sparse_to_dense": Case(
        lambda tf, i, v: tf.sparse_to_dense(i, [2, 3], v, 0.5),
        (np.int32([[0, 1], [1, 2]]), np.array([2.0, 3.0])),
        lambda i, v: np.array([[0.5, v[0], 0.5], [0.5, 0.5, v[1]]]),
        unknown=False,
    ),
    "sparse_to_dense one number": Case(
        lambda tf, i: tf.sparse_to_dense(i, [4], 1),
        (np.int32([1, 3]),),
        lambda i: np.array([0, 1, 0, 1]),
        unknown=False,
    ),
    "tensor_scatter_add": Case(
        lambda tf, x, i, u: tf.tensor_scatter_add(x, i, u),
        (A[0], np.int32([[0, 1], [0, 1]]), np.array([1.0, 2.5])),
        lambda a, i, u: a + added(a.shape, i, u),
        unknown=False,
    ),
    "tensor_scatter_sub": Case(
        lambda tf, x, i, u: tf.tensor_scatter_sub(x, i, u),
        (A[0], np.int32([[2]]), np.ones((1, 4))),
        lambda a, i, u: a - added(a.shape, i, u),
        unknown=False,
    ),
    "tensor_scatter_update": Case(
        lambda tf, x, i, u: tf.tensor_scatter_update(x, i, u),
        (A[0], np.int32([[0, 1], [2, 2]]), np.array([1.0, 2.5])),
        written,
        unknown=False,
    ),
    "tensor_scatter_max": Case(
        lambda tf, x, i, u: tf.tensor_scatter_nd_max(x, i, u),
        (A[0, 0], np.int32([[1], [3]]), np.array([9.0, 1.0])),
        lambda a, i, u: np.array([a[0], 9.0, a[2], a[3]]),
        unknown=False,
    ),
    "tensor_scatter_min": Case(
        lambda tf, x, i, u: tf.tensor_scatter_nd_min(x, i, u),
        (A[0, 0], np.int32([[1], [3]]), np.array([9.0, 1.0])),
        lambda a, i, u: np.array([a[0], a[1], a[2], 1.0]),
        unknown=False,
    ),
    "boolean_mask": Case(lambda tf, x, m: tf.boolean_mask(x, m), (A, MASK), lambda a, m: a[m], unknown=False),
    "boolean_mask axis": Case(
        lambda tf, x, m: tf.boolean_mask(x, m, axis=1), (A, MASK[0]), lambda a, m: a[:, m], unknown=False
    ),
    "where rows": Case(
        lambda tf, c, x, y: tf.where(c, x, y), (np.array([True, False]), A, -A), lambda c, a, b: np.stack([a[0], b[1]])
    ),
    "slice": Case(lambda tf, x: tf.slice(x, [0, 1, 0], [1, -1, 2]), (A,), lambda a: a[:1, 1:, :2]),
    "slice from the run's corner": Case(
        lambda tf, x, k: tf.slice(x, [0, k, 0], [2, 1, 4]), (A, np.int32(2)), lambda a, k: a[:, 2:3], slopes=False
    ),
    "strided_slice": Case(
        lambda tf, x: tf.strided_slice(x, [0, 2, 3], [2, 0, 0], [1, -1, -2]), (A,), lambda a: a[:, 2:0:-1, 3:0:-2]
    ),
    "strided_slice masks": Case(
        lambda tf, x: tf.strided_slice(
            x,
            [0, 0, 0, 1],
            [0, 0, 0, 2],
            ellipsis_mask=1,
            new_axis_mask=2,
            shrink_axis_mask=8,
            begin_mask=4,
            end_mask=4,
        ),
        (A,),
        lambda a: a[..., None, :, 1],
    ),
    "unravel_index": Case(
        lambda tf, i: tf.unravel_index(i, [3, 4]), (np.int32([5, 11]),), lambda i: np.int32([[1, 2], [1, 3]])
    ),
}


@pytest.mark.parametrize(
    "make", [lambda i: gg.gather(A, i), lambda i: gg.gather(A, i, axis=1, batch_dims=0), lambda i: gg.gather_nd(A, [i])]
)
@pytest.mark.parametrize("index", [7, -1])
def test_an_index_out_of_range_fails_in_the_run(run, make, index):
    i = gg.placeholder(gg.int32, [1])
    with pytest.raises(gg.errors.InvalidArgumentError):
        run(make(i), {i: [index]})


def test_a_batched_index_out_of_range_never_reads_a_neighbour(run):
    i = gg.placeholder(gg.int32, [2, 1])
    with pytest.raises(gg.errors.InvalidArgumentError, match="out of range"):
        run(gg.batch_gather(gg.ones([2, 3]), i), {i: [[3], [0]]})


def test_a_mask_whose_size_is_the_runs(run):
    x, mask = gg.placeholder(gg.float32, [None, 2]), gg.placeholder(gg.bool, [None])
    found = gg.boolean_mask(x, mask)
    assert found.shape.as_list() == [None, 2]
    assert run(found, {x: [[1, 2], [3, 4]], mask: [False, True]}).tolist() == [[3, 4]]


def test_what_does_not_fit_is_refused_when_recorded():
    with pytest.raises(ValueError, match="does not fit"):
        gg.boolean_mask(gg.ones([3]), [True, False])
    with pytest.raises(ValueError, match="does not lie"):
        gg.slice(gg.ones([3]), [2], [2])
    with pytest.raises(ValueError, match="ask for"):
        gg.scatter_nd([[0]], gg.ones([2]), [3])
    with pytest.raises(ValueError, match="more than the axis"):
        gg.gather(gg.ones([2, 2]), [[0]], axis=0, batch_dims=1)


@pytest.mark.parametrize("axis", [2, -3])
def test_a_gather_along_an_axis_that_is_not_there(axis):
    with pytest.raises(ValueError, match="a tensor with 2 axes"):
        gg.gather(gg.zeros([2, 3]), [0], axis=axis)


@pytest.mark.parametrize("function", [gg.gather, gg.gather_nd, gg.batch_gather])
def test_indices_are_integers(function):
    with pytest.raises(TypeError, match="indices are integers"):
        function(gg.zeros([2, 3]), gg.constant([[0.0], [1.0]]))
