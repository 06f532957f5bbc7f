"""Messages decoded by hand."""

import pytest

from graphgrad.train.protobuf import fields, signed, varint


@pytest.mark.parametrize(
    ("data", "number"),
    [(b"\x00", 0), (b"\x7f", 127), (b"\x80\x01", 128), (b"\xff" * 9 + b"\x01", 2**64 - 1)],
)
def test_integers(data, number):
    assert varint(data + b"rest", 0) == (number, len(data))


def test_an_integer_that_does_not_end():
    for data in (b"", b"\x80", b"\xff" * 11):
        with pytest.raises(ValueError, match="no integer ends"):
            varint(data, 0)


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
