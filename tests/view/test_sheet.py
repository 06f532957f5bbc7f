"""The data of a page: whole, each thing once, and drawn as the other pictures draw it."""

import json
from typing import Any

from graphgrad.ground.reading import Reading
from graphgrad.view.collapse import summary
from graphgrad.view.emblem import emblem
from graphgrad.view.folding import forest, groups
from graphgrad.view.geometry import Box
from graphgrad.view.layout import widths
from graphgrad.view.marks import Shape, Text
from graphgrad.view.sheet import sheet
from graphgrad.view.svg import class_name, path_text
from tests.view.pictures import deep, marked, perceptron


def texts_of(data: Any, marks: list[int]) -> list[str]:
    return [data["texts"][number] for number in marks[1:]]


def shapes_of(data: Any, marks: list[int]) -> list[list[str]]:
    return [data["shapes"][mark] for mark in data["patterns"][marks[0]] if isinstance(mark, int)]


def test_nodes_are_drawn_as_elsewhere() -> None:
    graph = marked().graph
    data, wide = sheet(graph, None, {}), widths(graph)
    for record, (key, node) in zip(data["nodes"], graph.nodes(data=True), strict=True):
        size = 18.0 if node["kind"] == "sum" else 34.0
        part = emblem(node, key, Box(0.0, 0.0, wide[key], size, 0, 0))
        assert data["texts"][record[0]] == key and record[2] == wide[key]
        assert texts_of(data, record[4]) == [mark.text for mark in part.marks if isinstance(mark, Text)]
        shapes = [[class_name(mark.style), path_text(mark.path)] for mark in part.marks if isinstance(mark, Shape)]
        assert shapes_of(data, record[4]) == shapes


def test_facts_of_nodes() -> None:
    graph = marked().graph
    data = sheet(graph, None, {"k": "because"})
    facts = {data["texts"][record[0]]: [data["texts"][n] for n in record[8:]] for record in data["nodes"]}
    outputs, where, call, told = facts["c"]
    assert (
        outputs == "float32[3]"
        and 'c = gg.sin(b, name="c")' in where
        and call == "c: float32[3] = sin(b)"
        and told == ""
    )
    assert facts["k"][3] == "because"
    mirrors = {data["texts"][r[0]]: data["texts"][data["nodes"][r[6]][0]] for r in data["nodes"] if r[6] >= 0}
    assert mirrors["d(b)"] == "b"


def test_edges_are_those_of_the_graph() -> None:
    graph = marked().graph
    data = sheet(graph, None, {})
    keys = list(graph)
    texts, kinds = data["texts"], data["kinds"]
    found = [(keys[a], keys[b], kinds[k], texts[v], texts[s], bool(c)) for a, b, k, v, s, c, _, _ in data["edges"]]
    assert found == [(a, b, d["kind"], d["value"], d["spec"], d["carries"]) for a, b, d in graph.edges(data=True)]


def test_groups_are_those_of_the_forest() -> None:
    graph = deep(5).graph
    data = sheet(graph, {0, 2}, {})
    assert data["opened"] == [0, 2]
    for record, group in zip(data["groups"], groups(forest(graph)), strict=True):
        assert record[1] == group.kind
        assert [data["texts"][n] for n in record[2:5]] == [group.label, group.title, group.name]
    holders = {data["texts"][record[0]]: record[7] for record in data["nodes"]}
    first = next(group for group in groups(forest(graph)) if group.name == "deep/first")
    assert holders["deep/first/bias"] == first.number and holders["d(deep/first/linear)"] == -1


def test_closed_groups_are_drawn_in_each_lane() -> None:
    graph = deep(5).graph
    data = sheet(graph, None, {})
    fold = next(group for group in groups(forest(graph)) if group.kind == "fold")
    records = [record for record in data["folded"] if record[6] == fold.number]
    assert [data["texts"][record[7]] for record in records] == ["55 ops, 30 x", "25 ops, 30 gradients"]
    assert [data["texts"][record[1]] for record in records] == ["blocks ×5", "∂ blocks ×5"]
    note = summary(graph, fold.members, fold)["note"]
    assert note == "55 ops, 30 x" and len({record[2] for record in records}) == 1


def test_readings_come_with_both_pictures() -> None:
    graph = perceptron().graph
    for node in graph.nodes.values():
        node["reading"] = None
    graph.nodes["mean"]["reading"] = Reading("NaN", 1.0, "nan", "of float32[]")
    data = sheet(graph, None, {})
    (record,) = [record for record in data["nodes"] if record[5]]
    assert [data["texts"][n] for n in record[5][1:]] == ["NaN", "nan", "of float32[]"]
    assert any("nan" in style for style, _ in shapes_of(data, record[5][0]))
    assert not any("reading" in style for style, _ in shapes_of(data, record[4]))


def test_what_many_share_is_sent_once() -> None:
    data = sheet(deep(40).graph, None, {})
    for table in ("texts", "kinds", "looks", "shapes", "patterns"):
        assert len({json.dumps(item) for item in data[table]}) == len(data[table])
    assert 10 * len(data["patterns"]) < len(data["nodes"])
