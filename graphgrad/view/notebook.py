"""What a notebook shows of a plot, a symbolic tensor or a graph: a MIME bundle, with everything in it escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..autodiff.verdict import Explanation, Verdict
from ..graph.graph import Graph
from ..graph.operation import Operation, Role
from ..ground.errors import ArgumentTypeError
from ..ground.spec import dtype_name, format_shape
from ..record.tensor import Tensor
from .debugprint import debugprint
from .plot import Plot
from .svg import clean

TYPES = 30  # rows of the table of a graph
DEPTH = 2  # levels below a tensor
TOOLBAR = 90  # pixels that a page needs besides its picture
LOWEST, HIGHEST = 260, 640  # of a page, in pixels

_CELL = "text-align:left;vertical-align:top;overflow-wrap:anywhere"


def bundle(obj: Any) -> dict[str, str]:
    """The representations of an object, by MIME type; a notebook shows the richest that it can.

    Args:
        obj: a `Plot` (a picture, and the page in a frame of its own), a symbolic tensor (what it is, and
            what it is computed from), a graph (how much of what is in it), or what `explain` answers.

    Returns:
        'text/plain', 'text/html', and for a plot 'image/svg+xml'. Nothing in them is loaded from elsewhere.

    Raises:
        TypeError: for anything else.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [3], name="x")
    >>> bundle(x)["text/plain"], bundle(x.graph)["text/plain"]
    ("<Tensor 'x:0' float32[3]>", '<Graph: operations: 1, variables: 0, placeholders: 1>')
    """
    if isinstance(obj, Plot):
        return {"text/plain": repr(obj), "image/svg+xml": obj.svg(), "text/html": _frame(obj)}
    if isinstance(obj, Tensor):
        return {"text/plain": repr(obj), "text/html": _tensor(obj)}
    if isinstance(obj, Graph):
        return _graph(obj)
    if isinstance(obj, (Explanation, Verdict)):
        return {"text/plain": str(obj), "text/html": obj._repr_html_()}
    what = "plots, symbolic tensors, graphs and explanations"
    raise ArgumentTypeError(f"a notebook shows {what}, got a {type(obj).__name__}")


def _frame(picture: Plot) -> str:
    """The page in a frame: its script reaches nothing of the notebook, nor the notebook's styles it."""
    height = round(min(max(picture.scene.height + TOOLBAR, LOWEST), HIGHEST))
    return (
        f'<iframe srcdoc="{clean(picture.html())}" title="{clean(picture.title)}" '
        f'sandbox="allow-scripts allow-downloads" style="width:100%;height:{height}px;border:0"></iframe>'
    )


def _tensor(tensor: Tensor) -> str:
    rows = [
        ("name", tensor.name),
        ("dtype", dtype_name(tensor.dtype)),
        ("shape", format_shape(tensor._value.spec.shape)),
        ("recorded", tensor.op.where()),
    ]
    text = debugprint(tensor, depth=DEPTH, file="str")
    return f'{_table("", rows)}<pre style="overflow-x:auto">{clean(text)}</pre>'


def _graph(graph: Graph) -> dict[str, str]:
    operations = graph.get_operations()
    states = dict.fromkeys(op.payload for op in operations if op.role is Role.READ)
    totals = [
        ("operations", len(operations)),
        ("variables", len(states)),
        ("placeholders", sum(op.role is Role.PLACEHOLDER for op in operations)),
    ]
    said = ", ".join(f"{what}: {count}" for what, count in totals)
    html = _table("graph", [(what, f"{count:,}") for what, count in totals])
    if operations:
        html += _table("operations by type", _types(operations))
    return {"text/plain": f"<Graph: {said}>", "text/html": html}


def _types(operations: Iterable[Operation]) -> list[tuple[str, str]]:
    """The types with their counts, the most frequent first; rare ones together where there are many."""
    counts = sorted(Counter(op.type for op in operations).items(), key=lambda item: (-item[1], item[0]))
    rows = [(kind, f"{count:,}") for kind, count in counts[:TYPES]]
    if rest := counts[TYPES:]:
        rows.append((f"other types: {len(rest):,}", f"{sum(count for _, count in rest):,}"))
    return rows


def _table(caption: str, rows: Iterable[tuple[str, str]]) -> str:
    head = f"<caption>{clean(caption)}</caption>" if caption else ""
    body = "".join(
        f'<tr><th scope="row" style="{_CELL}">{clean(name)}</th><td style="{_CELL}">{clean(text)}</td></tr>'
        for name, text in rows
    )
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _mimebundle(obj: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """What IPython asks for; it leaves out by itself what is not in `include` or in `exclude`."""
    return bundle(obj)


# All but plots live on lower floors, which know nothing of pictures.
for _kind in (Plot, Tensor, Graph, Explanation, Verdict):
    setattr(_kind, "_repr_mimebundle_", _mimebundle)  # noqa: B010
