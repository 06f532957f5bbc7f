"""The comparison of answers sees what differs, and only that."""

from collections import namedtuple

import numpy as np
import pytest

from tests.parity.answer import answer, plain
from tests.parity.case import Case
from tests.parity.compare import difference

Pair = namedtuple("Pair", "a b")


def compared(theirs, ours, tolerance=1e-5):
    return difference({"result": plain(theirs)}, {"result": plain(ours)}, tolerance)


SAME = {
    "numbers": (1.5, 1.5 + 1e-7),
    "nan": (float("nan"), float("nan")),
    "infinite": (float("inf"), float("inf")),
    "none": ([None, 3], [None, 3]),
    "array": (np.float32([1, np.nan]), np.float32([1 + 1e-6, np.nan])),
    "complex": (np.complex64(1 + 2j), np.complex64(1 + 2j)),
    "complex array": (np.array([1 + 2j, 0]), np.array([1 + 2j, 0])),
    "empty": (np.zeros([0, 2]), np.zeros([0, 2])),
    "nested": ({"a": [Pair(1, (2.0,))]}, {"a": [Pair(1, (2.0,))]}),
    "error": (KeyError("x"), KeyError("another text")),
    "error of a subclass": (ValueError("x"), UnicodeError("y")),
}

DIFFERENT = {
    "numbers": (1.5, 1.6),
    "none and zero": (None, 0.0),
    "none and array": (None, np.float32(0)),
    "kind of number": (1, 1.0),
    "bool and number": (True, 1),
    "dtype": (np.float32([1]), np.float64([1])),
    "shape": (np.float32([1]), np.float32(1)),
    "value": (np.float32([1, 2]), np.float32([1, 3])),
    "nan": (np.float32([1, np.nan]), np.float32([1, 0])),
    "sign of infinity": (np.float32([np.inf]), np.float32([-np.inf])),
    "imaginary part": (np.array([1 + 2j]), np.array([1 + 3j])),
    "list and tuple": ([1], (1,)),
    "tuple and namedtuple": ((1, 2), Pair(1, 2)),
    "length": ([1], [1, 1]),
    "keys": ({"a": 1}, {"b": 1}),
    "order of keys": ({"a": 1, "b": 1}, {"b": 1, "a": 1}),
    "error and none": (KeyError("x"), "nothing"),
    "error": (KeyError("x"), ValueError("x")),
    "error of a parent class": (KeyError("x"), LookupError("x")),
}


@pytest.mark.parametrize("key", SAME)
def test_what_agrees(key):
    assert compared(*SAME[key]) is None


@pytest.mark.parametrize("key", DIFFERENT)
def test_what_differs(key):
    assert compared(*DIFFERENT[key]) is not None


def test_an_error_of_tensorflows_own_stands_for_its_public_class():
    class OperatorNotAllowed(TypeError):
        pass

    class OpError(Exception):
        pass

    class Aborted(OpError):
        pass

    assert compared(OperatorNotAllowed(), TypeError()) is None
    assert compared(Aborted(), OpError()) is not None


def test_what_nobody_asked_to_raise():
    assert difference({"result": 1}, {"error": "KeyError: x"}, 0) is not None
    with pytest.raises(ValueError, match="the case is wrong"):
        difference({"error": "KeyError: x"}, {"error": "KeyError: x"}, 0)


class Module:
    """As much of the two libraries as a case without tensors needs."""

    Tensor = Operation = np.ndarray

    @staticmethod
    def reset_default_graph():
        pass


def test_an_answer_is_a_result_or_an_error():
    assert answer(Module, Case("c", lambda tf: [1, None])) == {"result": {"list": [1, None]}}
    assert answer(Module, Case("c", lambda tf: {}["x"])) == {"error": "KeyError: 'x'"}
    assert "nothing compares" in answer(Module, Case("c", lambda tf: object()))["error"]


def test_an_object_that_nothing_compares():
    with pytest.raises(TypeError, match="nothing compares"):
        plain(np.array(["text"]))
