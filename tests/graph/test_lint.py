"""lint: nothing to say of a sound graph, a sentence for each fault of a broken one."""

import pytest

import graphgrad as gg
from graphgrad.graph.lint import lint


@pytest.fixture
def graph():
    """A graph of its own: it will be broken."""
    graph = gg.Graph()
    with graph.as_default():
        x = gg.constant([1.0, 2.0], name="x")
        a, b = gg.unstack(x, name="parts")
        with gg.control_dependencies([x]):
            gg.multiply(a, a, name="square")
        gg.gradients(b * b, x)
    return graph


def test_a_sound_graph(graph):
    assert lint(graph) == [] == lint(gg.Graph())


def break_name(graph):
    graph.get_operation_by_name("square").name = "PARTS"


def break_id(graph):
    graph.get_operation_by_name("square").id = 99


def break_reads(graph):
    x = graph.get_tensor_by_name("x:0")._value
    graph.get_operation_by_name("square")._reads = (x, x)


def break_order(graph):
    assert lint(graph) == []
    square = graph.get_operation_by_name("square")
    graph.get_operation_by_name("parts").controls = (square,)


def break_view(graph):
    assert lint(graph) == []
    graph.nx.remove_edge("parts", "square", 1)


def break_nodes(graph):
    graph.nx.add_node("ghost")


FAULTS = {
    break_name: "the name parts is used 2 times",
    break_id: "square is not where its id says",
    break_reads: "x:0 does not list its reader square",
    break_order: "parts reads square, which is not older",
    break_view: "the networkx edges into square",
    break_nodes: "the networkx nodes are not the operations",
}


@pytest.mark.parametrize("damage", FAULTS, ids=lambda damage: damage.__name__)
def test_a_fault_is_named(graph, damage):
    damage(graph)
    assert any(FAULTS[damage] in fault for fault in lint(graph))
