"""Errors: what a user may catch them as, and what their messages are completed with."""

import pytest

import graphgrad as gg
from graphgrad.ground import errors


class Somewhere:
    def describe(self):
        return "mul: float32[2] = mul(x, x)"

    def where(self):
        return "model.py:34   y = x * x"


def test_a_message_has_the_op_the_line_and_the_hint():
    assert errors.message("it broke", Somewhere(), "another op").splitlines() == [
        "it broke",
        "  at       mul: float32[2] = mul(x, x)",
        "  recorded model.py:34   y = x * x",
        "  try      another op",
    ]


def test_a_message_of_nothing_more_is_what_happened():
    assert errors.message("it broke") == "it broke"
    assert errors.message("it broke", hint="again") == "it broke\n  try      again"


@pytest.mark.parametrize(
    ("kind", "caught_as"),
    [
        (errors.ArgumentTypeError, (TypeError, ValueError)),
        (errors.RecordingError, (ValueError, RuntimeError)),
        (errors.NoValueError, (TypeError,)),
        (errors.UnconnectedError, (ValueError,)),
        (errors.InvalidArgumentError, (errors.OpError,)),
        (errors.FailedPreconditionError, (errors.OpError,)),
        (errors.ResourceExhaustedError, (errors.OpError,)),
    ],
)
def test_what_an_error_may_be_caught_as(kind, caught_as):
    for each in caught_as:
        assert issubclass(kind, each)


def test_an_op_error_carries_its_op_and_its_message():
    place = Somewhere()
    error = errors.InvalidArgumentError("it broke", place, "another op")
    assert error.op is place
    assert error.message == str(error) == errors.message("it broke", place, "another op")
    assert errors.OpError("no op").op is None


# TF1's own numbers, as its documentation lists them.
CODES = {
    "CancelledError": 1, "UnknownError": 2, "InvalidArgumentError": 3, "DeadlineExceededError": 4, "NotFoundError": 5,
    "AlreadyExistsError": 6, "PermissionDeniedError": 7, "ResourceExhaustedError": 8, "FailedPreconditionError": 9,
    "AbortedError": 10, "OutOfRangeError": 11, "UnimplementedError": 12, "InternalError": 13, "UnavailableError": 14,
    "DataLossError": 15, "UnauthenticatedError": 16,
}  # fmt: skip


@pytest.mark.parametrize("name", CODES)
def test_the_family_of_tf1(name):
    kind = getattr(gg.errors, name)
    place = Somewhere()
    error = kind(None, place, "it broke")  # TF1's order of arguments
    assert error.op is place and error.node_def is None and error.error_code == CODES[name]
    assert str(error) == error.message == errors.message("it broke", place)
    with pytest.raises(gg.errors.OpError, match="it broke"):
        raise error


def test_an_op_error_of_another_code():
    error = gg.errors.OpError(None, None, "it broke", gg.errors.ABORTED)
    assert (error.error_code, error.message) == (10, "it broke")
    assert gg.errors.OpError("it broke").error_code == gg.errors.UNKNOWN == 2


def test_errors_of_files_are_pythons_too():
    assert issubclass(errors.NotFoundError, FileNotFoundError)
    assert issubclass(errors.AlreadyExistsError, FileExistsError)
    assert issubclass(errors.PermissionDeniedError, PermissionError)


def test_the_errors_are_public():
    assert gg.errors is errors
