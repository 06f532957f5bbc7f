"""Loops, branches and walks along an axis in eager mode: Python's own, on torch tensors, as TF2 runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..ground.mode import executing_eagerly
from ..record.infer import leaves, rebuild
from ..record.record import first_symbolic
from .sources import convert_to_tensor
from .tensor_arrays import TensorArray


def acts_at_once(*given: Any) -> bool:
    """Whether a call happens now: in eager mode, if none of its arguments is symbolic."""
    return executing_eagerly() and first_symbolic(given) is None


def plain_while(
    cond: Callable[..., Any], body: Callable[..., Any], state: Sequence[Any], maximum: Any, back_prop: bool, same: bool
) -> Any:
    """Python's own `while` over a list of nests; arguments as those of `while_loop`."""
    shape = _outline(list(state))
    limit = None if maximum is None else int(maximum)
    count = 0
    while (limit is None or count < limit) and bool(cond(*state)):
        found = body(*state)
        if not isinstance(found, (list, tuple)) or hasattr(found, "_fields"):
            found = [found]
        if _outline(list(found)) != shape:
            raise ValueError(f"body returned {_outline(list(found))!r} for the loop variables {shape!r}")
        state, count = found, count + 1
    result = rebuild(list(state), lambda leaf: _settled(leaf, back_prop))
    return result[0] if len(result) == 1 and not same else result


def _outline(nest: Any) -> Any:
    """A nest without what is in it, for comparing."""
    return rebuild(nest, lambda _: "tensor")


def _settled(leaf: Any, back_prop: bool) -> Any:
    """A result as a tensor, off autograd's tape if no gradient is to pass."""
    if isinstance(leaf, TensorArray):
        return leaf
    tensor = convert_to_tensor(leaf)
    return tensor if back_prop else tensor.detach()


def plain_walk(fn: Callable[..., Any], elems: Any, initial: Any, back_prop: bool, last: bool, reverse: bool) -> Any:
    """Python's own `for` along the first axis; `fn(state, item)`, or `fn(item)` without an initial state.

    Args:
        fn, elems, back_prop, reverse: as in `scan`.
        initial: the first state, or None where there is none.
        last: whether the result is the last state; else what was returned, stacked.
    """
    tensors = rebuild(elems, convert_to_tensor)
    flat = list(leaves(tensors))
    if not flat:
        raise ValueError("elems is empty: there is no tensor to go along")
    lengths = {len(each) for each in flat}
    if len(lengths) > 1:
        raise ValueError(f"the tensors of elems have different numbers of items: {sorted(lengths)}")
    numbers = range(lengths.pop())
    state = None if initial is None else rebuild(initial, _as_tensor)
    kept: list[Any] = []
    for number in reversed(numbers) if reverse else numbers:
        item = _item_at(tensors, number)
        found = rebuild(fn(item) if initial is None else fn(state, item), _as_tensor)
        if initial is not None and _outline(found) != _outline(state):
            raise ValueError(f"fn returned {_outline(found)!r} for the state {_outline(state)!r}")
        state = found
        kept.append(found)
    result = state
    if not last:
        result = _stacked(kept[::-1] if reverse else kept, tensors if state is None else _rows_of(state))
    return rebuild(result, lambda leaf: _settled(leaf, back_prop))


def _item_at(tensors: Any, number: int) -> Any:
    """A nest of the items of this number."""
    return rebuild(tensors, lambda each: each[number])


def _as_tensor(leaf: Any) -> Any:
    return leaf if isinstance(leaf, TensorArray) else convert_to_tensor(leaf)


def _stacked(kept: list[Any], like: Any) -> Any:
    """A nest of stacked tensors from nests of tensors; without any, of no rows like these."""
    if not kept:
        return rebuild(like, lambda each: each[:0])
    columns = iter([torch.stack(list(column)) for column in zip(*map(leaves, kept), strict=True)])
    return rebuild(kept[0], lambda _: next(columns))


def _rows_of(state: Any) -> Any:
    """A nest of states as if they had been stacked."""
    return rebuild(state, lambda each: each.unsqueeze(0))


def plain_case(pairs: Sequence[tuple[Any, Callable[[], Any]]], default: Any, exclusive: bool) -> Any:
    """What the first function returns whose predicate is true, or else the default, or else the last."""
    true = [function for predicate, function in pairs if bool(predicate)]
    if exclusive and len(true) > 1:
        raise ValueError("case(exclusive=True): more than one predicate is true")
    return (true[0] if true else pairs[-1][1] if default is None else default)()
