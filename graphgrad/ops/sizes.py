"""Shapes that a script computes: `[tf.shape(x)[0], 784]` as sizes, as far as they are known when they are recorded."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..graph.operation import Operation, Role, Value, handle_of
from ..ground.spec import IntSpec
from ..record.dims import Dim, UnknownShape
from ..record.infer import probing
from ..record.tensor import Tensor
from .sources import _identity

_DEPTH = 64  # steps back that are looked at: a shape is a short computation


def shape_of(input: torch.Tensor, dtype: torch.dtype = torch.int32) -> torch.Tensor:
    """The sizes of a tensor as a tensor."""
    return torch.tensor(tuple(input.shape), dtype=dtype, device=input.device)


def size_tensor(size: int, dtype: torch.dtype = torch.int32, device: Any = None) -> torch.Tensor:
    """A size as a tensor."""
    return torch.tensor(size, dtype=dtype, device=device)


def known(value: Any, depth: int = 0) -> Any:
    """The integer, or the nest of them, that a tensor is in every run; sizes are among them. None if unknown.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [None, 28])
    >>> known(gg.stack([gg.shape(x)[0], 2 * gg.shape(x)[1]]))
    [?, 56]
    """
    if isinstance(value, Tensor):
        value = value._value
    if not isinstance(value, Value):
        return _plain(value, depth)
    if isinstance(value.spec, IntSpec):
        return handle_of(value)
    op = value.op
    if op.role is Role.CONSTANT:
        small = not value.spec.differentiable and op.payload.numel() <= 4096
        return op.payload.tolist() if small else None
    rule = RULES.get(op.target) if op.role is Role.CALL and depth < _DEPTH else None
    return None if rule is None else rule(op, depth + 1)


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, (list, tuple)):
        items = [known(item, depth + 1) for item in value]
        return None if any(item is None for item in items) else items
    return value if isinstance(value, (int, Dim)) else None


def _of_shape(op: Operation, depth: int) -> Any:
    shape = handle_of(op.reads[0]).shape
    return None if isinstance(shape, UnknownShape) else list(shape)


def _of_item(op: Operation, depth: int) -> Any:
    items, index = known(op.args[0], depth), op.args[1]
    if type(index) is tuple and len(index) == 1:
        index = index[0]
    bounds = (index.start, index.stop, index.step) if type(index) is slice else (index,)
    plain = all(each is None or type(each) is int for each in bounds) and index is not None
    return items[index] if isinstance(items, list) and plain else None


def _same(op: Operation, depth: int) -> Any:
    return known(op.args[0], depth)


def _joined(op: Operation, depth: int) -> Any:
    parts = known(op.args[0], depth)
    flat = parts is not None and all(isinstance(part, list) for part in parts)
    return [item for part in parts for item in part] if flat else None


def _stacked(op: Operation, depth: int) -> Any:
    return known(op.args[0], depth)


def _listed(op: Operation, depth: int) -> Any:
    """A scalar with a new axis, or a flat list that is flattened."""
    items = known(op.args[0], depth)
    return [items] if isinstance(items, (int, Dim)) else items if isinstance(items, list) and _flat(items) else None


def product(op: Operation, depth: int) -> Any:
    items = known(op.args[0], depth)
    if not isinstance(items, list) or not _flat(items):
        return None
    total: Any = 1
    for item in items:
        total = total * item
    return total


def _flat(items: list[Any]) -> bool:
    return not any(isinstance(item, list) for item in items)


def _computed(op: Operation, depth: int) -> Any:
    left, right = (known(argument, depth) for argument in op.args)
    if left is None or right is None:
        return None
    if isinstance(left, list) and isinstance(right, list):
        return None if len(left) != len(right) else [op.target(a, b) for a, b in zip(left, right, strict=True)]
    if isinstance(left, list):
        return [op.target(item, right) for item in left] if _flat(left) else None
    if isinstance(right, list):
        return [op.target(left, item) for item in right] if _flat(right) else None
    return op.target(left, right) if not isinstance(right, int) or right else None


RULES: dict[Any, Callable[[Operation, int], Any]] = {
    shape_of: _of_shape,
    size_tensor: _same,
    torch.Tensor.__getitem__: _of_item,
    torch.stack: _stacked,
    torch.cat: _joined,
    torch.prod: product,
    torch.unsqueeze: _listed,
    _identity: _same,
    torch.Tensor.to: _same,
    torch.Tensor.detach: _same,
    **dict.fromkeys((operator.add, operator.sub, operator.mul, operator.floordiv), _computed),
}  # fmt: skip


def sizes(shape: Any) -> Any:
    """A shape as a tuple of ints and symbolic sizes; as a tensor of ints where only the run can tell.

    Args:
        shape: a list of ints, symbolic sizes and scalar tensors, an array, or a tensor.

    Raises:
        TypeError: for what is no shape.

    >>> import graphgrad as gg
    >>> sizes([2, gg.constant(3)])
    (2, 3)
    """
    if isinstance(shape, (int, Dim, np.integer)):
        return (shape if isinstance(shape, Dim) else int(shape),)
    if isinstance(shape, Tensor):
        if shape.dtype.is_floating_point:
            raise TypeError(f"a shape is made of integers, {shape.name} is {shape.dtype}")
        found = known(shape)
        return shape if found is None else tuple(found) if isinstance(found, list) else (found,)
    if isinstance(shape, UnknownShape):
        raise ValueError("a shape of unknown rank can't be made: use gg.shape(x)")
    if isinstance(shape, (torch.Tensor, np.ndarray)):
        return tuple(int(size) for size in shape.reshape(-1))
    found = [_size(size) for size in shape]
    if any(isinstance(size, torch.Tensor) for size in found):
        return torch.stack([_scalar(size) for size in found])
    return tuple(found)


def _size(size: Any) -> Any:
    if isinstance(size, Dim):
        return size
    if isinstance(size, Tensor):
        number = known(size)
        while isinstance(number, list) and len(number) == 1:
            number = number[0]
        return size.reshape(()) if number is None else number
    if isinstance(size, (float, np.floating)):
        raise TypeError(f"a size is an integer, got {size!r}")
    return -1 if size is None else int(size)


def _scalar(size: Any) -> Any:
    if isinstance(size, torch.Tensor):
        return size.to(torch.int64)
    return torch.ones((), dtype=torch.int64) * size


def static(value: Any, what: str) -> Any:
    """Numbers that have to be known when the call is recorded: axes, permutations, paddings.

    Raises:
        TypeError: if a tensor among them is computed in the run.
    """
    if value is None or isinstance(value, (int, Dim, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Tensor):
        found = known(value)
        if found is None:
            raise TypeError(f"{what} must be known before a run; {value.name} is computed in it")
        return _tuples(found)
    if isinstance(value, (np.ndarray, torch.Tensor)):
        return _tuples(value.tolist())
    return tuple(static(item, what) for item in value)


def _tuples(nest: Any) -> Any:
    return tuple(_tuples(item) for item in nest) if isinstance(nest, list) else nest


def ints(shape: Any) -> list[int]:
    """The numbers of a shape inside a kernel; made-up ones while a kernel is tried on data that means nothing."""
    if not isinstance(shape, torch.Tensor):
        return list(shape)
    numbers = [int(number) for number in shape.reshape(-1).tolist()]
    return [made_up(numbers)] * len(numbers) if probing() else numbers


def made_up(numbers: Any) -> int:
    """A size that differs between zeros and the other numbers that a kernel is tried on: so it is unknown."""
    return 3 if any(numbers) else 2
