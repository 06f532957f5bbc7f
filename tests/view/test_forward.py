"""The forward graph alone: against the graph's own operations and its networkx view."""

from typing import Any

import pytest

import graphgrad as gg
from graphgrad.view.forward import forward_graph, ranked
from graphgrad.view.gradient_graph import gradient_graph
from graphgrad.view.layout import mirror_layout
from tests.view.pictures import higher, marked, perceptron, trained


def test_what_the_ys_need_and_nothing_else() -> None:
    x = gg.constant(1.0, name="x")
    y = gg.sin(gg.cos(x, name="c"), name="y")
    gg.exp(x, name="aside")
    graph = forward_graph(y)
    assert list(graph.edges(keys=True)) == [("x", "c", 0), ("c", "y", 0)]
    assert {key: node["roles"] for key, node in graph.nodes(data=True)} == {"x": ("constant",), "c": (), "y": ("y",)}


@pytest.mark.parametrize("make", [marked, perceptron, lambda: higher(3), trained])
def test_a_whole_graph_has_every_operation_and_every_read(make: Any) -> None:
    make()
    recorded = gg.get_default_graph()
    graph = forward_graph(recorded)
    assert list(graph) == [op.name for op in recorded.get_operations()]
    reads = [(a, b) for a, b, data in recorded.nx.edges(data=True) if not data.get("control")]
    controls = [(a, b) for a, b, data in recorded.nx.edges(data=True) if data.get("control")]
    for kind, want in (("forward", reads), ("control", controls)):
        assert sorted((a, b) for a, b, data in graph.edges(data=True) if data["kind"] == kind) == sorted(want)


def test_the_attributes_are_those_of_a_gradient_graph() -> None:
    asked = perceptron()
    nodes = set(next(iter(gradient_graph(*asked).nodes.values())))
    for ys in (asked.ys, asked.ys[0].graph):
        graph = forward_graph(ys)
        assert all(set(node) == nodes for node in graph.nodes.values())
        assert {(node["kind"], node["lane"], node["mirror"]) for node in graph.nodes.values()} == {("forward", 0, None)}
        assert all({"kind", "value", "spec", "carries"} <= set(data) for _, _, data in graph.edges(data=True))


def test_sources_and_gradients_have_roles() -> None:
    x, v = gg.placeholder(gg.float32, [], name="x"), gg.Variable(2.0, name="v")
    (g,) = gg.gradients(v * x, v)
    graph = forward_graph([g, x])
    assert graph.nodes["x"]["roles"] == ("y", "placeholder") and graph.nodes["v"]["roles"] == ("variable",)
    assert graph.nodes["gradients/vjp"]["roles"] == ("y", "sweep")


def test_what_only_waits_has_edges_of_another_kind_and_still_stands_below() -> None:
    a = gg.constant(1.0, name="a")
    with gg.control_dependencies([gg.sin(a, name="before")]):
        b = gg.no_op(name="after")
    graph = forward_graph(gg.get_default_graph())
    (edge,) = graph.get_edge_data("before", "after").values()
    assert edge == {"kind": "control", "value": "^before", "spec": "", "carries": False}
    drawn = ranked(graph)
    assert drawn.edges["before", "after", 0]["control"] and graph.edges["before", "after", 0]["kind"] == "control"
    boxes = mirror_layout(drawn).boxes
    assert boxes["a"].y < boxes["before"].y < boxes["after"].y
    assert b.name == "after"


def test_without_such_edges_nothing_is_copied() -> None:
    graph = marked().graph
    assert ranked(graph) is graph


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="needs at least one tensor"):
        forward_graph([])
    with pytest.raises(ValueError, match="is None"):
        forward_graph(None)
    with pytest.raises(gg.errors.ArgumentTypeError):
        forward_graph(1.0)


def test_the_users_graph_stays_as_it_is() -> None:
    asked = perceptron()
    before = len(gg.get_default_graph())
    forward_graph(asked.ys)
    forward_graph(gg.get_default_graph())
    assert len(gg.get_default_graph()) == before
