"""Every case, answered by TensorFlow in an interpreter of its own and by graphgrad here.

TensorFlow is looked for in the interpreter that the environment variable GRAPHGRAD_TENSORFLOW names, or else in this
one. Without it these tests are skipped, and say so; `tox -e parity` installs it.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import graphgrad
from tests.parity.answer import Answer, answer
from tests.parity.case import Case, all_cases
from tests.parity.compare import difference
from tests.parity.differences import DIFFERENCES

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "GRAPHGRAD_TENSORFLOW"
CASES = all_cases()
REASONS = {name: reason for reason, names in DIFFERENCES.items() for name in names}


def interpreter() -> str | None:
    """The Python that has TensorFlow: the one that the environment names, or this one; None if it has none."""
    return os.environ.get(VARIABLE) or (sys.executable if find_spec("tensorflow") is not None else None)


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """TensorFlow's answer to each case, all from one process."""
    python = interpreter()
    if python is None:
        pytest.skip(f"no TensorFlow here; name a Python that has it in {VARIABLE}, or use tox -e parity")
    path = tmp_path_factory.mktemp("parity") / "answers.json"
    command = [python, "-m", "tests.parity.answer", str(path)]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Answer] = json.loads(path.read_text())["answers"]
    return found


def ours(case: Case) -> Answer:
    """Graphgrad's answer, through JSON as TensorFlow's."""
    found: Answer = json.loads(json.dumps(answer(graphgrad, case)))
    return found


@pytest.mark.timeout(900)  # the first test waits for TensorFlow's answers
@pytest.mark.parametrize("name", [name for name in CASES if name not in REASONS])
def test_graphgrad_answers_as_tensorflow_does(name: str, theirs: dict[str, Answer]) -> None:
    if "lacks" in theirs[name]:
        pytest.skip(f"no TensorFlow with {theirs[name]['lacks']}, which this case needs")
    assert difference(theirs[name], ours(CASES[name]), CASES[name].tolerance) is None


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", sorted(REASONS))
def test_a_difference_on_purpose_is_still_one(name: str, theirs: dict[str, Answer]) -> None:
    if "lacks" in theirs[name]:
        pytest.skip(f"no TensorFlow with {theirs[name]['lacks']}, which this case needs")
    assert difference(theirs[name], ours(CASES[name]), CASES[name].tolerance), REASONS[name]


def test_the_differences_name_cases_once() -> None:
    names = [name for each in DIFFERENCES.values() for name in each]
    assert sorted(set(names) - CASES.keys()) == []
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 300


def test_an_interpreter_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "python-with-tensorflow")
    assert interpreter() == "python-with-tensorflow"
    monkeypatch.delenv(VARIABLE)
    has: Any = object()
    monkeypatch.setattr("tests.parity.test_parity.find_spec", lambda name: has)
    assert interpreter() == sys.executable
    monkeypatch.setattr("tests.parity.test_parity.find_spec", lambda name: None)
    assert interpreter() is None
