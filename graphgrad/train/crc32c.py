"""The checksum CRC-32C, many bytes at a time, and the masked form in which tables and checkpoints keep it."""

from __future__ import annotations

import numpy as np

_POLYNOMIAL = 0x82F63B78
_LANES = 4096  # parts of a long text that are worked on at once


def _table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


_TABLE = _table()


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """The checksum of some bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    values = np.frombuffer(data, dtype=np.uint8)
    length = len(values) // _LANES
    state = np.uint32(0xFFFFFFFF)
    if length >= 8:
        lanes = values[: length * _LANES].reshape(_LANES, length)
        sums = _update(np.zeros(_LANES, dtype=np.uint32), lanes)
        state = _join(state, sums, length)
        values = values[length * _LANES :]
    state = _update(np.full(1, state), values.reshape(1, -1))[0]
    return int(state) ^ 0xFFFFFFFF


def _update(state: np.ndarray, lanes: np.ndarray) -> np.ndarray:
    """The states after as many bytes as each lane has."""
    for column in np.ascontiguousarray(lanes.T):
        state = _TABLE[(state ^ column) & 0xFF] ^ (state >> np.uint32(8))
    return state


def _join(state: np.uint32, sums: np.ndarray, length: int) -> np.uint32:
    """The state after all lanes: before each, it moves past as many zero bytes, which is a linear map of its bits."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    moved = _power(bits, length)
    for part in sums:
        state = _apply(moved, np.array([state], dtype=np.uint32))[0] ^ part
    return state


def _power(bits: np.ndarray, length: int) -> np.ndarray:
    """Where each bit goes when this many zero bytes pass: by squaring."""
    result, step = bits, _TABLE[bits & 0xFF] ^ (bits >> np.uint32(8))
    while length:
        if length & 1:
            result = _apply(step, result)
        step = _apply(step, step)
        length >>= 1
    return result


def _apply(columns: np.ndarray, states: np.ndarray) -> np.ndarray:
    """A linear map of bits, given by where each of the 32 goes."""
    chosen = (states[:, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
    mapped: np.ndarray = np.bitwise_xor.reduce(np.where(chosen, columns, np.uint32(0)), axis=1)
    return mapped


def unmasked(number: int) -> int:
    """The checksum from its masked form: rotated, and a constant added, since files hold checksums of checksums.

    >>> unmasked(0xA282EAD8)
    0
    """
    rotated = (number - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF
