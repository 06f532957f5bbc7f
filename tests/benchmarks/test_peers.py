"""The comparison with peers, as far as torch and graphgrad alone can show it."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.house.source import ROOT

FOLDER = ROOT / "benchmarks" / "peers"
OTHERS = "tensorflow,jax,pytensor,torch.compile,inductor,cudagraph,auto"


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The driver's modules, which import each other by bare names; forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [str(FOLDER), str(FOLDER.parent), *sys.path])
    yield {name: importlib.import_module(name) for name in ("rounds", "results", "pipe", "contests", "programs")}
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(FOLDER.parent)):
            del sys.modules[name]


def outcome(parts: dict[str, ModuleType], framework: str, tier: str, samples: list[float]):  # type: ignore[no-untyped-def]
    rounds = parts["rounds"]
    return rounds.Outcome(rounds.Contestant(framework, tier, tier or "plain"), samples)


def test_a_quick_run_writes_a_page_and_its_picture(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    only = "penalty,jacobian,stops-made"
    done = subprocess.run(
        [sys.executable, FOLDER, "--quick", "--only", only, "--without", OTHERS, "--out", page],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr  # 1 says that graphgrad was slower
    text = page.read_text()
    assert "### penalty" in text and "### jacobian" in text and "### stops-made" in text and "### mlp" not in text
    assert all(f"\n| {name} | " in text for name in ("graphgrad, trace", "torch, eager", "torch, eager by rows"))
    assert "Floor, by arithmetic" in text and " GFLOP/s" in text
    assert "\n| tensorflow, " not in text and f"; only {only}; without {OTHERS}." in text
    assert page.with_suffix(".svg").read_text().count("<path") > 3


def test_the_fastest_tier_counts_and_ratios_are_taken_within_a_round(parts: dict[str, ModuleType]) -> None:
    mine = [outcome(parts, "graphgrad", "", [4.0, 8.0, 4.0]), outcome(parts, "graphgrad", "trace", [2.0, 6.0, 1.0])]
    theirs = [outcome(parts, "jax", "", [1.0, 2.0, 2.0]), outcome(parts, "torch", "", [9.0, 9.0, 9.0])]
    result = parts["rounds"].Result("A row", "row", "s", 1.0, [*mine, *theirs])
    assert result.best("graphgrad") is mine[1]
    assert result.ratio(theirs[0]).middle == 2.0  # of 2, 3 and 0.5
    assert result.best("pytensor") is None


def test_a_row_is_lost_only_where_the_lower_bound_says_so(parts: dict[str, ModuleType]) -> None:
    def lost(name: str, framework: str, factors: list[float]) -> list[str]:
        outcomes = [outcome(parts, "graphgrad", "", factors), outcome(parts, framework, "", [1.0] * len(factors))]
        found: list[str] = parts["results"].behind([parts["rounds"].Result("A row", name, "s", 1.0, outcomes)])
        return found

    assert lost("mlp", "jax", [2.0] * 9) == ["A row: 2.00 x the time of jax, plain"]
    assert lost("mlp", "jax", [0.5] * 9) == []
    assert lost("mlp", "jax", [0.9, 1.1] * 9) == []
    assert lost("start", "jax", [2.0] * 9) == []  # conceded
    assert len(lost("start", "tensorflow", [2.0] * 9)) == 1


def test_answers_that_differ_end_the_run(parts: dict[str, ModuleType]) -> None:
    rounds = parts["rounds"]
    outcomes = [outcome(parts, "graphgrad", "", []), outcome(parts, "torch", "", [])]
    answers = {0: [np.array([1.0, 2.0])], 1: [np.array([1.0, 2.0002])]}
    rounds._compare(outcomes, answers)
    assert outcomes[0].error == pytest.approx(1e-4, rel=1e-3)  # of torch's largest number
    answers[0] = [np.array([1.0, 2.1])]
    with pytest.raises(SystemExit, match=r"graphgrad, plain: answers differ from its peers' by 0\.05"):
        rounds._compare(outcomes, answers)
    answers[0] = [np.zeros(3)]
    with pytest.raises(SystemExit, match="other shapes"):
        rounds._compare(outcomes, answers)


def test_a_worker_that_fails_or_takes_too_long_is_refused(parts: dict[str, ModuleType]) -> None:
    pipe = parts["pipe"]
    worker = pipe.Worker("torch", "", sys.executable, 1)
    try:
        assert worker.name.startswith("torch ")
        with pytest.raises(pipe.Refused, match="KeyError: 'record'"):  # eager torch has nothing to record
            worker.ask(60.0, do="make", row="record-1000", quick=True)
        made = worker.ask(60.0, do="make", row="chain", quick=True)
        (first, *_) = pipe.unpacked(made["answers"])
        x = np.linspace(0.1, 0.9, 8, dtype=np.float32)
        slope = np.ones(8)
        for _ in range(50):
            slope, x = slope * np.cos(x), np.sin(x)
        np.testing.assert_allclose(first, slope, rtol=1e-5)
        with pytest.raises(pipe.Refused, match="not done after 0 s"):
            worker.ask(0.0, do="sample", lasting=1.0)
    finally:
        worker.close()


def test_numbers_of_the_random_program_stay_alive(parts: dict[str, ModuleType]) -> None:
    programs = parts["programs"]
    table = {"sin": np.sin, "tanh": np.tanh, "add": np.add, "mul": np.multiply}
    x, step = np.linspace(0.1, 0.9, 8), 1e-6
    for row in parts["contests"].ROWS:
        if row.work == "random":
            for size in (row.size, row.quick):
                lines = programs.random_program(size["length"])
                high, low = (programs.follow(lines, table, x + side) for side in (step, -step))
                assert np.abs(high).min() > 1e-3 and np.abs((high - low) / (2 * step)).max() > 0.1
