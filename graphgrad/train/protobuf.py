"""The wire format of protocol buffers, as far as reading needs it: numbered fields, without a schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Field = tuple[int, Any]  # an int or bytes


def varint(data: bytes, position: int) -> tuple[int, int]:
    """An integer of seven bits a byte, the lowest first, and the position after it.

    >>> varint(bytes([0xAC, 0x02]), 0)
    (300, 2)
    """
    number = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError(f"no integer ends before byte {position}")
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7


def signed(number: int) -> int:
    """An int64 that was written as the 64 bits of its two's complement.

    >>> signed(2**64 - 1)
    -1
    """
    return number - 2**64 if number >= 2**63 else number


def fields(data: bytes) -> Iterator[Field]:
    """The fields of a message: number and value, bytes for what is text, bytes or a message of its own.

    >>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
    [(1, 150), (2, b'hi')]
    """
    position = 0
    while position < len(data):
        key, position = varint(data, position)
        kind = key & 7
        if kind == 0:
            value, position = varint(data, position)
            yield key >> 3, value
            continue
        if kind == 2:
            length, position = varint(data, position)
        else:
            length = {1: 8, 5: 4}.get(kind, -1)
        if length < 0 or position + length > len(data):
            raise ValueError(f"a field of kind {kind} does not fit at byte {position}")
        part = data[position : position + length]
        position += length
        yield key >> 3, part if kind == 2 else int.from_bytes(part, "little")
