"""A gradient graph as one HTML page that needs no network: the picture, and a little script to explore it."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

from ..graph.operation import Operation
from .gradient_graph import Graph
from .layout import mirror_layout
from .scene import scene
from .svg import clean, svg

_SLOT = re.compile(r"<!--(title|picture)-->|/\*(data)\*/")


def page(graph: Graph, small: Graph, title: str) -> str:
    """The page, as text. It opens from a disk and loads nothing.

    Args:
        graph: a gradient graph.
        small: the same, collapsed where it is large; this is what is drawn.
        title: its heading.
    """
    picture = scene(small, mirror_layout(small))
    data = json.dumps(_data(graph, small, [part.node for part in picture.parts if part.node]), separators=(",", ":"))
    slots = {
        "title": clean(title),
        "picture": svg(picture, title),
        # Inside a script element nothing but its end tag means anything to HTML.
        "data": data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    }
    template = resources.files(__package__).joinpath("page.html").read_text("utf-8")
    return _SLOT.sub(lambda match: slots[match.group(1) or match.group(2)], template)


def _data(graph: Graph, small: Graph, keys: list[str]) -> dict[str, Any]:
    """What the script knows: nodes in the order in which the picture counts them, and edges."""
    number = {key: n for n, key in enumerate(keys)}
    edges = [
        [number[source], number[target], data["kind"], data["value"], data["spec"]]
        for source, target, data in small.edges(data=True)
    ]
    return {"nodes": [_node(graph, small, key) for key in keys], "edges": edges}


def _node(graph: Graph, small: Graph, key: str) -> dict[str, Any]:
    node = small.nodes[key]
    found = {
        "key": key,
        "kind": node["kind"],
        "type": node["type"],
        "name": node["name"],
        "roles": list(node["roles"]),
        "path": node["on_path"],
    }
    if "members" in node:
        found |= {"note": node["note"], "members": [_member(key, graph.nodes[key]) for key in node["members"]]}
    else:
        op: Operation = node["op"]
        found |= {"outputs": list(node["outputs"]), "where": op.where(), "call": op.describe()}
    return found


def _member(key: str, node: dict[str, Any]) -> list[str]:
    return [key, node["type"], node["op"].where() if node["kind"] == "forward" else ""]
