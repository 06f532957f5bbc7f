"""Plain data that meets a symbolic tensor becomes a constant of the graph; it is always copied."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import torch

from ..graph.graph import NO_OPTIONS, Graph
from ..graph.operation import Role, Value
from ..ground.errors import ArgumentTypeError
from ..ground.fit import fitted
from ..ground.spec import spec
from .canonical import WEAK

# Ops in which a numpy integer array is a number among numbers, not an index.
_ARITHMETIC = WEAK | frozenset("pow matmul maximum minimum fmod remainder atan2 where dot clamp lerp mse_loss".split())


def constant_value(graph: Graph, tensor: torch.Tensor, name: str = "Const") -> Value:
    """A constant that holds this very tensor; the caller has copied it."""
    described = spec(tuple(tensor.shape), tensor.dtype)
    return graph.add(Role.CONSTANT, "Const", name, (), (described,), payload=tensor).values[0]


def constant_in(graph: Graph, tensor: torch.Tensor, name: str) -> Value:
    """A constant that holds this very tensor and waits for nothing; its name is given with its scope."""
    described = spec(tensor.shape, tensor.dtype)
    device = graph.context.device
    op = graph.enter(
        Role.CONSTANT, "Const", name, (), (described,), None, (), NO_OPTIONS, None, tensor, device, ()
    )  # fmt: skip
    return op._values  # type: ignore[return-value]


def as_constant(graph: Graph, data: Any, like: torch.dtype | None = None, reader: str = "") -> Value:
    """The constant of a tensor, array or number.

    A torch tensor keeps its dtype. A numpy array takes `like`, the dtype of the symbolic tensor that it
    meets: floating arrays always, integer ones in arithmetic. The same unchanged torch tensor gives the
    same constant, so that a mask that every layer reads is stored once.
    """
    if isinstance(data, torch.Tensor):
        return _shared(graph, data)
    array = np.asarray(data)
    return constant_value(graph, from_numpy(array, _dtype_beside(array, like, reader)))


def _dtype_beside(array: np.ndarray[Any, Any], like: torch.dtype | None, reader: str) -> torch.dtype | None:
    if like is None or array.dtype == np.bool_:
        return None
    if array.dtype.kind == "f":
        if not (like.is_floating_point or like.is_complex):
            raise ArgumentTypeError(
                f"a {array.dtype} array meets a {like} tensor in {reader}, and would lose its fractions; "
                "cast one of the two"
            )
        return like
    if array.dtype.kind == "c":
        return like if like.is_complex else None
    return like if reader in _ARITHMETIC else None


def from_numpy(array: np.ndarray[Any, Any], dtype: torch.dtype | None) -> torch.Tensor:
    """A copy of the array as a tensor, of any byte order and layout."""
    if array.dtype.kind not in "biufc":
        raise ArgumentTypeError(f"a numpy array of dtype {array.dtype} can't be a tensor: {array!r}")
    native = array.astype(array.dtype.newbyteorder("="), order="C", copy=True)
    if dtype is None:
        return torch.from_numpy(native)
    try:
        want = np.dtype(str(dtype).removeprefix("torch."))
    except TypeError:  # bfloat16 and the 8-bit ones: numpy has no such dtype
        want = np.dtype(np.complex64 if dtype.is_complex else np.float32)
    cast = fitted(native, want)
    if cast is not None:
        exact = torch.from_numpy(np.ascontiguousarray(cast)).reshape(array.shape)
        found = exact.to(dtype)
        if dtype.itemsize >= exact.dtype.itemsize or dtype.is_complex or rounded(found, exact):
            return found
    shown = repr(array.tolist()) if array.size <= 4 else f"an array of {array.dtype}"
    raise ArgumentTypeError(f"{shown} would change as {dtype}; cast it yourself if that is meant")


def rounded(found: torch.Tensor, exact: torch.Tensor) -> bool:
    """Whether numbers in a short dtype are rounded at most: none has lost its sign, or become the largest there is."""
    least = torch.finfo(found.dtype).smallest_normal
    return torch.allclose(found.to(exact.dtype), exact, rtol=0.13, atol=least, equal_nan=True)


def refuse_layout(tensor: torch.Tensor, what: str) -> None:
    """`ArgumentTypeError` for sparse, quantised and nested tensors, which are not known by shape and dtype alone."""
    kind = "quantised" if tensor.is_quantized else "nested" if tensor.is_nested else ""
    if tensor.layout is not torch.strided:
        kind = kind or str(tensor.layout).removeprefix("torch.")
    if kind:
        raise ArgumentTypeError(
            f"{what} can't be a {kind} tensor: give it dense, and convert it in the graph (`.to_sparse()`, ...)"
        )


def _shared(graph: Graph, tensor: torch.Tensor) -> Value:
    refuse_layout(tensor, "a constant of the graph")
    if tensor.device.type == "meta":
        raise ArgumentTypeError("a meta tensor has no data, so it can't be a constant of the graph")
    cache: dict[int, Any] = graph.annexes.setdefault("constants", {})
    found = cache.get(id(tensor))
    version = 0 if tensor.is_inference() else tensor._version
    if found is not None and found[0]() is tensor and found[1] == version:
        with torch.no_grad():  # memory shared with numpy changes without a new version
            if torch.equal(found[2].op.payload, tensor):
                return found[2]  # type: ignore[no-any-return]
    with torch.inference_mode(False), torch.no_grad():
        copy = tensor.detach().clone().contiguous()
    context = graph.context
    outer, context.controls = context.controls, ()  # a constant waits for nothing, and others may read it
    try:
        value = constant_value(graph, copy)
    finally:
        context.controls = outer
    cache[id(tensor)] = (weakref.ref(tensor), version, value)
    return value
