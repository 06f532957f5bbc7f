"""How TF1 describes a sliding window: padding, strides and dilations per axis, channels last or first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


def channels_last(data_format: str | None, space: int) -> bool:
    """Whether the channels are the last axis; the usual format if None."""
    last, first = FORMATS[space]
    if data_format in (None, last, "NHWC" if space == 1 else last):
        return True
    if data_format in (first, "NCHW" if space == 1 else first):
        return False
    raise ValueError(f"data_format is {data_format!r}; use {last!r} or {first!r}")


def inward(images: torch.Tensor, last: bool) -> torch.Tensor:
    """Channels first, as torch has them."""
    return images.movedim(-1, 1) if last else images


def outward(images: torch.Tensor, last: bool) -> torch.Tensor:
    """Channels where they were."""
    return images.movedim(1, -1) if last else images


def per_axis(numbers: Any, space: int, last: bool, what: str) -> list[int]:
    """One number per axis of space, from one, from as many, or from one per axis of the tensor."""
    if numbers is None:
        return [1] * space
    if isinstance(numbers, int):
        return [numbers] * space
    given = [int(number) for number in numbers]
    if len(given) == 1:
        return given * space
    if len(given) == space:
        return given
    if len(given) != space + 2:
        raise ValueError(f"{what} are 1, {space} or {space + 2} numbers, got {given}")
    channel = given[-1] if last else given[1]
    if given[0] != 1 or channel != 1:
        raise ValueError(f"{what} over batch or channels are not supported, got {given}")
    return given[1:-1] if last else given[2:]


def amounts(
    padding: Any, length: Sequence[int], window: Sequence[int], stride: Sequence[int], dilation: Sequence[int],
    last: bool = True,
) -> list[tuple[int, int]]:  # fmt: skip
    """The zeros before and after each axis of space: none, those of 'SAME' (one more after), or pairs given."""
    if not isinstance(padding, str):
        pairs = [(int(before), int(after)) for before, after in padding]
        return pairs[1:-1] if last else pairs[2:]
    if padding.upper() == "VALID":
        return [(0, 0)] * len(length)
    if padding.upper() != "SAME":
        raise ValueError(f"padding is {padding!r}; use 'SAME' or 'VALID'")
    found = []
    for size, reach, step, apart in zip(length, window, stride, dilation, strict=True):
        covered = (reach - 1) * apart + 1
        total = max((-(-size // step) - 1) * step + covered - size, 0)
        found.append((total // 2, total - total // 2))
    return found


def padded(images: torch.Tensor, pairs: Sequence[tuple[int, int]], value: float = 0.0) -> torch.Tensor:
    """The images, channels first, with elements added before and after each axis of space."""
    if not any(before or after for before, after in pairs):
        return images
    return F.pad(images, [amount for pair in reversed(pairs) for amount in pair], value=value)


def symmetric(pairs: Sequence[tuple[int, int]]) -> bool:
    """Whether torch's own padding, the same on both sides, does it."""
    return all(before == after for before, after in pairs)
