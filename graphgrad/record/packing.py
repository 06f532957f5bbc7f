"""Packed sequences: their shapes depend on lengths, which have to be known while recording."""

from __future__ import annotations

from typing import Any

import torch

from ..ground.errors import RecordingError, message
from .infer import trial
from .known import known_tensor
from .record import handlers, record
from .tensor import Tensor


def _pack(input: Any, lengths: Any, batch_first: bool) -> Any:
    """`pack_padded_sequence` with lengths that are known while recording; batch sizes are then known, too."""
    known = known_tensor(lengths._value) if isinstance(lengths, Tensor) else lengths
    if known is None:
        what = "pack_padded_sequence: the lengths decide shapes, and a run decides the lengths"
        raise RecordingError(message(what, lengths.op, "lengths as a list, or a mask instead of packing"))
    with trial(), torch.no_grad(), torch._C.DisableTorchFunction():
        longest = int(known.max()) if known.numel() else 0
        blank = torch.empty((known.numel(), longest) if batch_first else (longest, known.numel()))
        sizes = _packing(blank, known, batch_first)[1]
    data, _ = record(_packing, (input, known, batch_first), {})
    return data, sizes


_packing = torch._VF._pack_padded_sequence
handlers[_packing] = _pack
