"""Slices that run backwards, beside numpy."""

import numpy as np
import pytest

import graphgrad as gg

X = np.arange(60, dtype=np.float32).reshape(3, 4, 5)

INDICES = [
    np.s_[::-1], np.s_[::-2], np.s_[2:0:-1], np.s_[-1:-4:-1], np.s_[10:-10:-1], np.s_[0::-1], np.s_[:0:-1],
    np.s_[1:1:-1], np.s_[0:2:-1], np.s_[..., ::-1], np.s_[:, ::-1], np.s_[::-1, :, ::-2], np.s_[1, ::-1],
    np.s_[None, ::-1], np.s_[..., ::-1, 2], np.s_[1:, None, ::-1, -1], np.s_[-2::-1, ..., 3:1:-1],
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=[str(number) for number in range(len(INDICES))])
@pytest.mark.parametrize("shape", [[3, 4, 5], [None, None, None]], ids=["known", "unknown"])
def test_as_numpy(index, shape):
    x = gg.placeholder(gg.float32, shape)
    y = x[index]
    gradient = gg.gradients(y * y, x)[0]
    wanted = np.zeros_like(X)
    wanted[index] = 2 * X[index]
    with gg.Session() as sess:
        value, slope = sess.run([y, gradient], {x: X})
    np.testing.assert_array_equal(value, X[index])
    np.testing.assert_array_equal(slope, wanted)
    assert y.shape.as_list() == list(X[index].shape) or None in y.shape.as_list()


def test_after_a_mask():
    x = gg.constant(X)
    mask = X[:, :, 0] > 10
    with gg.Session() as sess:
        np.testing.assert_array_equal(sess.run(x[gg.constant(mask), ::-1]), X[mask, ::-1])


def test_ends_that_a_run_knows():
    x = gg.placeholder(gg.float32, [None, 4])
    rows = x.shape[0]
    with gg.Session() as sess:
        np.testing.assert_array_equal(sess.run(x[rows - 2 :: -1], {x: X[:, :, 0]}), X[1::-1, :, 0])


def test_a_variable_and_what_it_is_not():
    v = gg.Variable(X[0, 0])
    with gg.Session() as sess:
        sess.run(v.initializer)
        np.testing.assert_array_equal(sess.run(v[::-1]), X[0, 0, ::-1])
    with pytest.raises(gg.errors.RecordingError):
        v[::0]
