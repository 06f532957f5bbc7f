"""The expanded gradient graph: which kernels stand for which operation, and what they read."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import networkx
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

import graphgrad as gg
from graphgrad.view.collapse import collapsed
from graphgrad.view.dot import dot
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.graphdef import graphdef
from graphgrad.view.layout import mirror_layout
from graphgrad.view.mermaid import mermaid
from tests.models.gpt import GPT
from tests.replay import build
from tests.strategies import Call, cases
from tests.view.pictures import Asked, deep, higher, marked, perceptron, programme
from tests.view.test_traced import Cube


def expanded(ys: Any, xs: Any, stops: Any = None) -> Graph:
    return gradient_graph(ys, xs, stops, expand=True)


def kernels(graph: Graph, mirror: str) -> list[str]:
    """The types of what differentiates a node, in the order in which it runs, without 'aten.'."""
    return [node["type"].removeprefix("aten.") for node in graph.nodes.values() if node["mirror"] == mirror]


def saved(graph: Graph) -> set[tuple[str, str, str]]:
    """The saved edges: what travels, from where, to a kernel of which type."""
    return {
        (data["value"], source, graph.nodes[target]["type"])
        for source, target, data in graph.edges(data=True)
        if data["kind"] == "saved"
    }


def check(graph: Graph) -> None:
    """A topological order, and mirrors that exist, one lane further for each time that differentiation turns back."""
    order = {key: n for n, key in enumerate(graph)}
    assert networkx.is_directed_acyclic_graph(graph)
    assert all(order[source] < order[target] for source, target in graph.edges())
    for key, node in graph.nodes(data=True):
        assert set(node) == {"kind", "op", "name", "type", "roles", "on_path", "mirror", "lane", "outputs"}
        assert (node["mirror"] is None) == (node["kind"] == "forward")
        if node["mirror"] is not None:
            mirror = graph.nodes[node["mirror"]]
            assert order[node["mirror"]] < order[key]
            assert node["op"] is mirror["op"] and node["lane"] > mirror["lane"]
            assert (node["lane"] - mirror["lane"]) % 2 == 1
        if node["kind"] == "gradient":
            assert graph.in_degree(key) >= 1


def check_layout(graph: Graph) -> None:
    """No two boxes overlap; the kernels of an operation begin at its height, and go on above it."""
    boxes = mirror_layout(graph).boxes
    rows: dict[float, list[Any]] = {}
    for box in boxes.values():
        rows.setdefault(box.y, []).append(box)
    for row in rows.values():
        for a, b in combinations(row, 2):
            assert abs(a.x - b.x) * 2 >= a.width + b.width
    towers: dict[tuple[str, int], list[int]] = {}
    for key, node in graph.nodes(data=True):
        root = key
        while graph.nodes[root]["mirror"] is not None:
            root = graph.nodes[root]["mirror"]
        assert boxes[key].row <= boxes[root].row
        towers.setdefault((root, node["lane"]), []).append(boxes[key].row)
    for (root, lane), found in towers.items():
        assert lane % 2 == 0 or max(found) == boxes[root].row


# -- what torch runs, by hand ---------------------------------------------------------------------

CLASSES = torch.tensor([2, 0, 2])
BY_HAND: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]], dict[str, list[str]]]] = {
    "mul": (lambda x, w: x * w, [(3,), (3,)], {"mul": ["ones_like", "mul", "mul"]}),
    "matmul": (lambda x, w: x @ w, [(2, 3), (3, 4)], {"matmul": ["ones_like", "t", "mm", "t", "mm"]}),
    "add": (lambda x, b: x + b, [(2, 3), (3,)], {"add": ["ones_like", "sum", "view"]}),
    "sum": (lambda x: x.sum(), [(2, 3)], {"sum": ["ones_like", "expand"]}),
    "relu": (lambda x: torch.relu(x), [(3,)], {"relu": ["ones_like", "threshold_backward"]}),
    "softmax": (lambda x: torch.softmax(x, 0), [(3,)], {"softmax": ["ones_like", "_softmax_backward_data"]}),
    "layer_norm": (
        lambda x, w, b: F.layer_norm(x, [3], w, b), [(2, 3), (3,), (3,)],
        {"layer_norm": ["ones_like", "native_layer_norm_backward"]},
    ),
    "conv2d": (
        lambda x, w: F.conv2d(x, w), [(1, 2, 5, 5), (3, 2, 3, 3)], {"conv2d": ["ones_like", "convolution_backward"]}
    ),
    "cross_entropy": (
        lambda x: F.cross_entropy(x, CLASSES), [(3, 4)],
        {"cross_entropy": ["ones_like", "nll_loss_backward", "_log_softmax_backward_data"]},
    ),
    "slice": (lambda x: x[1:], [(3,)], {"strided_slice": ["ones_like", "slice_backward"]}),
    "embedding": (
        lambda w: F.embedding(CLASSES, w), [(4, 2)], {"embedding": ["ones_like", "embedding_dense_backward"]}
    ),
    "custom": (lambda x: Cube.apply(x), [(3,)], {"Cube": ["ones_like", "mul", "pow", "mul"]}),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_kernels_by_hand(name: str) -> None:
    function, shapes, wanted = BY_HAND[name]
    xs = [gg.constant(torch.randn(shape)) for shape in shapes]
    graph = expanded(function(*xs), xs)
    found = {op: kernels(graph, op) for op in wanted}
    assert found == wanted
    assert Counter(node["kind"] for node in graph.nodes.values())["adjoint"] == sum(map(len, wanted.values()))
    check(graph)


def test_a_sum_of_cotangents_stands_at_what_gives_the_value() -> None:
    x = gg.constant([1.0, 2.0], name="x")
    h = gg.exp(x, name="h")
    graph = expanded(gg.reduce_sum(gg.sin(h) + gg.cos(h) * h), x)
    sums = [key for key, node in graph.nodes(data=True) if node["kind"] == "sum"]
    assert sums == ["sum(h:0)", "sum(h:0) [2]"]
    assert all(graph.nodes[key]["mirror"] == "h" and graph.nodes[key]["type"] == "+" for key in sums)
    assert graph.has_edge(*sums)
    edges = [data for key in sums for _, _, data in graph.in_edges(key, data=True)]
    assert len(edges) == 4 and all(data["kind"] == "cotangent" and data["value"] == "d(h:0)" for data in edges)


def test_the_sum_for_an_x_that_nothing_made() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    graph = expanded(gg.sin(x) * gg.cos(x), x)
    assert graph.nodes["sum(x:0)"]["mirror"] == "x"
    assert list(graph.predecessors("gradient(x:0)")) == ["sum(x:0)"]


def test_the_reads_of_a_variable_are_added() -> None:
    v = gg.Variable([1.0, 2.0], name="v")
    with gg.control_dependencies([gg.no_op()]):
        again = v.read_value()
    graph = expanded(gg.sin(v) * gg.cos(again), v)
    assert graph.nodes["sum(v:0)"]["mirror"] == "v"
    assert [key for key in graph if key.startswith("gradient")] == ["gradient(v:0)"]
    assert list(graph.predecessors("gradient(v:0)")) == ["sum(v:0)"]


# -- what a kernel reads --------------------------------------------------------------------------


def test_saved_values_are_those_of_the_formula() -> None:
    x, w = gg.constant([1.0, 2.0], name="x"), gg.constant([3.0, 4.0], name="w")
    y = gg.tanh(gg.multiply(x, w, name="m"), name="t")
    assert saved(expanded(y, x)) == {("t:0", "t", "aten.tanh_backward"), ("w:0", "w", "aten.mul")}


def test_what_an_operation_keeps_inside_comes_from_it() -> None:
    x = gg.constant(torch.randn(2, 3), name="x")
    found = saved(expanded(F.layer_norm(x, [3]), x))
    kept = {f"layer_norm aten.native_layer_norm:{n}" for n in (1, 2)}  # the mean, and one over the deviation
    assert found == {(value, "layer_norm", "aten.native_layer_norm_backward") for value in kept} | {
        ("x:0", "x", "aten.native_layer_norm_backward")
    }
    (logits,) = saved(expanded(F.cross_entropy(gg.identity(x), CLASSES[:2]), x)) & {
        ("cross_entropy aten._log_softmax:0", "cross_entropy", "aten._log_softmax_backward_data")
    }
    assert logits


def test_the_ones_are_the_seed() -> None:
    x = gg.constant([1.0, 2.0], name="x")
    graph = expanded(gg.sin(x, name="y"), x)
    (data,) = graph.get_edge_data("y", "d(y) aten.ones_like").values()
    assert (data["kind"], data["value"], data["carries"]) == ("seed", "y:0", True)
    (data,) = graph.get_edge_data("d(y) aten.ones_like", "d(y) aten.mul").values()
    assert (data["kind"], data["value"], data["spec"]) == ("cotangent", "d(y:0)", "float32[2]")


def test_a_gradient_that_is_handed_on_has_no_kernel() -> None:
    x, w = gg.constant([1.0, 2.0], name="x"), gg.constant([3.0, 4.0], name="w")
    graph = expanded(gg.reduce_sum(gg.add(x, w, name="plus")), [x, w])
    assert kernels(graph, "plus") == []
    assert {source for key in ("x", "w") for source in graph.predecessors(f"gradient({key}:0)")} == {
        "d(sum) aten.expand"
    }
    assert graph.nodes["plus"]["on_path"]


def test_unknown_sizes_are_question_marks() -> None:
    graph = perceptron().graph
    shown = expanded(*perceptron())
    assert {text for node in shown.nodes.values() for text in node["outputs"] if "1680" in text} == set()
    assert any(node["outputs"] == ("float32[?, 8]",) and node["kind"] == "adjoint" for node in shown.nodes.values())
    assert [key for key in graph if graph.nodes[key]["kind"] == "forward"]


# -- marks ----------------------------------------------------------------------------------------


def test_what_is_marked_is_marked_alike() -> None:
    asked = marked()
    plain, shown = asked.graph, expanded(*asked)
    for key, node in plain.nodes(data=True):
        if node["kind"] != "adjoint":
            assert shown.nodes[key]["roles"] == node["roles"]
    assert kernels(shown, "b") == ["mul", "∇ b"] and kernels(shown, "c") == []


class Product(torch.autograd.Function):
    """A user's product, which always computes the gradients of both factors."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, w)
        return x * w

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        x, w = ctx.saved_tensors
        return gradient * w, gradient * torch.exp(x)


def test_a_kernel_that_leads_to_no_x_is_off_the_path() -> None:
    x, w = gg.constant([1.0, 2.0], name="x"), gg.constant([3.0, 4.0], name="w")
    y = Product.apply(x, w)
    graph = expanded(y, x)
    op = y.op.name
    on_path = {key: graph.nodes[key]["on_path"] for key in graph if graph.nodes[key]["kind"] == "adjoint"}
    assert on_path == {
        f"d({op}) aten.ones_like": True,
        f"d({op}) aten.mul": True,
        f"d({op}) aten.exp": False,
        f"d({op}) aten.mul [2]": False,
    }


def test_what_the_second_order_does_not_differentiate_is_off_the_path() -> None:
    x, w = gg.constant([1.0, 2.0], name="x"), gg.constant([3.0, 4.0], name="w")
    (g,) = gg.gradients(gg.reduce_sum(gg.multiply(gg.sin(x), w, name="m"), name="y"), x)
    graph = expanded(gg.reduce_sum(g * g), w)
    on_path = {key: graph.nodes[key]["on_path"] for key in graph if graph.nodes[key]["lane"] == 1}
    ends = {"gradient(gradients/vjp:0)": True, "d(y) aten.ones_like": False, "d(y) aten.expand": False}
    assert on_path == ends | {"d(m) aten.mul": True, "d(sin) aten.cos": False, "d(sin) aten.mul": True}


def test_no_x_is_connected() -> None:
    x, z = gg.constant(1.0, name="x"), gg.constant(2.0, name="z")
    graph = expanded(gg.sin(x, name="y"), z)
    assert dict(graph.nodes(data="kind")) == {"y": "forward", "z": "forward"}  # type: ignore[arg-type]
    assert graph.nodes["z"]["roles"] == ("x", "unconnected")


def test_an_x_that_is_y() -> None:
    x = gg.constant(2.0, name="x")
    graph = expanded(x, x)
    assert list(graph) == ["x", "d(x) aten.ones_like", "gradient(x:0)"]


def test_a_stop_cuts() -> None:
    x = gg.constant([1.0], name="x")
    h = gg.sin(x, name="h")
    assert kernels(expanded(gg.exp(h, name="y") * x, x, [h]), "h") == []
    assert "cos" in kernels(expanded(gg.exp(h, name="y") * x, x), "h")


# -- second order ---------------------------------------------------------------------------------


def test_the_second_order_differentiates_kernels() -> None:
    x = gg.constant([2.0, 3.0], name="x")
    (g,) = gg.gradients(gg.reduce_sum(gg.sin(x, name="s")), x)
    graph = expanded(gg.reduce_sum(g * g, name="y"), x)
    assert kernels(graph, "s") == ["cos", "mul"]
    assert kernels(graph, "d(s) aten.mul") == ["mul"]  # with respect to cos(x); the ones do not depend on x
    assert kernels(graph, "d(s) aten.cos") == ["sin", "neg", "mul"]
    lanes = {"s": 0, "d(s) aten.mul": 1, "gradient(gradients/vjp:0)": 1, "y": 2, "d(y) aten.expand": 3}
    lanes |= {"d(d(s) aten.mul) aten.mul": 4, "gradient(x:0)": 5}
    assert {key: graph.nodes[key]["lane"] for key in lanes} == lanes
    assert ("x:0", "x", "aten.sin") in saved(graph)
    check(graph)


def test_a_linear_function_says_where_its_second_derivative_ends() -> None:
    x = gg.constant(2.0, name="x")
    (g,) = gg.gradients(gg.multiply(x, 2.0, name="y"), x)
    graph = expanded(g, x)
    assert graph.nodes["d(y) aten.ones_like"]["roles"] == ("no derivative",)
    assert graph.nodes["x"]["roles"] == ("x", "unconnected")
    assert graph.nodes["gradient(gradients/vjp:0)"]["roles"] == ("y",)


@pytest.mark.parametrize("order", [2, 3])
def test_higher_orders(order: int) -> None:
    asked = higher(order)
    graph = expanded(*asked)
    check(graph)
    check_layout(graph)
    lanes = [{node["lane"] for node in each.nodes.values()} for each in (graph, asked.graph)]
    assert max(lanes[0]) == max(lanes[1]) == {2: 3, 3: 11}[order]


# -- models, pictures, random programs ------------------------------------------------------------


def transformer() -> Asked:
    """Two blocks with embeddings, attention and a loss; the numbers of rows and of tokens are not known."""
    model = GPT("tril")
    tokens = gg.placeholder(gg.int64, [None, None], name="tokens")
    targets = gg.placeholder(gg.int64, [None, None], name="targets")
    loss = F.cross_entropy(model(tokens[:, :8]).flatten(0, 1), targets[:, :8].flatten())
    return Asked([loss], list(model.parameters()), [])


MODELS: dict[str, Callable[[], Asked]] = {
    "marked": marked, "perceptron": perceptron, "deep": lambda: deep(2), "transformer": transformer,
}  # fmt: skip


@pytest.fixture(params=MODELS)
def asked(request: pytest.FixtureRequest) -> Iterator[Asked]:
    return MODELS[request.param]()


def test_models(asked: Asked) -> None:
    graph = expanded(*asked)
    check(graph)
    check_layout(graph)
    plain = asked.graph
    assert {k for k in plain if plain.nodes[k]["kind"] == "gradient"} <= set(graph)


def test_every_writer_takes_it(asked: Asked) -> None:
    graph = expanded(*asked)
    drawn = collapsed(graph)
    assert "aten.ones_like" in dot(drawn, "t") and "aten" in mermaid(drawn, "t")
    text = graphdef(graph)
    assert len([line for line in text.splitlines() if line.startswith("node {")]) >= len(graph)


def test_a_model_too_large_to_read_collapses() -> None:
    graph = expanded(*deep(12))
    small = collapsed(graph)
    assert len(small) < len(graph) / 4
    check_layout(small)


def test_the_users_graph_stays_as_it_is() -> None:
    asked = higher(2)
    graph = gg.get_default_graph()
    before, edges = graph.get_operations(), graph.nx.number_of_edges()
    first = expanded(*asked)
    graph.finalize()
    assert list(expanded(*asked)) == list(first)
    assert graph.get_operations() == before and graph.nx.number_of_edges() == edges


@given(cases())
@settings(max_examples=25)
def test_random_gradients_of_gradients(case: Any) -> None:
    with gg.Graph().as_default():
        values = build(case.program)
        call = [step for step in case.program.steps if isinstance(step, Call)][-1]
        ys, xs, stops = ([values[n] for n in group] for group in (call.ys, call.xs, call.stops))
        graph, plain = expanded(ys, xs, stops), gradient_graph(ys, xs, stops)
    check(graph)
    for key, node in plain.nodes(data=True):
        if node["kind"] == "forward":
            shown = graph.nodes[key]
            assert all(shown[name] == node[name] for name in ("roles", "on_path", "lane", "outputs"))


@given(st.integers(0, 10**9), st.integers(3, 25))
@settings(max_examples=25)
def test_random_programs(seed: int, size: int) -> None:
    with gg.Graph().as_default():
        graph = expanded(*programme(seed, size))
    check(graph)
    check_layout(graph)
