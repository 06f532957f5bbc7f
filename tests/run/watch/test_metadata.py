"""RunOptions and RunMetadata, as TF1's users fill and read them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import graphgrad as gg
from graphgrad.run.watch.metadata import step_stats
from graphgrad.run.watch.spans import Record, Span


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [16], name="x")


FULL = gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)


def test_a_traced_run_fills_the_step_stats(x: Any) -> None:
    y = gg.exp(x, name="layer/y")
    (g,) = gg.gradients(y, x)
    metadata = gg.RunMetadata()
    before = time.time() * 1e6
    with gg.Session() as session:
        found = session.run([y, g], {x: np.zeros(16)}, options=FULL, run_metadata=metadata)
    assert found[1].tolist() == [1.0] * 16
    (device,) = metadata.step_stats.dev_stats
    assert device.device == "/job:localhost/replica:0/task:0/device:CPU:0"
    assert [node.node_name for node in device.node_stats] == ["layer/y", "gradients/vjp", "gradients/layer/y_grad"]
    node = device.node_stats[0]
    assert before - 1 <= node.all_start_micros <= time.time() * 1e6
    assert 0 == node.op_start_rel_micros < node.op_end_rel_micros == node.all_end_rel_micros
    assert [(each.allocator_name, each.total_bytes) for each in node.memory] == [("torch", 64)]
    assert node.timeline_label == "layer/y = Exp(x:0)"
    assert "3 nodes" in repr(metadata)


@pytest.mark.parametrize("options", [None, gg.RunOptions(), gg.RunOptions(gg.RunOptions.NO_TRACE)])
def test_without_a_trace_the_metadata_stay_empty(options: Any, x: Any) -> None:
    metadata = gg.RunMetadata()
    with gg.Session() as session:
        assert session.run(x * 2.0, {x: np.ones(16)}, options=options, run_metadata=metadata)[0] == 2.0
    assert metadata.step_stats.dev_stats == []


def test_a_trace_nobody_takes_is_not_made(x: Any) -> None:
    with gg.Session() as session:
        session.run(x * 2.0, {x: np.ones(16)}, options=FULL)
        assert all(not prepared.program.switches for prepared in session._prepared.values())


def test_a_watch_beside_a_trace(x: Any) -> None:
    metadata, watch = gg.RunMetadata(), gg.watch.Values()
    with gg.Session() as session:
        session.run(x * 2.0, {x: np.ones(16)}, FULL, metadata, watch=watch)
    assert len(metadata.step_stats.dev_stats) == 1 and watch.measures[x._value, None].low == 1.0


def test_work_on_an_accelerator_is_a_device_of_its_own(x: Any) -> None:
    y = gg.exp(x, name="y")
    spans = [Span(y.op, None, (), 10.0, 5.0, 70.4, 64, 1), Span(x.op, None, (), 20.0, 0.2, 0.0, None, 1)]
    host, device = step_stats(Record(1e6, 100.0, spans)).dev_stats
    assert device.device.endswith("/device:GPU:0/stream:all")
    assert [(node.node_name, node.op_end_rel_micros) for node in device.node_stats] == [("y", 70)]
    assert [(node.all_start_micros, node.op_end_rel_micros) for node in host.node_stats] == [(1000010, 5), (1000020, 1)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"options": 3}, "options is a gg.RunOptions"), ({"run_metadata": {}}, "run_metadata is a gg.RunMetadata")],
)
def test_wrong_arguments(arguments: dict[str, Any], said: str, x: Any) -> None:
    with gg.Session() as session, pytest.raises(TypeError, match=said):
        session.run(x, {x: np.ones(16)}, **arguments)


def test_an_unknown_level() -> None:
    with pytest.raises(ValueError, match="trace_level is 4"):
        gg.RunOptions(trace_level=4)
