"""TF1's functions of shapes and layouts, and those that make tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..ground.spec import as_dtype
from ..record.dims import Dim
from ..record.tensor import Tensor
from .math import cast
from .sources import convert_to_tensor, named_result
from .table import apply, tensor


def shape_of(input: torch.Tensor, dtype: torch.dtype = torch.int32) -> torch.Tensor:
    """The sizes of a tensor as a tensor."""
    return torch.tensor(tuple(input.shape), dtype=dtype, device=input.device)


def sizes_from(shape: torch.Tensor, length: int) -> tuple[int, ...]:
    """A shape given as a tensor of numbers, for functions that take sizes."""
    return tuple(int(size) for size in shape.tolist()[:length])


def shape(input: Any, name: str | None = None, out_type: Any = torch.int32) -> Any:
    """The shape of a tensor, as a tensor of ints: what it is when it runs.

    >>> import graphgrad as gg
    >>> gg.shape(gg.placeholder(gg.float32, [None, 3]))
    <Tensor 'shape:0' int32[2]>
    """
    return apply(shape_of, (tensor(input), as_dtype(out_type)), {}, name or "shape")


def size(input: Any, name: str | None = None, out_type: Any = torch.int32) -> Any:
    """The number of elements of a tensor, as a tensor."""
    return apply(torch.prod, (shape(input, out_type=out_type),), {"dtype": as_dtype(out_type)}, name or "size")


def rank(input: Any, name: str | None = None) -> Any:
    """The number of axes of a tensor, as a tensor."""
    return convert_to_tensor(tensor(input).dim(), torch.int32, name)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The elements in another shape; one size may be -1.

    >>> import graphgrad as gg
    >>> gg.reshape(gg.placeholder(gg.float32, [None, 28, 28]), [-1, 784])
    <Tensor 'reshape:0' float32[?, 784]>
    """
    return apply(torch.reshape, (convert_to_tensor(tensor), _shape(shape)), {}, name)


def _shape(shape: Any) -> tuple[Any, ...]:
    """Sizes from a list of ints, symbolic sizes or scalar tensors of `gg.shape(x)[i]`."""
    if isinstance(shape, Tensor) and shape.op.target is shape_of:
        return tuple(shape.op.inputs[0].shape)
    if isinstance(shape, Tensor):
        raise TypeError(f"a shape computed as the tensor {shape.name}: use x.shape, whose sizes may be symbolic")
    if isinstance(shape, (int, Dim)):
        return (shape,)
    return tuple(_size(size) for size in shape)


def _size(size: Any) -> Any:
    if isinstance(size, Tensor):
        op = size.op
        source = op.reads[0].op if op.reads else None
        if op.target is torch.Tensor.__getitem__ and source is not None and source.target is shape_of:
            return source.inputs[0].shape[op.args[1]]
        raise TypeError(f"a size computed as the tensor {size.name}: use x.shape[i], which may be symbolic")
    return size if isinstance(size, Dim) else int(size)


def transpose(a: Any, perm: Sequence[int] | None = None, name: str | None = None) -> Any:
    """The tensor with its axes permuted; reversed if perm is None."""
    values = tensor(a)
    return apply(torch.permute, (values, tuple(perm or reversed(range(values.dim())))), {}, name or "transpose")


def expand_dims(input: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Any:
    """The tensor with a new axis of size 1."""
    return apply(torch.unsqueeze, (tensor(input), dim if axis is None else axis), {}, name)


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Any:
    """The tensor without its axes of size 1, or without those given; `ValueError` if one has another size."""
    values, axes = tensor(input), squeeze_dims if axis is None else axis
    if axes is None:
        return apply(torch.squeeze, (values,), {}, name)
    chosen = tuple(axes) if isinstance(axes, (list, tuple)) else (axes,)
    for each in chosen:
        if not isinstance(values.shape[each], Dim) and values.shape[each] != 1:
            raise ValueError(f"can't squeeze axis {each} of {values}: its size is not 1")
    return apply(torch.squeeze, (values, chosen), {}, name)


def concat(values: Sequence[Any], axis: int, name: str = "concat") -> Any:
    """The tensors joined along an axis.

    >>> import graphgrad as gg
    >>> gg.concat([gg.ones([2, 3]), gg.ones([2, 4])], axis=1)
    <Tensor 'concat:0' float32[2, 7]>
    """
    items = values if isinstance(values, (list, tuple)) else [values]
    return apply(torch.cat, ([tensor(item) for item in items], axis), {}, name)


def stack(values: Sequence[Any], axis: int = 0, name: str = "stack") -> Any:
    """The tensors joined along a new axis."""
    return apply(torch.stack, ([tensor(item) for item in values], axis), {}, name)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Any]:
    """The slices of a tensor along an axis, whose size must be known."""
    if num is not None and not isinstance(tensor(value).shape[axis], Dim) and tensor(value).shape[axis] != num:
        raise ValueError(f"axis {axis} of {value} has not {num} slices")
    return list(apply(torch.unbind, (tensor(value), axis), {}, name))


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None, name: str = "split") -> list[Any]:
    """A tensor cut along an axis, into so many equal parts or into parts of these sizes.

    >>> import graphgrad as gg
    >>> gg.split(gg.ones([4, 2]), 2)
    [<Tensor 'split:0' float32[2, 2]>, <Tensor 'split:1' float32[2, 2]>]
    """
    values = tensor(value)
    parts = num_or_size_splits if isinstance(num_or_size_splits, int) else len(num_or_size_splits)
    if num is not None and num != parts:
        raise ValueError(f"num is {num}, but {parts} parts are asked for")
    if isinstance(num_or_size_splits, int):
        length = values.shape[axis]
        if not isinstance(length, Dim) and length % num_or_size_splits:
            raise ValueError(f"can't split axis {axis} of {values} into {num_or_size_splits} equal parts")
        return list(apply(torch.split, (values, length // num_or_size_splits, axis), {}, name))
    return list(apply(torch.split, (values, [int(part) for part in num_or_size_splits], axis), {}, name))


def gather(params: Any, indices: Any, axis: int = 0, name: str | None = None) -> Any:
    """The slices of a tensor at some indices along an axis; the indices may have any shape.

    >>> import graphgrad as gg
    >>> gg.gather(gg.ones([5, 3]), [[0, 4]])
    <Tensor 'strided_slice:0' float32[1, 2, 3]>
    """
    where = tensor(indices).long()
    values = tensor(params)
    index = (*([slice(None)] * (axis % values.dim())), where)
    return apply(torch.Tensor.__getitem__, (values, index), {}, name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """X where the condition holds, else y; the indices of its true elements if neither is given."""
    if x is None and y is None:
        return apply(torch.nonzero, (tensor(condition),), {}, name)
    like = x if isinstance(x, torch.Tensor) else y
    return apply(torch.where, (tensor(condition), tensor(x, like), tensor(y, like)), {}, name)


def tile(input: Any, multiples: Sequence[int], name: str | None = None) -> Any:
    """The tensor repeated along each axis."""
    return apply(torch.tile, (tensor(input), _shape(multiples)), {}, name)


def pad(tensor: Any, paddings: Sequence[Sequence[int]], mode: str = "CONSTANT", name: str | None = None,
        constant_values: float = 0) -> Any:  # fmt: skip
    """The tensor with [before, after] elements added on each axis."""
    flat = [int(amount) for pair in reversed(list(paddings)) for amount in pair]
    values = convert_to_tensor(tensor)
    if mode.upper() == "REFLECT":
        return named_result(_reflected(values, paddings), name)
    if mode.upper() != "CONSTANT":
        raise ValueError(f"mode is {mode!r}; use 'CONSTANT' or 'REFLECT'")
    return apply(torch.nn.functional.pad, (values, flat, "constant", constant_values), {}, name)


def _reflected(values: Any, paddings: Sequence[Sequence[int]]) -> Any:
    """Padded by reflection, axis by axis: torch's own pad reflects the last axes only."""
    for axis, (before, after) in enumerate(paddings):
        parts = [values]
        length = values.shape[axis]
        if not isinstance(length, Dim) and max(before, after) >= length:
            raise ValueError(f"axis {axis} of {values} can't be padded by reflection with {[before, after]}")
        if before:
            parts.insert(0, values.narrow(axis, 1, int(before)).flip(axis))
        if after:
            parts.append(values.narrow(axis, length - 1 - int(after), int(after)).flip(axis))
        values = torch.cat(parts, axis) if len(parts) > 1 else values
    return values


def one_hot(indices: Any, depth: int, on_value: Any = None, off_value: Any = None, axis: int | None = None,
            dtype: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """A new last axis with on_value at the index and off_value elsewhere; indices out of range give no on_value.

    >>> import graphgrad as gg
    >>> gg.one_hot([0, 2], 3)
    <Tensor 'to:0' float32[2, 3]>
    """
    if axis not in (None, -1):
        raise NotImplementedError("one_hot with another axis than -1: transpose the result")
    if dtype is not None:
        wanted = as_dtype(dtype)
    else:
        given = [convert_to_tensor(value).dtype for value in (on_value, off_value) if value is not None]
        wanted = given[0] if given else torch.float32
    where_on = tensor(indices).unsqueeze(-1) == range_(depth)
    if on_value is None and off_value is None:
        return cast(where_on, wanted, name)
    on = convert_to_tensor(1 if on_value is None else on_value, None if on_value is not None else wanted)
    off = convert_to_tensor(0 if off_value is None else off_value, None if off_value is not None else wanted)
    return named_result(torch.where(where_on, cast(on, wanted), cast(off, wanted)), name)


def zeros(shape: Any, dtype: Any = torch.float32, name: str | None = None) -> Any:
    """A tensor of zeros.

    >>> import graphgrad as gg
    >>> gg.zeros([2, 3])
    <Tensor 'zeros:0' float32[2, 3]>
    """
    return apply(torch.zeros, (_shape(shape),), {"dtype": as_dtype(dtype)}, name)


def ones(shape: Any, dtype: Any = torch.float32, name: str | None = None) -> Any:
    """A tensor of ones."""
    return apply(torch.ones, (_shape(shape),), {"dtype": as_dtype(dtype)}, name)


def fill(dims: Any, value: Any, name: str | None = None) -> Any:
    """A tensor of this shape, of one number."""
    filled = convert_to_tensor(value)
    return apply(torch.Tensor.expand, (filled, _shape(dims)), {}, name)


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Zeros of the shape of a tensor; nothing flows back through it."""
    options = {} if dtype is None else {"dtype": as_dtype(dtype)}
    return apply(torch.zeros_like, (convert_to_tensor(tensor),), options, name)


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Ones of the shape of a tensor; nothing flows back through it."""
    options = {} if dtype is None else {"dtype": as_dtype(dtype)}
    return apply(torch.ones_like, (convert_to_tensor(tensor),), options, name)


def range_(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Any:
    """The numbers from start up to limit, without it, in steps of delta; int32 for ints, as in TF1.

    >>> import graphgrad as gg
    >>> gg.range(3)
    <Tensor 'range:0' int32[3]>
    """
    first, end = (0, start) if limit is None else (start, limit)
    floating = any(isinstance(item, float) for item in (first, end, delta))
    wanted = as_dtype(dtype) if dtype is not None else torch.float32 if floating else torch.int32
    return apply(torch.arange, (first, end, delta), {"dtype": wanted}, name)


def linspace(start: float, stop: float, num: int, name: str | None = None) -> Any:
    """So many numbers at equal distances from start to stop, both included."""
    return apply(torch.linspace, (start, stop, num), {"dtype": torch.float32}, name)


TABLE: dict[str, Any] = {
    function.__name__: function
    for function in (
        shape, size, rank, reshape, transpose, expand_dims, squeeze, concat, stack, unstack, split, gather, where,
        tile, pad, one_hot, zeros, ones, fill, zeros_like, ones_like, linspace,
    )
} | {"range": range_}  # fmt: skip
