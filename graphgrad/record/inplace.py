"""In-place calls recorded functionally: the handle moves to the new value, the old one keeps its name."""

from __future__ import annotations

import functools
from typing import Any

import torch

from ..ground.errors import RecordingError, message
from .infer import Signature
from .record import call, handlers, record
from .tensor import Recorder, Tensor, set_item
from .variable import Variable


def in_place(tensor: Tensor, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Tensor:
    """Compute `function(tensor, ...)` and let the tensor's handle stand for the result."""
    _refuse_views(tensor)
    before = tensor._value
    result = call(function, (tensor, *args), kwargs or {})
    spec, old = result._value.spec, before.spec
    if spec.dtype is not old.dtype:
        raise RecordingError(
            message(f"in place, {old.dtype} can't hold the {spec.dtype} result of {result.op.type}", result.op)
        )
    if spec.worlds is None and old.worlds is None and spec.shape != old.shape:
        raise RecordingError(message(f"in place, {old!r} can't hold the result {spec!r}", result.op))
    tensor.rebind(result._value)
    return tensor


def _refuse_views(tensor: Tensor) -> None:
    value = tensor._value
    if isinstance(tensor, Variable):
        raise RecordingError(
            message(f"{tensor.name} is a variable: it can't change in place", value.op, "variable.assign(...)")
        )
    signature = value.op.signature
    if isinstance(signature, Signature) and signature.aliases[value.index] is not None:
        raise RecordingError(
            message(
                f"{tensor.name} may share memory with {value.op.reads[signature.aliases[value.index]].name}: "  # type: ignore[index]
                "an in-place change would have to change both",
                value.op,
                "compute a new tensor instead, or .clone() it first",
            )
        )
    for reader in value.readers:
        shared = getattr(reader.signature, "aliases", ())
        if any(position is not None and reader.reads[position] is value for position in shared):
            raise RecordingError(
                message(
                    f"{tensor.name} has a view, {reader.name}: an in-place change would have to change both",
                    reader,
                    "compute a new tensor instead, or .clone() the view",
                )
            )


def _with_clone(method: Any) -> Any:
    """The functional form of an in-place method that has no other: on a copy."""

    @functools.wraps(method)
    def functional(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        return method(tensor.clone(), *args, **kwargs)

    functional.__name__ = method.__name__.strip("_")
    return functional


def _install_methods() -> None:
    """A handler for everything that works in place: `x.add_`, `torch.relu_`, `F.elu_`, `nn.init.zeros_`, ..."""
    for owner in (torch.Tensor, torch, torch.nn.functional, torch.nn.init):
        for name in dir(owner):
            in_place_name = name.endswith("_") and not name.startswith("_")
            if in_place_name and name not in ("requires_grad_", "share_memory_") and callable(getattr(owner, name)):
                _install(getattr(owner, name))


def _install(method: Any) -> None:
    functional = _with_clone(method)

    def handler(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(tensor, Tensor):
            raise _plain()
        return in_place(tensor, functional, args, kwargs)

    handlers[method] = handler


def _plain() -> RecordingError:
    return RecordingError(
        "a plain tensor can't be changed in place by a symbolic one; make it symbolic first: gg.constant(tensor)"
    )


def _set_item(tensor: Any, index: Any, value: Any) -> None:
    if not isinstance(tensor, Tensor):
        raise _plain()
    in_place(tensor, set_item, (index, value))


def _inplace_option(function: Any) -> Any:
    def handler(tensor: Any, *args: Any, inplace: bool = False, **kwargs: Any) -> Any:
        if inplace:
            return in_place(tensor, function, args, kwargs)
        return record(function, (tensor, *args), kwargs)

    return handler


_install_methods()
for _name in (
    "relu", "relu6", "elu", "selu", "celu", "leaky_relu", "hardtanh", "silu", "mish", "hardsigmoid",
    "hardswish", "threshold", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "rrelu",
):  # fmt: skip
    handlers[getattr(torch.nn.functional, _name)] = _inplace_option(getattr(torch.nn.functional, _name))
handlers[torch.Tensor.__setitem__] = _set_item
Recorder.in_place = staticmethod(in_place)
