"""Shapes: what is marked differs in form, so that print in grey keeps it."""

from typing import Any

import torch

import graphgrad as gg
from graphgrad.view.collapse import collapsed
from graphgrad.view.emblem import form
from graphgrad.view.forward import forward_graph, ranked
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.layout import mirror_layout
from graphgrad.view.marks import Part, Scene, Shape, Text
from graphgrad.view.palette import STYLES
from graphgrad.view.plot import plot
from graphgrad.view.scene import scene
from tests.view.pictures import Asked, deep, higher, marked


def drawn(graph: Graph) -> Scene:
    return scene(graph, mirror_layout(graph))


def texts(part: Part) -> list[str]:
    return [mark.text for mark in part.marks if isinstance(mark, Text)]


def outline(part: Part) -> tuple[Any, ...]:
    """The commands of a node's border, its dashes and the number of its shapes, but no colour."""
    (border,) = [m for m in part.marks if isinstance(m, Shape) and m.style not in ("tag", "frame", "bar", "shadow")]
    dash = STYLES[border.style].dash
    extra = [m.style for m in part.marks if isinstance(m, Shape) and m.style in ("frame", "bar")]
    return tuple(command for command, *_ in border.path), dash, STYLES[border.style].width, tuple(extra)


def test_every_node_and_wire_is_a_part() -> None:
    graph = marked().graph
    picture = drawn(graph)
    assert sorted(part.node for part in picture.parts if part.node) == sorted(graph)
    wires = [part.wire for part in picture.parts if part.wire and part.wire[2] != "spec"]
    assert len(wires) == graph.number_of_edges()


def test_marks_differ_in_form() -> None:
    graph = marked().graph
    parts = {part.node: part for part in drawn(graph).parts if part.node}
    keys = ["mul", "b", "c", "k", "down", "z", "loss"]
    assert [form(graph.nodes[key]) for key in keys] == ["op", "x", "stop", "integer", "dead", "unconnected", "y"]
    assert len({outline(parts[key]) for key in keys}) == len(keys)
    for key in keys[1:]:
        assert set(graph.nodes[key]["roles"]) <= set(texts(parts[key]))


def test_what_is_off_the_path_is_pale() -> None:
    x, w = gg.constant(1.0, name="x"), gg.constant(1.0, name="w")
    graph = gradient_graph(x * w, x)
    assert form(graph.nodes["w"]) == "context" and form(graph.nodes["mul"]) == "y"


def test_captions_say_what_runs_where() -> None:
    captions = [text for part in drawn(higher(2).graph).parts if not part.node for text in texts(part)]
    assert captions[:4] == ["forward ↓", "gradient ↑", "second order ↓", "gradient ↑"]


def test_specs_stand_once_per_operation() -> None:
    x = gg.constant([1.0, 2.0], name="x")
    parts = drawn(gradient_graph(gg.sin(x) + gg.cos(x), x)).parts
    assert [text for part in parts if part.wire and part.wire[2] == "spec" for text in texts(part)] == [
        "float32[2]"
    ] * 3


def test_the_legend_names_only_what_occurs() -> None:
    x = gg.constant(1.0, name="x")
    legend = texts(drawn(gradient_graph(x + x, x)).parts[-1])
    assert legend == ["read, and a gradient returns along it", "gradient"]


def test_collapsed_nodes_are_stacks() -> None:
    graph = collapsed(deep(80).graph)
    (block,) = [part for part in drawn(graph).parts if part.node == "deep/blocks/0…79"]
    assert [m.style for m in block.marks if isinstance(m, Shape)].count("shadow") == 2
    assert texts(block)[:2] == ["blocks ×80", "880 ops, 480 x"]


def test_nothing_to_differentiate() -> None:
    x, z = gg.constant(1.0, name="x"), gg.constant(1.0, name="z")
    picture = drawn(Asked([x], [z], []).graph)
    assert [part.node for part in picture.parts if part.node] == ["x", "z"]


def test_every_style_exists() -> None:
    used = {mark.style for asked in (marked(), higher(2)) for part in drawn(asked.graph).parts for mark in part.marks}
    assert used <= set(STYLES)


def test_highlighted_wires_are_strong_and_lie_on_top() -> None:
    ys, xs, stops = marked()
    graph = plot(ys, xs, stops, highlight=xs[1]).graph
    wires = [part for part in drawn(graph).parts if part.wire and part.wire[2] != "spec"]
    strong = [any(mark.style.startswith("strong ") for mark in part.marks) for part in wires]
    assert strong == sorted(strong) and 0 < sum(strong) < len(wires)
    assert sum(strong) == sum(data["lit"] for _, _, data in graph.edges(data=True))
    assert all(all(m.style.startswith("faint ") for m in part.marks) for part, on in zip(wires, strong, strict=True)
               if not on)  # fmt: skip


def test_control_edges_have_a_line_of_their_own() -> None:
    a = gg.constant(1.0, name="a")
    with gg.control_dependencies([a]):
        gg.no_op(name="after")
    (wire,) = [part for part in drawn(ranked(forward_graph(gg.get_default_graph()))).parts if part.wire]
    assert [mark.style for mark in wire.marks] == ["control", "control head"]


def test_readings_do_not_move_anything() -> None:
    ys, xs, stops = marked()
    plain, measured = plot(ys, xs, stops), plot(ys, xs, stops, values={"mul": 1.0, "d(mul)": 0.0})
    boxes, more = (mirror_layout(picture.graph).boxes for picture in (plain, measured))
    assert boxes == more


def test_many_specs_are_cut_short() -> None:
    x = gg.constant([1.0] * 6, name="x")
    a, b, c = torch.split(x, [1, 2, 3])
    parts = drawn(gradient_graph(gg.reduce_sum(a) + gg.reduce_sum(b) + gg.reduce_sum(c), x)).parts
    said = [text for part in parts if part.wire and part.wire[2] == "spec" for text in texts(part)]
    assert "float32[1], float32[2], …" in said
