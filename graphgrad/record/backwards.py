"""Slices that run backwards: `x[::-1]`, which numpy and TF1 have and torch refuses."""

from __future__ import annotations

from typing import Any

import torch

from .record import call, handlers, record
from .tensor import Tensor


def _item(tensor: Any, index: Any) -> Any:
    """`tensor[index]`; axes along which a slice runs backwards are flipped first."""
    parts = index if type(index) is tuple else (index,)
    if isinstance(tensor, Tensor) and any(_is_backward(part) for part in parts):
        tensor = call(torch.flip, (tensor, tuple(_flipped_axes(parts, tensor.dim()))), {})
        parts = tuple(_turned(part) if _is_backward(part) else part for part in parts)
        index = parts if type(index) is tuple else parts[0]
    return record(torch.Tensor.__getitem__, (tensor, index), {})


def _is_backward(part: Any) -> bool:
    return type(part) is slice and isinstance(part.step, int) and part.step < 0


def _flipped_axes(parts: tuple[Any, ...], rank: int) -> list[int]:
    """The axes that the backward slices of an index are about."""
    widths = [_width(part) for part in parts]
    axes, axis = [], 0
    for part, width in zip(parts, widths, strict=True):
        if _is_backward(part):
            axes.append(axis)
        axis += rank - sum(widths) if part is Ellipsis else width
    return axes


def _width(part: Any) -> int:
    """How many axes a part of an index stands for; those of `...` are what the others leave."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    mask = isinstance(part, torch.Tensor) and part.dtype is torch.bool
    return part.dim() if mask else 1


def _turned(part: slice) -> slice:
    """The same elements of the flipped axis, from its other end: element s of the axis is its element -1 - s."""
    start, stop = (None if end is None else -1 - end for end in (part.start, part.stop))
    return slice(start, stop, -part.step)


handlers[torch.Tensor.__getitem__] = _item
