"""The bits of integers, against numpy."""

import numpy as np
import pytest

import graphgrad as gg

A, B = np.array([5, -6, 12], np.int32), np.array([1, 3, 2], np.int32)


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"])
def test_two_numbers(run, name):
    found = run(getattr(gg.bitwise, name)(gg.constant(A), gg.constant(B)))
    assert found.tolist() == getattr(np, name)(A, B).tolist() and found.dtype == np.int32


def test_invert(run):
    assert run(gg.bitwise.invert(gg.constant(A))).tolist() == (~A).tolist()
