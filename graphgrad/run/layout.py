"""A program's lines as text: `del` at last use, the user's line as a comment, parts of bounded length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """A statement: its text, its operation, and the names that it uses and defines."""

    text: str
    op: Operation | None
    uses: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()


def layout(header: Sequence[str], lines: list[Line], result: str, kept: set[str]) -> tuple[str, list[Operation | None]]:
    """Lines to text: dels at last use, the user's line as a comment, parts of bounded length."""
    last: dict[str, int] = {}
    for number, line in enumerate(lines):
        for name in (*line.uses, *line.defines):
            last[name] = number
    dead: dict[int, list[str]] = {}
    for name, number in last.items():
        if name not in kept:
            dead.setdefault(number, []).append(name)
    out = [*header, "", "set_grad = torch._C._set_grad_enabled"]
    ops: list[Operation | None] = [None] * len(out)
    parts = [lines[start : start + _PART] for start in range(0, len(lines), _PART)] or [[]]
    alive: dict[str, None] = {}
    calls: list[str] = []
    number = 0
    for index, part in enumerate(parts):
        single = len(parts) == 1
        head = "program(feeds, state, const, run)" if single else f"part_{index}(live, feeds, state, const, run)"
        out += ["", f"def {head}:"]
        ops += [None, None]
        if not single and alive:
            out.append(f"    {', '.join(alive)}, = live; live.clear()")
            ops.append(None)
        for line in part:
            gone = dead.get(number, ())
            alive.update(dict.fromkeys(line.defines))
            for name in gone:
                alive.pop(name, None)
            removed = f"; del {', '.join(gone)}" if gone else ""
            if removed and line.text.startswith("with "):
                out.append(f"    {line.text}{_comment(line)}")
                ops.append(line.op)
                out.append(f"    {removed[2:]}")
            else:
                out.append(f"    {line.text}{removed}{_comment(line)}")
            ops.append(line.op)
            number += 1
        if single:
            out.append(f"    {result}")
        else:
            out.append(f"    live += ({', '.join(alive)},)" if alive else "    pass")
            calls.append(f"    part_{index}(live, feeds, state, const, run)")
        ops.append(None)
    if calls:
        out += ["", "def program(feeds, state, const, run):", "    live = []", *calls]
        if alive:
            out.append(f"    {', '.join(alive)}, = live; live.clear()")
        out.append(f"    {result}")
        ops += [None] * (len(out) - len(ops))
    return "\n".join(out) + "\n", ops


def _comment(line: Line) -> str:
    if line.op is None or line.op.code is None or line.text.startswith(_PLUMBING):
        return ""
    return f"  # {_short(line.op.code.co_filename)}:{line.op.lineno}"


_shortened: dict[str, str] = {}


def _short(filename: str) -> str:
    found = _shortened.get(filename)
    if found is None:
        found = _shortened[filename] = short(filename).replace("\n", " ")
    return found
