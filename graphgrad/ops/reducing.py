"""TF1's reductions by torch's own, with the older spellings of their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .kernels import reductions
from .sizes import RULES, product, static
from .sources import convert_to_tensor, named_result
from .table import apply, tensor

RULES[reductions.reduce_prod] = product


def _reduction(name: str, target: Any) -> Any:
    def function(
        input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
        reduction_indices: Any = None, keep_dims: bool | None = None,
    ) -> Any:  # fmt: skip
        axes, keep, values = _arguments(input_tensor, axis, keepdims, reduction_indices, keep_dims)
        if axes is None and (keep or target in (torch.amax, torch.amin)):
            axes = tuple(range(values.dim()))
        if axes == ():
            return named_result(values, name)
        whole = not values.dtype.is_floating_point and not values.dtype.is_complex
        if target is torch.mean and whole:
            return apply(reductions.reduce_mean, (values, axes, keep), {}, name or "mean")
        if target is torch.sum and whole:
            where = {} if axes is None else {"dim": axes, "keepdim": keep}
            return apply(target, (values,), {**where, "dtype": values.dtype}, name)  # TF1 keeps the dtype
        if axes is None:
            return apply(target, (values,), {}, name)
        options = {"dim": axes, "keepdim": keep}
        return apply(target, (values,), options, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"TF1's `{name}` over some axes or all, by `torch.{target.__name__}`.\n\n"
        "Args:\n    input_tensor: a tensor.\n    axis: an axis, a list of them, or None for all.\n"
        "    keepdims: whether reduced axes stay, with size 1.\n    name: the operation's name.\n"
        "    reduction_indices, keep_dims: older spellings of axis and keepdims.\n"
    )
    return function


def _arguments(
    input_tensor: Any, axis: Any, keepdims: bool | None, reduction_indices: Any, keep_dims: bool | None
) -> tuple[Any, bool, Any]:
    axes = static(reduction_indices if axis is None else axis, "the axis of a reduction")
    keep = bool(keepdims if keep_dims is None else keep_dims)
    return axes, keep, tensor(input_tensor)


reduce_all = _reduction("reduce_all", torch.all)
reduce_any = _reduction("reduce_any", torch.any)
reduce_max = _reduction("reduce_max", torch.amax)
reduce_mean = _reduction("reduce_mean", torch.mean)
reduce_min = _reduction("reduce_min", torch.amin)
reduce_sum = _reduction("reduce_sum", torch.sum)


def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Any:  # fmt: skip
    """The product over some axes, or all.

    Args:
        input_tensor: a tensor.
        axis: an axis, a list of them, or None for all.
        keepdims: whether reduced axes stay, with size 1.
        name: the operation's name.
        reduction_indices: an older spelling of axis.
        keep_dims: an older spelling of keepdims.

    >>> import graphgrad as gg
    >>> gg.reduce_prod(gg.zeros([2, 3]), axis=1)
    <Tensor 'prod:0' float32[2]>
    """
    axes, keep, values = _arguments(input_tensor, axis, keepdims, reduction_indices, keep_dims)
    return apply(reductions.reduce_prod, (values, axes, keep), {}, name or "prod")


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Any:  # fmt: skip
    """The logarithm of the sum of exponentials over some axes, or all; arguments as of `reduce_prod`."""
    axes, keep, values = _arguments(input_tensor, axis, keepdims, reduction_indices, keep_dims)
    axes = tuple(range(values.dim())) if axes is None else axes
    if axes == ():
        return named_result(values, name)
    return apply(torch.logsumexp, (values, axes, keep), {}, name)


def accumulate_n(
    inputs: Sequence[Any], shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Any:  # fmt: skip
    """The sum of tensors of one shape and dtype.

    Args:
        inputs: the tensors.
        shape: their shape, if it is not known otherwise.
        tensor_dtype: their dtype.
        name: the operation's name.

    Raises:
        ValueError: if there are none, or they differ in shape or dtype.

    >>> import graphgrad as gg
    >>> gg.accumulate_n([gg.ones([2]), gg.ones([2])])
    <Tensor 'accumulate_n:0' float32[2]>
    """
    items = [convert_to_tensor(item) for item in inputs] if isinstance(inputs, (list, tuple)) else []
    if not items or any(item.dtype is not items[0].dtype for item in items):
        raise ValueError("inputs must be a list of at least one Tensor with the same dtype and shape")
    if tensor_dtype is not None and items[0].dtype is not convert_to_tensor(0, tensor_dtype).dtype:
        raise ValueError(f"tensor_dtype is {tensor_dtype}, but the tensors are {items[0].dtype}")
    found = apply(reductions.accumulate_n, tuple(items), {}, name or "accumulate_n")
    if shape is not None and hasattr(found, "set_shape"):
        found.set_shape(shape)
    return found
