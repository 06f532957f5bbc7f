"""LevelDB's table format, in which the index of a TF1 checkpoint is written: sorted keys in checked blocks.

Source: the format's description in LevelDB's `doc/table_format.md`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..ground.protobuf import read_varint
from .crc32c import crc32c, unmasked

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_TRAILER = 5  # how the block is compressed, and its checksum


def read_table(data: bytes) -> dict[bytes, bytes]:
    """The keys and values of a table.

    Raises:
        ValueError: if it is no table, was damaged, or is compressed.
    """
    if len(data) < _FOOTER or int.from_bytes(data[-8:], "little") != _MAGIC:
        raise ValueError("it does not end as a table does")
    footer = data[-_FOOTER:]
    _, position = _handle(footer, 0)
    (start, length), _ = _handle(footer, position)
    found: dict[bytes, bytes] = {}
    for _, value in _entries(_block(data, start, length)):
        (start, length), _ = _handle(value, 0)
        found.update(_entries(_block(data, start, length)))
    return found


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    """Where a block is, and the position after that."""
    start, position = read_varint(data, position)
    length, position = read_varint(data, position)
    return (start, length), position


def _block(data: bytes, start: int, length: int) -> bytes:
    end = start + length
    if end + _TRAILER > len(data):
        raise ValueError(f"a block would end at byte {end} of {len(data)}")
    if unmasked(int.from_bytes(data[end + 1 : end + _TRAILER], "little")) != crc32c(data[start : end + 1]):
        raise ValueError(f"the block at byte {start} does not have the checksum that was written with it")
    if data[end]:
        raise ValueError(f"the block at byte {start} is compressed, which checkpoints are not")
    return data[start:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each key shares some first bytes with the one before; the block ends with places where none are shared."""
    if len(block) < 4:
        raise ValueError("a block is too short to be one")
    end = len(block) - 4 * (int.from_bytes(block[-4:], "little") + 1)
    position, key = 0, b""
    while position < end:
        shared, position = read_varint(block, position)
        own, position = read_varint(block, position)
        size, position = read_varint(block, position)
        if shared > len(key) or position + own + size > end:
            raise ValueError("a key or value does not fit into its block")
        key = key[:shared] + block[position : position + own]
        position += own
        yield key, block[position : position + size]
        position += size
