"""Kernels of one operation above one another, and wires that pass them by."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphgrad as gg
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.layout import mirror_layout
from graphgrad.view.rows import GAP
from graphgrad.view.tower import OUTSIDE, tower
from tests.view.pictures import Asked, higher, perceptron, programme
from tests.view.scopes import transformer
from tests.view.test_layout import check_wires, overlap, root


def boxes_of(graph: Graph, op: str) -> list[tuple[str, int]]:
    """The kernels of an operation and how many rows above it they stand."""
    boxes = mirror_layout(graph).boxes
    own = [key for key, node in graph.nodes(data=True) if node["mirror"] == op and node["kind"] == "adjoint"]
    return [(graph.nodes[key]["type"], boxes[op].row - boxes[key].row) for key in own]


def test_each_kernel_stands_above_those_that_it_comes_after() -> None:
    x = gg.constant([[1.0, 2.0]], name="x")
    graph = gradient_graph(gg.reduce_mean(x, name="y"), x, expand=True)
    assert boxes_of(graph, "y") == [("aten.ones_like", 0), ("aten.expand", 1), ("aten.div", 2)]


def test_a_second_order_tower_hangs_down() -> None:
    graph = gradient_graph(*higher(2), expand=True)
    boxes = mirror_layout(graph).boxes
    mirrored = {key: graph.nodes[key]["lane"] for key in graph if graph.nodes[key]["kind"] == "adjoint"}
    below = {
        graph.nodes[source]["lane"]: boxes[target].row - boxes[source].row
        for source, target, data in graph.edges(data=True)
        if data["kind"] == "cotangent" and source in mirrored and target in mirrored
        if root(graph, source) == root(graph, target) and mirrored[source] == mirrored[target]
    }
    assert below and all((distance > 0) == (lane % 2 == 0) for lane, distance in below.items())


def test_a_wire_passes_a_level_beside_the_kernels_there() -> None:
    widths, level = {"low": 40.0, "high": 40.0}, {"low": 0, "high": 1}
    found = tower(["low", "high"], "low", widths, level, [("low", "high"), (OUTSIDE, "low"), (OUTSIDE, "high")])
    assert found.places["low"] == 0.0
    ((place, first, last),) = found.ways[OUTSIDE, "high"]
    assert (first, last) == (0, 0) and abs(place) >= 20.0 + 4.0 + GAP
    assert found.ways["low", "high"] == found.ways[OUTSIDE, "low"] == []
    assert found.left + found.right >= 40.0 + GAP + 8.0


@pytest.mark.parametrize(
    "made", [perceptron, lambda: higher(2), lambda: transformer(1)], ids=["layers", "orders", "attention"]
)
def test_no_wire_runs_behind_a_kernel(made: Callable[[], Asked]) -> None:
    graph = gradient_graph(*made(), expand=True)
    layout = mirror_layout(graph)
    for wire in layout.wires:
        if wire.bend == "v":
            for x, y in wire.points[1:-1]:
                hit = [k for k, b in layout.boxes.items() if 2 * abs(b.x - x) < b.width and 2 * abs(b.y - y) < b.height]
                assert hit == []


def test_a_small_perceptron_fits_a_page() -> None:
    layout = mirror_layout(gradient_graph(*perceptron(), expand=True))
    assert layout.width < 1.2 * layout.height and layout.width < 1400


@given(st.integers(0, 10**9), st.integers(3, 20))
@settings(max_examples=25)
def test_random_programs(seed: int, size: int) -> None:
    with gg.Graph().as_default():
        graph = gradient_graph(*programme(seed, size), expand=True)
    layout = mirror_layout(graph)
    rows: dict[int, list[str]] = {}
    for key, box in layout.boxes.items():
        rows.setdefault(box.row, []).append(key)
    for keys in rows.values():
        keys.sort(key=lambda key: layout.boxes[key].x)
        assert not any(overlap(layout.boxes[a], layout.boxes[b]) for a, b in zip(keys, keys[1:], strict=False))
    check_wires(graph, layout)
