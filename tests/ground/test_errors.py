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


def test_the_errors_are_public():
    assert gg.errors is errors
