"""Rules for functions that put tensors together, and that make new ones like others."""

from __future__ import annotations

from typing import Any

import torch

from .results import Rule, elementwise, empty, is_number, plain


def _list(tensors: Any) -> bool:
    """Whether this is a list of plain contiguous tensors of one dtype and rank."""
    if not isinstance(tensors, (tuple, list)) or not tensors or not plain(*tensors):
        return False
    first = tensors[0]
    return all(
        each.dtype is first.dtype and each.dim() == first.dim() and each.is_contiguous() and each.numel()
        for each in tensors
    )


def _cat(tensors: Any, dim: Any = 0) -> Any:
    if not _list(tensors) or not _axis(dim, tensors[0].dim()):
        return NotImplemented
    rank = tensors[0].dim()
    rest = [[size for axis, size in enumerate(each.shape) if axis != dim % rank] for each in tensors]
    if any(sizes != rest[0] for sizes in rest):
        return NotImplemented
    shape = list(tensors[0].shape)
    shape[dim] = sum(each.shape[dim] for each in tensors)
    return empty(shape, tensors[0].dtype)


def _stack(tensors: Any, dim: Any = 0) -> Any:
    if not _list(tensors) or not _axis(dim, tensors[0].dim() + 1):
        return NotImplemented
    if any(each.shape != tensors[0].shape for each in tensors):
        return NotImplemented
    shape = list(tensors[0].shape)
    shape.insert(dim % (len(shape) + 1), len(tensors))
    return empty(shape, tensors[0].dtype)


def _axis(dim: Any, rank: int) -> bool:
    return type(dim) is int and -rank <= dim < rank


def _like(input: Any, *, dtype: Any = None) -> Any:
    """`zeros_like` and `ones_like`."""
    if not plain(input) or not (dtype is None or isinstance(dtype, torch.dtype)):
        return NotImplemented
    return elementwise(dtype or input.dtype, input)


def _full_like(input: Any, fill_value: Any, *, dtype: Any = None) -> Any:
    return _like(input, dtype=dtype) if is_number(fill_value) else NotImplemented


def embedding(
    input: Any, weight: Any, padding_idx: Any = None, max_norm: Any = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Any:  # fmt: skip
    """A row of a matrix for each index."""
    if not plain(input, weight) or input.dtype not in (torch.int64, torch.int32) or weight.dim() != 2:
        return NotImplemented
    if padding_idx is not None or max_norm is not None or sparse:
        return NotImplemented
    return empty((*input.shape, weight.shape[1]), weight.dtype)


RULES: dict[str, Rule] = {
    "cat": _cat, "concat": _cat, "concatenate": _cat, "stack": _stack, "zeros_like": _like, "ones_like": _like,
    "full_like": _full_like,
}  # fmt: skip
FUNCTIONAL: dict[str, Rule] = {"embedding": embedding}
