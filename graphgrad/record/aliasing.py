"""Views and what shares memory with them, so that a change in place reaches all of them.

A graph has no memory to share. When eager torch would change the memory of a tensor, the tensor that
owns it gets a new value, in which the change is written through the same views; every live handle on
the old one, or on a view of it, moves to the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from ..graph.body import original
from ..graph.operation import Operation, Role, Value, handle_of
from ..ground.errors import RecordingError, message
from ..ground.spec import Spec
from .buffers import state_of, update
from .derivative import of as derivative_of
from .identity import straight_through
from .infer import leaves
from .probe import memory_of
from .record import record
from .tensor import Tensor


class _Source:
    """Stands in a view's arguments for the tensor that is viewed."""

    def __repr__(self) -> str:
        return "SOURCE"


SOURCE = _Source()


def written(base: torch.Tensor, new: torch.Tensor, *views: tuple[Any, Any, Any, int]) -> torch.Tensor:
    """A copy of the base in which a view has new contents.

    Args:
        base: the tensor that is viewed.
        new: the new contents, of the view's shape.
        *views: how the view was made: (function, args, kwargs, which of its results), outermost last; SOURCE
            stands for the tensor that the function views.
    """
    copy = view = base.clone()
    several = False
    for function, args, kwargs, index in views:
        made = function(*_filled(args, view), **_filled(kwargs, view))
        several = several or not isinstance(made, torch.Tensor)
        view = list(leaves(made))[index]
    if memory_of(view) != memory_of(copy):
        raise RuntimeError("what was a view when it was recorded is a copy in this run; .clone() before the change")
    if several and view.dtype is copy.dtype:
        # Autograd lets nobody write into a part of `chunk`: go by the places of the part's elements in memory.
        places = torch.arange(copy.numel(), device=copy.device)
        places = places.as_strided(view.size(), view.stride(), view.storage_offset()).reshape(-1)
        memory = copy.as_strided((copy.numel(),), (1,)).index_copy(0, places, new.reshape(-1))
        return memory.as_strided(copy.size(), copy.stride())
    view.copy_(new)
    return copy


def _filled(nest: Any, source: Any) -> Any:
    return _swapped(nest, lambda item: source if item is SOURCE else item)


def _swapped(nest: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of an argument nest with every leaf changed."""
    if isinstance(nest, (tuple, list)):
        return type(nest)(_swapped(item, change) for item in nest)
    if type(nest) is slice:
        return slice(*(_swapped(part, change) for part in (nest.start, nest.stop, nest.step)))
    if isinstance(nest, dict):
        return {key: _swapped(item, change) for key, item in nest.items()}
    return change(nest)


def viewed(value: Value) -> Value | None:
    """The value of which this one is a view, if it is one."""
    position = _viewed_position(value)
    return None if position is None else value.op.reads[position]


def _viewed_position(value: Value) -> int | None:
    op = value.op
    if op.role is not Role.CALL or op.signature is None:
        return None
    found: int | None = op.signature.aliases[value.index]
    return found


def lineage(value: Value) -> list[Value]:
    """The value and what it is a view of, up to the tensor that owns the memory, which comes first."""
    line = [value]
    while (source := viewed(line[-1])) is not None:
        line.append(source)
    line.reverse()
    return line


def _views_of(value: Value) -> Iterator[Value]:
    """The direct views of a value."""
    seen: set[Operation] = set()
    for reader in value.readers:
        if reader not in seen and reader.role is Role.CALL and reader.signature is not None:
            seen.add(reader)
            yield from (result for result in reader.values if viewed(result) is value)


def change(tensor: Tensor, new: Any) -> None:
    """Let the memory of the tensor have new contents: its handle moves, and those of all that share it."""
    line = lineage(tensor._value)
    spec = tensor._value.spec
    if isinstance(spec, Spec) and spec.static and spec.strides and _overlaps(spec.shape or (), spec.strides):
        what = f"{tensor.name} has elements that share memory, so it can't change in place"
        raise RecordingError(message(what, tensor.op, ".clone() it first"))
    owner = line[0]
    base = new
    if len(line) > 1:
        views = [_how(source, view) for source, view in zip(line, line[1:], strict=False)]
        base = record(written, (handle_of(owner), new, *views), {})
    variable = state_of(owner)
    silent = not torch.is_grad_enabled() or any(_cuts(view) for view in line[1:])
    if silent and variable is None and owner.spec.differentiable:
        # Behind autograd's back: the numbers change, and gradients flow as if they had not.
        with torch.enable_grad():
            base = record(straight_through, (handle_of(owner), base), {})
    before = variable._value if variable is not None else owner
    if owner.op.graph is base._value.op.graph and original(owner) is owner:
        _move(owner, base._value)
    elif variable is not None:
        variable.rebind(base._value)
    else:
        what = f"{original(owner).name} is from outside of this branch or body and can't change in place in it"
        raise RecordingError(message(what, original(owner).op, "return the new tensor from the branch or body"))
    if variable is not None:
        update(variable, base._value, before)


def _overlaps(shape: Sequence[Any], strides: Sequence[int]) -> bool:
    """Whether elements of a tensor share memory: it is expanded, or made of windows that overlap."""
    reach = 0
    for stride, size in sorted((stride, size) for stride, size in zip(strides, shape, strict=True) if size > 1):
        if stride <= reach:
            return True
        reach += stride * (size - 1)
    return False


def _how(source: Value, view: Value) -> tuple[Any, Any, Any, int]:
    """How a view was made, as `written` takes it."""
    op = view.op
    position = _viewed_position(view)
    count = iter(range(len(op.reads)))

    def place(argument: Any) -> Any:
        if type(argument) is not Value:
            return argument
        return SOURCE if next(count) == position else handle_of(argument)

    return op.target, _swapped(op.args, place), _swapped(op.kwargs, place), view.index


def _cuts(view: Value) -> bool:
    """Whether no gradient flows from this view to what it views: `x.detach()`, or a view made in no_grad."""
    return _viewed_position(view) not in derivative_of(view.op.signature).of(view.index)


def _move(owner: Value, new: Value) -> None:
    """Move the live handles on a value and on its views to the new value and to views of that."""
    moved = {owner: new}
    pending = [owner]
    family = [owner]
    while pending:
        for view in _views_of(pending.pop()):
            pending.append(view)
            family.append(view)
    handles = {value: value.handle() if value.handle is not None else None for value in family}
    needed = set()
    for value, handle in handles.items():
        if handle is not None:
            needed.update(lineage(value))
    for value in sorted(family, key=lambda value: (value.op.id, value.index)):
        if value in needed and value not in moved:
            _again(value.op, moved)
    for value, handle in handles.items():
        if handle is not None:
            handle.rebind(moved[value])


def _again(op: Operation, moved: dict[Value, Value]) -> None:
    """Repeat a view on what has moved."""

    def place(argument: Any) -> Any:
        return handle_of(moved.get(argument, argument)) if type(argument) is Value else argument

    with torch.set_grad_enabled(op.signature.modes.grad):
        results = record(op.target, _swapped(op.args, place), _swapped(op.kwargs, place))
    for old, result in zip(op.values, leaves(results), strict=True):
        moved[old] = result._value
