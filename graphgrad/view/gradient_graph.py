"""The gradient graph: the forward operations on the path, the adjoint of each, and what stands next to them."""

from __future__ import annotations

from typing import Any, TypeAlias

from ..autodiff import arguments
from ..ground.late import networkx
from .expanded import expanded
from .products import Builder

Graph: TypeAlias = "networkx.MultiDiGraph[str]"


def gradient_graph(ys: Any, xs: Any, stop_gradients: Any = None, *, expand: bool = False) -> networkx.MultiDiGraph[str]:
    """The forward operations that a gradient passes and their adjoint nodes, as one graph.

    Nothing is added to the user's graph. The adjoint nodes are those that decide connection: one
    vector-Jacobian product per operation on the path. With `expand` they are the kernels that autograd really
    runs, each tied to the operation that it differentiates.

    Args:
        ys, xs, stop_gradients: as in `gradients`.
        expand: whether to show the kernels of the backward pass. They are found by running the program of the
            gradients on tensors without memory: no variable needs a value, no random number is drawn. Unknown
            sizes stand for 1680 and then 2520 rows (or 3 and 1, where an operation refuses these); `outputs` and
            `spec` have `?` where they matter, or those of the first run if both did not run the same kernels.
            What is placed on a device that torch does not find here is looked at on the CPU.

    Returns:
        A new `networkx.MultiDiGraph`, its nodes in a topological order. An operation has its own name as key;
        the adjoint node of `mul` is `d(mul)`, expanded `d(mul) aten.mul`. Node attributes:

        - `kind`: 'forward', 'adjoint' (a vector-Jacobian product or a kernel), 'sum' (of the cotangents of a
          value that is read more than once) or 'gradient' (what gradients() returns for an x);
        - `op`: the Operation that it is or stems from; `name`: its name, or for 'gradient' that of the tensor;
        - `type`: the operation's type, as 'MatMul', of its adjoint '∂ MatMul', '+', '∇ w', of a kernel 'aten.mm';
        - `roles`: what marks it, a tuple of 'x', 'y', 'unconnected' (an x that no y depends on), 'stop', and,
          where a gradient ends, 'integer', 'stop_gradient', 'no_grad' or 'no derivative';
        - `on_path`: whether a gradient passes through it; of the kernels of this backward pass, whether they lead
          to a gradient that was asked for;
        - `mirror`: the key of the node that it differentiates, None for forward operations; of a sum, the key of
          what gives the value whose cotangents it adds;
        - `lane`: 0 for forward operations, one more each time that differentiation turns back;
        - `outputs`: dtype and shape of each output, as text.

        Edge attributes:

        - `kind`: 'forward' (a read), 'cotangent', 'seed' (the start of the gradient at a y) or 'saved'
          (a value that the derivative depends on; expanded, a value that the kernel reads);
        - `value`: the name of what travels; `spec`: its dtype and shape;
        - `carries`: whether a gradient comes back along this read; True for all but forward edges.

        Expanded, an operation has as many adjoint nodes as its derivative has kernels, none if it hands the
        gradient on as it is, as `add` does. Views (`aten.t`, `aten.view`, `aten.expand`) are among them. `aten.detach`
        is not: torch calls no such kernel in a backward pass, it only looks so to those who trace one, each time that
        torch wraps a tensor that it had saved. What a kernel reads from inside an operation, as the mean that
        `layer_norm` keeps, comes from the operation; `value` is `layer_norm aten.native_layer_norm:1`. A branch, a
        loop or a scan is one node, `d(cond) ∂ Cond`: which kernels it runs, and how often, only a run knows.

    Raises:
        LookupError: if an operation on the path has no derivative; it says on which ways a gradient gets there.
        RuntimeError: with `expand`, for an operation that can't run without data; the message names it.
        ValueError: for arguments that can't be right (`ArgumentTypeError` where their kind is wrong).

    >>> import graphgrad as gg
    >>> x, w = gg.constant(2.0, name="x"), gg.constant(3.0, name="w")
    >>> y = gg.multiply(x, w, name="y")
    >>> graph = gg.gradient_graph(y, x)
    >>> for key, node in graph.nodes(data=True):
    ...     print(key, node["kind"], node["roles"])
    x forward ('x',)
    w forward ()
    y forward ('y',)
    d(y) adjoint ()
    gradient(x:0) gradient ()
    >>> graph.get_edge_data("w", "d(y)")[0]["kind"]
    'saved'
    >>> [key for key, node in gg.gradient_graph(y, x, expand=True).nodes(data=True) if node["kind"] == "adjoint"]
    ['d(y) aten.ones_like', 'd(y) aten.mul']
    """
    asked = arguments.question(ys, xs, stop_gradients)
    if asked.graph is None:
        raise ValueError("a gradient graph needs at least one tensor of a graph")
    builder = Builder(asked)
    return expanded(builder) if expand else builder.build()
