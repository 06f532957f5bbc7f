"""TF1's arithmetic and reductions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch

from ..ground.spec import as_dtype
from .sources import named_result
from .table import apply, row, tensor

_UNARY: dict[str, Callable[..., Any]] = {
    "abs": torch.abs, "negative": torch.neg, "exp": torch.exp, "expm1": torch.expm1, "log": torch.log,
    "log1p": torch.log1p, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "square": torch.square, "sign": torch.sign,
    "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "sinh": torch.sinh, "cosh": torch.cosh,
    "tanh": torch.tanh, "asin": torch.asin, "acos": torch.acos, "atan": torch.atan, "sigmoid": torch.sigmoid,
    "floor": torch.floor, "ceil": torch.ceil, "round": torch.round, "reciprocal": torch.reciprocal,
    "is_nan": torch.isnan, "is_inf": torch.isinf, "is_finite": torch.isfinite, "logical_not": torch.logical_not,
    "erf": torch.erf, "lgamma": torch.lgamma, "real": torch.real, "imag": torch.imag, "conj": torch.conj,
}  # fmt: skip
_BINARY: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "truediv": operator.truediv, "floordiv": operator.floordiv, "mod": operator.mod, "pow": operator.pow,
    "maximum": torch.maximum, "minimum": torch.minimum,
    "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt, "less_equal": operator.le,
    "greater": operator.gt, "greater_equal": operator.ge, "logical_and": torch.logical_and,
    "logical_or": torch.logical_or, "atan2": torch.atan2,
}  # fmt: skip
_REDUCE = {
    "reduce_sum": torch.sum, "reduce_mean": torch.mean, "reduce_max": torch.amax, "reduce_min": torch.amin,
    "reduce_all": torch.all, "reduce_any": torch.any,
}  # fmt: skip
_AXES = {"axis": "dim", "keepdims": "keepdim"}

TABLE: dict[str, Any] = {name: row(name, target, "x") for name, target in _UNARY.items()}
TABLE |= {name: row(name, target, "x y", tensors=2) for name, target in _BINARY.items()}


def _reduction(name: str, target: Any) -> Any:
    reduce = row(name, target, "input_tensor axis=None keepdims=False", _AXES)

    def function(
        input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None,
        reduction_indices: Any = None, keep_dims: bool | None = None,
    ) -> Any:  # fmt: skip
        axes = reduction_indices if axis is None else axis
        keep = bool(keepdims if keep_dims is None else keep_dims)
        values = tensor(input_tensor)
        if axes is None and (keep or target in (torch.amax, torch.amin)):
            axes = tuple(range(values.dim()))
        if isinstance(axes, (list, tuple)) and not axes:
            return named_result(values, name)
        if target is torch.sum and not values.dtype.is_floating_point and not values.dtype.is_complex:
            where = {} if axes is None else {"dim": axes, "keepdim": keep}
            return apply(target, (values,), {**where, "dtype": values.dtype}, name)  # TF1 keeps the dtype
        if axes is None:
            return apply(target, (values,), {}, name)
        return reduce(values, axes, keep, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"TF1's `{name}` over some axes or all, by `torch.{target.__name__}`.\n\n"
        "Args:\n    input_tensor: a tensor.\n    axis: an axis, a list of them, or None for all.\n"
        "    keepdims: whether reduced axes stay, with size 1.\n    name: the operation's name.\n"
        "    reduction_indices, keep_dims: older spellings of axis and keepdims.\n"
    )
    return function


TABLE |= {name: _reduction(name, target) for name, target in _REDUCE.items()}


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The product over some axes, or all.

    >>> import graphgrad as gg
    >>> gg.reduce_prod(gg.zeros([2, 3]), axis=1)
    <Tensor 'prod:0' float32[2]>
    """
    values = tensor(input_tensor)
    axes = [axis] if isinstance(axis, int) else list(range(values.dim()) if axis is None else axis)
    for each in sorted((a % values.dim() for a in axes), reverse=True):
        values = apply(torch.prod, (values, each, keepdims), {"dtype": values.dtype}, None)
    return named_result(values, name)


def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The logarithm of the sum of exponentials over some axes, or all."""
    values = tensor(input_tensor)
    axes = tuple(range(values.dim())) if axis is None else axis
    if isinstance(axes, (list, tuple)) and not axes:
        return named_result(values, name)
    return apply(torch.logsumexp, (values, axes, keepdims), {}, name)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """The square of x - y, elementwise."""
    left = tensor(x, y)
    difference = left - tensor(y, left)
    return apply(operator.mul, (difference, difference), {}, name)


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, name: str | None = None) -> Any:
    """The matrix product, batched over leading axes.

    >>> import graphgrad as gg
    >>> gg.matmul(gg.ones([2, 3]), gg.ones([4, 3]), transpose_b=True)
    <Tensor 'matmul:0' float32[2, 4]>
    """
    left = tensor(a, b)
    right = tensor(b, left)
    left = left.transpose(-1, -2) if transpose_a else left
    right = right.transpose(-1, -2) if transpose_b else right
    return apply(torch.matmul, (left, right), {}, name)


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """The tensor in another dtype.

    >>> import graphgrad as gg
    >>> gg.cast(gg.constant(1.5), gg.int32)
    <Tensor 'to:0' int32[]>
    """
    values = tensor(x)
    wanted = as_dtype(dtype)
    if values.dtype is wanted:
        return values
    return apply(torch.Tensor.to, (values,), {"dtype": wanted}, name)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """The tensor with its elements limited to an interval.

    >>> import graphgrad as gg
    >>> gg.clip_by_value(gg.constant([-1.0, 2.0]), 0.0, 1.0)
    <Tensor 'clamp:0' float32[2]>
    """
    return apply(torch.clamp, (tensor(t), clip_value_min, clip_value_max), {}, name)


def _position(search: Any, input: Any, axis: int | None, name: str | None, output_type: Any) -> Any:
    direct = as_dtype(output_type) is torch.int64
    found = apply(search, (tensor(input), 0 if axis is None else axis), {}, name if direct else None)
    return found if direct else named_result(cast(found, output_type), name)


def argmax(input: Any, axis: int | None = None, name: str | None = None, output_type: Any = torch.int64) -> Any:
    """The position of the largest element along an axis; axis 0 if None, as in TF1."""
    return _position(torch.argmax, input, axis, name, output_type)


def argmin(input: Any, axis: int | None = None, name: str | None = None, output_type: Any = torch.int64) -> Any:
    """The position of the smallest element along an axis; axis 0 if None, as in TF1."""
    return _position(torch.argmin, input, axis, name, output_type)


TABLE |= {
    function.__name__: function
    for function in (reduce_prod, reduce_logsumexp, squared_difference, matmul, cast, clip_by_value, argmax, argmin)
}
