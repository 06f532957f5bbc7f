"""What `torch.compiler.is_compiling()` answers. torch has one answer for all threads, which end in any order."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch

_turn = threading.Lock()
_open: dict[object, bool] = {}  # the blocks that threads are in, and what they say; the latest counts
_outer = False, False


@contextlib.contextmanager
def compiling(on: bool = True) -> Iterator[None]:
    """A block in which torch says that it compiles, or that it does not.

    Models then leave out looks at values that serve speed alone.
    """
    global _outer
    block = object()
    with _turn:
        if not _open:
            _outer = torch.compiler._is_compiling_flag, torch.compiler._is_exporting_flag
        _open[block] = on
        _say(on, on)
    try:
        yield
    finally:
        with _turn:
            del _open[block]
            latest = next(reversed(_open.values()), None)
            _say(*_outer if latest is None else (latest, latest))


def _say(compiles: bool, exports: bool) -> None:
    torch.compiler._is_compiling_flag, torch.compiler._is_exporting_flag = compiles, exports
