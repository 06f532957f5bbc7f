"""TF1's reading and writing at indices."""

from __future__ import annotations

from typing import Any

import torch

from ..record.tensor import Tensor
from .kernels import indexing, segments
from .sizes import known, sizes, static
from .sources import named_result
from .table import apply, row, tensor, tensors

batch_gather = row("batch_gather", indexing.batch_gather, "params:t indices:i")
dynamic_partition = row(
    "dynamic_partition", segments.dynamic_partition, "data:t partitions:i num_partitions:n", rows="partitions"
)
gather_nd = row("gather_nd", indexing.gather_nd, "params:t indices:i name=None batch_dims:n=0")
scatter_nd = row("scatter_nd", indexing.scatter_nd, "indices:i updates:t shape:s")
sparse_to_dense = row(
    "sparse_to_dense", indexing.sparse_to_dense,
    "sparse_indices:i output_shape:s sparse_values:t default_value:t=0 validate_indices:_=True",
)  # fmt: skip
strided_slice = row(
    "strided_slice", indexing.strided_slice,
    "input_:t begin:s end:s strides:s=None begin_mask=0 end_mask=0 ellipsis_mask=0 new_axis_mask=0 shrink_axis_mask=0",
)  # fmt: skip
tensor_scatter_add = row("tensor_scatter_add", indexing.tensor_scatter, "tensor:t indices:i updates:t", fixed=("sum",))
tensor_scatter_sub = row("tensor_scatter_sub", indexing.tensor_scatter, "tensor:t indices:i updates:t", fixed=("sub",))
tensor_scatter_update = row(
    "tensor_scatter_update", indexing.tensor_scatter, "tensor:t indices:i updates:t", fixed=("update",)
)
tensor_scatter_max = row("tensor_scatter_max", indexing.tensor_scatter, "tensor:t indices:i updates:t", fixed=("amax",))
tensor_scatter_min = row("tensor_scatter_min", indexing.tensor_scatter, "tensor:t indices:i updates:t", fixed=("amin",))
tensor_scatter_nd_add = tensor_scatter_add
tensor_scatter_nd_max = tensor_scatter_max
tensor_scatter_nd_min = tensor_scatter_min
tensor_scatter_nd_sub = tensor_scatter_sub
tensor_scatter_nd_update = tensor_scatter_update
unravel_index = row("unravel_index", indexing.unravel_index, "indices:i dims:s")


def gather(
    params: Any, indices: Any, validate_indices: bool | None = None, name: str | None = None, axis: Any = None,
    batch_dims: int = 0,
) -> Any:  # fmt: skip
    """The slices of a tensor at some indices along an axis; the indices may have any shape.

    Args:
        params: a tensor.
        indices: integers; one out of range fails in the run.
        validate_indices: without a meaning, as in TF1.
        name: the operation's name.
        axis: the axis, `batch_dims` if None.
        batch_dims: how many leading axes params and indices have in common.

    >>> import graphgrad as gg
    >>> gg.gather(gg.ones([5, 3]), [[0, 4]])
    <Tensor 'gather:0' float32[1, 2, 3]>
    """
    along = batch_dims if axis is None else static(axis, "the axis of a gather")
    return apply(indexing.gather, (tensor(params), tensor(indices), along, batch_dims), {}, name or "gather")


def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Any:
    """The slices where the mask holds, one after the other; the mask covers as many axes as it has.

    >>> import graphgrad as gg
    >>> gg.boolean_mask([1, 2, 3], [True, False, True])
    <Tensor 'boolean_mask:0' int32[2]>
    """
    along = 0 if axis is None else static(axis, "the axis of a mask")
    return apply(indexing.boolean_mask, (*tensors([tensor]), *tensors([mask]), along), {}, name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """X where the condition holds, else y; the indices of its true elements if neither is given.

    Args:
        condition: booleans; with one axis they choose whole rows of x and y.
        x, y: tensors of one shape, or that can be broadcast.
        name: the operation's name.

    Raises:
        ValueError: if only one of x and y is given.

    >>> import graphgrad as gg
    >>> gg.where([True, False], [1.0, 2.0], [3.0, 4.0]), gg.where([True, False])
    (<Tensor 'where:0' float32[2]>, <Tensor 'nonzero:0' int64[1, 1]>)
    """
    if x is None and y is None:
        return apply(torch.nonzero, (tensor(condition),), {}, name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    marks, (left, right) = tensor(condition), tensors([x, y])
    ranks = [each.shape.ndims if isinstance(each, Tensor) else each.dim() for each in (marks, left)]
    if ranks[0] in (1, None) and ranks[1] != 1:
        return apply(indexing.where, (marks, left, right), {}, name or "where")
    return apply(torch.where, (marks, left, right), {}, name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """As `where`; condition, x and y are broadcast together."""
    if x is None and y is None:
        return where(condition, name=name)
    left, right = tensors([x, y])
    return apply(torch.where, (tensor(condition), left, right), {}, name)


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """A block of a tensor, from a corner on and of a size; -1 is all that is left along an axis.

    Args:
        input_: a tensor.
        begin: where the block starts, a number per axis; numbers may be tensors.
        size: its size.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> gg.slice(gg.ones([4, 5]), [1, 0], [2, -1])
    <Tensor 'slice:0' float32[2, 5]>
    """
    return apply(indexing.slice_block, (tensor(input_), _bounds(begin), _bounds(size)), {}, name or "slice")


def _bounds(numbers: Any) -> Any:
    """A number per axis, as far as known; a tensor where the run decides."""
    if isinstance(numbers, (list, tuple)):
        found = [sizes([item])[0] if not _open(item) else item for item in numbers]
        return tuple(found)
    return sizes(numbers)


def _open(item: Any) -> bool:
    return isinstance(item, Tensor) and known(item) is None


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Any:
    """One tensor of rows from several, each at its index; the last one counts where an index occurs twice."""
    places, rows = [tensor(each) for each in indices], tensors(data)
    return apply(segments.dynamic_stitch, (places, rows), {}, name or "dynamic_stitch")


def parallel_stack(values: Any, name: str = "parallel_stack") -> Any:
    """The tensors joined along a new first axis."""
    return named_result(apply(torch.stack, (tensors(values),), {}, None), name)


__all__ = [
    "batch_gather", "boolean_mask", "dynamic_partition", "dynamic_stitch", "gather", "gather_nd", "parallel_stack",
    "scatter_nd", "slice_", "sparse_to_dense", "strided_slice", "tensor_scatter_add", "tensor_scatter_max",
    "tensor_scatter_min", "tensor_scatter_nd_add", "tensor_scatter_nd_max", "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update", "tensor_scatter_sub", "tensor_scatter_update", "unravel_index", "where", "where_v2",
]  # fmt: skip
