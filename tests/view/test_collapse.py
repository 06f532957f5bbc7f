"""A collapsed graph: small, whole, without circles."""

import networkx
import pytest

import graphgrad as gg
from graphgrad.view.collapse import BUDGET, CALM, collapsed
from graphgrad.view.gradient_graph import Graph, gradient_graph
from tests.view.pictures import Asked, chain, deep, marked


def forward(graph: Graph) -> list[str]:
    return [key for key, node in graph.nodes(data=True) if node["kind"] == "forward"]


def check(graph: Graph, small: Graph) -> None:
    """What holds of every collapsed graph."""
    assert len(forward(small)) <= CALM
    assert networkx.is_directed_acyclic_graph(small)
    members = [key for name, node in small.nodes(data=True) for key in node.get("members", (name,))]
    assert sorted(members) == sorted(graph)
    whole = {key: name for name, node in small.nodes(data=True) for key in node.get("members", (name,))}
    assert {(whole[a], whole[b]) for a, b in graph.edges() if whole[a] != whole[b]} == set(small.edges())
    for name, node in small.nodes(data=True):
        if node["mirror"] is not None:
            first = graph.nodes[node.get("members", (name,))[0]]["mirror"]
            assert node["mirror"] == whole[first]


def test_a_small_graph_stays_as_it_is() -> None:
    graph = marked().graph
    assert len(forward(graph)) <= BUDGET
    assert collapsed(graph) is graph


def test_scopes_become_nodes() -> None:
    graph = deep(12).graph
    small = collapsed(graph)
    check(graph, small)
    titles = [node["type"] for node in small.nodes.values() if "members" in node]
    assert "blocks/0" in titles and "∂ blocks/11" in titles
    block = small.nodes["deep/blocks/3"]
    assert block["note"] == "11 ops, 6 x" and block["roles"] == ("x",)
    assert small.nodes["d(deep/blocks/3)"]["note"] == "5 ops, 6 gradients"


def test_repeated_blocks_become_one() -> None:
    graph = deep(80).graph
    small = collapsed(graph)
    check(graph, small)
    assert small.nodes["deep/blocks/0…79"]["type"] == "blocks ×80"
    assert "deep/first/weight" in small and "gradient(deep/last/bias:0)" in small  # small scopes stay open


def test_without_scopes_neighbours_become_one() -> None:
    graph = chain(700).graph
    check(graph, collapsed(graph))


@pytest.mark.parametrize("scope", ["a", "a/b"])
def test_a_scope_that_is_entered_again_makes_no_circle(scope: str) -> None:
    h = x = gg.constant(1.0, name="x")
    for _ in range(60):
        with gg.name_scope(f"{scope}/"):
            h = gg.sin(h)
        with gg.name_scope("other/"):
            h = gg.cos(h) * x
    graph = gradient_graph(h, x)
    check(graph, collapsed(graph))


def test_higher_orders_collapse() -> None:
    asked = deep(20)
    x = gg.get_default_graph().get_tensor_by_name("x:0")
    (g,) = gg.gradients(asked.ys, x)
    graph = gradient_graph((g * g).sum(), asked.xs)
    small = collapsed(graph)
    check(graph, small)
    assert {node["lane"] for node in small.nodes.values()} == {node["lane"] for node in graph.nodes.values()}


def test_marks_inside_show_outside() -> None:
    ys, xs, _ = deep(80)
    held = gg.get_default_graph().get_tensor_by_name("deep/blocks/7/up/linear:0")
    small = collapsed(Asked(ys, xs, [held]).graph)
    (stopped,) = [node for node in small.nodes.values() if "stop" in node["roles"]]
    assert stopped["note"].endswith(", 1 stop")


def test_it_is_the_same_every_time() -> None:
    def drawn() -> list[object]:
        with gg.Graph().as_default():
            small = collapsed(deep(80).graph)
            return [list(small), list(small.edges())]

    assert drawn() == drawn()
