"""TF1's linear algebra, where it differs from torch's: orders of results, adjoints, bands and diagonals."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch


class Svd(NamedTuple):
    """Singular values, and the left and right singular vectors as columns."""

    s: Any
    u: Any
    v: Any


class SlogDet(NamedTuple):
    """The sign of a determinant and the logarithm of its size."""

    sign: Any
    log_abs_determinant: Any


class Lu(NamedTuple):
    """L and U in one matrix, and the order of the rows."""

    lu: Any
    p: Any


def matmul(
    a: torch.Tensor, b: torch.Tensor, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False,
) -> torch.Tensor:  # fmt: skip
    """The matrix product of two matrices or batches of them, each transposed or conjugated first."""
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise ValueError("a matrix is transposed or conjugated, not both")
    left = a.mH if adjoint_a else a.mT if transpose_a else a
    right = b.mH if adjoint_b else b.mT if transpose_b else b
    return left @ right


def matvec(a: torch.Tensor, b: torch.Tensor, transpose_a: bool = False, adjoint_a: bool = False) -> torch.Tensor:
    """The product of a matrix and a vector, batched over leading axes."""
    return matmul(a, b.unsqueeze(-1), transpose_a, False, adjoint_a).squeeze(-1)


def tensordot(a: torch.Tensor, b: torch.Tensor, axes: Any) -> torch.Tensor:
    """The sum of products over pairs of axes, or over the last axes of a and the first of b."""
    if isinstance(axes, int):
        return torch.tensordot(a, b, dims=axes)  # type: ignore[no-any-return]
    first, second = ([each] if isinstance(each, int) else list(each) for each in axes)
    return torch.tensordot(a, b, dims=(first, second))  # type: ignore[no-any-return]


def norm(tensor: torch.Tensor, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> torch.Tensor:
    """The norm of all elements, of vectors along one axis, or of matrices along two."""
    two = isinstance(axis, (tuple, list)) and len(axis) == 2
    allowed = ("euclidean", "fro", 1, 2, math.inf)
    if isinstance(ord, str) and ord not in allowed or (ord == "fro" and not two):
        raise ValueError(f"'ord' must be a supported matrix or vector norm, got {ord!r}")
    if not isinstance(ord, str) and (ord <= 0 or (two and ord not in allowed)):
        raise ValueError(f"'ord' must be a supported norm, got {ord!r}")
    if two and ord not in ("euclidean", "fro"):
        return torch.linalg.matrix_norm(tensor, float(ord), tuple(axis), keepdims)  # type: ignore[no-any-return]
    order = 2 if isinstance(ord, str) else ord
    found = torch.linalg.vector_norm(tensor, order, axis if axis is None else _axes(axis), keepdims)
    if axis is None and keepdims:
        return found.reshape([1] * tensor.dim())  # type: ignore[no-any-return]
    return found  # type: ignore[no-any-return]


def _axes(axis: Any) -> Any:
    return axis if isinstance(axis, int) else tuple(axis)


def normalize(tensor: torch.Tensor, ord: Any = "euclidean", axis: Any = None) -> tuple[torch.Tensor, torch.Tensor]:
    """The tensor divided by its norm, and the norm."""
    size = norm(tensor, ord, axis, True)
    return tensor / size, size


def l2_normalize(x: torch.Tensor, axis: Any = None, epsilon: float = 1e-12) -> torch.Tensor:
    """The tensor divided by its length along some axes, which counts as no less than the root of epsilon."""
    squares = (x * x.conj()).real if x.is_complex() else x * x
    total = squares.sum(keepdim=True, dim=tuple(range(x.dim())) if axis is None else _axes(axis))
    return x * torch.rsqrt(torch.clamp(total, min=epsilon))


def qr(input: torch.Tensor, full_matrices: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """An orthogonal and an upper triangular matrix whose product is the input."""
    q, r = torch.linalg.qr(input, "complete" if full_matrices else "reduced")
    return q, r


def svd(tensor: torch.Tensor, full_matrices: bool = False) -> Svd:
    """The singular values, largest first, and the left and right singular vectors as columns."""
    u, s, vh = torch.linalg.svd(tensor, full_matrices)
    return Svd(s, u, vh.mH)


def matrix_solve(matrix: torch.Tensor, rhs: torch.Tensor, adjoint: bool = False) -> torch.Tensor:
    """The X for which the matrix, or its adjoint, times X is the right side."""
    return torch.linalg.solve(matrix.mH if adjoint else matrix, rhs)  # type: ignore[no-any-return]


def matrix_triangular_solve(
    matrix: torch.Tensor, rhs: torch.Tensor, lower: bool = True, adjoint: bool = False
) -> torch.Tensor:
    """The X for which a triangular matrix, or its adjoint, times X is the right side."""
    own = torch.tril(matrix) if lower else torch.triu(matrix)
    if adjoint:
        return torch.linalg.solve_triangular(own.mH, rhs, upper=lower)  # type: ignore[no-any-return]
    return torch.linalg.solve_triangular(own, rhs, upper=not lower)  # type: ignore[no-any-return]


def cholesky_solve(chol: torch.Tensor, rhs: torch.Tensor) -> torch.Tensor:
    """The X for which A X is the right side, given the Cholesky factor of A."""
    return torch.cholesky_solve(rhs, torch.tril(chol))


def matrix_solve_ls(
    matrix: torch.Tensor, rhs: torch.Tensor, l2_regularizer: float = 0.0, fast: bool = True
) -> torch.Tensor:
    """The least squares solution, by the normal equations; the shortest one where there are many."""
    if not fast:
        return torch.linalg.pinv(matrix) @ rhs  # type: ignore[no-any-return]
    wide = matrix.shape[-2] < matrix.shape[-1]
    gram = matrix @ matrix.mH if wide else matrix.mH @ matrix
    shift = l2_regularizer * torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    if wide:
        return matrix.mH @ torch.linalg.solve(gram + shift, rhs)  # type: ignore[no-any-return]
    return torch.linalg.solve(gram + shift, matrix.mH @ rhs)  # type: ignore[no-any-return]


def matrix_inverse(input: torch.Tensor, adjoint: bool = False) -> torch.Tensor:
    """The inverse of a matrix, or of its adjoint."""
    return torch.linalg.inv(input.mH if adjoint else input)  # type: ignore[no-any-return]


def log_matrix_determinant(input: torch.Tensor) -> SlogDet:
    """The sign of the determinant and the logarithm of its size."""
    return SlogDet(*torch.linalg.slogdet(input))


def logdet(matrix: torch.Tensor) -> torch.Tensor:
    """The logarithm of the determinant of a positive definite matrix, by its Cholesky factor."""
    return 2.0 * torch.log(torch.linalg.cholesky(matrix).diagonal(dim1=-2, dim2=-1).real).sum(-1)


def self_adjoint_eig(tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The eigenvalues of a self-adjoint matrix, smallest first, and its eigenvectors as columns."""
    values, vectors = torch.linalg.eigh(tensor)
    return values, vectors


def sqrtm(input: torch.Tensor) -> torch.Tensor:
    """The matrix whose square is the input, which has no eigenvalue at or below 0."""
    values, vectors = torch.linalg.eig(input)
    root = vectors @ torch.diag_embed(torch.sqrt(values)) @ torch.linalg.inv(vectors)
    return root if input.is_complex() else root.real  # type: ignore[no-any-return]


def lu(input: torch.Tensor, output_idx_type: torch.dtype = torch.int32) -> Lu:
    """L and U in one matrix, and the order of the rows of the input."""
    factors, pivots = torch.linalg.lu_factor(input)
    order, _, _ = torch.lu_unpack(factors, pivots)
    return Lu(factors, order.mT.real.argmax(-1).to(output_idx_type))


def trace(x: torch.Tensor) -> torch.Tensor:
    """The sum of the diagonal of each matrix."""
    return x.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=x.dtype)


def diag(diagonal: torch.Tensor) -> torch.Tensor:
    """A tensor of twice as many axes with these numbers where both halves of the index agree, zero elsewhere."""
    flat = torch.diag(diagonal.reshape(-1))
    return flat.reshape(*diagonal.shape, *diagonal.shape)


def diag_part(input: torch.Tensor) -> torch.Tensor:
    """The elements where both halves of the index agree."""
    half = input.dim() // 2
    shape = input.shape[:half]
    if input.dim() % 2 or shape != input.shape[half:]:
        raise ValueError(f"a tensor whose two halves of axes are alike is needed, got {list(input.shape)}")
    count = 1
    for size in shape:
        count *= size
    return torch.diagonal(input.reshape(count, count)).reshape(shape)


def matrix_diag(diagonal: torch.Tensor, k: int, num_rows: int, num_cols: int, padding_value: float) -> torch.Tensor:
    """A batch of matrices with these numbers on a diagonal, and another one elsewhere."""
    length = diagonal.shape[-1]
    rows = max(length - min(k, 0), 0) if num_rows == -1 else num_rows
    columns = max(length + max(k, 0), 0) if num_cols == -1 else num_cols
    if min(rows + min(k, 0), columns - max(k, 0)) != length:
        raise ValueError(f"a {rows} x {columns} matrix has no diagonal {k} of {length} numbers")
    start = torch.full(
        (*diagonal.shape[:-1], rows, columns), padding_value, dtype=diagonal.dtype, device=diagonal.device
    )
    return torch.diagonal_scatter(start, diagonal, k, -2, -1)


def matrix_diag_part(input: torch.Tensor, k: int = 0) -> torch.Tensor:
    """A diagonal of each matrix."""
    return torch.diagonal(input, k, -2, -1)


def matrix_set_diag(input: torch.Tensor, diagonal: torch.Tensor, k: int = 0) -> torch.Tensor:
    """Each matrix with other numbers on a diagonal."""
    return torch.diagonal_scatter(input, diagonal, k, -2, -1)


def matrix_band_part(input: torch.Tensor, num_lower: int, num_upper: int) -> torch.Tensor:
    """Each matrix with zeros further than so many places below and above the diagonal; -1 keeps all."""
    rows = torch.arange(input.shape[-2], device=input.device).unsqueeze(1)
    columns = torch.arange(input.shape[-1], device=input.device)
    inside = torch.ones(input.shape[-2:], dtype=torch.bool, device=input.device)
    if num_lower >= 0:
        inside = inside & (rows - columns <= num_lower)
    if num_upper >= 0:
        inside = inside & (columns - rows <= num_upper)
    return torch.where(inside, input, torch.zeros_like(input))


def adjoint(matrix: torch.Tensor) -> torch.Tensor:
    """Each matrix transposed and conjugated."""
    return matrix.mH.resolve_conj()


def matrix_transpose(a: torch.Tensor, conjugate: bool = False) -> torch.Tensor:
    """Each matrix transposed."""
    return adjoint(a) if conjugate else a.mT


def cross(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The cross product of vectors of three numbers along the last axis."""
    return torch.linalg.cross(a, b, dim=-1)  # type: ignore[no-any-return]
