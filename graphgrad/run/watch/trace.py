"""Spans as a Chrome trace, the JSON that chrome://tracing and Perfetto read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ...graph.operation import Operation
from .spans import Record


def chrome_trace(record: Record) -> str:
    """The trace of a run: a lane for its operations per thread, and torch's own functions and kernels below.

    Each span of an operation has as arguments its type, what its derivative ran for, the user's line and bytes.
    """
    lanes: dict[str, int] = {}
    events: list[dict[str, Any]] = []
    for span in record.spans:
        name = span.op.name if span.call is None else f"d({span.op.name})"
        lane = lanes.setdefault(f"operations, thread {span.thread}", len(lanes))
        arguments = described(span.op, span.call)
        if span.memory is not None:
            arguments["bytes"] = span.memory
        if span.device:
            arguments["device us"] = span.device
        category = "forward" if span.call is None else "gradient"
        events.append(complete(name, category, span.start, span.duration, lane, arguments))
    for inner in record.inner:
        lane = lanes.setdefault(f"torch, {inner.lane}", len(lanes))
        events.append(complete(inner.name, "torch", inner.start, inner.duration, lane, {}))
    return document(events, lanes)


def described(op: Operation, call: Operation | None) -> dict[str, Any]:
    """What there is to say of an operation."""
    found = {"op": op.name, "type": op.type, "recorded": op.where()}
    return found if call is None else found | {"gradient of": call.name}


def complete(
    name: str, category: str, start: float, duration: float, lane: int, arguments: dict[str, Any], process: int = 0
) -> dict[str, Any]:
    """A complete event, as the format calls a span; times in microseconds."""
    return {
        "name": name, "cat": category, "ph": "X", "ts": start, "dur": duration, "pid": process, "tid": lane,
        "args": arguments,
    }  # fmt: skip


def named(what: str, name: str, process: int, lane: int = 0) -> dict[str, Any]:
    """The event that gives a process or a thread its name."""
    return {"name": what, "ph": "M", "pid": process, "tid": lane, "args": {"name": name}}


def document(events: Iterable[dict[str, Any]], lanes: dict[str, int]) -> str:
    """The whole text of one process with these lanes."""
    names = [named("process_name", "graphgrad", 0)]
    names += [named("thread_name", name, 0, lane) for name, lane in lanes.items()]
    return json.dumps({"traceEvents": [*names, *events], "displayTimeUnit": "ms"})
