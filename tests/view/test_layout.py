"""The mirror layout, on its coordinates."""

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphgrad as gg
from graphgrad.view.collapse import collapsed
from graphgrad.view.geometry import Box, Layout
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.layout import mirror_layout, rows_of
from graphgrad.view.rows import GAP
from tests.view.pictures import Asked, chain, crossed, deep, entangled, higher, marked, perceptron, programme, spoiled

PROGRAMS: dict[str, Callable[[], Asked]] = {
    "marked": marked,
    "perceptron": perceptron,
    "deep": lambda: deep(3),
    "collapsed": lambda: deep(30),
    "folded": lambda: deep(90),
    "chain": lambda: chain(300),
    "second order": lambda: higher(2),
    "third order": lambda: higher(3),
}


@pytest.fixture(params=PROGRAMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    return collapsed(PROGRAMS[request.param]().graph)


def overlap(a: Box, b: Box) -> bool:
    return abs(a.x - b.x) * 2 < a.width + b.width and abs(a.y - b.y) * 2 < a.height + b.height


def root(graph: Graph, key: str) -> str:
    while graph.nodes[key]["mirror"] is not None:
        key = graph.nodes[key]["mirror"]
    return key


def check_boxes(graph: Graph, layout: Layout) -> None:
    """No two overlap, all are on the paper, and what mirrors stands at the height of what it mirrors."""
    assert set(layout.boxes) == set(graph)
    assert [pair for pair in combinations(layout.boxes.items(), 2) if overlap(pair[0][1], pair[1][1])] == []
    for key, box in layout.boxes.items():
        assert box.width / 2 <= box.x <= layout.width - box.width / 2
        assert box.height / 2 <= box.y <= layout.height - box.height / 2
        mirror = graph.nodes[key]["mirror"]
        assert mirror is None or layout.boxes[mirror].y == box.y


def check_wires(graph: Graph, layout: Layout) -> None:
    """Every edge has a wire that begins and ends at its boxes; lanes run one way."""
    assert len(layout.wires) == graph.number_of_edges()
    for wire in layout.wires:
        source, target = layout.boxes[wire.source], layout.boxes[wire.target]
        for box, (x, y) in ((source, wire.points[0]), (target, wire.points[-1])):
            assert abs(abs(x - box.x) - box.width / 2) < 1e-6 or abs(abs(y - box.y) - box.height / 2) < 1e-6
        if wire.data["kind"] in ("forward", "cotangent") and source.lane == target.lane:
            downwards = graph.nodes[wire.source]["lane"] % 2 == 0
            assert (source.row <= target.row) if downwards else (source.row >= target.row)
            assert source.row != target.row or root(graph, wire.source) == root(graph, wire.target)
        if wire.bend == "v":
            heights = [y for _, y in wire.points]
            assert heights in (sorted(heights), sorted(heights, reverse=True))


def test_boxes(graph: Graph) -> None:
    check_boxes(graph, mirror_layout(graph))


def test_wires(graph: Graph) -> None:
    check_wires(graph, mirror_layout(graph))


def test_wires_pass_by_boxes(graph: Graph) -> None:
    layout = mirror_layout(graph)
    for wire in layout.wires:
        if wire.bend == "v":
            for x, y in wire.points[1:-1]:
                hit = [k for k, b in layout.boxes.items() if 2 * abs(b.x - x) < b.width and 2 * abs(b.y - y) < b.height]
                assert hit == []


def test_the_gradient_is_the_mirror_image() -> None:
    graph = perceptron().graph
    boxes = mirror_layout(graph).boxes
    pairs = [(box, boxes[graph.nodes[key]["mirror"]]) for key, box in boxes.items() if graph.nodes[key]["mirror"]]
    assert len({round(box.x + mirror.x, 6) for box, mirror in pairs}) == 1
    assert all(box.x > mirror.x for box, mirror in pairs)


def test_lanes_lie_side_by_side(graph: Graph) -> None:
    layout = mirror_layout(graph)
    for left, right in zip(layout.lanes, layout.lanes[1:], strict=False):
        assert left.right < right.left
    for box in layout.boxes.values():
        lane = layout.lanes[box.lane]
        assert lane.left - 1e-6 <= box.x - box.width / 2 and box.x + box.width / 2 <= lane.right + 1e-6


def test_the_main_chain_is_straight() -> None:
    boxes = mirror_layout(perceptron().graph).boxes
    names = ["sequential/0/linear", "sequential/1/tanh", "sequential/2/linear", "square", "mean"]
    assert len({boxes[name].x for name in names}) == 1


def test_rows_are_longest_paths_and_sources_are_pulled_down() -> None:
    x, late = gg.constant(1.0, name="x"), gg.constant(1.0, name="late")
    h = gg.sin(x, name="a")
    h = gg.sin(h, name="b")
    rows = rows_of(gradient_graph(gg.multiply(h, late, name="c") + x, [x, late]))
    assert [rows[key] for key in ("x", "a", "b", "c", "add")] == [0, 1, 2, 3, 4]
    assert rows["late"] == 2 and rows["gradient(late:0)"] == 2 and rows["d(a)"] == 1


def test_the_same_program_gives_the_same_picture() -> None:
    def drawn() -> Layout:
        with gg.Graph().as_default():
            return mirror_layout(collapsed(deep(5).graph))

    assert drawn() == drawn()


def test_long_names_take_no_more_room_than_there_is() -> None:
    graph = spoiled(marked().graph)
    layout = mirror_layout(graph)
    check_boxes(graph, layout)
    assert max(box.width for box in layout.boxes.values()) < 200


@given(st.integers(0, 10**9), st.integers(3, 40))
@settings(max_examples=60)
def test_random_programs(seed: int, size: int) -> None:
    with gg.Graph().as_default():
        graph = programme(seed, size).graph
    layout = mirror_layout(graph)
    check_boxes(graph, layout)
    check_wires(graph, layout)


@given(st.integers(0, 10**9), st.integers(3, 25))
@settings(max_examples=60)
def test_random_gradients_of_gradients(seed: int, size: int) -> None:
    with gg.Graph().as_default():
        graph = entangled(seed, size).graph
    layout = mirror_layout(graph)
    check_boxes(graph, layout)
    check_wires(graph, layout)


def test_what_reads_a_gradient_stands_beside_the_mirror_images_of_its_lane() -> None:
    graph = crossed().graph
    layout = mirror_layout(graph)
    lanes = {graph.nodes[root(graph, key)]["lane"] for key, node in graph.nodes(data=True) if node["lane"] == 2}
    assert lanes == {0, 2}
    check_boxes(graph, layout)
    (region,) = layout.regions
    mirrored = [box for key, box in layout.boxes.items() if box.lane == 2 and graph.nodes[key]["kind"] != "forward"]
    assert mirrored and all(box.x + box.width / 2 + GAP <= region.left + 1e-6 for box in mirrored)
