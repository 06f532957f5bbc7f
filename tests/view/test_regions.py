"""The boxes of open scopes: around their nodes, and around no other."""

from collections.abc import Callable

import pytest

import graphgrad as gg
from graphgrad.view.collapse import collapsed
from graphgrad.view.geometry import Box, Layout, Region
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.layout import mirror_layout
from graphgrad.view.marks import Shape, Text
from graphgrad.view.nesting import regions
from graphgrad.view.regions import frames, names
from graphgrad.view.scene import scene
from tests.view.hostile import hostile
from tests.view.pictures import deep, perceptron
from tests.view.scopes import scoped, transformer

GRAPHS: dict[str, Callable[[], Graph]] = {
    "perceptron": lambda: perceptron().graph,
    "blocks": lambda: deep(3).graph,
    "collapsed": lambda: collapsed(transformer(6).graph),
    "transformer": lambda: transformer(2).graph,
    "scopes entered again": lambda: scoped(7, 60),
    "hostile": hostile,
}


def root(graph: Graph, key: str) -> str:
    while graph.nodes[key]["mirror"] is not None:
        key = graph.nodes[key]["mirror"]
    return key


def within(region: Region, box: Box) -> bool:
    low, right = region.top + region.height, region.left + region.width
    return (
        region.left < box.x - box.width / 2 and box.x + box.width / 2 < right
        and region.top < box.y - box.height / 2 and box.y + box.height / 2 < low
    )  # fmt: skip


def apart(region: Region, box: Box) -> bool:
    low, right = region.top + region.height, region.left + region.width
    return (
        box.x + box.width / 2 <= region.left or right <= box.x - box.width / 2
        or box.y + box.height / 2 <= region.top or low <= box.y - box.height / 2
    )  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_a_box_holds_its_nodes_and_no_others(name: str) -> None:
    graph = GRAPHS[name]()
    layout, (scopes, _) = mirror_layout(graph), regions(graph)
    for region in layout.regions:
        for key, box in layout.boxes.items():
            inside = box.lane == region.lane and region.number in scopes[root(graph, key)]
            assert within(region, box) if inside else apart(region, box)


@pytest.mark.parametrize("name", GRAPHS)
def test_boxes_nest_or_are_apart(name: str) -> None:
    layout = mirror_layout(GRAPHS[name]())
    for n, a in enumerate(layout.regions):
        for b in layout.regions[n + 1 :]:
            middle = Box(b.left + b.width / 2, b.top + b.height / 2, b.width, b.height, b.lane, 0)
            assert within(a, middle) or apart(a, middle)


def test_a_gradient_scope_is_the_mirror_image() -> None:
    layout = mirror_layout(perceptron().graph)
    down = {region.number: region for region in layout.regions if region.lane == 0}
    up = {region.number: region for region in layout.regions if region.lane == 1}
    assert down.keys() == up.keys() and len(down) == 3
    sums = set()
    for number, region in down.items():
        mirror = up[number]
        assert (region.top, region.height, region.width) == (mirror.top, mirror.height, mirror.width)
        sums.add(round(region.left + mirror.left + mirror.width, 6))
    assert len(sums) == 1


def test_without_scopes_there_are_no_boxes() -> None:
    x = gg.constant(1.0, name="x")
    assert mirror_layout(gradient_graph(gg.sin(x), x)).regions == []


def drawn(layout: Layout) -> list[tuple[str, str]]:
    found = []
    for frame, name in zip(frames(layout), names(layout), strict=True):
        (border,), (text,) = frame.marks, name.marks
        assert isinstance(border, Shape) and isinstance(text, Text)
        found.append((border.style, text.text))
    return found


def test_folds_are_dashed_and_lanes_differ() -> None:
    h = x = gg.constant(1.0, name="x")
    for _ in range(3):
        with gg.name_scope("block"):
            h = gg.sin(h) * 2.0
    found = drawn(mirror_layout(gradient_graph(h, x)))
    assert found[0] == ("fold forward", "block … block_2 ×3")
    assert ("scope forward", "block_1") in found and ("scope backward", "block_1") in found


def test_boxes_lie_below_all_else_and_names_above_wires() -> None:
    graph = perceptron().graph
    styles = [mark.style for part in scene(graph, mirror_layout(graph)).parts for mark in part.marks]
    assert styles[:2] == ["paper", "scope forward"]
    before = styles[: styles.index("scope name")]
    reads = [data for _, _, data in graph.edges(data=True) if data["kind"] == "forward"]
    assert before.count("forward head") == sum(data["carries"] for data in reads)
    assert "title" not in before
