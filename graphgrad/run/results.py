"""What a program returns becomes what the user gets: arrays that share memory with nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


def convert(
    shared: Sequence[int],
    outputs: list[Any],
    feeds: Sequence[Any],
    state: Sequence[Any],
    constants: Sequence[Any],
    numpy: bool,
) -> list[Any]:
    """The fetched values; those whose numbers are in `shared` are compared with everything that outlives the run."""
    if shared:
        taken = {_memory(item) for item in (*feeds, *state, *constants) if isinstance(item, torch.Tensor)}
        first_of: dict[Any, int] = {}
        for number, tensor in enumerate(outputs):
            if isinstance(tensor, torch.Tensor):
                first_of.setdefault(_memory(tensor), number)
        for number in shared:
            tensor = outputs[number]
            if isinstance(tensor, torch.Tensor) and (
                _memory(tensor) in taken
                or first_of[_memory(tensor)] != number
                or (tensor.layout is torch.strided and 0 in tensor.stride())
            ):
                dense = tensor.layout is torch.strided
                outputs[number] = tensor.detach().clone(
                    memory_format=torch.contiguous_format if dense else torch.preserve_format
                )
    turned = _numpy if numpy else _torch
    return [turned(tensor) for tensor in outputs]


_SCALARS: dict[torch.dtype, Any] = {
    torch.float32: np.float32, torch.float64: np.float64, torch.float16: np.float16, torch.bool: np.bool_,
    torch.int8: np.int8, torch.int16: np.int16, torch.int32: np.int32, torch.int64: np.int64,
    torch.uint8: np.uint8, torch.uint16: np.uint16, torch.uint32: np.uint32, torch.uint64: np.uint64,
    torch.complex64: np.complex64, torch.complex128: np.complex128,
}  # fmt: skip


def _memory(tensor: torch.Tensor) -> Any:
    if tensor.layout is not torch.strided or tensor.numel() == 0 or tensor._is_zerotensor():
        return id(tensor)
    return tensor.untyped_storage().data_ptr()


def _torch(tensor: Any) -> Any:
    if type(tensor) is torch.Tensor and not (tensor._is_zerotensor() or tensor.is_conj() or tensor.is_neg()):
        return tensor.detach()
    return _plain(tensor) if isinstance(tensor, torch.Tensor) else torch.tensor(tensor)


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    """Off the tape and with memory of its own sign: torch's zeros, conjugates and negatives may be promises."""
    if tensor._is_zerotensor():
        return torch.zeros(tensor.shape, dtype=tensor.dtype, device=tensor.device)
    return tensor.detach().resolve_conj().resolve_neg()


def _numpy(tensor: Any) -> Any:
    """An array, a numpy scalar for rank 0, or the torch tensor if numpy lacks its dtype."""
    if not isinstance(tensor, torch.Tensor):
        return torch.tensor(tensor).numpy()[()]
    if tensor.dim() == 0:
        scalar = _SCALARS.get(tensor.dtype)
        return _plain(tensor) if scalar is None else scalar(tensor.item())
    if tensor.requires_grad:
        tensor = tensor.detach()
    try:
        return tensor.numpy()
    except (RuntimeError, TypeError):  # on another device, a promise, bfloat16, sparse, ...
        tensor = _plain(tensor).cpu()
    try:
        return tensor.numpy()
    except TypeError:
        return tensor
