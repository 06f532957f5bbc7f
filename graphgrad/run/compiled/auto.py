"""`compile="auto"`: as recorded at first, and compiled when the time already spent has paid for it.

A run moves up when it has taken as long, all calls together, as the next tier is expected to take to make: so what
is lost by waiting, or by compiling in vain, is at most what was spent anyway. The trace is made between two runs;
Inductor works in another process, and what it has made is picked up between two runs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..program import Program
from .backends import Built, assembled, plain
from .background import compile_apart
from .cleaning import clean
from .flat import Flat
from .inductor import job_of, missing
from .stretch import Stretch
from .stretches import copied, parts
from .tier import Kind, Tier

# What a trace and Inductor are expected to take, in seconds: at least, and for each line or kernel more.
_TRACE = (0.02, 0.0006)
_INDUCTOR = (12.0, 0.02)


@dataclass(slots=True)
class Rise:
    """The way of one kind of feeds from the trace to Inductor.

    Attributes:
        flat: what is compiled, until it is.
        cost: the seconds that it is expected to take.
        spent: the seconds that runs of the trace have taken.
        stage: 'waiting', 'compiling', 'ready' or 'over'.
        wrong: why it was given up, if it was.
    """

    flat: Flat | None
    cost: float
    spent: float = 0.0
    stage: str = "waiting"
    wrong: str = ""

    def told(self, wrong: str) -> None:
        """The other process has ended."""
        self.wrong, self.stage = wrong, "over" if wrong else "ready"


@dataclass
class Rising(Tier):
    """A tier that begins as recorded.

    Attributes:
        spent: the seconds that runs as recorded have taken.
    """

    spent: float = 0.0

    def __call__(self, feeds: Sequence[torch.Tensor], state: list[torch.Tensor], constants: Any, run: Any) -> Any:
        started = time.perf_counter()
        if self.spent < self.expected:
            try:
                return self.original.call(feeds, state, constants, run)
            finally:
                self.spent += time.perf_counter() - started
        kind = self.kind(feeds, state)
        if kind is None:
            return self._first(feeds, state, run)
        rise: Rise | None = kind.rise
        if rise is not None and rise.stage != "over":
            self._step(kind, rise)
            started = time.perf_counter()
        try:
            return self._done(kind, feeds, state, run)
        finally:
            if rise is not None:
                rise.spent += time.perf_counter() - started

    @property
    def expected(self) -> float:
        """The seconds that a trace is expected to take."""
        return _TRACE[0] + _TRACE[1] * len(self.original.ops)

    def _step(self, kind: Kind, rise: Rise) -> None:
        """Up, if it is time to and nobody else does."""
        if rise.stage == "waiting" and rise.spent < rise.cost:
            return
        if rise.stage == "compiling" or not self._lock.acquire(blocking=False):
            return
        try:
            if rise.stage == "waiting":
                self._begin(rise)
            elif rise.stage == "ready" and rise.flat is not None:
                built = assembled(rise.flat, self.original)
                kind.program, kind.notes = built.program, built.notes
                rise.stage, rise.flat = "over", None
        finally:
            self._lock.release()

    def _begin(self, rise: Rise) -> None:
        assert rise.flat is not None
        jobs = [job_of(part) for part in parts(copied(rise.flat)) if isinstance(part, Stretch)]
        rise.stage = "compiling"
        if jobs:
            compile_apart(jobs, rise.told)
        else:
            rise.told("no kernels that it could take")

    def build(self, flat: Flat, source: Program) -> tuple[Built, Any]:
        clean(flat, source.plan.passes, numbers=False)
        kernels = sum(node.op == "call_function" for node in flat.graph.nodes)
        rise = Rise(flat, _INDUCTOR[0] + _INDUCTOR[1] * kernels)
        if missing():
            rise.told(missing())
        return Built(plain(flat, source)), rise

    def describe(self) -> list[Any]:
        """What runs, in words, with the operation that stands in the way of more."""
        if not self.kinds:
            return [(f"as recorded, for {self.spent:.2f} s; traced after {self.expected:.2f} s", None)]
        return super().describe() + [(_told(kind.rise), None) for kind in self.kinds.values() if kind.rise is not None]


def _told(rise: Rise) -> str:
    if rise.wrong:
        return f"not by Inductor: {rise.wrong}"
    if rise.stage == "waiting":
        return f"traced, for {rise.spent:.2f} s; Inductor after {rise.cost:.1f} s"
    waiting = {"compiling": "Inductor compiles", "ready": "Inductor has compiled, for the next run"}
    return waiting.get(rise.stage, "as far up as it gets")
