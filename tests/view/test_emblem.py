"""A node as shapes and texts: its form, its emphasis, and what was measured."""

from typing import Any

import pytest

import graphgrad as gg
from graphgrad.ground.reading import Reading
from graphgrad.view.emblem import emblem, form, look, outline, tip
from graphgrad.view.forward import forward_graph
from graphgrad.view.geometry import Box
from graphgrad.view.gradient_graph import Graph
from graphgrad.view.marks import Part, Shape, Text
from graphgrad.view.palette import STYLES
from tests.view.pictures import marked, perceptron

BOX = Box(100, 50, 90, 34, 0, 0)


def texts(part: Part) -> list[str]:
    return [mark.text for mark in part.marks if isinstance(mark, Text)]


def shapes(part: Part) -> list[str]:
    return [mark.style for mark in part.marks if isinstance(mark, Shape)]


def test_every_mark_of_a_gradient_graph_has_a_form_of_its_own() -> None:
    graph = marked().graph
    forms = {key: form(graph.nodes[key]) for key in graph}
    assert forms["a"] == "x" and forms["z"] == "unconnected" and forms["loss"] == "y" and forms["mul"] == "op"
    assert forms["c"] == forms["held"] == forms["quiet"] == "stop"
    assert forms["k"] == "integer" and forms["down"] == "dead" and forms["to"] == "context"
    assert forms["d(mul)"] == forms["sum(a:0)"] == "adjoint" and forms["gradient(a:0)"] == "gradient"
    drawn = {}
    for key in ("a", "mul", "c", "k", "down", "z", "loss"):
        border = outline(forms[key], BOX)
        style = STYLES[forms[key]]
        drawn[key] = (tuple(c for c, *_ in border), style.width, style.dash, "frame" in shapes(emblem(
            graph.nodes[key], key, BOX)))  # fmt: skip
    assert len(set(drawn.values())) == len(drawn)


def test_a_stop_has_a_bar_where_the_gradient_would_come_from() -> None:
    graph = marked().graph
    (bar,) = [m for m in emblem(graph.nodes["c"], "c", BOX).marks if isinstance(m, Shape) and m.style == "bar"]
    assert all(number > 67 for _, _, number in bar.path)
    assert "bar" not in shapes(emblem(graph.nodes["k"], "k", BOX))


def test_sources_of_a_forward_graph_differ_in_form_and_have_no_tags() -> None:
    graph = forward_graph(perceptron().ys)
    image = emblem(graph.nodes["images"], "images", BOX)
    weight = emblem(graph.nodes["sequential/0/weight"], "w", BOX)
    assert shapes(image) == ["placeholder"] and shapes(weight) == ["variable", "y"]
    assert "tag" not in shapes(image) + shapes(weight)
    assert texts(emblem(graph.nodes["mean"], "mean", BOX)) == ["Mean", "mean", "y"]


def test_a_gradients_call_looks_like_a_gradient() -> None:
    x = gg.constant(1.0, name="x")
    (g,) = gg.gradients(gg.sin(x), x)
    assert form(forward_graph(g).nodes[g.op.name]) in ("y", "gradient")
    assert form(forward_graph(g * 2.0).nodes[g.op.name]) == "gradient"


def read_at(graph: Graph, key: str, reading: Reading | None) -> Any:
    graph.nodes[key]["reading"] = reading
    return graph.nodes[key]


def test_a_reading_is_written_below_the_name() -> None:
    graph = marked().graph
    plain = emblem(graph.nodes["mul"], "mul", BOX)
    part = emblem(read_at(graph, "mul", Reading("0.5", 0.9, "", "of float32[3]")), "mul", BOX)
    assert texts(plain) == ["Mul", "mul"] and texts(part) == ["Mul", "mul", "0.5"]
    heights = [mark.y for mark in part.marks if isinstance(mark, Text)]
    assert heights == sorted(heights) and heights[-1] < 67
    assert "reading forward 4" in shapes(part) and "0.5\nof float32[3]" in part.tip
    assert emblem(read_at(graph, "mul", None), "mul", BOX) == plain


def test_a_pale_name_is_dark_on_a_filled_ground() -> None:
    graph = marked().graph
    graph.nodes["to"]["reading"] = Reading("1", 1.0)
    part = emblem(graph.nodes["to"], "to", BOX)
    assert not any(mark.style == "pale" for mark in part.marks)


def test_what_is_not_lit_is_faint_in_every_mark_and_tells_no_reading() -> None:
    graph = marked().graph
    graph.nodes["c"].update(lit=False, reading=Reading("1", 1.0, "nan"))
    part = emblem(graph.nodes["c"], "c", BOX)
    assert all(mark.style.startswith("faint ") or mark.style == "badge" for mark in part.marks)
    assert look(graph.nodes["c"]) == "faint stop"
    graph.nodes["c"]["lit"] = True
    assert look(graph.nodes["c"]) == "stop" and "reading nan frame" in shapes(emblem(graph.nodes["c"], "c", BOX))


@pytest.mark.parametrize("key", ["a", "loss", "gradient(a:0)", "sum(a:0)", "d(mul)", "z"])
def test_all_styles_exist(key: str) -> None:
    graph = marked().graph
    for more in ({}, {"lit": False}, {"reading": Reading("1", 0.3, "zero")}):
        assert {mark.style for mark in emblem(graph.nodes[key] | more, key, BOX).marks} <= set(STYLES)


def test_the_tip_tells_where_it_was_recorded() -> None:
    graph = marked().graph
    assert "pictures.py" in tip(graph.nodes["mul"], "mul") and tip(graph.nodes["mul"], "mul").startswith("mul\n")
