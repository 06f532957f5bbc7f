"""`gg.plot`: the gradient graph as a picture or a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from .collapse import collapsed
from .dot import dot
from .figure import pdf, png
from .gradient_graph import Graph, gradient_graph
from .graphdef import graphdef
from .layout import mirror_layout
from .mermaid import mermaid
from .page import page
from .scene import Scene, scene
from .svg import svg


class Plot:
    """A picture of a gradient graph: save it, or let a notebook show it.

    Attributes:
        graph: the whole gradient graph, as `gradient_graph` returns it.
        title: what the page and screen readers call it.
    """

    def __init__(self, graph: Graph, title: str = "gradient graph") -> None:
        self.graph = graph
        self.title = title

    @cached_property
    def drawn(self) -> Graph:
        """The graph as it is drawn: with scopes as single nodes where it is too large."""
        return collapsed(self.graph)

    @cached_property
    def scene(self) -> Scene:
        """The shapes and texts of the picture, for other writers."""
        return scene(self.drawn, mirror_layout(self.drawn))

    def svg(self) -> str:
        """The picture as an SVG document."""
        return svg(self.scene, self.title)

    def html(self) -> str:
        """One self-contained page: pan, zoom, search, and each node's attributes and line of source."""
        return page(self.graph, self.drawn, self.title)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write it to a file; the suffix says how.

        - `.svg`, `.html` (the page), `.png` and `.pdf` (which need matplotlib);
        - `.dot` and `.mmd`: text for Graphviz and for Mermaid;
        - `.pbtxt`: a TensorFlow GraphDef, which TensorBoard and Netron read, of the whole graph.

        Args:
            path: the file's name. An existing file is replaced.

        Returns:
            The path.

        Raises:
            ValueError: for another suffix.
            ImportError: for a PNG or PDF without matplotlib.
            OSError: if the file can't be written.
        """
        target = Path(path)
        kind = target.suffix.lower()
        written = _WRITERS.get(kind)
        if written is None:
            known = ", ".join(_WRITERS)
            raise ValueError(
                f"{target.name}: can't save a plot as {kind or 'a file without suffix'}; use one of {known}"
            )
        content = written(self)
        target.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return target

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        kinds = [node["kind"] for _, node in self.graph.nodes(data=True)]
        forward, adjoint, results = (kinds.count(kind) for kind in ("forward", "adjoint", "gradient"))
        return f"<Plot {self.title!r}: operations: {forward}, adjoint nodes: {adjoint}, gradients: {results}>"


_WRITERS: dict[str, Callable[[Plot], str | bytes]] = {
    ".svg": Plot.svg,
    ".html": Plot.html,
    ".png": lambda picture: png(picture.scene),
    ".pdf": lambda picture: pdf(picture.scene),
    ".dot": lambda picture: dot(picture.drawn, picture.title),
    ".mmd": lambda picture: mermaid(picture.drawn, picture.title),
    ".pbtxt": lambda picture: graphdef(picture.graph),
}


def plot(ys: Any, xs: Any, stop_gradients: Any = None) -> Plot:
    """The gradient graph as a picture: forward operations on the left, the gradient coming back on the right.

    Args:
        ys, xs, stop_gradients: as in `gradients`.

    Returns:
        A `Plot`. A notebook shows it; `save` writes a picture or a page.

    Raises:
        LookupError, ValueError: as `gradient_graph`.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> gg.plot(gg.sin(x, name="y"), x)
    <Plot 'gradient of y:0': operations: 2, adjoint nodes: 1, gradients: 1>
    """
    items = ys if isinstance(ys, (list, tuple)) else [ys]
    graph = gradient_graph(ys, xs, stop_gradients)
    names = ", ".join(str(getattr(y, "name", "") or "a parameter") for y in items[:3])
    return Plot(graph, f"gradient of {names}{', …' if len(items) > 3 else ''}")
