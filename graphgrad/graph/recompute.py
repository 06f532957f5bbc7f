"""`gg.recompute()`: which operations a run computes again on the way back, rather than keep what they computed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..ground.mode import executing_eagerly
from .graph import Graph, get_default_graph

_ANNEX = "graph.recompute"


@contextlib.contextmanager
def recompute() -> Iterator[None]:
    """A block whose operations are computed twice in a training step, and kept in memory once less.

    Of what is recorded inside, a run that differentiates it keeps what goes in and what comes out; the rest is
    computed again when the gradients get there. Numbers are the same, bit for bit, and so is None; what is drawn at
    random inside is drawn again the same. Everything inside can be fetched, fed, differentiated and stopped as
    elsewhere. Kept are also what is fetched or used outside, and the borders of what can't be done twice: printing,
    Python functions, tensor arrays, what is fed, gradients. Of blocks inside one another the outermost counts. What is
    recorded in one thread while another has such a block open on the same graph belongs to it, too.

    Raises:
        RuntimeError: in eager mode; `gg.recompute_grad` works there.

    Source: Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost", 2016.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [2])
    >>> with gg.recompute():
    ...     y = gg.exp(gg.sin(x))
    >>> with gg.Session() as sess:
    ...     sess.run(gg.gradients(y, x), {x: [0.0, 0.0]})
    [array([1., 1.], dtype=float32)]
    """
    if executing_eagerly():
        raise RuntimeError("gg.recompute() marks operations of a graph; in eager mode use gg.recompute_grad(function)")
    graph = get_default_graph()
    start = len(graph)
    try:
        yield
    finally:
        inner = graph.annexes.get(_ANNEX, [])
        graph.annexes[_ANNEX] = [*(each for each in inner if each[0] < start), (start, len(graph))]


def recomputed(graph: Graph) -> list[tuple[int, int]]:
    """The blocks of a graph: the first operation's id, and the first one's behind it; in order, none in another."""
    found: list[tuple[int, int]] = graph.annexes.get(_ANNEX, [])
    return found
