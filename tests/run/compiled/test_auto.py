"""`compile="auto"` moves up when time has been spent; another process is stood in for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.run.compiled import auto
from graphgrad.run.compiled.auto import Rise, Rising
from graphgrad.run.compiled.backends import Built, plain
from tests.run.compiled.test_tier import ways


@pytest.fixture
def session() -> Iterator[gg.Session]:
    with gg.Session(compile="auto") as made:
        yield made


class Apart:
    """The other process: asked with jobs, it tells when the test lets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[list[Any]] = []
        self.picked: list[Any] = []
        monkeypatch.setattr(auto, "compile_apart", self.ask)
        monkeypatch.setattr(auto, "assembled", self.assemble)
        monkeypatch.setattr(auto, "missing", str)
        monkeypatch.setattr(auto, "_TRACE", (0.0, 0.0))
        monkeypatch.setattr(auto, "_INDUCTOR", (0.0, 0.0))

    def ask(self, jobs: list[Any], done: Callable[[str], None]) -> None:
        self.asked.append(jobs)
        self.tell = done

    def assemble(self, flat: Any, original: Any) -> Built:
        self.picked.append(flat)
        return Built(plain(flat, original), [("by Inductor", None)])


def slope() -> tuple[Any, Any]:
    x = gg.placeholder(gg.float32, [2], name="x")
    return gg.gradients(torch.exp(torch.sin(x)) * 2.0, x)[0], x


def test_it_begins_as_recorded_and_says_when_it_will_move(session: gg.Session) -> None:
    y, x = slope()
    session.run(y, {x: [0.0, 0.0]})
    (how,) = ways(session)
    assert how.startswith("as recorded, for 0.") and "traced after 0.0" in how


def test_it_moves_up_between_runs(session: gg.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = Apart(monkeypatch)
    y, x = slope()
    results = [session.run(y, {x: [0.0, 1.0]}).tolist() for _ in range(2)]
    assert len(apart.asked) == 1 and apart.asked[0], "asked once, with jobs"
    assert ways(session)[-1] == "Inductor compiles"
    results.append(session.run(y, {x: [0.0, 1.0]}).tolist())
    assert apart.picked == [] and len(apart.asked) == 1
    apart.tell("")
    assert "for the next run" in ways(session)[-1] and apart.picked == []
    results += [session.run(y, {x: [0.0, 1.0]}).tolist() for _ in range(2)]
    assert len(apart.picked) == 1 and ways(session)[-2:] == ["by Inductor", "as far up as it gets"]
    assert all(result == results[0] for result in results)


def test_it_stays_where_it_is_when_compiling_fails(session: gg.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = Apart(monkeypatch)
    y, x = slope()
    for _ in range(2):
        session.run(y, {x: [0.0, 0.0]})
    apart.tell("no room on the disk")
    assert session.run(y, {x: [0.0, 0.0]}).tolist() == [2.0, 2.0]
    assert ways(session)[-1] == "not by Inductor: no room on the disk" and len(apart.asked) == 1


def test_without_a_compiler_the_trace_is_the_top(session: gg.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = Apart(monkeypatch)
    monkeypatch.setattr(auto, "missing", lambda: "install g++")
    y, x = slope()
    for _ in range(3):
        session.run(y, {x: [0.0, 0.0]})
    assert apart.asked == [] and ways(session)[-1] == "not by Inductor: install g++"


def test_what_is_spent_counts_also_where_runs_fail(session: gg.Session) -> None:
    i = gg.placeholder(gg.int64, [1], name="i")
    y = torch.index_select(gg.constant([1.0]), 0, i)
    with pytest.raises(gg.errors.InvalidArgumentError):
        session.run(y, {i: [3]})
    (prepared,) = session._prepared.values()
    assert isinstance(prepared.program.call, Rising) and prepared.program.call.spent > 0


def test_a_rise_is_over_when_it_went_wrong() -> None:
    rise = Rise(None, 1.0)
    rise.told("why")
    assert (rise.stage, rise.wrong) == ("over", "why")
