"""The page: self-contained, small, and with every fact in its data."""

import base64
import json
import re
import zlib
from html.parser import HTMLParser
from typing import Any

from graphgrad.view.collapse import collapsed
from graphgrad.view.gradient_graph import Graph
from graphgrad.view.page import page
from tests.view.pictures import EVIL, deep, marked, spoiled

DATA = re.compile(r'<script type="text/plain" id="data">(.*?)</script>', re.S)


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
    return json.loads(zlib.decompress(base64.b64decode(found)))


def keys_of(data: Any) -> list[str]:
    return [data["texts"][node[0]] for node in data["nodes"]]


def test_it_loads_nothing() -> None:
    text = paged(marked().graph)
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not any(word in text for word in ("@import", "url(", "fetch(", "XMLHttpRequest", "import(", "WebSocket"))
    for tag, attributes in Tags(text).found:
        assert tag not in ("link", "img", "iframe", "object", "embed", "image", "use")
        assert not {"src", "href", "srcset", "xlink:href"} & attributes.keys()
    assert "default-src 'none'" in text


def test_it_is_small() -> None:
    text = paged(deep(90).graph)
    assert len(text.encode()) - len(DATA.findall(text)[0]) < 150_000
    assert len(DATA.findall(text)[0]) < len(json.dumps(data_of(text))) / 4


def test_its_data_are_the_graph_and_what_is_open() -> None:
    graph = marked().graph
    data = data_of(paged(graph))
    assert keys_of(data) == list(graph) and len(data["edges"]) == graph.number_of_edges()
    assert data["opened"] == list(range(len(data["groups"])))
    large = deep(90).graph
    assert set(data_of(paged(large))["opened"]) == collapsed(large).graph["opened"]


def test_what_is_told_is_in_it() -> None:
    graph = marked().graph
    data = data_of(page(graph, graph, "picture", {"k": "an integer"}))
    assert [data["texts"][node[11]] for node in data["nodes"] if node[11] != data["nodes"][0][11]] == ["an integer"]


def test_all_numbers_of_the_layout_are_in_it() -> None:
    numbers = data_of(paged(marked().graph))["numbers"]
    scripts = paged(marked().graph)
    (wanted,) = re.findall(r"const \{([A-Z, \n]+)\} = data.numbers", scripts)
    assert {name.strip() for name in wanted.split(",") if name.strip()} == set(numbers)


def test_hostile_names_stay_text() -> None:
    plain, evil = paged(marked().graph), paged(spoiled(marked().graph), EVIL)
    names = [tag for tag, _ in Tags(evil).found]
    assert "img" not in names
    assert names.count("script") == 2 and evil.count("</script") == 2
    assert set(names) == {tag for tag, _ in Tags(plain).found}
    assert keys_of(data_of(evil))[0].startswith(EVIL)


def test_a_name_that_looks_like_a_slot_is_left_alone() -> None:
    text = paged(marked().graph, "<!--title--> /*data*/")
    assert len(DATA.findall(text)) == 1 and "&lt;!--title--&gt; /*data*/</title>" in text
