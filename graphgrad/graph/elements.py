"""What a name or an object stands for in a graph: a tensor or an operation of it."""

from __future__ import annotations

from typing import Any, Protocol

from .operation import Operation


class _Named(Protocol):
    def get_tensor_by_name(self, name: str) -> Any: ...

    def get_operation_by_name(self, name: str) -> Operation: ...


def element(graph: _Named, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
    """The tensor or operation of a graph that an object means.

    Args:
        graph: where it is looked for.
        obj: a name, also as bytes, a tensor, an operation, or what has a method `_as_graph_element`.
        allow_tensor: whether it may be a tensor.
        allow_operation: whether it may be an operation.

    Raises:
        KeyError: if the graph has nothing of that name.
        ValueError: if it is of another graph, or an operation where a tensor is wanted, or the other way round.
        TypeError: if it is no such object.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, name="x")
    >>> gg.get_default_graph().as_graph_element("x:0") is x
    True
    """
    if not allow_tensor and not allow_operation:
        raise ValueError("allow_tensor and allow_operation can't both be False")
    found = _found(graph, obj.decode() if isinstance(obj, bytes) else obj)
    op = found if isinstance(found, Operation) else getattr(found, "op", None)
    if not isinstance(op, Operation):
        raise TypeError(f"a {type(obj).__name__} is no tensor and no operation: got {obj!r}")
    if op.graph is not graph:
        raise ValueError(f"{found.name} belongs to another graph")
    if found is op and not allow_operation:
        raise ValueError(f"{op.name!r} is an operation, not a tensor: tensors are named like '{op.name}:0'")
    if found is not op and not allow_tensor:
        raise ValueError(f"{found.name!r} is a tensor, not an operation")
    return found


def as_operation(graph: _Named, item: Any) -> Operation:
    """The operation that a control input means: that of a tensor is the one that computes it."""
    if not isinstance(item, str):
        op = item if isinstance(item, Operation) else getattr(item, "op", None)
        if not isinstance(op, Operation):
            raise TypeError(f"a control input is an operation, a tensor or a name, got {item!r}")
        if op.graph is not graph:
            raise ValueError(f"{op.name} belongs to another graph")
        return op
    found = element(graph, item)
    of: Operation = found if isinstance(found, Operation) else found.op
    return of


def _found(graph: _Named, obj: Any) -> Any:
    if isinstance(obj, str):
        return graph.get_tensor_by_name(obj) if ":" in obj else graph.get_operation_by_name(obj)
    convert = getattr(obj, "_as_graph_element", None)
    return obj if convert is None else convert()
