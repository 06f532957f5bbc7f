"""An operation in a phrase, as lines of text pictures have it: `Sum loss (_, dim=1) float32[?]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..graph.operation import Operation, Role, Value

NUMBERS = 4  # of a constant that are shown
NAMES = 3  # of ys, xs and outputs that are shown
ROOM = 40  # letters for an argument

_NARROW = {
    torch.float16: np.float16,
    torch.bfloat16: np.float32,
    torch.float32: np.float32,
    torch.complex64: np.complex64,
}


def phrase(item: Value | Operation, shapes: bool = True, brief: bool = False) -> str:
    """The type, the name and what there is to say besides the inputs.

    Args:
        item: an operation, or one of its outputs, whose index is told where there are several.
        shapes: whether to tell the dtype and shape of each output.
        brief: whether to leave out what a full phrase elsewhere tells.

    >>> import graphgrad as gg
    >>> import torch
    >>> ordered, places = torch.sort(gg.placeholder(gg.float32, [None, 4]), dim=0)
    >>> phrase(places.op), phrase(places.op.values[1], brief=True)
    ('Sort sort (_, dim=0) float32[?, 4], int64[?, 4]', 'Sort sort:1 int64[?, 4]')
    """
    op = item if isinstance(item, Operation) else item.op
    name = item.name if isinstance(item, Value) and len(op.values) > 1 else op.name
    parts = [_title(op), name]
    if not brief:
        parts.append(_details(op, item))
    if shapes:
        parts.append(_limited([repr(value.spec) for value in ([item] if isinstance(item, Value) else op.values)]))
    if not brief and op.role is Role.CONSTANT:
        parts.append(_numbers(op.payload))
    return " ".join(part for part in parts if part)


def _title(op: Operation) -> str:
    match op.role:
        case Role.READ:
            return "Buffer" if op.payload.buffer else "Variable"
        case Role.CONSTANT:
            return "Constant"
        case _:
            return op.type


def _details(op: Operation, item: Value | Operation) -> str:
    """What there is to say of an operation besides its inputs."""
    match op.role:
        case Role.READ | Role.ASSIGN:
            state: str = op.payload.name
            return "" if state == op.name else f"of {state}"
        case Role.GRADIENT:
            groups = op.payload.xs if isinstance(item, Operation) else [op.payload.xs[item.index]]
            ys, xs = [y.name for y in op.payload.ys], [group[0].name for group in groups]
            return f"d({_limited(ys)})/d({_limited(xs)})"
        case Role.CALL:
            return _arguments(op)
        case _:
            return ""


def _arguments(op: Operation) -> str:
    """`(_, dim=1)`; nothing where all arguments are tensors."""
    found = [("", _argument(argument)) for argument in op.args]
    found += [(f"{key}=", _argument(argument)) for key, argument in op.kwargs.items()]
    if all("_" in text and not text.strip("_[], ") for _, text in found):
        return ""
    return f"({', '.join(key + text for key, text in found)})"


def _argument(argument: Any) -> str:
    if isinstance(argument, Value):
        return "_"
    if isinstance(argument, (list, tuple)):
        text = f"[{', '.join(_argument(item) for item in argument[:ROOM])}]"
    elif callable(argument):
        text = getattr(argument, "__name__", type(argument).__name__)
    else:
        text = " ".join(repr(argument).removeprefix("torch.").split())
    return text if len(text) <= ROOM else text[: ROOM - 3] + "..."


def _limited(texts: Sequence[str]) -> str:
    """The first of them, and how many there are if that is more."""
    if len(texts) <= NAMES:
        return ", ".join(texts)
    return f"{', '.join(texts[:NAMES])}, ... {len(texts)} in all"


def _numbers(tensor: torch.Tensor) -> str:
    """`= [1.0, 2.0]`; nothing where there are many."""
    with torch._C.DisableTorchFunction():  # perhaps code is being recorded just now
        if tensor.numel() > NUMBERS:
            return ""
        return f"= {_nested(tensor.tolist(), _NARROW.get(tensor.dtype))}"


def _nested(items: Any, narrow: Any) -> str:
    if isinstance(items, list):
        return f"[{', '.join(_nested(item, narrow) for item in items)}]"
    return str(items if narrow is None else narrow(items))
