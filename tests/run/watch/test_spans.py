"""Spans of a run: from torch's profiler, from a clock while that is busy, and after a failure."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.run.watch.spans import Record
from tests.house.source import ROOT


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [64, 64], name="x")


ONES = {"x:0": np.ones((64, 64), np.float32)}


def record(fetches: Any, feeds: Any = ONES, **options: Any) -> Record:
    profile = gg.watch.Profile(**options)
    with gg.Session() as session:
        session.run(fetches, feeds, watch=profile)
    assert profile.last is not None
    return profile.last


def test_spans_are_in_order_and_derivatives_lie_inside_their_sweep(x: Any) -> None:
    y = gg.tanh(x @ x, name="y")
    (g,) = gg.gradients(y, x)
    spans = record([y, g]).spans
    assert [(span.op.name, span.call and span.call.name) for span in spans] == [
        ("matmul", None), ("y", None), ("gradients/vjp", None), ("y", "gradients/vjp"), ("matmul", "gradients/vjp"),
    ]  # fmt: skip
    forward = [span for span in spans if span.call is None]
    for one, two in zip(forward, forward[1:], strict=False):
        assert one.start + one.duration <= two.start
    sweep = spans[2]
    for span in spans[3:]:
        assert sweep.start <= span.start and span.start + span.duration <= sweep.start + sweep.duration


def test_memory_is_what_an_operation_leaves(x: Any) -> None:
    found = {span.op.name: span.memory for span in record([gg.exp(x, name="y"), gg.reshape(x, [-1], name="r")]).spans}
    assert found == {"y": 64 * 64 * 4, "r": 0}
    assert [span.memory for span in record(gg.exp(x), memory=False).spans] == [None]


def test_what_torch_did_is_there_too(x: Any) -> None:
    found = record(x @ x)
    (span,) = found.spans
    (inner,) = [inner for inner in found.inner if inner.name == "aten::mm"]
    assert span.start <= inner.start and inner.start + inner.duration <= span.start + span.duration
    assert span.duration <= found.duration


def test_while_the_profiler_is_in_use_a_clock_is_read(x: Any) -> None:
    y = gg.tanh(x)
    (g,) = gg.gradients(y, x)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]):
        found = record([y, g])
    assert [(span.op.type, span.call is None) for span in found.spans] == [
        ("Tanh", True), ("Gradients", True), ("Tanh", False),
    ]  # fmt: skip
    assert all(0 < span.duration < found.duration and span.memory is None for span in found.spans)
    assert found.inner == []


def test_two_profiles_of_one_run(x: Any) -> None:
    one, two = gg.watch.Profile(), gg.watch.Profile()
    y = gg.exp(x)
    with gg.Session() as session:
        session.run(y, ONES, watch=[one, two])
        session.run(y, ONES, watch=two)
    assert one.costs[y.op, None].calls == 1 and two.costs[y.op, None].calls == 2
    assert one.costs[y.op, None].memory == two.costs[y.op, None].memory == 64 * 64 * 4


@pytest.mark.parametrize("busy", [False, True])
def test_a_run_that_fails_in_a_sweep_leaves_the_profiler_free(x: Any, busy: bool) -> None:
    (g,) = gg.gradients(gg.sqrt(x - 1.0), x)
    profile = gg.watch.Profile()
    watches = [profile, gg.watch.NaN()] if not busy else [gg.watch.Profile(), profile, gg.watch.NaN()]
    with gg.Session() as session, pytest.raises(gg.watch.NonFiniteError):
        session.run(g, ONES, watch=watches)
    assert profile.last is not None and profile.last.spans
    assert [span.op.type for span in record(gg.exp(x)).spans] == ["Exp"]


QUIET = """
import numpy as np
import graphgrad as gg
x = gg.placeholder(gg.float32, [64, 64])
v = gg.Variable(np.ones((64, 64), np.float32))
loss = gg.reduce_sum(v @ x)
steps = [v.assign_sub(0.1 * gg.gradients(loss, v)[0]).op, loss]
with gg.Session() as sess:
    sess.run(gg.global_variables_initializer())
    for _ in range(3):
        sess.run(steps, {x: np.ones((64, 64))}, watch=gg.watch.Profile())
"""


def test_nothing_is_written_to_the_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", QUIET], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
