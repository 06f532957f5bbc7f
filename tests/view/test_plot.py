"""`gg.plot` as a user meets it."""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import graphgrad as gg
from graphgrad.ground.reading import Reading
from graphgrad.view import plot as module
from graphgrad.view.marks import Scene
from graphgrad.view.plot import Plot, plot
from tests.view.pictures import EVIL, deep, marked, perceptron, stopped, trained


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


# -- other pictures -------------------------------------------------------------------------------


def test_without_xs_it_is_the_forward_graph() -> None:
    x = gg.constant(2.0, name="x")
    y = gg.sin(x, name="y")
    gg.exp(x, name="aside")
    assert repr(plot(y)) == "<Plot 'forward graph of y:0': operations: 2>"
    assert repr(plot(gg.get_default_graph())) == "<Plot 'graph': operations: 3>"
    assert plot([y, x]).title == "forward graph of y:0, x:0"


def test_a_plan_is_drawn_as_its_steps(tmp_path: Path) -> None:
    picture = plot(trained(), values={"mean": 0.5})
    assert repr(picture) == "<Plot 'plan of a run': operations: 15>"
    assert picture.graph.nodes["mean"]["reading"].text == "0.5"
    assert ">step<" in picture.svg() and ">in place<" in picture.svg() and ">0.5<" in picture.svg()


def every_kind() -> list[Plot]:
    asked = perceptron()
    graph = gg.get_default_graph()
    whole = plot(graph, values={op.name: math.nan for op in graph.get_operations()}, highlight=asked.xs[0])
    return [whole, plot(asked.ys), plot(stopped()), plot(trained(12)), plot(*asked, highlight=asked.xs, values={})]


def test_every_writer_writes_every_kind(tmp_path: Path) -> None:
    for picture in every_kind():
        for suffix in ("svg", "html", "dot", "mmd", "pbtxt"):
            assert picture.save(tmp_path / f"picture.{suffix}").stat().st_size > 200
        ElementTree.fromstring(picture.svg())


def test_the_same_picture_each_time() -> None:
    def texts() -> list[str]:
        with gg.Graph().as_default():
            return [picture.svg() for picture in every_kind()]

    assert texts() == texts()


def test_hostile_readings_stay_text(tmp_path: Path) -> None:
    x = gg.constant(2.0, name="x")
    y = gg.sin(x, name="y")
    evil = Reading(EVIL, 1.0, "inf", EVIL)
    for picture in (plot(y, x, values={x: evil, "d(y)": evil}), plot(trained(), values={"mean": evil})):
        ElementTree.fromstring(picture.svg())
        for suffix in ("svg", "html", "dot", "mmd", "pbtxt"):
            text = picture.save(tmp_path / f"picture.{suffix}").read_text("utf-8")
            assert "\x00" not in text
            assert suffix == "pbtxt" or "<img" not in text  # there it stands in a string, each quote of it escaped


def test_kernels_by_request() -> None:
    x = gg.constant([2.0], name="x")
    picture = plot(gg.sin(x, name="y"), x, expand=True)
    assert any(node["type"].startswith("aten.") for node in picture.graph.nodes.values())


def test_arguments_that_do_not_go_together() -> None:
    x = gg.constant(2.0, name="x")
    with pytest.raises(ValueError, match="stop_gradients needs xs"):
        plot(x, stop_gradients=[x])
    with pytest.raises(ValueError, match="expand needs xs"):
        plot(x, expand=True)
    for whole in (gg.get_default_graph(), trained()):
        with pytest.raises(gg.errors.ArgumentTypeError, match="is drawn as it is"):
            plot(whole, x)
    with pytest.raises(ValueError, match="a plan is a list of steps"):
        plot(trained(), highlight=x)
    with pytest.raises(ValueError, match="ys is None"):
        plot(None)


def test_branches_and_loops_are_drawn() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.cond(x > 0, lambda: x * x, lambda: x, name="choice")
    _, z = gg.while_loop(lambda i, z: i < 3, lambda i, z: (i + 1, z * y), [0, y], name="rounds")
    drawn = plot(z, x)
    assert "choice" in drawn.svg() and "rounds" in drawn.svg()
    assert drawn.html().startswith("<!DOCTYPE html>")
    assert repr(plot(gg.gradients(z, x)[0], x)).startswith("<Plot 'gradient of gradients/vjp:0'")
