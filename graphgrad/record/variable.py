"""Variables: named state of a graph whose values live in a session.

A Variable is the symbolic tensor of its read. Inside `control_dependencies` every use reads anew, so
that it sees the assigns that it was told to wait for; elsewhere all uses share the read of the value
from before the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from ..graph import operation
from ..graph.body import BodyGraph, current_body, home, root_of
from ..graph.graph import NO_OPTIONS, Graph
from ..graph.operation import Operation, Role, Value, handle_of, hold
from ..ground.errors import ArgumentTypeError, message
from ..ground.spec import Spec, format_shape, spec
from .constants import as_constant, constant_value, from_numpy
from .tensor import Tensor, refuse_transformations


class State:
    """What a session keeps one tensor for.

    Attributes:
        buffer: whether it is a module's buffer, which its own forward may change.
        written: whether recorded code has changed the buffer.
        parameter: the torch tensor whose copy is the first value, or None: then `initializer` runs.
        reads: every read of the variable, in creation order.
    """

    __slots__ = (
        "name",
        "spec",
        "graph",
        "trainable",
        "buffer",
        "written",
        "parameter",
        "_reads",
        "_variable",
        "__weakref__",
    )

    # Set by the module that knows of branches and bodies.
    assign_in_body: ClassVar[Callable[..., Operation]]

    def __init__(self, name: str, spec: Spec, graph: Graph, trainable: bool, parameter: torch.Tensor | None):
        self.name = name
        self.spec = spec
        self.graph = graph
        self.trainable = trainable
        self.buffer = parameter is not None and not trainable
        self.written = False
        self.parameter = parameter
        # Mostly a single read: a list would cost every variable of every layer.
        self._reads: Any = None
        self._variable: Any = None

    @property
    def variable(self) -> Variable:
        """The user's handle; that of a captured parameter is made when somebody asks for it."""
        found: Variable | None = self._variable
        return make_handle(self) if found is None else found

    @property
    def value(self) -> Value:
        """The value that it has at this point of the recording."""
        if self._variable is not None:
            return self._variable._value  # type: ignore[no-any-return]
        found = self._reads
        return found[0] if type(found) is list else found  # type: ignore[no-any-return]

    def read(self) -> Value:
        """The value of a read at this point of the recording."""
        if self.buffer:
            return self.value
        body = current_body()
        if body is not None and root_of(body) is self.graph:
            return _read_in(body, self)
        return new_read(self, self.name + "/read") if self.graph.context.controls else self.value

    @property
    def collections(self) -> tuple[str, ...]:
        """Where the variable of a captured tensor is listed."""
        return ("variables", "trainable_variables") if self.trainable else ("variables",)

    @property
    def reads(self) -> Sequence[Value]:
        found = self._reads
        return found if type(found) is list else (found,)

    def add_read(self, value: Value) -> None:
        """Remember one more read."""
        found = self._reads
        if found is None:
            self._reads = value
        elif type(found) is list:
            found.append(value)
        else:
            self._reads = [found, value]

    def assign(
        self, type: str, name: str, target: Any, source: Value, scaled: dict[str, Any] | None = None
    ) -> Operation:
        """An operation that sets the variable to a value that fits, or updates it by one with `target`."""
        body = current_body()
        if body is not None and root_of(body) is self.graph:
            return State.assign_in_body(body, self, name, target, source, scaled or {})
        return self.graph.add(
            Role.ASSIGN, type, name, (source,), (self.spec,), target=target, kwargs=scaled or {}, payload=self
        )

    def initialised(self, initial: Value) -> Operation:
        """The operation that sets the variable to its initial value; it waits for nothing."""
        name, graph = self.name + "/Assign", self.graph
        if current_body() is not None:
            with graph.name_scope(self.name + "/"):
                return self.assign("Assign", "Assign", None, initial)
        device = graph.context.device
        return graph.enter(
            Role.ASSIGN, "Assign", name, (initial,), (self.spec,), None, (), NO_OPTIONS, None, self, device, ()
        )  # fmt: skip


class Variable(Tensor):
    """A symbolic tensor with state. Made by `gg.Variable`, `gg.get_variable` or by using a parameter."""

    __slots__ = ("state", "initial", "initializer")
    state: State
    initial: Value | None
    initializer: Operation | None

    def read(self) -> Value:
        """The value of a read at this point of the recording."""
        return self.state.read()

    def value(self) -> Any:
        """The variable's value as an ordinary tensor."""
        return self.read_value()

    def read_value(self) -> Any:
        """A new read, ordered after the current control dependencies."""
        if current_body() is not None:
            return Tensor.of(self.state.read())
        return Tensor.of(new_read(self.state, self.state.name + "/read"))

    @property
    def name(self) -> str:
        """The variable's name and ':0', also where it stands for a later read."""
        return f"{self.state.name}:0"

    @property
    def trainable(self) -> bool:
        return self.state.trainable

    @property
    def initial_value(self) -> Any:
        """The symbolic tensor or the parameter that the variable starts from."""
        return handle_of(self.initial) if self.initial is not None else self.state.parameter

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """An op that sets the variable; gives the new value, or the operation if `read_value` is False.

        Args:
            value: its new value, of the variable's shape and dtype.
            use_locking: makes no difference: no run sees half of an assign.
            name: the operation's name.
            read_value: whether the new value is given, or the operation.
        """
        return _given(self._assign("Assign", "assign", None, value, name), read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """An op that adds to the variable; arguments and result as of `assign`."""
        return _given(self._assign("AssignAdd", "assign_add", torch.add, delta, name), read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True, **scaled: float
    ) -> Any:
        """An op that subtracts from the variable; arguments and result as of `assign`."""
        return _given(self._assign("AssignSub", "assign_sub", torch.sub, delta, name, **scaled), read_value)

    def _assign(self, type: str, name: str, target: Any, value: Any, chosen: str | None, **scaled: float) -> Any:
        state = self.state
        source = as_operand(state, value)
        shape, wanted = source.spec.shape, state.spec.shape
        if not may_equal(shape, wanted) and not (target is not None and shape == ()):
            raise ValueError(
                message(
                    f"{name}: {format_shape(shape)} does not fit the variable's {format_shape(wanted)}",
                    source.op,
                )
            )
        return Tensor.of(state.assign(type, chosen or name, target, source, scaled).values[0])

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"<Variable {self.name!r} {self.state.spec!r}>"


def _given(new: Any, read_value: bool) -> Any:
    return new if read_value else new.op


def may_equal(shape: Any, wanted: Any) -> bool:
    """Whether two shapes, sizes perhaps unknown, can be the same one."""
    if shape is None or wanted is None:
        return True
    return len(shape) == len(wanted) and all(
        have is None or want is None or have == want for have, want in zip(shape, wanted, strict=True)
    )


def _read_in(body: BodyGraph, state: State) -> Value:
    """What a read inside a branch or body sees: of the assigns, those that it was told to wait for."""
    waits: dict[Operation, None] = {}
    ordered = False
    graph: Graph = body
    while isinstance(graph, BodyGraph):
        ordered = ordered or bool(graph.context.controls)
        waits |= graph.waits
        if (ordered or waits) and state in graph.assigned:
            return graph.assigned[state]
        graph = graph.outer
    outer = [op for op in waits if op.graph is graph]
    if not outer and not state.graph.context.controls:
        return state.value
    with state.graph.control_dependencies(outer):
        return new_read(state, state.name + "/read")


def new_read(state: State, name: str) -> Value:
    """One more read of the variable, at this point of the recording."""
    graph = state.graph
    with graph.name_scope(None):
        op = graph.add(Role.READ, "ReadVariable", name, (), (state.spec,), payload=state)
    state.add_read(op.values[0])
    return op.values[0]


def as_operand(state: State, value: Any) -> Value:
    """What is assigned, as a value of the variable's graph and dtype."""
    if isinstance(value, Tensor):
        found = value.read() if isinstance(value, Variable) else value._value
        if root_of(found.op.graph) is not state.graph:
            raise ValueError(f"{found.name} and the variable {state.name} belong to different graphs")
        if found.spec.dtype is not state.spec.dtype:
            raise ArgumentTypeError(
                message(
                    f"{found.name} is {found.spec.dtype}, the variable {state.name} {state.spec.dtype}",
                    found.op,
                    "cast it with .to(variable.dtype)",
                )
            )
        return found
    if isinstance(value, torch.Tensor):
        return as_constant(home(state.graph), value.detach().to(state.spec.dtype))
    return constant_value(home(state.graph), from_numpy(np.asarray(value), state.spec.dtype))


def make_variable(graph: Graph, name: str, spec: Spec, trainable: bool) -> Variable:
    """A variable with its first read; collections are the caller's."""
    context = graph.context.__dict__
    return make_handle(_state(graph, context["scope"] + name, spec, trainable, None))


def _state(graph: Graph, name: str, spec: Spec, trainable: bool, parameter: torch.Tensor | None) -> State:
    """A new state with its first read, which waits for nothing."""
    state = State(name, spec, graph, trainable, parameter)
    device = graph.context.device
    op = graph.enter(Role.READ, "ReadVariable", name, (), (spec,), None, (), NO_OPTIONS, None, state, device, ())
    state.name = op.name
    state._reads = op._values
    return state


def make_handle(state: State) -> Variable:
    """The Variable of a state that has none yet."""
    value = state.reads[0]
    variable: Variable = Tensor.of(value, Variable)  # type: ignore[assignment]
    variable.state = state
    variable.initial = None
    variable.initializer = None
    state._variable = variable
    hold(variable, value)
    return variable


_handle = operation.make_handle


def _handle_or_variable(value: Value) -> Any:
    """The user's handle on a value that has none: for the first read of a state the variable itself."""
    op = value.op
    if op.role is Role.READ and op.payload._variable is None and op.payload.reads[0] is value:
        return op.payload.variable
    return _handle(value)


operation.make_handle = _handle_or_variable


class Names(threading.local):
    """The names of parameters and of buffers, by id, while their module is being recorded on this thread."""

    def __init__(self) -> None:
        self.parameters: dict[int, str] = {}
        self.buffers: dict[int, str] = {}


names = Names()


def captured(graph: Graph, tensor: torch.Tensor, name: str = "", trainable: bool | None = None) -> State:
    """The state of a torch parameter, or of a buffer: one per tensor and graph."""
    states: dict[int, State] = graph.parameters
    found = states.get(id(tensor))
    if found is not None:
        return found
    refuse_transformations()
    if type(graph) is not Graph:
        graph = root_of(graph)
    if not tensor.is_leaf:
        raise ValueError(_derived(tensor, states))
    if trainable is None:
        trainable = tensor.requires_grad
    name = name or names.parameters.get(id(tensor), "parameter")  # it has its module's scope in it
    state = states[id(tensor)] = _state(graph, name, spec(tensor.shape, tensor.dtype), trainable, tensor)
    graph.captured.append(state)
    return state


def _derived(tensor: torch.Tensor, states: dict[int, State]) -> str:
    leaves, pending, seen = [], [tensor.grad_fn], set()
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            known = states[id(leaf)].name if id(leaf) in states else names.parameters.get(id(leaf))
            leaves.append(known or f"a parameter of shape {list(leaf.shape)}")
        pending.extend(parent for parent, _ in node.next_functions)
    return message(
        f"a tensor computed outside the graph from {', '.join(leaves) or 'a parameter'} meets a symbolic tensor: "
        "its gradient would be lost",
        None,
        "compute it inside gg.record or a module called with the symbolic tensor, or pass tensor.detach()",
    )
