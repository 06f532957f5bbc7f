"""A gradient graph as an outline, for writers of text: nested scopes with rows of nodes, and a caption per node."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .gauge import words
from .gradient_graph import Graph
from .label import fitted, lines

ROOM = 230.0  # pixels for a line of a caption at this size
SIZE = 10.0

# What no text file should hold, apart from white space: control characters, halves of characters, no characters.
_ILLEGAL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass
class Scope:
    """A name scope: the parts of its name, its own rows of nodes, and the scopes in it.

    A row holds a forward node and, after it, all that mirrors it, directly or not.
    """

    path: tuple[str, ...] = ()
    rows: list[list[str]] = field(default_factory=list)
    inner: dict[str, Scope] = field(default_factory=dict)


def outline(graph: Graph) -> Scope:
    """The outermost scope of a gradient graph. A node is in the scope of the forward node that it stems from.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> with gg.name_scope("layer"):
    ...     y = gg.sin(x, name="y")
    >>> root = outline(gg.gradient_graph(y, x))
    >>> root.rows, root.inner["layer"].rows
    ([['x', 'gradient(x:0)']], [['layer/y', 'd(layer/y)']])
    """
    rows: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for key, node in graph.nodes(data=True):
        first[key] = first.get(node["mirror"], key)
        rows.setdefault(first[key], []).append(key)
    root = Scope()
    for key, row in rows.items():
        scope = root
        for part in graph.nodes[key]["name"].split("/")[:-1]:
            scope = scope.inner.setdefault(part, Scope((*scope.path, part)))
        scope.rows.append(row)
    return root


def walk(root: Scope) -> Iterator[tuple[Scope, bool]]:
    """Each scope twice: when it opens (True), and when it and all in it are done (False)."""
    pending = [(root, True)]
    while pending:
        scope, opens = pending.pop()
        yield scope, opens
        if opens:
            pending.append((scope, False))
            pending.extend((inner, True) for inner in reversed(scope.inner.values()))


def line(data: Mapping[str, Any]) -> str:
    """The style of an edge by its attributes, as in the scene: 'forward', 'read', 'cotangent', 'saved' or 'control'."""
    if data.get("control"):
        return "control"
    kind: str = data["kind"]
    return {"seed": "cotangent", "forward": "forward" if data["carries"] else "read"}.get(kind, kind)


def strength(data: Mapping[str, Any]) -> str:
    """What to put before the style of an edge: 'strong ' on a highlighted way, 'faint ' off it, else nothing."""
    return {None: "", True: "strong ", False: "faint "}[data.get("lit")]


def caption(node: Mapping[str, Any]) -> list[str]:
    """What is written on a node: its type, its name, its roles, what was measured; each on a line, and short.

    >>> caption({"kind": "forward", "type": "ReadVariable", "name": "layer/w", "roles": ("x", "unconnected")})
    ['Variable', 'layer/w', '[x, unconnected]']
    """
    said = [short(text) for text in lines(node) if text]
    if roles := ", ".join(node["roles"]):
        said.append(f"[{short(roles)}]")
    if (reading := node.get("reading")) is not None and (measured := words(reading)):
        said.append(f"= {short(measured)}")
    return said


def short(text: str) -> str:
    """The text on one line, or its end after an ellipsis if it is long.

    >>> short("in two   lines"), short("scope/" * 100 + "name")[:8]
    ('in two lines', '…e/scope')
    """
    return fitted(legible(" ".join(text.split())), SIZE, ROOM)


def legible(text: str) -> str:
    """The text without characters that mean harm: controls and marks that turn the direction of reading."""
    return _ILLEGAL.sub("\ufffd", text)
