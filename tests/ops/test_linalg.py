"""The names of gg.linalg and their older ones."""

import numpy as np
import pytest

import graphgrad as gg

A = np.array([[3.0, 1.0], [1.0, 2.0]])


def test_older_names_are_the_same_functions():
    pairs = {
        "matrix_inverse": "inv",
        "matrix_solve": "solve",
        "matrix_determinant": "det",
        "self_adjoint_eigvals": "eigvalsh",
        "matrix_band_part": "band_part",
        "matrix_triangular_solve": "triangular_solve",
        "matrix_solve_ls": "lstsq",
    }
    extra = {"matrix_solve": [A], "matrix_band_part": [0, 1], "matrix_triangular_solve": [A], "matrix_solve_ls": [A]}
    with gg.Session() as session:
        for older, newer in pairs.items():
            args = [gg.constant(A), *extra.get(older, [])]
            one, other = session.run([getattr(gg, older)(*args), getattr(gg.linalg, newer)(*args)])
            assert one.tolist() == other.tolist()


def test_svd_is_s_u_v(run):
    s, u, v = run(gg.svd(gg.constant(A)))
    np.testing.assert_allclose(u @ np.diag(s) @ v.T, A)
    assert s[0] > s[1] and gg.svd(gg.ones([3, 2]), full_matrices=True)[1].shape.as_list() == [3, 3]


def test_einsum_takes_a_list(run):
    assert run(gg.einsum("i,i->", [1.0, 2.0], [3.0, 4.0])) == 11
    with pytest.raises(ValueError):
        gg.einsum("ij,jk->ik", gg.ones([2, 3]), gg.ones([2, 3]))


def test_eye_and_lu(run):
    assert run(gg.linalg.eye(2)).tolist() == [[1, 0], [0, 1]]
    lu, order = run(gg.linalg.lu(gg.constant(A)))
    lower, upper = np.tril(lu, -1) + np.eye(2), np.triu(lu)
    np.testing.assert_allclose(lower @ upper, A[order])
