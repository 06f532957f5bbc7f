"""`gg.compat`: text and bytes in either version of Python, and `gg.compat.v1`, which is gg itself."""

from __future__ import annotations

import numbers
import os
import sys
from typing import Any

import numpy as np

v1: Any = sys.modules[__name__.partition(".")[0]]
integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)
bytes_or_text_types = (bytes, str)


def as_text(bytes_or_text: bytes | str, encoding: str = "utf-8") -> str:
    """The text itself, or that of some bytes.

    Raises:
        TypeError: for anything else.

    >>> as_text(b"loss")
    'loss'
    """
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


def as_bytes(bytes_or_text: bytes | bytearray | str, encoding: str = "utf-8") -> bytes:
    """The bytes themselves, or those of a text; `TypeError` for anything else."""
    if isinstance(bytes_or_text, bytearray):
        return bytes(bytes_or_text)
    return bytes_or_text if isinstance(bytes_or_text, bytes) else as_text(bytes_or_text).encode(encoding)


def as_str_any(value: Any) -> str:
    """Any value as text; bytes by what they spell."""
    return as_text(value) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> str:
    """A path as text."""
    return as_str_any(os.fspath(path) if hasattr(path, "__fspath__") else path)


as_str = as_text

__all__ = [
    "as_bytes", "as_str", "as_str_any", "as_text", "bytes_or_text_types", "complex_types", "integral_types",
    "path_to_str", "real_types", "v1",
]  # fmt: skip
