"""The Chrome trace: JSON in the published format."""

from __future__ import annotations

import json
from typing import Any

import pytest

import graphgrad as gg
from graphgrad.run.watch.spans import Inner, Record, Span
from graphgrad.run.watch.trace import chrome_trace


@pytest.fixture
def events() -> list[dict[str, Any]]:
    x = gg.constant([1.0, 2.0], name="x")
    y = gg.exp(x, name="y")
    (g,) = gg.gradients(y, x)
    spans = [Span(y.op, None, (), 1.0, 5.0, 0.0, 8, 1), Span(y.op, g.op, (), 10.0, 2.5, 4.0, None, 2)]
    record = Record(
        0.0, 20.0, spans, [Inner("aten::exp", 2.0, 1.0, "thread 1"), Inner('k<"a">\n', 3.0, 1.0, "device 0")]
    )
    return json.loads(chrome_trace(record))["traceEvents"]


def test_every_event_has_what_the_format_asks_for(events: list[dict[str, Any]]) -> None:
    assert {event["ph"] for event in events} == {"M", "X"}
    for event in events:
        assert {"name", "pid", "tid", "args"} <= event.keys()
        if event["ph"] == "X":
            assert event["dur"] >= 0 and event["ts"] >= 0 and event["cat"] in ("forward", "gradient", "torch")
        else:
            assert event["name"] in ("process_name", "thread_name") and event["args"]["name"]


def test_spans_and_what_torch_did_have_lanes_of_their_own(events: list[dict[str, Any]]) -> None:
    lanes = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    found = [(lanes[event["tid"]], event["name"], event["ts"], event["dur"]) for event in events if event["ph"] == "X"]
    assert found == [
        ("operations, thread 1", "y", 1.0, 5.0), ("operations, thread 2", "d(y)", 10.0, 2.5),
        ("torch, thread 1", "aten::exp", 2.0, 1.0), ("torch, device 0", 'k<"a">\n', 3.0, 1.0),
    ]  # fmt: skip


def test_arguments_say_where_it_was_recorded(events: list[dict[str, Any]]) -> None:
    one, two = [event["args"] for event in events if event["name"] in ("y", "d(y)")]
    assert one["type"] == "Exp" and one["bytes"] == 8 and "test_trace.py" in one["recorded"]
    assert two["gradient of"] == "gradients/vjp" and two["device us"] == 4.0 and "bytes" not in two
