"""A gradient graph as a Mermaid flowchart, for Markdown pages that draw it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .gradient_graph import Graph
from .outline import caption, legible, line, outline, short, walk
from .scene import INK, STYLES, Style, form

# The brackets around a label that give a node its outline, by its form as in the scene.
_BRACKETS = {
    "op": ("(", ")"), "context": ("(", ")"), "x": ("([", "])"), "y": ("[[", "]]"), "unconnected": ("([", "])"),
    "stop": ("{", "}"), "integer": ("[/", "/]"), "dead": ("[", "]"), "adjoint": ("{{", "}}"),
    "gradient": ("[/", "\\]"),
}  # fmt: skip
_ARROWS = {"forward": "-->", "read": "-->", "cotangent": "==>", "saved": "-.->"}

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
    return "\n".join(out + _links(graph, ids) + _classes(graph)) + "\n"


def _links(graph: Graph, ids: Mapping[str, str]) -> list[str]:
    """The edges, and after them the style of each kind."""
    out, numbers = [], dict[str, list[str]]()
    for n, (source, target, data) in enumerate(graph.edges(data=True)):
        kind = line(data)
        text = f'|"{_escaped(short(data["spec"]))}"|' if data["kind"] == "forward" else ""
        out.append(f"  {ids[source]} {_ARROWS[kind]}{text} {ids[target]}")
        numbers.setdefault(kind, []).append(str(n))
    return out + [
        f"  linkStyle {','.join(numbers[kind])} {_css(STYLES[kind], 'none')}" for kind in _ARROWS if kind in numbers
    ]


def _classes(graph: Graph) -> list[str]:
    """The definition of each form that occurs."""
    present = {form(node) for node in graph.nodes.values()}
    return [
        f"  classDef {look}_node {_css(STYLES[look], STYLES[look].fill)},color:{INK}"
        for look in _BRACKETS
        if look in present
    ]


def _css(style: Style, fill: str) -> str:
    dash = ",stroke-dasharray:" + " ".join(map(str, style.dash)) if style.dash else ""
    return f"fill:{fill},stroke:{style.stroke},stroke-width:{style.width}px{dash}"


def _node(node: Mapping[str, Any]) -> str:
    look = form(node)
    before, after = _BRACKETS[look]
    if node["kind"] == "sum" and look == "adjoint":
        before, after = "((", "))"
    if "members" in node:
        before, after = "[(", ")]"
    return f'{before}"{"<br/>".join(map(_escaped, caption(node)))}"{after}:::{look}_node'


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
