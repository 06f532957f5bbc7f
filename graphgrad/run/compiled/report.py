"""`session.report()`: which runs are compiled, and what stands in the way of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...graph.operation import Operation
from ...plan.steps import Plan
from ..program import Program
from .tier import Tier


@dataclass(frozen=True, slots=True)
class Entry:
    """How one kind of run is carried out.

    Attributes:
        fetches: the names of what it gives and of the variables that it sets.
        how: in words.
        op: the operation that stands in the way of more, or None.
    """

    fetches: tuple[str, ...]
    how: str
    op: Operation | None


class Report(list[Entry]):
    """The entries of a session's runs; printed, a line or two for each."""

    def __str__(self) -> str:
        lines = []
        for entry in self:
            names = ", ".join(entry.fetches[:4]) + (", ..." if len(entry.fetches) > 4 else "")
            lines.append(f"{names or 'nothing'}: {entry.how}")
            if entry.op is not None:
                lines.append(f"    {entry.op.name} ({entry.op.type}), {entry.op.where()}")
        return "\n".join(lines) or "no runs yet"

    __repr__ = __str__


def report(programs: Iterable[Program]) -> Report:
    """The entries of these programs."""
    found = Report()
    for program in programs:
        call = program.call
        ways = call.describe() if isinstance(call, Tier) else [("eager", None)]
        found += [Entry(_names(program.plan), how, op) for how, op in ways]
    return found


def _names(plan: Plan) -> tuple[str, ...]:
    return (*(value.name for value in plan.fetches), *(f"{update.state.name} set" for update in plan.updates))
