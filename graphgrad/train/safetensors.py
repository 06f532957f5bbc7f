"""The safetensors format: eight bytes of length, a JSON header, and the numbers. Nothing in it is executed.

Source: the format's description at https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import torch

from .atomic import replacing

_NAMES = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.uint16: "U16", torch.int16: "I16",
    torch.uint32: "U32", torch.int32: "I32", torch.uint64: "U64", torch.int64: "I64", torch.float16: "F16",
    torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64", torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2", torch.complex64: "C64",
}  # fmt: skip
_DTYPES = {name: dtype for dtype, name in _NAMES.items()}

_LENGTH = 8
_LONGEST_HEADER = 100_000_000
_METADATA = "__metadata__"
# The format has no complex128: such a tensor is kept as pairs of float64, and its name is listed here.
_PAIRS = "graphgrad.complex128"


@dataclass(frozen=True)
class Entry:
    """Where a tensor is in the file, and what it is."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    end: int


def write_tensors(path: str, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write a file of named tensors, whole or not at all.

    Args:
        path: the file; one that is there is replaced.
        tensors: dense tensors of any dtype that the format has, and complex128.

    Raises:
        ValueError: for a tensor or a name that the format can't have.
    """
    pairs = sorted(name for name, tensor in tensors.items() if tensor.dtype is torch.complex128)
    plain = {name: torch.view_as_real(tensor.resolve_conj()) if name in pairs else tensor
             for name, tensor in tensors.items()}  # fmt: skip
    # Long elements first, so that each tensor is aligned for its dtype.
    order = sorted(plain, key=lambda name: (-plain[name].dtype.itemsize, name))
    header: dict[str, Any] = {_METADATA: {"format": "pt"}}
    if pairs:
        header[_METADATA][_PAIRS] = json.dumps(pairs)
    position = 0
    for name in order:
        tensor = plain[name]
        if name == _METADATA or tensor.dtype not in _NAMES or tensor.layout is not torch.strided:
            raise ValueError(f"{name!r} can't be in a safetensors file: {tensor.dtype}, {tensor.layout}")
        end = position + tensor.numel() * tensor.dtype.itemsize
        kind = _NAMES[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH)
    with replacing(path) as file:
        file.write(len(text).to_bytes(_LENGTH, "little") + text)
        for name in order:
            file.write(_bytes(plain[name].detach().cpu().contiguous().resolve_conj().resolve_neg()))


def _bytes(tensor: torch.Tensor) -> memoryview:
    """The memory of a dense tensor."""
    memory: Any = tensor.reshape(-1).view(torch.uint8).numpy()
    return memoryview(memory)


class SafetensorsFile:
    """The tensors of a file by name; each is read when asked for.

    Args:
        path: the file.

    Raises:
        ValueError: if it is no such file, or was cut off.

    >>> import os, tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "weights.safetensors")
    ...     write_tensors(path, {"w": torch.tensor([1.0, 2.0])})
    ...     SafetensorsFile(path).read("w")
    tensor([1., 2.])
    """

    def __init__(self, path: str) -> None:
        self.path = path
        with open(path, "rb") as file:
            header, self._data = self._header(file)
            size = os.fstat(file.fileno()).st_size - self._data
        metadata = header.pop(_METADATA, {})
        self.entries: dict[str, Entry] = {name: self._entry(name, item, size) for name, item in header.items()}
        self._check_layout(size)
        pairs = metadata.get(_PAIRS, "[]") if isinstance(metadata, dict) else "[]"
        self._pairs = frozenset(json.loads(pairs)) & self.entries.keys()

    def names(self) -> list[str]:
        """The tensors' names, sorted."""
        return sorted(self.entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape."""
        shape = self.entries[name].shape
        return shape[:-1] if name in self._pairs else shape

    def dtype(self, name: str) -> torch.dtype:
        """A tensor's dtype."""
        return torch.complex128 if name in self._pairs else self.entries[name].dtype

    def read(self, name: str) -> torch.Tensor:
        """A tensor, in memory of its own. `KeyError` if there is none of this name."""
        entry = self.entries[name]
        tensor = torch.empty(entry.shape, dtype=entry.dtype)
        if tensor.numel():
            with open(self.path, "rb") as file:
                file.seek(self._data + entry.start)
                if file.readinto(_bytes(tensor)) != entry.end - entry.start:
                    raise self._damaged(f"it ends within {name!r}")
        return torch.view_as_complex(tensor) if name in self._pairs else tensor

    def _damaged(self, what: str) -> ValueError:
        return ValueError(f"{self.path} is not a whole safetensors file: {what}")

    def _header(self, file: BinaryIO) -> tuple[dict[str, Any], int]:
        length = int.from_bytes(file.read(_LENGTH), "little")
        if length > _LONGEST_HEADER:
            raise self._damaged(f"its header would have {length} bytes")
        text = file.read(length)
        if len(text) < max(length, 2):
            raise self._damaged("it ends within its header")
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._damaged(f"its header is no JSON ({error})") from None
        if not isinstance(header, dict):
            raise self._damaged("its header is no JSON object")
        return header, _LENGTH + length

    def _entry(self, name: str, item: Any, size: int) -> Entry:
        try:
            dtype, shape, (start, end) = _DTYPES[item["dtype"]], tuple(item["shape"]), item["data_offsets"]
        except (KeyError, TypeError, ValueError):
            raise self._damaged(f"{name!r} is described as {str(item)[:100]}") from None
        whole = all(type(number) is int and number >= 0 for number in (*shape, start, end))
        if not whole or end > size or end - start != math.prod(shape) * dtype.itemsize:
            raise self._damaged(f"{name!r}, {item['dtype']}{list(shape)}, is at bytes {start} to {end} of {size}")
        return Entry(dtype, shape, start, end)

    def _check_layout(self, size: int) -> None:
        """The format allows no gaps and no overlaps."""
        position = 0
        for name, entry in sorted(self.entries.items(), key=lambda item: (item[1].start, item[1].end)):
            if entry.start != position:
                raise self._damaged(f"{name!r} starts at byte {entry.start}, not at {position}")
            position = entry.end
        if position != size:
            raise self._damaged(f"it has {size} bytes of numbers, its header describes {position}")
