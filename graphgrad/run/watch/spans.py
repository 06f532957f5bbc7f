"""When each operation of a run began and how long it took: from torch.profiler, or from a clock while it is busy."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch._C._autograd import DeviceType, _profiler_enabled
from torch._C._profiler import _RecordFunctionFast  # a third of the cost of torch.profiler.record_function
from torch.profiler import ProfilerActivity, profile

from ...graph.operation import Operation, Role
from .place import Place
from .watcher import Gradients, Recorder


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work.

    Attributes:
        op, call: the operation, and the gradient operation in whose sweep its derivative ran; None for itself.
        twins: operations that it stands for as well.
        start, duration: in microseconds since the run began, on the processor that started the work.
        device: microseconds of work on an accelerator.
        memory: bytes that were allocated and not given back; None if that was not asked for.
        thread: a number for the thread.
    """

    op: Operation
    call: Operation | None
    twins: tuple[Operation, ...]
    start: float
    duration: float
    device: float = 0.0
    memory: int | None = None
    thread: int = 0


@dataclass(frozen=True, slots=True)
class Inner:
    """What torch itself did in between: a function of its own, or a kernel; times as in `Span`."""

    name: str
    start: float
    duration: float
    lane: str


@dataclass(slots=True)
class Record:
    """One run: when it began (microseconds since 1970), how long it took, and what it did, in order."""

    began: float
    duration: float = 0.0
    spans: list[Span] = field(default_factory=list)
    inner: list[Inner] = field(default_factory=list)


# torch has one profiler per process.
_one_at_a_time = threading.Lock()
_NAME = re.compile(r"graphgrad (\d+)")


class Spans(Recorder):
    """Notes the spans of one run, and hands them over at its end."""

    adjoints = True

    def __init__(self, memory: bool, done: Callable[[Record], None]) -> None:
        self._memory = memory
        self._done = done
        self._work: list[tuple[Operation, Operation | None, tuple[Operation, ...]]] = []
        self._times: list[tuple[int, float, float, int]] = []
        self._open = threading.local()  # autograd has a thread for each accelerator
        self._profiler: profile | None = None
        # torch writes a warning if memory that is older than the profiler goes while it is on.
        self._held: list[torch.Tensor] = []

    def start(self) -> None:
        if not _profiler_enabled() and _one_at_a_time.acquire(blocking=False):
            activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * torch.cuda.is_available()
            self._profiler = profile(activities=activities, profile_memory=self._memory)
            with _quiet():
                self._profiler.__enter__()  # type: ignore[no-untyped-call]
        self._record = Record(time.time() * 1e6)
        self._zero = time.perf_counter()

    def stop(self) -> None:
        self._record.duration = (time.perf_counter() - self._zero) * 1e6
        while getattr(self._open, "stack", None):  # the run has failed
            self._end()
        if self._profiler is None:
            self._record.spans = [
                Span(*self._work[number], start, end - start, thread=thread)
                for number, start, end, thread in sorted(self._times)
            ]
        else:
            try:
                self._profiler.__exit__(None, None, None)  # type: ignore[no-untyped-call]
            finally:
                _one_at_a_time.release()
            self._read(self._profiler.events())  # type: ignore[no-untyped-call]
        self._done(self._record)

    def enter(self, place: Place) -> None:
        self._begin(place, None)

    def leave(self, place: Place, values: Sequence[Any], reads: Sequence[Any]) -> None:
        self._end()
        if place.op.role is Role.READ:
            self._held += values

    def adjoint_enter(self, place: Place, call: Operation) -> None:
        self._begin(place, call)

    def adjoint_leave(
        self, place: Place, order: int, call: Operation, outgoing: Gradients, incoming: Gradients
    ) -> None:
        self._end()

    def _begin(self, place: Place, call: Operation | None) -> None:
        number = len(self._work)
        self._work.append((place.op, call, place.twins))
        stack = self._open.__dict__.setdefault("stack", [])
        if self._profiler is None:
            stack.append((number, time.perf_counter()))
        else:
            span = _RecordFunctionFast(f"graphgrad {number}")
            span.__enter__()
            stack.append(span)

    def _end(self) -> None:
        last = self._open.stack.pop()
        if self._profiler is None:
            number, start = last
            end = time.perf_counter()
            self._times.append((number, (start - self._zero) * 1e6, (end - self._zero) * 1e6, threading.get_ident()))
        else:
            last.__exit__(None, None, None)

    def _read(self, events: Any) -> None:
        """Tell our own spans from what torch did in them."""
        found: list[tuple[int, Span]] = []
        for event in events:
            match = _NAME.fullmatch(event.name)
            start, duration = event.time_range.start, event.time_range.elapsed_us()
            on_host = event.device_type == DeviceType.CPU
            if match is None:
                if event.name != "[memory]":
                    lane = f"thread {event.thread}" if on_host else f"device {event.device_index}"
                    self._record.inner.append(Inner(event.name, start, duration, lane))
            elif on_host:
                number = int(match[1])
                memory = event.cpu_memory_usage + event.device_memory_usage if self._memory else None
                device = event.device_time_total
                span = Span(*self._work[number], start, duration, device, memory, event.thread)
                found.append((number, span))
        self._record.spans = [span for _, span in sorted(found, key=lambda item: item[0])]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch's profiler from writing a line to stderr at each start and stop: it asks once, at its first use."""
    name = "KINETO_LOG_LEVEL"
    if name in os.environ:
        yield
        return
    os.environ[name] = "6"
    try:
        yield
    finally:
        os.environ.pop(name, None)
