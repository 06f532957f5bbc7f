"""`Timeline`: the Chrome trace of a `RunMetadata`, as TF1's `tensorflow.python.client.timeline` makes it."""

from __future__ import annotations

import json

from .metadata import NodeExecStats, StepStats
from .trace import complete, named


class Timeline:
    """A traced run as a Chrome trace.

    Args:
        step_stats: of a `gg.RunMetadata` that a traced run has filled.

    >>> import json
    >>> import graphgrad as gg
    >>> metadata = gg.RunMetadata()
    >>> options = gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)
    >>> with gg.Session() as sess:
    ...     _ = sess.run(gg.exp(gg.constant(1.0, name="x")), options=options, run_metadata=metadata)
    >>> trace = gg.timeline.Timeline(metadata.step_stats).generate_chrome_trace_format()
    >>> [event["name"] for event in json.loads(trace)["traceEvents"] if event["ph"] == "X"]
    ['x', 'exp']
    """

    def __init__(self, step_stats: StepStats) -> None:
        if not isinstance(step_stats, StepStats):
            raise TypeError(f"step_stats is that of a gg.RunMetadata, got {step_stats!r}")
        self._stats = step_stats

    def generate_chrome_trace_format(self) -> str:
        """The trace as JSON text: a process per device, a span per operation, times in microseconds since 1970."""
        events = []
        for process, device in enumerate(self._stats.dev_stats):
            events.append(named("process_name", device.device, process))
            lanes: dict[int, int] = {}
            for node in device.node_stats:
                lane = lanes.setdefault(node.thread_id, len(lanes))
                start = node.all_start_micros + node.op_start_rel_micros
                duration = node.op_end_rel_micros - node.op_start_rel_micros
                events.append(complete(node.node_name, "Op", start, duration, lane, _arguments(node), process))
        return json.dumps({"traceEvents": events})


def _arguments(node: NodeExecStats) -> dict[str, object]:
    found: dict[str, object] = {"name": node.node_name, "op": node.timeline_label}
    return found | {each.allocator_name + " bytes": each.total_bytes for each in node.memory}
