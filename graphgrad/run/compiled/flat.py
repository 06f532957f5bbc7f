"""A run as one flat graph of torch's kernels, forward, backward and updates: traced by running it once.

The trace runs on real numbers, but on copies of the variables and with random generators of its own. Whatever
must see a number to go on, and could go on differently in another run, is refused.
"""

from __future__ import annotations

import contextlib
import operator
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Graph, Node
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ...graph.operation import Operation, Role
from ...plan.effects import effectful
from ...plan.steps import Plan
from ..program import Program, programs
from ..runtime import Run, default_dtype
from ..store import leaf

# So many kernels, and so many more for each line of the program, are traced: beyond that a loop was unrolled, or
# many sweeps go over the same operations.
_KERNELS, _KERNELS_PER_LINE = 10_000, 10

_DEPENDS = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)

# How Python gets at a tensor's numbers without a kernel.
_NUMBERS = frozenset((torch.Tensor.numpy, torch.Tensor.__array__, torch.Tensor.tolist, torch.Tensor.__dlpack__))


class Untraceable(Exception):
    """A run can't be one flat graph.

    Attributes:
        reason: why, in words.
        op: the operation that stands in the way, if one does.
        failed: whether the run failed on these numbers; others may do.
    """

    def __init__(self, reason: str, op: Operation | None = None, failed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.op = op
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Draw:
    """A call of a random operation: its stream, the operation's own seed if it has one, and the call's number."""

    stream: int
    seed: int | None
    number: int


@dataclass(frozen=True, slots=True)
class Made:
    """What is known of a tensor in a flat graph."""

    shape: torch.Size
    stride: tuple[int, ...]
    offset: int
    dtype: torch.dtype
    device: torch.device

    @classmethod
    def of(cls, tensor: torch.Tensor) -> Made | None:
        """None for a tensor that is not a block of memory, such as a sparse one."""
        if tensor.layout is not torch.strided:
            return None
        return cls(tensor.shape, tensor.stride(), int(tensor.storage_offset()), tensor.dtype, tensor.device)


@dataclass
class Flat:
    """One flat graph.

    Attributes:
        graph: torch.fx's; its placeholders are the feeds, the state and the constants, in this order. A node's
            `meta["made"]` is the Made of its tensor, or a list of them.
        fetched: how many of the results are fetches; the others are new values of variables.
        ops: node -> the operation on whose line its kernel ran; that of a backward pass is the gradient operation.
        draws: node -> the random call that it belongs to.
        drew: the nodes that have drawn numbers.
        dtypes: node -> the default dtype that held, where it was not torch's usual one.
        constants: node -> a tensor that the program has from elsewhere.
        again: node -> the backward pass in which it was computed again.
    """

    graph: Graph = field(default_factory=Graph)
    fetched: int = 0
    ops: dict[Node, Operation | None] = field(default_factory=dict)
    draws: dict[Node, Draw] = field(default_factory=dict)
    drew: set[Node] = field(default_factory=set)
    dtypes: dict[Node, torch.dtype] = field(default_factory=dict)
    constants: dict[Node, torch.Tensor] = field(default_factory=dict)
    again: dict[Node, int] = field(default_factory=dict)


def flatten(program: Program, feeds: Sequence[Any], state: Sequence[Any], orders: Sequence[str]) -> Flat:
    """Trace a program with these feeds and variables, which stay as they are.

    Raises:
        Untraceable: if a part of it must see numbers, or does more than compute.
    """
    _refuse_effects(program.plan)
    watcher = _Kernels(program)
    given = [each.detach() for each in feeds]
    with _apart():
        copies = [leaf(each.detach().clone()) for each in state]
        constants = [each.detach() if isinstance(each, torch.Tensor) else each for each in program.constants]
        for tensor in (*given, *copies, *(each for each in constants if isinstance(each, torch.Tensor))):
            watcher.start(tensor)
        grad = torch.is_grad_enabled()
        try:
            with watcher, _Calls(watcher):
                outputs, renamed = program.call(given, copies, constants, _TracedRun(orders, watcher))
        except Untraceable:
            raise
        except Exception as error:
            lines = str(error).strip().splitlines()
            what = f"{type(error).__name__}: {lines[0] if lines else ''}"
            raise Untraceable(what, watcher.op, failed=True) from error
        finally:
            torch._C._set_grad_enabled(grad)
    for each in (*outputs, *renamed):
        if not isinstance(each, (torch.Tensor, int, float, bool)):
            raise Untraceable(f"a result is a {type(each).__name__}, not a tensor")
    flat = watcher.flat
    flat.fetched = len(outputs)
    flat.graph.output([watcher.place(each) for each in (*outputs, *renamed)])
    return flat


_alone = threading.RLock()


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """A block that leaves random generators alone and warns of nothing."""
    off = torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False)
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    own_draws, quiet = torch.random.fork_rng(devices=devices), warnings.catch_warnings()
    with _alone, torch.inference_mode(False), off[0], off[1], default_dtype(torch.float32), own_draws, quiet:
        warnings.simplefilter("ignore")
        yield


def _refuse_effects(plan: Plan) -> None:
    for step in plan.steps:
        if effectful(step.op):
            raise Untraceable("it runs Python code, or does more than compute", step.op)


def is_random(node: Node) -> bool:
    """Whether a node's kernel may draw numbers; some do with certain arguments only."""
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())


def _generators() -> list[torch.Tensor]:
    """The states of the generators that kernels draw from."""
    found = [torch.default_generator.get_state()]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        found += [each.get_state() for each in torch.cuda.default_generators]
    return found


class _TracedRun(Run):
    """A run that notes which kernels belong to a random operation."""

    __slots__ = ("watcher",)

    def __init__(self, orders: Sequence[str], watcher: _Kernels) -> None:
        super().__init__(orders)
        self.watcher = watcher

    def draw(self, operation: int, function: Callable[[], Any], seed: int | None = None) -> Any:
        watcher = self.watcher
        if self._replayed is not None:
            raise Untraceable("it draws numbers again on the way back", watcher.op)
        outer = watcher.draw
        watcher.count += 1
        watcher.draw = outer or Draw(operation, seed, watcher.count)
        try:
            return function()
        finally:
            watcher.draw = outer


class _Kernels(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down every kernel that runs, tied to the operation on whose line it does."""

    def __init__(self, program: Program) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.program = program
        self.flat = Flat()
        self.most = _KERNELS + _KERNELS_PER_LINE * len(program.ops)
        self.op: Operation | None = None
        self.draw: Draw | None = None
        self.count = 0

    def start(self, tensor: torch.Tensor) -> None:
        """A placeholder for one of the program's arguments."""
        self._mark(tensor, self.flat.graph.placeholder("given"))

    def _mark(self, tensor: torch.Tensor, node: Node) -> None:
        # The tensor carries its node: it lives as long as the memory, wherever torch keeps it meanwhile.
        tensor._graphgrad_node = node  # type: ignore[attr-defined]
        node.meta["made"] = Made.of(tensor)

    def place(self, item: Any) -> Any:
        """The node of a tensor, which may come from elsewhere; anything else as it is."""
        if not isinstance(item, torch.Tensor):
            return item
        node: Node | None = getattr(item, "_graphgrad_node", None)
        if node is None or node.graph is not self.flat.graph:
            node = self.flat.graph.get_attr(f"constant_{len(self.flat.constants)}")
            self.flat.constants[node] = item.detach().clone()
            self._note(node)
            self._mark(item, node)
        return node

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        self._look()
        if any(tag in func.tags for tag in _DEPENDS) or func is torch.ops.aten._local_scalar_dense.default:
            raise Untraceable(f"{func} depends on numbers", self.op)
        if len(self.flat.ops) > self.most:
            raise Untraceable(f"it has more than {self.most:,} kernels, of {len(self.program.ops):,} lines", self.op)
        given = _mapped(args, self.place), _mapped(kwargs, self.place)
        before = _generators() if torch.Tag.nondeterministic_seeded in func.tags else None
        result = func(*args, **kwargs)
        node = self.flat.graph.call_function(func, *given)
        self._note(node)
        if before is not None and not all(map(torch.equal, before, _generators())):
            if self.draw is None:  # as a recomputed forward does, from a generator that Python code has set
                raise Untraceable(f"{func} draws outside a random operation", self.op)
            self.flat.drew.add(node)
        if isinstance(result, torch.Tensor):
            self._mark(result, node)
        elif isinstance(result, (tuple, list)):
            self._mark_all(result, node)
        return result

    def _mark_all(self, results: Sequence[Any], node: Node) -> None:
        node.meta["made"] = [None] * len(results)
        for place, each in enumerate(results):
            if isinstance(each, torch.Tensor):
                part = self.flat.graph.call_function(operator.getitem, (node, place))
                self._note(part)
                self._mark(each, part)

    def _note(self, node: Node) -> None:
        self.flat.ops[node] = self.op
        if self.draw is not None:
            self.flat.draws[node] = self.draw
        if torch.get_default_dtype() is not torch.float32:
            self.flat.dtypes[node] = torch.get_default_dtype()
        task = torch._C._current_graph_task_id()
        if task != -1 and self.op is not None and self.op.role is not Role.GRADIENT:
            self.flat.again[node] = task

    def _look(self) -> None:
        """Find the operation on whose line the program, or a body that it calls, is."""
        frame: Any = sys._getframe(2)
        while frame is not None:
            filename = frame.f_code.co_filename
            if filename.startswith("<graphgrad"):
                program = programs.get(filename)
                op = None if program is None else program.ops[frame.f_lineno - 1]
                if op is not None:
                    self.op = op
                    return
            frame = frame.f_back


class _Calls(TorchFunctionMode):
    """Refuses what reads numbers without a kernel."""

    def __init__(self, watcher: _Kernels) -> None:
        super().__init__()
        self.watcher = watcher

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _NUMBERS:
            raise Untraceable(f"{func.__name__}() reads numbers", self.watcher.op)
        return func(*args, **(kwargs or {}))


def _mapped(nest: Any, function: Callable[[Any], Any]) -> Any:
    kind = type(nest)
    if kind is tuple or kind is list:
        return kind([_mapped(item, function) for item in nest])
    if kind is dict:
        return {name: _mapped(item, function) for name, item in nest.items()}
    return function(nest)
