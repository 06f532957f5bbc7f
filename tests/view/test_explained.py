"""Explanations find their nodes."""

import graphgrad as gg
from graphgrad.view.explained import told_by
from graphgrad.view.gradient_graph import gradient_graph
from tests.view.pictures import marked, perceptron


def test_every_cut_and_every_unconnected_x_is_explained() -> None:
    asked = marked()
    told = told_by(asked.graph, gg.explain(*asked))
    assert set(told) == {"a", "b", "z", "c", "k", "held", "quiet", "down"}
    assert told["z"].startswith("no gradient reaches z")
    assert "integer tensors are constants" in told["k"] and 'name="k"' in told["k"]
    assert "leave it out of stop_gradients" in told["c"]


def test_what_several_xs_lose_at_one_place_is_told_once() -> None:
    a, b = gg.constant(1.0, name="a"), gg.constant(1.0, name="b")
    y = gg.floor(a + b, name="down") * 2.0
    told = told_by(gradient_graph(y, [a, b]), gg.explain(y, [a, b]))
    assert set(told) == {"a", "b", "down"}
    assert told["down"].count("  at  ") == 1 and "\n\n" not in told["down"]


def test_nothing_is_told_where_all_paths_are_open() -> None:
    asked = perceptron()
    assert told_by(asked.graph, gg.explain(*asked)) == {}


def test_a_cut_inside_a_branch_is_told_at_the_branch() -> None:
    p, x = gg.placeholder(gg.bool, [], name="p"), gg.placeholder(gg.float32, [3], name="x")
    y = gg.cond(p, lambda: gg.stop_gradient(x), lambda: gg.floor(x), name="flow")
    told = told_by(gg.gradient_graph(y, x), gg.explain(y, x))
    assert "inside flow: it is the output of stop_gradient" in told["flow"]
