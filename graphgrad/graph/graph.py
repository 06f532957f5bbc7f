"""The graph: operations in creation order, and the live networkx view of them."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch

from ..ground.late import networkx
from ..ground.spec import IntSpec, Spec
from .elements import as_operation, element
from .live import live_view
from .operation import Operation, Role, Value, handle_of
from .origin import user_frame
from .scopes import Context, Names, NameScope, as_device, scoped

# Few enough for small integers, many enough to tell the parts of a graph from one another.
_SOURCE_BITS = 120

NO_OPTIONS: dict[str, Any] = {}


class Graph:
    """Operations and what they read, in creation order, which is a topological order.

    Attributes:
        seed: the graph-level random seed, or None.

    >>> import graphgrad as gg
    >>> with gg.Graph().as_default() as graph:
    ...     x = gg.placeholder(gg.float32, [3], name="x")
    ...     y = x * x
    >>> sorted(graph.nx.nodes), graph.nx.number_of_edges("x", "mul")
    (['mul', 'x'], 2)
    """

    # Other names of types of operations, for gradient_override_map; the recorder knows some.
    spellings: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        self.seed: int | None = None
        self.context = Context()
        # What other floors keep per graph: by the module that owns it; the states of captured tensors, by id;
        # and those of them whose variables nobody has asked for, so that they are in no collection yet.
        self.annexes: dict[str, Any] = {}
        self.parameters: dict[int, Any] = {}
        self.captured: list[Any] = []
        self._operations: list[Operation] = []
        self._nx: networkx.MultiDiGraph[str] | None = None
        self._indexed: dict[str, Operation] = {}
        self._names = Names()
        self._lock = threading.RLock()
        self._finalized = False
        self._sources = 0
        self._collections: dict[str, list[Any]] = {}

    @property
    def nx(self) -> networkx.MultiDiGraph[str]:
        """The live `networkx.MultiDiGraph`, read-only to users.

        A node per operation, keyed by its name, with the Operation as attribute `op`; an edge per read (`x * x` is
        two edges) with the attributes `output` and `input` (positions), and one per control dependency with
        `control=True`.
        """
        with self._lock:
            if self._nx is None:
                self._nx = live_view(self._operations)
        return self._nx

    # -- creation ---------------------------------------------------------------------------------

    def add(
        self,
        role: Role,
        type: str,
        name: str,
        reads: tuple[Value, ...],
        specs: Sequence[Spec | IntSpec],
        target: Any = None,
        args: tuple[Any, ...] | None = (),
        kwargs: dict[str, Any] | None = NO_OPTIONS,
        signature: Any = None,
        payload: Any = None,
        device: str = "",
    ) -> Operation:
        """Create an operation in the current context; its signature knows `args` and `kwargs` of None."""
        context = self.context.__dict__
        return self.enter(
            role, type, scoped(context["scope"], name), reads, specs, target, args, kwargs, signature, payload,
            device or context["device"], context["controls"], 3,
        )  # fmt: skip

    def enter(
        self, role: Role, type: str, name: str, reads: tuple[Value, ...], specs: Sequence[Spec | IntSpec], target: Any,
        args: tuple[Any, ...] | None, kwargs: dict[str, Any] | None, signature: Any, payload: Any, device: str,
        controls: tuple[Operation, ...], depth: int = 4,
    ) -> Operation:  # fmt: skip
        """Create an operation whose name, device and control inputs do not depend on a context.

        A name that ends in '/' is a scope's, and meant just so. The user's line is looked for from the frame `depth`
        levels down, counted from where it is looked for.
        """
        op = Operation()
        op.graph = self
        op.type = type
        op.role = role
        op.target = target
        op._args = args
        op._kwargs = kwargs
        op._reads = reads[0] if len(reads) == 1 else reads
        op.controls = controls
        op.device = device
        op.signature = signature
        op.payload = payload
        frame = user_frame(depth)
        op.code, op.lasti = (None, 0) if frame is None else (frame.f_code, frame.f_lasti)
        if reads:
            sources = reads[0].op.sources
            for value in reads:
                more = value.op.sources
                if more is not sources and more | sources != sources:
                    sources |= more
            op.sources = sources
        if len(specs) == 1:
            op._values = value = Value()
            value.op = op
            value.index = 0
            value.spec = specs[0]
            value._readers = value.handle = None
        else:
            op._values = tuple([Value.of(op, index, spec) for index, spec in enumerate(specs)])
        with self._lock:
            if self._finalized:
                raise RuntimeError(f"the graph is finalized: {type} can't be added to it")
            if not reads:
                self._sources += 1
                op.sources = 1 << self._sources % _SOURCE_BITS
            op.name = self._names.unique(name) if name[-1:] != "/" else self._exactly(name[:-1])
            op.id = len(self._operations)
            self._operations.append(op)
            for value in reads:
                value.add_reader(op)
        return op

    def finalize(self) -> None:
        """Make the graph read-only: creating an operation raises `RuntimeError` from here on."""
        self._finalized = True

    @property
    def finalized(self) -> bool:
        """Whether it is read-only."""
        return self._finalized

    # -- names ------------------------------------------------------------------------------------

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """A name that no operation has yet, inside the current scope."""
        return self.unique(self.context.scope + name, mark_as_used)

    def unique(self, name: str, mark_as_used: bool = True) -> str:
        """A name that no operation has yet, given with its scope."""
        with self._lock:
            return self._names.unique(name, mark_as_used)

    def name_scope(self, name: str | None) -> contextlib.AbstractContextManager[str]:
        """Prefix names with a scope. A trailing '/' re-enters a scope; None or '' is the root."""
        return NameScope(self, name)

    def control_dependencies(self, control_inputs: Sequence[Any] | None) -> contextlib.AbstractContextManager[None]:
        """Operations created inside run after these; None forgets those of the outer blocks."""
        return self._after(control_inputs)

    @contextlib.contextmanager
    def _after(self, control_inputs: Sequence[Any] | None) -> Iterator[None]:
        context = self.context
        outer = context.controls
        if control_inputs is None:
            context.controls = ()
        else:
            found = [as_operation(self, item) for item in control_inputs]
            context.controls = tuple(dict.fromkeys((*outer, *found)))
        try:
            yield
        finally:
            context.controls = outer

    @contextlib.contextmanager
    def device(self, name: str | torch.device | None) -> Iterator[None]:
        """Place the operations created inside; None leaves the choice to the session."""
        context = self.context
        outer = context.device
        context.device = as_device(name)
        try:
            yield
        finally:
            context.device = outer

    @contextlib.contextmanager
    def gradient_override_map(self, op_type_map: dict[str, str]) -> Iterator[None]:
        """Operations of some types that are created inside have the gradients registered under other names.

        Operations made earlier keep theirs, and so does what gradients() records inside. Blocks nest: the inner
        one wins. A type that is mapped to itself has its own gradient again. `gg.RegisterGradient` has an example.

        Args:
            op_type_map: type (as `op.type` says, or TF1's name of it) -> registered name. Types that no operation
                has are ignored; a name not registered by then is an error once a gradient gets there.
        """
        if not isinstance(op_type_map, dict):
            raise TypeError(f"op_type_map is {op_type_map!r}, not a dict")
        if not all(isinstance(each, str) for pair in op_type_map.items() for each in pair):
            raise TypeError("op_type_map maps names of types to names of gradients: both are strings")
        context, outer = self.context, self.context.overrides
        context.overrides = outer | {self.spellings.get(type, type): name for type, name in op_type_map.items()}
        try:
            yield
        finally:
            context.overrides = outer

    # -- look-up ----------------------------------------------------------------------------------

    def get_operations(self) -> list[Operation]:
        """All operations, in creation order."""
        return list(self._operations)

    def __len__(self) -> int:
        return len(self._operations)

    def __repr__(self) -> str:
        return f"<Graph: operations: {len(self)}>"

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of this name. `KeyError` if there is none, `ValueError` for a tensor's name."""
        if not isinstance(name, str):
            raise TypeError(f"an operation's name is a str, got {name!r}")
        if ":" in name:
            raise ValueError(f"{name!r} names a tensor; use get_tensor_by_name")
        found = self._by_name().get(name)
        if found is None:
            raise KeyError(f"no operation named {name!r} in this graph")
        return found

    def get_tensor_by_name(self, name: str) -> Any:
        """The tensor `op:index`. `KeyError` if there is none, `ValueError` if it is not such a name."""
        return handle_of(self.value_by_name(name))

    def value_by_name(self, name: str) -> Value:
        """What the tensor `op:index` stands for; errors as `get_tensor_by_name`."""
        if not isinstance(name, str):
            raise TypeError(f"a tensor's name is a str, got {name!r}")
        op_name, colon, index = name.rpartition(":")
        if not colon or ":" in op_name or not re.fullmatch(r"\d+", index):
            raise ValueError(f"{name!r} is not a tensor's name: those look like 'op:0'")
        found = self._by_name().get(op_name)
        if found is None:
            raise KeyError(f"no operation named {op_name!r} in this graph, so no tensor {name!r}")
        values = found.values
        if int(index) >= len(values):
            raise KeyError(f"operation {op_name!r} has {len(values)} outputs, so no tensor {name!r}")
        return values[int(index)]

    def _by_name(self) -> dict[str, Operation]:
        """The operations by name; those recorded since the last look are added now."""
        with self._lock:
            for op in self._operations[len(self._indexed) :]:
                self._indexed[op.name] = op
        return self._indexed

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """What `graph.elements.element` finds in this graph: the tensor or operation that an object means."""
        return element(self, obj, allow_tensor, allow_operation)

    def _exactly(self, name: str) -> str:
        """A name that no operation has, though a scope may; `ValueError` if one has it."""
        if name in self._by_name():
            raise ValueError(f"there is an operation named {name!r} already: leave out the slash at the end")
        return self._names.taken(name)

    # -- collections ------------------------------------------------------------------------------

    def add_to_collection(self, name: str, value: Any) -> None:
        """Append a value to a collection; `RuntimeError` on a finalized graph."""
        if self._finalized:
            raise RuntimeError("the graph is finalized: its collections can't change")
        self._listed().setdefault(name, []).append(value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """A copy of a collection; with a scope, the items whose name matches it (as a regex prefix)."""
        items = list(self._listed().get(name, []))
        if scope is None:
            return items
        named = [(item, getattr(item, "name", None)) for item in items]
        return [item for item, name in named if isinstance(name, str) and re.match(scope, name)]

    def get_collection_ref(self, name: str) -> list[Any]:
        """The collection itself, made if it does not exist."""
        return self._listed().setdefault(name, [])

    def get_all_collection_keys(self) -> list[str]:
        """The names of all collections that have something in them."""
        return [name for name, items in self._listed().items() if items]

    def clear_collection(self, name: str) -> None:
        """Empty a collection."""
        self._listed().pop(name, None)

    def add_to_collections(self, names: Sequence[str] | str, value: Any) -> None:
        """Append a value to several collections."""
        for name in dict.fromkeys([names] if isinstance(names, str) else names):
            self.add_to_collection(name, value)

    def get_name_scope(self) -> str:
        """The current name scope, without the slash at its end."""
        return self.context.scope.rstrip("/")

    def _listed(self) -> dict[str, list[Any]]:
        """The collections, with the variables of captured tensors in them."""
        if self.captured:
            with self._lock:
                for state in self.captured:
                    for name in state.collections:
                        self._collections.setdefault(name, []).append(state.variable)
                self.captured.clear()
        return self._collections

    @contextlib.contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Make this the graph that operations without inputs are created in, on this thread."""
        stack = _stack()
        stack.append(self)
        try:
            yield self
        finally:
            del stack[-1 - stack[::-1].index(self)]  # the innermost


class _Defaults(threading.local):
    def __init__(self) -> None:
        self.stack: list[Graph] = []
        self.base = Graph()


_defaults = _Defaults()


def _stack() -> list[Graph]:
    return _defaults.stack


def get_default_graph() -> Graph:
    """The innermost `as_default` graph of this thread, or the thread's base graph."""
    return _defaults.stack[-1] if _defaults.stack else _defaults.base


def reset_default_graph() -> None:
    """Forget the thread's base graph and start a fresh one."""
    if _defaults.stack:
        raise AssertionError("reset_default_graph() inside `with graph.as_default()`: leave the block first")
    _defaults.base = Graph()


def name_scope(name: str | None, default_name: str | None = None, values: Any = None) -> Any:
    """`graph.name_scope` of the default graph; `default_name` is used where `name` is None.

    >>> import graphgrad as gg
    >>> with gg.name_scope("layer"):
    ...     gg.constant(1.0, name="bias").name
    'layer/bias:0'
    """
    return get_default_graph().name_scope(default_name if name is None else name)


def control_dependencies(control_inputs: Sequence[Any] | None) -> Any:
    """`graph.control_dependencies` of the default graph."""
    return get_default_graph().control_dependencies(control_inputs)


def device(name: str | torch.device | None) -> Any:
    """`graph.device` of the default graph; torch's and TF1's names are understood."""
    return get_default_graph().device(name)
