"""Linear algebra, where it differs from torch's, against numpy."""

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

A = np.array([[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 2.0]])
BATCH = np.stack([A, A + np.eye(3)])
WIDE = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, 1.5]])
RIGHT = np.array([[1.0, 0.5], [2.0, -1.0], [0.5, 3.0]])
COMPLEX = np.array([[1 + 2j, 0.5j], [3.0, 1 - 1j]])
LOWER = np.tril(A)


def rebuilt(tf, x):
    s, u, v = tf.svd(x)
    return [s, tf.matmul(u * s, v, adjoint_b=True)]


CASES = {
    "matmul transposes": Case(
        lambda tf, a, b: tf.matmul(a, b, transpose_a=True, transpose_b=True),
        (WIDE, np.ones((4, 2))),
        lambda a, b: a.T @ b.T,
    ),
    "matmul adjoint": Case(
        lambda tf, a: tf.matmul(a, a, adjoint_a=True, a_is_sparse=True), (COMPLEX,), lambda a: a.conj().T @ a
    ),
    "matmul batches": Case(lambda tf, a, b: tf.matmul(a, b), (BATCH, BATCH), np.matmul),
    "linalg.matvec": Case(
        lambda tf, a, b: tf.linalg.matvec(a, b), (BATCH, RIGHT.T), lambda a, b: (a @ b[..., None])[..., 0]
    ),
    "tensordot": Case(
        lambda tf, a, b: tf.tensordot(a, b, [[2], [0]]), (BATCH, RIGHT), lambda a, b: np.tensordot(a, b, [[2], [0]])
    ),
    "tensordot of a number": Case(lambda tf, a, b: tf.tensordot(a, b, 1), (A, RIGHT), lambda a, b: a @ b),
    "einsum": Case(lambda tf, a, b: tf.einsum("nij,jk->nik", a, b), (BATCH, RIGHT), lambda a, b: a @ b),
    "norm": Case(lambda tf, a: tf.norm(a), (WIDE,), np.linalg.norm),
    "norm axis": Case(
        lambda tf, a: tf.norm(a, axis=1, keepdims=True), (WIDE,), lambda a: np.linalg.norm(a, axis=1)[:, None]
    ),
    "norm 1": Case(lambda tf, a: tf.norm(a, 1, axis=-1), (WIDE,), lambda a: abs(a).sum(-1)),
    "norm inf": Case(lambda tf, a: tf.norm(a, np.inf), (WIDE,), lambda a: abs(a).max()),
    "norm of matrices": Case(
        lambda tf, a: tf.norm(a, "fro", axis=[-2, -1]), (BATCH,), lambda a: np.sqrt((a**2).sum((1, 2)))
    ),
    "norm 1 of matrices": Case(lambda tf, a: tf.norm(a, 1, axis=[0, 1]), (WIDE,), lambda a: np.linalg.norm(a, 1)),
    "linalg.normalize": Case(
        lambda tf, a: list(tf.linalg.normalize(a, axis=1)),
        (WIDE,),
        lambda a: [a / np.linalg.norm(a, axis=1)[:, None], np.linalg.norm(a, axis=1)[:, None]],
    ),
    "nn.l2_normalize": Case(
        lambda tf, a: tf.nn.l2_normalize(a, 1), (WIDE,), lambda a: a / np.linalg.norm(a, axis=1)[:, None]
    ),
    "nn.l2_normalize of small numbers": Case(
        lambda tf, a: tf.nn.l2_normalize(a, dim=0), (np.array([1e-8, 0.0]),), lambda a: a * 1e6, slopes=False
    ),
    "qr": Case(lambda tf, a: tf.matmul(*tf.qr(a)), (RIGHT,), lambda a: a),
    "svd": Case(rebuilt, (WIDE,), lambda a: [np.linalg.svd(a)[1], a], close=1e-8),
    "svd values": Case(
        lambda tf, a: tf.svd(a, compute_uv=False), (BATCH,), lambda a: np.linalg.svd(a, compute_uv=False), close=1e-8
    ),
    "matrix_solve": Case(lambda tf, a, b: tf.matrix_solve(a, b), (A, RIGHT), np.linalg.solve),
    "matrix_solve adjoint": Case(
        lambda tf, a, b: tf.matrix_solve(a, b, adjoint=True), (LOWER, RIGHT), lambda a, b: np.linalg.solve(a.T, b)
    ),
    "matrix_triangular_solve": Case(
        lambda tf, a, b: tf.matrix_triangular_solve(a, b), (A, RIGHT), lambda a, b: np.linalg.solve(np.tril(a), b)
    ),
    "matrix_triangular_solve upper adjoint": Case(
        lambda tf, a, b: tf.matrix_triangular_solve(a, b, False, True),
        (A, RIGHT),
        lambda a, b: np.linalg.solve(np.triu(a).T, b),
    ),
    "cholesky": Case(lambda tf, a: tf.cholesky(a + tf.transpose(a)), (A,), lambda a: np.linalg.cholesky(a + a.T)),
    "cholesky_solve": Case(
        lambda tf, a, b: tf.cholesky_solve(a, b),
        (np.linalg.cholesky(A), RIGHT),
        lambda a, b: np.linalg.solve(a @ a.T, b),
    ),
    "matrix_solve_ls": Case(
        lambda tf, a, b: tf.matrix_solve_ls(a, b), (RIGHT, A[:, :1]), lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0]
    ),
    "matrix_solve_ls of few equations": Case(
        lambda tf, a, b: tf.matrix_solve_ls(a, b), (WIDE, A[:2, :1]), lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0]
    ),
    "matrix_solve_ls regularized": Case(
        lambda tf, a, b: tf.matrix_solve_ls(a, b, 0.5),
        (RIGHT, A[:, :1]),
        lambda a, b: np.linalg.solve(a.T @ a + 0.5 * np.eye(2), a.T @ b),
    ),
    "matrix_inverse": Case(lambda tf, a: tf.matrix_inverse(a), (BATCH,), np.linalg.inv),
    "matrix_determinant": Case(lambda tf, a: tf.matrix_determinant(a), (BATCH,), np.linalg.det),
    "linalg.slogdet": Case(lambda tf, a: list(tf.linalg.slogdet(a)), (BATCH,), lambda a: list(np.linalg.slogdet(a))),
    "linalg.logdet": Case(
        lambda tf, a: tf.linalg.logdet(a + tf.transpose(a)), (A,), lambda a: np.linalg.slogdet(a + a.T)[1]
    ),
    "self_adjoint_eigvals": Case(
        lambda tf, a: tf.self_adjoint_eigvals(a + tf.transpose(a)), (A,), lambda a: np.linalg.eigvalsh(a + a.T)
    ),
    "self_adjoint_eig": Case(
        lambda tf, a: tf.matmul(
            tf.self_adjoint_eig(a)[1] * tf.self_adjoint_eig(a)[0], tf.self_adjoint_eig(a)[1], transpose_b=True
        ),
        (A,),
        lambda a: a,
        slopes=False,
    ),
    "linalg.sqrtm": Case(lambda tf, a: tf.linalg.sqrtm(tf.matmul(a, a)), (A,), lambda a: a, slopes=False),
    "linalg.expm": Case(
        lambda tf, a: tf.linalg.expm(a), (np.diag([0.5, -1.0]),), lambda a: np.diag(np.exp([0.5, -1.0]))
    ),
    "linalg.pinv": Case(lambda tf, a: tf.linalg.pinv(a), (WIDE,), np.linalg.pinv),
    "linalg.lu": Case(lambda tf, a: tf.linalg.lu(a)[1], (A[::-1].copy(),), lambda a: np.int32([2, 1, 0]), slopes=False),
    "trace": Case(lambda tf, a: tf.trace(a), (BATCH,), lambda a: np.trace(a, axis1=1, axis2=2)),
    "diag": Case(lambda tf, a: tf.diag(a), (WIDE,), lambda a: np.diag(a.ravel()).reshape(2, 3, 2, 3)),
    "diag_part": Case(
        lambda tf, a: tf.diag_part(a),
        (np.arange(36.0).reshape(2, 3, 2, 3),),
        lambda a: np.diag(a.reshape(6, 6)).reshape(2, 3),
        unknown=False,
    ),
    "matrix_diag": Case(lambda tf, a: tf.matrix_diag(a), (WIDE,), lambda a: np.stack([np.diag(row) for row in a])),
    "linalg.diag": Case(
        lambda tf, a: tf.linalg.diag(a, k=1, num_rows=4, padding_value=9.0),
        (WIDE,),
        lambda a: np.stack([np.where(np.eye(4, 4, 1) > 0, 0.0, 9.0) + np.diag(row, 1) for row in a]),
    ),
    "matrix_diag_part": Case(lambda tf, a: tf.matrix_diag_part(a), (BATCH,), lambda a: a.diagonal(axis1=1, axis2=2)),
    "matrix_set_diag": Case(
        lambda tf, a, d: tf.matrix_set_diag(a, d),
        (A, np.array([7.0, 8.0, 9.0])),
        lambda a, d: a - np.diag(np.diag(a)) + np.diag(d),
    ),
    "matrix_band_part": Case(lambda tf, a: tf.matrix_band_part(a, 1, 0), (A,), lambda a: np.tril(a) - np.tril(a, -2)),
    "matrix_band_part upper": Case(lambda tf, a: tf.matrix_band_part(a, 0, -1), (A,), np.triu),
    "linalg.adjoint": Case(lambda tf, a: tf.linalg.adjoint(a), (COMPLEX,), lambda a: a.conj().T),
    "matrix_transpose": Case(lambda tf, a: tf.matrix_transpose(a), (BATCH,), lambda a: a.swapaxes(1, 2)),
    "cross": Case(lambda tf, a, b: tf.cross(a, b), (A, A[::-1].copy()), np.cross),
}


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="not both"):
        gg.matmul(gg.ones([2, 2]), gg.ones([2, 2]), transpose_a=True, adjoint_a=True)
    with pytest.raises(ValueError, match="'ord'"):
        gg.norm(gg.ones([2]), "nuclear")
    with pytest.raises(ValueError, match="halves"):
        gg.diag_part(gg.ones([2, 3]))
    with pytest.raises(ValueError, match="no diagonal"):
        gg.linalg.diag(gg.ones([3]), num_rows=2, num_cols=2)


def test_a_singular_matrix_fails_in_the_run(run):
    with pytest.raises(gg.errors.InvalidArgumentError):
        run(gg.matrix_inverse(gg.zeros([2, 2])))
