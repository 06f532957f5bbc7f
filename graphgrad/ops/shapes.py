"""Shapes as data: `gg.shape`, `gg.TensorShape` and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from ..ground.spec import as_dtype
from ..record import dims
from ..record.dims import Dim, Dimension, UnknownShape
from .kernels import arrangement, checks
from .sizes import shape_of
from .sources import convert_to_tensor
from .table import apply, row, tensor


class _Shapes(type(tuple)):  # type: ignore[misc]
    """Shapes of tensors are instances of `TensorShape`, too, and so is a shape of unknown rank."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, (dims.TensorShape, UnknownShape))


class TensorShape(dims.TensorShape, metaclass=_Shapes):
    """A shape that is declared: sizes, None where unknown; `TensorShape(None)` has no rank.

    >>> import graphgrad as gg
    >>> shape = gg.TensorShape([None, 3])
    >>> shape.as_list(), shape.ndims, shape.merge_with([2, None]).as_list(), shape.is_fully_defined()
    ([None, 3], 2, [2, 3], False)
    """

    def __new__(cls, dims: Any) -> Any:
        if dims is None or isinstance(dims, UnknownShape):
            return UnknownShape()
        items = [dims] if isinstance(dims, int) else dims
        return tuple.__new__(cls, [_size(item) for item in items])

    def as_list(self) -> list[int | None]:
        """The sizes, None where unknown."""
        return [None if size is None else int(size) for size in self]

    def is_fully_defined(self) -> bool:
        """Whether all sizes are known."""
        return all(size is not None for size in self)

    def numel(self) -> Any:
        """The number of elements, None if it is not known."""
        if not self.is_fully_defined():
            return None
        total = 1
        for size in self:
            total *= int(size)
        return total

    num_elements = numel

    def merge_with(self, other: Any) -> Any:
        """What both shapes say; `ValueError` if they contradict."""
        sizes = _sizes(other)
        if sizes is None:
            return self
        if not self.is_compatible_with(sizes):
            raise ValueError(f"Shapes {self} and {TensorShape(sizes)} are not compatible")
        return TensorShape([b if a is None else a for a, b in zip(self.as_list(), sizes, strict=True)])

    def is_compatible_with(self, other: Any) -> bool:
        """Whether both may be one tensor's shape."""
        sizes = _sizes(other)
        if sizes is None:
            return True
        pairs = zip(self.as_list(), sizes, strict=False)
        return len(self) == len(sizes) and all(a is None or b is None or a == b for a, b in pairs)

    def concatenate(self, other: Any) -> Any:
        """The sizes of both, one after the other."""
        sizes = _sizes(other)
        return UnknownShape() if sizes is None else TensorShape([*self.as_list(), *sizes])

    def with_rank(self, rank: int) -> Any:
        """The shape itself; `ValueError` if it has another rank."""
        if len(self) != rank:
            raise ValueError(f"Shape {self} must have rank {rank}")
        return self

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return TensorShape(found) if isinstance(index, slice) else found

    __hash__ = tuple.__hash__


def _size(item: Any) -> Any:
    if item is None or isinstance(item, Dim) or (isinstance(item, int) and item == -1):
        return None
    if int(item) < 0:
        raise ValueError(f"Dimension {int(item)} must be >= 0")
    return Dimension(int(item))


def _sizes(shape: Any) -> list[int | None] | None:
    """The sizes of a shape in any spelling; None if its rank is unknown."""
    if shape is None or isinstance(shape, UnknownShape):
        return None
    if isinstance(shape, dims.TensorShape):
        return shape.as_list()
    items: Iterable[Any] = [shape] if isinstance(shape, int) else shape
    return [_size(item) for item in items]


def shape(input: Any, name: str | None = None, out_type: Any = torch.int32) -> Any:
    """The shape of a tensor, as a tensor of ints: what it is when it runs.

    >>> import graphgrad as gg
    >>> gg.shape(gg.placeholder(gg.float32, [None, 3]))
    <Tensor 'shape:0' int32[2]>
    """
    return apply(shape_of, (tensor(input), as_dtype(out_type or torch.int32)), {}, name or "shape")


def shape_n(input: Sequence[Any], out_type: Any = torch.int32, name: str | None = None) -> list[Any]:
    """The shapes of some tensors, each as a tensor."""
    return [shape(each, name, out_type) for each in input]


def size(input: Any, name: str | None = None, out_type: Any = torch.int32) -> Any:
    """The number of elements of a tensor, as a tensor."""
    wanted = as_dtype(out_type or torch.int32)
    return apply(torch.prod, (shape(input, out_type=wanted),), {"dtype": wanted}, name or "size")


def rank(input: Any, name: str | None = None) -> Any:
    """The number of axes of a tensor, as a tensor."""
    return convert_to_tensor(tensor(input).dim(), torch.int32, name)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape that two known shapes have in common after broadcasting.

    Raises:
        ValueError: if they can't be broadcast.

    >>> import graphgrad as gg
    >>> gg.broadcast_static_shape([2, 1], [3]).as_list()
    [2, 3]
    """
    left, right = _sizes(shape_x), _sizes(shape_y)
    if left is None or right is None:
        return UnknownShape()
    length = max(len(left), len(right))
    found: list[int | None] = []
    for a, b in zip([1] * (length - len(left)) + left, [1] * (length - len(right)) + right, strict=True):
        if a is not None and b is not None and 1 not in (a, b) and a != b:
            raise ValueError(f"Incompatible shapes for broadcasting: {shape_x} and {shape_y}")
        one = b if a == 1 else a if b == 1 else a if a is not None else b
        found.append(one)
    return TensorShape(found)


broadcast_dynamic_shape = row("broadcast_dynamic_shape", arrangement.broadcast_shape, "shape_x:i shape_y:i")


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The tensor with what is known of its shape; a run with another shape fails.

    Args:
        x: a tensor.
        shape: sizes, None where any will do.
        name: the operation's name.

    Raises:
        ValueError: if the shape is known to be another one.

    >>> import graphgrad as gg
    >>> gg.ensure_shape(gg.placeholder(gg.float32, [None, None]), [None, 3])
    <Tensor 'ensure_shape:0' float32[?, 3]>
    """
    wanted = _sizes(shape)
    values = tensor(x)
    if wanted is None:
        return values
    fixed = tuple(-1 if each is None else each for each in wanted)
    found = apply(checks.ensure_shape, (values, fixed), {}, name or "ensure_shape")
    if hasattr(found, "set_shape"):
        found.set_shape(wanted)
    return found


__all__ = [
    "Dimension", "TensorShape", "broadcast_dynamic_shape", "broadcast_static_shape", "ensure_shape", "rank", "shape",
    "shape_n", "size",
]  # fmt: skip
