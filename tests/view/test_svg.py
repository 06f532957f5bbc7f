"""The SVG text: well formed, whole, and deaf to hostile names."""

import xml.etree.ElementTree as ElementTree

import pytest

from graphgrad.view.gradient_graph import Graph
from graphgrad.view.layout import mirror_layout
from graphgrad.view.scene import scene
from graphgrad.view.svg import clean, svg
from tests.view.pictures import EVIL, higher, marked, spoiled

NAMESPACE = "{http://www.w3.org/2000/svg}"


def parsed(graph: Graph, title: str = "picture") -> ElementTree.Element:
    return ElementTree.fromstring(svg(scene(graph, mirror_layout(graph)), title))


def test_every_node_is_there_once_with_its_number() -> None:
    graph = marked().graph
    groups = [group for group in parsed(graph).iter(f"{NAMESPACE}g") if group.get("class") == "gg-node"]
    assert [int(group.get("data-node", "")) for group in groups] == list(range(len(graph)))
    tips = [group.findtext(f"{NAMESPACE}title", "").splitlines()[0] for group in groups]
    assert sorted(tips) == sorted(graph)


def test_wires_name_their_ends() -> None:
    graph = marked().graph
    root = parsed(graph)
    tips = {
        group.get("data-node"): group.findtext(f"{NAMESPACE}title", "").splitlines()[0]
        for group in root.iter(f"{NAMESPACE}g")
        if group.get("class") == "gg-node"
    }
    wires = [
        g for g in root.iter(f"{NAMESPACE}g") if g.get("class") == "gg-wire" and g.find(f"{NAMESPACE}path") is not None
    ]
    found = sorted((tips[wire.get("data-from")], tips[wire.get("data-to")]) for wire in wires)
    assert found == sorted(graph.edges())


def test_hostile_names_stay_text() -> None:
    root = parsed(spoiled(marked().graph), title=EVIL)
    assert {element.tag.removeprefix(NAMESPACE) for element in root.iter()} == {
        "svg",
        "title",
        "style",
        "path",
        "g",
        "text",
    }
    assert all(not name.startswith("on") for element in root.iter() for name in element.attrib)
    assert root.findtext(f"{NAMESPACE}title") == EVIL.replace("\x00", "\ufffd")


def test_nothing_is_loaded() -> None:
    text = svg(scene(graph := higher(2).graph, mirror_layout(graph)))
    assert text.count("http") == 1  # the namespace
    assert not any(word in text for word in ("href", "url(", "@import", "<script", "<image"))


def test_the_picture_covers_what_it_draws() -> None:
    root = parsed(marked().graph)
    left, top, wide, high = map(float, root.get("viewBox", "").split())
    assert (left, top) == (0, 0)
    assert all(
        0 <= float(t.get("x", "")) <= wide and 0 <= float(t.get("y", "")) <= high for t in root.iter(f"{NAMESPACE}text")
    )


@pytest.mark.parametrize("text", ["a<b", 'say "x"', "it's", "&amp;", "\x00\x0b\ud800", "]]>", "行列"])
def test_clean_text_survives_a_round_trip(text: str) -> None:
    element = ElementTree.fromstring(f'<a b="{clean(text)}">{clean(text)}</a>')
    assert element.text == element.get("b")
    assert element.text == "".join("\ufffd" if letter in "\x00\x0b\ud800" else letter for letter in text)
