"""Rules for matrix products."""

from __future__ import annotations

from typing import Any

import torch

from .results import COMPLEX, REALS, Rule, broadcast, empty, is_number, plain


def _alike(*operands: Any) -> bool:
    """Whether these are plain tensors of one dtype that torch multiplies."""
    if not plain(*operands):
        return False
    dtype = operands[0].dtype
    return (dtype in REALS or dtype in COMPLEX) and all(each.dtype is dtype for each in operands[1:])


def matmul(input: Any, other: Any) -> Any:
    """Of vectors, matrices, and batches of them; a batch after a vector or matrix is laid out as torch likes."""
    if not _alike(input, other) or not input.dim() or not other.dim():
        return NotImplemented
    if input.dim() < other.dim() and other.dim() > 2:
        return NotImplemented
    if input.shape[-1] != other.shape[max(other.dim() - 2, 0)]:
        return NotImplemented
    batch = broadcast(input.shape[:-2], other.shape[:-2])
    if batch is None:
        return NotImplemented
    rows = input.shape[-2:-1]
    columns = other.shape[-1:] if other.dim() > 1 else ()
    return empty((*batch, *rows, *columns), input.dtype)


def _mm(input: Any, mat2: Any) -> Any:
    return matmul(input, mat2) if plain(input, mat2) and input.dim() == mat2.dim() == 2 else NotImplemented


def _mv(input: Any, vec: Any) -> Any:
    fits = plain(input, vec) and input.dim() == 2 and vec.dim() == 1
    return matmul(input, vec) if fits else NotImplemented


def _dot(input: Any, tensor: Any) -> Any:
    return matmul(input, tensor) if plain(input, tensor) and input.dim() == tensor.dim() == 1 else NotImplemented


def _bmm(input: Any, mat2: Any) -> Any:
    fits = plain(input, mat2) and input.dim() == mat2.dim() == 3 and input.shape[0] == mat2.shape[0]
    return matmul(input, mat2) if fits else NotImplemented


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """The product with a transposed matrix, plus a vector."""
    operands = (input, weight) if bias is None else (input, weight, bias)
    if not _alike(*operands) or weight.dim() != 2 or not input.dim() or input.shape[-1] != weight.shape[1]:
        return NotImplemented
    if bias is not None and bias.shape != weight.shape[:1]:
        return NotImplemented
    return empty((*input.shape[:-1], weight.shape[0]), input.dtype)


def _addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    if not _alike(input, mat1, mat2) or not (is_number(beta) and is_number(alpha)):
        return NotImplemented
    found = _mm(mat1, mat2) if input.dtype.is_floating_point else NotImplemented
    fits = found is not NotImplemented and broadcast(input.shape, found.shape) == tuple(found.shape)
    return found if fits else NotImplemented


def _outer(input: Any, vec2: Any) -> Any:
    if not _alike(input, vec2) or input.dim() != 1 or vec2.dim() != 1:
        return NotImplemented
    return empty((*input.shape, *vec2.shape), input.dtype)


RULES: dict[str, Rule] = {
    "matmul": matmul, "__matmul__": matmul, "mm": _mm, "mv": _mv, "dot": _dot, "bmm": _bmm, "addmm": _addmm,
    "outer": _outer,
}  # fmt: skip
LINEAR = {torch._C._nn.linear: linear}
