"""What is known of a tensor before there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Sized:
    """A number that depends on sizes: its text, and what it was when it was traced."""

    text: str
    value: int | float

    def __repr__(self) -> str:
        return f"({self.text})"


@dataclass(frozen=True, slots=True)
class Made:
    """What is known of a tensor in a flat graph: what the kernels that read it rely on.

    In a graph for many sizes its numbers may be Sized.
    """

    shape: torch.Size
    stride: tuple[int, ...]
    offset: int
    dtype: torch.dtype
    device: torch.device

    @classmethod
    def of(cls, tensor: torch.Tensor) -> Made | None:
        """None for a tensor that is not a block of memory, such as a sparse one."""
        if tensor.layout is not torch.strided:
            return None
        return cls(tensor.shape, tensor.stride(), int(tensor.storage_offset()), tensor.dtype, tensor.device)

    @property
    def now(self) -> Made:
        """The same in numbers, as it was when it was traced."""
        return Made(
            torch.Size(valued(tuple(self.shape))), valued(self.stride), valued(self.offset), self.dtype, self.device
        )


def valued(nest: Any) -> Any:
    """Arguments with the values of those that depend on sizes."""
    if isinstance(nest, (tuple, list)):
        return (tuple if isinstance(nest, tuple) else list)(map(valued, nest))
    if isinstance(nest, dict):
        return {name: valued(item) for name, item in nest.items()}
    return nest.value if isinstance(nest, Sized) else nest
