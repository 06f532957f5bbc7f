"""A program's lines as text: `del` at last use, the user's line as a comment, parts of bounded length."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..graph.operation import Operation
from ..graph.origin import short

# Python compiles a function in memory that grows with it; this many lines keep both in bounds.
_PART = 1000

# Lines that are no operation of the user's.
_PLUMBING = ("set_grad", "run.sweep", "run.enter", "run.leave", "run.fed")

HEADER = (
    "import torch",
    "import torch.nn.functional as F",
    "from torch import inf, nan",
    "from graphgrad.record.infer import leaves",
    "from graphgrad.run.runtime import Run, batched_grad, begun, check_shape, default_dtype, handed",
    "from graphgrad.run.runtime import math_attention, overwrite, own, straight_through",
)


@dataclass(slots=True)
class Line:
    """A statement: its text, its operation, the names that it uses and defines, and what else is there to say."""

    text: str
    op: Operation | None
    uses: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    note: str = ""


@dataclass(slots=True)
class Function:
    """Some lines of a program as a function of their own, and the line that calls it where they would stand."""

    name: str
    lines: list[Line]
    call: Line
    result: str = ""


def connect(functions: Sequence[Function], lines: Sequence[Line], kept: set[str]) -> None:
    """Find out what goes into each function, and what comes out, and write the calls.

    Args:
        functions: those called by some of the lines.
        lines: the program's own.
        kept: the names that the program returns.
    """
    if not functions:
        return
    needed = Counter(kept)
    for line in itertools.chain(lines, *(each.lines for each in functions)):
        needed.update(set(line.uses))
    for function in functions:
        own = Counter(name for line in function.lines for name in set(line.uses))
        defined = dict.fromkeys(name for line in function.lines for name in line.defines)
        inputs = [name for name in own if name not in defined]
        outputs = [name for name in defined if needed[name] > own[name]]
        call = function.call
        call.uses, call.defines = tuple(inputs), tuple(outputs)
        arguments = ", ".join([function.name, "const", "feeds", *inputs])
        call.text = f"{', '.join(outputs) or '_'}{',' * (len(outputs) == 1)} = run.again({arguments})"
        function.result = f"return {', '.join(outputs)}{',' * (len(outputs) == 1)}"


def layout(
    header: Sequence[str], lines: list[Line], result: str, kept: set[str], free: bool = True,
    functions: Sequence[Function] = (),
) -> tuple[str, list[Operation | None]]:  # fmt: skip
    """Lines to text: dels at last use if it is to free, the user's line as a comment, parts of bounded length."""
    text = _Text([*header, "", "set_grad = torch._C._set_grad_enabled"], free)
    text.ops += [None] * len(text.out)
    for function in functions:
        text.head(f"{function.name}({', '.join(['run', 'const', 'feeds', *function.call.uses])})")
        text.body(function.lines, _deaths(function.lines, {*function.call.defines}), {})
        text.add(f"    {function.result}")
    dead, alive = _deaths(lines, kept), dict[str, None]()
    parts = [lines[start : start + _PART] for start in range(0, len(lines), _PART)] or [[]]
    if len(parts) == 1:
        text.head("program(feeds, state, const, run)")
        text.body(lines, dead, alive)
        text.add(f"    {result}")
        return text.whole()
    for index, part in enumerate(parts):
        text.head(f"part_{index}(live, feeds, state, const, run)")
        if alive:
            text.add(f"    {', '.join(alive)}, = live; live.clear()")
        text.body(part, dead, alive, index * _PART)
        text.add(f"    live += ({', '.join(alive)},)" if alive else "    pass")
    text.head("program(feeds, state, const, run)")
    text.add("    live = []")
    for index in range(len(parts)):
        text.add(f"    part_{index}(live, feeds, state, const, run)")
    if alive:
        text.add(f"    {', '.join(alive)}, = live; live.clear()")
    text.add(f"    {result}")
    return text.whole()


def _deaths(lines: Sequence[Line], kept: set[str]) -> dict[int, list[str]]:
    """The number of a line -> the names that are used there for the last time."""
    last: dict[str, int] = {}
    for number, line in enumerate(lines):
        for name in (*line.uses, *line.defines):
            last[name] = number
    dead: dict[int, list[str]] = {}
    for name, number in last.items():
        if name not in kept:
            dead.setdefault(number, []).append(name)
    return dead


@dataclass(slots=True)
class _Text:
    """A text that grows, with the operation of each line."""

    out: list[str]
    free: bool
    ops: list[Operation | None] = field(default_factory=list)

    def add(self, text: str, op: Operation | None = None) -> None:
        self.out.append(text)
        self.ops.append(op)

    def head(self, signature: str) -> None:
        self.add("")
        self.add(f"def {signature}:")

    def body(self, lines: Sequence[Line], dead: dict[int, list[str]], alive: dict[str, None], first: int = 0) -> None:
        """The lines of a function; `alive` are the names that are in use before it, and becomes those behind it."""
        for number, line in enumerate(lines, first):
            gone = dead.get(number, ())
            alive.update(dict.fromkeys(line.defines))
            for name in gone:
                alive.pop(name, None)
            removed = f"; del {', '.join(gone)}" if gone and self.free else ""
            if removed and line.text.startswith("with "):
                self.add(f"    {line.text}{_comment(line)}", line.op)
                self.add(f"    {removed[2:]}", line.op)
            else:
                self.add(f"    {line.text}{removed}{_comment(line)}", line.op)

    def whole(self) -> tuple[str, list[Operation | None]]:
        return "\n".join(self.out) + "\n", self.ops


def _comment(line: Line) -> str:
    if line.note:
        return f"  # {line.note}"
    if line.op is None or line.op.code is None or line.text.startswith(_PLUMBING):
        return ""
    return f"  # {_short(line.op.code.co_filename)}:{line.op.lineno}"


_shortened: dict[str, str] = {}


def _short(filename: str) -> str:
    found = _shortened.get(filename)
    if found is None:
        found = _shortened[filename] = short(filename).replace("\n", " ")
    return found
