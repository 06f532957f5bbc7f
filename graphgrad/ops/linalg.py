"""`gg.linalg`: TF1's linear algebra; a line per name."""

from __future__ import annotations

from typing import Any

import torch

from .array import eye
from .kernels import matrices
from .math import l2_normalize
from .table import apply, row, tensor, tensors

_SOLVE = "matrix:t rhs:t adjoint=False"
_DIAG = "k:n=0 num_rows:n=-1 num_cols:n=-1 padding_value=0"

adjoint = row("linalg.adjoint", matrices.adjoint, "matrix:t")
band_part = row("linalg.band_part", matrices.matrix_band_part, "input:t num_lower:n num_upper:n")
cholesky = row("cholesky", torch.linalg.cholesky, "input")
cholesky_solve = row("cholesky_solve", matrices.cholesky_solve, "chol:t rhs:t")
cross = row("cross", matrices.cross, "a:t b:t")
det = row("linalg.det", torch.linalg.det, "input")
diag = row("linalg.diag", matrices.matrix_diag, f"diagonal:t name='diag' {_DIAG}")
diag_part = row("linalg.diag_part", matrices.matrix_diag_part, "input:t name='diag_part' k:n=0")
eigh = row("linalg.eigh", matrices.self_adjoint_eig, "tensor:t")
eigvalsh = row("linalg.eigvalsh", torch.linalg.eigvalsh, "tensor")
expm = row("linalg.expm", torch.linalg.matrix_exp, "input")
inv = row("linalg.inv", matrices.matrix_inverse, "input:t adjoint=False")
logdet = row("linalg.logdet", matrices.logdet, "matrix:t")
lstsq = row("linalg.lstsq", matrices.matrix_solve_ls, "matrix:t rhs:t l2_regularizer=0.0 fast=True")
lu = row("linalg.lu", matrices.lu, "input:t output_idx_type:d=int32")
matrix_transpose = row("matrix_transpose", matrices.matrix_transpose, "a:t name='matrix_transpose' conjugate=False")
matvec = row(
    "linalg.matvec",
    matrices.matvec,
    "a:t b:t transpose_a=False adjoint_a=False a_is_sparse:_=False b_is_sparse:_=False",
)
norm = row("norm", matrices.norm, "tensor:t ord='euclidean' axis:n=None keepdims=False name=None keep_dims>keepdims")
normalize = row("linalg.normalize", matrices.normalize, "tensor:t ord='euclidean' axis:n=None")
pinv = row("linalg.pinv", torch.linalg.pinv, "a rcond=None", {"rcond": "rtol"})
qr = row("qr", matrices.qr, "input:t full_matrices=False")
set_diag = row("linalg.set_diag", matrices.matrix_set_diag, "input:t diagonal:t name='set_diag' k:n=0")
slogdet = row("linalg.slogdet", matrices.log_matrix_determinant, "input:t")
solve = row("linalg.solve", matrices.matrix_solve, _SOLVE)
sqrtm = row("linalg.sqrtm", matrices.sqrtm, "input:t")
tensor_diag = row("linalg.tensor_diag", matrices.diag, "diagonal:t")
tensor_diag_part = row("linalg.tensor_diag_part", matrices.diag_part, "input:t")
tensordot = row("tensordot", matrices.tensordot, "a:t b:t axes:n")
trace = row("trace", matrices.trace, "x:t")
transpose = matrix_transpose
triangular_solve = row(
    "linalg.triangular_solve", matrices.matrix_triangular_solve, "matrix:t rhs:t lower=True adjoint=False"
)


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The matrix product, batched over leading axes.

    Args:
        a, b: matrices, or batches of them.
        transpose_a, transpose_b: whether to transpose one first.
        adjoint_a, adjoint_b: whether to transpose and conjugate one first.
        a_is_sparse, b_is_sparse: TF1's hint that there are many zeros; the product is the same.
        name: the operation's name.

    Raises:
        ValueError: if the shapes do not fit, or one is to be transposed in both ways.

    >>> import graphgrad as gg
    >>> gg.matmul(gg.ones([2, 3]), gg.ones([4, 3]), transpose_b=True)
    <Tensor 'matmul:0' float32[2, 4]>
    """
    left = tensor(a, b)
    right = tensor(b, left)
    if not (transpose_a or transpose_b or adjoint_a or adjoint_b):
        return apply(torch.matmul, (left, right), {}, name)
    return apply(matrices.matmul, (left, right, transpose_a, transpose_b, adjoint_a, adjoint_b), {}, name or "matmul")


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """The singular values and vectors of each matrix, in TF1's order: s, u, v.

    Args:
        tensor: a matrix, or a batch of them.
        full_matrices: whether u and v are square.
        compute_uv: whether they are computed at all; if not, only s is returned.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> s, u, v = gg.svd(gg.ones([3, 2]))
    >>> s, u, v
    (<Tensor 'svd:0' float32[2]>, <Tensor 'svd:1' float32[3, 2]>, <Tensor 'svd:2' float32[2, 2]>)
    """
    (values,) = tensors([tensor])
    if not compute_uv:
        return apply(torch.linalg.svdvals, (values,), {}, name)
    return apply(matrices.svd, (values, full_matrices), {}, name or "svd")


def einsum(equation: str, *inputs: Any, name: str | None = None) -> Any:
    """The sum of products that an equation such as 'ij,jk->ik' describes.

    >>> import graphgrad as gg
    >>> gg.einsum("ij,jk->ik", gg.ones([2, 3]), gg.ones([3, 4]))
    <Tensor 'einsum:0' float32[2, 4]>
    """
    items = inputs[0] if len(inputs) == 1 and isinstance(inputs[0], (list, tuple)) else inputs
    return apply(torch.einsum, (equation, *tensors(items)), {}, name)


# -- the names outside of gg.linalg ---------------------------------------------------------------------

matrix_band_part = band_part
matrix_determinant = row("matrix_determinant", torch.linalg.det, "input")
matrix_diag = row("matrix_diag", matrices.matrix_diag, f"diagonal:t name='diag' {_DIAG}")
matrix_diag_part = diag_part
matrix_inverse = inv
matrix_set_diag = set_diag
matrix_solve = row("matrix_solve", matrices.matrix_solve, _SOLVE)
matrix_solve_ls = row("matrix_solve_ls", matrices.matrix_solve_ls, "matrix:t rhs:t l2_regularizer=0.0 fast=True")
matrix_square_root = sqrtm
matrix_triangular_solve = triangular_solve
self_adjoint_eig = eigh
self_adjoint_eigvals = eigvalsh
log_matrix_determinant = slogdet

__all__ = [
    "adjoint", "band_part", "cholesky", "cholesky_solve", "cross", "det", "diag", "diag_part", "eigh", "eigvalsh",
    "einsum", "expm", "eye", "inv", "l2_normalize", "logdet", "lstsq", "lu", "matmul", "matrix_transpose", "matvec",
    "norm", "normalize", "pinv", "qr", "set_diag", "slogdet", "solve", "sqrtm", "svd", "tensor_diag",
    "tensor_diag_part", "tensordot", "trace", "transpose", "triangular_solve",
]  # fmt: skip
