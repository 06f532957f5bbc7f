"""`gg.plot`: a gradient graph, a forward graph or the plan of a run as a picture or a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from ..autodiff import arguments
from ..autodiff.explain import explain
from ..autodiff.verdict import Explanation
from ..graph.graph import Graph as Recorded
from ..ground.errors import ArgumentTypeError
from ..plan.steps import Plan
from .collapse import collapsed
from .dot import dot
from .explained import told_by
from .figure import pdf, png
from .forward import forward_graph, ranked
from .gradient_graph import Graph, gradient_graph
from .graphdef import graphdef
from .highlight import carried_over
from .highlight import highlight as light
from .layout import mirror_layout
from .marks import Scene
from .mermaid import mermaid
from .overlay import overlay
from .page import page
from .places import Places
from .planned import plan_graph
from .scene import scene
from .schedule import schedule
from .svg import svg


def mirrored(graph: Graph) -> Scene:
    """The picture of a graph in the mirror layout."""
    return scene(graph, mirror_layout(graph))


class Plot:
    """A picture of a graph: save it, or let a notebook show it.

    Attributes:
        graph: the whole graph, as `gradient_graph` returns it; of nodes the attribute `reading` is what was measured
            there (with `values=`), of nodes and edges `lit` whether they are highlighted (with `highlight=`).
        title: what the page and screen readers call it.
    """

    def __init__(
        self,
        graph: Graph,
        title: str = "gradient graph",
        picture: Callable[[Graph], Scene] = mirrored,
        explained: Callable[[], Explanation] | None = None,
    ) -> None:
        self.graph = graph
        self.title = title
        self._picture = picture
        self._explained = explained

    @cached_property
    def drawn(self) -> Graph:
        """The graph as it is drawn: with scopes as single nodes where it is too large."""
        whole = self._ranked
        small = collapsed(whole)
        if small is not whole and any("lit" in node for node in whole.nodes.values()):
            carried_over(small, whole)
        return small

    @cached_property
    def _ranked(self) -> Graph:
        return ranked(self.graph)

    @cached_property
    def scene(self) -> Scene:
        """The shapes and texts of the picture, for other writers."""
        return self._picture(self.drawn)

    def svg(self) -> str:
        """The picture as an SVG document."""
        return svg(self.scene, self.title)

    def html(self) -> str:
        """One self-contained page: scopes that open and close, search, and what there is to say of each node."""
        told = {} if self._explained is None else told_by(self.graph, self._explained())
        return page(self._ranked, self.drawn, self.title, told)

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
        counts = [("adjoint nodes", kinds.count("adjoint")), ("gradients", kinds.count("gradient"))]
        said = [f"operations: {kinds.count('forward')}", *(f"{what}: {count}" for what, count in counts if count)]
        return f"<Plot {self.title!r}: {', '.join(said)}>"


_WRITERS: dict[str, Callable[[Plot], str | bytes]] = {
    ".svg": Plot.svg,
    ".html": Plot.html,
    ".png": lambda picture: png(picture.scene),
    ".pdf": lambda picture: pdf(picture.scene),
    ".dot": lambda picture: dot(picture.drawn, picture.title),
    ".mmd": lambda picture: mermaid(picture.drawn, picture.title),
    ".pbtxt": lambda picture: graphdef(picture._ranked),
}


def plot(
    ys: Any, xs: Any = None, stop_gradients: Any = None, *,
    values: Any = None, highlight: Any = None, expand: bool = False,
) -> Plot:  # fmt: skip
    """A gradient graph as a picture: forward operations on the left, the gradient coming back on the right.

    Without xs it is the forward graph alone; a whole graph or the plan of a run are pictures, too.

    Args:
        ys: a tensor or a list of tensors; or, without xs, a `Graph`, of which all is shown, or a plan (what
            `Session.plan` returns), whose steps are shown in the order in which they run.
        xs, stop_gradients: as in `gradients`; without xs, what the ys are computed from is shown.
        values: what a run measured: a watch that has seen it, or a mapping from tensors, operations or keys of nodes
            to numbers, arrays (their 2-norm counts), texts or readings. Nodes are filled by magnitude, on a
            logarithmic scale from the least to the greatest; NaN, infinity and zero are marked. The cotangents of a
            watch are those of the gradients() call with these ys and stops; if the run had none, only forward values
            are shown.
        highlight: a tensor or a list of them. Their ways to the ys and back are drawn strong, all else pale; the way
            of an x that is not connected ends where it is cut.
        expand: whether to show the kernels that autograd really runs, as in `gradient_graph`.

    Returns:
        A `Plot`. A notebook shows it; `save` writes a picture or a page.

    Raises:
        LookupError: if an operation on the path has no derivative.
        ValueError: for arguments that can't be right (`ArgumentTypeError` where their kind is wrong), and for values
            and highlights of what is not in the picture.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> y = gg.sin(x, name="y")
    >>> gg.plot(y, x, values={y: 0.9}, highlight=x)
    <Plot 'gradient of y:0': operations: 2, adjoint nodes: 1, gradients: 1>
    >>> gg.plot(y)
    <Plot 'forward graph of y:0': operations: 2>
    """
    if xs is None and (stop_gradients is not None or expand):
        raise ValueError(f"{'expand' if expand else 'stop_gradients'} needs xs: without them there is no gradient")
    if isinstance(ys, (Recorded, Plan)) and xs is not None:
        raise ArgumentTypeError(f"a {type(ys).__name__} is drawn as it is; for a gradient give tensors as ys")
    if isinstance(ys, Plan):
        return _of_plan(ys, values, highlight)
    graph = forward_graph(ys) if xs is None else gradient_graph(ys, xs, stop_gradients, expand=expand)
    if values is not None or highlight is not None:
        places = Places(graph, None if xs is None else arguments.question(ys, xs, stop_gradients))
        if values is not None:
            overlay(graph, places, values)
        if highlight is not None:
            light(graph, places, highlight)
    if xs is None:
        return Plot(graph, _title("forward graph", ys))
    return Plot(graph, _title("gradient", ys), explained=lambda: explain(ys, xs, stop_gradients))


def _of_plan(plan: Plan, values: Any, highlight: Any) -> Plot:
    if highlight is not None:
        raise ValueError("highlight shows ways through a graph; a plan is a list of steps")
    graph = plan_graph(plan)
    if values is not None:
        overlay(graph, Places(graph, None), values)
    return Plot(graph, "plan of a run", lambda _: schedule(plan, graph))


def _title(what: str, ys: Any) -> str:
    """`gradient of loss:0`."""
    if isinstance(ys, Recorded):
        return "graph"
    items = ys if isinstance(ys, (list, tuple)) else [ys]
    names = ", ".join(str(getattr(y, "name", "") or "a parameter") for y in items[:3])
    return f"{what} of {names}{', …' if len(items) > 3 else ''}"
