"""The tour: it runs, and what it prints is true."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import torch

import graphgrad as gg
from graphgrad import tour as module


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tour")


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    """What one tour prints."""
    printed = io.StringIO()
    before, graph, threads = torch.get_rng_state(), gg.get_default_graph(), torch.get_num_threads()
    with contextlib.redirect_stdout(printed):
        module.tour(folder)
    assert torch.equal(torch.get_rng_state(), before) and torch.get_num_threads() == threads
    assert gg.get_default_graph() is graph and len(graph) == 0
    return printed.getvalue()


def section(text: str, number: int) -> str:
    return text.split(f"\n{number}. ")[1].split(f"\n{number + 1}. ")[0]


def test_it_trains(text: str) -> None:
    losses = [float(found) for found in re.findall(r"step +\d+ +loss ([\d.]+)", section(text, 2))]
    assert len(losses) == 4 and losses[-1] < losses[0] / 3


def test_total_and_partial_derivatives(text: str) -> None:
    assert "total    3.0 1.0" in section(text, 3) and "partial  1.0 1.0" in section(text, 3)


def test_the_paths_of_the_model(text: str) -> None:
    total, past, through = (float(found) for found in re.findall(r"^ +[a-z ]+ (\d\.\d{5})$", section(text, 4), re.M))
    assert abs(past - through) <= total <= past + through
    assert min(total, past, through) > 0


def test_a_none_is_explained(text: str) -> None:
    said = section(text, 5)
    assert "[None]" in said and "integer tensors are constants (argmax:0)" in said
    assert "recorded tour.py:" in said


def test_the_program_is_shown(text: str) -> None:
    assert "def program(" in section(text, 6) and "torch.autograd.grad(" in section(text, 6)


def test_the_pictures_are_written(text: str, folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["gradient.html", "gradient.svg"]
    assert "classifier/block/qkv/weight" in (folder / "gradient.svg").read_text("utf-8")
    assert str(folder / "gradient.html") in section(text, 7)


def test_the_code_shown_is_the_code_run(text: str) -> None:
    assert '  | digits = gg.placeholder(gg.int64, [None, LENGTH], name="digits")\n' in section(text, 1)
    assert "return" not in "".join(line for line in text.splitlines() if line.startswith("  | "))


def test_any_terminal_can_show_it(text: str) -> None:
    assert text.isascii()
    assert max(map(len, text.splitlines())) < 130


def test_shortened() -> None:
    program = "import x\n\ndef program():\n" + "".join(f"    a{n} = {n}; del b\n" for n in range(40))
    lines = module.shortened(program).splitlines()
    assert lines[0] == "def program():" and lines[1] == "    a0 = 0" and lines[-1] == "    a39 = 39"
    assert lines[6] == "    ...  # 29 lines" and len(lines) == 13
