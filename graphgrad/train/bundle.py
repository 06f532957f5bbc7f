"""Reads the checkpoints that TensorFlow writes (format V2): an index, and shards that hold the numbers.

The index is a LevelDB table from variable names to messages that say where in which shard a tensor is. Nothing of
TensorFlow is needed, and nothing in the files is executed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..ground.protobuf import fields, read_varint, signed
from .crc32c import crc32c, unmasked
from .leveldb import read_table

_STRING = 7
# The numbers of TensorFlow's dtypes. Its quantised integers are read as the integers that they are kept as.
_DTYPES = {
    1: torch.float32, 2: torch.float64, 3: torch.int32, 4: torch.uint8, 5: torch.int16, 6: torch.int8,
    8: torch.complex64, 9: torch.int64, 10: torch.bool, 11: torch.int8, 12: torch.uint8, 13: torch.int32,
    14: torch.bfloat16, 15: torch.int16, 16: torch.uint16, 17: torch.uint16, 18: torch.complex128,
    19: torch.float16, 22: torch.uint32, 23: torch.uint64, 24: torch.float8_e5m2, 25: torch.float8_e4m3fn,
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What the index says of a tensor.

    Attributes:
        kind: the number of its dtype.
        shard, start, size: the file that it is in, and where.
        checksum: of its bytes, masked.
        parts: of a partitioned variable, the first index and the length of each part along each axis; a length of
            None is all of it.
    """

    kind: int
    shape: tuple[int, ...]
    shard: int
    start: int
    size: int
    checksum: int
    parts: tuple[tuple[tuple[int, int | None], ...], ...]


class Bundle:
    """The tensors of a TensorFlow checkpoint by name; each is read when asked for.

    Args:
        prefix: the checkpoint's path without `.index`.

    Raises:
        ValueError: if the files are damaged or of a form that is not known.
    """

    def __init__(self, prefix: str) -> None:
        self.path = prefix
        with open(f"{prefix}.index", "rb") as file:
            data = file.read()
        try:
            self._table = read_table(data)
            header = dict(fields(self._table.pop(b"")))
            self.entries = {
                key.decode(): _entry(value) for key, value in self._table.items() if not key.startswith(b"\0")
            }
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{prefix}.index is not a whole index of a checkpoint: {error}") from None
        self._shards = int(header.get(1, 0))
        self._order = ">" if header.get(2, 0) else "<"

    def names(self) -> list[str]:
        """The tensors' names, sorted."""
        return sorted(self.entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape."""
        return self.entries[name].shape

    def dtype(self, name: str) -> torch.dtype | str:
        """A tensor's dtype; 'string' for texts, 'other' for what is no tensor of numbers."""
        kind = self.entries[name].kind
        return "string" if kind == _STRING else _DTYPES.get(kind, "other")

    def read(self, name: str) -> Any:
        """A tensor, or an array of bytes objects for texts. `KeyError` if there is none of this name."""
        entry = self.entries[name]
        if not entry.parts:
            return self._values(name, entry)
        whole = torch.empty(entry.shape, dtype=_DTYPES[entry.kind])
        for part in entry.parts:
            found = _entry(self._table[_slice_key(name, part)])
            place = tuple(slice(start, None if length is None else start + length) for start, length in part)
            whole[place] = self._values(name, found)
        return whole

    def _values(self, name: str, entry: Entry) -> Any:
        path = f"{self.path}.data-{entry.shard:05d}-of-{self._shards:05d}"
        with open(path, "rb") as file:
            file.seek(entry.start)
            data = bytearray(file.read(entry.size))
        if len(data) != entry.size:
            raise ValueError(f"{path} ends within {name!r}")
        if entry.kind == _STRING:
            return self._texts(name, bytes(data), entry)
        dtype = _DTYPES.get(entry.kind)
        if dtype is None:
            raise ValueError(f"{name!r} is of TensorFlow's dtype number {entry.kind}, which is no tensor of numbers")
        if crc32c(data) != unmasked(entry.checksum) or len(data) != math.prod(entry.shape) * dtype.itemsize:
            raise ValueError(f"{path} has been damaged: {name!r} does not have the checksum or size of the index")
        return self._numbers(data, dtype).reshape(entry.shape)

    def _numbers(self, data: bytearray, dtype: torch.dtype) -> torch.Tensor:
        if not data:
            return torch.empty(0, dtype=dtype)
        if self._order == ">":
            width = dtype.itemsize // (2 if dtype.is_complex else 1)
            data = bytearray(np.frombuffer(data, dtype=np.uint8).reshape(-1, width)[:, ::-1].tobytes())
        return torch.frombuffer(data, dtype=dtype)

    def _texts(self, name: str, data: bytes, entry: Entry) -> Any:
        """Lengths, their checksum, then the texts."""
        lengths, position = [], 0
        for _ in range(math.prod(entry.shape)):
            length, position = read_varint(data, position)
            lengths.append(length)
        position += 4
        if position + sum(lengths) != len(data):
            raise ValueError(f"{self.path}: the texts of {name!r} do not fill their place")
        found = np.empty(len(lengths), dtype=object)
        for number, length in enumerate(lengths):
            found[number] = data[position : position + length]
            position += length
        return found.reshape(entry.shape)


def _entry(message: bytes) -> Entry:
    """A BundleEntryProto."""
    single: dict[int, Any] = {}
    parts = []
    for number, value in fields(message):
        if number == 7:
            parts.append(_extents(value))
        else:
            single[number] = value
    shape = _shape(single.get(2, b""))
    shard, start, size, checksum = (single.get(number, 0) for number in (3, 4, 5, 6))
    return Entry(single.get(1, 0), shape, shard, start, size, checksum, tuple(parts))


def _shape(message: bytes) -> tuple[int, ...]:
    """A TensorShapeProto: its field 2 is an axis, whose field 1 is the size."""
    return tuple(int(dict(fields(axis)).get(1, 0)) for number, axis in fields(message) if number == 2)


def _extents(message: bytes) -> tuple[tuple[int, int | None], ...]:
    """A TensorSliceProto: where a part begins along each axis, and how long it is."""
    extents = [dict(fields(value)) for number, value in fields(message) if number == 1]
    return tuple((signed(extent.get(1, 0)), extent.get(2)) for extent in extents)


def _slice_key(name: str, part: tuple[tuple[int, int | None], ...]) -> bytes:
    """The key under which a part of a partitioned variable is listed."""
    key = _ordered(0) + name.encode().replace(b"\0", b"\0\xff").replace(b"\xff", b"\xff\0") + b"\0\1"
    key += _ordered(len(part))
    for start, length in part:
        key += _ordered_signed(start) + _ordered_signed(-1 if length is None else length)
    return key


def _ordered(number: int) -> bytes:
    """A number whose bytes sort as it does: its length, then its bytes."""
    text = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([len(text)]) + text


def _ordered_signed(number: int) -> bytes:
    """Likewise with a sign: as many leading bits are turned as there are bytes."""
    length = 1 + (number if number >= 0 else ~number).bit_length() // 7
    turned = ((1 << length) - 1) << (7 * length)
    return ((number & ((1 << 8 * length) - 1)) ^ turned).to_bytes(length, "big")
