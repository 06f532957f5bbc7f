"""Rules for functions along axes: sums, means, extremes, softmax."""

from __future__ import annotations

from typing import Any

import torch

from .results import COMPLEX, FLOATS, REALS, Rule, axes, elementwise, empty, of_dtype

_NOT_GIVEN: Any = object()
_SUMMED = REALS | {torch.bool}


def _reduced(input: Any, dim: Any, keepdim: Any, dtype: torch.dtype) -> Any:
    """The result of a reduction; how torch lays out that of a tensor with other strides is torch's to say."""
    gone = axes(dim, input.dim())
    if gone is None or type(keepdim) is not bool:
        return NotImplemented
    shape = [1 if axis in gone else size for axis, size in enumerate(input.shape) if keepdim or axis not in gone]
    if len(shape) > 1 and not input.is_contiguous():
        return NotImplemented
    return empty(shape, dtype)


def _added(input: Any, dim: Any, keepdim: Any, dtype: Any) -> Any:
    if dim is _NOT_GIVEN:
        dim, keepdim = None, False if keepdim is _NOT_GIVEN else None
    elif keepdim is _NOT_GIVEN:
        keepdim = False
    if dtype is None:
        dtype = input.dtype if input.dtype in FLOATS or input.dtype in COMPLEX else torch.int64
    if dtype not in _SUMMED | COMPLEX or (dim is not None and not isinstance(dim, int) and not len(dim)):
        return NotImplemented  # a sum over no axes is one over all
    return _reduced(input, dim, keepdim, dtype)


@of_dtype(_SUMMED | COMPLEX)
def _sum(input: Any, dim: Any = _NOT_GIVEN, keepdim: Any = _NOT_GIVEN, *, dtype: Any = None) -> Any:
    return _added(input, dim, keepdim, dtype)


@of_dtype(FLOATS)
def _mean(input: Any, dim: Any = _NOT_GIVEN, keepdim: Any = _NOT_GIVEN, *, dtype: Any = None) -> Any:
    return _added(input, dim, keepdim, dtype) if dtype is None or dtype in FLOATS else NotImplemented


@of_dtype(REALS)
def _prod(input: Any, dim: Any = _NOT_GIVEN, keepdim: Any = _NOT_GIVEN, *, dtype: Any = None) -> Any:
    if dim is not _NOT_GIVEN and type(dim) is not int:
        return NotImplemented
    return _added(input, dim, keepdim, dtype)


@of_dtype(REALS)
def _extreme(input: Any, dim: Any = (), keepdim: Any = False) -> Any:
    """`amax` and `amin`; of nothing there is no largest element."""
    everything = isinstance(dim, (tuple, list)) and not len(dim)
    return _reduced(input, None if everything else dim, keepdim, input.dtype) if _full(input, dim) else NotImplemented


def _full(input: Any, dim: Any) -> bool:
    return dim is not None and bool(input.numel())


@of_dtype(REALS)
def _place(input: Any, dim: Any = None, keepdim: Any = False) -> Any:
    """`argmax` and `argmin`."""
    if not input.numel() or not (dim is None or type(dim) is int):
        return NotImplemented
    return _reduced(input, dim, keepdim, torch.int64)


@of_dtype(FLOATS)
def _logsumexp(input: Any, dim: Any, keepdim: Any = False) -> Any:
    return _reduced(input, dim, keepdim, input.dtype) if _full(input, dim) and dim != () else NotImplemented


@of_dtype(frozenset((torch.bool,)))
def _logical(input: Any, dim: Any = None, keepdim: Any = False) -> Any:
    return _reduced(input, dim, keepdim, torch.bool) if dim is None or type(dim) is int else NotImplemented


@of_dtype(FLOATS)
def softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Of the same shape, along an axis that has to be named."""
    if type(dim) is not int or axes(dim, max(input.dim(), 1)) is None or dtype is not None:
        return NotImplemented
    return elementwise(input.dtype, input) if input.is_contiguous() else NotImplemented


def _direct_softmax(input: Any, dim: Any, dtype: Any = None) -> Any:
    return softmax(input, dim, 3, dtype)


RULES: dict[str, Rule] = {
    "sum": _sum, "mean": _mean, "prod": _prod, "amax": _extreme, "amin": _extreme, "argmax": _place,
    "argmin": _place, "logsumexp": _logsumexp, "any": _logical, "all": _logical,
    "softmax": _direct_softmax, "log_softmax": _direct_softmax,
}  # fmt: skip
FUNCTIONAL: dict[str, Rule] = {"softmax": softmax, "log_softmax": softmax}
