"""Operations on tensor arrays, and what their arguments have to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ..graph.body import home
from ..graph.graph import get_default_graph
from ..graph.operation import Role, Value
from ..ground.errors import ArgumentTypeError, message
from ..ground.spec import IntSpec, Spec
from ..record.dims import Dim
from ..record.infer import Leaf
from ..record.nested import Nested
from ..record.tensor import Tensor
from ..record.variable import Variable
from .sources import convert_to_tensor


def added(
    target: Callable[..., Any], type: str, name: str, given: tuple[Any, ...], spec: Spec, alias: int | None = None
) -> Value:
    """The value of an operation on arrays, in the graph or body that is being recorded."""
    reads = [each for each in given if isinstance(each, Value)]
    graph = home(reads[0].op.graph) if reads else get_default_graph()
    capture = getattr(graph, "capture", None)
    for each in reads:
        if capture is None and each.op.graph is not graph:
            raise ValueError(f"{reads[0].name} and {each.name} belong to different graphs")
    args = tuple(capture(each) if capture is not None and isinstance(each, Value) else each for each in given)
    values = tuple(each for each in args if isinstance(each, Value))
    signature = Nested([value.spec for value in values], (spec,), target, ())
    signature.structure = Leaf(0)  # not a tuple of results
    signature.aliases = (alias,)
    signature.alone = True
    return graph.add(Role.CALL, type, name, values, (spec,), target, args, {}, signature).values[0]


def value_of(tensor: Any) -> Value:
    found = tensor if isinstance(tensor, (Tensor, Dim)) else convert_to_tensor(tensor)
    return found.read() if isinstance(found, Variable) else found._value


def index_of(index: Any, what: str) -> int | Value | torch.Tensor:
    """A number, or a value of the graph that has one in the run."""
    if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
        return int(index)
    if isinstance(index, Dim):
        return index._value
    found = convert_to_tensor(index)
    if found.dtype.is_floating_point or found.dtype.is_complex or found.dtype is torch.bool:
        raise ArgumentTypeError(f"{what} is {index!r}, not an integer")
    if not isinstance(found, Tensor):
        return int(found)
    value = value_of(found)
    if value.spec.shape not in ((), None):
        raise ValueError(message(f"{what} is {index!r}: it has to be a single number", value.op))
    return value


def integers(numbers: Any) -> Any:
    """Numbers as a value of the graph, or as a tensor in eager mode."""
    found = convert_to_tensor(numbers, torch.int64 if isinstance(numbers, (list, tuple)) and not numbers else None)
    if found.dtype.is_floating_point or found.dtype is torch.bool:
        raise ArgumentTypeError(f"{numbers!r} are not integers")
    return value_of(found) if isinstance(found, Tensor) else found


def rows_of(value: Value) -> Sequence[int | None] | None:
    """The shape of the rows of a value."""
    shape = value.spec.shape
    if shape == ():
        raise ValueError(message(f"{value.name} is a single number: it has no rows", value.op))
    return None if shape is None else shape[1:]


def merged(
    one: Sequence[int | None] | None, other: Sequence[int | None] | None
) -> tuple[Sequence[int | None] | None] | None:
    """What two shapes that are one shape tell together, in a tuple; None if they can't be one."""
    if one is None or other is None:
        return (other if one is None else one,)
    if len(one) != len(other):
        return None
    sizes = [b if a is None else a for a, b in zip(one, other, strict=True)]
    if any(b is not None and b != size for size, b in zip(sizes, other, strict=True)):
        return None
    return (sizes,)


def has_own_memory(value: Value) -> bool:
    """Whether nothing but this value is in its memory: then it may stay in an array as it is."""
    op = value.op
    alone = op.role is Role.CALL and op.signature is not None and op.signature.aliases[value.index] is None
    return alone and not isinstance(value.spec, IntSpec)
