"""The elements of a tensor in other shapes, orders and multiplicities, against numpy."""

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
PICTURE = np.arange(32.0).reshape(1, 4, 4, 2)


def reversed_rows(a, lengths, batch=0):
    found = a.copy()
    for row, length in enumerate(lengths):
        found[row, :length] = a[row, :length][::-1]
    return found


def depth(a, size):
    n, h, w, c = a.shape
    return (
        a.reshape(n, h // size, size, w // size, size, c)
        .transpose(0, 1, 3, 2, 4, 5)
        .reshape(n, h // size, w // size, -1)
    )


def spread(a):
    """space_to_batch with blocks of 2 x 2: the phases of the grid, one after the other."""
    return np.concatenate([a[:, row::2, column::2] for row in (0, 1) for column in (0, 1)])


CASES = {
    "tile": Case(lambda tf, x: tf.tile(x, [2, 1, 3]), (A,), lambda a: np.tile(a, [2, 1, 3])),
    "broadcast_to": Case(
        lambda tf, x: tf.broadcast_to(x, [2, 2, 3, 4]), (A,), lambda a: np.stack([a, a]), unknown=False
    ),
    "transpose conjugate": Case(
        lambda tf, x: tf.transpose(x, conjugate=True), (np.array([[1 + 2j, 3], [4, 5 - 1j]]),), lambda a: a.conj().T
    ),
    "pad": Case(lambda tf, x: tf.pad(x, [[1, 0], [0, 2], [1, 1]]), (A,), lambda a: np.pad(a, [(1, 0), (0, 2), (1, 1)])),
    "pad REFLECT": Case(
        lambda tf, x: tf.pad(x, [[0, 0], [1, 2], [3, 1]], "REFLECT"),
        (A,),
        lambda a: np.pad(a, [(0, 0), (1, 2), (3, 1)], "reflect"),
    ),
    "pad SYMMETRIC": Case(
        lambda tf, x: tf.pad(x, [[0, 1], [3, 2], [1, 4]], "symmetric"),
        (A,),
        lambda a: np.pad(a, [(0, 1), (3, 2), (1, 4)], "symmetric"),
    ),
    "reverse": Case(lambda tf, x: tf.reverse(x, [0, -1]), (A,), lambda a: a[::-1, :, ::-1]),
    "reverse_sequence": Case(
        lambda tf, x, n: tf.reverse_sequence(x, n, seq_axis=1), (A, np.int32([2, 3])), reversed_rows
    ),
    "reverse_sequence over the first axis": Case(
        lambda tf, x, n: tf.reverse_sequence(x, n, seq_dim=0, batch_dim=1),
        (A, np.int32([1, 2, 0])),
        lambda a, n: np.stack([a[:, 0], a[::-1, 1], a[:, 2]], 1),
    ),
    "repeat": Case(lambda tf, x: tf.repeat(x, 2, axis=1), (A,), lambda a: a.repeat(2, 1)),
    "repeat each": Case(
        lambda tf, x: tf.repeat(x, [1, 0, 3], axis=1), (A,), lambda a: a.repeat([1, 0, 3], 1), unknown=False
    ),
    "repeat flat": Case(lambda tf, x: tf.repeat(x, 2), (A,), lambda a: a.repeat(2)),
    "roll": Case(lambda tf, x: tf.roll(x, [1, -1], [0, 2]), (A,), lambda a: np.roll(a, (1, -1), (0, 2))),
    "meshgrid": Case(lambda tf, x, y: tf.meshgrid(x, y), (A[0, 0], A[0, :, 0]), lambda x, y: np.meshgrid(x, y)),
    "meshgrid ij": Case(
        lambda tf, x, y: tf.meshgrid(x, y, indexing="ij"),
        (A[0, 0], A[0, :, 0]),
        lambda x, y: np.meshgrid(x, y, indexing="ij"),
    ),
    "sequence_mask": Case(
        lambda tf, n: tf.sequence_mask(n, 3), (np.int32([1, 3, 0]),), lambda n: np.arange(3) < n[:, None]
    ),
    "sequence_mask as wide as the longest": Case(
        lambda tf, n: tf.sequence_mask(n, dtype=tf.float64),
        (np.int32([1, 4]),),
        lambda n: (np.arange(4) < n[:, None]) * 1.0,
    ),
    "squeeze": Case(lambda tf, x: tf.squeeze(x[:1], [0]), (A,), lambda a: a[0]),
    "space_to_depth": Case(lambda tf, x: tf.space_to_depth(x, 2), (PICTURE,), lambda a: depth(a, 2)),
    "depth_to_space": Case(lambda tf, x: tf.depth_to_space(tf.space_to_depth(x, 2), 2), (PICTURE,), lambda a: a),
    "space_to_batch": Case(lambda tf, x: tf.space_to_batch(x, [[0, 0], [0, 0]], 2), (PICTURE,), spread),
    "space_to_batch_nd": Case(
        lambda tf, x: tf.space_to_batch_nd(x, [2, 2], [[1, 1], [0, 2]]),
        (PICTURE,),
        lambda a: spread(np.pad(a, [(0, 0), (1, 1), (0, 2), (0, 0)])),
    ),
    "batch_to_space": Case(
        lambda tf, x: tf.batch_to_space(tf.space_to_batch(x, [[0, 0], [0, 0]], 2), [[0, 1], [1, 0]], 2),
        (PICTURE,),
        lambda a: a[:, :-1, 1:],
    ),
    "batch_to_space_nd": Case(
        lambda tf, x: tf.batch_to_space_nd(tf.space_to_batch_nd(x, [4], [[0, 0]]), [4], [[0, 0]]),
        (PICTURE,),
        lambda a: a,
    ),
    "unstack": Case(lambda tf, x: tf.unstack(x, 3, axis=1), (A,), lambda a: [a[:, 0], a[:, 1], a[:, 2]]),
    "broadcast_dynamic_shape": Case(
        lambda tf, x, y: tf.broadcast_dynamic_shape(x, y),
        (np.int32([2, 1, 4]), np.int32([3, 1])),
        lambda a, b: np.int32([2, 3, 4]),
        unknown=False,
    ),
}


def test_shapes_that_the_run_computes(run):
    x, shape = gg.placeholder(gg.float32, [None, 6]), gg.placeholder(gg.int32, [2])
    data = np.arange(12.0).reshape(2, 6)
    for make in (gg.reshape, lambda v, s: gg.broadcast_to(v[0, 0], s), lambda v, s: gg.tile(v, s)):
        assert make(x, shape).shape.as_list() == [None, None]
    assert run(gg.reshape(x, shape), {x: data, shape: [3, 4]}).tolist() == data.reshape(3, 4).tolist()
    assert run(gg.tile(x, shape), {x: data, shape: [1, 2]}).shape == (2, 12)
    grads = run(gg.gradients(gg.square(gg.reshape(x, shape)), x), {x: data, shape: [4, 3]})
    assert grads[0].tolist() == (2 * data).tolist()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="EDGE"):
        gg.pad(gg.ones([2]), [[1, 1]], "EDGE")
    with pytest.raises(ValueError, match="mirrored"):
        gg.pad(gg.ones([2]), [[2, 0]], "REFLECT")
    with pytest.raises(ValueError, match="one number per axis"):
        gg.tile(gg.ones([2]), [1, 1])
    with pytest.raises(ValueError, match="blocks of 2"):
        gg.depth_to_space(gg.ones([1, 2, 2, 3]), 2)
    with pytest.raises(ValueError, match="indexing"):
        gg.meshgrid([1], [2], indexing="yx")


def test_slices_of_another_number_than_promised_fail_in_the_run(run):
    x = gg.placeholder(gg.float32, [None, 2])
    parts = gg.unstack(x, 3)
    assert [part.tolist() for part in run(parts, {x: np.ones((3, 2))})] == [[1, 1]] * 3
    with pytest.raises(gg.errors.InvalidArgumentError, match="not 3 slices"):
        run(parts, {x: np.ones((2, 2))})
