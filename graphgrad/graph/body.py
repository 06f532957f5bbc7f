"""The graph of a branch or of a loop's body: what it uses from outside comes in through captures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .graph import Graph, get_default_graph
from .operation import Operation, Role, Value


class BodyGraph(Graph):
    """A graph inside another one. Its variables and collections are those of the outermost.

    Attributes:
        outer: the graph around it.
        captures: value of the outer graph -> the placeholder that stands for it in here.
        waits: operations of outer graphs that something in here was told to wait for.
        assigned: variable's state -> the value that it gets in here, for whoever calls the body to assign.
        before: state of a module's buffer that changes in here -> the value that it had.
        complete: whether its function has returned: from then on it reads more at most, for whoever calls it.
    """

    def __init__(self, outer: Graph) -> None:
        super().__init__()
        self.outer = outer
        self.seed = outer.seed
        self.captures: dict[Value, Value] = {}
        self.waits: dict[Operation, None] = {}
        self.assigned: dict[Any, Value] = {}
        self.before: dict[Any, Value] = {}
        self.complete = False
        root = root_of(outer)
        self.parameters, self.captured, self._collections = root.parameters, root.captured, root._collections
        self.context.overrides = outer.context.overrides

    def capture(self, value: Value) -> Value:
        """What stands in here for a value of this graph or of one around it; `ValueError` for any other."""
        if value.op.graph is self:
            return value
        found = self.captures.get(value)
        if found is None:
            of = value
            if value.op.graph is not self.outer:
                if not isinstance(self.outer, BodyGraph):
                    raise ValueError(f"{value.name} belongs to another graph: a branch or body can't read it")
                of = self.outer.capture(value)
                if of in self.captures:
                    return self.captures[of]
            op = self.enter(
                Role.PLACEHOLDER, "Capture", value.op.name, (), (value.spec,), None, (), {}, None, None, "", ()
            )
            found = self.captures[of] = op.values[0]
        return found

    def enter(self, role: Role, type: str, *rest: Any) -> Operation:
        if self.complete and type != "Capture":
            raise RuntimeError(
                f"{type} reads a tensor from inside a branch or body that is complete: return the tensor from there"
            )
        return super().enter(role, type, *rest)

    def control_dependencies(self, control_inputs: Sequence[Any] | None) -> AbstractContextManager[None]:
        inside = None
        if control_inputs is not None:
            inside = []
            for item in control_inputs:
                op = item if isinstance(item, Operation) else getattr(item, "op", None)
                if isinstance(op, Operation) and op.graph is not self and encloses(op.graph, self):
                    self.waits[op] = None
                else:
                    inside.append(item)
        return super().control_dependencies(inside)


def original(value: Value) -> Value:
    """The value that a capture stands for, in the graph that computes it; any other value as it is."""
    while isinstance(value.op.graph, BodyGraph) and value.op.type == "Capture":
        captures = value.op.graph.captures
        outer = next((outer for outer, inner in captures.items() if inner is value), None)
        if outer is None:
            break  # it has become an argument of a loop
        value = outer
    return value


def root_of(graph: Graph) -> Graph:
    """The outermost graph around this one."""
    while isinstance(graph, BodyGraph):
        graph = graph.outer
    return graph


def encloses(graph: Graph, body: Graph) -> bool:
    """Whether the graph is one of those around a body."""
    while isinstance(body, BodyGraph):
        body = body.outer
        if body is graph:
            return True
    return False


class _Tracing:
    """How many bodies are being recorded, on all threads: recording looks at one number where there are none."""

    bodies = 0


tracing = _Tracing()


def current_body() -> BodyGraph | None:
    """The body that is being recorded on this thread, if one is."""
    if tracing.bodies:
        graph = get_default_graph()
        if isinstance(graph, BodyGraph):
            return graph
    return None


def home(graph: Graph) -> Graph:
    """Where an operation that reads values of this graph belongs: in the body being recorded, if it is inside."""
    if tracing.bodies:
        current = get_default_graph()
        if current is not graph and encloses(graph, current):
            return current
    return graph


@contextmanager
def body_of(outer: Graph) -> Iterator[BodyGraph]:
    """A new body inside a graph, which is the default graph in the block."""
    graph = BodyGraph(outer)
    tracing.bodies += 1
    try:
        with graph.as_default():
            yield graph
    finally:
        tracing.bodies -= 1
        graph.complete = True
