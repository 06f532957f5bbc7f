"""What a user installs: the wheel holds the package, all of it, and nothing else."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import graphgrad
from tests.house.source import PACKAGE, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel of this tree, built in a temporary folder."""
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(Path(path)) as archive:
        yield archive


def package_files() -> set[str]:
    """Every file below graphgrad/, code and data, caches left out."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    assert sorted(package_files() - set(wheel.namelist())) == []


def test_the_wheel_is_typed(wheel: zipfile.ZipFile) -> None:
    assert "graphgrad/py.typed" in wheel.namelist()


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    info = f"graphgrad-{graphgrad.__version__}.dist-info/"
    assert [name for name in wheel.namelist() if not name.startswith(("graphgrad/", info))] == []


def test_the_wheel_has_its_command_licence_and_version(wheel: zipfile.ZipFile) -> None:
    info = f"graphgrad-{graphgrad.__version__}.dist-info"
    assert b"graphgrad = graphgrad.cli:main" in wheel.read(f"{info}/entry_points.txt")
    assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert f"Version: {graphgrad.__version__}\n".encode() in wheel.read(f"{info}/METADATA")
