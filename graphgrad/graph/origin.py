"""Where in the user's code an operation was recorded: the nearest frame outside torch and graphgrad."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import CodeType, FrameType

import torch

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_TORCH = str(Path(torch.__file__).resolve().parent)
_OWN = tuple(str(Path(_PACKAGE, floor)) for floor in "ground graph record ops autodiff plan run train view".split())

# One answer per code object: a dictionary look-up is all that recording pays per frame.
_internal: dict[CodeType, bool] = {}


def _is_internal(code: CodeType) -> bool:
    name = code.co_filename
    answer = name.startswith((_TORCH, *_OWN)) or name.startswith("<frozen")
    _internal[code] = answer
    return answer


def user_frame(depth: int = 2) -> FrameType | None:
    """The innermost frame that belongs to the user."""
    frame: FrameType | None = sys._getframe(depth)
    known = _internal
    while frame is not None:
        code = frame.f_code
        internal = known.get(code)
        if internal is None:
            internal = _is_internal(code)
        if not internal:
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
