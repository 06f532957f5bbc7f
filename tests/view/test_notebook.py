"""What a notebook is given: every representation whole, and no name able to leave its place."""

import html
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.graph.operation import Role, handle_of
from graphgrad.ground.spec import declared
from graphgrad.view.debugprint import debugprint
from graphgrad.view.notebook import HIGHEST, LOWEST, TYPES, bundle
from graphgrad.view.plot import Plot, plot
from graphgrad.view.svg import clean
from tests.view.pictures import EVIL, chain, marked, spoiled

SHOWN = EVIL.replace("\x00", "\ufffd")


class Read(HTMLParser):
    """The tags of a piece of HTML with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def rows(self) -> dict[str, str]:
        """The tables, as what stands on the left -> what stands on the right."""
        cells = [text for text in self.text if text not in ("graph", "operations by type")]
        return dict(zip(cells[::2], cells[1::2], strict=False))


def evil_tensor() -> Any:
    op = gg.Graph().add(Role.PLACEHOLDER, EVIL, EVIL, (), (declared([None, 2], torch.float32),))
    return handle_of(op.values[0])


# -- a plot ---------------------------------------------------------------------------------------


def test_a_plot_has_three_forms() -> None:
    picture = plot(*marked())
    found = bundle(picture)
    assert sorted(found) == ["image/svg+xml", "text/html", "text/plain"]
    assert found["text/plain"] == repr(picture)
    assert found["image/svg+xml"] == picture.svg()


@pytest.mark.parametrize("evil", [False, True])
def test_the_frame_holds_the_page(evil: bool) -> None:
    graph = marked().graph
    picture = Plot(spoiled(graph), EVIL) if evil else Plot(graph)
    text = bundle(picture)["text/html"]
    ((tag, attributes),) = Read(text).tags
    assert tag == "iframe"
    assert attributes["srcdoc"] == picture.html()
    assert attributes["title"] == (SHOWN if evil else "gradient graph")
    assert attributes["sandbox"] == "allow-scripts allow-downloads"
    (raw,) = re.findall(r'^<iframe srcdoc="([^"]*)" title=', text)
    assert html.unescape(raw) == picture.html()
    assert "<" not in raw and ">" not in raw
    assert Read(text).open == []
    ElementTree.fromstring(bundle(picture)["image/svg+xml"])


def test_the_height_of_the_frame_follows_the_picture() -> None:
    x = gg.constant(2.0, name="x")
    heights = []
    for picture in (plot(x, x), plot(gg.sin(gg.exp(x)), x), plot(*chain(60))):
        heights += map(int, re.findall(r";height:(\d+)px", bundle(picture)["text/html"]))
    assert heights[0] == LOWEST < heights[1] < HIGHEST == heights[2]


# -- a tensor -------------------------------------------------------------------------------------


def test_a_tensor_says_what_it_is() -> None:
    x = gg.placeholder(gg.float32, [None, 3], name="x")
    y = gg.sin(gg.cos(gg.exp(x, name="e"), name="c"), name="s")
    found = bundle(y)
    assert sorted(found) == ["text/html", "text/plain"]
    assert found["text/plain"] == repr(y) == "<Tensor 's:0' float32[?, 3]>"
    read = Read(found["text/html"])
    assert read.open == []
    assert read.rows | {"recorded": ""} == {"name": "s:0", "dtype": "float32", "shape": "[?, 3]", "recorded": ""}
    assert "test_notebook.py:" in read.rows["recorded"] and 'y = gg.sin(gg.cos(gg.exp(x, name="e")' in html.unescape(
        read.rows["recorded"]
    )
    assert read.text[-1] == debugprint(y, depth=2, file="str")
    assert "Exp e float32[?, 3] (1 operation below)" in read.text[-1]


def test_a_variable_and_an_unknown_rank() -> None:
    assert Read(bundle(gg.Variable([1.0], name="v"))["text/html"]).rows["name"] == "v:0"
    assert Read(bundle(gg.placeholder(gg.float32))["text/html"]).rows["shape"] == "[...]"


def test_hostile_names_of_a_tensor_stay_text() -> None:
    text = bundle(evil_tensor())["text/html"]
    read = Read(text)
    assert {tag for tag, _ in read.tags} == {"table", "tbody", "tr", "th", "td", "pre"}
    assert read.open == []
    assert read.rows["name"] == f"{SHOWN}:0"
    assert read.text[-1].startswith(f"{SHOWN} {SHOWN} float32[?, 2]")
    assert "</script>" not in text and "<img" not in text and "\x00" not in text


# -- a graph --------------------------------------------------------------------------------------


def test_a_graph_is_counted() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    w = gg.Variable([1.0, 2.0], name="w")
    gg.sin(gg.sin(x * w.read_value()))
    found = bundle(x.graph)
    assert sorted(found) == ["text/html", "text/plain"]
    assert found["text/plain"] == "<Graph: operations: 8, variables: 1, placeholders: 1>"
    read = Read(found["text/html"])
    assert read.open == []
    assert read.rows == {
        "operations": "8",
        "variables": "1",
        "placeholders": "1",
        "ReadVariable": "2",
        "Sin": "2",
        "Assign": "1",
        "Const": "1",
        "Mul": "1",
        "Placeholder": "1",
    }
    assert list(read.rows)[3:5] == ["ReadVariable", "Sin"]


def test_an_empty_graph() -> None:
    found = bundle(gg.Graph())
    assert found["text/plain"] == "<Graph: operations: 0, variables: 0, placeholders: 0>"
    assert "by type" not in found["text/html"]


def test_rare_types_are_counted_together() -> None:
    graph = gg.Graph()
    for n in range(TYPES + 5):
        for _ in range(1 + (n < TYPES)):
            graph.add(Role.GROUP, f"Kind{n:03}", "op", (), ())
    rows = Read(bundle(graph)["text/html"]).rows
    assert rows["other types: 5"] == "5"
    assert rows["operations"] == str(2 * TYPES + 5)
    assert len(rows) == 3 + TYPES + 1 and f"Kind{TYPES:03}" not in rows


def test_hostile_types_of_a_graph_stay_text() -> None:
    text = bundle(evil_tensor().graph)["text/html"]
    read = Read(text)
    assert {tag for tag, _ in read.tags} == {"table", "caption", "tbody", "tr", "th", "td"}
    assert read.open == []
    assert read.rows[SHOWN] == "1"
    assert clean(EVIL) in text


# -- anything else --------------------------------------------------------------------------------


@pytest.mark.parametrize("obj", [None, 1, "x", torch.zeros(2), [1]])
def test_other_objects(obj: Any) -> None:
    with pytest.raises(TypeError, match=f"got a {type(obj).__name__}"):
        bundle(obj)


def test_a_notebook_finds_the_bundle_of_every_kind() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    w = gg.Variable([1.0, 2.0], name="w")
    answer = gg.explain(x * w, [w, gg.constant(1.0)])
    for obj in (plot(x * w, w), x, w, x.graph, answer, answer[1]):
        assert obj._repr_mimebundle_(include=None, exclude=None) == bundle(obj)  # type: ignore[union-attr]
    assert bundle(answer)["text/plain"] == str(answer) and "<details" in bundle(answer[1])["text/html"]
    assert repr(gg.Graph()) == "<Graph: operations: 0>"
