"""Numbers in another dtype."""

import numpy as np
import pytest

from graphgrad.ground.fit import fitted


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [([1.0, -2.0], "int32"), ([0, 255], "uint8"), ([0.1], "float32"), ([float("inf")], "float32"),
     ([2**100], "float32"),     ([1, 0], "bool"), ([1.5], "complex64"), ([True], "int8"), ([], "int8")],
)  # fmt: skip
def test_what_fits_keeps_its_numbers(numbers: list[object], dtype: str) -> None:
    found = fitted(np.asarray(numbers), np.dtype(dtype))
    assert found is not None and found.dtype == dtype
    np.testing.assert_allclose(found.astype(complex), np.asarray(numbers).astype(complex), rtol=1e-6)


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [([1.5], "int32"), ([256], "uint8"), ([-1], "uint8"), ([2**40], "int32"), ([float("nan")], "int32"),
     ([1e39], "float32"),
          ([2], "bool"), ([1j], "float32"), (["1"], "float32"), ([None], "float32"), ([70000], "float16")],
)  # fmt: skip
def test_what_would_change_does_not_fit(numbers: list[object], dtype: str) -> None:
    assert fitted(np.asarray(numbers), np.dtype(dtype)) is None
