"""Short names of casts."""

import numpy as np
import pytest
import torch

import graphgrad as gg

NAMES = {
    "to_float": torch.float32,
    "to_double": torch.float64,
    "to_int32": torch.int32,
    "to_int64": torch.int64,
    "to_bfloat16": torch.bfloat16,
    "to_complex64": torch.complex64,
    "to_complex128": torch.complex128,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_short_cast(run, name):
    x = getattr(gg, name)(gg.constant([1.75, -2.5], gg.float16))
    assert x.dtype is NAMES[name]
    wanted = [1, -2] if "int" in name else [1.75, -2.5]
    assert torch.as_tensor(run(x)).tolist() == wanted


def test_a_gradient_comes_back_in_the_dtype_of_x(run):
    x = gg.constant([1.5, 2.0])
    grad = gg.gradients(gg.to_double(x) * 3.0, x)[0]
    assert grad.dtype is torch.float32 and run(grad).tolist() == [3, 3]
    assert gg.gradients(gg.to_float(gg.to_int32(x)), x) == [None]


def test_numbers_and_arrays(run):
    assert run(gg.cast(np.array([1.9, -1.9]), gg.int32)).tolist() == [1, -1]
