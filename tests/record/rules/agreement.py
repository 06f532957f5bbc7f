"""What a rule says of a call, beside what torch says of it on tensors without memory."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._pytree import tree_map

from graphgrad.ground.spec import spec
from graphgrad.record.canonical import canonical
from graphgrad.record.derivative import Derivative, _attempts, of
from graphgrad.record.infer import Modes, Signature, Slot
from graphgrad.record.rules.table import answer


def meta(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """A tensor without memory."""
    return torch.empty(shape, dtype=dtype, device="meta")


def without_memory(item: Any) -> Any:
    """The same argument; a tensor as one without memory."""
    if not isinstance(item, torch.Tensor):
        return item.item() if type(item).__module__ == "numpy" else item
    return torch.empty_strided(item.shape, item.stride(), dtype=item.dtype, device="meta")


def form(result: Any) -> Any:
    """Shape, dtype and layout of each tensor of a result; an error by its type."""
    if isinstance(result, (tuple, list)):
        return [form(item) for item in result]
    if isinstance(result, torch.Tensor):
        return tuple(result.shape), result.dtype, None if result.is_contiguous() else result.stride()
    return type(result)


def said(target: Any, *args: Any, **kwargs: Any) -> Any:
    """What the tables say: the form of the result, or `NotImplemented` where they leave it to torch."""
    try:
        found = answer(target, args, kwargs)
    except Exception as error:  # noqa: BLE001  a view that torch makes, and refuses
        found = error
    return found if found is NotImplemented else form(found)


def happens(target: Any, *args: Any, **kwargs: Any) -> Any:
    """The form of what torch answers."""
    try:
        return form(target(*args, **kwargs))
    except Exception as error:  # noqa: BLE001  torch refuses with many kinds
        return form(error)


def differs(target: Any, *args: Any, **kwargs: Any) -> str:
    """How the two differ, or ''; where the tables leave it to torch, they don't."""
    ours = said(target, *args, **kwargs)
    if ours is NotImplemented or ours == (theirs := happens(target, *args, **kwargs)):
        return ""
    shown = tree_map(lambda item: form(item) if isinstance(item, torch.Tensor) else item, (args, kwargs))
    return f"{getattr(target, '__qualname__', target)}{shown}: {ours}, and torch says {theirs}"


def signature(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Signature:
    """The signature of a call that reads these tensors."""
    reads: list[Any] = []

    def slot(item: Any) -> Any:
        if not isinstance(item, torch.Tensor):
            return item
        reads.append(spec(tuple(item.shape), item.dtype, None if item.is_contiguous() else item.stride()))
        return Slot(len(reads) - 1)

    skeleton = tree_map(slot, (args, kwargs))
    return Signature(canonical(target), *skeleton, tuple(reads), Modes(True, torch.get_default_dtype(), None))


def connections_differ(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """How what is taken for connected differs from what autograd says in a trial, or ''."""
    made = signature(target, args, kwargs)
    if not made.smooth or made.no_derivative or not any(read.differentiable for read in made.reads):
        return ""
    tried = Derivative(_attempts(made), len(made.reads), len(made.specs))
    if of(made).connects == tried.connects and not tried.missing:
        return ""
    return f"{made.call.name} {made.reads}: {of(made).connects}, and autograd says {tried.connects} {tried.missing}"
