"""`gg.gradient_graph` as a user meets it."""

from typing import Any

import networkx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import graphgrad as gg
from graphgrad.view.gradient_graph import Graph, gradient_graph
from tests.view.pictures import chain, deep, higher, marked, perceptron, programme


def kinds(graph: Graph, kind: str) -> list[str]:
    return [key for key, node in graph.nodes(data=True) if node["kind"] == kind]


def test_the_users_graph_stays_as_it_is() -> None:
    asked = higher(3)
    before = gg.get_default_graph().get_operations()
    gradient_graph(*asked)
    assert gg.get_default_graph().get_operations() == before


@pytest.mark.parametrize("asked", [marked, perceptron, lambda: deep(2), lambda: chain(30), lambda: higher(3)])
def test_attributes_are_complete(asked: Any) -> None:
    graph = asked().graph
    nodes = {"kind", "op", "name", "type", "roles", "on_path", "mirror", "lane", "outputs"}
    assert all(set(node) == nodes for _, node in graph.nodes(data=True))
    assert all({"kind", "value", "spec", "carries"} <= set(data) for _, _, data in graph.edges(data=True))


@given(st.integers(0, 10**9), st.integers(3, 25))
@settings(max_examples=40)
def test_it_agrees_with_gradients(seed: int, size: int) -> None:
    with gg.Graph().as_default():
        asked = programme(seed, size)
        graph = asked.graph
        order = {key: n for n, key in enumerate(graph)}
        assert networkx.is_directed_acyclic_graph(graph)
        assert all(order[source] < order[target] for source, target in graph.edges())
        found = gg.gradients(asked.ys, asked.xs, stop_gradients=asked.stops)
        lost = {x.op.name for x, g in zip(asked.xs, found, strict=True) if g is None}
        shown = {node["op"] for key, node in graph.nodes(data=True) if "unconnected" in node["roles"]}
        assert len(shown) <= len(lost) and bool(shown) == bool(lost)
        own = [node for node in graph.nodes.values() if node["kind"] == "gradient" and ":" not in node["name"]]
        assert len(own) == len({g.name for g in found if g is not None})


def test_bad_arguments() -> None:
    x = gg.constant(1.0)
    with pytest.raises(ValueError, match="needs at least one tensor"):
        gradient_graph([], [])
    with pytest.raises(ValueError, match="is None"):
        gradient_graph(None, x)
    with pytest.raises(gg.errors.ArgumentTypeError):
        gradient_graph(x, x, 1.0)


def test_an_operation_without_a_derivative_on_the_path() -> None:
    x = gg.constant([1.5], name="x")
    with pytest.raises(LookupError, match="torch has none"):
        gradient_graph(torch.special.zeta(x, gg.constant([2.0])), x)


@pytest.mark.parametrize("ask", [gradient_graph, gg.plot, lambda y, x: gradient_graph(y, x, expand=True)])
def test_the_error_is_that_of_gradients_with_the_way(ask: Any) -> None:
    x = gg.constant([1.5], name="x")
    y = gg.sin(torch.special.zeta(gg.exp(x, name="up"), gg.constant([2.0])), name="y")
    with pytest.raises(LookupError) as expected:
        gg.gradients(y, x)
    with pytest.raises(LookupError) as found:
        ask(y, x)
    assert str(found.value) == str(expected.value)
    assert "way      y <- " in str(found.value) and "<- up <- x" in str(found.value)


def test_expanded_or_not() -> None:
    """The graph of products has one adjoint node per operation, the expanded one a node per kernel."""
    x, w = gg.constant(2.0, name="x"), gg.constant(3.0, name="w")
    y = gg.multiply(x, w, name="y")
    plain, shown = gradient_graph(y, [x, w]), gradient_graph(y, [x, w], expand=True)
    assert kinds(plain, "adjoint") == ["d(y)"]
    assert kinds(shown, "adjoint") == ["d(y) aten.ones_like", "d(y) aten.mul", "d(y) aten.mul [2]"]
    assert kinds(plain, "gradient") == kinds(shown, "gradient") and kinds(plain, "forward") == kinds(shown, "forward")


@pytest.mark.parametrize("expand", [False, True])
def test_stops_count_either_way(expand: bool) -> None:
    x = gg.constant(2.0, name="x")
    h = gg.sin(x, name="h")
    graph = gradient_graph(gg.exp(h), x, h, expand=expand)
    assert kinds(graph, "gradient") == [] and graph.nodes["x"]["roles"] == ("x", "unconnected")


@pytest.mark.parametrize("expand", [False, True])
def test_no_ys(expand: bool) -> None:
    x = gg.constant(2.0, name="x")
    assert dict(gradient_graph([], x, expand=expand).nodes(data="roles")) == {"x": ("x", "unconnected")}


def test_a_branch_and_a_loop_are_a_node_each_with_an_adjoint() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.cond(x > 0, lambda: torch.sin(x) * x, lambda: x, name="choice")
    _, z = gg.while_loop(lambda i, z: i < 3, lambda i, z: (i + 1, z * y), [0, y], name="rounds")
    graph = gradient_graph(z, x)
    assert [key for key in kinds(graph, "forward") if graph.nodes[key]["on_path"]] == ["choice", "rounds"]
    assert {graph.nodes[key]["mirror"] for key in kinds(graph, "adjoint")} == {"choice", "rounds"}
    assert len(kinds(gradient_graph(gg.gradients(z, x)[0], x), "adjoint")) >= 2
