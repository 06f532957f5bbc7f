"""Timeline: the usual lines of a TF1 script."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphgrad as gg


def test_the_usual_lines() -> None:
    x = gg.placeholder(gg.float32, [4], name="x")
    y = gg.exp(x, name="y")
    run_options = gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)
    run_metadata = gg.RunMetadata()
    with gg.Session() as sess:
        sess.run(gg.gradients(y, x), {x: np.zeros(4)}, options=run_options, run_metadata=run_metadata)
    trace = gg.timeline.Timeline(run_metadata.step_stats)
    events = json.loads(trace.generate_chrome_trace_format())["traceEvents"]
    assert [event["args"]["name"] for event in events if event["ph"] == "M"] == [
        run_metadata.step_stats.dev_stats[0].device
    ]
    spans = [event for event in events if event["ph"] == "X"]
    assert [span["name"] for span in spans] == ["y", "gradients/vjp", "gradients/y_grad"]
    assert spans[0]["args"] == {"name": "y", "op": "y = Exp(x:0)", "torch bytes": 16}
    stats = run_metadata.step_stats.dev_stats[0].node_stats
    assert [(span["ts"], span["dur"]) for span in spans] == [
        (node.all_start_micros, node.op_end_rel_micros) for node in stats
    ]


def test_what_has_no_stats() -> None:
    with pytest.raises(TypeError, match="step_stats is that of a gg.RunMetadata"):
        gg.timeline.Timeline(gg.RunMetadata())  # type: ignore[arg-type]
    assert json.loads(gg.timeline.Timeline(gg.RunMetadata().step_stats).generate_chrome_trace_format()) == {
        "traceEvents": []
    }
