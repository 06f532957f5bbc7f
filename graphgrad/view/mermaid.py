"""A gradient graph as a Mermaid flowchart, for Markdown pages that draw it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .emblem import form, look
from .gauge import shade
from .gradient_graph import Graph
from .outline import caption, legible, line, outline, short, strength, walk
from .palette import INK, STYLES, Style

# The brackets around a label that give a node its outline, by its form as in the scene.
_BRACKETS = {
    "op": ("(", ")"), "context": ("(", ")"), "x": ("([", "])"), "y": ("[[", "]]"), "unconnected": ("([", "])"),
    "stop": ("{", "}"), "integer": ("[/", "/]"), "dead": ("[", "]"), "adjoint": ("{{", "}}"),
    "gradient": ("[/", "\\]"), "placeholder": ("([", "])"), "variable": ("[(", ")]"),
}  # fmt: skip
_ARROWS = {"forward": "-->", "read": "-->", "cotangent": "==>", "saved": "-.->", "control": "-.->"}

# What may stand in a label as it is: letters, digits, a few signs, '_' inside a word. The rest could be read as
# Mermaid, Markdown or HTML; so could the signs that Mermaid puts in the place of its entity codes.
_METACHARACTER = re.compile(r"[^\w /,?…∂∇×↓]|[ﬂ°¶ß]|(?<![^\W_])_|_(?![^\W_])")


def mermaid(graph: Graph, title: str = "gradient graph") -> str:
    r"""A gradient graph as a Mermaid flowchart, the same text for the same graph.

    Scopes are subgraphs, the ids n0, n1 … are the positions of the nodes. Mermaid itself refuses texts of more than
    50,000 characters and charts of more than 500 edges unless it is configured otherwise: collapse large graphs.

    Args:
        graph: what `gradient_graph` returns, collapsed or not.
        title: what is written above it.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> text = mermaid(gg.gradient_graph(gg.sin(x, name="y"), x))
    >>> print(*[line.strip() for line in text.splitlines()[4:8]], sep="\n")
    n0(["Constant<br/>x<br/>#91;x#93;"]):::x_node
    n3[/"∇ x<br/>x"\]:::gradient_node
    n1[["Sin<br/>y<br/>#91;y#93;"]]:::y_node
    n2{{"∂ Sin<br/>y"}}:::adjoint_node
    """
    ids = {key: f"n{n}" for n, key in enumerate(graph)}
    out = ["---", f"title: {_title(title)}", "---", "flowchart TB"]
    subgraphs = 0
    for scope, opens in walk(outline(graph)):
        margin = "  " * len(scope.path)
        if not opens:
            out += [margin + "end"] if scope.path else []
            continue
        if scope.path:
            out.append(f'{margin}subgraph s{subgraphs}["{_escaped(short(scope.path[-1])) or " "}"]')
            subgraphs += 1
        out += [f"{margin}  {ids[key]}{_node(graph.nodes[key])}" for row in scope.rows for key in row]
    return "\n".join(out + _links(graph, ids) + _classes(graph) + _overlay(graph, ids)) + "\n"


def _links(graph: Graph, ids: Mapping[str, str]) -> list[str]:
    """The edges, and after them the style of each kind."""
    out, numbers = [], dict[str, list[str]]()
    for n, (source, target, data) in enumerate(graph.edges(data=True)):
        kind = line(data)
        text = f'|"{_escaped(short(data["spec"]))}"|' if data["kind"] == "forward" and data["spec"] else ""
        out.append(f"  {ids[source]} {_ARROWS[kind]}{text} {ids[target]}")
        numbers.setdefault(strength(data) + kind, []).append(str(n))
    styles = [emphasis + kind for emphasis in ("", "strong ", "faint ") for kind in _ARROWS]
    return out + [
        f"  linkStyle {','.join(numbers[style])} {_css(STYLES[style], 'none')}" for style in styles if style in numbers
    ]


def _classes(graph: Graph) -> list[str]:
    """The definition of each form that occurs, and of each level of what was measured."""
    present = {look(node) for node in graph.nodes.values()}
    out = []
    for style in [emphasis + kind for emphasis in ("", "faint ") for kind in _BRACKETS]:
        if style in present:
            ink = STYLES["faint title"].fill if style.startswith("faint") else INK
            out.append(f"  classDef {_class(style)} {_css(STYLES[style], STYLES[style].fill)},color:{ink}")
    return out


def _overlay(graph: Graph, ids: Mapping[str, str]) -> list[str]:
    """The classes of what was measured, and which nodes have them, besides those of their form."""
    styles: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for key, node in graph.nodes(data=True):
        for name, css in _measured(node):
            styles[name] = css
            members.setdefault(name, []).append(ids[key])
    return [
        text
        for name in sorted(styles)
        for text in (f"  classDef {name} {styles[name]}", f"  class {','.join(members[name])} {name}")
    ]


def _measured(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The classes that a reading adds to a node: its level as fill, its alarm as border."""
    reading = node.get("reading")
    if reading is None or not node.get("lit", True):
        return
    style = shade(reading, node["kind"] == "forward")
    yield style.replace(" ", "_"), f"fill:{STYLES[style].fill}"
    if reading.alarm:
        frame = STYLES[f"reading {reading.alarm} frame"]
        yield f"reading_{reading.alarm}", _css(frame, "").partition(",")[2]


def _class(style: str) -> str:
    return f"{style.replace(' ', '_')}_node"


def _css(style: Style, fill: str) -> str:
    dash = ",stroke-dasharray:" + " ".join(map(str, style.dash)) if style.dash else ""
    return f"fill:{fill},stroke:{style.stroke},stroke-width:{style.width}px{dash}"


def _node(node: Mapping[str, Any]) -> str:
    kind = form(node)
    before, after = _BRACKETS[kind]
    if node["kind"] == "sum" and kind == "adjoint":
        before, after = "((", "))"
    if "members" in node:
        before, after = "[(", ")]"
    return f'{before}"{"<br/>".join(map(_escaped, caption(node)))}"{after}:::{_class(look(node))}'


def _escaped(text: str) -> str:
    """The text with entity codes for whatever has a meaning to Mermaid.

    >>> _escaped('a_b "x" #1; <br>')
    'a_b #quot;x#quot; #35;1#59; #60;br#62;'
    """
    return _METACHARACTER.sub(_code, text)


def _code(match: re.Match[str]) -> str:
    return "#quot;" if match[0] == '"' else f"#{ord(match[0])};"


def _title(text: str) -> str:
    """The text as a quoted YAML string without anything that HTML reads."""
    quoted = json.dumps(legible(" ".join(text.split())), ensure_ascii=False)
    return re.sub("[<>&%]", lambda match: f"\\u{ord(match[0]):04x}", quoted)
