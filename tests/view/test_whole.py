"""Branches and loops in an expanded picture: one kernel each, at every order, whatever their bodies do."""

from collections.abc import Callable
from typing import Any

import networkx
import pytest
import torch

import graphgrad as gg


def _cond(x: Any, w: Any) -> Any:
    return gg.cond(gg.reduce_sum(x) > 0, lambda: gg.sin(x) * w * w, lambda: gg.exp(x) * w, name="flow")


def _while(x: Any, w: Any) -> Any:
    return gg.while_loop(lambda n, a: n < 4, lambda n, a: (n + 1, gg.sin(a) * w), [gg.constant(0), x], name="flow")[1]


def _scan(x: Any, w: Any) -> Any:
    return gg.scan(lambda a, row: torch.tanh(a * w + row), x, initializer=gg.zeros([3]), name="flow")


def _nested(x: Any, w: Any) -> Any:
    some = gg.reduce_sum(x) > 0
    return gg.cond(some, lambda: gg.cond(some, lambda: x * w, lambda: x), lambda: x, name="flow")


FLOWS = {"cond": _cond, "while": _while, "scan": _scan, "nested": _nested}


def _ends() -> tuple[Any, Any]:
    return gg.placeholder(gg.float32, [None, 3], name="x"), gg.Variable([1.0, 2.0, 3.0], name="w")


def _kernels(graph: Any, mirror: str) -> list[str]:
    return [node["type"] for node in graph.nodes.values() if node["mirror"] == mirror and node["kind"] == "adjoint"]


@pytest.mark.parametrize("name", FLOWS)
def test_a_branch_or_a_loop_is_one_kernel(name: str) -> None:
    x, w = _ends()
    y = gg.reduce_sum(FLOWS[name](x, w))
    graph = gg.gradient_graph(y, [x, w], expand=True)
    kernel = f"∂ {graph.nodes['flow']['type']}"
    assert _kernels(graph, "flow") == [kernel]
    assert graph.nodes[f"d(flow) {kernel}"]["outputs"] == ("float32[?, 3]", "float32[3]")
    for end in ("x", "w"):
        assert networkx.has_path(graph, f"d(flow) {kernel}", f"gradient({end}:0)")
    assert gg.plot(y, [x, w], expand=True).svg().startswith("<svg")


@pytest.mark.parametrize("name", ["cond", "while", "scan"])
def test_a_derivative_of_a_derivative_is_one_kernel_too(name: str) -> None:
    x, w = _ends()
    (slope,) = gg.gradients(FLOWS[name](x, w), x)
    graph = gg.gradient_graph(gg.reduce_sum(slope**2), [x, w], expand=True)
    kernel = f"∂ {graph.nodes['flow']['type']}"
    assert _kernels(graph, f"d(flow) {kernel}") == [kernel]
    assert "gradient(w:0)" in graph
    assert not any("empty" in node["type"] for node in graph.nodes.values())  # what the trace does for itself


def test_nothing_comes_through_what_is_cut_inside() -> None:
    x, w = _ends()
    y = gg.cond(gg.reduce_sum(x) > 0, lambda: gg.stop_gradient(w) * x, lambda: torch.floor(w) + x, name="flow")
    graph = gg.gradient_graph(y, [x, w], expand=True)
    assert graph.nodes["w"]["roles"] == ("x", "unconnected")
    assert "gradient(x:0)" in graph and "gradient(w:0)" not in graph


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_a_look_leaves_the_gradients_as_they_are(flow: Callable[[Any, Any], Any]) -> None:
    x, w = _ends()
    y = gg.reduce_sum(flow(x, w))
    (slope,) = gg.gradients(y, w)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        before = session.run(slope, {x: [[0.1, 0.2, 0.3]]})
        gg.gradient_graph(gg.reduce_sum(slope), [x, w], expand=True)
        assert (session.run(slope, {x: [[0.1, 0.2, 0.3]]}) == before).all()
