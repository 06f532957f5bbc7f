"""The same numbers, or the same bits, in another dtype."""

from __future__ import annotations

from typing import Any

import torch

from ..ground.spec import as_dtype
from .kernels import arithmetic
from .table import apply, row, tensor


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """The tensor in another dtype; the tensor itself if it has that one already.

    Args:
        x: a tensor.
        dtype: a torch or numpy dtype, or its name.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> gg.cast(gg.constant(1.5), gg.int32)
    <Tensor 'to:0' int32[]>
    """
    values = tensor(x)
    wanted = as_dtype(dtype)
    if isinstance(values, torch.Tensor) and values.dtype is wanted:
        return values
    if isinstance(values, torch.Tensor) and values.dtype.is_complex and not wanted.is_complex:
        return apply(arithmetic.cast, (values, wanted), {}, name)
    return apply(torch.Tensor.to, (values,), {"dtype": wanted}, name)


def to_float(x: Any, name: str = "ToFloat") -> Any:
    """The tensor in float32."""
    return cast(x, torch.float32, name)


def to_double(x: Any, name: str = "ToDouble") -> Any:
    """The tensor in float64."""
    return cast(x, torch.float64, name)


def to_int32(x: Any, name: str = "ToInt32") -> Any:
    """The tensor in int32."""
    return cast(x, torch.int32, name)


def to_int64(x: Any, name: str = "ToInt64") -> Any:
    """The tensor in int64."""
    return cast(x, torch.int64, name)


def to_bfloat16(x: Any, name: str = "ToBFloat16") -> Any:
    """The tensor in bfloat16."""
    return cast(x, torch.bfloat16, name)


def to_complex64(x: Any, name: str = "ToComplex64") -> Any:
    """The tensor in complex64."""
    return cast(x, torch.complex64, name)


def to_complex128(x: Any, name: str = "ToComplex128") -> Any:
    """The tensor in complex128."""
    return cast(x, torch.complex128, name)


saturate_cast = row("saturate_cast", arithmetic.saturate_cast, "value:t dtype:d")
bitcast = row("bitcast", arithmetic.bitcast, "input:t type:d")
