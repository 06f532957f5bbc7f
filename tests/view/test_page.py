"""The page: self-contained, small, and with every fact in its data."""

import json
import re
from html.parser import HTMLParser
from typing import Any

from graphgrad.view.collapse import collapsed
from graphgrad.view.gradient_graph import Graph
from graphgrad.view.page import page
from tests.view.pictures import EVIL, deep, marked, spoiled

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)


class Tags(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def paged(graph: Graph, title: str = "picture") -> str:
    return page(graph, collapsed(graph), title)


def data_of(text: str) -> Any:
    (found,) = DATA.findall(text)
    return json.loads(found)


def test_it_loads_nothing() -> None:
    text = paged(marked().graph)
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not any(word in text for word in ("@import", "url(", "fetch(", "XMLHttpRequest", "import("))
    for tag, attributes in Tags(text).found:
        assert tag not in ("link", "img", "iframe", "object", "embed", "image", "use")
        assert not {"src", "href", "srcset", "xlink:href"} & attributes.keys()
    assert "default-src 'none'" in text


def test_it_is_small() -> None:
    text = paged(deep(90).graph)
    assert len(text) - len(DATA.findall(text)[0]) < 150_000


def test_its_data_are_the_graph() -> None:
    graph = marked().graph
    data = data_of(paged(graph))
    nodes = {node["key"]: node for node in data["nodes"]}
    assert set(nodes) == set(graph)
    assert nodes["c"]["roles"] == ["stop"] and nodes["c"]["outputs"] == ["float32[3]"]
    assert 'c = gg.sin(b, name="c")' in nodes["c"]["where"] and "pictures.py" in nodes["c"]["where"]
    assert nodes["c"]["call"] == "c: float32[3] = sin(b)"
    keys = [node["key"] for node in data["nodes"]]
    assert sorted((keys[edge[0]], keys[edge[1]]) for edge in data["edges"]) == sorted(graph.edges())


def test_nodes_are_counted_as_in_the_picture() -> None:
    text = paged(marked().graph)
    tips = re.findall(r'<g class="gg-node" data-node="(\d+)"><title>([^\n<]*)', text)
    assert [(str(n), node["key"]) for n, node in enumerate(data_of(text)["nodes"])] == tips


def test_collapsed_nodes_list_what_they_hold() -> None:
    graph = deep(90).graph
    nodes = data_of(paged(graph))["nodes"]
    members = [member[0] for node in nodes for member in node.get("members", [])]
    assert len(members) + sum("members" not in node for node in nodes) == len(graph)
    (block,) = [node for node in nodes if node["type"] == "blocks ×90"]
    assert any(key == "deep/blocks/89/up/linear" and "self.up" in where for key, _, where in block["members"])


def test_hostile_names_stay_text() -> None:
    plain, evil = paged(marked().graph), paged(spoiled(marked().graph), EVIL)
    names = [tag for tag, _ in Tags(evil).found]
    assert "img" not in names
    assert names.count("script") == 2 and evil.count("</script") == 2
    assert set(names) == {tag for tag, _ in Tags(plain).found}
    assert data_of(evil)["nodes"][0]["key"].startswith(EVIL)


def test_a_name_that_looks_like_a_slot_is_left_alone() -> None:
    text = paged(marked().graph, "<!--picture--> /*data*/")
    assert len(DATA.findall(text)) == 1 and text.count("<svg ") == 1
