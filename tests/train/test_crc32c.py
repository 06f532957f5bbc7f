"""The checksum against published values, and against a bit-by-bit one."""

import numpy as np
import pytest

from graphgrad.train.crc32c import crc32c, unmasked


def bit_by_bit(data):
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # the examples of RFC 3720, B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_published_checksums(data, checksum):
    assert crc32c(data) == checksum == bit_by_bit(data)


@pytest.mark.parametrize("length", [1, 4096, 32767, 32768, 32769, 40000, 70001])
def test_lengths_around_those_at_which_lanes_begin(length):
    data = np.random.default_rng(length).integers(0, 256, length, dtype=np.uint8).tobytes()
    assert crc32c(data) == bit_by_bit(data)
    assert crc32c(memoryview(bytearray(data))) == crc32c(data)


def test_the_masked_form():
    for checksum in (0, 1, 0xE3069283, 0xFFFFFFFF):
        masked = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
        assert unmasked(masked) == checksum
