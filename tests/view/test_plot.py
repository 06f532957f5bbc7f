"""`gg.plot` as a user meets it."""

from pathlib import Path

import pytest

import graphgrad as gg
from graphgrad.view import plot as module
from graphgrad.view.plot import Plot, plot
from graphgrad.view.scene import Scene
from tests.view.pictures import deep, marked, perceptron


def example() -> Plot:
    x = gg.constant(2.0, name="x")
    return plot(gg.sin(x, name="y"), x)


def test_it_says_what_it_is() -> None:
    assert repr(example()) == "<Plot 'gradient of y:0': operations: 2, adjoint nodes: 1, gradients: 1>"


def test_the_title_names_the_ys() -> None:
    a = [gg.constant(1.0, name=name) for name in "abcd"]
    assert plot(a[:2], a[0]).title == "gradient of a:0, b:0"
    assert plot(a, a[0]).title == "gradient of a:0, b:0, c:0, …"


def test_stops_are_passed_on() -> None:
    ys, xs, stops = marked()
    assert plot(ys, xs, stops).graph.nodes["c"]["roles"] == ("stop",)


def test_saved_files(tmp_path: Path) -> None:
    picture = example()
    starts = {".svg": "<svg", ".html": "<!DOCTYPE html>", ".SVG": "<svg", ".mmd": "---", ".dot": "digraph"}
    for suffix, start in (starts | {".pbtxt": "node {"}).items():
        path = tmp_path / f"picture{suffix}"
        path.write_text("old")
        assert picture.save(str(path)) == path
        assert path.read_text("utf-8").startswith(start)
    assert picture._repr_svg_() == picture.svg() == (tmp_path / "picture.svg").read_text("utf-8")


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_a_figure_is_what_its_writer_gives(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Scene] = []
    monkeypatch.setattr(module, kind, lambda scene: given.append(scene) or b"bytes")
    picture = example()
    assert picture.save(tmp_path / f"a.{kind}").read_bytes() == b"bytes"
    assert given == [picture.scene]


@pytest.mark.parametrize("name", ["picture.gif", "picture", ".svg"])
def test_other_suffixes(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"use one of .svg, .html, .png, .pdf, .dot, .mmd, .pbtxt"):
        example().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        example().save(tmp_path / "no" / "picture.svg")


def test_large_graphs_are_drawn_collapsed() -> None:
    large, small = plot(*deep(90)), plot(*perceptron())
    assert len(large.drawn) < len(large.graph) > 1000
    assert small.drawn is small.graph
    assert len(large.svg()) < 100_000
