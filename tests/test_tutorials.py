"""Each tutorial runs as a script, in a folder of its own, without a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphgrad
from tests.house.source import ROOT

TUTORIALS = sorted((ROOT / "tutorials").glob("[0-9][0-9]_*.py"))


def test_there_are_tutorials() -> None:
    assert TUTORIALS
    assert sorted((ROOT / "tutorials").glob("*.py")) == TUTORIALS, "a tutorial is named NN_title.py"


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_runs(tutorial: Path, tmp_path: Path) -> None:
    package = Path(graphgrad.__file__).parents[1]
    (tmp_path / "tutorials").symlink_to(ROOT / "tutorials")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "gradient.svg").touch()  # the tutorial that draws it writes it here
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(package)}
    done = subprocess.run(
        [sys.executable, "-W", "error", f"tutorials/{tutorial.name}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    if tutorial.stem == "05_tour_of_pictures":
        made = (tmp_path / "docs" / "gradient.svg").read_bytes()
        assert made == (ROOT / "docs" / "gradient.svg").read_bytes(), "run it in the repository to draw it again"


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_explains_before_it_computes(tutorial: Path) -> None:
    assert tutorial.read_text("utf-8").startswith("# %% [markdown]\n# # ")
