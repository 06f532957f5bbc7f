"""Where in the user's code an operation was recorded: the nearest frame outside torch and graphgrad."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import FrameType

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


def source_line(filename: str, lineno: int) -> str:
    """The text of a line, stripped; empty if it cannot be read."""
    return linecache.getline(filename, lineno).strip()


def short(filename: str) -> str:
    """A file's name for a message: relative to the working directory where it lies below it."""
    try:
        return str(Path(filename).relative_to(Path.cwd()))
    except ValueError:
        return filename
