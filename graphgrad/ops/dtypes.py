"""`gg.dtypes`: torch's dtypes under TF1's names, and what TF1 scripts ask of one."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import (
    bfloat16,
    bool,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)  # fmt: skip
from torch import dtype as DType  # noqa: N812
from torch import float16 as half
from torch import float64 as double

from ..ground.spec import as_dtype, dtype_name
from .casts import bitcast, cast, saturate_cast
from .refused_names import refusal


def as_numpy_dtype(dtype: Any) -> type[np.generic]:
    """The numpy type of a dtype, which TF1 has as an attribute of it.

    Raises:
        TypeError: for bfloat16, which numpy does not have.

    >>> as_numpy_dtype("float64")
    <class 'numpy.float64'>
    """
    return np.dtype(dtype_name(as_dtype(dtype))).type


__getattr__ = refusal(__name__, "gg.dtypes")

__all__ = [
    "DType", "as_dtype", "as_numpy_dtype", "bfloat16", "bitcast", "bool", "cast", "complex128", "complex64", "double",
    "float16", "float32", "float64", "half", "int16", "int32", "int64", "int8", "saturate_cast", "uint16", "uint32",
    "uint64", "uint8",
]  # fmt: skip
