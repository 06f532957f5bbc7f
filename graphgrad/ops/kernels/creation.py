"""Tensors made from sizes and numbers that a run computes."""

from __future__ import annotations

from typing import Any

import torch

from ...record.infer import probing
from ..sizes import ints, made_up


def zeros(shape: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Zeros of a shape that the run computes."""
    return torch.zeros(ints(shape), dtype=dtype, device=shape.device)


def ones(shape: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Ones of a shape that the run computes."""
    return torch.ones(ints(shape), dtype=dtype, device=shape.device)


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, torch.Tensor) else value


def arange(start: Any, limit: Any, delta: Any, dtype: torch.dtype) -> torch.Tensor:
    """The numbers from start up to limit, without it, in steps of delta, that the run computes."""
    given = [item for item in (start, limit, delta) if isinstance(item, torch.Tensor)]
    device = given[0].device
    first, end, step = _number(start), _number(limit), _number(delta)
    if probing():
        return torch.zeros(made_up([item.item() for item in given]), dtype=dtype, device=device)
    if step == 0:
        raise ValueError("the step of a range is not 0")
    return torch.arange(first, end, step, dtype=dtype, device=device)


def linspace(start: torch.Tensor, stop: torch.Tensor, num: int, axis: int = 0) -> torch.Tensor:
    """So many numbers at equal distances from start to stop, both included; a new axis if these are tensors."""
    if num < 1:
        raise ValueError(f"a number of at least 1 is needed, got {num}")
    axis = axis % (start.dim() + 1)
    steps = torch.arange(num, dtype=start.dtype, device=start.device)
    steps = steps.reshape(-1, *([1] * (start.dim() - axis)))
    distance = (stop - start) / max(num - 1, 1)
    found = start.unsqueeze(axis) + distance.unsqueeze(axis) * steps
    if num > 1:
        found = torch.cat([found.narrow(axis, 0, num - 1), stop.unsqueeze(axis)], axis)
    return found


def one_hot(
    indices: torch.Tensor, depth: Any, on: torch.Tensor, off: torch.Tensor, axis: int, dtype: torch.dtype
) -> torch.Tensor:
    """A new axis with one number at the index and another elsewhere; indices out of range are nowhere."""
    (width,) = ints(depth)
    marks = indices.unsqueeze(-1) == torch.arange(width, device=indices.device)
    chosen = torch.where(marks, on.to(dtype), off.to(dtype))
    return chosen if axis == -1 else chosen.movedim(-1, axis)


def eye(num_rows: Any, num_columns: Any, batch_shape: Any, dtype: torch.dtype, device: Any = None) -> torch.Tensor:
    """The identity matrix, once per entry of a batch."""
    (rows,) = ints(num_rows)
    columns = rows if num_columns is None else ints(num_columns)[0]
    matrix = torch.eye(rows, columns, dtype=dtype, device=device)
    return matrix if batch_shape is None else matrix.expand(*ints(batch_shape), rows, columns)


def filled(dims: Any, value: torch.Tensor) -> torch.Tensor:
    """A tensor of one number, of a shape that the run computes."""
    return value.expand(ints(dims))
