"""Tables written by hand."""

import pytest

from graphgrad.train.crc32c import crc32c
from graphgrad.train.leveldb import read_table


def short(number):
    """An integer of one or two bytes."""
    return bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])


def block(entries):
    """Keys that share first bytes with the one before."""
    body, last = b"", b""
    for key, value in entries:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        body += short(shared) + short(len(key) - shared) + short(len(value)) + key[shared:] + value
        last = key
    return body + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def sealed(content, kind=0):
    checksum = crc32c(content + bytes([kind]))
    masked = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return content + bytes([kind]) + masked.to_bytes(4, "little")


def table(groups, kind=0):
    data, index = b"", []
    for entries in groups:
        content = block(entries)
        index.append((entries[-1][0], short(len(data)) + short(len(content))))
        data += sealed(content, kind)
    places = []
    for content in (block([]), block(index)):
        places.append(short(len(data)) + short(len(content)))
        data += sealed(content)
    return data + b"".join(places).ljust(40, b"\0") + (0xDB4775248B80FB57).to_bytes(8, "little")


GROUPS = [[(b"", b"header"), (b"layer", b"1"), (b"layer/w", b"2" * 200)], [(b"layer/x", b""), (b"z", b"4")]]


def test_keys_of_several_blocks():
    wanted = {key: value for group in GROUPS for key, value in group}
    assert read_table(table(GROUPS)) == wanted


def test_an_empty_table():
    assert read_table(table([])) == {}


def test_no_changed_byte_gives_other_values():
    data, noticed = table(GROUPS), 0
    wanted = read_table(data)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0x40
        try:
            found = read_table(bytes(damaged))
        except ValueError:
            noticed += 1
        else:  # nobody reads the block of metadata
            assert found == wanted
    assert noticed > 0.8 * (len(data) - 48)


@pytest.mark.parametrize("length", [0, 10, 47, 48, 100])
def test_what_is_cut_off(length):
    with pytest.raises(ValueError):
        read_table(table(GROUPS)[-length:] if length else b"")


def test_compressed_blocks_are_refused():
    with pytest.raises(ValueError, match="compressed"):
        read_table(table(GROUPS, kind=1))
