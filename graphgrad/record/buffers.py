"""Tensors that a module keeps and changes: running statistics, counters, averages.

In a graph such a buffer is state, like a variable that is not trained. A change of it becomes an
assign, which belongs to the call of the module that made it: a run that computes what the call
returned also makes the change, once. Within a run, a buffer is what it would be in eager torch: a
read sees the changes recorded before it, as far as the run makes them.
"""

from __future__ import annotations

import threading
from typing import Any

import torch

from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Operation, Role, Value, hold
from ..ground.errors import RecordingError, message
from .infer import leaves
from .tensor import Tensor, no_value
from .variable import Variable, captured, names, new_read

UPDATES = "updates"  # the annex of a graph: operation -> the assigns that run with it
UPDATE_OPS = "update_ops"  # TF1's collection of the same


class _Calls(threading.local):
    """Per module call under way, innermost last: the assigns that it has made; and whose buffers changed."""

    def __init__(self) -> None:
        self.made: list[list[Operation]] = []
        self.changed: dict[Variable, None] = {}


_calls = _Calls()


def buffer(graph: Graph, tensor: torch.Tensor) -> Variable:
    """The variable of a buffer: one per tensor and graph."""
    name = names.buffers.get(id(tensor)) or names.parameters.get(id(tensor), "buffer")
    return captured(graph, tensor, name, trainable=False).variable


def state_of(value: Value) -> Variable | None:
    """The variable that has this value now, if one has."""
    if value.op.role is Role.READ:
        variable = value.op.payload.variable
        return variable if isinstance(variable, Variable) and variable._value is value else None
    found = value.handle() if value.handle is not None else None
    return found if isinstance(found, Variable) else None


def update(variable: Variable, value: Value) -> None:
    """Record that the buffer has a new value from here on."""
    state = variable.state
    if not state.buffer:
        raise RecordingError(
            message(f"{variable.name} is a variable: it can't change in place", value.op, "variable.assign(...)")
        )
    if value.spec.dtype is not state.spec.dtype or value.spec.shape != state.spec.shape:
        raise RecordingError(
            message(f"the buffer {state.name} is {state.spec!r} and can't become {value.spec!r}", value.op)
        )
    graph = state.graph
    with graph.name_scope(f"{state.name}/"):
        op = graph.add(Role.ASSIGN, "Assign", "update", (value,), (state.spec,), payload=state)
    graph.add_to_collection(UPDATE_OPS, op)
    state.written = True
    _calls.changed[variable] = None
    if _calls.made:
        _calls.made[-1].append(op)
    else:
        _attach(value.op, [op])
        _settle()


def refuse_changed(tensors: Any, wanted: str) -> None:
    """`NoValueError` if recorded code has changed one of these plain tensors, so that its own value is old."""
    states = get_default_graph().parameters
    for tensor in tensors:
        state = states.get(id(tensor))
        if state is not None and state.written:
            raise no_value(state.value, wanted)


def run_with(op: Operation) -> None:
    """Let an operation run with what the module call under way returns."""
    if _calls.made:
        _calls.made[-1].append(op)


def enter() -> None:
    """A module call begins."""
    _calls.made.append([])


def leave(result: Any, first: int) -> None:
    """A module call ends with this result; its operations have ids from `first` on."""
    made = _calls.made.pop()
    if made:
        outputs = {leaf._value.op for leaf in leaves(result) if isinstance(leaf, Tensor) and leaf._value.op.id >= first}
        for op in outputs:
            _attach(op, made)
        if not outputs and _calls.made:
            _calls.made[-1] += made
    if not _calls.made:
        _settle()


def _attach(op: Operation, assigns: list[Operation]) -> None:
    updates: dict[Operation, list[Operation]] = op.graph.annexes.setdefault(UPDATES, {})
    updates.setdefault(op, []).extend(assigns)


def _settle() -> None:
    """The outermost call is over: whoever reads a changed buffer next reads the state."""
    for variable in _calls.changed:
        value = new_read(variable.state, variable.state.name + "/read")
        variable._value = value
        hold(variable, value)
    _calls.changed.clear()
