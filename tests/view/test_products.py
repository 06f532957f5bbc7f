"""The graph of products against what gradients() decides and what autograd keeps."""

from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.view.gradient_graph import Graph, gradient_graph
from tests.view.pictures import marked


def saved(graph: Graph, key: str) -> set[str]:
    return {data["value"] for _, _, data in graph.in_edges(key, data=True) if data["kind"] == "saved"}


def kinds(graph: Graph, kind: str) -> list[str]:
    return [key for key, node in graph.nodes(data=True) if node["kind"] == kind]


def test_every_operation_on_the_path_has_its_adjoint() -> None:
    graph = marked().graph
    on_path = [key for key in kinds(graph, "forward") if graph.nodes[key]["on_path"]]
    assert on_path == ["b", "mul", "mul_1", "add", "add_1", "loss"]
    assert {graph.nodes[key]["mirror"] for key in kinds(graph, "adjoint")} == set(on_path)
    assert kinds(graph, "gradient") == ["gradient(a:0)", "gradient(b:0)"]


def test_roles() -> None:
    graph = marked().graph
    roles = {key: node["roles"] for key, node in graph.nodes(data=True) if node["roles"]}
    assert roles == {
        "a": ("x",),
        "z": ("x", "unconnected"),
        "b": ("x",),
        "c": ("stop",),
        "k": ("integer",),
        "held": ("stop_gradient",),
        "quiet": ("no_grad",),
        "down": ("no derivative",),
        "loss": ("y",),
    }


X_OR_OUTPUT: list[tuple[Any, set[str]]] = [
    (lambda x, w: gg.add(x, w, name="y"), set()),
    (lambda x, w: gg.multiply(x, 2.0, name="y"), {"Const:0"}),
    (lambda x, w: gg.multiply(x, w, name="y"), {"w:0"}),
    (lambda x, w: gg.sin(x, name="y"), {"x:0"}),
    (lambda x, w: gg.exp(x, name="y"), {"y:0"}),
    (lambda x, w: gg.tanh(x, name="y"), {"y:0"}),
    (lambda x, w: gg.divide(w, x, name="y"), {"x:0", "w:0"}),
]


@pytest.mark.parametrize(("make", "values"), X_OR_OUTPUT)
def test_saved_edges_are_what_the_derivative_depends_on(make: Any, values: set[str]) -> None:
    x, w = gg.constant(2.0, name="x"), gg.constant(3.0, name="w")
    graph = gradient_graph(make(x, w), x)
    assert saved(graph, "d(y)") == values
    assert {source for source, _, data in graph.in_edges("d(y)", data=True) if data["kind"] == "seed"} == {"y"}


def test_a_value_that_is_read_twice_has_a_sum() -> None:
    x = gg.constant(2.0, name="x")
    graph = gradient_graph(gg.sin(x) + gg.cos(x), x)
    assert sorted(source for source, _ in graph.in_edges("sum(x:0)")) == ["d(cos)", "d(sin)"]
    assert list(graph.successors("sum(x:0)")) == ["gradient(x:0)"]


def test_forward_edges_say_whether_a_gradient_returns() -> None:
    x, w = gg.constant(2.0, name="x"), gg.constant(3.0, name="w")
    graph = gradient_graph(gg.multiply(x, w, name="y"), x)
    assert graph.edges["x", "y", 0]["carries"] and not graph.edges["w", "y", 0]["carries"]
    twice = gradient_graph(gg.multiply(x, x, name="z"), x)
    assert [twice.edges["x", "z", n]["input"] for n in (0, 1)] == [0, 1]


def test_second_order_turns_back_twice() -> None:
    x = gg.constant(2.0, name="x")
    (g,) = gg.gradients(gg.sin(x, name="y"), x)
    graph = gradient_graph(g, x)
    assert graph.nodes["d(d(y))"]["mirror"] == "d(y)"
    assert [graph.nodes[key]["lane"] for key in ("y", "d(y)", "d(d(y))", "gradient(x:0)")] == [0, 1, 2, 3]
    assert saved(graph, "d(d(y))") == {"x:0", "d(y:0)"}


def test_what_reads_a_gradient_that_only_another_call_brings_in_is_in_its_lane() -> None:
    x = gg.constant(2.0, name="x")
    (g,) = gg.gradients(gg.exp(x, name="y"), x)
    v = gg.sin(gg.multiply(g, 2.0, name="u"), name="v")
    (k,) = gg.gradients(gg.exp(v, name="z"), x)
    graph = gg.gradient_graph(k, v)
    assert [graph.nodes[key]["lane"] for key in ("y", "d(y)", "u", "v", "z")] == [0, 1, 2, 2, 2]
    assert [graph.nodes[key]["lane"] for key in ("d(z)", "d(v)", "d(u)", "d(d(y))", "d(y) [2]")] == [3, 3, 3, 4, 5]


def test_a_linear_function_has_no_second_derivative_and_the_graph_says_where() -> None:
    x = gg.constant(2.0, name="x")
    (g,) = gg.gradients(gg.multiply(x, 2.0, name="y"), x)
    graph = gradient_graph(g, x)
    assert graph.nodes["d(y)"]["roles"] == ("no derivative",)
    assert graph.nodes["x"]["roles"] == ("x", "unconnected")
    assert kinds(graph, "gradient") == ["gradient(gradients/vjp:0)"]


def test_an_x_that_is_y() -> None:
    x = gg.constant(2.0, name="x")
    graph = gradient_graph(x, x)
    assert list(graph.edges(data="kind")) == [("x", "gradient(x:0)", "seed")]  # type: ignore[comparison-overlap]
    assert graph.nodes["x"]["roles"] == ("x", "y")


def test_all_reads_of_a_variable_are_one_x() -> None:
    v = gg.Variable(1.0, name="v")
    with gg.control_dependencies([v.assign(2.0)]):
        again = v.read_value()
    graph = gradient_graph(v * gg.sin(again), v)
    assert kinds(graph, "gradient") == ["gradient(v:0)"]
    assert [key for key, node in graph.nodes(data=True) if "x" in node["roles"]] == ["v", "v/read"]


def test_a_size_is_no_cut() -> None:
    x = gg.placeholder(gg.float32, [None, 3], name="x")
    rows, _ = x.shape
    graph = gradient_graph(torch.sin(x).reshape(rows * 3), x)
    assert not any(node["roles"] for _, node in graph.nodes(data=True) if node["type"] == "Size")


def test_every_result_is_named_after_its_own_x_where_all_are_sums() -> None:
    x, w = gg.constant(2.0, name="x"), gg.constant(3.0, name="w")
    graph = gg.gradient_graph(gg.sin(x) * gg.cos(x) * gg.sin(w) * gg.cos(w), [x, w])
    for name in "xw":
        result = f"gradient({name}:0)"
        assert graph.nodes[result]["kind"] == "gradient" and graph.nodes[result]["mirror"] == name
        assert list(graph.predecessors(result)) == [f"sum({name}:0)"]
        assert {graph.nodes[key]["kind"] for key in graph.predecessors(f"sum({name}:0)")} == {"adjoint"}


def test_a_y_that_is_a_gradient_and_its_own_x_has_its_gradient_beside_it() -> None:
    x = gg.constant(2.0, name="x")
    (g,) = gg.gradients(gg.sin(x, name="s"), x)
    graph = gradient_graph(g, g)
    result = graph.nodes["gradient(gradients/vjp:0)"]
    (own,) = [node for node in graph.nodes.values() if node["mirror"] == "gradient(gradients/vjp:0)"]
    assert own["lane"] > result["lane"]
