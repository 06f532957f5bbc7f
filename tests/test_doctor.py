"""What the installation has."""

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
import torch

import graphgrad
from graphgrad import doctor


def test_versions_and_devices() -> None:
    lines = doctor.report().splitlines()
    assert f"graphgrad {graphgrad.__version__}" in lines
    assert f"networkx {importlib.metadata.version('networkx')}" in lines
    assert ("no CUDA device" in lines) is (torch.cuda.device_count() == 0)


def test_a_missing_extra_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_EXTRAS", {"plot": ("networkx", "no-such-package")})
    assert "extra plot: no-such-package missing; pip install 'graphgrad[plot]'" in doctor.report()
    monkeypatch.setattr(doctor, "_EXTRAS", {"plot": ("networkx",)})
    assert f"extra plot: networkx {importlib.metadata.version('networkx')}" in doctor.report()


def test_every_extra_is_reported() -> None:
    declared = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert {*doctor._EXTRAS, "all"} == set(declared["optional-dependencies"])
    for extra, packages in doctor._EXTRAS.items():
        wanted = " ".join(declared["optional-dependencies"][extra])
        assert all(package in wanted for package in packages)
