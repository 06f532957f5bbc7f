"""What autograd really runs: a program of the graph on tensors without memory, noted kernel by kernel.

Each line of the program belongs to an operation, and the autograd nodes that torch makes on it are known by
their sequence numbers; so every kernel of a backward pass finds the operation that it differentiates.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ..graph.operation import Operation, Role, Value
from ..ground.errors import message
from ..ground.spec import WORLDS
from ..plan.passes import ALL
from ..plan.plan import plan
from ..plan.steps import Plan
from ..record.flow import Flow
from ..record.infer import leaves, trial
from ..run.emit import emit
from ..run.program import Program
from ..run.runtime import Run, default_dtype
from .whole import Whole

# What a trace sees when torch wraps a tensor that it had saved or has made: no kernel runs for it.
WRAPS = "aten.detach"

_next_number = torch._C._autograd._get_sequence_nr


@dataclass(eq=False, slots=True)
class Visit:
    """An autograd node at work.

    Attributes:
        node: torch's node.
        arrived: the gradients of its outputs.
    """

    node: Any
    arrived: tuple[torch.Tensor | None, ...]


@dataclass(eq=False, slots=True)
class Kernel:
    """One call of a kernel.

    Attributes:
        type: torch's name, as 'aten.mul'; of a branch or a loop, which are one kernel, 'Cond' and then '∂ Cond'.
        op: the operation on whose line it ran; in a backward pass, the gradient operation.
        sweeping: whether it ran inside `torch.autograd.grad`.
        visit: the autograd node that was at work last in this backward pass, or None.
        inside: whether that node itself called it; otherwise torch did between two nodes.
        reads, gives: its tensors.
    """

    type: str
    op: Operation | None
    sweeping: bool
    visit: Visit | None
    inside: bool
    reads: list[torch.Tensor]
    gives: list[torch.Tensor]


Maker: TypeAlias = "Operation | Kernel | None"


@dataclass
class Trace:
    """One run.

    Attributes:
        plan: what ran.
        kernels: everything that ran, in order.
        visits: gradient operation -> the autograd nodes that its backward pass went through, in order.
        values: the tensor of each value.
        results: what `torch.autograd.grad` gave: (a tensor, its gradient).
    """

    plan: Plan
    kernels: list[Kernel] = field(default_factory=list)
    visits: dict[Operation | None, list[Visit]] = field(default_factory=dict)
    values: dict[Value, torch.Tensor] = field(default_factory=dict)
    results: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)
    # The makers of autograd nodes: makers[k] made those from bounds[k] up to the next bound.
    bounds: list[int] = field(default_factory=list)
    makers: list[Maker] = field(default_factory=list)

    def maker(self, visit: Visit) -> Maker:
        """The operation, or the kernel of an earlier backward pass, that an autograd node differentiates."""
        found = bisect_right(self.bounds, visit.node._sequence_nr()) - 1
        return self.makers[found] if found >= 0 else None


def trace(fetches: Sequence[Value]) -> list[Trace]:
    """Run what these values need, without data.

    Returns:
        One Trace; two that ran the same kernels with different sizes, if some sizes are unknown.

    Raises:
        RuntimeError: if an operation can't run without data.
    """
    given = plan(fetches, (), ())
    feeds = [step.op.values[0] for step in given.steps if step.op.role is Role.PLACEHOLDER]
    computed = [value for step in given.steps if step.op not in given.sweeps for value in step.op.values]
    results = [op.values[k] for op, sweep in given.sweeps.items() for k in sweep.outputs]
    everything = list(dict.fromkeys([*feeds, *computed, *results]))
    # a fetch is the very tensor that the backward pass reads, not a copy
    program = emit(replace(plan(everything, (), feeds, passes=ALL.watched()), cloned=frozenset()))
    found: list[Trace] = []
    failure: Exception | None = None
    for world in range(1 if all(feed.spec.static for feed in feeds) else len(WORLDS)):
        try:
            found.append(_run(program, world))
        except (RuntimeError, LookupError) as error:
            failure = failure or error
        if len(found) == 2:
            break
    if not found:
        assert failure is not None
        raise failure
    return [each for each in found if _names(each) == _names(found[0])]


def _names(trace: Trace) -> list[str]:
    return [kernel.type for kernel in trace.kernels]


def _run(program: Program, world: int) -> Trace:
    """Run a program on tensors of the sizes of one world."""
    watcher = _Watcher(program)
    with _apart(), FakeTensorMode(allow_non_fake_inputs=True) as fake:
        feeds = [_stand_in(value.spec, world) for value in program.plan.feeds]
        watcher.feeds = {id(tensor): value.op for tensor, value in zip(feeds, program.plan.feeds, strict=True)}
        state = [_stand_in(each.spec, world) for each in program.states]
        for tensor in state:
            tensor.requires_grad_(tensor.is_floating_point() or tensor.is_complex())
        constants = [fake.from_tensor(each) if isinstance(each, torch.Tensor) else each for each in program.constants]
        flows = {id(step.op.target): step.op for step in program.plan.steps if isinstance(step.op.target, Flow)}
        constants = [Whole(flows[id(each)], world, watcher) if id(each) in flows else each for each in constants]
        run = Run(tuple(sweep.call.aggregation for sweep in program.plan.sweeps.values()))
        grad = torch.is_grad_enabled()
        try:
            with _Kernels(watcher), _Calls(watcher):
                outputs, _ = program.call(feeds, state, constants, run)
        except Exception as error:
            raise _failure(error, watcher) from error
        finally:
            torch._C._set_grad_enabled(grad)
            watcher.leave()
    pairs = zip(program.plan.fetches, outputs, strict=True)
    watcher.trace.values = {value: tensor for value, tensor in pairs if isinstance(tensor, torch.Tensor)}
    return watcher.trace


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """A block whose torch calls nobody records, that leaves random generators alone and warns of nothing."""
    off = torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False)
    own_draws, quiet = torch.random.fork_rng(devices=[]), warnings.catch_warnings()
    with trial(), off[0], off[1], default_dtype(torch.float32), own_draws, quiet:
        warnings.simplefilter("ignore")  # they would be about sizes and data that no run has
        yield


def _stand_in(spec: Any, world: int) -> torch.Tensor:
    shape = spec.in_world(world)
    if spec.static and spec.strides is not None:
        return torch.empty_strided(shape, spec.strides, dtype=spec.dtype)
    return torch.empty(shape, dtype=spec.dtype)


class _Watcher:
    """Notes what a program does while it runs."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.trace = Trace(program.plan)
        self.op: Operation | None = None
        self.sweeping = False
        self.visit: Visit | None = None
        self.inside = False
        self.silent = False
        self.known: dict[Any, None] = {}
        self.handles: list[Any] = []
        self.feeds: dict[int, Operation] = {}
        self.bound = _next_number()

    def leave(self) -> None:
        """Take the hooks away: what they hold holds them."""
        for handle in self.handles:
            handle.remove()

    def look(self) -> None:
        """Find the operation on whose line the program is."""
        frame: Any = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == self.program.filename:
                self.op = self.program.ops[frame.f_lineno - 1]
                return
            frame = frame.f_back

    def mark(self, maker: Maker) -> None:
        """The autograd nodes since the last mark are this one's."""
        bound = _next_number()
        if bound > self.bound:
            self.trace.bounds.append(self.bound)
            self.trace.makers.append(maker)
            self.bound = bound

    def kernel(self, name: str, reads: Any, gives: Any) -> None:
        """A kernel has run."""
        read, given = ([leaf for leaf in leaves(nest) if isinstance(leaf, torch.Tensor)] for nest in (reads, gives))
        op = self.op
        if op is None:  # the program's first lines are those of the feeds
            op = next((self.feeds[id(tensor)] for tensor in read if id(tensor) in self.feeds), None)
            self.feeds.update((id(tensor), op) for tensor in given if op is not None)
        found = Kernel(name, op, self.sweeping, self.visit, self.inside, read, given)
        self.trace.kernels.append(found)
        if op is not None and op.role is not Role.GRADIENT:
            self.mark(op)
        elif name != WRAPS:
            self.mark(found)

    def sweep(self, outputs: Sequence[torch.Tensor]) -> None:
        """A backward pass begins at these."""
        self.look()
        self.trace.visits.setdefault(self.op, [])
        pending = [tensor.grad_fn for tensor in outputs]
        while pending:
            node = pending.pop()
            if node is None or node in self.known:
                continue
            self.known[node] = None
            pending += [further for further, _ in node.next_functions]
            if not hasattr(node, "variable"):  # the end at a leaf does no work
                self.handles.append(node.register_prehook(lambda arrived, node=node: self._enter(node, arrived)))
                self.handles.append(node.register_hook(lambda given, arrived: self._exit()))

    def _enter(self, node: Any, arrived: tuple[torch.Tensor | None, ...]) -> None:
        self.visit = Visit(node, tuple(arrived))
        self.trace.visits[self.op].append(self.visit)
        self.inside = True

    def _exit(self) -> None:
        self.inside = False
        if self.trace.kernels:
            self.mark(self.trace.kernels[-1])


def _is_there(device: torch.device | None) -> bool:
    """Whether torch has this device: a derivative on a missing one would end the process."""
    if device is None or device.type in ("cpu", "meta"):
        return True
    module = getattr(torch, device.type, None)
    return module is not None and bool(module.is_available())


class _Kernels(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every kernel."""

    def __init__(self, watcher: _Watcher) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.watcher = watcher

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if not _is_there(kwargs.get("device")):
            kwargs = {**kwargs, "device": torch.device("cpu")}
        result = func(*args, **kwargs)
        if func.namespace != "prim" and not self.watcher.silent:  # prim: what torch asks a tensor about itself
            if not self.watcher.sweeping:
                self.watcher.look()
            self.watcher.kernel(str(func.overloadpacket), (args, kwargs), result)
        return result


class _Calls(TorchFunctionMode):
    """Sees every call of torch that the program makes, `torch.autograd.grad` among them."""

    def __init__(self, watcher: _Watcher) -> None:
        super().__init__()
        self.watcher = watcher

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        watcher = self.watcher
        with torch._C.DisableTorchFunction():
            if func is not torch.autograd.grad:
                result = func(*args, **(kwargs or {}))
                watcher.look()
                if watcher.op is not None and watcher.op.role is not Role.GRADIENT:
                    watcher.mark(watcher.op)
                return result
            watcher.sweep(args[0])
            watcher.sweeping = True
            result = func(*args, **(kwargs or {}))
            watcher.sweeping, watcher.visit, watcher.inside = False, None, False
            watcher.trace.results += zip(args[1], result, strict=True)
            return result


def _failure(error: Exception, watcher: _Watcher) -> RuntimeError:
    """The error of an operation, or of its derivative, that can't run without data."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == watcher.program.filename:
            watcher.op = watcher.program.ops[trace.tb_lineno - 1] or watcher.op
        trace = trace.tb_next
    op, what = watcher.op, ""
    if watcher.sweeping and watcher.visit is not None:
        maker: Any = watcher.trace.maker(watcher.visit)
        while isinstance(maker, Kernel):
            maker = watcher.trace.maker(maker.visit) if maker.visit is not None else None
        op, what = maker or op, "the derivative of "
    lines = str(error).strip().splitlines()
    return RuntimeError(
        message(
            f"{what}{op.name if op else 'this run'} can't run without data: {type(error).__name__}: "
            f"{lines[0] if lines else ''}",
            op,
            "leave out expand=True: the adjoint nodes without it need no run",
        )
    )
