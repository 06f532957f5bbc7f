"""`RunOptions` and `RunMetadata`, as TF1 has them: a trace of one run as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...graph.operation import Operation
from ...ground.errors import ArgumentTypeError
from .profile import Profile
from .spans import Record, Span

_HOST = "/job:localhost/replica:0/task:0/device:CPU:0"
_ACCELERATOR = "/job:localhost/replica:0/task:0/device:GPU:0/stream:all"


class RunOptions:
    """What to record of a run: `sess.run(..., options=gg.RunOptions(...), run_metadata=metadata)`.

    Args:
        trace_level: `RunOptions.FULL_TRACE` records when each operation ran and what it allocated, and so do
            SOFTWARE_TRACE and HARDWARE_TRACE; with `RunOptions.NO_TRACE` nothing is recorded.

    Raises:
        ValueError: for any other level.

    >>> import graphgrad as gg
    >>> gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)
    RunOptions(trace_level=3)
    """

    NO_TRACE: ClassVar[int] = 0
    SOFTWARE_TRACE: ClassVar[int] = 1
    HARDWARE_TRACE: ClassVar[int] = 2
    FULL_TRACE: ClassVar[int] = 3

    def __init__(self, trace_level: int = 0) -> None:
        if trace_level not in (0, 1, 2, 3):
            raise ValueError(f"trace_level is {trace_level!r}; use RunOptions.FULL_TRACE or RunOptions.NO_TRACE")
        self.trace_level = trace_level

    def __repr__(self) -> str:
        return f"RunOptions(trace_level={self.trace_level})"


@dataclass
class AllocatorMemoryUsed:
    """What an operation allocated, less what it gave back, in bytes."""

    allocator_name: str
    total_bytes: int


@dataclass
class NodeExecStats:
    """When one operation ran; times in microseconds.

    Attributes:
        node_name: the operation's name; of its derivative `gradients/NAME_grad`, in the gradient operation's scope.
        all_start_micros: when it began, since 1970.
        op_start_rel_micros, op_end_rel_micros, all_end_rel_micros: since then.
        memory: what it allocated, an entry per allocator.
        timeline_label: what it computed, as text.
        thread_id: a number for the thread.
    """

    node_name: str
    all_start_micros: int
    op_start_rel_micros: int
    op_end_rel_micros: int
    all_end_rel_micros: int
    memory: list[AllocatorMemoryUsed] = field(default_factory=list)
    timeline_label: str = ""
    thread_id: int = 0


@dataclass
class DeviceStepStats:
    """What ran on one device, in order."""

    device: str
    node_stats: list[NodeExecStats] = field(default_factory=list)


@dataclass
class StepStats:
    """What ran where and when, device by device."""

    dev_stats: list[DeviceStepStats] = field(default_factory=list)


class RunMetadata:
    """Filled by a run with `options=gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)`.

    Attributes:
        step_stats: what ran where and when: `step_stats.dev_stats[0].node_stats[0].node_name` and so on. Empty before
            the first traced run.

    >>> import graphgrad as gg
    >>> x = gg.constant([1.0, 2.0], name="x")
    >>> metadata = gg.RunMetadata()
    >>> options = gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)
    >>> with gg.Session() as sess:
    ...     _ = sess.run(gg.exp(x, name="y"), options=options, run_metadata=metadata)
    >>> [node.node_name for node in metadata.step_stats.dev_stats[0].node_stats]
    ['x', 'y']
    """

    def __init__(self) -> None:
        self.step_stats = StepStats()

    def __repr__(self) -> str:
        counts = ", ".join(f"{each.device}: {len(each.node_stats)} nodes" for each in self.step_stats.dev_stats)
        return f"RunMetadata({counts})"


class _Tracing(Profile):
    """A profile that fills a RunMetadata."""

    def __init__(self, run_metadata: RunMetadata) -> None:
        super().__init__()
        self._metadata = run_metadata

    def add(self, record: Record) -> None:
        super().add(record)
        self._metadata.step_stats = step_stats(record)


def tracing(options: Any, run_metadata: Any) -> list[Profile]:
    """The watch that a run with these arguments needs, if any."""
    if options is not None and not isinstance(options, RunOptions):
        raise ArgumentTypeError(f"options is a gg.RunOptions, got {options!r}")
    if run_metadata is not None and not isinstance(run_metadata, RunMetadata):
        raise ArgumentTypeError(f"run_metadata is a gg.RunMetadata, got {run_metadata!r}")
    if options is None or run_metadata is None or options.trace_level == RunOptions.NO_TRACE:
        return []
    return [_Tracing(run_metadata)]


def step_stats(record: Record) -> StepStats:
    """The spans of a run by device; an accelerator's begin when their work was handed to it."""
    host = DeviceStepStats(_HOST, [_node(span, record.began, span.duration, True) for span in record.spans])
    launched = [_node(span, record.began, span.device, False) for span in record.spans if span.device]
    return StepStats([host, *([DeviceStepStats(_ACCELERATOR, launched)] if launched else [])])


def _node(span: Span, began: float, duration: float, on_host: bool) -> NodeExecStats:
    memory = []
    if on_host and span.memory is not None:
        memory.append(AllocatorMemoryUsed("torch", span.memory))
    end = max(round(duration), 1)  # TensorBoard takes 0 for not measured
    reads = ", ".join(value.name for value in span.op.reads)
    label = f"{span.op.name} = {span.op.type}({reads})"
    name = node_name(span.op, span.call)
    return NodeExecStats(name, round(began + span.start), 0, end, end, memory, label, span.thread)


def node_name(op: Operation, call: Operation | None) -> str:
    """The name of an operation in a trace, or of its derivative in the scope of the gradient operation."""
    if call is None:
        return op.name
    scope = call.name.rpartition("/")[0] or call.name
    return f"{scope}/{op.name}_grad"
