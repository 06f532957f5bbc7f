"""Calls that a recorder has to treat by hand: moves between devices, and those it can't record yet."""

from __future__ import annotations

from typing import Any, NoReturn

import torch

from ..graph.scopes import as_device
from .record import handlers, record
from .tensor import Tensor, no_value


def _to(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    """`x.to(...)`: a dtype, a device, another tensor, in any of torch's spellings."""
    options = dict(kwargs)
    for argument in args:
        if isinstance(argument, torch.dtype):
            options["dtype"] = argument
        elif isinstance(argument, Tensor):
            options["dtype"] = argument.dtype
            options["device"] = argument.op.device or None
        elif isinstance(argument, torch.Tensor):
            options["dtype"], options["device"] = argument.dtype, argument.device
        elif isinstance(argument, (str, torch.device, int)) and not isinstance(argument, bool):
            options["device"] = f"cuda:{argument}" if isinstance(argument, int) else argument
    options.pop("non_blocking", None)
    copy = options.pop("copy", False)
    device = options.pop("device", None)
    if device is not None:
        name = as_device(device)
        with tensor.graph.device(name):
            return record(torch.Tensor.to, (tensor,), {**options, "device": torch.device(name), "copy": copy})
    if not options:
        return tensor
    return record(torch.Tensor.to, (tensor,), options | ({"copy": True} if copy else {}))


def _cuda(tensor: Tensor, device: Any = None, *_: Any, **__: Any) -> Any:
    return _to(tensor, "cuda" if device is None else device)


def _cpu(tensor: Tensor, *_: Any, **__: Any) -> Any:
    return _to(tensor, "cpu")


def _needs_value(name: str) -> Any:
    def handler(*args: Any, **kwargs: Any) -> NoReturn:
        symbolic = next(item for item in (*args, *kwargs.values()) if isinstance(item, Tensor))
        raise no_value(symbolic._value, f"torch.{name}()")

    return handler


handlers[torch.Tensor.to] = _to
handlers[torch.Tensor.cuda] = _cuda
handlers[torch.Tensor.cpu] = _cpu
for _name in ("equal", "allclose", "is_nonzero"):
    handlers[getattr(torch, _name)] = _needs_value(_name)
    if hasattr(torch.Tensor, _name):
        handlers[getattr(torch.Tensor, _name)] = _needs_value(_name)
