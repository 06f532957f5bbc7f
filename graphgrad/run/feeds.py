"""What a user feeds becomes a tensor of the right dtype, or a clear error; numbers never change silently."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from ..graph.graph import Graph
from ..graph.operation import Value
from ..ground.errors import ArgumentTypeError, message
from ..ground.fit import fitted
from ..ground.spec import Spec, compatible, format_shape
from ..record.constants import refuse_layout, rounded
from ..record.dims import Dim
from ..record.tensor import Tensor

_NUMPY: dict[torch.dtype, Any] = {
    dtype: np.dtype(str(dtype).removeprefix("torch."))
    for dtype in (
        torch.float16, torch.float32, torch.float64, torch.complex64, torch.complex128, torch.bool, torch.uint8,
        torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64,
    )
}  # fmt: skip
_INTEGERS = {dtype: torch.iinfo(dtype) for dtype in _NUMPY if not (dtype.is_floating_point or dtype.is_complex)
             and dtype is not torch.bool}  # fmt: skip


_STRIDED = torch.strided

# What rounds to the largest float32.
_FLOAT32_MAX = 3.4028235677973366e38


def feed_key(graph: Graph, key: Any) -> Value:
    """The value that a key of feed_dict stands for."""
    if isinstance(key, Tensor):
        value: Value = key._value
    elif isinstance(key, str):
        try:
            value = graph.value_by_name(key)
        except (KeyError, ValueError) as error:
            raise ArgumentTypeError(f"Cannot interpret feed_dict key {key!r} as a tensor: {error.args[0]}") from None
    else:
        raise ArgumentTypeError(f"Cannot interpret feed_dict key {key!r} as a tensor: use a tensor or its name")
    if value.op.graph is not graph:
        raise ArgumentTypeError(f"Cannot interpret feed_dict key {value.name}: it belongs to another graph")
    if isinstance(key, Dim):
        raise ArgumentTypeError("a size can't be fed: feed the tensor that has it")
    return value


def as_feeds(feed_dict: Any) -> dict[Any, Any]:
    """The feeds with a tensor for each key: a key may be a tuple of keys, such as a recurrent network's state."""
    if not isinstance(feed_dict, dict):
        raise TypeError(f"feed_dict is {feed_dict!r}, not a dict")
    if not any(isinstance(key, tuple) for key in feed_dict):
        return feed_dict
    found: dict[Any, Any] = {}
    pending = list(reversed(feed_dict.items()))
    while pending:
        key, value = pending.pop()
        if isinstance(key, tuple):
            values = list(value)
            if len(values) != len(key):
                raise ValueError(
                    f"the feed_dict key {key!r} has {len(key)} tensors, what is fed to it {len(values)} values"
                )
            pending += reversed(list(zip(key, values, strict=True)))
        elif key in found:
            raise ValueError(f"the feed_dict key {key!r} is given twice")
        else:
            found[key] = value
    return found


def feed(value: Value, data: Any, device: str = "cpu") -> torch.Tensor:
    """The tensor that a run sees for `data`; it may share the caller's memory, which a run only reads."""
    spec = value.spec
    assert isinstance(spec, Spec)
    kind = type(data)
    if kind is torch.Tensor and data.dtype is spec.dtype and _as_it_is(data, spec):
        return data if device == "cpu" else _placed(data, device)
    if kind is float and spec.shape == () and spec.dtype is torch.float32:
        if abs(data) > _FLOAT32_MAX and not math.isinf(data):
            raise _unfit(value, data)
        return _placed(torch.from_numpy(np.array(data, np.float32)), device)  # a third of torch.tensor's time
    if isinstance(data, torch.Tensor):
        tensor = _from_tensor(value, spec, data)
    else:
        tensor = _from_array(value, spec, data)
    if spec.strides is None and not tensor.is_contiguous():
        tensor = tensor.contiguous()
    if spec.shape is None or tensor.shape != spec.shape:
        if not compatible(tuple(tensor.shape), spec.shape):
            raise ValueError(
                message(
                    f"Cannot feed value of shape {format_shape(tuple(tensor.shape))} for tensor {value.name}, "
                    f"which has shape {format_shape(spec.shape)}",
                    value.op,
                )
            )
    return _placed(tensor, device)


def _as_it_is(data: torch.Tensor, spec: Spec) -> bool:
    """Whether a tensor of the right dtype can be used without a further look."""
    return (
        not (data.is_nested or data.requires_grad or data.is_neg() or data.is_inference())
        and data.layout is _STRIDED
        and data.shape == spec.shape
        and (spec.strides is not None or data.is_contiguous())
        and not (spec.dtype.is_complex and data.is_conj())
    )


def _placed(tensor: torch.Tensor, device: str) -> torch.Tensor:
    return tensor if device == "cpu" else tensor.to(device, non_blocking=True)


def _from_tensor(value: Value, spec: Spec, data: torch.Tensor) -> torch.Tensor:
    if isinstance(data, Tensor):
        raise ArgumentTypeError(
            message(f"the value fed to {value.name} is the symbolic {data.name}: feed numbers", value.op,
                    "session.run the tensor first, or connect it in the graph")
        )  # fmt: skip
    refuse_layout(data, f"the value fed to {value.name}")
    tensor = data.detach() if data.requires_grad else data
    if tensor.is_conj() or tensor.is_neg():
        tensor = tensor.resolve_conj().resolve_neg()
    if tensor.dtype is not spec.dtype:
        if tensor.device.type != "cpu" or spec.dtype not in _NUMPY or tensor.dtype not in _NUMPY:
            cast = tensor.to(spec.dtype)
            if _kind(tensor.dtype) > _kind(spec.dtype) or not _still_finite(tensor, cast):
                raise _unfit(value, tensor.dtype)
            tensor = cast
        else:
            tensor = torch.from_numpy(_fit(value, tensor.numpy(), _NUMPY[spec.dtype]))
    return tensor.clone() if tensor.is_inference() else tensor


def _still_finite(before: torch.Tensor, after: torch.Tensor) -> bool:
    """Whether a cast made no number infinite, nor the largest of an 8-bit dtype."""
    if not after.is_floating_point():
        return True
    if after.dtype.itemsize == 1:
        return rounded(after, before)
    return bool((before.isfinite() == after.isfinite()).all())


def _kind(dtype: torch.dtype) -> int:
    if dtype.is_complex:
        return 3
    return 2 if dtype.is_floating_point else int(dtype is not torch.bool)


def _from_array(value: Value, spec: Spec, data: Any) -> torch.Tensor:
    if data is None or isinstance(data, Dim):
        what = "None" if data is None else "a symbolic size"
        raise ArgumentTypeError(message(f"{what} was fed to {value.name}: feed numbers", value.op))
    try:
        array = data if type(data) is np.ndarray else np.asarray(data)
    except ValueError as error:
        raise ValueError(message(f"what was fed to {value.name} is no array: {error}", value.op)) from None
    want = _NUMPY.get(spec.dtype)
    if want is None:  # bfloat16 and the like: numpy has no such dtype
        if array.dtype.kind not in "biuf":
            raise _unfit(value, array.dtype)
        exact = torch.from_numpy(array.astype(np.float64))
        cast = exact.to(spec.dtype)
        if not _still_finite(exact, cast):
            raise _unfit(value, array if array.size <= 4 else array.dtype)
        return cast
    if array.dtype != want or not array.dtype.isnative:
        array = _fit(value, array, want)
    if not (array.flags.c_contiguous and array.flags.writeable and array.flags.aligned):
        array = np.array(array, dtype=want, order="C")
    return torch.from_numpy(array)


def _fit(value: Value, array: np.ndarray[Any, Any], want: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The array in the wanted dtype, if every number in it survives."""
    found = fitted(array, want)
    if found is None:
        raise _unfit(value, array if array.size <= 4 else array.dtype)
    return found


def _unfit(value: Value, what: Any) -> ArgumentTypeError:
    text = repr(what.tolist()) if isinstance(what, (np.ndarray, np.generic)) else repr(what)
    return ArgumentTypeError(
        message(
            f"{text} can't be fed to {value.name}: it is not compatible with {value.spec!r} (it would change)",
            value.op,
            "convert it yourself, e.g. array.astype(...), if the change is meant",
        )
    )
