"""Text and bytes, and gg under another name."""

import pathlib

import numpy as np
import pytest

import graphgrad as gg


def test_v1_is_gg():
    assert gg.compat.v1 is gg


def test_text_and_bytes():
    assert gg.compat.as_text(b"a") == gg.compat.as_str("a") == "a" and gg.compat.as_bytes("a") == b"a"
    assert gg.compat.as_bytes(bytearray(b"a")) == gg.compat.as_bytes(b"a") == b"a"
    assert gg.compat.as_str_any(5) == "5" and gg.compat.as_str_any(b"x") == "x"
    assert gg.compat.path_to_str(pathlib.PurePosixPath("a/b")) == "a/b"
    for call in (gg.compat.as_text, gg.compat.as_bytes):
        with pytest.raises(TypeError, match="binary or unicode"):
            call(5)


def test_kinds_of_numbers():
    assert isinstance(np.int8(1), gg.compat.integral_types) and isinstance(np.float16(1), gg.compat.real_types)
    assert isinstance(1j, gg.compat.complex_types) and isinstance("", gg.compat.bytes_or_text_types)
