"""Open scopes keep their rows to themselves."""

import pytest

import graphgrad as gg
from graphgrad.view import nesting
from graphgrad.view.collapse import quotient
from graphgrad.view.folding import forest
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.layout import mirror_layout
from graphgrad.view.nesting import Unit, nested, rank, regions, span
from tests.view.pictures import chain, perceptron
from tests.view.scopes import scoped, transformer


def ranked(graph: Graph) -> tuple[Unit, dict[str, Unit]]:
    within, _ = regions(graph)
    wholes, leaf = nested(graph, within)
    rank(wholes[0])
    return wholes[0], leaf


def test_a_scope_is_below_all_that_it_reads_and_above_all_that_read_it() -> None:
    _, leaf = ranked(perceptron().graph)
    rows = {key: unit.row for key, unit in leaf.items()}
    assert rows == {
        "images": 0,
        "sequential/0/weight": 1,
        "sequential/0/bias": 1,
        "sequential/0/linear": 2,
        "sequential/1/tanh": 3,
        "sequential/2/weight": 4,
        "sequential/2/bias": 4,
        "sequential/2/linear": 5,
        "square": 6,
        "mean": 7,
    }


def test_regions_have_labels_and_folds_are_marked() -> None:
    h = x = gg.constant(1.0, name="x")
    for _ in range(3):
        with gg.name_scope("block"):
            h = gg.sin(h) * 2.0
    within, labels = regions(gradient_graph(h, x))
    fold = ("block … block_2 ×3", True)
    assert sorted(labels.values()) == [("block", False), fold, ("block_1", False), ("block_2", False)]
    assert within["x"] == () and len(within["block_1/sin"]) == 2


def test_a_collapsed_graph_knows_its_regions() -> None:
    graph = perceptron().graph
    roots = forest(graph)
    outer = next(child for child in roots[0].children if not isinstance(child, str))
    small = quotient(graph, roots, {roots[0].number, outer.number})
    within, labels = regions(small)
    assert labels == {outer.number: ("sequential", False)}
    assert within["sequential/0"] == within["sequential/1/tanh"] == (outer.number,)


def test_values_that_leave_a_scope_pass_the_rest_of_it() -> None:
    x = gg.constant(1.0, name="x")
    with gg.name_scope("scope"):
        a = gg.sin(x, name="a")
        b = gg.cos(gg.cos(a, name="mid"), name="b")
    graph = gradient_graph(gg.add(a, b, name="y"), x)
    whole, leaf = ranked(graph)
    scope = leaf["scope/a"].parent
    assert scope is not None and scope.height == 3
    net = scope.nets["scope/a"]
    assert net.leaves and list(net.readers) == [leaf["scope/mid"]] and span(scope, net) == (1, 2)
    assert span(whole, whole.nets["scope/a"]) == (4, 3)  # y stands right below the scope


def test_very_long_ways_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = ranked(chain(60).graph)
    assert all(net.routed for net in whole.nets.values())
    monkeypatch.setattr(nesting, "SOME", 20)
    monkeypatch.setattr(nesting, "LONG", 0.1)
    whole, _ = ranked(chain(600).graph)
    nets = [(unit, net) for unit in whole.inside() for net in unit.nets.values()]
    assert any(not net.routed for _, net in nets)
    spans = [span(unit, net) for unit, net in nets if net.routed]
    passed = sum(max(last - first + 1, 0) for first, last in spans)
    assert passed <= nesting.LONG * len(whole.inside()) + nesting.SOME


def test_no_unit_is_above_what_it_reads() -> None:
    graph = perceptron().graph
    _, leaf = ranked(graph)
    assert all(leaf[a].row < leaf[b].row for a, b, kind in graph.edges(data="kind") if kind == "forward")


def test_thinned_pictures_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "SOME", 0)
    monkeypatch.setattr(nesting, "LONG", 0)
    for graph in (scoped(3, 80), transformer(2).graph, chain(80).graph):
        layout = mirror_layout(graph)
        assert set(layout.boxes) == set(graph) and len(layout.wires) == graph.number_of_edges()
