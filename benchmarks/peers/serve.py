"""The worker's side of the pipe: makes a task when told, and gives one sample of it when told.

A worker is a process with one framework, and one tier of it, that lives through a row. It answers each line of JSON
with another.
"""

from __future__ import annotations

import base64
import gc
import io
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from contests import ROWS, Row
from room import roomy

ANSWERS = 5  # of a training step: the losses of its first steps


@dataclass
class Task:
    """A row's work, made ready by a framework.

    Attributes:
        call: does it once and returns the answer as arrays, so that whatever is computed later is done as well.
        seconds: for work that needs preparations which don't count: does it once and returns the seconds that count.
    """

    call: Callable[[], Iterable[Any]] | None = None
    seconds: Callable[[], float] | None = None


Maker = Callable[[Row, dict[str, int], str], Task]


class Desk:
    """What a worker has on its desk: one task at a time."""

    def __init__(self, maker: Maker, tier: str) -> None:
        self._maker, self._tier = maker, tier
        self._task = Task()
        self._repeats = 0
        self._units = 1

    def make(self, row: str, quick: bool) -> dict[str, Any]:
        """Make a task ready and answer it for the first times; the seconds that takes, and the memory."""
        chosen = next(each for each in ROWS if each.name == row)
        size = dict(chosen.quick if quick else chosen.size)
        self._units, self._repeats = chosen.units(size), 0
        gc.collect()
        before = _resident()
        start = time.perf_counter()
        self._task = roomy(self._maker, chosen, size, self._tier)
        answers = [] if self._task.call is None else [list(self._task.call())]
        first = time.perf_counter() - start
        if self._task.call is None:
            return {"first": None, "answers": [], "peak": None}
        answers += [list(self._task.call()) for _ in range(ANSWERS - 1)]
        return {"first": first, "answers": packed(answers), "peak": self._peak(before)}

    def _peak(self, before: int) -> int | None:
        """The bytes by which the process, at its largest during three more calls, exceeds what it was before."""
        if not _forget_the_peak():
            return None
        for _ in range(3):
            assert self._task.call is not None
            self._task.call()
        return _peak() - before

    def sample(self, lasting: float) -> dict[str, Any]:
        """One sample, in seconds per unit: as many calls as last that long."""
        return {"seconds": roomy(self._sample, lasting) / self._units}

    def _sample(self, lasting: float) -> float:
        gc.collect()
        if self._task.seconds is not None:
            return self._task.seconds()
        assert self._task.call is not None
        if not self._repeats:
            once = min(_timed(self._task.call, 1) for _ in range(3))
            self._repeats = max(1, round(lasting / once))
        return _timed(self._task.call, self._repeats) / self._repeats


def _timed(call: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - start


def timed(work: Callable[[], Any]) -> float:
    """The seconds of one call; what it made lives until the clock has stopped."""
    start = time.perf_counter()
    kept = work()
    seconds = time.perf_counter() - start
    del kept
    return seconds


# -- memory -------------------------------------------------------------------------------------------


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def _resident() -> int:
    if Path("/proc/self/status").exists():
        return _status("VmRSS")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _peak() -> int:
    return _status("VmHWM")


def _forget_the_peak() -> bool:
    """Have the kernel forget how large this process has been; False where that is not possible."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


# -- the pipe -----------------------------------------------------------------------------------------


def packed(answers: list[list[Any]]) -> str:
    """Arrays as text."""
    stream = io.BytesIO()
    arrays = [np.asarray(array, np.float64) for answer in answers for array in answer]
    np.savez(stream, *arrays)
    return base64.b64encode(stream.getvalue()).decode()


def threads() -> int:
    """The threads that this worker may use."""
    return int(sys.argv[1])


def tier() -> str:
    """The framework's compiler that this worker uses; '' for its plain way."""
    return sys.argv[2]


def by_rows(tier: str) -> bool:
    """Whether a Jacobian is wanted as one gradient of rows that are all x, each differentiated along another axis."""
    return tier.endswith("rows")


def compiler(tier: str) -> str:
    """The tier without the word for rows."""
    return tier.removesuffix("rows").strip()


def serve(name: str, maker: Maker, wake: Callable[[], Any]) -> None:
    """Answer on standard output until the input ends.

    Args:
        name: the framework and its version.
        maker: makes a task of a row, its size, and the tier.
        wake: computes a small gradient, so that what a framework loads for its first call is no row's own.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a framework prints is no answer
    desk = Desk(maker, tier())
    wake()
    print(json.dumps({"name": name}), file=answers, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        work = {"make": desk.make, "sample": desk.sample}[order.pop("do")]
        try:
            answer = work(**order)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}
        print(json.dumps(answer), file=answers, flush=True)
