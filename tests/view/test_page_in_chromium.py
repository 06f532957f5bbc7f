"""The page in a real browser: it opens from disk, asks for nothing, complains of nothing, and does what it says."""

import random
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.ground.reading import Reading
from graphgrad.view.collapse import collapsed, quotient
from graphgrad.view.explained import told_by
from graphgrad.view.folding import forest, groups
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.layout import mirror_layout
from graphgrad.view.page import BUDGET, page
from graphgrad.view.scene import scene
from graphgrad.view.svg import svg
from tests.view.browser import Watched, required, started
from tests.view.hostile import NAMES, hostile
from tests.view.pictures import EVIL, chain, crossed, deep, higher, marked, perceptron, spoiled
from tests.view.scopes import transformer

SVG = "{http://www.w3.org/2000/svg}"
GRAPHS: dict[str, Callable[[], Graph]] = {
    "10": lambda: perceptron().graph,
    "marked": lambda: marked().graph,
    "blocks": lambda: deep(3).graph,
    "200": lambda: transformer(3).graph,
    "chain": lambda: chain(300).graph,
    "second order": lambda: higher(2).graph,
    "two orders in one lane": lambda: crossed().graph,
    "kernels": lambda: gradient_graph(*perceptron(), expand=True),
    "kernels of two orders": lambda: gradient_graph(*higher(2), expand=True),
    "hostile": hostile,
}
Opener = Callable[..., Watched]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started(required()) as found:
        yield found


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opener]:
    """Opens the page of a graph. In the end no page has asked for anything but itself, or complained."""
    seen: list[Watched] = []

    def opener(graph: Graph, title: str = "picture", told: dict[str, str] | None = None, **size: int) -> Watched:
        path = tmp_path / f"page{len(seen)}.html"
        path.write_text(page(graph, collapsed(graph), title, told), "utf-8")
        seen.append(Watched(browser, path, **size))
        return seen[-1]

    yield opener
    for watched in seen:
        urls = [url for url in watched.requests if not url.startswith("blob:")]
        assert [url.rpartition("/")[2][:4] for url in urls] == ["page"] and urls[0].startswith("file:///")
        assert watched.complaints == []
        watched.context.close()


def same(watched: Watched, graph: Graph) -> None:
    """The browser's layout is Python's of the same graph with the same groups open."""
    drawn = quotient(graph, forest(graph), watched.opened())
    layout = mirror_layout(drawn)
    found = watched.boxes()
    assert [box[1:] for box in found] == [pytest.approx((b.x, b.y, b.width), abs=1e-6) for b in layout.boxes.values()]
    points = watched.points()
    assert len(points) == len(layout.wires)
    for mine, wire in zip(points, layout.wires, strict=True):
        assert np.asarray(mine) == pytest.approx(np.asarray(wire.points), abs=1e-6)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_picture_is_pythons(name: str, opened: Opener) -> None:
    graph = GRAPHS[name]()
    same(opened(graph), graph)


def test_it_is_pythons_whatever_is_open(opened: Opener) -> None:
    graph = transformer(4).graph
    watched = opened(graph)
    for group in list(groups(forest(graph)))[1::7]:
        watched.page.evaluate(f"page.toggle({group.number})")
        same(watched, graph)


def test_five_thousand_operations_open_collapsed(opened: Opener) -> None:
    graph = transformer(75).graph
    assert len(graph) > 5000
    watched = opened(graph)
    assert len(watched.drawn()) < 60
    assert "drawn as" in watched.panel()
    same(watched, graph)


# -- scopes ---------------------------------------------------------------------------------------


def test_a_click_unfolds_and_folds(opened: Opener) -> None:
    graph = transformer(4).graph
    watched = opened(graph)
    fold = "transformer/layers/0…3"
    watched.node(fold).locator(".gg-button").click()
    assert {f"transformer/layers/{n}" for n in range(4)} <= set(watched.drawn())
    same(watched, graph)
    watched.node("transformer/layers/2").dblclick(force=True)
    assert "transformer/layers/2/mlp" in watched.drawn()
    head = watched.page.locator(".gg-region[aria-label^='layers ×4']").first
    head.locator(".gg-button").click()
    assert fold in watched.drawn() and "transformer/layers/1" not in watched.drawn()
    same(watched, graph)


def test_a_gradient_scope_opens_with_its_forward_scope(opened: Opener) -> None:
    watched = opened(transformer(4).graph)
    watched.node("d(transformer/layers/0…3)").locator(".gg-button").click()
    assert {"transformer/layers/1", "d(transformer/layers/1)"} <= set(watched.drawn())
    assert watched.page.locator(".gg-region[aria-label^='layers ×4']").count() == 2
    assert "layers ×4" in watched.focused()


def test_what_is_opened_stays_under_the_hand(opened: Opener) -> None:
    watched = opened(transformer(40).graph)
    button = watched.node("transformer/layers/0…39").locator("path").nth(1)
    before = button.bounding_box()
    watched.node("transformer/layers/0…39").locator(".gg-button").click()
    after = watched.page.locator(".gg-region[aria-label^='layers ×40'] path").first.bounding_box()
    assert before is not None and after is not None
    assert abs(before["x"] - after["x"]) < 20 and abs(before["y"] - after["y"]) < 20


def test_buttons_open_a_level_and_close_all(opened: Opener) -> None:
    graph = transformer(3).graph
    watched = opened(graph)
    watched.page.click("#less")
    assert watched.drawn()[:3] == ["x", "transformer", "square"]
    watched.page.click("#more")
    assert "transformer/embed" in watched.drawn()
    watched.page.click("#all")
    assert sorted(watched.drawn()) == sorted(graph)
    same(watched, graph)


def test_too_many_nodes_are_asked_about_first(opened: Opener) -> None:
    watched = opened(transformer(30).graph)
    count = len(watched.drawn())
    watched.page.click("#all")
    warning = watched.page.locator("#warning")
    assert f"more than {BUDGET:,}" in warning.inner_text() and len(watched.drawn()) == count
    warning.get_by_text("Cancel").click()
    assert not warning.is_visible() and len(watched.drawn()) == count
    watched.page.click("#all")
    warning.get_by_text("Open one level").click()
    assert not warning.is_visible() and count < len(watched.drawn()) <= BUDGET
    watched.page.click("#all")
    warning.get_by_text(re.compile("Draw ")).click()
    assert len(watched.drawn()) > BUDGET


# -- a node ---------------------------------------------------------------------------------------


def test_a_click_tells_all_of_a_node(opened: Opener) -> None:
    watched = opened(marked().graph)
    watched.click("b")
    told = watched.panel()
    assert "pictures.py:" in told and 'b = gg.multiply(a, 2.0, name="b")' in told and "float32[3]" in told
    watched.page.locator("#panel li button").filter(has_text=re.compile(r"^c ")).first.click()
    assert watched.page.inner_text("#panel h2") == "c"
    watched.page.keyboard.press("Escape")
    assert watched.near() == set()


def test_explanations_are_told(opened: Opener) -> None:
    asked = marked()
    watched = opened(asked.graph, told=told_by(asked.graph, gg.explain(*asked)))
    watched.click("z")
    assert "no gradient reaches z" in watched.panel()
    watched.click("k")
    assert "integer tensors are constants" in watched.panel()


def reachable(graph: Graph, key: str, upwards: bool) -> set[str]:
    """By networkx: everything above or below, and the node itself."""
    return {key} | (networkx.ancestors(graph, key) if upwards else networkx.descendants(graph, key))


def test_ancestors_descendants_and_paths_light_up(opened: Opener) -> None:
    graph = perceptron().graph
    watched, key = opened(graph), "sequential/2/linear"
    watched.click(key)
    up, down = reachable(graph, key, True), reachable(graph, key, False)
    assert watched.near() == up | down
    assert f"{len(up) - 1} nodes above, {len(down) - 1} below" in watched.panel()
    watched.page.select_option("#mode", "above")
    assert watched.near() == up
    watched.page.select_option("#mode", "below")
    assert watched.near() == down
    watched.page.select_option("#mode", "path")
    watched.click("sequential/0/bias")
    assert watched.near() == reachable(graph, "sequential/0/bias", False) & up
    assert "sequential/1/tanh" in watched.near() and "sequential/2/bias" not in watched.near()


def test_shift_click_shows_the_path_from_what_is_chosen(opened: Opener) -> None:
    graph = perceptron().graph
    watched = opened(graph)
    watched.click("images")
    watched.click("mean", shift=True)
    assert watched.near() == reachable(graph, "images", False) & reachable(graph, "mean", True)
    watched.click("sequential/0/bias", shift=True)
    assert "No path between images and sequential/0/bias" in watched.panel()


# -- search and keys ------------------------------------------------------------------------------


def test_search_finds_what_is_inside_closed_scopes(opened: Opener) -> None:
    watched = opened(transformer(20).graph)
    watched.page.fill("#search", "layers/17/attention/softmax")
    assert watched.page.inner_text("#found") == "2 found"
    assert watched.page.locator(".gg-node.hit").count() == 2
    watched.page.press("#search", "Enter")
    assert watched.page.inner_text("#found") == "1 of 2"
    assert "transformer/layers/17/attention/softmax" in watched.drawn()
    assert watched.page.inner_text("#panel h2") == "transformer/layers/17/attention/softmax"
    shown = watched.node("transformer/layers/17/attention/softmax").bounding_box()
    assert shown is not None and 0 < shown["x"] < 1050 and 50 < shown["y"] < 870
    watched.page.press("#search", "Escape")
    assert watched.page.locator(".gg-node.hit").count() == 0


def test_search_finds_lines_of_source(opened: Opener) -> None:
    watched = opened(marked().graph)
    watched.page.fill("#search", "gg.floor(a")
    hits = watched.page.locator(".gg-node.hit > title").all_text_contents()
    assert "down" in [text.splitlines()[0] for text in hits] and len(hits) < len(watched.drawn())


def test_the_keyboard_reaches_everything(opened: Opener) -> None:
    watched = opened(transformer(4).graph)
    keys = watched.page.keyboard
    watched.page.focus("#save")
    keys.press("Tab")
    assert "Placeholder, x" in watched.focused()
    for _ in range(12):
        if "layers ×4" in watched.focused():
            break
        keys.press("ArrowDown")
    assert "closed" in watched.focused()
    keys.press("Enter")
    assert "layers ×4" in watched.page.inner_text("#panel h2")
    keys.press("Space")
    assert "transformer/layers/0" in watched.drawn() and "open fold" in watched.focused()
    keys.press("ArrowDown")
    assert "layers/0" in watched.focused()
    keys.press("Backspace")
    assert "transformer/layers/0…3" in watched.drawn() and "layers ×4" in watched.focused()
    keys.press("Space")
    keys.press("Enter")
    assert "transformer/layers/0…3" in watched.drawn()
    keys.press("c")
    assert watched.drawn()[1] == "transformer"
    keys.press("/")
    assert watched.page.evaluate("document.activeElement.id") == "search"


# -- values, saving, names ------------------------------------------------------------------------


def measured() -> Graph:
    graph = deep(80).graph
    for node in graph.nodes.values():
        node["reading"] = None
    graph.nodes["mean"]["reading"] = Reading("0.25", 0.5, detail="2-norm of float32[]")
    graph.nodes["deep/blocks/3/relu"]["reading"] = Reading("2 of 8", 1.0, "nan", "2 of 8 are NaN")
    return graph


def test_values_lie_over_the_picture(opened: Opener) -> None:
    watched = opened(measured())
    mean, block = watched.node("mean"), watched.node("deep/blocks/0…79")
    assert "0.25" in mean.all_text_contents()[0] and "NaN 2 of 8" in block.all_text_contents()[0]
    assert block.locator("[class^='gg-reading-nan']").count() == 1  # a border, so that it shows in grey, too
    watched.click("deep/blocks/0…79")
    assert "2 of 8 are NaN; at deep/blocks/3/relu" in watched.panel()
    watched.page.uncheck("#overlay")
    assert watched.page.locator("#stage [class^='gg-reading']").count() == 0
    watched.page.check("#overlay")
    assert watched.page.locator("#stage [class^='gg-reading']").count() > 3


def test_no_values_no_switch(opened: Opener) -> None:
    assert not opened(perceptron().graph).page.is_visible("#overlay")


def saved(watched: Watched) -> ElementTree.Element:
    with watched.page.expect_download() as download:
        watched.page.click("#save")
    assert download.value.suggested_filename == "graph.svg"
    return ElementTree.fromstring(Path(download.value.path()).read_text("utf-8"))


def marks(root: ElementTree.Element) -> Counter[tuple[str, str]]:
    """How many shapes and texts there are of each style."""
    found = [mark for mark in root.iter() if mark.tag in (f"{SVG}path", f"{SVG}text")]
    return Counter((mark.tag.removeprefix(SVG), mark.get("class", "")) for mark in found)


@pytest.mark.parametrize("name", ["10", "marked", "blocks", "200", "second order"])
def test_what_is_saved_is_what_python_draws(name: str, opened: Opener) -> None:
    graph = GRAPHS[name]()
    found, small = saved(opened(graph, "a & b")), collapsed(graph)
    python = ElementTree.fromstring(svg(scene(small, mirror_layout(small)), "a & b"))
    assert marks(found) == marks(python)
    texts = [Counter(text.text for text in root.iter(f"{SVG}text")) for root in (found, python)]
    assert texts[0] == texts[1]
    assert found.findtext(f"{SVG}title") == "a & b"


@pytest.mark.parametrize("graph", [hostile, lambda: spoiled(marked().graph)], ids=["hostile", "spoiled"])
def test_hostile_names_stay_text(graph: Callable[[], Graph], opened: Opener) -> None:
    watched = opened(graph(), EVIL, dict.fromkeys(graph(), EVIL))
    assert watched.page.locator("img").count() == 0
    for index in range(watched.page.locator("#stage .gg-node").count()):
        watched.page.evaluate(f"page.choose(page.state.picture.nodes[{index}].id)")
    assert watched.page.locator("img, #panel script").count() == 0
    root = saved(watched)  # parses
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "title", "style", "path", "g", "text"}
    assert all(not name.startswith("on") for element in root.iter() for name in element.attrib)
    watched.page.fill("#search", NAMES[1])
    assert watched.page.locator(".gg-node.hit").count() >= (1 if graph is hostile else 0)


# -- legible --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["10", "200", "marked"])
def test_texts_of_nodes_stay_inside_them_and_apart(name: str, opened: Opener) -> None:
    watched = opened(GRAPHS[name]())
    overlaps = watched.page.evaluate(
        """[...document.querySelectorAll('#stage .gg-node')].flatMap(node => {
            const border = node.querySelector('.gg-ring').getBoundingClientRect();
            return [...node.querySelectorAll('text:not(.gg-badge)')].map(text => text.getBoundingClientRect())
              .filter(box => box.left < border.left || box.right > border.right || box.bottom > border.bottom + 1)
              .map(() => node.getAttribute('aria-label'));
        })"""
    )
    assert overlaps == []


@pytest.mark.parametrize("width", [1400, 700])
def test_it_fits_its_window(width: int, opened: Opener) -> None:
    watched = opened(perceptron().graph, width=width)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    stage = watched.page.locator("#stage").bounding_box()
    assert stage is not None and stage["width"] > 340 and stage["height"] > 200
    watched.page.click("#fit")
    right = stage["x"] + stage["width"]
    for node in watched.page.locator("#stage .gg-node").all():
        box = node.bounding_box()
        assert box is not None and stage["x"] <= box["x"] and box["x"] + box["width"] <= right


def tangle(size: int) -> Graph:
    """No scopes, and values that are read much later."""
    draw = random.Random(0)
    values: list[Any] = [gg.placeholder(gg.float32, [None, 8], name="x")]
    for _ in range(size):
        near, far = draw.choice(values[-5:]), draw.choice(values)
        values.append(draw.choice([torch.sin, torch.tanh, far.mul, far.add])(near))
    return gg.plot(values[-1].sum(), values[0]).graph


def test_a_picture_wider_than_the_window_opens_where_its_first_node_is(opened: Opener) -> None:
    watched = opened(tangle(1000))
    assert watched.page.evaluate("page.state.layout.width > 2 * document.getElementById('stage').clientWidth")
    stage, first = (watched.page.locator(each).first.bounding_box() for each in ("#stage", "#stage .gg-node"))
    assert stage is not None and first is not None
    assert stage["x"] <= first["x"] and first["x"] + first["width"] <= stage["x"] + stage["width"]
    assert stage["y"] <= first["y"] and first["y"] + first["height"] <= stage["y"] + stage["height"]


def test_an_x_is_not_said_to_get_no_gradient_when_it_does(opened: Opener) -> None:
    x, z = gg.placeholder(gg.float32, [2], name="x"), gg.placeholder(gg.float32, [2], name="z")
    watched = opened(gg.plot(gg.sin(x, name="y"), [x, z]).graph)
    for key, said in (("x", False), ("z", True), ("y", False)):
        watched.click(key)
        assert ("No gradient passes through it" in watched.panel()) is said
