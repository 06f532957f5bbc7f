"""The Mermaid text: each line is one that was meant, and read back it is the graph that was written."""

import html
import json
import math
import re
from typing import Any

import pytest

import graphgrad as gg
from graphgrad.view.collapse import collapsed
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.mermaid import mermaid
from graphgrad.view.outline import caption, line, short
from graphgrad.view.plot import plot
from tests.view.hostile import NAMES, hostile
from tests.view.pictures import deep, higher, layered, marked, perceptron, spoiled

# Nothing in a label but letters, digits, harmless signs, entity codes and line breaks.
LABEL = r'"((?:[^\W]|[ /,?…∂∇×↓]|#(?:quot|\d+);|<br/>)*)"'
SHAPES = r"\(\[|\[\[|\[\(|\(\(|\{\{|\[/|[(\[{]", r"\]\)|\]\]|\)\]|\)\)|\}\}|/\]|\\\]|[)\]}]"
NODE = re.compile(rf" *(n\d+)({SHAPES[0]}){LABEL}({SHAPES[1]}):::(\w+)")
EDGE = re.compile(rf"  (n\d+) (-->|==>|-\.->)(?:\|{LABEL}\|)? (n\d+)")
OPEN = re.compile(rf" *subgraph (s\d+)\[{LABEL}\]")
CLASS = re.compile(r"  classDef (\w+) (?:[\w-]+:[#\w.]+(?: [\w.]+)?,?)+")
MEMBERS = re.compile(r"  class (n\d+(?:,n\d+)*) (\w+)")
LINKS = re.compile(r"  linkStyle ([\d,]+) (?:[\w-]+:[#\w.]+(?: [\w.]+)?,?)+")
PAIRS = {"([": "])", "[[": "]]", "[(": ")]", "((": "))", "{{": "}}", "(": ")", "[": "]", "{": "}"}


def meant(label: str) -> str:
    """What a reader sees."""
    return html.unescape(
        label.replace("<br/>", "\n").replace("#quot;", "&quot;").replace("#", "&#").replace("&#&", "&")
    )


class Read:
    """What a Mermaid text says; that it is one is checked on the way."""

    def __init__(self, text: str) -> None:
        self.nodes: dict[str, tuple[str, str, str]] = {}
        self.within: dict[str, tuple[str, ...]] = {}
        self.edges: list[tuple[str, str, str, str | None]] = []
        self.scopes: dict[str, str] = {}
        self.classes: list[str] = []
        self.linked: list[int] = []
        self.more: dict[str, list[str]] = {}
        before, title, after, chart, *rest = text.removesuffix("\n").split("\n")
        assert (before, after, chart) == ("---", "---", "flowchart TB")
        self.title = json.loads(title.removeprefix("title: "))
        open_: list[str] = []
        for each in rest:
            self.line(each, open_)
        assert open_ == []

    def line(self, text: str, open_: list[str]) -> None:
        if text.strip() == "end":
            open_.pop()
        elif found := OPEN.fullmatch(text):
            assert found[1] not in self.scopes
            self.scopes[found[1]] = meant(found[2])
            open_.append(found[1])
        elif found := NODE.fullmatch(text):
            name, before, label, after, kind = found.groups()
            assert name not in self.nodes and after in (PAIRS.get(before), "/]" if before == "[/" else "", "\\]")
            self.nodes[name], self.within[name] = (meant(label), before + after, kind), tuple(open_)
        elif found := EDGE.fullmatch(text):
            source, arrow, label, target = found.groups()
            assert source in self.nodes and target in self.nodes and not open_
            self.edges.append((source, arrow, target, None if label is None else meant(label)))
        elif found := CLASS.fullmatch(text):
            self.classes.append(found[1])
        elif found := MEMBERS.fullmatch(text):
            assert found[2] in self.classes and set(found[1].split(",")) <= set(self.nodes)
            self.more[found[2]] = found[1].split(",")
        else:
            found = LINKS.fullmatch(text)
            assert found, text
            self.linked += map(int, found[1].split(","))


GRAPHS: list[Any] = [
    lambda: marked().graph,
    lambda: perceptron().graph,
    lambda: deep(3).graph,
    lambda: collapsed(deep(20).graph),
    lambda: higher(3).graph,
    lambda: spoiled(marked().graph),
    hostile,
]


@pytest.mark.parametrize("make", GRAPHS)
def test_it_reads_back_as_the_graph(make: Any) -> None:
    graph: Graph = make()
    found = Read(mermaid(graph, "title"))
    number = {key: f"n{n}" for n, key in enumerate(graph)}
    assert {name: said for name, (said, _, _) in found.nodes.items()} == {
        number[key]: "\n".join(caption(node)) for key, node in graph.nodes(data=True)
    }
    arrows = {"forward": "-->", "read": "-->", "cotangent": "==>", "saved": "-.->"}
    assert found.edges == [
        (number[a], arrows[line(data)], number[b], short(data["spec"]) if data["kind"] == "forward" else None)
        for a, b, data in graph.edges(data=True)
    ]
    assert sorted(found.linked) == list(range(graph.number_of_edges()))
    assert len(set(found.classes)) == len(found.classes)
    assert set(found.classes) == {kind for _, _, kind in found.nodes.values()}


@pytest.mark.parametrize("make", GRAPHS)
def test_what_mirrors_is_in_the_subgraph_of_its_forward_node(make: Any) -> None:
    graph: Graph = make()
    found = Read(mermaid(graph))
    number = {key: f"n{n}" for n, key in enumerate(graph)}
    for key, mirror in graph.nodes(data="mirror"):
        if mirror is not None:
            assert found.within[number[key]] == found.within[number[mirror]]


def test_scopes_are_nested_subgraphs() -> None:
    graph = perceptron().graph
    found = Read(mermaid(graph))
    for name, key in enumerate(graph):
        if graph.nodes[key]["kind"] == "forward":
            said = [found.scopes[scope] for scope in found.within[f"n{name}"]]
            assert said == key.split("/")[:-1]
    assert len(found.scopes) == 4


def test_roles_differ_in_outline() -> None:
    graph = marked().graph
    found = Read(mermaid(graph))
    number = {key: f"n{n}" for n, key in enumerate(graph)}
    keys = ["a", "c", "k", "down", "loss", "add", "d(add)", "sum(a:0)", "gradient(a:0)"]
    assert len({found.nodes[number[key]][1] for key in keys}) == len(keys)
    text = mermaid(graph)
    dashed = re.findall(r"classDef (\w+)_node .*stroke-dasharray", text)
    assert sorted(dashed) == ["dead", "integer", "unconnected"]


def test_hostile_names_stay_text() -> None:
    text = mermaid(hostile(), 'a "title"\n---\n</script> %%{x}%%')
    found = Read(text)
    assert len(found.nodes) == len(NAMES)
    assert found.title == 'a "title" --- </script> %%{x}%%'
    assert "<" not in text.replace("<br/>", "") and "`" not in text and "%" not in text and "&" not in text
    assert not set("\x00\x1b\u202e") & set(text) and text.encode("utf-8")
    assert max(map(len, text.splitlines())) < 1500


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ('"', "#quot;"), ("#35;", "#35;35#59;"), ("a_b", "a_b"), ("_a_", "#95;a#95;"), ("[1]", "#91;1#93;"),
        ("<br/>", "#60;br/#62;"), ("`", "#96;"), ("style:x", "style#58;x"), ("ß", "#223;"), ("行", "行"),
    ],
)  # fmt: skip
def test_metacharacters_have_codes(name: str, code: str) -> None:
    x = gg.constant(1.0, name="x")
    graph = gradient_graph(gg.sin(x, name="y"), x)
    graph.nodes["y"]["name"] = name
    assert f"Sin<br/>{code}<br/>#91;y#93;" in mermaid(graph)
    assert "\n".join(["Sin", name, "[y]"]) in [said for said, _, _ in Read(mermaid(graph)).nodes.values()]


def test_what_was_measured_and_what_is_highlighted() -> None:
    ys, xs, stops = marked()
    graph = plot(ys, xs, stops, values={"mul": 100.0, "add": 1.0, "loss": math.nan, "d(add)": 0.0}).graph
    found, number = Read(mermaid(graph)), {key: f"n{n}" for n, key in enumerate(graph)}
    assert found.nodes[number["mul"]][0].endswith("= 100") and found.nodes[number["loss"]][0].endswith("= NaN")
    assert found.more == {
        "reading_backward_0": [number["d(add)"]], "reading_zero": [number["d(add)"]],
        "reading_forward_0": [number["add"]], "reading_forward_4": [number["mul"], number["loss"]],
        "reading_nan": [number["loss"]],
    }  # fmt: skip
    text = mermaid(plot(ys, xs, stops, highlight=xs[1]).graph)
    found = Read(text)
    assert found.nodes[number["mul_1"]][2] == "op_node" and found.nodes[number["c"]][2] == "faint_stop_node"
    assert sorted(found.linked) == list(range(graph.number_of_edges()))
    assert "stroke-width:2.8px" in text


def test_it_is_the_same_text_each_time() -> None:
    texts = set()
    for _ in range(2):
        with gg.Graph().as_default():
            texts.add(mermaid(marked().graph, "t"))
    assert len(texts) == 1


def test_a_small_graph() -> None:
    assert mermaid(layered(), "small") == GOLDEN


GOLDEN = """\
---
title: "small"
---
flowchart TB
  n0(["Placeholder<br/>x<br/>#91;x#93;"]):::x_node
  n3[/"∇ x<br/>x"\\]:::gradient_node
  subgraph s0["layer"]
    n1[["Sin<br/>layer/y<br/>#91;y#93;"]]:::y_node
    n2{{"∂ Sin<br/>layer/y"}}:::adjoint_node
  end
  n0 -->|"float32#91;?, 3#93;"| n1
  n0 -.-> n2
  n1 ==> n2
  n2 ==> n3
  linkStyle 0 fill:none,stroke:#3b6ea5,stroke-width:1.5px
  linkStyle 2,3 fill:none,stroke:#c2611f,stroke-width:2.0px
  linkStyle 1 fill:none,stroke:#b9aecb,stroke-width:1px,stroke-dasharray:3 2.5
  classDef x_node fill:#dbe8f6,stroke:#1f5c99,stroke-width:1.9px,color:#22313f
  classDef y_node fill:#dbe8f6,stroke:#1f5c99,stroke-width:1.3px,color:#22313f
  classDef adjoint_node fill:#fdf3ea,stroke:#c2611f,stroke-width:1.3px,color:#22313f
  classDef gradient_node fill:#f8d9bd,stroke:#a84a0c,stroke-width:1.9px,color:#22313f
"""
