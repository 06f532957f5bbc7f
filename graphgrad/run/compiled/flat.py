"""A run as one flat graph of torch's kernels, forward, backward and updates: traced by running it once.

The trace runs on real numbers, but on copies of the variables. Whatever must see a number to go on, and could go on
differently in another run, is refused; unless the program has it apart (`opaque.py`): then it is one node.
"""

from __future__ import annotations

import contextlib
import operator
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Graph, Node
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ...graph.operation import Operation, Role
from ...plan.effects import effectful
from ...record.flow import Flow
from ...record.infer import leaves
from ..program import Program, programs
from ..runtime import Run
from ..store import leaf
from .made import Made as Made
from .opaque import Back, Logged, Opaque, Outcome, Parted
from .quiet import aside, generators, quiet

# So many kernels, and so many more for each line of the program, are traced. Many sweeps over the same operations
# shrink to a few kernels when merged; an unrolled loop stays as long as it is.
_KERNELS, _KERNELS_OF_LOOPS, _KERNELS_PER_LINE = 30_000, 10_000, 10

_DEPENDS = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)

# How Python gets at a tensor's numbers without a kernel.
_NUMBERS = frozenset((torch.Tensor.numpy, torch.Tensor.__array__, torch.Tensor.tolist, torch.Tensor.__dlpack__))


class Untraceable(Exception):
    """A run can't be one flat graph.

    Attributes:
        reason: why, in words.
        op: the operation that stands in the way, if one does.
        failed: whether the run failed on these numbers; others may do.
        step: the operation of the run that it is, or that calls it.
    """

    def __init__(
        self, reason: str, op: Operation | None = None, failed: bool = False, step: Operation | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.op = op
        self.failed = failed
        self.step = op if step is None else step


@dataclass(frozen=True, slots=True)
class Draw:
    """A call of a random operation: its stream, the operation's own seed if it has one, and the call's number."""

    stream: int
    seed: int | None
    number: int


@dataclass
class Flat:
    """One flat graph.

    Attributes:
        graph: torch.fx's; its placeholders are the feeds, the state and the constants, in this order. A node's
            `meta["made"]` is the Made of its tensor, or a list of them. Its targets are kernels (torch's overloads),
            `operator.getitem`, and, for what is left as it is, an Opaque or a Back: plain Python callables that must
            be called once, in this order, and whose results may share memory with their arguments. The last result
            of an Opaque, if it is read, is no tensor.
        fetched: how many of the results are fetches; the others are new values of variables.
        ops: node -> the operation on whose line its kernel ran; that of a backward pass is the gradient operation.
        draws: node -> the random call that it belongs to.
        drew: the nodes that have drawn numbers.
        dtypes: node -> the default dtype that held, where it was not torch's usual one.
        constants: node -> a tensor that the program has from elsewhere.
        sizes: name -> (feed, dimension), where the graph is one for feeds of many sizes (`sizes.py`): then a number
            among the arguments, or in a Made, may be a Sized, an expression in these names.
        again: node -> the backward pass in which it was computed again.
    """

    graph: Graph = field(default_factory=Graph)
    fetched: int = 0
    ops: dict[Node, Operation | None] = field(default_factory=dict)
    draws: dict[Node, Draw] = field(default_factory=dict)
    drew: set[Node] = field(default_factory=set)
    dtypes: dict[Node, torch.dtype] = field(default_factory=dict)
    constants: dict[Node, torch.Tensor] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    again: dict[Node, int] = field(default_factory=dict)


def flatten(
    program: Program, feeds: Sequence[Any], state: Sequence[Any], orders: Sequence[str], run: Logged | None = None
) -> Flat:
    """Trace a program with these feeds and variables, which stay as they are.

    Args:
        program: if it has operations apart, they are done, and the run remembers it.
        feeds, state, orders: of the run.
        run: what it remembers; None draws on no stream, and forgets.

    Raises:
        Untraceable: if a part of it must see numbers, or does more than compute.
    """
    _refuse_effects(program)
    watcher = _Kernels(program)
    given = [each.detach() for each in feeds]
    with quiet() as filters:
        copies = [leaf(each.detach().clone()) for each in state]
        constants = [each.detach() if isinstance(each, torch.Tensor) else each for each in program.constants]
        for tensor in (*given, *copies):
            watcher.start(tensor, False)
        for tensor in (each for each in constants if isinstance(each, torch.Tensor)):
            watcher.start(tensor, True)
        grad = torch.is_grad_enabled()
        try:
            with watcher, _Calls(watcher):
                outputs, renamed = program.call(given, copies, constants, _TracedRun(orders, watcher, run, filters))
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


def _refuse_effects(program: Program) -> None:
    apart = {each.op for each in program.constants if isinstance(each, Parted)}
    for step in program.plan.steps:
        if step.op not in apart and effectful(step.op):
            raise Untraceable("it runs Python code, or does more than compute", step.op)


def is_random(node: Node) -> bool:
    """Whether a node's kernel may draw numbers; some do with certain arguments only."""
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())


class _TracedRun(Run):
    """A run that notes which kernels belong to a random operation, and what is apart as nodes of its own."""

    __slots__ = ("watcher", "logged", "filters")

    def __init__(self, orders: Sequence[str], watcher: _Kernels, logged: Logged | None, filters: Sequence[Any]) -> None:
        super().__init__(orders)
        self.watcher = watcher
        self.logged = Logged(orders, None) if logged is None else logged
        self.filters = filters

    def draw(self, operation: int, function: Callable[[], Any], seed: int | None = None) -> Any:
        watcher = self.watcher
        if self._replayed is not None:
            raise Untraceable("it draws numbers again on the way back", watcher.op)
        outer = watcher.draw
        watcher.count += 1
        watcher.draw = outer or Draw(operation, seed, watcher.count)
        try:
            return self.logged.draw(operation, function, seed)
        finally:
            watcher.draw = outer

    def apart(self, parted: Parted, function: Callable[..., Any], *given: Any, modes: Any = None) -> Any:
        """Call an operation that is left as it is; see `Logged.apart`."""
        watcher = self.watcher
        opaque = Opaque.of(parted, function, given, modes)
        opaque.program = watcher.program
        watcher.op = watcher.step = parted.op
        nodes = [watcher.place(each) for each in given]
        with watcher.idle(), aside(self.filters):
            outcome = opaque.outcome(self.logged, given)
        for each in (*given, *outcome.results):
            self._check(each, parted.op)
        if True in outcome.layout[-1]:
            raise Untraceable("the terms of a gradient on its way are added up among others", parted.op)
        opaque.expected = outcome.layout
        node = watcher.flat.graph.call_function(opaque, tuple(nodes))
        watcher.opaque(node, [*outcome.results, outcome])
        return Logged.handed(self, opaque, outcome, given)  # type: ignore[arg-type]

    def back(self, opaque: Opaque, outcome: Outcome, seeds: Sequence[torch.Tensor | None]) -> Any:
        """The gradients of what it was called with; see `Logged.back`."""
        watcher = self.watcher
        watcher.look()
        if torch.is_grad_enabled():
            raise Untraceable("it is differentiated twice", opaque.parted.op)
        nodes = [watcher.place(each) for each in seeds]
        with watcher.idle(), aside(self.filters):
            found = opaque.returned(self.logged, outcome, seeds)
        for each in found.gradients:
            self._check(each, opaque.parted.op)
        own = watcher.nodes[id(outcome)]
        node = watcher.flat.graph.call_function(Back(opaque, found.layout), (own, *nodes))
        gradients = [each for each in found.gradients if each is not None]
        watcher.opaque(node, gradients)
        given = iter(gradients)
        return [None if each is None else next(given).detach() for each in found.gradients]

    def _check(self, item: Any, op: Operation) -> None:
        """Tensors in memory, and numbers, are all that flat programs have."""
        tensor = isinstance(item, torch.Tensor)
        if (tensor and Made.of(item) is None) or not isinstance(item, (torch.Tensor, int, float, str, type(None))):
            raise Untraceable(f"it has to do with {type(item).__name__} that is no plain tensor", op)


class _Kernels(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down every kernel that runs, tied to the operation on whose line it does."""

    def __init__(self, program: Program) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.program = program
        self.flat = Flat()
        loops = any(isinstance(step.op.target, Flow) for step in program.plan.steps)
        self.most = (_KERNELS_OF_LOOPS if loops else _KERNELS) + _KERNELS_PER_LINE * len(program.ops)
        self.op: Operation | None = None
        self.step: Operation | None = None
        self.kernels: Counter[Operation | None] = Counter()
        self.nodes: dict[int, Node] = {}
        self.fixed: set[Node] = set()
        self.touched: set[int] = set()
        self.draw: Draw | None = None
        self.count = 0
        self.watching = True

    def start(self, tensor: torch.Tensor, fixed: bool) -> None:
        """A placeholder for one of the program's arguments, which is the same in each run or not."""
        self._mark(tensor, node := self.flat.graph.placeholder("given"))
        if fixed:
            self.fixed.add(node)

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
            self.fixed.add(node)
            self._note(node)
            self._mark(item, node)
        return node

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        self.look()
        self.kernels[self.step] += 1
        if func is torch.ops.aten._local_scalar_dense.default and self._is_fixed(args[0]):
            return func(*args, **kwargs)
        reads = any(tag in func.tags for tag in _DEPENDS)
        if reads and not all(map(self._is_fixed, leaves([args, kwargs]))):
            raise Untraceable(f"{func} depends on numbers", self.op, step=self.step)
        if len(self.flat.ops) > self.most:
            what = f"it has more than {self.most:,} kernels, of {len(self.program.ops):,} lines"
            raise Untraceable(what, self.op, step=self._longest())
        given = _mapped(args, self.place), _mapped(kwargs, self.place)
        before = generators() if torch.Tag.nondeterministic_seeded in func.tags else None
        result = func(*args, **kwargs)
        node = self.flat.graph.call_function(func, *given)
        self._note(node)
        self._fix(node, func, args)
        if before is not None and not all(map(torch.equal, before, generators())):
            if self.draw is None:  # as a recomputed forward does, from a generator that Python code has set
                raise Untraceable(f"{func} draws outside a random operation", self.op, step=self.step)
            self.flat.drew.add(node)
        if isinstance(result, torch.Tensor):
            self._mark(result, node)
        elif isinstance(result, (tuple, list)):
            self._mark_all(result, node)
        return result

    def opaque(self, node: Node, results: Sequence[Any]) -> None:
        """A call that gives these: tensors, and what goes with them."""
        self._note(node)
        if self.draw is not None:
            self.flat.drew.add(node)
        self._mark_all(results, node)
        place = len(results) - 1
        if results and isinstance(results[place], Outcome):
            own = self.flat.graph.call_function(operator.getitem, (node, place))
            self._note(own)
            self.nodes[id(results[place])] = own

    def _longest(self) -> Operation | None:
        """The loop that has most of the kernels so far, if there is one."""
        loops = [each for each in self.kernels if each is not None and isinstance(each.target, Flow)]
        return max(loops, key=self.kernels.__getitem__, default=None)

    @contextlib.contextmanager
    def idle(self) -> Iterator[None]:
        """A block in which numbers may be read."""
        self.watching = False
        try:
            yield
        finally:
            self.watching = True

    def _fix(self, node: Node, func: Any, args: Any) -> None:
        """Note whether what a kernel gives is the same in each run of this kind, and what is no longer."""
        if torch.Tag.nondeterministic_seeded not in func.tags and all(
            map(self.fixed.__contains__, node.all_input_nodes)
        ):
            self.fixed.add(node)
        elif func._schema.is_mutable:
            tensors = (each for each in leaves(args) if isinstance(each, torch.Tensor))
            self.touched.update(each.untyped_storage().data_ptr() for each in tensors if Made.of(each) is not None)

    def _is_fixed(self, item: Any) -> bool:
        """Whether something is the same in each run of this kind: computed of constants and sizes alone."""
        if not isinstance(item, torch.Tensor):
            return True
        plain = Made.of(item) is not None and item.untyped_storage().data_ptr() not in self.touched
        return plain and self.place(item) in self.fixed

    def _mark_all(self, results: Sequence[Any], node: Node) -> None:
        node.meta["made"] = [None] * len(results)
        for place, each in enumerate(results):
            if isinstance(each, torch.Tensor):
                part = self.flat.graph.call_function(operator.getitem, (node, place))
                self._note(part)
                if node in self.fixed:
                    self.fixed.add(part)
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

    def look(self) -> None:
        """Find the operation on whose line the program, or a body that it calls, is; and that of the program."""
        frame: Any = sys._getframe(2)
        inner, own = None, self.program.filename
        while frame is not None:
            filename = frame.f_code.co_filename
            if filename.startswith("<graphgrad"):
                program = programs.get(filename)
                op = None if program is None else program.ops[frame.f_lineno - 1]
                inner = inner or op
                if op is not None and filename == own:
                    self.op, self.step = inner, op
                    return
            frame = frame.f_back
        if inner is not None:
            self.op = self.step = inner


class _Calls(TorchFunctionMode):
    """Refuses what reads numbers without a kernel."""

    def __init__(self, watcher: _Kernels) -> None:
        super().__init__()
        self.watcher = watcher

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _NUMBERS and self.watcher.watching:
            self.watcher.look()
            raise Untraceable(f"{func.__name__}() reads numbers", self.watcher.op, step=self.watcher.step)
        return func(*args, **(kwargs or {}))


def _mapped(nest: Any, function: Callable[[Any], Any]) -> Any:
    kind = type(nest)
    if kind is tuple or kind is list:
        return kind([_mapped(item, function) for item in nest])
    if kind is dict:
        return {name: _mapped(item, function) for name, item in nest.items()}
    return function(nest)
