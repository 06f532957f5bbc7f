"""TF1's functions and methods that change variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..graph.graph import control_dependencies
from ..graph.sessions import require_session
from ..ground.errors import OutOfRangeError
from ..record.infer import probing
from ..record.record import record
from ..record.variable import Variable
from .presence import initialized_value
from .sources import identity, named
from .table import tensor
from .variables import extras


def assign(ref: Variable, value: Any, validate_shape: bool | None = None, use_locking: bool | None = None,
           name: str | None = None) -> Any:  # fmt: skip
    """An op that sets a variable; gives the new value, as it is after the assign.

    Args:
        ref: the variable.
        value: its new value, of the variable's shape; of any, if the variable was made with `validate_shape=False`.
        validate_shape, use_locking: make no difference.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> v = gg.Variable(1.0)
    >>> with gg.Session() as sess:
    ...     sess.run(v.initializer)
    ...     sess.run(gg.assign(v, 5.0))
    np.float32(5.0)
    """
    return ref.assign(value, name=name)


def assign_add(ref: Variable, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """An op that adds to a variable; gives the new value."""
    return ref.assign_add(value, name=name)


def assign_sub(ref: Variable, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """An op that subtracts from a variable; gives the new value."""
    return ref.assign_sub(value, name=name)


# -- rows -----------------------------------------------------------------------------------------------


def _rows(ref: Variable, indices: Any, updates: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The flat indices and the updates, a row for each."""
    where = tensor(indices).long()
    rows = tensor(updates, ref)
    shape = tuple(ref.shape)[1:]
    full = rows.expand((*where.shape, *shape)) if rows.dim() < where.dim() + len(shape) else rows
    return where.reshape(-1), full.reshape(-1, *shape)


def scatter_update(ref: Variable, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Any:
    """An op that sets rows of a variable; gives the whole new value.

    Args:
        ref: the variable.
        indices: the numbers of the rows, of any shape; which update wins where one comes twice is not said.
        updates: a row for each index: `indices.shape + ref.shape[1:]`, or a scalar for all.
        use_locking: makes no difference.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> v = gg.Variable([1.0, 2.0, 3.0])
    >>> with gg.Session() as sess:
    ...     sess.run(v.initializer)
    ...     sess.run(gg.scatter_update(v, [0, 2], [10.0, 30.0]))
    array([10.,  2., 30.], dtype=float32)
    """
    where, rows = _rows(ref, indices, updates)
    return ref.assign(torch.index_copy(ref.value(), 0, where, rows), name=name)


def scatter_add(ref: Variable, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """An op that adds to rows of a variable, more than once where an index comes more than once."""
    return ref.assign_add(_sum_of_rows(ref, indices, updates), name=name)


def scatter_sub(ref: Variable, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """An op that subtracts from rows of a variable, more than once where an index comes more than once."""
    return ref.assign_sub(_sum_of_rows(ref, indices, updates), name=name)


def _sum_of_rows(ref: Variable, indices: Any, updates: Any) -> torch.Tensor:
    where, rows = _rows(ref, indices, updates)
    return torch.index_add(torch.zeros_like(ref), 0, where, rows)


# -- counting -------------------------------------------------------------------------------------------


def below(count: torch.Tensor, limit: int) -> torch.Tensor:
    """The count itself; `OutOfRangeError` if it has reached the limit."""
    if not probing() and int(count) >= limit:
        raise OutOfRangeError(f"reached limit of {limit}")
    return count.clone()


def count_up_to(ref: Variable, limit: int, name: str | None = None) -> Any:
    """An op that counts an integer variable up by one and gives the number before.

    Raises:
        OutOfRangeError: in a run, once the limit has been reached; the variable stays.

    >>> import graphgrad as gg
    >>> v = gg.Variable(0)
    >>> n = gg.count_up_to(v, 2)
    >>> with gg.Session() as sess:
    ...     sess.run(v.initializer)
    ...     sess.run(n), sess.run(n)
    (np.int32(0), np.int32(1))
    """
    if ref.dtype.is_floating_point or ref.dtype.is_complex or ref.shape:
        raise ValueError(f"count_up_to counts with a scalar of integers, not {ref!r}")
    before = record(below, (ref, int(limit)), {}, "")
    with control_dependencies([ref.assign(before + 1)]):
        return identity(before, named(name, "CountUpTo"))


# -- methods of variables ---------------------------------------------------------------------------------


def load(variable: Variable, value: Any, session: Any = None) -> None:
    """Set the variable in a session, without adding to the graph."""
    require_session(session, f"load {variable.name}").load({variable: value})


def _scatter_method(function: Callable[..., Any], of: str) -> Callable[..., Any]:
    def method(self: Variable, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        indices, values = getattr(sparse_delta, "indices", None), getattr(sparse_delta, "values", None)
        if not isinstance(indices, torch.Tensor) or not isinstance(values, torch.Tensor):
            raise TypeError(f"sparse_delta has .indices and .values, got {sparse_delta!r}; or use gg.{of}")
        return function(self, indices, values, name=name)

    method.__name__ = of
    method.__doc__ = f"`gg.{of}` of slices: an object with the tensors `indices` and `values`."
    return method


def _constraint(variable: Variable) -> Any:
    """The function that optimizers apply after each update, or None."""
    return extras(variable).constraint


METHODS: dict[str, Any] = {
    "load": load,
    "count_up_to": count_up_to,
    "initialized_value": initialized_value,
    "scatter_update": _scatter_method(scatter_update, "scatter_update"),
    "scatter_add": _scatter_method(scatter_add, "scatter_add"),
    "scatter_sub": _scatter_method(scatter_sub, "scatter_sub"),
    "constraint": property(_constraint),
}

for _name, _method in METHODS.items():
    if not isinstance(_method, property):
        _method.__name__ = _name
    setattr(Variable, _name, _method)
