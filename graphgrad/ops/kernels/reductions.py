"""TF1's reductions and running totals, where torch's differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

Axes = int | Sequence[int] | None


def axes_of(axis: Axes, rank: int) -> list[int]:
    """The axes of a reduction, counted from 0; all of them for None."""
    given = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    for each in given:
        if not -rank <= each < max(rank, 1):
            raise ValueError(f"a tensor of {rank} axes has no axis {each}")
    return [each % rank for each in given] if rank else []


def reduce_mean(input_tensor: torch.Tensor, axis: Axes = None, keepdims: bool = False) -> torch.Tensor:
    """The mean of integers over some axes, or all, rounded towards zero."""
    axes = axes_of(axis, input_tensor.dim())
    if not axes:
        return input_tensor.clone()
    count = 1
    for each in axes:
        count *= input_tensor.shape[each]
    total = input_tensor.sum(axes, keepdim=keepdims, dtype=input_tensor.dtype)
    return torch.div(total, count, rounding_mode="trunc")


def reduce_prod(input_tensor: torch.Tensor, axis: Axes = None, keepdims: bool = False) -> torch.Tensor:
    """The product over some axes, or all."""
    found = input_tensor
    for each in sorted(axes_of(axis, input_tensor.dim()), reverse=True):
        found = torch.prod(found, each, keepdims, dtype=input_tensor.dtype)
    return found


def reduce_variance(input_tensor: torch.Tensor, axis: Axes = None, keepdims: bool = False) -> torch.Tensor:
    """The variance over some axes, or all: the mean of the squared distances to the mean."""
    axes = axes_of(axis, input_tensor.dim())
    if not axes:
        return torch.zeros_like(input_tensor)
    mean = input_tensor.mean(axes, keepdim=True)
    distance = input_tensor - mean
    return (
        (distance.conj() * distance).real.mean(axes, keepdim=keepdims)
        if distance.is_complex()
        else ((distance * distance).mean(axes, keepdim=keepdims))
    )


def reduce_std(input_tensor: torch.Tensor, axis: Axes = None, keepdims: bool = False) -> torch.Tensor:
    """The square root of the variance over some axes, or all."""
    return torch.sqrt(reduce_variance(input_tensor, axis, keepdims))


def reduce_euclidean_norm(input_tensor: torch.Tensor, axis: Axes = None, keepdims: bool = False) -> torch.Tensor:
    """The root of the sum of squares over some axes, or all."""
    axes = axes_of(axis, input_tensor.dim())
    squares = (input_tensor * input_tensor.conj()).real if input_tensor.is_complex() else input_tensor * input_tensor
    total = squares.sum(axes, keepdim=keepdims, dtype=squares.dtype) if axes else squares
    if total.is_floating_point():
        return torch.sqrt(total)
    return torch.sqrt(total.to(torch.float64)).to(total.dtype)


def count_nonzero(
    input: torch.Tensor, axis: Axes = None, keepdims: bool = False, dtype: torch.dtype = torch.int64
) -> torch.Tensor:
    """How many elements over some axes, or all, are not zero."""
    axes = axes_of(axis, input.dim())
    marks = (input != 0).to(dtype)
    return marks.sum(axes, keepdim=keepdims, dtype=dtype) if axes else marks


def zero_fraction(value: torch.Tensor) -> torch.Tensor:
    """The share of the elements that are zero."""
    return (value == 0).to(torch.float32).mean()


def argmax(input: torch.Tensor, axis: int | None, dtype: torch.dtype) -> torch.Tensor:
    """The position of the largest element along an axis, the first one if there are several; axis 0 if None."""
    return _first(input, 0 if axis is None else axis, torch.argmax, torch.amax, dtype)


def argmin(input: torch.Tensor, axis: int | None, dtype: torch.dtype) -> torch.Tensor:
    """The position of the smallest element along an axis, the first one if there are several; axis 0 if None."""
    return _first(input, 0 if axis is None else axis, torch.argmin, torch.amin, dtype)


def _first(
    input: torch.Tensor, axis: int, search: Callable[..., torch.Tensor], extreme: Callable[..., torch.Tensor],
    dtype: torch.dtype,
) -> torch.Tensor:  # fmt: skip
    if input.dtype is torch.bool:
        input = input.to(torch.uint8)
    if input.is_floating_point():
        return search(input, axis).to(dtype)
    ties = (input == extreme(input, axis, keepdim=True)).to(torch.uint8)  # torch promises no order for integers
    return torch.argmax(ties, axis).to(dtype)


def cumsum(x: torch.Tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> torch.Tensor:
    """The running sum along an axis; without the element itself if exclusive, from the end if reverse."""
    return _running(x, axis, exclusive, reverse, lambda t: torch.cumsum(t, axis, dtype=t.dtype), 0.0)


def cumprod(x: torch.Tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> torch.Tensor:
    """The running product along an axis; without the element itself if exclusive, from the end if reverse."""
    return _running(x, axis, exclusive, reverse, lambda t: torch.cumprod(t, axis, dtype=t.dtype), 1.0)


def cumulative_logsumexp(
    x: torch.Tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False
) -> torch.Tensor:  # fmt: skip
    """The logarithm of the running sum of exponentials along an axis."""
    lowest = torch.finfo(x.dtype).min
    return _running(x, axis, exclusive, reverse, lambda t: torch.logcumsumexp(t, axis), lowest)


def _running(
    x: torch.Tensor, axis: int, exclusive: bool, reverse: bool, total: Callable[[torch.Tensor], torch.Tensor],
    neutral: float,
) -> torch.Tensor:  # fmt: skip
    if reverse:
        x = x.flip(axis)
    if exclusive:
        start = torch.full_like(x.narrow(axis, 0, min(1, x.shape[axis])), neutral)
        x = torch.cat([start, x.narrow(axis, 0, max(x.shape[axis] - 1, 0))], axis)
    found = total(x)
    return found.flip(axis) if reverse else found


def accumulate_n(*inputs: torch.Tensor) -> torch.Tensor:
    """The sum of tensors of one shape."""
    total = inputs[0].clone()
    for each in inputs[1:]:
        if each.shape != total.shape:
            raise ValueError(f"tensors of one shape are summed, got {list(total.shape)} and {list(each.shape)}")
        total = total + each
    return total
