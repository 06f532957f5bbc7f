"""Profile: what each operation cost, as a table, readings and a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgrad as gg
from graphgrad.run.watch.profile import Cost, Profile
from graphgrad.run.watch.spans import Record, Span


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [8], name="x")


def profiled(fetches: Any, feeds: Any, runs: int = 1) -> Profile:
    profile = Profile()
    with gg.Session() as session:
        for _ in range(runs):
            session.run(fetches, feeds, watch=profile)
    return profile


def test_runs_add_up_and_reset_forgets(x: Any) -> None:
    y = gg.exp(x, name="y")
    profile = profiled(gg.gradients(y, x), {x: np.zeros(8)}, 3)
    assert profile.runs == 3 and {cost.calls for cost in profile.costs.values()} == {3}
    assert 0 < sum(cost.time for cost in profile.costs.values()) < profile.total
    profile.reset()
    assert profile.runs == 0 and not profile.costs and "nothing yet" in str(profile) and profile.readings() == {}


def made(x: Any, *, device: float = 0.0, thread: int = 1) -> tuple[Profile, Any, Any]:
    """A profile of spans with known times: y 30 us, its gradient's sweep 100 us, of which y's derivative has 60."""
    y = gg.exp(x, name="y")
    (g,) = gg.gradients(y, x)
    spans = [
        Span(y.op, None, (), 0.0, 30.0, device * 3, 2048, 1),
        Span(g.op, None, (), 40.0, 100.0, device * 10, 4096, 1),
        Span(y.op, g.op, (), 50.0, 60.0, device * 6, 1024, thread),
    ]
    profile = Profile()
    profile.add(Record(0.0, 200.0, spans))
    return profile, y, g


def test_a_gradient_operation_costs_what_its_derivatives_leave(x: Any) -> None:
    profile, y, g = made(x)
    assert profile.costs[y.op, None] == Cost(1, 30.0, 0.0, 2048)
    assert profile.costs[y.op, g.op] == Cost(1, 60.0, 0.0, 1024)
    assert profile.costs[g.op, None] == Cost(1, 40.0, 0.0, 3072)


def test_the_table_is_sorted_and_has_shares(x: Any) -> None:
    profile, _, _ = made(x)
    lines = str(profile).splitlines()
    assert lines[0] == "runs: 1, 200 us in all, 130 us in operations"
    cells = [line.split() for line in lines[2:]]
    assert [row[0] for row in cells] == ["y", "gradients/vjp", "y"]
    assert [row[-4:-1] for row in cells] == [["46.2%", "1", "KiB"], ["30.8%", "3", "KiB"], ["23.1%", "2", "KiB"]]
    assert "test_profile.py:" in lines[2]
    assert profile.table(1).splitlines()[-1] == "and 2 more: table() has them all"


def test_on_an_accelerator_its_own_time_counts(x: Any) -> None:
    profile, y, g = made(x, device=1.0)
    assert profile.on_device and "of the accelerator in operations" in str(profile)
    assert profile.readings()[y.op, g.op].text == "6 us"
    assert profile.costs[g.op, None].device == 4.0
    threaded, _, h = made(x, device=1.0, thread=2)  # autograd has a thread for each accelerator
    assert threaded.costs[h.op, None].device == 10.0


def test_readings(x: Any) -> None:
    profile, y, g = made(x)
    found = profile.readings()
    assert {key: (reading.text, reading.level) for key, reading in found.items()} == {
        (y.op, None): ("30 us", 0.5), (g.op, None): ("40 us", 40 / 60), (y.op, g.op): ("60 us", 1.0),
    }  # fmt: skip
    assert found[y.op, g.op].detail == "derivative of y for gradients/vjp: 60 us each, calls: 1, 46% of all, 1 KiB"


def test_operations_that_are_one_call_are_all_there(x: Any) -> None:
    variables = [gg.Variable(np.zeros(8, np.float32)) for _ in range(3)]
    steps = [v.assign_add(x).op for v in variables]
    initializer = gg.global_variables_initializer()
    profile = Profile()
    with gg.Session() as session:
        session.run(initializer)
        session.run(steps, {x: np.ones(8)}, watch=profile)
        assert session.run(variables[2]).tolist() == [1.0] * 8
    assert [profile.costs[op, None].calls for op in steps] == [1, 1, 1]
    assert profile.costs[steps[0], None].time > 0 == profile.costs[steps[1], None].time


def test_save_writes_a_trace(x: Any, tmp_path: Path) -> None:
    y = gg.exp(x, name="y")
    profile = Profile()
    with pytest.raises(ValueError, match="nothing yet"):
        profile.save(tmp_path / "a.json")
    profile = profiled(y, {x: np.zeros(8)})
    with pytest.raises(ValueError, match=r"a .json file, got"):
        profile.save(tmp_path / "a.txt")
    path = profile.save(tmp_path / "a.json")
    events = json.loads(path.read_text("utf-8"))["traceEvents"]
    (event,) = [event for event in events if event["name"] == "y"]
    assert event["ph"] == "X" and event["args"]["recorded"].startswith("tests/run/watch/test_profile.py:")


def test_a_notebook_shows_the_table(x: Any) -> None:
    profile, _, _ = made(x)
    assert profile._repr_html_().count("<tr>") == 4
    assert "nothing yet" in Profile()._repr_html_()


def test_memory_is_a_flag() -> None:
    with pytest.raises(TypeError, match="memory is True or False"):
        Profile(memory=1)  # type: ignore[arg-type]
