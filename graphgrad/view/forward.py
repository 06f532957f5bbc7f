"""The forward graph alone: what tensors are computed from, or all of a graph, as a graph to draw."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from ..autodiff import arguments
from ..graph.graph import Graph as Recorded
from ..graph.operation import Operation, Role, Value
from ..graph.walk import upstream
from ..ground.late import networkx
from .gradient_graph import Graph

ROLES = {
    Role.PLACEHOLDER: "placeholder", Role.READ: "variable", Role.CONSTANT: "constant", Role.GRADIENT: "sweep",
}  # fmt: skip


def forward_graph(ys: Any) -> Graph:
    """The operations that tensors are computed from, with the attributes of a gradient graph.

    Args:
        ys: a tensor or a list of tensors; or a `Graph`, of which every operation is shown.

    Returns:
        A new `networkx.MultiDiGraph`, its nodes in creation order. Nodes and edges have the attributes that
        `gradient_graph` documents: all nodes are of the kind 'forward' and in lane 0. Their roles are 'y' for what
        was asked for, and 'placeholder', 'variable', 'constant' or 'sweep' (a gradients() call). An edge is of the
        kind 'forward' for a read, 'control' where an operation only has to run before another.

    Raises:
        ValueError: for arguments that can't be right (`ArgumentTypeError` where their kind is wrong).

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [3], name="x")
    >>> for key, node in forward_graph(gg.sin(x, name="y")).nodes(data=True):
    ...     print(key, node["kind"], node["roles"])
    x forward ('placeholder',)
    y forward ('y',)
    """
    if isinstance(ys, Recorded):
        return _built(ys.get_operations(), ())
    asked = arguments.question(ys, [], None)
    if asked.graph is None:
        raise ValueError("a forward graph needs at least one tensor of a graph")
    wanted = {y.op for y in asked.ys}
    return _built(sorted({*upstream(wanted), *wanted}, key=attrgetter("id")), asked.ys)


def _built(operations: Iterable[Operation], ys: Iterable[Value]) -> Graph:
    graph: Graph = networkx.MultiDiGraph()
    asked = {y.op for y in ys}
    for op in operations:
        roles = ("y",) if op in asked else ()
        add_operation(graph, op, op.name, roles + ((ROLES[op.role],) if op.role in ROLES else ()))
    for op in operations:
        for position, value in enumerate(op.reads):
            add_read(graph, value.op.name, op.name, value, position)
        for control in op.controls:
            graph.add_edge(control.name, op.name, kind="control", value=f"^{control.name}", spec="", carries=False)
    return graph


def add_operation(graph: Graph, op: Operation, key: str, roles: tuple[str, ...], **more: Any) -> None:
    """Add an operation as a forward node."""
    found = {
        "kind": "forward", "op": op, "name": op.name, "type": op.type, "roles": roles, "on_path": True, "mirror": None,
        "lane": 0, "outputs": tuple([repr(value.spec) for value in op.values]),
    }  # fmt: skip
    graph.add_node(key, **(found | more))


def add_read(graph: Graph, source: str, target: str, value: Value, position: int, carries: bool = True) -> None:
    """Add the read of a value as an edge."""
    graph.add_edge(
        source, target, kind="forward", value=value.name, spec=repr(value.spec), carries=carries, input=position
    )


def ranked(graph: Graph) -> Graph:
    """The graph with control edges as forward ones, marked `control`: layouts put what runs before above."""
    if not any(data["kind"] == "control" for _, _, data in graph.edges(data=True)):
        return graph
    found = graph.copy()
    for _, _, data in found.edges(data=True):
        if data["kind"] == "control":
            data |= {"kind": "forward", "control": True}
    return found
