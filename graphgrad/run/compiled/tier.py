"""What a session with `compile=` calls in a program's place: a flat program for each kind of feeds, made when met."""

from __future__ import annotations

import itertools
import operator
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ..program import Program
from .backends import BACKENDS, Built, Note
from .flat import Flat, Untraceable, flatten

# Kinds of feeds per program for which flat programs are made; further ones run as they do without `compile=`.
KEPT = 16

# A trace that fails as a run would is tried again with other numbers, so many times.
_PATIENCE = 3


@dataclass(slots=True)
class Kind:
    """A program for feeds and variables of certain shapes and layouts.

    Attributes:
        program: what runs for them.
        state: the variables' tensors as they were last: the same tensors need no further look.
        layouts: their shapes and strides.
        refused: why it is not a flat one, if it is not.
        notes: what there is to say about how it was made.
        rise: how it goes on from here, if the tier lets it.
    """

    program: Program
    state: list[Any]
    layouts: tuple[Any, ...]
    refused: Untraceable | None = None
    notes: list[Note] = field(default_factory=list)
    rise: Any = None


@dataclass
class Tier:
    """Calls the flat program of a run, or the run as it is where there is none.

    Attributes:
        original: the emitted program.
        orders: the aggregation of each of its sweeps.
        name: which of the tiers it is.
        kinds: (shapes and strides of the feeds) -> the program for them.
        crowded: how many runs found no room for a flat program of their own.
        failures: how many traces have failed as a run fails, on numbers that it can't take.
    """

    original: Program
    orders: tuple[str, ...]
    name: str = "trace"
    kinds: dict[Any, Kind] = field(default_factory=dict)
    crowded: int = 0
    failures: int = 0
    # What is traced may be a function of the user's that runs this session.
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __call__(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], constants: Any, run: Any) -> Any:
        program = self.kind(feeds, state).program
        return program.call(feeds, state, program.constants, run)

    def kind(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor]) -> Kind:
        """The kind of these feeds and variables, made if they are the first of it."""
        kind = self.kinds.get(tuple([(each.shape, each.stride()) for each in feeds]))
        if kind is None or not all(map(operator.is_, state, kind.state)):
            kind = self._kind(feeds, state)
        return kind

    def _kind(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor]) -> Kind:
        key = tuple([(each.shape, each.stride()) for each in feeds])
        layouts = tuple([(each.shape, each.stride()) for each in state])
        for attempt in itertools.count():
            found = self.kinds.get((key, attempt) if attempt else key)
            if found is None:
                break
            if found.layouts == layouts:
                found.state = list(state)
                return found
        with self._lock:
            if len(self.kinds) >= KEPT:
                self.crowded += 1
                return Kind(self.original, [], ())
            made = self._make(feeds, state, layouts)
            if made.refused is None or not made.refused.failed or self.failures == _PATIENCE:
                self.kinds[(key, attempt) if attempt else key] = made
            else:
                self.failures += 1
        return made

    def _make(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], layouts: Any) -> Kind:
        try:
            flat = flatten(self.original, feeds, state, self.orders)
        except Untraceable as refused:
            return Kind(self.original, list(state), layouts, refused)
        built, rise = self.build(flat)
        return Kind(built.program, list(state), layouts, notes=built.notes, rise=rise)

    def build(self, flat: Flat) -> tuple[Built, Any]:
        """The program of a flat graph, and how it goes on from there."""
        return BACKENDS[self.name](flat, self.original), None

    @property
    def latest(self) -> Program:
        """The flat program that was made last, or the original if there is none."""
        flat = [kind.program for kind in self.kinds.values() if kind.refused is None]
        return flat[-1] if flat else self.original

    def describe(self) -> list[Note]:
        """What runs, in words, with the operation that stands in the way of more."""
        made = sum(kind.refused is None for kind in self.kinds.values())
        found: list[Note] = []
        if made:
            lines = self.latest.text.count("\n")
            found.append((f"flat, for {made} kind{'s' * (made > 1)} of feeds; the last has {lines} lines", None))
            found += next(kind.notes for kind in reversed(self.kinds.values()) if kind.refused is None)
        for refused in {str(kind.refused): kind.refused for kind in self.kinds.values() if kind.refused}.values():
            found.append((f"as without compile=: {refused.reason}", refused.op))
        if self.crowded:
            found.append((f"{self.crowded} runs as without compile=: more than {KEPT} kinds of feeds", None))
        return found or [("not run yet", None)]
