"""An operation is data: a callable, its arguments, what it reads and writes, and the user's line."""

from __future__ import annotations

import enum
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any

from ..ground.spec import IntSpec, Spec
from .origin import line_of, short, source_line
from .sessions import require_session

if TYPE_CHECKING:
    from .graph import Graph


class Role(enum.Enum):
    """How a run obtains an operation's outputs; everything that torch computes is a CALL."""

    CALL = "call"
    PLACEHOLDER = "placeholder"
    CONSTANT = "constant"
    READ = "read"
    ASSIGN = "assign"
    GRADIENT = "gradient"
    GROUP = "group"


class Value:
    """One output of one operation. The user's handle on it is a symbolic Tensor."""

    __slots__ = ("op", "index", "spec", "_readers", "handle")
    op: Operation
    index: int
    spec: Spec | IntSpec
    # None, the reader, or a list of them: most values are read once, and Python's garbage collector
    # charges for every list that a large graph holds.
    _readers: Operation | list[Operation] | None
    handle: Handle | None

    @classmethod
    def of(cls, op: Operation, index: int, spec: Spec | IntSpec) -> Value:
        """An output of this operation; there is no `__init__`, since `Graph.add` is in a hurry."""
        value = cls()
        value.op, value.index, value.spec = op, index, spec
        value._readers = value.handle = None
        return value

    @property
    def name(self) -> str:
        return f"{self.op.name}:{self.index}"

    @property
    def readers(self) -> Sequence[Operation]:
        """The operations that read it, once per read, in creation order."""
        found = self._readers
        if found is None:
            return ()
        return found if type(found) is list else (found,)  # type: ignore[return-value]

    def add_reader(self, op: Operation) -> None:
        found = self._readers
        if found is None:
            self._readers = op
        elif type(found) is list:
            found.append(op)
        else:
            self._readers = [found, op]  # type: ignore[list-item]

    def __repr__(self) -> str:
        return f"<{self.name} {self.spec!r}>"


class Handle(weakref.ref[Any]):
    """A value's weak reference to the user's tensor; gone with it."""

    __slots__ = ("value",)
    value: Value


def hold(tensor: Any, value: Value) -> None:
    """Make the tensor the user's handle on the value."""
    handle = Handle(tensor, _forget)
    handle.value = value
    value.handle = handle


def _forget(handle: Any) -> None:
    if handle.value.handle is handle:
        handle.value.handle = None


# The recorder floor sets this: it makes the user's handle on a value.
make_handle: Callable[[Value], Any] = lambda value: value  # noqa: E731


def handle_of(value: Value) -> Any:
    """The symbolic tensor (or size) that stands for this value.

    A value holds its handle weakly: a graph of a million operations does not keep a million tensors.
    """
    found = value.handle() if value.handle is not None else None
    if found is None:
        found = make_handle(value)
        hold(found, value)
    return found


class Operation:
    """A node of the graph.

    Attributes:
        name: unique in its graph.
        type: canonical, the same for every spelling of a torch function (`Relu`, `MatMul`).
        target: the torch callable, or None where there is none (sources, gradients, groups).
        args, kwargs: the call's arguments, with a Value where a tensor stood.
        device: where it was asked to run, '' for anywhere.
        id: position in the graph; an operation reads only older ones.
        sources: a bit per placeholder, constant or variable upstream (they share a limited number of bits):
            whatever depends on an operation has all of its bits.
    """

    __slots__ = (
        "graph", "id", "name", "type", "role", "target", "_args", "_kwargs", "_reads", "_values",
        "controls", "device", "code", "lasti", "signature", "payload", "sources", "__weakref__",
    )  # fmt: skip

    graph: Graph
    id: int
    name: str
    type: str
    role: Role
    target: Any
    _args: tuple[Any, ...] | None
    _kwargs: dict[str, Any] | None
    # A single value stands for itself, not in a tuple, and arguments that the signature has are not kept
    # twice: Python's garbage collector charges for every tuple of a large graph, more than a property costs.
    _reads: Value | tuple[Value, ...]
    _values: Value | tuple[Value, ...]
    controls: tuple[Operation, ...]
    device: str
    # The user's code and the instruction in it; the line of an instruction takes long to look up.
    code: CodeType | None
    lasti: int
    signature: Any
    payload: Any
    sources: int

    @property
    def args(self) -> tuple[Any, ...]:
        """The call's positional arguments, with a Value where a tensor stood."""
        found = self._args
        return self.signature.arguments(self.reads) if found is None else found

    @property
    def kwargs(self) -> dict[str, Any]:
        """The call's keyword arguments, likewise."""
        found = self._kwargs
        return self.signature.options(self.reads) if found is None else found

    @property
    def reads(self) -> tuple[Value, ...]:
        """The values that it reads, once per read."""
        found = self._reads
        return found if type(found) is tuple else (found,)  # type: ignore[return-value]

    @property
    def values(self) -> tuple[Value, ...]:
        """The values that it gives."""
        found = self._values
        return found if type(found) is tuple else (found,)  # type: ignore[return-value]

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The symbolic tensors that it reads, once per read."""
        return tuple(handle_of(value) for value in self.reads)

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The symbolic tensors that it gives."""
        return tuple(handle_of(value) for value in self.values)

    @property
    def control_inputs(self) -> tuple[Operation, ...]:
        """The operations that have to run before it."""
        return self.controls

    def run(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> None:
        """Run it in the default session, or in the one given."""
        require_session(session, f"run {self.name}").run(self, feed_dict)

    @property
    def lineno(self) -> int:
        """The line of the user's file that recorded it; 0 if there was none."""
        return line_of(self.code, self.lasti) if self.code else 0

    @property
    def traceback(self) -> tuple[str, int]:
        """The user's file and line that recorded it; ('', 0) if there was none."""
        return (self.code.co_filename if self.code else "", self.lineno)

    def where(self) -> str:
        """`model.py:34   k = (h * 255).int()`, for messages."""
        filename, line = self.traceback
        if not filename:
            return "outside any Python file"
        return f"{short(filename)}:{line}   {source_line(filename, line)}".rstrip()

    def describe(self) -> str:
        """`cast_2: int32[64] = to(mul_7, int32)`, for messages."""
        outputs = ", ".join(repr(value.spec) for value in self.values) or "no output"
        called = getattr(self.target, "__name__", "") or self.role.value
        return f"{self.name}: {outputs} = {called}({', '.join(_arguments(self))})"

    def __deepcopy__(self, memo: Any) -> Operation:
        return self  # a copy of a networkx view still speaks of the same operations

    def __repr__(self) -> str:
        return f"<Operation {self.describe()}>"


def _arguments(op: Operation) -> Iterator[str]:
    if not op.args and not op.kwargs:
        yield from (value.op.name for value in op.reads)
        return
    yield from (_argument(argument) for argument in op.args)
    yield from (f"{key}={_argument(argument)}" for key, argument in op.kwargs.items())


def _argument(argument: Any) -> str:
    if isinstance(argument, Value):
        return argument.op.name if len(argument.op.values) == 1 else argument.name
    if isinstance(argument, (list, tuple)):
        return "[" + ", ".join(_argument(item) for item in argument) + "]"
    text = repr(argument).removeprefix("torch.")
    return text if len(text) <= 40 else text[:37] + "..."
