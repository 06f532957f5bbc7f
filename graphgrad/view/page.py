"""A gradient graph as one HTML page that needs no network: a picture whose scopes open and close, and what is in it."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from . import geometry
from .gradient_graph import Graph
from .nesting import LONG, SOME
from .regions import ROUND as CORNER
from .rows import GAP, SWEEPS
from .sheet import sheet
from .svg import FONT, clean, style_sheet
from .wires import APART

BUDGET = 1500  # nodes that a page draws without asking
_SCRIPTS = ("model.js", "layout.js", "tower.js", "wires.js", "draw.js", "panel.js", "explore.js", "hands.js")
_SLOT = re.compile(r"<!--(title)-->|/\*(\w+)\*/")
_GEOMETRY = "PITCH HEIGHT ROUND BETWEEN INNER TURN MARGIN HEAD FOOT SIDE ROOM SILL".split()
_NUMBERS = {name: getattr(geometry, name) for name in _GEOMETRY} | {
    "GAP": GAP, "SWEEPS": SWEEPS, "APART": APART, "LONG": LONG, "SOME": SOME, "CORNER": CORNER, "BUDGET": BUDGET,
}  # fmt: skip


def page(graph: Graph, small: Graph, title: str, told: Mapping[str, str] | None = None) -> str:
    """The page, as text. It opens from a disk and loads nothing.

    Args:
        graph: a gradient graph.
        small: the same, collapsed where it is large: which scopes are open when the page opens.
        title: its heading.
        told: what there is to say of nodes besides their attributes, by key, such as `told_by` gives.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> graph = gg.gradient_graph(gg.sin(x, name="y"), x)
    >>> page(graph, graph, "sine").splitlines()[0]
    '<!DOCTYPE html>'
    """
    data = sheet(graph, small.graph.get("opened"), told or {})
    slots = {
        "title": clean(title),
        "sheet": _file("page.css"),
        "styles": style_sheet(),
        "script": "\n".join(_file(name) for name in _SCRIPTS),
        "data": _packed(data | {"title": title, "font": FONT, "styles": style_sheet(), "numbers": _NUMBERS}),
    }
    return _SLOT.sub(lambda match: slots[match.group(1) or match.group(2)], _file("page.html"))


def _packed(data: object) -> str:
    """JSON, packed with zlib, in base 64: a tenth of its size, and nothing in it means anything to HTML."""
    text = json.dumps(data, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")


@cache
def _file(name: str) -> str:
    return resources.files(__package__).joinpath("web", name).read_text("utf-8")
