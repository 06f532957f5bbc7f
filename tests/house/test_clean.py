"""What is committed is finished, belongs here and names no machine."""

import re
import shutil
import subprocess
from pathlib import PurePosixPath

import pytest

from tests.house.source import ROOT

# Everything at the root of the repository.
ROOM = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "benchmarks",
    "conftest.py",
    "constraints.txt",
    "docs",
    "examples",
    "graphgrad",
    "pyproject.toml",
    "tests",
    "tox.ini",
    "tutorials",
}
STRAY = {".bak", ".egg-info", ".ipynb", ".log", ".orig", ".pyc", ".rej", ".swp", ".tmp"}
LARGEST = 400_000  # bytes

COMMANDS = [
    "pip install -c constraints.txt . && graphgrad tour",
    "pip install -c constraints.txt tox && tox",
]

UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
MACHINE = re.compile(r"(?<![\w.:/])/(?:work|tmp|opt|root|home|Users|mnt|var)/[\w.]|[a-z]+:///(?:work|tmp|opt)\b")


def committed() -> list[str]:
    """The files that git holds or would add, as paths below the root."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: no list of committed files")
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(path for path in set(done.stdout.split("\0")) if path and (ROOT / path).is_file())


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Where `pattern` occurs in the committed text files, as `path:line text`."""
    found = []
    for path in committed():
        try:
            text = (ROOT / path).read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path}:{number} {line.strip()[:80]}"
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    return found


def test_nothing_is_left_unfinished() -> None:
    assert lines_with(UNFINISHED) == []


def test_no_machine_is_named() -> None:
    assert lines_with(MACHINE) == []


def test_every_file_belongs_here() -> None:
    paths = [PurePosixPath(path) for path in committed()]
    assert sorted({path.parts[0] for path in paths} - ROOM) == []
    assert [str(path) for path in paths if path.suffix in STRAY] == []
    assert [str(path) for path in paths if (ROOT / path).stat().st_size > LARGEST] == []


def test_readme_has_the_two_commands_and_no_other() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if re.match(r"(pip|python|tox|uv|conda)\b", line)] == COMMANDS


@pytest.mark.parametrize("line", ["x = 1  # TO" + "DO", "FIX" + "ME: later"])
def test_unfinished_work_is_seen(line: str) -> None:
    assert UNFINISHED.search(line)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (f"open('/{'tmp'}/x')", True),
        (f"see /{'home'}/someone", True),
        (f"file:///{'opt'}/wheels", True),
        ("https://example.org/home/page", False),
        ("a/tmp/b", False),
        ("docs/home/x.md", False),
    ],
)
def test_a_machine_path_is_seen(line: str, named: bool) -> None:
    assert bool(MACHINE.search(line)) == named
