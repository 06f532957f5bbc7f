"""A collapsed graph: small, whole, without circles."""

import random

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphgrad as gg
from graphgrad.ground.reading import Reading
from graphgrad.view.collapse import calm, collapsed, everything, quotient
from graphgrad.view.folding import BUDGET, CALM, forest, groups
from graphgrad.view.gradient_graph import Graph, gradient_graph
from tests.view.pictures import Asked, chain, deep, marked
from tests.view.scopes import scoped


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


def test_repeated_blocks_become_one() -> None:
    graph = deep(80).graph
    small = collapsed(graph)
    check(graph, small)
    block = small.nodes["deep/blocks/0…79"]
    assert (block["type"], block["note"], block["roles"]) == ("blocks ×80", "880 ops, 480 x", ("x",))
    mirror = small.nodes["d(deep/blocks/0…79)"]
    assert (mirror["type"], mirror["note"]) == ("∂ blocks ×80", "400 ops, 480 gradients")
    assert "deep/first/weight" in small and "gradient(deep/last/bias:0)" in small  # other scopes are open


def test_scopes_become_nodes() -> None:
    graph = deep(12).graph
    roots = forest(graph)
    fold = next(group for group in groups(roots) if group.kind == "fold")
    small = quotient(graph, roots, calm(roots) | {fold.number})
    check(graph, small)
    block = small.nodes["deep/blocks/3"]
    assert (block["type"], block["note"], block["roles"]) == ("blocks/3", "11 ops, 6 x", ("x",))
    assert small.nodes["d(deep/blocks/3)"]["note"] == "5 ops, 6 gradients"
    deep_scope = next(group for group in groups(roots) if group.label == "deep")
    assert block["within"] == (deep_scope.number, fold.number)
    assert small.graph["regions"][fold.number] == ("blocks ×12", True)


def test_everything_open_is_the_graph_itself() -> None:
    graph = deep(3).graph
    roots = forest(graph)
    small = quotient(graph, roots, everything(roots))
    assert set(small) == set(graph) and set(small.edges(keys=True)) == set(graph.edges(keys=True))


def test_everything_closed_is_a_node_a_scope() -> None:
    graph = deep(3).graph
    roots = forest(graph)
    small = quotient(graph, roots, {root.number for root in roots})
    assert forward(small) == ["x", "deep", "mean"]
    check(graph, small)


@given(st.integers(0, 10**9))
@settings(max_examples=40)
def test_whatever_is_open_there_is_no_circle(seed: int) -> None:
    with gg.Graph().as_default():
        graph = scoped(seed, 40)
    roots, draw = forest(graph), random.Random(seed)
    opened = {g.number for g in groups(roots) if g.kind == "root" or draw.random() < 0.5}
    small = quotient(graph, roots, opened)
    assert networkx.is_directed_acyclic_graph(small)
    members = [key for name, node in small.nodes(data=True) for key in node.get("members", (name,))]
    assert sorted(members) == sorted(graph)


def test_a_closed_scope_tells_the_worst_that_was_measured_in_it() -> None:
    graph = deep(80).graph
    for node in graph.nodes.values():
        node["reading"] = None
    graph.nodes["deep/blocks/3/relu"]["reading"] = Reading("1.0", 0.9)
    graph.nodes["deep/blocks/7/relu"]["reading"] = Reading("0.0", 0.1, "zero", "all are 0")
    graph.nodes["deep/blocks/8/relu"]["reading"] = Reading("NaN", 0.2, "nan", "2 of 8")
    found = collapsed(graph).nodes["deep/blocks/0…79"]["reading"]
    assert found == Reading("NaN", 0.9, "nan", "2 of 8; the worst of 3, at deep/blocks/8/relu")
    assert collapsed(graph).nodes["d(deep/blocks/0…79)"]["reading"] is None


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
