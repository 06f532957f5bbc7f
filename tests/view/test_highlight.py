"""The way of one x: against the gradient graph of that x alone, which is worked out without any highlight."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphgrad as gg
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.highlight import CUTS
from graphgrad.view.plot import Plot, plot
from tests.view.pictures import deep, higher, marked, programme


def lit(graph: Graph) -> set[str]:
    return {key for key, node in graph.nodes(data=True) if node["lit"]}


def lit_edges(graph: Graph, kind: str) -> set[tuple[str, str]]:
    return {(a, b) for a, b, data in graph.edges(data=True) if data["lit"] and data["kind"] == kind}


def test_from_an_x_to_y_and_back() -> None:
    ys, xs, stops = marked()
    graph = plot(ys, xs, stops, highlight=xs[0]).graph
    forward = {"a", "b", "mul", "mul_1", "add", "add_1", "loss"}
    assert lit(graph) == forward | {f"d({key})" for key in forward - {"a"}} | {"sum(a:0)", "gradient(a:0)"}
    assert ("a", "mul") in lit_edges(graph, "forward") and ("c", "mul") not in lit_edges(graph, "forward")
    assert lit_edges(graph, "seed") == {("loss", "d(loss)")} and not lit_edges(graph, "saved")
    assert ("d(mul_1)", "gradient(b:0)") not in lit_edges(graph, "cotangent")


def test_one_branch_only() -> None:
    ys, xs, stops = marked()
    graph = plot(ys, xs, stops, highlight=xs[1]).graph
    assert lit(graph) == {
        "b", "mul_1", "add", "add_1", "loss", "d(mul_1)", "d(add)", "d(add_1)", "d(loss)", "gradient(b:0)",
    }  # fmt: skip


def test_several_are_the_union() -> None:
    ys, xs, stops = marked()
    one, two, both = (lit(plot(ys, xs, stops, highlight=each).graph) for each in (xs[0], xs[1], xs[:2]))
    assert both == one | two and both > one


def test_names_operations_and_tensors_are_alike() -> None:
    ys, xs, stops = marked()
    want = lit(plot(ys, xs, stops, highlight=xs[0]).graph)
    for item in ("a", "a:0", xs[0].op, "gradient(a:0)"):
        assert lit(plot(ys, xs, stops, highlight=item).graph) - {"a"} == want - {"a"}


def test_what_lies_between_is_as_good_as_an_x() -> None:
    x = gg.constant(1.0, name="x")
    h = gg.sin(x, name="h")
    graph = plot(gg.cos(gg.exp(h, name="e"), name="y") + gg.sqrt(x), x, highlight=h).graph
    assert lit(graph) == {"h", "e", "y", "add", "d(e)", "d(y)", "d(add)"}


def test_an_x_without_connection_leads_to_its_cuts() -> None:
    a, w = gg.placeholder(gg.float32, [3], name="a"), gg.constant(2.0, name="w")
    k = gg.cast(gg.cast(a, gg.int32, name="k"), gg.float32, name="f")
    held = gg.stop_gradient(gg.sin(a, name="s"), name="held")
    loss = gg.reduce_sum(k * w + held, name="loss")
    graph = plot(loss, [a, w], highlight=a).graph
    assert lit(graph) == {"a", "k", "s", "held"}
    assert all(CUTS & set(graph.nodes[key]["roles"]) for key in ("k", "held"))
    assert lit_edges(graph, "forward") == {("a", "k"), ("a", "s"), ("s", "held")}


def test_an_x_that_nothing_reads_stands_alone() -> None:
    ys, xs, stops = marked()
    assert lit(plot(ys, xs, stops, highlight=xs[2]).graph) == {"z"}


def test_an_x_that_is_y() -> None:
    x = gg.constant(1.0, name="x")
    assert lit(plot(x, x, highlight=x).graph) == {"x", "gradient(x:0)"}


def test_second_order_goes_through_the_first() -> None:
    ys, xs, _ = higher(2)
    graph = plot(ys, xs, highlight=xs[1]).graph
    shown = lit(graph)
    assert {"w", "mul", "d(mul)", "d(d(mul))", "gradient(w:0)", "gradient(gradients/vjp:0)"} <= shown
    assert {"x", "gradient(x:0)", "sum_1"}.isdisjoint(shown)


def test_a_forward_graph() -> None:
    x, w = gg.constant(1.0, name="x"), gg.constant(2.0, name="w")
    y = gg.add(gg.sin(x, name="s"), gg.cos(w, name="c"), name="y")
    graph = plot(y, highlight=x).graph
    assert lit(graph) == {"x", "s", "y"} and lit_edges(graph, "forward") == {("x", "s"), ("s", "y")}
    gg.exp(x, name="aside")
    assert lit(plot(gg.get_default_graph(), highlight=x).graph) == {"x", "s", "y", "aside"}


def test_a_collapsed_graph_keeps_the_way() -> None:
    ys, xs, _ = deep(60)
    picture = plot(ys, xs, highlight=xs[0])
    small = picture.drawn
    assert len(small) < len(picture.graph)
    whole = lit(picture.graph)
    for key, node in small.nodes(data=True):
        assert node["lit"] == bool(whole.intersection(node.get("members", [key])))
    assert any(data["lit"] for _, _, data in small.edges(data=True))
    assert not all(data["lit"] for _, _, data in small.edges(data=True))
    assert "gg-faint-" in picture.svg() and "gg-strong-" in picture.svg()


def test_a_plot_without_highlight_has_no_such_attribute() -> None:
    picture = Plot(marked().graph)
    assert not any("lit" in node for node in picture.drawn.nodes.values())


@pytest.mark.parametrize("item", [3, None, [None], [[]]])
def test_wrong_kinds(item: Any) -> None:
    ys, xs, stops = marked()
    if item is None:
        assert "lit" not in plot(ys, xs, stops, highlight=None).graph.nodes["a"]
        return
    with pytest.raises(gg.errors.ArgumentTypeError, match="highlight takes tensors"):
        plot(ys, xs, stops, highlight=item)


def test_what_is_not_in_the_picture() -> None:
    ys, xs, stops = marked()
    with pytest.raises(ValueError, match="highlight: 'far:0' is not in this picture; the nearest node is"):
        plot(ys, xs, stops, highlight=gg.constant(1.0, name="far"))
    with pytest.raises(ValueError, match="empty list"):
        plot(ys, xs, stops, highlight=[])


@given(st.integers(0, 10**9), st.integers(3, 20))
@settings(max_examples=30)
def test_it_is_the_path_of_this_x_alone(seed: int, size: int) -> None:
    with gg.Graph().as_default():
        ys, xs, stops = programme(seed, size)
        alone = gradient_graph(ys, [xs[0]], stops)
        graph = plot(ys, xs, stops, highlight=xs[0]).graph
        if not any(node["kind"] == "gradient" and ":" not in node["name"] for node in alone.nodes.values()):
            assert not any(graph.nodes[key]["kind"] == "gradient" and graph.out_degree(key) == 0 for key in lit(graph))
            return
        path = {key for key, node in alone.nodes(data=True) if node["on_path"] and node["kind"] == "forward"}
        ends = {key for key, node in graph.nodes(data=True) if {"x", "y"} & set(node["roles"])}
        shown = {key for key in lit(graph) if graph.nodes[key]["kind"] == "forward"}
        assert shown - ends == path - ends
        assert path <= shown
