"""The DOT text: read back by a parser of its own, it is the graph that was written."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

import graphgrad as gg
from graphgrad.view.collapse import collapsed
from graphgrad.view.dot import dot
from graphgrad.view.forward import forward_graph, ranked
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.outline import caption, legible, line
from graphgrad.view.plot import plot
from tests.view.hostile import NAMES, hostile
from tests.view.pictures import deep, higher, layered, marked, perceptron, spoiled

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|[{}\[\]=;,]|[A-Za-z_][A-Za-z_0-9]*|-?[0-9.]+)')


@dataclass
class Read:
    """What a DOT text says: the clusters that each node is in, its attributes, the edges, the rows."""

    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    within: dict[str, tuple[str, ...]] = field(default_factory=dict)
    edges: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)


def tokens(text: str) -> list[str]:
    found, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        assert match, text[place : place + 60]
        found.append(match[1])
        place = match.end()
    return found


def settings(words: list[str]) -> dict[str, str]:
    """`[a=b, c=d]` up to its bracket."""
    found = {}
    assert words.pop(0) == "["
    while True:
        name, equals, value, end = words.pop(0), words.pop(0), words.pop(0), words.pop(0)
        assert re.fullmatch("[a-z]+", name) and equals == "=" and name not in found
        assert re.match(r'["\w.-]', value)
        found[name] = value
        if end == "]":
            return found
        assert end == ","


def read(text: str) -> Read:
    words, found, open_ = tokens(text), Read(), list[str]()
    assert [words.pop(0), words.pop(0)] == ["digraph", "{"]
    while words:
        word = words.pop(0)
        if word == "}":
            if not open_:
                assert words == []
                return found
            open_.pop()
        elif word == "subgraph":
            open_.append(words.pop(0))
            assert words.pop(0) == "{" and open_[-1] not in found.labels
        elif word == "{":
            assert words[:4] == ["rank", "=", "same", ";"]
            row = words[4 : words.index("}")]
            del words[: words.index("}") + 1]
            assert set(row[1::2]) == {";"}
            found.rows.append(row[::2])
        elif words[0] == "=":
            if word == "label":
                found.labels[open_[-1]] = words[1]
            assert words[2] == ";"
            del words[:3]
        elif words[0] == "->":
            target = words[1]
            del words[:2]
            found.edges.append((word, target, settings(words)))
            assert words.pop(0) == ";"
        else:
            attributes = settings(words)
            assert words.pop(0) == ";" and word not in found.attributes
            found.attributes[word], found.within[word] = attributes, tuple(open_)
    raise AssertionError("a brace is open")


def written(label: str) -> str:
    """What Graphviz makes of a quoted label."""
    turned = {"\\n": "\n", "\\\\": "\\", '\\"': '"', "\\r": "\r"}
    return re.sub(r"\\.", lambda match: turned[match[0]], label[1:-1]).replace("&amp;", "&")


def nodes(found: Read) -> dict[str, dict[str, str]]:
    return {name: said for name, said in found.attributes.items() if name not in ("graph", "node", "edge")}


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
    found = read(dot(graph, "title"))
    names = {written(said["tooltip"]).split("\n")[0]: name for name, said in nodes(found).items()}
    assert len(names) <= len(nodes(found)) == len(graph)
    texts = ["\n".join(caption(node)) for node in graph.nodes.values()]
    assert sorted(written(said["label"]) for said in nodes(found).values()) == sorted(texts)
    assert len(found.edges) == graph.number_of_edges()
    assert all(source in found.attributes and target in found.attributes for source, target, _ in found.edges)


@pytest.mark.parametrize("make", GRAPHS[:5])
def test_ids_are_keys_and_edges_join_them(make: Any) -> None:
    graph: Graph = make()
    found = read(dot(graph))
    assert sorted(nodes(found)) == sorted(f'"{key}"' for key in graph)
    assert [(source, target) for source, target, _ in found.edges] == [(f'"{a}"', f'"{b}"') for a, b in graph.edges()]


@pytest.mark.parametrize("make", GRAPHS)
def test_what_mirrors_stands_in_the_row_and_the_cluster_of_its_forward_node(make: Any) -> None:
    graph: Graph = make()
    found = read(dot(graph))
    row_of = {name: n for n, row in enumerate(found.rows) for name in row}
    assert len(row_of) == sum(map(len, found.rows))
    ids = dict(zip(graph, _ordered(graph, found), strict=True))
    for key, mirror in graph.nodes(data="mirror"):
        if mirror is not None:
            assert row_of[ids[key]] == row_of[ids[mirror]]
            assert found.within[ids[key]] == found.within[ids[mirror]]


def _ordered(graph: Graph, found: Read) -> list[str]:
    """The ids in the order of the keys, by their tooltips alone."""
    known: dict[str, list[str]] = {}
    for name, said in nodes(found).items():
        known.setdefault(written(said["tooltip"]), []).append(name)
    tips = [legible("\n".join([key, *node.get("outputs", ())])) for key, node in graph.nodes(data=True)]
    return [known[tip].pop(0) for tip in tips]


def test_only_reads_decide_the_ranks() -> None:
    graph = marked().graph
    for (_, _, said), (_, _, data) in zip(read(dot(graph)).edges, graph.edges(data=True), strict=True):
        kind = line(data)
        assert (said.get("constraint") == "false") == (kind in ("saved", "cotangent"))
        assert (said.get("style") == "dashed") == (kind == "saved")
        assert ("label" in said) == (data["kind"] == "forward")
        if "label" in said:
            assert written(said["label"]) == data["spec"]


def test_roles_differ_in_colour_and_in_outline() -> None:
    found = nodes(read(dot(marked().graph)))
    grey = {
        name: (said["shape"], said["style"], said.get("peripheries"), said["penwidth"]) for name, said in found.items()
    }
    roles = [
        '"a"',
        '"z"',
        '"c"',
        '"k"',
        '"down"',
        '"loss"',
        '"add"',
        '"d(add)"',
        '"sum(a:0)"',
        '"gradient(a:0)"',
        '"to"',
    ]
    assert len({grey[name] for name in roles}) == len(roles)
    assert (
        len({(found[name]["fillcolor"], found[name]["color"]) for name in roles}) >= len(roles) - 2
    )  # x and y, adjoint and sum
    wires = {(s.get("style"), s.get("arrowhead"), s["penwidth"]) for _, _, s in read(dot(marked().graph)).edges}
    assert len(wires) == 4


def test_scopes_are_nested_clusters() -> None:
    found = read(dot(perceptron().graph))
    inside = {name: [written(found.labels[cluster]) for cluster in path] for name, path in found.within.items()}
    assert inside['"sequential/0/linear"'] == inside['"d(sequential/0/linear)"'] == ["sequential", "0"]
    assert inside['"square"'] == [] and len(found.labels) == 4


def test_hostile_names_stay_text() -> None:
    found = read(text := dot(hostile(), '"];}\\ </script>\n'))
    assert len(nodes(found)) == len(NAMES)
    assert not set("\x00\x1b\u202e") & set(text) and text.encode("utf-8")
    assert '"' + "n" * 500 + '"' in found.attributes
    assert all(len(written(said["label"])) < 300 for said in nodes(found).values())
    assert written(found.attributes["graph"]["label"]) == '"];}\\ </script>'


def test_entities_and_escapes_mean_nothing() -> None:
    x = gg.constant(1.0, name="x")
    graph = gradient_graph(gg.sin(x, name="y"), x)
    graph.nodes["y"]["name"] = r"&lt; \N \G \l"
    assert r'label="Sin\n&amp;lt; \\N \\G \\l\n[y]"' in dot(graph)


def test_what_was_measured_and_what_is_highlighted() -> None:
    ys, xs, stops = marked()
    graph = plot(ys, xs, stops, values={"mul": 100.0, "add": 1.0, "loss": math.nan, "d(add)": 0.0}).graph
    found = nodes(read(dot(graph)))
    assert written(found['"mul"']["label"]).endswith("= 100") and written(found['"loss"']["label"]).endswith("= NaN")
    assert found['"mul"']["fillcolor"] != found['"add"']["fillcolor"] != found['"mul_1"']["fillcolor"]
    assert found['"loss"']["peripheries"] == "3" and found['"d(add)"']["peripheries"] == "2"
    text = read(dot(plot(ys, xs, stops, highlight=xs[1]).graph))
    pale = {name for name, said in nodes(text).items() if "fontcolor" in said}
    assert '"mul_1"' not in pale and {'"a"', '"c"', '"gradient(a:0)"'} <= pale
    width = {(a, b): float(said["penwidth"]) for a, b, said in text.edges}
    assert width['"b"', '"mul_1"'] > width['"a"', '"mul"'] + 1


def test_control_inputs_are_dotted() -> None:
    a = gg.constant(1.0, name="a")
    with gg.control_dependencies([a]):
        gg.no_op(name="after")
    ((_, _, said),) = read(dot(ranked(forward_graph(gg.get_default_graph())))).edges
    assert said["style"] == "dotted" and "constraint" not in said and "label" not in said


def test_it_is_the_same_text_each_time() -> None:
    texts = set()
    for _ in range(2):
        with gg.Graph().as_default():
            texts.add(dot(marked().graph, "t"))
    assert len(texts) == 1


def test_a_small_graph() -> None:
    assert dot(layered(), "small") == GOLDEN


GOLDEN = """\
digraph {
  graph [label="small", labelloc=t, rankdir=TB, fontname="Helvetica", fontcolor="#22313f"];
  node [shape=box, fontname="Helvetica", fontsize=10, fontcolor="#22313f", margin="0.1,0.05"];
  edge [fontname="Helvetica", fontsize=8, arrowsize=0.7];
  "x" [label="Placeholder\\nx\\n[x]", tooltip="x\\nfloat32[?, 3]", shape=ellipse, style=filled, fillcolor="#dbe8f6", color="#1f5c99", penwidth=1.9];
  "gradient(x:0)" [label="∇ x\\nx", tooltip="gradient(x:0)\\nfloat32[?, 3]", shape=ellipse, style=filled, fillcolor="#f8d9bd", color="#a84a0c", penwidth=1.9, peripheries=2];
  { rank=same; "x"; "gradient(x:0)"; }
  subgraph cluster_0 {
    label="layer"; style=rounded; color="#9db6cf";
    "layer/y" [label="Sin\\nlayer/y\\n[y]", tooltip="layer/y\\nfloat32[?, 3]", shape=box, style="filled,rounded", fillcolor="#dbe8f6", color="#1f5c99", penwidth=1.3, peripheries=2];
    "d(layer/y)" [label="∂ Sin\\nlayer/y", tooltip="d(layer/y)\\nfloat32[?, 3]", shape=hexagon, style=filled, fillcolor="#fdf3ea", color="#c2611f", penwidth=1.3];
    { rank=same; "layer/y"; "d(layer/y)"; }
  }
  "x" -> "layer/y" [label="float32[?, 3]", tooltip="x:0\\nfloat32[?, 3]", color="#3b6ea5", penwidth=1.5];
  "x" -> "d(layer/y)" [tooltip="x:0\\nfloat32[?, 3]", color="#b9aecb", penwidth=1, style=dashed, arrowhead=vee, constraint=false];
  "layer/y" -> "d(layer/y)" [tooltip="d(layer/y:0)\\nfloat32[?, 3]", color="#c2611f", penwidth=2.0, style=bold, arrowhead=vee, constraint=false];
  "d(layer/y)" -> "gradient(x:0)" [tooltip="d(x:0)\\nfloat32[?, 3]", color="#c2611f", penwidth=2.0, style=bold, arrowhead=vee, constraint=false];
}
"""  # noqa: E501
