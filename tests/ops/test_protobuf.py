"""Protocol buffers on the wire, beside the published examples and Google's own reader."""

import pytest

from graphgrad.ops import protobuf


@pytest.mark.parametrize(
    ("number", "wire"),
    [(0, b"\x00"), (1, b"\x01"), (127, b"\x7f"), (128, b"\x80\x01"), (150, b"\x96\x01"), (300, b"\xac\x02"),
     (-1, b"\xff" * 9 + b"\x01")],
)  # fmt: skip
def test_varint(number, wire):
    assert protobuf.varint(number) == wire


def test_fields():
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
