"""Operations that a flat program leaves as they are, between its stretches of kernels.

Such an operation runs under torch's own autograd on tensors cut off from everything else; the tape that this leaves is
its outcome's, and its gradients are a second call, which goes back along that tape. What the kernels behind it rely on
- the layouts of its results, which of them can be differentiated, which of its arguments get a gradient - is compared
in each run with what it was when the kernels were traced. A run in which it differs begins again, with another flat
program or as recorded: `Logged` remembers what has been done, so that nothing is done twice.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ...graph.operation import Operation
from ...record.infer import leaves, rebuild
from ..program import Program
from ..runtime import Run, seeded
from .made import Made


class Changed(Exception):
    """An opaque operation has given something else than the flat program relies on; with the operation."""

    def __init__(self, op: Operation, what: str) -> None:
        super().__init__(f"{op.name} has given {what} than the flat program was made for")
        self.op = op


@dataclass(frozen=True, eq=False, slots=True)
class Parted:
    """An operation that is left as it is.

    Attributes:
        op: the operation.
        contended: the places of those arguments to whose gradient others contribute, too.
        effects: whether it does more than compute.
        free: whether autograd is on in it if it is on for the caller; else the tape decides.
    """

    op: Operation
    contended: tuple[int, ...] = ()
    effects: bool = True
    free: bool = False


@dataclass(eq=False, slots=True)
class Outcome:
    """What a call has given.

    Attributes:
        nest: its results as it returned them, the tensors cut off.
        found: the results themselves, on their own tape.
        starts: where that tape starts; None for what needs no gradient.
        layout: what of it the kernels behind it rely on.
    """

    nest: Any
    found: list[Any]
    starts: list[torch.Tensor | None]
    layout: tuple[Any, ...]

    @property
    def results(self) -> list[Any]:
        return list(leaves(self.nest))

    @property
    def taped(self) -> bool:
        return any(isinstance(each, torch.Tensor) and each.requires_grad for each in self.found)

    def gradients(self, given: Sequence[torch.Tensor | None]) -> list[torch.Tensor | None]:
        """The gradients of what it started from, for those of its results."""
        pairs = [(y, seed) for y, seed in zip(self.found, given, strict=True) if seed is not None and y.requires_grad]
        wanted = [each for each in self.starts if each is not None]
        found: Any = [None] * len(wanted)
        if pairs:
            ys, seeds = zip(*pairs, strict=True)
            found = torch.autograd.grad(ys, wanted, seeds, retain_graph=True, allow_unused=True)
        parts = iter(found)
        return [None if each is None else next(parts) for each in self.starts]


@dataclass(eq=False, slots=True)
class Returned:
    """The gradients that a call has given on the way back, None for an argument that it has none for."""

    gradients: list[torch.Tensor | None]
    layout: tuple[Any, ...]


class Logged(Run):
    """A run that remembers what its opaque operations have given and from which seeds it has drawn.

    After `rewind` it can be begun again: what was done is handed out as it was.
    """

    __slots__ = ("grad", "done", "_outer", "_seeds", "_at", "_lock")

    def __init__(self, orders: Sequence[str], outer: Run | None) -> None:
        super().__init__(orders)
        self.grad = torch.is_grad_enabled()
        self.done: dict[Any, Any] = {}
        self._outer = outer
        self._seeds: dict[int, list[int]] = {}
        self._at: Counter[Any] = Counter()

    def rewind(self) -> None:
        self.sweep = -1
        self._at.clear()

    def _drawn(self, operation: int, function: Callable[[], Any], seed: int | None) -> Any:
        taken = self._seeds.setdefault(operation, [])
        place = self._at[operation]
        self._at[operation] += 1
        if place < len(taken):
            return seeded(taken[place], function)

        def noting() -> Any:
            taken.append(torch.initial_seed())
            return function()

        return noting() if self._outer is None else self._outer.draw(operation, noting, seed)

    def once(self, op: Operation, what: str, compute: Callable[[], Any]) -> Any:
        """What an operation gives, computed if it has not been in this run; an error likewise."""
        count = self._at[op, what]
        self._at[op, what] += 1
        key = (op, what, count)
        if key not in self.done:
            try:
                self.done[key] = compute()
            except Exception as error:
                self.done[key] = error
        found = self.done[key]
        if isinstance(found, Exception):
            raise found
        return found

    def layouts(self) -> dict[Any, Any]:
        """What was done so far, as far as flat programs rely on it."""
        return {key: each.layout for key, each in self.done.items() if not isinstance(each, Exception)}

    # -- the program with its opaque operations apart, as it is ------------------------------------

    def apart(self, parted: Parted, function: Callable[..., Any], *given: Any, modes: Any = None) -> Any:
        """Call an operation of the program that is left as it is; once in a run, if it does more than compute."""
        if not parted.effects:
            with _held(modes):
                return function(*given)
        opaque = Opaque.of(parted, function, given, modes)
        return self.handed(opaque, opaque.outcome(self, given), given)

    def handed(self, opaque: Opaque, outcome: Outcome, given: Sequence[Any]) -> Any:
        """The results of a call for the program, on its tape if they were on a tape."""
        if not outcome.taped:
            return rebuild(outcome.nest, lambda each: each.detach() if isinstance(each, torch.Tensor) else each)
        through = iter(_Through.apply(self, opaque, outcome, *given))  # type: ignore[no-untyped-call]
        return rebuild(outcome.nest, lambda each: next(through) if isinstance(each, torch.Tensor) else each)

    def back(self, opaque: Opaque, outcome: Outcome, seeds: Sequence[torch.Tensor | None]) -> Any:
        """The gradients of a call's arguments."""
        found = opaque.returned(self, outcome, seeds)
        return [None if each is None else each.detach() for each in found.gradients]


class _Through(torch.autograd.Function):
    """Results of an opaque operation on the tape of the program."""

    @staticmethod
    def forward(ctx: Any, run: Logged, opaque: Opaque, outcome: Outcome, *given: Any) -> Any:
        ctx.run, ctx.opaque, ctx.outcome = run, opaque, outcome
        ctx.set_materialize_grads(False)
        pairs = [
            (each.detach(), inner.requires_grad)
            for each, inner in zip(outcome.results, outcome.found, strict=True)
            if isinstance(each, torch.Tensor)
        ]
        ctx.mark_non_differentiable(*[each for each, differentiable in pairs if not differentiable])
        return tuple([each for each, _ in pairs])

    @staticmethod
    def backward(ctx: Any, *seeds: Any) -> Any:
        given = iter(seeds)
        found = [next(given) if isinstance(each, torch.Tensor) else None for each in ctx.outcome.found]
        return (None, None, None, *ctx.run.back(ctx.opaque, ctx.outcome, found))


_local = threading.local()


@contextlib.contextmanager
def remembering(run: Logged) -> Iterator[None]:
    """A block in which the opaque operations of flat programs find the run that they belong to."""
    before = getattr(_local, "run", None)
    _local.run = run
    try:
        yield
    finally:
        _local.run = before


def _current() -> Logged:
    run: Logged | None = getattr(_local, "run", None)
    return Logged((), None) if run is None else run


@dataclass(eq=False)
class Opaque:
    """A call of an operation that is left as it is; in a flat graph, a target.

    Called with the operation's arguments, it gives its results, flat, and then its outcome, which the gradients take.

    Attributes:
        parted: the operation.
        function: what its line of the program calls.
        needs: which of its arguments gradients flow to.
        modes: makes the blocks that held while it was recorded, or None.
        grad: whether autograd was on when it was traced.
        expected: what flat kernels rely on; None before it is known.
        program: the one whose line it is, which tracebacks point into.
    """

    parted: Parted
    function: Callable[..., Any]
    needs: tuple[bool, ...]
    modes: Callable[[], Sequence[Any]] | None
    grad: bool
    expected: tuple[Any, ...] | None = None
    program: Program | None = field(default=None, repr=False)

    @classmethod
    def of(cls, parted: Parted, function: Callable[..., Any], given: Sequence[Any], modes: Any) -> Opaque:
        """A call, in the state that autograd and these arguments are in."""
        grad = torch.is_grad_enabled()
        needs = tuple([grad and isinstance(each, torch.Tensor) and each.requires_grad for each in given])
        return cls(parted, function, needs, modes, grad)

    @property
    def __name__(self) -> str:
        return self.parted.op.name

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        outcome = self.outcome(_current(), given)
        if outcome.layout != self.expected:
            raise Changed(self.parted.op, "results of another layout")
        return (*[each.detach() if isinstance(each, torch.Tensor) else each for each in outcome.results], outcome)

    def outcome(self, run: Logged, given: Sequence[Any]) -> Outcome:
        found: Outcome = run.once(self.parted.op, "call", lambda: self._compute(run, given))
        return found

    def returned(self, run: Logged, outcome: Outcome, seeds: Sequence[torch.Tensor | None]) -> Returned:
        found: Returned = run.once(self.parted.op, "back", lambda: _returned(outcome, seeds))
        return found

    def _compute(self, run: Logged, given: Sequence[Any]) -> Outcome:
        before = torch.is_grad_enabled()
        torch._C._set_grad_enabled(run.grad if self.parted.free else self.grad)
        try:
            arguments = [each.detach() if isinstance(each, torch.Tensor) else each for each in given]
            for each, needed in zip(arguments, self.needs, strict=True):
                if needed:
                    each.requires_grad_()
            with _held(self.modes):
                nest = self.function(*arguments)
        finally:
            torch._C._set_grad_enabled(before)
        found = list(leaves(nest))
        starts = [each if needed else None for each, needed in zip(arguments, self.needs, strict=True)]
        several = _several(found, [starts[place] for place in self.parted.contended])
        cut = rebuild(nest, lambda each: each.detach() if isinstance(each, torch.Tensor) else each)
        return Outcome(cut, found, starts, (*map(_layout, found), several))


@dataclass(eq=False)
class Back:
    """The gradients of an opaque operation's arguments; in a flat graph, a target.

    Called with the operation's outcome and the gradients of its results (or None), it gives those of its arguments
    that have one.
    """

    opaque: Opaque
    expected: tuple[Any, ...]

    @property
    def __name__(self) -> str:
        return f"{self.opaque.parted.op.name}_back"

    def __call__(self, outcome: Outcome, *seeds: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        found = self.opaque.returned(_current(), outcome, seeds)
        if found.layout != self.expected:
            raise Changed(self.opaque.parted.op, "gradients of another layout")
        return tuple([each.detach() for each in found.gradients if each is not None])


@contextlib.contextmanager
def _held(modes: Callable[[], Sequence[Any]] | None) -> Iterator[None]:
    """The blocks that held while an operation was recorded."""
    with contextlib.ExitStack() as stack:
        for mode in modes() if modes is not None else ():
            stack.enter_context(mode)
        yield


def _returned(outcome: Outcome, seeds: Sequence[torch.Tensor | None]) -> Returned:
    before = torch.is_grad_enabled()
    torch._C._set_grad_enabled(False)
    try:
        gradients = outcome.gradients(seeds)
    finally:
        torch._C._set_grad_enabled(before)
    return Returned(gradients, tuple(map(_layout, gradients)))


def _layout(item: Any) -> Any:
    if isinstance(item, torch.Tensor):
        return (Made.of(item), item.requires_grad)
    return (type(item), repr(item))


def _several(found: Sequence[Any], starts: Sequence[torch.Tensor | None]) -> tuple[bool, ...]:
    """Which starts the tape reaches more than once: their gradients are sums that nothing may be added between."""
    wanted = [None if each is None else torch.autograd.graph.get_gradient_edge(each).node for each in starts]
    if not any(node is not None for node in wanted):
        return (False,) * len(wanted)
    counts: Counter[Any] = Counter()
    seen = {each.grad_fn for each in found if isinstance(each, torch.Tensor) and each.grad_fn is not None}
    waiting = list(seen)
    while waiting:
        for node, _ in waiting.pop().next_functions:
            if node is not None:
                counts[node] += 1
                if node not in seen:
                    seen.add(node)
                    waiting.append(node)
    return tuple([node is not None and counts[node] > 1 for node in wanted])
