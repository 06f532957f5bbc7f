"""Common subexpressions: equal operations off the tape are computed once.

An operation is merged only if autograd does not see it in this run. On the tape a merge would change
the order in which gradients are summed, and the numbers of a fetch must not depend on its company.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from ..graph.operation import Operation, Role, Value


def merge(operations: Iterable[Operation], tape: Set[Operation], identity: Set[Value]) -> dict[Value, Value]:
    """Value -> the equal, older value that stands for it.

    Args:
        operations: what will run, in order.
        tape: the operations that autograd sees.
        identity: values that are an x, y, stop, grad_y or fed in this run; these are never merged.
    """
    same: dict[Value, Value] = {}
    seen: dict[Any, Operation] = {}
    for op in operations:
        if op.role is not Role.CALL or op in tape or op.controls or _apart(op.signature):
            continue
        if not identity.isdisjoint(op.values):
            continue
        try:
            key = (op.target, op.device, getattr(op.signature, "modes", None),
                   _key(op.args, same), _key(op.kwargs, same))  # fmt: skip
            first = seen.setdefault(key, op)
        except TypeError:  # an unhashable argument
            continue
        if first is not op:
            same.update(zip(op.values, first.values, strict=True))
    return same


def _apart(signature: Any) -> bool:
    """Whether each of such operations runs, equal or not."""
    return getattr(signature, "random", False) or getattr(signature, "alone", False)


def _key(argument: Any, same: dict[Value, Value]) -> Any:
    kind = type(argument)
    if kind is Value:
        return same.get(argument, argument)
    if kind is tuple or kind is list:
        return (kind, *[_key(item, same) for item in argument])
    if kind is dict:
        return tuple((name, _key(item, same)) for name, item in argument.items())
    if kind is slice:
        return (slice, _key(argument.start, same), _key(argument.stop, same), _key(argument.step, same))
    if kind is float:
        return (float, argument.hex())  # 0.0 and -0.0 are not the same number
    if kind is complex:
        return (complex, argument.real.hex(), argument.imag.hex())
    return (kind, argument)
