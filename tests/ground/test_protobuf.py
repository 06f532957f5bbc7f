"""Protocol buffers on the wire, beside the published examples and Google's own reader."""

import pytest

from graphgrad.ground import protobuf
from graphgrad.ground.protobuf import fields, read_varint, signed


@pytest.mark.parametrize(
    ("number", "wire"),
    [(0, b"\x00"), (1, b"\x01"), (127, b"\x7f"), (128, b"\x80\x01"), (150, b"\x96\x01"), (300, b"\xac\x02"),
     (-1, b"\xff" * 9 + b"\x01")],
)  # fmt: skip
def test_varint(number, wire):
    assert protobuf.varint(number) == wire


def test_written_fields():
    assert protobuf.integer(1, 150) == b"\x08\x96\x01"
    assert protobuf.block(2, "testing") == b"\x12\x07testing"
    assert protobuf.single(2, 1.0) == b"\x15\x00\x00\x80\x3f"
    assert protobuf.double(1, 1.0) == b"\x09" + b"\x00" * 6 + b"\xf0\x3f"
    assert protobuf.doubles(6, [1.0]) == b"\x32\x08" + b"\x00" * 6 + b"\xf0\x3f"
    assert protobuf.block(1, "\ud800") == b"\x0a\x01?"


@pytest.mark.parametrize("length", [0, 127, 128, 70000])
def test_the_length_of_a_block(length):
    assert protobuf.framed(length) == len(protobuf.block(4, b"x" * length))


def test_googles_reader_agrees():
    wrappers = pytest.importorskip("google.protobuf.wrappers_pb2")
    assert wrappers.DoubleValue.FromString(protobuf.double(1, 0.1)).value == 0.1
    assert wrappers.Int64Value.FromString(protobuf.integer(1, -5)).value == -5
    assert wrappers.StringValue.FromString(protobuf.block(1, "h\u00e9")).value == "h\u00e9"


@pytest.mark.parametrize(
    ("data", "number"),
    [(b"\x00", 0), (b"\x7f", 127), (b"\x80\x01", 128), (b"\xff" * 9 + b"\x01", 2**64 - 1)],
)
def test_integers(data, number):
    assert read_varint(data + b"rest", 0) == (number, len(data))


def test_an_integer_that_does_not_end():
    for data in (b"", b"\x80", b"\xff" * 11):
        with pytest.raises(ValueError, match="no integer ends"):
            read_varint(data, 0)


def test_signs():
    assert [signed(number) for number in (0, 2**63 - 1, 2**63, 2**64 - 1)] == [0, 2**63 - 1, -(2**63), -1]


def test_fields_of_every_kind():
    message = b"\x08\x05" + b"\x12\x03abc" + b"\x1d\x01\x00\x00\x00" + b"\x21\x02" + b"\x00" * 7
    assert list(fields(message)) == [(1, 5), (2, b"abc"), (3, 1), (4, 2)]
    assert list(fields(b"")) == []


@pytest.mark.parametrize("message", [b"\x12\x05ab", b"\x1d\x01", b"\x0b", b"\x08", b"\x12"])
def test_what_is_cut_off_or_unknown(message):
    with pytest.raises(ValueError):
        list(fields(message))


def test_what_is_written_is_read():
    inner = protobuf.integer(1, -5) + protobuf.block(2, "name")
    found = dict(fields(protobuf.block(3, inner) + protobuf.integer(4, 2**40)))
    assert found[4] == 2**40
    number, name = fields(found[3])
    assert (signed(number[1]), name) == (-5, (2, b"name"))
