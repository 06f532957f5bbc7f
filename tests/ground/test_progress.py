"""Progress on a terminal."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from graphgrad.ground import progress


class Bar:
    """What tqdm gives, as far as it is used."""

    def __init__(self, **options: Any) -> None:
        self.options, self.beats, self.closed = options, 0, False

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def refresh(self) -> None:
        self.beats += 1


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Bar]:
    made: list[Bar] = []

    def tqdm(**options: Any) -> Bar:
        made.append(Bar(**options))
        return made[-1]

    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace(tqdm=tqdm))  # type: ignore[arg-type]
    monkeypatch.setattr(progress, "_DELAY", 0.02)
    monkeypatch.setattr(progress, "_BEAT", 0.01)
    return made


def test_a_bar_for_steps_if_there_is_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []

    class Tqdm:
        @staticmethod
        def tqdm(each: object, **options: object) -> object:
            shown.append(options["desc"])
            return each

    monkeypatch.setitem(sys.modules, "tqdm", Tqdm)  # type: ignore[arg-type]
    assert list(progress.steps(range(2), "runs")) == [0, 1] and shown == ["runs"]
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert list(progress.steps(range(2), "runs")) == [0, 1] and shown == ["runs"]


def test_a_clock_runs_beside_a_long_block(bars: list[Bar]) -> None:
    with progress.waiting("compiling"):
        until = time.monotonic() + 10
        while not (bars and bars[0].beats) and time.monotonic() < until:
            time.sleep(0.005)
    (bar,) = bars
    assert bar.options["desc"] == "compiling" and bar.options["disable"] is None
    assert bar.beats and bar.closed


def test_nothing_is_shown_of_a_short_block(bars: list[Bar]) -> None:
    with progress.waiting("compiling"):
        pass
    assert bars == []


def test_without_tqdm_a_block_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with progress.waiting("compiling"):
        done = True
    assert done
