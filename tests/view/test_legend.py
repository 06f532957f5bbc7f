"""The legend: what occurs, and nothing else."""

from typing import Any

import graphgrad as gg
from graphgrad.ground.reading import Reading
from graphgrad.view.forward import forward_graph, ranked
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.layout import mirror_layout
from graphgrad.view.legend import legend
from graphgrad.view.marks import Text
from tests.view.pictures import marked


def said(graph: Graph) -> list[str]:
    return [mark.text for mark in legend(graph, mirror_layout(graph)).part.marks if isinstance(mark, Text)]


def sine() -> tuple[Any, Any]:
    x = gg.constant(1.0, name="x")
    return gg.sin(x, name="y"), x


def test_lines() -> None:
    assert said(marked().graph) == [
        "read, and a gradient returns along it", "read only", "gradient", "value that the derivative needs",
    ]  # fmt: skip


def test_a_forward_graph_speaks_of_no_gradient() -> None:
    y, x = sine()
    with gg.control_dependencies([x]):
        z = gg.cos(y)
    assert said(ranked(forward_graph(z))) == ["read", "has to run before"]


def test_levels_and_alarms_that_occur() -> None:
    graph = gradient_graph(*sine())
    graph.nodes["x"]["reading"] = Reading("1", 0.5)
    assert said(graph)[-1] == "measured: low to high; this gradient was not"
    graph.nodes["d(y)"]["reading"] = Reading("", 1.0, "inf")
    assert said(graph)[-2:] == ["measured: low to high", "Inf"]


def test_highlighting() -> None:
    graph = gradient_graph(*sine())
    for _, _, data in graph.edges(data=True):
        data["lit"] = data["kind"] == "forward"
    assert said(graph)[-1] == "highlighted"
    for _, _, data in graph.edges(data=True):
        data["lit"] = False
    assert "highlighted" not in said(graph)


def test_what_does_not_fit_goes_to_the_next_line() -> None:
    graph = gradient_graph(*sine())
    layout = mirror_layout(graph)
    found = legend(graph, layout)
    rights = [mark.x for mark in found.part.marks if isinstance(mark, Text)]
    lines = {mark.y for mark in found.part.marks if isinstance(mark, Text)}
    assert max(rights) < layout.width and len(lines) > 1 and found.room > 14
