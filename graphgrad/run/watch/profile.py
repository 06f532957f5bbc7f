"""`Profile`: where a run's time and memory go, operation by operation, forward and backward."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from ...graph.operation import Role
from ...graph.origin import short
from ...ground.reading import Reading
from .spans import Record, Spans
from .table import html_table, text_table
from .trace import chrome_trace
from .watcher import Key, Recorder, Watch

_HEAD = ("operation", "gradient of", "type", "calls", "time", "each", "share", "memory", "recorded")
_RIGHT = range(3, 8)
_SHOWN = 30  # rows of str() and in a notebook
_NOTHING = "nothing yet: pass it to session.run as watch"


@dataclass(slots=True)
class Cost:
    """What one operation has cost, summed over the runs.

    Attributes:
        calls: how often it ran.
        time: microseconds on the processor; for a gradient operation without the derivatives that it ran.
        device: microseconds of work on an accelerator, likewise.
        memory: bytes that it allocated and did not give back; None where memory was not looked at.
    """

    calls: int = 0
    time: float = 0.0
    device: float = 0.0
    memory: int | None = None

    def add(self, time: float, device: float, memory: int | None) -> None:
        self.time += time
        self.device += device
        if memory is not None:
            self.memory = (self.memory or 0) + memory


class Profile(Watch):
    """Measures time and memory of each operation, and of each operation's derivative, with torch.profiler.

    Pass it to `Session.run` as `watch`; runs with the same Profile add up. `str()` is a table, the costliest first,
    and so is what a notebook shows; `gg.plot(ys, xs, values=profile)` shows the times on the picture. While
    torch's profiler is in use elsewhere, times come from a clock, and there is no memory.

    The first run of a session also plans and compiles; measured are the operations alone. On an accelerator, which
    works by itself, the time of its kernels counts, and the processor's is in `Cost.time`.

    Args:
        memory: whether to measure memory, too.

    Attributes:
        costs: (op, None) -> the `Cost` of an operation, (op, call) -> of its derivative in the sweep of `call`.
        runs: how many runs were measured.
        total: microseconds that these runs took, the preparation left out.
        last: the spans of the latest run; None before the first.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [64, 64], name="x")
    >>> y = gg.reduce_sum(gg.matmul(x, x, name="product"), name="y")
    >>> (g,) = gg.gradients(y, x)
    >>> profile = gg.watch.Profile()
    >>> with gg.Session() as sess:
    ...     for _ in range(3):
    ...         _ = sess.run(g, {x: [[1.0] * 64] * 64}, watch=profile)
    >>> profile.costs[y.op, None].calls, profile.costs[y.op, g.op].time > 0
    (3, True)
    """

    in_place = True

    def __init__(self, memory: bool = True) -> None:
        if not isinstance(memory, bool):
            raise TypeError(f"memory is True or False, got {memory!r}")
        self.memory = memory
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget what was measured."""
        with self._lock:
            self.costs: dict[Key, Cost] = defaultdict(Cost)
            self.runs = 0
            self.total = 0.0
            self.last: Record | None = None

    def recorder(self) -> Recorder:
        return Spans(self.memory, self.add)

    def add(self, record: Record) -> None:
        """Take over what a run's recorder noted."""
        with self._lock:
            self.runs += 1
            self.total += record.duration
            self.last = record
            keys = dict.fromkeys((op, span.call) for span in record.spans for op in (span.op, *span.twins))
            for key in keys:
                self.costs[key].calls += 1
            threads = {span.op: span.thread for span in record.spans if span.op.role is Role.GRADIENT}
            for span in record.spans:
                device, memory = span.device, span.memory
                self.costs[span.op, span.call].add(span.duration, device, memory)
                if span.call is not None:  # the gradient operation has waited for it, or has done it itself
                    if threads.get(span.call) != span.thread:
                        device, memory = 0.0, None
                    self.costs[span.call, None].add(-span.duration, -device, None if memory is None else -memory)

    # -- what it found ----------------------------------------------------------------------------

    @property
    def on_device(self) -> bool:
        """Whether anything ran on an accelerator, so that its time is the one that counts."""
        return any(cost.device > 0 for cost in self.costs.values())

    def _time(self, cost: Cost) -> float:
        return max(cost.device if self.on_device else cost.time, 0.0)

    def readings(self) -> dict[Key, Reading]:
        """The mean time of each operation, coloured by its share of the costliest one's."""
        most = max((self._time(cost) for cost in self.costs.values()), default=0.0)
        whole = sum(self._time(cost) for cost in self.costs.values())
        found = {}
        for (op, call), cost in self.costs.items():
            time = self._time(cost)
            what = op.name if call is None else f"derivative of {op.name} for {call.name}"
            memory = "" if cost.memory is None else f", {_bytes(cost.memory / cost.calls)}"
            share = f"{time / whole:.0%} of all" if whole else "no time"
            detail = f"{what}: {_duration(time / cost.calls)} each, calls: {cost.calls:,}, {share}{memory}"
            found[op, call] = Reading(_duration(time / cost.calls), time / most if most else 0.0, "", detail)
        return found

    def _rows(self, limit: int | None) -> list[list[str]]:
        whole = sum(self._time(cost) for cost in self.costs.values()) or 1.0
        ordered = sorted(self.costs.items(), key=lambda item: -self._time(item[1]))
        rows = []
        for (op, call), cost in ordered[:limit]:
            time = self._time(cost)
            memory = "" if cost.memory is None else _bytes(cost.memory / cost.calls)
            figures = [f"{cost.calls:,}", _duration(time), _duration(time / cost.calls), f"{time / whole:.1%}", memory]
            filename, line = op.traceback
            where = f"{short(filename)}:{line}" if filename else ""
            rows.append([op.name, call.name if call else "", op.type, *figures, where])
        return rows

    def table(self, limit: int | None = None) -> str:
        """The costs as text, the costliest first; `memory` is for one call.

        Args:
            limit: how many rows; None for all.
        """
        if not self.costs:
            return _NOTHING
        left = 0 if limit is None else max(len(self.costs) - limit, 0)
        more = [f"and {left:,} more: table() has them all"] if left else []
        return "\n".join([self._summary(), text_table(_HEAD, self._rows(limit), _RIGHT), *more])

    def _summary(self) -> str:
        whole = sum(self._time(cost) for cost in self.costs.values())
        where = " of the accelerator" if self.on_device else ""
        return f"runs: {self.runs:,}, {_duration(self.total)} in all, {_duration(whole)}{where} in operations"

    def __str__(self) -> str:
        return self.table(_SHOWN)

    def _repr_html_(self) -> str:
        return html_table(self._summary() if self.costs else _NOTHING, _HEAD, self._rows(_SHOWN), _RIGHT)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the latest run as a Chrome trace, for chrome://tracing or ui.perfetto.dev.

        Args:
            path: a file name that ends in .json.

        Returns:
            The path.

        Raises:
            ValueError: for another ending, and before the first run.
        """
        file = Path(path)
        if file.suffix != ".json":
            raise ValueError(f"a Chrome trace is a .json file, got {str(path)!r}")
        if self.last is None:
            raise ValueError(_NOTHING)
        file.write_text(chrome_trace(self.last), "utf-8")
        return file


def _duration(microseconds: float) -> str:
    """A time with three digits.

    >>> [_duration(time) for time in (0.0, 0.123, 45.67, 999.96, 12345.0, 2.5e6)]
    ['0 us', '0.123 us', '45.7 us', '1 ms', '12.3 ms', '2.5 s']
    """
    for size, unit in ((1e6, "s"), (1e3, "ms")):
        if microseconds >= size * 0.9995:
            return f"{microseconds / size:.3g} {unit}"
    return f"{microseconds:.3g} us"


def _bytes(count: float) -> str:
    """An amount of memory.

    >>> [_bytes(count) for count in (0, 512, -2048, 3 << 20, 5 << 30)]
    ['0 B', '512 B', '-2 KiB', '3 MiB', '5 GiB']
    """
    for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if abs(count) >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"
