"""TF1's functions of layouts: the same elements in other shapes and orders; and tensors of one number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..ground.spec import as_dtype
from ..record.dims import Dim
from ..record.tensor import Tensor
from .kernels import arrangement, convolution, creation
from .shapes import rank, shape, shape_n, size
from .sizes import known, size_tensor, sizes, static
from .sources import convert_to_tensor, identity, named
from .table import apply, row, tensor, tensors

broadcast_to = row("broadcast_to", arrangement.broadcast_to, "input:t shape:s")
depth_to_space = row("depth_to_space", arrangement.depth_to_space, "input:t block_size:n name=None data_format='NHWC'")
extract_image_patches = row(
    "extract_image_patches", convolution.extract_image_patches,
    "images:t ksizes:n=None strides:n=None rates:n=None padding=None name=None sizes:n>ksizes",
)  # fmt: skip
extract_volume_patches = row(
    "extract_volume_patches", convolution.extract_volume_patches,
    "input:t ksizes:n strides:n padding",
)  # fmt: skip
reverse = row("reverse", arrangement.reverse, "tensor:t axis:n")
reverse_sequence = row(
    "reverse_sequence", arrangement.reverse_sequence,
    "input:t seq_lengths:i seq_axis:n=None batch_axis:n=0 name=None seq_dim:n>seq_axis batch_dim:n>batch_axis",
)  # fmt: skip
roll = row("roll", arrangement.roll, "input:t shift:n axis:n")
sequence_mask = row("sequence_mask", arrangement.sequence_mask, "lengths:i maxlen:s=None dtype:d=bool")
space_to_batch_nd = row("space_to_batch_nd", arrangement.space_to_batch_nd, "input:t block_shape:n paddings:n")
batch_to_space_nd = row("batch_to_space_nd", arrangement.batch_to_space_nd, "input:t block_shape:n crops:n")
space_to_depth = row("space_to_depth", arrangement.space_to_depth, "input:t block_size:n name=None data_format='NHWC'")
tile = row("tile", arrangement.tile, "input:t multiples:s")


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The elements in another shape; one size may be -1.

    Args:
        tensor: a tensor.
        shape: ints, symbolic sizes and scalar tensors, or a tensor of ints.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [None, 28, 28])
    >>> gg.reshape(x, [-1, 784]), gg.reshape(x, gg.stack([gg.shape(x)[0], 784]))
    (<Tensor 'reshape:0' float32[?, 784]>, <Tensor 'reshape_1:0' float32[?, 784]>)
    """
    values, wanted = convert_to_tensor(tensor), sizes(shape)
    if isinstance(wanted, torch.Tensor):
        return apply(arrangement.reshape, (values, wanted), {}, name or "reshape")
    return apply(torch.reshape, (values, wanted), {}, name)


def transpose(a: Any, perm: Any = None, name: str | None = None, conjugate: bool = False) -> Any:
    """The tensor with its axes permuted; reversed if perm is None."""
    values = tensor(a)
    axes = tuple(reversed(range(values.dim()))) if perm is None else static(perm, "the order of the axes")
    if len(axes) != values.dim():
        raise ValueError(f"one number per axis is needed, {values.dim()}, got {list(axes)}")
    if conjugate and values.dtype.is_complex:
        return apply(arrangement.transpose, (values, axes), {}, name or "transpose")
    return apply(torch.permute, (values, axes), {}, name or "transpose")


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """The tensor with a new axis of size 1."""
    where = static(dim if axis is None else axis, "the new axis")
    if where is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return apply(torch.unsqueeze, (tensor(input), where if isinstance(where, int) else where[0]), {}, name)


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Any:
    """The tensor without its axes of size 1, or without those given; `ValueError` if one has another size."""
    values, axes = tensor(input), static(squeeze_dims if axis is None else axis, "the axes to squeeze")
    if axes is None:
        return apply(torch.squeeze, (values,), {}, name)
    chosen = axes if isinstance(axes, tuple) else (axes,)
    if any(isinstance(values.shape[each], Dim) for each in chosen):
        return apply(arrangement.squeeze, (values, chosen), {}, name or "squeeze")
    for each in chosen:
        if values.shape[each] != 1:
            raise ValueError(f"can't squeeze axis {each} of {values}: its size is not 1")
    return apply(torch.squeeze, (values, chosen), {}, name)


def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """The tensors joined along an axis.

    >>> import graphgrad as gg
    >>> gg.concat([gg.ones([2, 3]), gg.ones([2, 4])], axis=1)
    <Tensor 'concat:0' float32[2, 7]>
    """
    if isinstance(values, int) and not isinstance(axis, int):
        raise TypeError("concat takes the values first, then the axis, since TensorFlow 1.0")
    return apply(torch.cat, (_pieces(values), static(axis, "the axis of a concat")), {}, name)


def _pieces(values: Any) -> list[Any]:
    """Tensors to be joined; sizes known only in the run become tensors."""
    items = tensors(values)
    return [apply(size_tensor, (item,), {}, "size") if isinstance(item, Dim) else item for item in items]


def stack(values: Any, axis: int = 0, name: str = "stack") -> Any:
    """The tensors joined along a new axis."""
    return apply(torch.stack, (_pieces(values), axis), {}, name)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Any]:
    """The slices of a tensor along an axis, whose size must be known, or given as num."""
    values = tensor(value)
    length = values.shape[axis]
    if isinstance(length, Dim):
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {values.shape}")
        return list(apply(arrangement.unstack, (values, num, axis), {}, name))
    if num is not None and length != num:
        raise ValueError(f"axis {axis} of {value} has not {num} slices")
    return list(apply(torch.unbind, (values, axis), {}, name))


def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split") -> list[Any]:
    """A tensor cut along an axis, into so many equal parts or into parts of these sizes, of which one may be -1.

    Args:
        value: a tensor.
        num_or_size_splits: an int, or the size of each part.
        axis: where it is cut.
        num: how many parts there are, if that is not known from their sizes.
        name: the operation's name.

    Raises:
        ValueError: if the parts do not fit.

    >>> import graphgrad as gg
    >>> gg.split(gg.ones([4, 2]), 2)
    [<Tensor 'split:0' float32[2, 2]>, <Tensor 'split:1' float32[2, 2]>]
    """
    values, parts, along = tensor(value), static(num_or_size_splits, "the sizes of the parts"), static(axis, "the axis")
    length = values.shape[along]
    count = len(parts) if isinstance(parts, tuple) else parts
    if num is not None and num != count:
        raise ValueError(f"num is {num}, but {count} parts are asked for")
    if not isinstance(parts, tuple):
        if not isinstance(length, Dim) and length % parts:
            raise ValueError(f"can't split axis {along} of {values} into {parts} equal parts")
        return list(apply(torch.split, (values, length // parts, along), {}, name))
    if -1 in [part for part in parts if isinstance(part, int)]:
        open_end = parts.index(-1)
        rest = length - sum(part for n, part in enumerate(parts) if n != open_end)
        parts = (*parts[:open_end], rest, *parts[open_end + 1 :])
    return list(apply(torch.split, (values, list(parts), along), {}, name))


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: float = 0) -> Any:
    """The tensor with [before, after] elements added on each axis.

    Args:
        tensor: a tensor.
        paddings: a pair per axis.
        mode: 'CONSTANT', or 'REFLECT' and 'SYMMETRIC', which mirror without and with the elements at the border.
        name: the operation's name.
        constant_values: the number to pad with.

    Raises:
        ValueError: if the paddings do not fit.

    >>> import graphgrad as gg
    >>> gg.pad(gg.ones([2]), [[1, 2]])
    <Tensor 'pad:0' float32[5]>
    """
    amounts = paddings if known(paddings) is None and isinstance(paddings, Tensor) else static(paddings, "paddings")
    return apply(arrangement.pad, (convert_to_tensor(tensor), amounts, mode, constant_values), {}, name or "pad")


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Each element, or each slice along an axis, as often as asked for.

    >>> import graphgrad as gg
    >>> gg.repeat([1, 2], repeats=[1, 2])
    <Tensor 'repeat:0' int32[3]>
    """
    unknown = isinstance(repeats, Tensor) and known(repeats) is None
    times = repeats if unknown else static(repeats, "the repeats")
    return apply(arrangement.repeat, (tensor(input), times, axis), {}, name or "repeat")


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """The coordinates of a grid, a tensor per axis; 'xy' exchanges the first two axes."""
    return list(apply(arrangement.meshgrid, tuple(tensors(args)), {"indexing": indexing}, name or "meshgrid"))


def space_to_batch(
    input: Any, paddings: Any, block_size: int | None = None, name: str | None = None, block_shape: Any = None
) -> Any:
    """The images padded with zeros, and each block's pixels spread over new entries of the batch."""
    blocks = [block_size, block_size] if block_shape is None else block_shape
    return space_to_batch_nd(input, blocks, paddings, name)


def batch_to_space(
    input: Any, crops: Any, block_size: int | None = None, name: str | None = None, block_shape: Any = None
) -> Any:
    """The opposite of space_to_batch: entries of the batch as blocks of pixels, then cropped."""
    blocks = [block_size, block_size] if block_shape is None else block_shape
    return batch_to_space_nd(input, blocks, crops, name)


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Any]:
    """The same tensors under new names."""
    named(name, "")
    return [identity(tensor(each), name) for each in input]


# -- tensors of one number, and of numbers in a row -----------------------------------------------------


def zeros(shape: Any, dtype: Any = torch.float32, name: str | None = None) -> Any:
    """A tensor of zeros.

    >>> import graphgrad as gg
    >>> gg.zeros([2, 3])
    <Tensor 'zeros:0' float32[2, 3]>
    """
    wanted = sizes(shape)
    if isinstance(wanted, torch.Tensor):
        return apply(creation.zeros, (wanted, as_dtype(dtype)), {}, name or "zeros")
    return apply(torch.zeros, (wanted,), {"dtype": as_dtype(dtype)}, name)


def ones(shape: Any, dtype: Any = torch.float32, name: str | None = None) -> Any:
    """A tensor of ones."""
    wanted = sizes(shape)
    if isinstance(wanted, torch.Tensor):
        return apply(creation.ones, (wanted, as_dtype(dtype)), {}, name or "ones")
    return apply(torch.ones, (wanted,), {"dtype": as_dtype(dtype)}, name)


def fill(dims: Any, value: Any, name: str | None = None) -> Any:
    """A tensor of this shape, of one number."""
    filled, wanted = convert_to_tensor(value), sizes(dims)
    if isinstance(wanted, torch.Tensor):
        return apply(creation.filled, (wanted, filled), {}, name or "fill")
    return apply(torch.Tensor.expand, (filled, wanted), {}, name)


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Zeros of the shape of a tensor; nothing flows back through it."""
    options = {} if dtype is None else {"dtype": as_dtype(dtype)}
    return apply(torch.zeros_like, (convert_to_tensor(tensor),), options, name)


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Ones of the shape of a tensor; nothing flows back through it."""
    options = {} if dtype is None else {"dtype": as_dtype(dtype)}
    return apply(torch.ones_like, (convert_to_tensor(tensor),), options, name)


def range_(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Any:
    """The numbers from start up to limit, without it, in steps of delta; int32 for ints, as in TF1.

    Args:
        start: the first number; the limit if it is the only one.
        limit: where it ends.
        delta: the step.
        dtype: the dtype; that of the numbers if None.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [None, 3])
    >>> gg.range(3), gg.range(gg.shape(x)[0])
    (<Tensor 'range:0' int32[3]>, <Tensor 'range_1:0' int32[?]>)
    """
    given = (0, start, delta) if limit is None else (start, limit, delta)
    wanted = as_dtype(dtype) if dtype is not None else _common(given)
    numbers = tuple(known(item) if isinstance(item, Tensor) and known(item) is not None else item for item in given)
    if any(isinstance(item, torch.Tensor) for item in numbers):
        return apply(creation.arange, (*numbers, wanted), {}, name)
    return apply(torch.arange, numbers, {"dtype": wanted}, name)


def _common(numbers: Sequence[Any]) -> torch.dtype:
    """The dtype of a range: the widest of its numbers'."""
    kinds = [item.dtype if isinstance(item, torch.Tensor) else getattr(item, "dtype", type(item)) for item in numbers]
    dtypes = [torch.int32 if kind is Dim else as_dtype(kind) for kind in kinds if kind is not bool]
    order = (torch.float64, torch.float32, torch.int64)
    return next((each for each in order if each in dtypes), torch.int32)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
    """So many numbers at equal distances from start to stop, both included."""
    first = tensor(start, stop)
    last = tensor(stop, first)
    count = static(num, "the number of a linspace")
    return apply(creation.linspace, (first, last, count, axis), {}, name or "linspace")


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None, dtype: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """A new axis with on_value at the index and off_value elsewhere; indices out of range give no on_value.

    Args:
        indices: integers of any shape.
        depth: the size of the new axis.
        on_value, off_value: 1 and 0 if None.
        axis: where the new axis is; last if None or -1.
        dtype: the dtype; that of the values if None, else float32.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> gg.one_hot([0, 2], 3)
    <Tensor 'one_hot:0' float32[2, 3]>
    """
    given = [convert_to_tensor(value).dtype for value in (on_value, off_value) if value is not None]
    wanted = as_dtype(dtype) if dtype is not None else given[0] if given else torch.float32
    if dtype is not None and on_value is not None and isinstance(on_value, Tensor) and on_value.dtype is not wanted:
        raise TypeError(f"dtype {wanted} of on_value does not match {on_value.dtype}")
    on = convert_to_tensor(1 if on_value is None else on_value)
    off = convert_to_tensor(0 if off_value is None else off_value)
    where = -1 if axis is None else axis
    return apply(creation.one_hot, (tensor(indices), sizes(depth), on, off, where, wanted), {}, name or "one_hot")


eye = row("eye", creation.eye, "num_rows:s num_columns:s=None batch_shape:s=None dtype:d=float32")

__all__ = [
    "batch_to_space", "batch_to_space_nd", "broadcast_to", "concat", "depth_to_space", "expand_dims",
    "extract_image_patches", "extract_volume_patches", "eye", "fill", "identity_n", "linspace", "meshgrid", "one_hot",
    "ones", "ones_like", "pad", "range_", "rank", "repeat", "reshape", "reverse", "reverse_sequence", "roll",
    "sequence_mask", "shape", "shape_n", "size", "space_to_batch", "space_to_batch_nd", "space_to_depth", "split",
    "squeeze", "stack", "tile", "transpose", "unstack", "zeros", "zeros_like",
]  # fmt: skip
