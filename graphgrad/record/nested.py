"""Functions inside an operation: the branches of a condition, the body of a loop.

A body is a graph of its own. The operation's target calls its compiled program, and autograd sees
through that, so that nothing here knows how to differentiate.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

from ..graph.body import BodyGraph, body_of
from ..graph.graph import Graph
from ..graph.operation import Operation, Role, Value, handle_of
from ..ground.spec import ArraySpec, IntSpec, Spec
from . import buffers
from .dims import Dim
from .infer import Leaf, Modes, leaves, rebuild
from .record import record
from .tensor import Tensor
from .variable import State, Variable

# A body's program: tensors in, a tuple of tensors out.
Compiled = Callable[..., tuple[Any, ...]]


@dataclass(eq=False)
class Body:
    """A function of tensors as a graph.

    Attributes:
        graph: its operations; `graph.captures` is what it reads of the graph around it.
        inputs: its arguments.
        outputs: what it returns, flat.
        structure: the nest that it returns, a Leaf for each output.
        made: (on the tape or off it, device) -> what was compiled, for whoever wants to read it.
        apart: arguments that come with an autograd node of their own, that nothing else it is called with depends on.
        fresh: whether no output can share memory with an argument or with another output, in any program of it
            that was made so far.
    """

    graph: BodyGraph
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    structure: Any
    made: dict[tuple[bool, str], Any] = field(default_factory=dict)
    fresh: bool = True
    apart: frozenset[Value] = frozenset()
    _programs: dict[Any, Compiled] = field(default_factory=dict)

    # Set by the floor that compiles programs.
    compile: ClassVar[Callable[[Body, bool, str], Compiled]]

    @property
    def captured(self) -> tuple[Value, ...]:
        """The values of the graph around it that it reads, in the order of their first use."""
        return tuple(self.graph.captures)

    @property
    def placeholders(self) -> tuple[Value, ...]:
        """What a call provides: the arguments, then the captures."""
        return (*self.inputs, *self.graph.captures.values())

    @property
    def random(self) -> bool:
        return any(getattr(op.signature, "random", False) for op in self.graph.get_operations())

    @property
    def computes(self) -> bool:
        """Whether something in it would go on autograd's tape."""
        ops = self.graph.get_operations()
        return any(op.role is Role.CALL and value.spec.differentiable for op in ops for value in op.values)

    @property
    def attention(self) -> bool:
        return any(getattr(op.signature, "attention", False) for op in self.graph.get_operations())

    def program(self, taped: bool, device: str) -> Compiled:
        """Its program, on autograd's tape or off it."""
        found = self._programs.get((taped, device))
        if found is None:
            found = self._programs[taped, device] = Body.compile(self, taped, device)
        return found


def trace(
    outer: Graph, function: Callable[..., Any], specs: Sequence[Spec | IntSpec], names: Sequence[str],
    arrange: Callable[[Sequence[Any]], Any] = tuple,
) -> Body:  # fmt: skip
    """Record a function as a body.

    Args:
        outer: the graph around it.
        function: called with what `arrange` makes of symbolic tensors of these specs.
        specs, names: of its arguments.
        arrange: a flat list of tensors -> the function's arguments.
    """
    with body_of(outer) as graph, contextlib.ExitStack() as stack:
        stack.callback(buffers.restore, graph)
        inputs = tuple(
            graph.enter(Role.PLACEHOLDER, "Argument", name, (), (spec,), None, (), {}, None, None, "", ()).values[0]
            for spec, name in zip(specs, names, strict=True)
        )
        result = function(*arrange([handle_of(value) for value in inputs]))
        outputs: list[Value] = []

        def place(leaf: Any) -> Any:
            if leaf is None or isinstance(leaf, Operation):
                return leaf
            outputs.append(_value_in(graph, leaf))
            return Leaf(len(outputs) - 1)

        structure = rebuild(result, place)
        return Body(graph, inputs, tuple(outputs), structure)


def _value_in(graph: BodyGraph, leaf: Any) -> Value:
    """A value of the body for something that it returns."""
    if isinstance(leaf, Tensor):
        return graph.capture(leaf.read() if isinstance(leaf, Variable) else leaf._value)
    if isinstance(leaf, Dim) or is_array(leaf):
        return graph.capture(leaf._value)
    raise TypeError(f"a branch or body returned {leaf!r}, which is no tensor")


def is_array(leaf: Any) -> bool:
    """Whether it is the user's handle on a tensor array of a graph."""
    value = getattr(leaf, "_value", None)
    return isinstance(value, Value) and isinstance(value.spec, ArraySpec)


class Nested:
    """The signature of an operation that calls bodies: what the recorder, the planner and the emitter ask of it."""

    no_derivative = False
    told = False
    alone = False  # whether each of such operations runs, equal or not

    def __init__(
        self, reads: Sequence[Spec | IntSpec], specs: Sequence[Spec | IntSpec], target: Any, bodies: Sequence[Body]
    ) -> None:
        self.reads = tuple(reads)
        self.specs = tuple(specs)
        self.target = target
        self.bodies = tuple(bodies)
        self.structure: Any = tuple(Leaf(number) for number in range(len(self.specs)))
        self.single = False
        self.random = any(body.random for body in bodies)
        self.attention = any(body.attention for body in bodies)
        self.aliases: tuple[int | None, ...] = (None,) * len(self.specs)
        self.modes = Modes(torch.is_grad_enabled(), torch.float32, None)
        self.derivative: Any = None  # set on first need


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.clone()


def _assign_in_body(
    body: BodyGraph, state: State, name: str, target: Any, source: Value, scaled: dict[str, Any]
) -> Operation:
    """In a branch or body an assign is a value, which the operation that calls it hands on to the variable."""
    new = handle_of(body.capture(source))
    if target is None:
        new = record(_copy, (new,), {}, name)
    else:
        new = record(target, (handle_of(state_in(body, state)), new), scaled, name)
    body.assigned[state] = new._value
    return new.op  # type: ignore[no-any-return]


State.assign_in_body = staticmethod(_assign_in_body)


def state_in(graph: Graph, state: State) -> Value:
    """The value that a variable has at the end of what was recorded in a graph so far."""
    if not isinstance(graph, BodyGraph):
        return state.value
    return graph.assigned[state] if state in graph.assigned else graph.capture(state_in(graph.outer, state))


def assigned_in(bodies: Sequence[Body]) -> list[State]:
    """The states that some of these bodies set."""
    return list(dict.fromkeys(state for body in bodies for state in body.graph.assigned))


def promote(body: Body, value: Value) -> None:
    """Make a captured value one more argument of the body."""
    body.inputs += (body.graph.capture(value),)
    del body.graph.captures[value]


def handed_on(graph: Graph, states: Sequence[State], values: Sequence[Value]) -> list[Operation]:
    """Assigns of what bodies have made of some variables; those of buffers run with the operation anyway."""
    assigns = []
    with graph.as_default():
        for state, value in zip(states, values, strict=True):
            if state.buffer:
                buffers.replace(state.variable, value)
            else:
                assigns.append(state.assign("Assign", f"{state.name}/assign", None, value))
    return assigns


def add(graph: Graph, type: str, name: str, reads: Sequence[Value], signature: Nested) -> tuple[Value, ...]:
    """The operation of such a signature; its target takes what it reads, one by one."""
    reads = tuple(reads)
    if isinstance(graph, BodyGraph):
        reads = tuple(map(graph.capture, reads))
    waits = [op for body in signature.bodies for op in body.graph.waits]
    with graph.control_dependencies(waits):
        op = graph.add(Role.CALL, type, name, reads, signature.specs, signature.target, reads, {}, signature)
    return op.values


def structured(structure: Any, values: Sequence[Value]) -> Any:
    """A nest of the user's handles on the values."""
    return rebuild(structure, lambda leaf: handle_of(values[leaf.index]) if type(leaf) is Leaf else leaf)


def flat(nest: Any) -> Iterator[Any]:
    """The leaves of a nest."""
    return leaves(nest)
