"""The figures of a tensor, beside numpy's."""

import math

import numpy as np
import pytest
import torch

from graphgrad.run.watch.measure import Measure, is_finite, measure, together

INF, NAN = float("inf"), float("nan")
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int64, torch.bool,
          torch.complex64, torch.float8_e4m3fn]  # fmt: skip


def test_the_figures_of_numbers_with_and_without_nan() -> None:
    found = measure(torch.tensor([[3.0, -4.0, 0.0], [NAN, INF, -INF]]))
    assert found == Measure("float32[2, 3]", 6, -4.0, 3.0, 5.0, 1, 1, 2)
    assert str(found) == "float32[2, 3], -4 to 3, 1 NaN, 2 Inf" and not found.finite
    assert measure(torch.tensor([2.0])).finite


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_as_numpy_has_it(dtype: torch.dtype) -> None:
    tensor = torch.tensor([0, 1, 1, 0, 2]).to(dtype)
    array = tensor.to(torch.complex128).abs().numpy()
    found = measure(tensor)
    assert (found.low, found.high, found.zeros, found.count) == (0.0, array.max(), 2, 5)
    assert found.norm == pytest.approx(np.linalg.norm(array)) and is_finite(tensor)


def test_nothing_finite_and_nothing_at_all() -> None:
    found = measure(torch.tensor([NAN, INF]))
    assert math.isnan(found.low) and math.isnan(found.high) and (found.norm, found.zeros) == (0.0, 0)
    assert str(found) == "float32[2], 1 NaN, 1 Inf"
    empty = measure(torch.zeros(0, 3))
    assert empty.count == 0 and str(empty) == "float32[0, 3], empty" and is_finite(torch.zeros(0, 3))


def test_a_large_norm_does_not_overflow() -> None:
    assert measure(torch.full([4], 3e38)).norm == pytest.approx(6e38)


def test_a_taped_sparse_or_conjugate_tensor() -> None:
    taped = torch.tensor([1.0, 2.0], requires_grad=True) * 2
    assert measure(taped).high == 4.0 and is_finite(taped)
    sparse = torch.tensor([[0.0, 2.0]]).to_sparse()
    assert measure(sparse).high == 2.0 and is_finite(sparse)
    assert is_finite(torch.tensor([1 + 2j]).conj()) and measure(torch.tensor([3 + 4j]).conj()).high == 5.0


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.complex64], ids=str)
def test_is_finite(dtype: torch.dtype, bad: float) -> None:
    assert not is_finite(torch.tensor([1.0, bad], dtype=dtype))
    assert not is_finite(torch.tensor([INF, -INF]).to(dtype))


def test_a_sum_that_is_too_large_is_still_of_finite_numbers() -> None:
    assert is_finite(torch.full([4], 3e38)) and is_finite(torch.full([10], 60000.0, dtype=torch.float16))
    assert not is_finite(torch.tensor([NAN]).to(torch.float8_e4m3fn))


def test_several_tensors_together() -> None:
    one, two = measure(torch.tensor([3.0, 0.0])), measure(torch.tensor([-4.0, NAN]))
    assert together([one]) is one
    found = together([one, two])
    assert (found.low, found.high, found.norm, found.zeros, found.nan, found.count) == (-4.0, 3.0, 5.0, 1, 1, 4)
