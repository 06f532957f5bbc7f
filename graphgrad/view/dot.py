"""A gradient graph as DOT text, for Graphviz and whatever else reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .emblem import form, look
from .gauge import shade
from .gradient_graph import Graph
from .outline import caption, legible, line, outline, short, strength, walk
from .palette import INK, STYLES

# By the form of a node, as in the scene: outline and line. Each differs in grey, too.
_SHAPES = {
    "x": "ellipse", "unconnected": "ellipse", "stop": "octagon", "integer": "parallelogram", "adjoint": "hexagon",
    "gradient": "ellipse", "placeholder": "ellipse", "variable": "cylinder",
}  # fmt: skip
_LINES = {"op": "rounded", "context": "rounded", "y": "rounded"}
_LINES |= {"unconnected": "dashed", "integer": "dashed", "dead": "dotted"}
# By the kind of an edge: only reads and control inputs decide what is above what; the rest goes across or back.
_EDGES = {
    "forward": {},
    "read": {"arrowhead": "empty"},
    "cotangent": {"style": "bold", "arrowhead": "vee", "constraint": "false"},
    "saved": {"style": "dashed", "arrowhead": "vee", "constraint": "false"},
    "control": {"style": "dotted", "arrowhead": "empty"},
}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


def dot(graph: Graph, title: str = "gradient graph") -> str:
    """A gradient graph as a DOT digraph, the same text for the same graph.

    Scopes are nested clusters; what mirrors a forward operation stands beside it. The ids are the keys of the
    nodes; labels are shortened, tooltips say all.

    Args:
        graph: what `gradient_graph` returns, collapsed or not.
        title: what is written above it.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> text = dot(gg.gradient_graph(gg.sin(x, name="y"), x))
    >>> [line.split(" [")[0].strip() for line in text.splitlines() if " -> " in line]
    ['"x" -> "y"', '"x" -> "d(y)"', '"y" -> "d(y)"', '"d(y)" -> "gradient(x:0)"']
    """
    ids = _ids(graph)
    out = [
        "digraph {",
        f'  graph [label={_label([short(title)])}, labelloc=t, rankdir=TB, fontname="Helvetica", fontcolor="{INK}"];',
        f'  node [shape=box, fontname="Helvetica", fontsize=10, fontcolor="{INK}", margin="0.1,0.05"];',
        '  edge [fontname="Helvetica", fontsize=8, arrowsize=0.7];',
    ]
    clusters = 0
    for scope, opens in walk(outline(graph)):
        margin = "  " * len(scope.path)
        if not opens:
            out.append(margin + "}" if scope.path else "")
            continue
        if scope.path:
            out.append(f"{margin}subgraph cluster_{clusters} {{")
            out.append(f'{margin}  label={_label([short(scope.path[-1])])}; style=rounded; color="#9db6cf";')
            clusters += 1
        for row in scope.rows:
            out += [f"{margin}  {ids[key]} {_attributes(_node(graph.nodes[key], key))};" for key in row]
            if len(row) > 1:
                out.append(f"{margin}  {{ rank=same; {' '.join(f'{ids[key]};' for key in row)} }}")
    for source, target, data in graph.edges(data=True):
        out.append(f"  {ids[source]} -> {ids[target]} {_attributes(_edge(data))};")
    return "\n".join([text for text in out if text] + ["}\n"])


def _ids(graph: Graph) -> dict[str, str]:
    """A quoted id for each key, no two alike."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for key in graph:
        wanted = name = legible(key).translate(_ESCAPES)
        n = 1
        while name in used:
            n += 1
            name = f"{wanted} [{n}]"
        used.add(name)
        found[key] = f'"{name}"'
    return found


def _label(lines: Iterable[str]) -> str:
    """Lines as a quoted label, in which Graphviz sees neither escapes nor entities."""
    return '"' + "\\n".join(legible(text).replace("&", "&amp;").translate(_ESCAPES) for text in lines) + '"'


def _node(node: Mapping[str, Any], key: str) -> dict[str, str]:
    kind, style = form(node), STYLES[look(node)]
    shape = _SHAPES.get(kind, "box")
    if node["kind"] == "sum" and kind == "adjoint":
        shape = "circle"
    if "members" in node:
        shape = "box3d"
    dashes = _LINES.get(kind, "")
    reading = node.get("reading") if node.get("lit", True) else None
    found = {
        "label": _label(caption(node)),
        "tooltip": _label([key, *node.get("outputs", ())]),
        "shape": shape,
        "style": f'"filled,{dashes}"' if dashes else "filled",
        "fillcolor": f'"{style.fill if reading is None else STYLES[shade(reading, node["kind"] == "forward")].fill}"',
        "color": f'"{style.stroke}"',
        "penwidth": str(style.width),
    }
    rims = 1 + ("y" in node["roles"] or kind == "gradient")
    if reading is not None and reading.alarm:
        rims += 1
        found |= {"color": f'"{STYLES[f"reading {reading.alarm} frame"].stroke}"', "penwidth": "2.6"}
    if not node.get("lit", True):
        found["fontcolor"] = f'"{STYLES["faint title"].fill}"'
    return found | ({"peripheries": str(rims)} if rims > 1 else {})


def _edge(data: Mapping[str, Any]) -> dict[str, str]:
    kind = line(data)
    found = {"label": _label([short(data["spec"])])} if data["kind"] == "forward" and data["spec"] else {}
    style = STYLES[strength(data) + kind]
    if not data.get("lit", True):
        found |= {"fontcolor": f'"{STYLES["faint spec"].fill}"'} if found else {}
    found |= {"tooltip": _label([data["value"], data["spec"]]), "color": f'"{style.stroke}"'}
    return found | {"penwidth": str(style.width)} | _EDGES[kind]


def _attributes(attributes: Mapping[str, str]) -> str:
    return "[" + ", ".join(f"{name}={value}" for name, value in attributes.items()) + "]"
