"""The few lines of protocol buffers that summaries need: fields on the wire, as bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable


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
