"""What `gg.explain` says, by the nodes of a picture that it is about: the xs, and where gradients are cut."""

from __future__ import annotations

from ..autodiff.verdict import Explanation
from .gradient_graph import Graph


def told_by(graph: Graph, answer: Explanation) -> dict[str, str]:
    """What there is to tell of nodes: why an x is not connected, and what each cut loses and how to mend it.

    Args:
        graph: the gradient graph of the question.
        answer: what `explain` says to the same question.

    Returns:
        A text by the key of a node; nothing of an x all of whose paths are open.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> y = gg.multiply(gg.floor(x, name="down"), 3.0, name="y")
    >>> told = told_by(gg.gradient_graph(y, x), gg.explain(y, x))
    >>> list(told), told["x"].splitlines()[0]
    (['x', 'down'], 'no gradient reaches x:0: every path is cut here')
    """
    forward = {node["op"]: key for key, node in graph.nodes(data=True) if node["kind"] == "forward"}
    xs = {node["name"]: key for key, node in graph.nodes(data=True) if "x" in node["roles"]}
    told: dict[str, list[str]] = {}
    for verdict in answer.verdicts:
        if verdict.connected and not verdict.breaks:
            continue
        key = xs.get(verdict.x, xs.get(verdict.x.rpartition(":")[0]))
        if key is not None:
            told.setdefault(key, []).append(str(verdict))
        for broken in verdict.breaks:
            op = broken.op if broken.within is None else broken.within
            if op in forward:
                said = told.setdefault(forward[op], [])
                said += [str(broken)] if str(broken) not in said else []
    return {key: "\n\n".join(said) for key, said in told.items()}
