"""`gg.bitwise`: the bits of integers; a line per name."""

from __future__ import annotations

import torch

from .table import row

bitwise_and = row("bitwise.bitwise_and", torch.bitwise_and, "x y", tensors=2)
bitwise_or = row("bitwise.bitwise_or", torch.bitwise_or, "x y", tensors=2)
bitwise_xor = row("bitwise.bitwise_xor", torch.bitwise_xor, "x y", tensors=2)
invert = row("bitwise.invert", torch.bitwise_not, "x")
left_shift = row("bitwise.left_shift", torch.bitwise_left_shift, "x y", tensors=2)
right_shift = row("bitwise.right_shift", torch.bitwise_right_shift, "x y", tensors=2)

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]
