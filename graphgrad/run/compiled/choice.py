"""Which tier a session has, and what it calls in a program's place."""

from __future__ import annotations

import os
from dataclasses import replace

from ..program import Program
from .auto import Rising
from .backends import BACKENDS
from .cudagraph import Captured, missing
from .inductor import Compiled
from .tier import Tier

# The tiers that `Session(compile=...)` knows.
TIERS = tuple(BACKENDS)


def as_tier(compile: str | None, dynamic: bool = False) -> str:
    """The tier that a session was asked for; '' for none."""
    chosen = os.environ.get("GRAPHGRAD_COMPILE", "") if compile is None else compile
    if chosen and chosen not in TIERS:
        raise ValueError(f"compile is {chosen!r}; use one of {', '.join(map(repr, TIERS))}, or None")
    if dynamic and chosen not in ("trace", "inductor"):
        raise ValueError(f"dynamic=True goes with compile='trace' or 'inductor', not with {chosen or None!r}")
    if chosen == "cudagraph" and missing():
        raise RuntimeError(missing())
    return chosen


def tiered(
    program: Program, orders: tuple[str, ...], name: str = "trace", device: str = "cpu", dynamic: bool = False
) -> Program:
    """The program with a tier in the place of its function."""
    kind = Rising if name == "auto" else Tier
    return replace(program, call=kind(program, orders, name, device, dynamic))


def written(program: Program) -> Program:
    """The program that was made of it last, if it has a tier; else itself."""
    return program.call.latest if isinstance(program.call, Tier) else program


def stretches_of(program: Program) -> str:
    """The kernels of a program's compiled stretches, to be read; '' if it has none."""
    found = [(place, each) for place, each in enumerate(program.constants) if isinstance(each, (Compiled, Captured))]
    return "".join(f"\n# const[{place}], {each.note}\n{each.stretch.text(each.__name__)}" for place, each in found)
