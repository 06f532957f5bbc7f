"""The networkx view of a graph: exact whenever it is looked at, built only then.

Adding nodes and edges to networkx as they are recorded would cost as much as recording itself, in time
and in memory. So the view's three dictionaries take in what has been recorded since, the moment that
anything is read from them; whoever holds the view never sees the difference.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..ground.late import networkx
from .operation import Operation


class _Current(dict[str, Any]):
    """A dictionary that brings itself up to date before it is read."""

    __slots__ = ("refresh",)

    def __init__(self, refresh: Callable[[], None]) -> None:
        self.refresh = refresh

    def __getitem__(self, key: str) -> Any:
        self.refresh()
        return dict.__getitem__(self, key)

    def __contains__(self, key: object) -> bool:
        self.refresh()
        return dict.__contains__(self, key)

    def __iter__(self) -> Iterator[str]:
        self.refresh()
        return dict.__iter__(self)

    def __len__(self) -> int:
        self.refresh()
        return dict.__len__(self)

    def get(self, key: str, default: Any = None) -> Any:
        self.refresh()
        return dict.get(self, key, default)

    def keys(self) -> Any:
        self.refresh()
        return dict.keys(self)

    def values(self) -> Any:
        self.refresh()
        return dict.values(self)

    def items(self) -> Any:
        self.refresh()
        return dict.items(self)

    def __eq__(self, other: object) -> bool:
        self.refresh()
        return dict.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        self.refresh()
        return dict.__repr__(self)

    def __reversed__(self) -> Iterator[str]:
        self.refresh()
        return dict.__reversed__(self)

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def copy(self) -> dict[str, Any]:
        self.refresh()
        return dict(dict.items(self))

    def __reduce__(self) -> Any:
        return (dict, (self.copy(),))


def live_view(operations: list[Operation]) -> networkx.MultiDiGraph[str]:
    """A MultiDiGraph that always shows these operations; the list may only grow."""
    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    shown = 0

    lock = threading.RLock()

    def refresh() -> None:
        nonlocal shown
        if shown == len(operations):
            return
        with lock:
            while shown < len(operations):
                _show(operations[shown], nodes, successors, predecessors)
                shown += 1

    nodes, successors, predecessors = _Current(refresh), _Current(refresh), _Current(refresh)
    for name, content in {"_node": nodes, "_succ": successors, "_pred": predecessors}.items():
        setattr(graph, name, content)
    return graph


_set = dict.__setitem__
_get = dict.__getitem__


def _show(op: Operation, nodes: _Current, successors: _Current, predecessors: _Current) -> None:
    name = op.name
    incoming: dict[str, dict[int, dict[str, Any]]] = {}
    _set(nodes, name, {"op": op})
    _set(successors, name, {})
    _set(predecessors, name, incoming)
    edges = [(value.op.name, {"output": value.index, "input": n}) for n, value in enumerate(op.reads)]
    edges += [(control.name, {"control": True}) for control in op.controls]
    for source, attributes in edges:
        parallel = incoming.setdefault(source, {})
        parallel[len(parallel)] = attributes
        _get(successors, source)[name] = parallel
