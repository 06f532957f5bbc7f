"""Where in the user's code an operation was recorded: the nearest frame outside torch and graphgrad."""

from __future__ import annotations

import bisect
import linecache
import re
import sys
from pathlib import Path
from types import CodeType, FrameType

import torch

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_TORCH = str(Path(torch.__file__).resolve().parent)
_OWN = tuple(str(Path(_PACKAGE, floor)) for floor in "ground graph record ops autodiff plan run train view".split())

# The files known to be torch's and our own, and the users'. Recording looks at a dozen frames per operation, and
# a string keeps its hash while a code object computes it anew each time.
_internal: set[str] = set()
_users: set[str] = set()


def _is_internal(filename: str) -> bool:
    answer = filename.startswith((_TORCH, *_OWN)) or filename.startswith("<frozen")
    (_internal if answer else _users).add(filename)
    return answer


def user_frame(depth: int = 2) -> FrameType | None:
    """The innermost frame that belongs to the user."""
    frame: FrameType | None = sys._getframe(depth)
    internal = _internal
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename not in internal and (filename in _users or not _is_internal(filename)):
            return frame
        frame = frame.f_back
    return None


# Code by id, since it hashes slowly; the table keeps it alive. Offsets of instructions, and their lines.
_lines: dict[int, tuple[CodeType, list[int], list[int]]] = {}


def line_of(code: CodeType, instruction: int) -> int:
    """The line of an instruction, given by its offset in the code."""
    known = _lines.get(id(code))
    if known is None:
        if len(_lines) >= 1000:
            _lines.clear()
        entries = [(start, line) for start, _, line in code.co_lines() if line is not None]
        known = _lines[id(code)] = code, [start for start, _ in entries], [line for _, line in entries]
    _, starts, lines = known
    place = bisect.bisect_right(starts, instruction)
    return lines[max(place - 1, 0)] if lines else code.co_firstlineno


def source_line(filename: str, lineno: int) -> str:
    """The text of a line, stripped; empty if it cannot be read."""
    return linecache.getline(filename, lineno).strip()


# Where IPython's kernel says that a cell's code is: another file in each process.
_CELL = re.compile(r"[/\\]ipykernel_\d+[/\\]\d+\.py$")


def short(filename: str) -> str:
    """A file's name for a message: relative to the working directory where it lies below it; `cell` in a notebook."""
    if _CELL.search(filename):
        return "cell"
    try:
        return str(Path(filename).relative_to(Path.cwd()))
    except ValueError:
        return filename
