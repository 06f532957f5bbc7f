"""Scopes, rows and captions, as writers of text see them."""

import pytest

from graphgrad.ground.reading import Reading
from graphgrad.view.collapse import collapsed
from graphgrad.view.gradient_graph import Graph
from graphgrad.view.label import width
from graphgrad.view.outline import ROOM, SIZE, Scope, caption, legible, line, outline, short, strength, walk
from tests.view.hostile import hostile
from tests.view.pictures import deep, higher, marked, perceptron


@pytest.mark.parametrize(
    "graph", [marked, perceptron, lambda: deep(2), lambda: higher(3)], ids=["marked", "mlp", "deep", "higher"]
)
def test_every_node_is_in_one_row_below_what_it_stems_from(graph: object) -> None:
    drawn: Graph = graph().graph  # type: ignore[operator]
    rows = [row for scope, opens in walk(outline(drawn)) if opens for row in scope.rows]
    assert sorted(key for row in rows for key in row) == sorted(drawn)
    for first, *others in rows:
        assert drawn.nodes[first]["mirror"] is None
        assert all(drawn.nodes[key]["mirror"] in (first, *others) for key in others)


def test_nodes_are_in_the_scope_of_their_name() -> None:
    graph = perceptron().graph
    for scope, _ in walk(outline(graph)):
        assert all(graph.nodes[row[0]]["name"].split("/")[:-1] == list(scope.path) for row in scope.rows)


def test_a_scope_opens_and_closes_around_what_is_in_it() -> None:
    seen: list[tuple[str, ...]] = []
    for scope, opens in walk(outline(deep(2).graph)):
        if opens:
            assert not seen or scope.path[:-1] == seen[-1]
            seen.append(scope.path)
        else:
            assert seen.pop() == scope.path
    assert seen == []


def test_scopes_as_deep_as_you_like() -> None:
    root = scope = Scope()
    for n in range(5000):
        scope = scope.inner.setdefault("s", Scope(("s",) * min(n, 3)))
    assert sum(opens for _, opens in walk(root)) == 5001


def test_a_node_without_its_mirror_stands_alone() -> None:
    graph = marked().graph
    part: Graph = graph.subgraph(["d(mul)", "d(b)"])
    assert sorted(outline(part).rows) == [["d(b)"], ["d(mul)"]]


def test_captions_are_short_and_legible() -> None:
    for graph in (hostile(), collapsed(deep(20).graph)):
        for node in graph.nodes.values():
            said = caption(node)
            assert said and all(width(text, SIZE) <= ROOM + 2 * width("[", SIZE) for text in said)
            assert all(text.isprintable() and text == legible(text) for text in said)


def test_a_long_name_keeps_its_end() -> None:
    assert short("a" * 500 + "/end").startswith("…") and short("a" * 500 + "/end").endswith("/end")
    assert short(" in\ntwo\u2028lines ") == "in two lines"


def test_line_tells_reads_apart() -> None:
    graph = marked().graph
    assert {line(data) for _, _, data in graph.edges(data=True)} == {"forward", "read", "cotangent", "saved"}
    assert line(graph.edges["a", "k", 0]) == "read" and line(graph.edges["a", "b", 0]) == "forward"
    assert line(graph.edges["loss", "d(loss)", 0]) == "cotangent"


def test_a_caption_tells_what_was_measured() -> None:
    node = dict(marked().graph.nodes["mul"])
    assert caption(node | {"reading": Reading("2.0e-04")}) == ["Mul", "mul", "= 2.0e-4"]
    assert caption(node | {"reading": None}) == caption(node | {"reading": Reading("")}) == ["Mul", "mul"]


def test_strength_is_by_highlight() -> None:
    assert [strength(data) for data in ({}, {"lit": True}, {"lit": False})] == ["", "strong ", "faint "]
    assert line({"kind": "forward", "control": True, "carries": False}) == "control"
