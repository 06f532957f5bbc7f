"""The exception tree, and the one place where a message gets its op, its line and its hint.

Recording and argument errors are subclasses of the built-in exceptions that a user of TF1 or torch
would catch; what fails while a run is under way is an `OpError`, as in TF1.
"""

from __future__ import annotations

from typing import Protocol


class Located(Protocol):
    """Anything that knows how to name itself and the user's line that recorded it."""

    def describe(self) -> str: ...

    def where(self) -> str: ...


def message(what: str, op: Located | None = None, hint: str = "") -> str:
    """Complete a message: what happened, at which op, recorded where, what to try."""
    lines = [what]
    if op is not None:
        lines += [f"  at       {op.describe()}", f"  recorded {op.where()}"]
    if hint:
        lines.append(f"  try      {hint}")
    return "\n".join(lines)


class ArgumentTypeError(TypeError, ValueError):
    """An argument of the wrong kind.

    It is a `TypeError` for those who know TF1's habits, and a `ValueError` as its documentation says.

    >>> import graphgrad as gg
    >>> try:
    ...     gg.gradients(1.0, gg.constant(2.0))
    ... except ValueError as error:
    ...     print(type(error).__name__)
    ArgumentTypeError
    """


class RecordingError(ValueError, RuntimeError):
    """A call that torch itself refuses (shapes, dtypes), found while recording, before any data exists.

    >>> import graphgrad as gg
    >>> try:
    ...     gg.zeros([2, 3]) @ gg.zeros([2, 3])
    ... except gg.errors.RecordingError as error:
    ...     print("matmul" in str(error))
    True
    """


class NoValueError(TypeError):
    """A symbolic tensor was asked for the value that it only has during a run.

    >>> import graphgrad as gg
    >>> try:
    ...     float(gg.constant(1.0))
    ... except TypeError as error:
    ...     print(str(error).splitlines()[0])
    Const:0 has no value yet: float() needs one
    """


class UnconnectedError(ValueError):
    """`unconnected_gradients='raise'` met an x that no y depends on; the message is `gg.explain`'s."""


class OpError(Exception):
    """A failure while a run was under way.

    Attributes:
        op: the Operation that failed, or None.
        message: the text, with the op's name and the user's line that recorded it.
    """

    def __init__(self, what: str, op: Located | None = None, hint: str = "") -> None:
        self.op = op
        self.message = message(what, op, hint)
        super().__init__(self.message)


class InvalidArgumentError(OpError):
    """An op refused its inputs at run time, or a placeholder was not fed."""


class FailedPreconditionError(OpError):
    """A variable was read before it was initialised."""


class ResourceExhaustedError(OpError):
    """The device ran out of memory."""
