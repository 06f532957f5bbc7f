"""A run as Python: its text, compiled, with what it needs to be called and to explain itself."""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..graph.operation import Operation
from ..plan.steps import Plan
from ..record.variable import State


@dataclass(slots=True, weakref_slot=True)
class Program:
    """An emitted plan.

    Attributes:
        text: the Python source, complete: it runs by itself, given feeds, state and constants.
        call: the function `program(feeds, state, const, run)`; it returns the fetches and the new values of
            those variables that are not updated in place.
        constants: what `const` has to be.
        ops: line number -> the operation of that line.
        states, renamed, donated: the variables that it reads or sets; those that get a new tensor; those
            that are updated in place.
        switches: whether it needs a `run`.
        writes: whether it sets variables.
    """

    plan: Plan
    text: str
    call: Callable[..., Any]
    constants: list[Any]
    ops: list[Operation | None]
    filename: str
    states: tuple[State, ...]
    renamed: tuple[State, ...]
    donated: tuple[State, ...]
    taped: bool
    switches: bool
    writes: bool


# Those that are alive, by the name of the file that a traceback shows for them.
programs: weakref.WeakValueDictionary[str, Program] = weakref.WeakValueDictionary()


def findable(program: Program) -> Program:
    """Let tracebacks and debuggers find its text, as long as it lives."""
    name, lines = program.filename, program.text.splitlines(keepends=True)
    programs[name] = program
    linecache.cache[name] = (len(program.text), None, lines, name)
    weakref.finalize(program, linecache.cache.pop, name, None)
    return program
