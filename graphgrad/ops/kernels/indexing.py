"""Reading and writing at indices: gather, scatter, masks and slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...record.infer import probing
from ..sizes import ints, made_up


def gather(params: torch.Tensor, indices: torch.Tensor, axis: int = 0, batch_dims: int = 0) -> torch.Tensor:
    """The slices of a tensor at some indices along an axis; the indices may have any shape."""
    if not -params.dim() <= axis < params.dim():
        raise ValueError(f"axis {axis} of a tensor with {params.dim()} axes")
    axis = axis % params.dim()
    batch_dims = batch_dims % max(indices.dim(), 1) if batch_dims < 0 else batch_dims
    if batch_dims > axis:
        raise ValueError(f"batch_dims is {batch_dims}, which is more than the axis, {axis}")
    if batch_dims:
        return _batched(params, indices, axis, batch_dims)
    found = params.index_select(axis, _tried(indices, params.shape[axis]).reshape(-1))
    return found.reshape([*params.shape[:axis], *indices.shape, *params.shape[axis + 1 :]])


def _tried(indices: torch.Tensor, size: int) -> torch.Tensor:
    """Indices of any kind of integer; brought into range where a kernel is tried on data that means nothing."""
    if indices.is_floating_point() or indices.is_complex() or indices.dtype is torch.bool:
        raise TypeError(f"indices are integers, got {indices.dtype}")
    wide = indices.to(torch.int64)
    return wide % max(size, 1) if probing() else wide


def batch_gather(params: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """One gather per row of the leading axes, all but the last of the indices'."""
    return gather(params, indices, indices.dim() - 1, indices.dim() - 1)


def _batched(params: torch.Tensor, indices: torch.Tensor, axis: int, batch_dims: int) -> torch.Tensor:
    """One gather per row of the leading axes, as one gather from their rows end to end."""
    batch = params.shape[:batch_dims]
    moved = params.movedim(axis, batch_dims)
    rows = moved.shape[batch_dims]
    flat = moved.reshape(-1, *moved.shape[batch_dims + 1 :])
    count = flat.shape[0] // max(rows, 1)
    start = (torch.arange(count, device=indices.device) * rows).reshape(-1, *([1] * (indices.dim() - batch_dims)))
    own = _tried(indices, rows).reshape(count, *indices.shape[batch_dims:])
    _inside(own, rows)
    found = flat.index_select(0, (own + start).reshape(-1))
    found = found.reshape(*indices.shape, *moved.shape[batch_dims + 1 :])
    last = indices.dim()
    order = [*range(batch_dims), *range(last, last + axis - batch_dims), *range(batch_dims, last)]
    order += range(last + axis - batch_dims, found.dim())
    assert found.shape[:batch_dims] == batch
    return found.permute(order)


def _inside(indices: torch.Tensor, size: int) -> None:
    """`IndexError` for an index out of range, where torch's kernel would read another row."""
    if indices.device.type == "cpu" and not probing() and type(indices) is torch.Tensor and indices.numel():
        low, high = int(indices.min()), int(indices.max())
        if low < 0 or high >= size:
            raise IndexError(f"index {low if low < 0 else high} is out of range for an axis of {size}")


def gather_nd(params: torch.Tensor, indices: torch.Tensor, batch_dims: int = 0) -> torch.Tensor:
    """The slices of a tensor at places that the last axis of the indices gives."""
    if batch_dims:
        batch = params.shape[:batch_dims]
        flat, places = params.flatten(0, batch_dims - 1), indices.flatten(0, batch_dims - 1)
        rows = torch.arange(flat.shape[0], device=indices.device, dtype=indices.dtype)
        rows = rows.reshape(-1, *([1] * (places.dim() - 1))).expand(*places.shape[:-1], 1)
        return gather_nd(flat, torch.cat([rows, places], -1)).reshape(*batch, *_nd_shape(flat, places)[1:])
    depth = indices.shape[-1]
    if depth > params.dim():
        raise ValueError(f"indices of length {depth} for a tensor of {params.dim()} axes")
    flat = params.reshape(_count(params.shape[:depth]), *params.shape[depth:])
    rows = flat.index_select(0, _linear(indices, params.shape[:depth]).reshape(-1))
    return rows.reshape([*indices.shape[:-1], *params.shape[depth:]])


def _nd_shape(flat: torch.Tensor, places: torch.Tensor) -> list[int]:
    return [*places.shape[:-1], *flat.shape[1 + places.shape[-1] :]]


def _count(sizes: Sequence[int]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _linear(indices: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """The places of the last axis as numbers of rows of the flattened leading axes."""
    total = torch.zeros(indices.shape[:-1], dtype=torch.int64, device=indices.device)
    for axis, size in enumerate(sizes):
        own = _tried(indices[..., axis], size)
        _inside(own, size)
        total = total * size + own
    return total


def scatter_nd(indices: torch.Tensor, updates: torch.Tensor, shape: Any) -> torch.Tensor:
    """Zeros of a shape, to which the updates are added at places that the last axis of the indices gives."""
    sizes = ints(shape)
    if isinstance(shape, torch.Tensor) and probing():
        return updates.sum().expand(sizes)
    start = torch.zeros(sizes, dtype=updates.dtype, device=updates.device)
    return _written(start, indices, updates, "sum")


def sparse_to_dense(indices: torch.Tensor, shape: Any, values: torch.Tensor, default: torch.Tensor) -> torch.Tensor:
    """A tensor of one number, with others at places that the last axis of the indices gives."""
    sizes = ints(shape)
    places = indices.reshape(-1, 1) if indices.dim() < 2 else indices
    if places.shape[-1] != len(sizes):
        raise ValueError(f"indices of length {places.shape[-1]} for a shape of {len(sizes)} axes")
    start = default.to(values.dtype).reshape(()).expand(sizes)
    if isinstance(shape, torch.Tensor) and probing():
        return start + values.sum().to(values.dtype)
    return _written(start, places, values.expand(places.shape[:1]), "update")


def tensor_scatter(tensor: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor, how: str) -> torch.Tensor:
    """A copy in which the updates are written ('update'), or added, subtracted or compared, at some places."""
    if how == "sub":
        return _written(tensor, indices, -updates, "sum")
    return _written(tensor, indices, updates, how)


def _written(tensor: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor, how: str) -> torch.Tensor:
    depth = indices.shape[-1]
    inner = tensor.shape[depth:]
    wanted = [*indices.shape[:-1], *inner]
    if list(updates.shape) != wanted:
        raise ValueError(f"the updates have shape {list(updates.shape)}, the indices and the tensor ask for {wanted}")
    rows = _linear(indices, tensor.shape[:depth]).reshape(-1)
    flat = tensor.reshape(_count(tensor.shape[:depth]), _count(inner))
    values = updates.reshape(rows.shape[0], _count(inner))
    index = rows.unsqueeze(1).expand(values.shape)
    if how == "update":
        found = flat.scatter(0, index, values)
    elif how == "sum":
        found = flat.scatter_add(0, index, values)
    else:
        found = flat.scatter_reduce(0, index, values, how, include_self=True)
    return found.reshape(tensor.shape)


def boolean_mask(tensor: torch.Tensor, mask: torch.Tensor, axis: int = 0) -> torch.Tensor:
    """The slices where the mask holds; the mask covers as many axes as it has, from `axis` on."""
    if mask.dim() == 0:
        raise ValueError("a mask has at least one axis")
    axis = axis % max(tensor.dim(), 1)
    covered = tensor.shape[axis : axis + mask.dim()]
    if tuple(covered) != tuple(mask.shape):
        raise ValueError(f"a mask of shape {list(mask.shape)} does not fit axes of sizes {list(covered)}")
    flat = tensor.flatten(axis, axis + mask.dim() - 1)
    chosen = mask.reshape(-1).to(torch.bool).nonzero().reshape(-1)
    return flat.index_select(axis, chosen)


def where(condition: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """X where the condition holds, else y; a condition with one axis chooses whole rows."""
    if condition.dim() == 1 and x.dim() > 1 and x.shape == y.shape and condition.shape[0] == x.shape[0]:
        condition = condition.reshape(-1, *([1] * (x.dim() - 1)))
    return torch.where(condition, x, y)


def slice_block(input_: torch.Tensor, begin: Any, size: Any) -> torch.Tensor:
    """A block of a tensor, from a corner on and of a size; -1 is all that is left along an axis."""
    starts, lengths = _each(begin, input_.dim()), _each(size, input_.dim())
    for axis, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        whole = input_.shape[axis]
        first = int(start) if not isinstance(start, torch.Tensor) else start
        if isinstance(first, torch.Tensor) and isinstance(length, int) and length >= 0:
            places = first.to(torch.int64) + torch.arange(length, device=input_.device)
            input_ = input_.index_select(axis, _tried(places, whole))
            continue
        first, count = int(first), int(length)
        if probing() and (isinstance(start, torch.Tensor) or isinstance(length, torch.Tensor)):
            first, count = 0, min(whole, made_up((first, count)))
        count = whole - first if count == -1 else count
        if first < 0 or count < 0 or first + count > whole:
            raise ValueError(f"a slice from {first} of {count} does not lie in axis {axis} of {whole}")
        input_ = input_.narrow(axis, first, count)
    return input_


def _each(numbers: Any, rank: int) -> list[Any]:
    """One number per axis; a 0-d tensor where the number is the run's."""
    each = list(numbers.unbind()) if isinstance(numbers, torch.Tensor) else list(numbers)
    if len(each) != rank:
        raise ValueError(f"one number per axis is needed, {rank}, got {len(each)}")
    return each


def strided_slice(
    input_: torch.Tensor, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> torch.Tensor:  # fmt: skip
    """`input_[begin:end:strides, ...]` in numbers and bit masks, which say where a bound or an axis is left out."""
    starts, ends = ints(begin), ints(end)
    steps = [1] * len(starts) if strides is None else ints(strides)
    axis = 0
    added = sum(1 for n in range(len(starts)) if new_axis_mask >> n & 1)
    for n, (start, stop, step) in enumerate(zip(starts, ends, steps, strict=True)):
        if ellipsis_mask >> n & 1:
            axis += max(input_.dim() - axis - (len(starts) - n - 1 - added), 0)
        elif new_axis_mask >> n & 1:
            added -= 1
            input_ = input_.unsqueeze(axis)
            axis += 1
        elif shrink_axis_mask >> n & 1:
            input_ = input_.select(axis, start)
        else:
            bounds = (None if begin_mask >> n & 1 else start, None if end_mask >> n & 1 else stop, step)
            input_ = _strided(input_, axis, bounds)
            axis += 1
    return input_


def _strided(input_: torch.Tensor, axis: int, bounds: tuple[int | None, int | None, int]) -> torch.Tensor:
    places = range(input_.shape[axis])[slice(*bounds)]
    if places.step == 1 or len(places) < 2:
        return input_.narrow(axis, places.start if len(places) else 0, len(places))
    return input_.index_select(axis, torch.tensor(places, dtype=torch.int64, device=input_.device))


def unravel_index(indices: torch.Tensor, dims: Any) -> torch.Tensor:
    """The places of flat indices in a tensor of some sizes, along a new first axis."""
    found = []
    rest = indices
    for size in reversed(ints(dims)):
        found.append(rest % size)
        rest = torch.div(rest, size, rounding_mode="floor")
    return torch.stack(found[::-1])
