"""dtypes under TF1's names."""

import numpy as np
import pytest
import torch

import graphgrad as gg


def test_dtypes_are_torchs():
    assert gg.half is torch.float16 and gg.double is torch.float64 and gg.dtypes.DType is torch.dtype
    assert all(
        isinstance(getattr(gg, name), gg.dtypes.DType) for name in ("float32", "int64", "bool", "complex64", "uint16")
    )
    assert gg.dtypes.cast is gg.cast and gg.dtypes.as_dtype("int8") is torch.int8


def test_numpy_types():
    assert gg.dtypes.as_numpy_dtype(gg.float32) is np.float32 and gg.dtypes.as_numpy_dtype("bool") is np.bool_
    with pytest.raises(TypeError):
        gg.dtypes.as_numpy_dtype(gg.bfloat16)
