"""The command line; the tour itself is tested in test_tour.py."""

import subprocess
import sys
from pathlib import Path

import pytest

import graphgrad
from graphgrad import cli


@pytest.fixture
def toured(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that tours were asked for; no tour is run."""
    folders: list[Path] = []
    monkeypatch.setattr(cli, "tour", folders.append)
    return folders


def test_tour_writes_below_the_current_folder(
    toured: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["tour"]) == 0
    assert toured == [Path("graphgrad-tour")] and toured[0].is_dir()


def test_out_names_a_folder_and_makes_it(toured: list[Path], tmp_path: Path) -> None:
    assert cli.main(["tour", "--out", str(tmp_path / "a" / "b")]) == 0
    assert toured == [tmp_path / "a" / "b"] and toured[0].is_dir()


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a command line that ends with code 2."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize("arguments", [["tor"], [], ["tour", "--no-such-option"], ["tour", "extra"]])
def test_a_wrong_command_line(arguments: list[str], toured: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert "usage: graphgrad" in refused(arguments, capsys)
    assert toured == []


def test_an_unknown_command_is_told_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert "invalid choice: 'tor' (choose from" in refused(["tor"], capsys)


def test_a_folder_that_cannot_be_made(toured: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert f"can't write to {file}" in refused(["tour", "--out", str(file)], capsys)
    assert f"can't write to {file / 'x'}" in refused(["tour", "--out", str(file / "x")], capsys)
    assert toured == []


def test_a_folder_without_permission(
    toured: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.os, "access", lambda path, mode: False)
    assert f"can't write to {tmp_path}: permission denied" in refused(["tour", "--out", str(tmp_path)], capsys)
    assert toured == []


def test_a_file_that_cannot_be_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device", str(folder / "gradient.html"))

    monkeypatch.setattr(cli, "tour", full)
    assert "gradient.html: No space left" in refused(["tour", "--out", str(tmp_path)], capsys)


def test_an_error_that_is_not_about_a_file_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(cli, "tour", broken)
    with pytest.raises(BrokenPipeError):
        cli.main(["tour", "--out", str(tmp_path)])


def test_python_m_graphgrad() -> None:
    package = Path(graphgrad.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "graphgrad", "--version"],
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"graphgrad {graphgrad.__version__}\n", "")
