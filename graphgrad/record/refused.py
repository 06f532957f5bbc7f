"""Calls that a recorder has to treat by hand: moves between devices, and those it can't record yet."""

from __future__ import annotations

import functools
from typing import Any, NoReturn

import torch
import torch._functorch.apis
import torch._functorch.eager_transforms
import torch._functorch.vmap

from ..graph.scopes import as_device
from ..ground.errors import RecordingError, message
from .known import known_tensor
from .record import first_symbolic, handlers, record, symbolic
from .tensor import Tensor, no_value


def _to(tensor: Any, *args: Any, **kwargs: Any) -> Any:
    """`x.to(...)`: a dtype, a device, another tensor, in any of torch's spellings."""
    tensor = symbolic(tensor, args)
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


def _cuda(tensor: Any, device: Any = None, *_: Any, **__: Any) -> Any:
    return _to(tensor, "cuda" if device is None else device)


def _cpu(tensor: Any, *_: Any, **__: Any) -> Any:
    return _to(tensor, "cpu")


def _needs_value(function: Any, wanted: str) -> Any:
    """A handler for what answers with Python values: it works on tensors that are known while recording."""

    def handler(*args: Any, **kwargs: Any) -> Any:
        known = []
        for argument in args:
            found = known_tensor(argument._value) if isinstance(argument, Tensor) else argument
            if found is None:
                raise no_value(argument._value, wanted)
            known.append(found)
        return function(*known, **kwargs)

    return handler


handlers[torch.Tensor.to] = _to
handlers[torch.Tensor.cuda] = _cuda
handlers[torch.Tensor.cpu] = _cpu
for _name in ("equal", "allclose", "is_nonzero"):
    for _owner in (torch, torch.Tensor):
        if hasattr(_owner, _name):
            handlers[getattr(_owner, _name)] = _needs_value(getattr(_owner, _name), f"torch.{_name}()")
for _name in "item tolist numpy __bool__ __int__ __float__ __complex__ __index__ __contains__ __array__".split():
    handlers[getattr(torch.Tensor, _name)] = _needs_value(getattr(torch.Tensor, _name), f"{_name.strip('_')}()")


def _guarded(transform: Any, where: int, what: str, way_out: str) -> Any:
    """A step of torch.func's transformations, which wrap their arguments before any operation sees them."""

    @functools.wraps(transform)
    def guarded(*args: Any) -> Any:
        found = first_symbolic(args[where])
        if found is not None:
            raise RecordingError(message(f"{what} can't look into recorded code", found.op, way_out))
        return transform(*args)

    return guarded


_BATCH = (1, "torch.vmap", "give the whole batch to batched operations, or map over plain tensors")
_GRAD = (0, "torch.func (grad, jacrev, ...)", "gg.gradients, or give the transformation plain tensors")
for _module, _step, _how in (
    (torch._functorch.vmap, "_process_batched_inputs", _BATCH),
    (torch._functorch.apis, "_process_batched_inputs", _BATCH),
    (torch._functorch.eager_transforms, "_wrap_for_grad", _GRAD),
):
    if hasattr(_module, _step):
        setattr(_module, _step, _guarded(getattr(_module, _step), *_how))


def _forward_mode(*args: Any, **kwargs: Any) -> NoReturn:
    found = first_symbolic((args, kwargs))
    what = "forward-mode differentiation (dual numbers) can't be recorded"
    raise RecordingError(message(what, found.op if found is not None else None, "gg.gradients"))


for _name in ("_make_dual", "_unpack_dual"):
    handlers[getattr(torch._VF, _name)] = _forward_mode
