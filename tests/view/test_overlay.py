"""Numbers on nodes: against logarithms and norms worked out by hand, and against what eager torch computes."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.graph.operation import Operation
from graphgrad.ground.reading import Reading
from graphgrad.view.gradient_graph import Graph
from graphgrad.view.overlay import measured
from graphgrad.view.plot import plot
from tests.view.pictures import higher


class Seen:
    """A watch that has seen what it is told."""

    def __init__(self, found: Mapping[tuple[Operation, Operation | None], Reading]) -> None:
        self.found = found

    def readings(self) -> Mapping[tuple[Operation, Operation | None], Reading]:
        return self.found


def sine() -> tuple[Any, Any]:
    x = gg.constant([1.0, 2.0], name="x")
    return gg.sin(x, name="y"), x


def reading(graph: Graph, key: str) -> Any:
    return graph.nodes[key]["reading"]


# -- numbers of the user's ------------------------------------------------------------------------


def test_levels_are_logarithmic() -> None:
    y, x = sine()
    graph = plot(y, x, values={x: 1.0, "y": -10.0, "d(y)": 100.0}).graph
    assert [reading(graph, key).level for key in ("x", "y", "d(y)")] == pytest.approx([0.0, 0.5, 1.0])
    assert [reading(graph, key).text for key in ("x", "y", "d(y)")] == ["1", "-10", "100"]
    assert reading(graph, "gradient(x:0)") is None


def test_one_number_stands_in_the_middle() -> None:
    y, x = sine()
    assert reading(plot(y, x, values={x: 7}).graph, "x") == Reading("7", 0.5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([3.0, 4.0], "5"), (np.array([3.0, -4.0], np.float32), "5"), (torch.tensor([3, 4]), "5"), (3 - 4j, "3-4j"),
        (np.array([3j, 4.0]), "5"), (torch.tensor([3.0, 4.0], dtype=torch.bfloat16), "5"), (True, "True"),
        (np.float32(0.25), "0.25"), (np.full(4, 1e300), "2e+300"), (np.full(4, 1e-300), "2e-300"),
        (torch.tensor(2.5, requires_grad=True), "2.5"), (10**12, "1000000000000"),
    ],
)  # fmt: skip
def test_numbers_and_norms(value: Any, text: str) -> None:
    y, x = sine()
    found = reading(plot(y, x, values={x: value}).graph, "x")
    assert found.text == text and found.alarm == "" and found.level == 0.5


@pytest.mark.parametrize(
    ("value", "alarm", "text"),
    [
        (math.nan, "nan", "nan"), (-math.inf, "inf", "-inf"), (0.0, "zero", "0"), ([0, 0], "zero", "0"),
        ([1.0, math.nan, math.inf], "nan", "1 of 3"), (np.array([math.inf, 1, math.inf]), "inf", "2 of 3"),
        (complex(math.nan, 1), "nan", "nan+1j"),
    ],
)  # fmt: skip
def test_alarms(value: Any, alarm: str, text: str) -> None:
    y, x = sine()
    graph = plot(y, x, values={x: value, y: 2.0}).graph
    assert (reading(graph, "x").alarm, reading(graph, "x").text) == (alarm, text)
    assert reading(graph, "y").level == 0.5  # what is not finite or zero is not on the scale


def test_texts_readings_and_what_is_empty() -> None:
    y, x = sine()
    own = Reading("0.8 ms", 0.7, "", "slow")
    graph = plot(y, x, values={x: "input", y: own, "d(y)": np.zeros((0, 3))}).graph
    assert reading(graph, "x") == Reading("input") and reading(graph, "y") is own
    assert reading(graph, "d(y)") == Reading("empty", detail="float64[0, 3]")


def test_a_run_s_gradients_by_their_tensors() -> None:
    y, x = sine()
    z = gg.constant(1.0, name="z")
    grads = gg.gradients(y, [x, z])
    with gg.Session() as sess:
        results = sess.run(grads)
    graph = plot(y, [x, z], values=dict(zip(grads, results, strict=True))).graph
    want = torch.tensor([1.0, 2.0]).cos().norm().item()
    assert float(reading(graph, "gradient(x:0)").text) == pytest.approx(want, rel=1e-2)
    assert reading(graph, "z") is None


def test_outputs_of_one_operation_meet_at_its_node() -> None:
    x = gg.constant([1.0, 2.0], name="x")
    a, b = torch.split(x, 1)
    graph = plot(a * b, x, values={a: 3.0, b: math.nan, x: 1.0}).graph
    found = reading(graph, a.op.name)
    assert (found.alarm, found.text) == ("nan", "nan") and found.detail == "3; nan"


def test_keys_that_are_not_there() -> None:
    y, x = sine()
    with pytest.raises(ValueError, match="values: 'xx' is not in this picture; the nearest node is 'x'"):
        plot(y, x, values={"xx": 1.0})


@pytest.mark.parametrize("value", [object(), {}, np.array(["a"]), np.array([None])])
def test_values_that_are_no_numbers(value: Any) -> None:
    y, x = sine()
    with pytest.raises(gg.errors.ArgumentTypeError, match="values takes numbers, arrays, texts and readings"):
        plot(y, x, values={x: value})


def test_a_symbolic_value_has_no_number() -> None:
    y, x = sine()
    with pytest.raises(gg.errors.ArgumentTypeError, match="y:0 is symbolic"):
        plot(y, x, values={x: y})


@pytest.mark.parametrize("values", [3, "x", [1.0]])
def test_neither_watch_nor_mapping(values: Any) -> None:
    y, x = sine()
    with pytest.raises(gg.errors.ArgumentTypeError, match="values is a watch"):
        plot(y, x, values=values)


# -- a watch --------------------------------------------------------------------------------------


def test_forward_and_backward_readings_find_their_nodes() -> None:
    y, x = sine()
    call = gg.gradients(y, x)[0].op
    found = {(x.op, None): "a", (y.op, None): "b", (y.op, call): "c", (x.op, call): "d"}
    graph = plot(y, x, values=Seen({key: Reading(text) for key, text in found.items()})).graph
    assert {key: reading(graph, key).text for key in graph} == {
        "x": "a", "y": "b", "d(y)": "c", "gradient(x:0)": "d",
    }  # fmt: skip


def test_another_gradient_leaves_the_adjoint_blank() -> None:
    y, x = sine()
    call = gg.gradients(y, x, stop_gradients=[x])[0].op
    graph = plot(y, x, values=Seen({(y.op, None): Reading("b"), (y.op, call): Reading("c")})).graph
    assert reading(graph, "d(y)") is None and reading(graph, "y").text == "b"


def test_of_two_equal_calls_the_latest() -> None:
    y, x = sine()
    calls = [gg.gradients(y, x)[0].op for _ in range(2)]
    seen = Seen({(y.op, call): Reading(call.name) for call in calls})
    assert reading(plot(y, x, values=seen).graph, "d(y)").text == calls[1].name


def test_second_order_keeps_the_calls_apart() -> None:
    ys, xs, _ = higher(2)
    first = ys[0].op
    second = gg.gradients(ys, xs)[0].op
    tanh = gg.get_default_graph().get_operation_by_name("tanh")
    seen = Seen({(tanh, first): Reading("first"), (tanh, second): Reading("second"), (first, None): Reading("made")})
    graph = plot(ys, xs, values=seen).graph
    by_lane = {
        node["lane"]: node["reading"].text
        for node in graph.nodes.values()
        if node["kind"] == "adjoint" and node["op"] is tanh and node["reading"] is not None
    }
    assert by_lane == {1: "first", 3: "second"}


def test_kernels_of_an_operation_share_one_reading() -> None:
    y, x = sine()
    call = gg.gradients(y, x)[0].op
    graph = plot(y, x, expand=True, values=Seen({(y.op, call): Reading("c")})).graph
    shown = [key for key, node in graph.nodes(data=True) if node["kind"] == "adjoint" and node["reading"]]
    assert len(shown) == 1 < sum(node["kind"] == "adjoint" for node in graph.nodes.values())


def test_what_a_real_run_measured_is_what_eager_torch_computes() -> None:
    x = gg.placeholder(gg.float32, [3], name="x")
    h = gg.multiply(x, x, name="h")
    y = gg.reduce_sum(gg.sqrt(h, name="r"), name="y")
    grad = gg.gradients(y, x)
    seen = gg.watch.Values()
    with gg.Session() as sess:
        sess.run([y, grad], {x: [1.0, 2.0, 0.0]}, watch=seen)
    graph = plot(y, x, values=seen).graph
    eager = torch.tensor([1.0, 2.0, 0.0], requires_grad=True)
    square = eager * eager
    square.retain_grad()
    square.sqrt().sum().backward()
    assert square.grad is not None and square.grad.isinf().any()
    assert float(reading(graph, "h").text) == pytest.approx(square.norm().item(), rel=0.05)
    assert reading(graph, "d(h)").alarm == "inf" and reading(graph, "gradient(x:0)").alarm == "nan"
    assert reading(graph, "d(y)").alarm == ""


# -- text -----------------------------------------------------------------------------------------


def test_debugprint_writes_it_at_the_end() -> None:
    y, x = sine()
    assert gg.debugprint(y * 2.0, shapes=False, values={x: [3.0, 4.0], y.op: math.nan}, file="str").splitlines() == [
        "Mul mul (_, 2.0)",
        "└─ Sin y (measured: NaN)",
        "   └─ Constant x = [1.0, 2.0] (measured: 5)",
    ]
    with pytest.raises(ValueError, match="'z' is not in this picture"):
        gg.debugprint(y, values={"z": 1.0}, file="str")


def test_operations_alone() -> None:
    y, x = sine()
    call = gg.gradients(y, x)[0].op
    seen = Seen({(y.op, None): Reading("own"), (y.op, call): Reading("sent")})
    assert measured([x.op, y.op], seen) == {y.op: Reading("own")}


def test_a_class_in_place_of_a_watch_is_told() -> None:
    x = gg.constant(1.0)
    with pytest.raises(TypeError, match="values is a watch that has seen a run"):
        gg.plot(gg.sin(x), x, values=gg.watch.Values)
