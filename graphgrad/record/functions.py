"""A user's `torch.autograd.Function` is recorded as one operation with its own backward."""

from __future__ import annotations

import functools
import types
from typing import Any

import torch
from torch.utils.checkpoint import CheckpointFunction

from .mutation import OnCopies
from .record import first_symbolic, record

_PACKAGE = __name__.partition(".")[0]
_PLAIN = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.GetSetDescriptorType, types.MethodWrapperType, types.NoneType,
)  # fmt: skip


class Applied:
    """`function.apply` as a callable with the function's name."""

    def __init__(self, function: type[torch.autograd.Function]) -> None:
        self.__name__ = function.__name__
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function.apply(*args, **kwargs)  # type: ignore[no-untyped-call]


applied = functools.cache(Applied)


def _install() -> None:
    """Let `Function.apply` look at its arguments: torch itself gives tensors no say there."""
    original = torch.autograd.Function.__dict__["apply"].__func__

    @functools.wraps(original)
    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if first_symbolic((args, kwargs)) is not None:
            if cls is CheckpointFunction:  # recomputing is a matter of the run: record what it would compute
                return args[0](*args[2:])
            return record(applied(cls), args, kwargs)
        return original(cls, *args, **kwargs)

    torch.autograd.Function.apply = classmethod(apply)  # type: ignore[assignment,method-assign]


_install()


def is_torch_own(target: Any) -> bool:
    """Whether a callable's derivative is torch's own; that of a user's operator may return any tensor."""
    if isinstance(target, (Applied, OnCopies)):
        return False
    if isinstance(target, (torch._ops.OpOverload, torch._ops.OpOverloadPacket)):
        return str(target).partition(".")[0] in ("aten", "prims")
    module = getattr(target, "__module__", None)  # methods and slots of torch.Tensor have none
    if module is not None and module.partition(".")[0] not in ("torch", "_operator", _PACKAGE):
        return False
    return isinstance(target, _PLAIN) or type(target).__module__.partition(".")[0] == _PACKAGE
