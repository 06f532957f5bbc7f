"""Flat programs of one run that differ in what its opaque operations give, and what they are all traced from."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

from ...graph.operation import Operation
from ..emit import emit
from ..program import Program
from .flat import Flat, Untraceable
from .opaque import Back, Logged, Opaque
from .parting import PartedEmitter, partable, reasons
from .sizes import Guard

# So many operations may turn out to be opaque one by one: each costs a trace.
_ATTEMPTS = 16

# So many misses are no sign yet that flat programs seldom fit.
_MISSES = 8


@dataclass(frozen=True, eq=False, slots=True)
class Variant:
    """A flat program, and what it relies on: (operation, forward or back, count) -> layout; and what feeds are like."""

    program: Program
    expected: dict[Any, Any]
    guard: Guard | None = None

    def fits(self, logged: Logged) -> bool:
        """Whether what a run has computed so far is what the program relies on."""
        missing = object()
        return all(self.expected.get(key, missing) == layout for key, layout in logged.layouts().items())


def expectations(flat: Flat) -> dict[Any, Any]:
    """What the program of a flat graph relies on."""
    found: dict[Any, Any] = {}
    for node in flat.graph.nodes:
        if isinstance(node.target, Opaque):
            found[node.target.parted.op, "call", 0] = node.target.expected
        elif isinstance(node.target, Back):
            op, count = node.target.opaque.parted.op, 0
            while (op, "back", count) in found:
                count += 1
            found[op, "back", count] = node.target.expected
    return found


class Variants(list[Variant]):
    """The flat programs of a kind of feeds, the one that was used last at the end, and how often they fit."""

    runs = 0
    misses = 0

    def use(self, variant: Variant) -> None:
        if variant in self:
            self.remove(variant)
        self.append(variant)

    def missed(self) -> bool:
        """Whether, this one counted, so many runs have begun with a program that did not fit that it is in vain."""
        self.misses += 1
        return self.misses > _MISSES and 2 * self.misses > self.runs


@dataclass
class Source:
    """The program that is traced.

    Attributes:
        original: the emitted one.
        device: where operations run that nothing else places.
        parted: the operations that it has apart, each with why.
    """

    original: Program
    device: str
    parted: dict[Operation, str] = field(default_factory=dict)
    _made: Program | None = None
    _attempts: int = 0

    def program(self) -> Program:
        """The program in which what was found to be opaque is apart.

        Raises:
            Untraceable: if that can't be.
        """
        if self._made is None:
            plan = self.original.plan
            if not self._attempts:
                self.parted |= reasons(plan)
            for op, why in self.parted.items():
                hindrance = partable(op, plan)
                if hindrance is not None:
                    raise Untraceable(f"{why}, and {hindrance}", op)
            self._made = self.original
            if self.parted:
                parted = functools.partial(PartedEmitter, parted=frozenset(self.parted))
                self._made = emit(plan, self.device, parted)
        return self._made

    def part(self, refused: Untraceable) -> bool:
        """Have an operation apart that no trace goes through, and those of its sort; whether that is of any use."""
        op, plan = refused.step, self.original.plan
        if refused.failed or op is None or op in self.parted or partable(op, plan) is not None:
            return False
        self._attempts += 1
        if self._attempts > _ATTEMPTS:
            return False
        alike = [step.op for step in plan.steps if step.op.target == op.target and step.op.type == op.type]
        self.parted |= dict.fromkeys(alike, refused.reason)
        self._made = None
        return True
