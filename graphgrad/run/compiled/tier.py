"""What a session with `compile=` calls in a program's place: a flat program for each kind of feeds, made when met."""

from __future__ import annotations

import itertools
import operator
import os
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from ...graph.operation import Operation
from ..program import Program
from .cleaning import clean
from .flat import Untraceable, flatten
from .writing import write

# Kinds of feeds per program for which flat programs are made; further ones run as they do without `compile=`.
KEPT = 16

# A trace that fails as a run would is tried again with other numbers, so many times.
_PATIENCE = 3

# The tiers that `Session(compile=...)` knows.
TIERS = ("trace",)


@dataclass(slots=True)
class Kind:
    """A program for feeds and variables of certain shapes and layouts.

    Attributes:
        program: what runs for them.
        state: references to the variables' tensors as they were last: the same tensors need no further look. Weak
            ones, so that values which a run has replaced are freed.
        layouts: their shapes and strides.
        refused: why it is not a flat one, if it is not.
    """

    program: Program
    state: list[weakref.ref[torch.Tensor]]
    layouts: tuple[Any, ...]
    refused: Untraceable | None = None


@dataclass
class Tier:
    """Calls the flat program of a run, or the run as it is where there is none.

    Attributes:
        original: the emitted program.
        orders: the aggregation of each of its sweeps.
        kinds: (shapes and strides of the feeds) -> the program for them.
        crowded: how many runs found no room for a flat program of their own.
        failures: how many traces have failed as a run fails, on numbers that it can't take.
    """

    original: Program
    orders: tuple[str, ...]
    kinds: dict[Any, Kind] = field(default_factory=dict)
    crowded: int = 0
    failures: int = 0
    # What is traced may be a function of the user's that runs this session.
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __call__(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], constants: Any, run: Any) -> Any:
        kind = self.kinds.get(tuple([(each.shape, each.stride()) for each in feeds]))
        if kind is None or not all(map(operator.is_, state, [each() for each in kind.state])):
            kind = self._kind(feeds, state)
        program = kind.program
        return program.call(feeds, state, program.constants, run)

    def _kind(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor]) -> Kind:
        key = tuple([(each.shape, each.stride()) for each in feeds])
        layouts = tuple([(each.shape, each.stride()) for each in state])
        for attempt in itertools.count():
            found = self.kinds.get((key, attempt) if attempt else key)
            if found is None:
                break
            if found.layouts == layouts:
                found.state = list(map(weakref.ref, state))
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
            return Kind(self.original, list(map(weakref.ref, state)), layouts, refused)
        clean(flat, self.original.plan.passes)
        return Kind(write(flat, self.original), list(map(weakref.ref, state)), layouts)

    @property
    def latest(self) -> Program:
        """The flat program that was made last, or the original if there is none."""
        flat = [kind.program for kind in self.kinds.values() if kind.refused is None]
        return flat[-1] if flat else self.original

    def describe(self) -> list[tuple[str, Operation | None]]:
        """What runs, in words, with the operation that stands in the way of more."""
        made = sum(kind.refused is None for kind in self.kinds.values())
        found: list[tuple[str, Operation | None]] = []
        if made:
            lines = self.latest.text.count("\n")
            found.append((f"flat, for {made} kind{'s' * (made > 1)} of feeds; the last has {lines} lines", None))
        for refused in {str(kind.refused): kind.refused for kind in self.kinds.values() if kind.refused}.values():
            found.append((f"as without compile=: {refused.reason}", refused.op))
        if self.crowded:
            found.append((f"{self.crowded} runs as without compile=: more than {KEPT} kinds of feeds", None))
        return found or [("not run yet", None)]


def as_tier(compile: str | None) -> str:
    """The tier that a session was asked for; '' for none."""
    chosen = os.environ.get("GRAPHGRAD_COMPILE", "") if compile is None else compile
    if chosen and chosen not in TIERS:
        raise ValueError(f"compile is {chosen!r}; use one of {', '.join(map(repr, TIERS))}, or None")
    return chosen


def tiered(program: Program, orders: tuple[str, ...]) -> Program:
    """The program with a Tier in the place of its function."""
    return replace(program, call=Tier(program, orders))


def written(program: Program) -> Program:
    """The program that was made of it last, if it has a tier; else itself."""
    return program.call.latest if isinstance(program.call, Tier) else program
