"""Slots: what an optimizer or a moving average keeps beside a variable, as a variable named after it.

A slot made inside a variable scope has the scope's name before the variable's, as in TF1: `outer/outer/w/Adam`.
"""

from __future__ import annotations

from typing import Any

import torch

from ..graph.operation import handle_of
from ..ops.presence import initialized_value
from ..ops.scopes import current
from ..ops.variables import new_variable
from ..record.record import record
from ..record.tensor import Tensor
from ..record.variable import Variable, captured


def variable_of(item: Any, graph: Any) -> Variable:
    """The variable that a user means: itself, or that of a parameter of a module.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(item, Variable):
        return item
    if isinstance(item, torch.nn.Parameter) or id(item) in graph.parameters:
        return captured(graph, item).variable
    raise TypeError(f"{item!r} is neither a variable nor a parameter")


def first_value(variable: Variable) -> Any:
    """What the variable starts from: the symbolic tensor of its initial value, or the parameter that it stands for."""
    return variable.state.parameter if variable.initial is None else handle_of(variable.initial)


def create_slot(primary: Tensor, value: Any, name: str, dtype: Any = None, validate_shape: bool = True) -> Variable:
    """A variable `<variable scope>/<primary>/<name>` beside another one, or beside a tensor; it is not trained.

    Args:
        primary: the variable or tensor that it belongs to; it lives on the same device.
        value: its initial value, or a function that returns one.
        name: the last part of its name.
        dtype: its dtype; that of the value if None.
        validate_shape: whether its shape is known, and stays.
    """
    op = primary._value.op
    owner = primary.state.name if isinstance(primary, Variable) else op.name
    graph = op.graph
    outer = current(graph).name
    owner = f"{outer}/{owner}" if outer else owner
    with graph.as_default(), graph.name_scope(None), graph.device(op.device):
        slot: Variable = new_variable(
            value, trainable=False, validate_shape=validate_shape, name=f"{owner}/{name}", dtype=dtype
        )
    return slot


def create_filled_slot(primary: Tensor, fill: float, name: str) -> Variable:
    """A slot of the primary's shape and dtype that starts with one number everywhere."""
    if isinstance(primary, Variable) and primary.state.spec.shape is None:
        return create_slot(primary, lambda: torch.full_like(initialized_value(primary), fill), name, None, False)
    shape, dtype = tuple(primary.shape), primary.dtype

    def value() -> Any:
        one = record(torch.full, ((), fill), {"dtype": dtype})  # a view of it takes no memory in the graph
        return record(torch.Tensor.expand, (one, shape), {})

    return create_slot(primary, value, name)
