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
    """A failure while a run was under way, and the root of the family that TF1 calls `tf.errors`.

    Scripts raise its members, too, with TF1's arguments: `OutOfRangeError(node_def, op, message)`. A first argument
    that is no text is a node_def, which does not exist here.

    Attributes:
        op: the Operation that failed, or None.
        message: the text, with the op's name and the user's line that recorded it.
        error_code: the number of the kind of error, as in TF1.
        node_def: None: there is no such thing here.

    >>> import graphgrad as gg
    >>> try:
    ...     raise gg.errors.OutOfRangeError(None, None, "end of sequence")
    ... except gg.errors.OpError as error:
    ...     print(error, error.error_code == gg.errors.OUT_OF_RANGE)
    end of sequence True
    """

    error_code: int = 2
    node_def: None = None

    def __init__(self, what: str | None, op: Located | None = None, hint: str = "", code: int | None = None) -> None:
        if not isinstance(what, str):
            what, hint = str(hint), ""
        self.op = op
        self.message = message(what, op, hint)
        if code is not None:
            self.error_code = code
        super().__init__(self.message)


# The numbers of TF1's kinds of errors.
OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class CancelledError(OpError):
    """Somebody else put an end to it."""

    error_code = CANCELLED


class UnknownError(OpError):
    """A failure of no other kind."""

    error_code = UNKNOWN


class InvalidArgumentError(OpError):
    """An op refused its inputs at run time, or a placeholder was not fed."""

    error_code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """It took too long."""

    error_code = DEADLINE_EXCEEDED


class NotFoundError(OpError, FileNotFoundError):
    """A file, or what should be in it, is not there."""

    error_code = NOT_FOUND


class AlreadyExistsError(OpError, FileExistsError):
    """What was to be made is there already."""

    error_code = ALREADY_EXISTS


class PermissionDeniedError(OpError, PermissionError):
    """The process may not do that."""

    error_code = PERMISSION_DENIED


class UnauthenticatedError(OpError):
    """Somebody has to say first who they are."""

    error_code = UNAUTHENTICATED


class ResourceExhaustedError(OpError):
    """The device ran out of memory."""

    error_code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """A variable was read before it was initialised."""

    error_code = FAILED_PRECONDITION


class AbortedError(OpError):
    """It was given up, and may work if it is done again."""

    error_code = ABORTED


class OutOfRangeError(OpError):
    """An operation went past the end of what it counts or reads."""

    error_code = OUT_OF_RANGE


class UnimplementedError(OpError):
    """Nobody has written that for this device or dtype."""

    error_code = UNIMPLEMENTED


class InternalError(OpError):
    """Something that always holds did not hold."""

    error_code = INTERNAL


class UnavailableError(OpError):
    """Something outside is not there right now."""

    error_code = UNAVAILABLE


class DataLossError(OpError):
    """Data that were written can't be read back."""

    error_code = DATA_LOSS
