"""What a session with `compile=` calls in a program's place: a flat program for each kind of feeds, made when met."""

from __future__ import annotations

import itertools
import operator
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ...plan.effects import effectful
from ..program import Program
from ..runtime import Run
from .backends import BACKENDS, Built, Note
from .flat import Flat, Untraceable, flatten
from .opaque import Changed, Logged, remembering
from .sizes import Guard, differing, generalized
from .variants import Source, Variant, Variants, expectations

# Kinds of feeds per program for which flat programs are made; further ones run as they do without `compile=`.
KEPT = 16

# So many shapes of feeds are known by heart; those of further ones are looked at in each run.
_SEEN = 1024

# A trace that fails as a run would is tried again with other numbers, so many times.
_PATIENCE = 3


@dataclass(slots=True)
class Kind:
    """A program for feeds and variables of certain shapes and layouts.

    Attributes:
        program: what runs for them.
        state: references to the variables' tensors as they were last: the same tensors need no further look. Weak
            ones, so that values which a run has replaced are freed.
        layouts: their shapes and strides.
        refused: why it is not a flat one, if it is not.
        variants: the flat ones, if operations in them are opaque; `program` is the one that ran last.
        notes: what there is to say about how it was made.
        rise: how it goes on from here, if the tier lets it.
    """

    program: Program
    state: list[weakref.ref[torch.Tensor]]
    layouts: tuple[Any, ...]
    refused: Untraceable | None = None
    variants: Variants | None = None
    notes: list[Note] = field(default_factory=list)
    rise: Any = None


@dataclass
class Tier:
    """Calls the flat program of a run, or the run as it is where there is none.

    Attributes:
        original: the emitted program.
        orders: the aggregation of each of its sweeps.
        name: which of the tiers it is.
        device: where operations run that nothing else places.
        dynamic: whether a program is made for all sizes that placeholders leave open, if that can be.
        kinds: (shapes and strides of the feeds) -> the program for them.
        crowded: how many runs found no room for a flat program of their own.
        failures: how many traces have failed as a run fails, on numbers that it can't take.
    """

    original: Program
    orders: tuple[str, ...]
    name: str = "trace"
    device: str = "cpu"
    dynamic: bool = False
    kinds: dict[Any, Kind] = field(default_factory=dict)
    crowded: int = 0
    failures: int = 0
    # What is traced may be a function of the user's that runs this session.
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.source = Source(self.original, self.device)
        self.sized: list[tuple[Guard, Kind]] = []
        self.fixed: list[Untraceable] = []

    def __call__(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], constants: Any, run: Any) -> Any:
        kind = self.kind(feeds, state)
        return self._first(feeds, state, run) if kind is None else self._done(kind, feeds, state, run)

    def kind(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor]) -> Kind | None:
        """The kind of these feeds and variables; None if they are the first of it."""
        kind = self.kinds.get(tuple([(each.shape, each.stride()) for each in feeds]))
        if kind is None or not all(map(operator.is_, state, [each() for each in kind.state])):
            return self._known(feeds, state)
        return kind

    def _done(self, kind: Kind, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], run: Any) -> Any:
        """A run of a kind that is known."""
        if kind.variants is not None:
            return self._again(kind, kind.variants, feeds, state, run)
        program = kind.program
        return program.call(feeds, state, program.constants, run)

    def _known(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor]) -> Kind | None:
        layouts = _layouts(state)
        for key in _keys(feeds):
            found = self.kinds.get(key)
            if found is None:
                break
            if found.layouts == layouts:
                found.state = list(map(weakref.ref, state))
                return found
        for guard, kind in self.sized:
            if kind.layouts == layouts and guard.admits(feeds):
                kind.state = list(map(weakref.ref, state))
                if len(self.kinds) < _SEEN:
                    self.kinds[key] = kind
                return kind
        return None

    def _first(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], run: Run | None) -> Any:
        """A run of a kind that is new: traced, and then done. While another thread traces, it is not."""
        if not self._lock.acquire(blocking=False):
            return self.original.call(feeds, state, self.original.constants, run)
        try:
            if sum(len(each.variants or (1,)) for each in self._all()) >= KEPT:
                self.crowded += 1
                return self.original.call(feeds, state, self.original.constants, run)
            logged = Logged(self.orders, run)
            kind = self._make(feeds, state, logged)
            if kind.refused is None or not kind.refused.failed or self.failures == _PATIENCE:
                self.kinds[next(key for key in _keys(feeds) if key not in self.kinds)] = kind
            else:
                self.failures += 1
        finally:
            self._lock.release()
        if kind.refused is not None:
            return self._as_recorded(feeds, state, logged)
        with remembering(logged):
            return kind.program.call(feeds, state, kind.program.constants, logged)

    def _make(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], logged: Logged) -> Kind:
        try:
            variant = self._trace(feeds, state, logged)
        except Untraceable as refused:
            return Kind(self.original, list(map(weakref.ref, state)), _layouts(state), refused)
        variants = Variants([variant]) if variant.expected else None
        kind = Kind(variant.program, list(map(weakref.ref, state)), _layouts(state), variants=variants)
        kind.notes, kind.rise = variant.notes, None if variants else variant.rise
        if variant.guard is not None:
            self.sized.append((variant.guard, kind))
        return kind

    def _trace(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], logged: Logged) -> Variant:
        """A flat program of a run, after as many attempts as there are operations that turn out to be opaque."""
        while True:
            try:
                source = self.source.program()
                flat = flatten(source, feeds, state, self.orders, logged)
            except Untraceable as refused:
                if not self.source.part(refused):
                    raise
            else:
                made = self._sized(source, feeds, state, flat)
                if made is not None:
                    return made
                if not flat.sizes:  # else it is no longer what it was
                    return self._written(flat, source)
            finally:
                logged.rewind()

    def _written(self, flat: Flat, source: Program, guard: Guard | None = None) -> Variant:
        built, rise = self.build(flat, source)
        guard = guard and guard.narrowed(built.holds)
        return Variant(built.program, expectations(flat), guard, built.notes, rise)

    def build(self, flat: Flat, source: Program) -> tuple[Built, Any]:
        """The program of a flat graph, and how it goes on from there."""
        return BACKENDS[self.name](flat, source), None

    def _sized(
        self, source: Program, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], flat: Flat
    ) -> Variant | None:
        """A program for feeds of all sizes, if that is wanted and can be."""
        free = any(not value.spec.static for value in source.plan.feeds)
        if not (self.dynamic and free) or len(self.fixed) == _PATIENCE:
            return None
        try:
            guard = generalized(flat, source, feeds, state, self.orders)
            made = self._written(flat, source, guard)
            wrong = differing(
                made.program, source, made.guard or guard, feeds, state, self.orders, self.name == "trace"
            )
            if wrong is not None:
                raise Untraceable(wrong)
        except Untraceable as why:
            self.fixed.append(why)
            return None
        return made

    def _again(
        self, kind: Kind, variants: Variants, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], run: Run | None
    ) -> Any:
        """A run with opaque operations: by the flat program that their results fit, once they are known."""
        logged, left = Logged(self.orders, run), [*variants]
        variant: Variant | None = left.pop()
        variants.runs += 1
        while variant is not None:
            try:
                with remembering(logged):
                    return variant.program.call(feeds, state, variant.program.constants, logged)
            except Changed as changed:
                torch._C._set_grad_enabled(logged.grad)
                logged.rewind()
                variant = self._other(kind, variants, left, changed, feeds, state, logged)
        return self._as_recorded(feeds, state, logged)

    def _other(
        self, kind: Kind, variants: Variants, left: list[Variant], changed: Changed, feeds: Sequence[torch.Tensor],
        state: list[torch.Tensor], logged: Logged,
    ) -> Variant | None:  # fmt: skip
        """A flat program that fits what is known by now, or a new one; None if it is better not to go on so."""
        if variants.missed():
            refused = Untraceable("what it gives has another layout in almost every run", changed.op)
            kind.program, kind.variants, kind.refused = self.original, None, refused
            return None
        fitting = next((each for each in reversed(left) if each.fits(logged)), None)
        if fitting is not None:
            left.remove(fitting)
        elif len(variants) < KEPT and self._lock.acquire(blocking=False):
            try:
                fitting = self._trace(feeds, state, logged)
            except Untraceable:
                return None
            finally:
                self._lock.release()
        if fitting is not None:
            variants.use(fitting)
            kind.program = fitting.program
        return fitting

    def _as_recorded(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], logged: Logged) -> Any:
        """The rest of a run that has been begun."""
        program = self.source.program() if any(effectful(op) for op, _, _ in logged.done) else self.original
        return program.call(feeds, state, program.constants, logged)

    @property
    def latest(self) -> Program:
        """The flat program that was made last, or the original if there is none."""
        flat = [kind.program for kind in self._all() if kind.refused is None]
        return flat[-1] if flat else self.original

    def describe(self) -> list[Note]:
        """What runs, in words, with the operation that stands in the way of more."""
        made = sum(kind.refused is None for kind in self._all())
        found: list[Note] = []
        if made:
            lines, kinds = self.latest.text.count("\n"), f"{made} kind{'s' * (made > 1)} of feeds"
            kinds = "feeds of all sizes" if self.sized and made == 1 else kinds
            found.append((f"flat, for {kinds}; the last has {lines} lines", None))
            found += [(f"as it is, between flat stretches: {why}", op) for op, why in self.source.parted.items()]
            found += next(kind.notes for kind in reversed(self._all()) if kind.refused is None)
        for refused in {str(kind.refused): kind.refused for kind in self.kinds.values() if kind.refused}.values():
            found.append((f"as without compile=: {refused.reason}", refused.op))
        for fixed in {each.reason: each for each in self.fixed}.values():
            found.append((f"a program for each size of feeds: {fixed.reason}", fixed.op))
        if self.crowded:
            found.append((f"{self.crowded} runs as without compile=: more than {KEPT} kinds of feeds", None))
        return found or [("not run yet", None)]

    def _all(self) -> list[Kind]:
        """Its kinds, each once."""
        return list({id(kind): kind for kind in self.kinds.values()}.values())


def _layouts(state: Sequence[torch.Tensor]) -> tuple[Any, ...]:
    return tuple([(each.shape, each.stride()) for each in state])


def _keys(feeds: Sequence[torch.Tensor]) -> Iterator[Any]:
    """Where programs for such feeds are: a further one is for variables of other layouts."""
    key = tuple([(each.shape, each.stride()) for each in feeds])
    yield key
    yield from ((key, attempt) for attempt in itertools.count(1))
