"""`gg.Summary`: a summary that a script puts together itself, as the message that event files hold."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..ground.protobuf import block, fields, single

_TAG, _NUMBER = 1, 2  # the fields of a value


class Value:
    """One value of a summary.

    Args:
        tag: its name.
        simple_value: a number.

    Attributes:
        other: what else a value that was read holds, such as a histogram, as bytes.
    """

    def __init__(self, tag: str = "", simple_value: float | None = None) -> None:
        self.tag, self.simple_value = tag, simple_value
        self.other = b""

    def __repr__(self) -> str:
        return f"Summary.Value(tag={self.tag!r}, simple_value={self.simple_value!r})"

    def SerializeToString(self) -> bytes:  # noqa: N802
        """The message's bytes."""
        number = b"" if self.simple_value is None else single(_NUMBER, float(self.simple_value))
        return block(_TAG, self.tag) + number + self.other


_Value = Value


class _Values(list[Value]):
    def add(self, tag: str = "", simple_value: float | None = None) -> Value:
        """Append a value, and give it."""
        self.append(Value(tag, simple_value))
        return self[-1]


class Summary:
    """Values by their tags, for `FileWriter.add_summary`.

    Args:
        value: `Summary.Value` objects.

    >>> import graphgrad as gg
    >>> summary = gg.Summary(value=[gg.Summary.Value(tag="loss", simple_value=0.5)])
    >>> summary.value.add(tag="accuracy", simple_value=1.0)
    Summary.Value(tag='accuracy', simple_value=1.0)
    >>> gg.Summary.FromString(summary.SerializeToString()).value
    [Summary.Value(tag='loss', simple_value=0.5), Summary.Value(tag='accuracy', simple_value=1.0)]
    """

    Value = Value

    def __init__(self, value: Iterable[_Value] = ()) -> None:
        self.value = _Values(value)

    def SerializeToString(self) -> bytes:  # noqa: N802
        """The message's bytes."""
        return b"".join(block(1, each.SerializeToString()) for each in self.value)

    __bytes__ = SerializeToString

    @classmethod
    def FromString(cls, serialized: Any) -> Summary:  # noqa: N802
        """The summary of some bytes, such as a summary operation gives in a run.

        Raises:
            ValueError: if they are no message.
        """
        data = serialized.tobytes() if isinstance(serialized, np.ndarray) else bytes(serialized)
        return cls(_read(part) for number, part in fields(data) if number == 1)

    def ParseFromString(self, serialized: Any) -> int:  # noqa: N802
        """Take the values of some bytes instead of its own; gives their number."""
        self.value[:] = self.FromString(serialized).value
        return len(serialized)


def _read(data: bytes) -> Value:
    found = Value()
    for number, part in fields(data):
        if number == _TAG:
            found.tag = part.decode("utf-8", "replace")
        elif number == _NUMBER:
            (found.simple_value,) = struct.unpack("<f", part.to_bytes(4, "little"))
        elif isinstance(part, bytes):
            found.other += block(number, part)
    return found
