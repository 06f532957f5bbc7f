"""Protocol buffers on the wire: numbered fields as bytes, written and read without a schema."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

Field = tuple[int, Any]  # a number, and an int or bytes

# -- writing ----------------------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    r"""A number, seven bits a byte, the lowest first.

    >>> varint(1), varint(300)
    (b'\x01', b'\xac\x02')
    """
    found = bytearray()
    number &= (1 << 64) - 1
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def integer(field: int, number: int) -> bytes:
    """A field with an int."""
    return varint(field << 3) + varint(number)


def double(field: int, number: float) -> bytes:
    """A field with a double."""
    return varint(field << 3 | 1) + struct.pack("<d", number)


def single(field: int, number: float) -> bytes:
    """A field with a float."""
    return varint(field << 3 | 5) + struct.pack("<f", number)


def block(field: int, content: bytes | str) -> bytes:
    """A field with bytes, a text or a message."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(data)) + data


def doubles(field: int, numbers: Iterable[float]) -> bytes:
    """A field with doubles, packed."""
    return block(field, b"".join(struct.pack("<d", number) for number in numbers))


def framed(length: int) -> int:
    """The bytes that a block with so many bytes takes, for a field up to the 15th."""
    return 1 + len(varint(length)) + length


# -- reading ----------------------------------------------------------------------------------------------


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """An integer of seven bits a byte, the lowest first, and the position after it.

    >>> read_varint(bytes([0xAC, 0x02]), 0)
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
        key, position = read_varint(data, position)
        kind = key & 7
        if kind == 0:
            value, position = read_varint(data, position)
            yield key >> 3, value
            continue
        if kind == 2:
            length, position = read_varint(data, position)
        else:
            length = {1: 8, 5: 4}.get(kind, -1)
        if length < 0 or position + length > len(data):
            raise ValueError(f"a field of kind {kind} does not fit at byte {position}")
        part = data[position : position + length]
        position += length
        yield key >> 3, part if kind == 2 else int.from_bytes(part, "little")
