"""Progress on a terminal: nothing for what takes less than a second, nothing without a terminal or tqdm."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .optional import optional

# Seconds before something is shown, and between two looks at the clock.
_DELAY, _BEAT = 1.0, 0.25


def steps(each: Sequence[int], what: str) -> Iterable[int]:
    """The steps, with a bar."""
    try:
        tqdm = optional("tqdm", "progress")
    except ImportError:
        return each
    bar: Iterable[int] = tqdm.tqdm(each, desc=what, delay=_DELAY, leave=False, disable=None)
    return bar


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """A block of unknown length, with a clock that runs."""
    try:
        tqdm = optional("tqdm", "progress")
    except ImportError:
        yield
        return
    over = threading.Event()
    clock = threading.Thread(target=_run, args=(tqdm, what, over), daemon=True)
    clock.start()
    try:
        yield
    finally:
        over.set()
        clock.join()


def _run(tqdm: Any, what: str, over: threading.Event) -> None:
    if over.wait(_DELAY):
        return
    with tqdm.tqdm(desc=what, bar_format="{desc}: {elapsed}", leave=False, disable=None) as bar:
        while not over.wait(_BEAT):
            bar.refresh()
