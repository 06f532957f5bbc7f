"""What `session.run` is asked for: any nest of tensors, operations, names and None."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..graph.graph import Graph
from ..graph.operation import Operation, Value
from ..record.dims import Dim
from ..record.tensor import Tensor


class Derived(Protocol):
    """What is no tensor, and is made from the results of some: it says which, and how."""

    @property
    def parts(self) -> list[Any]: ...

    def build(self, known: Sequence[Any], /) -> Any: ...


def _is_derived(fetch: Any) -> bool:
    return isinstance(getattr(fetch, "parts", None), list) and callable(getattr(fetch, "build", None))


def key_of(fetch: Any) -> Any:
    """A hashable picture of a fetch nest, in which tensors stand for their values."""
    kind = type(fetch)
    if kind is Tensor:
        return fetch._value
    if kind is list or kind is tuple:
        return (kind, *[key_of(item) for item in fetch])
    if isinstance(fetch, (Tensor, Dim)):
        return fetch._value
    if isinstance(fetch, dict):
        return (kind, *[(name, key_of(item)) for name, item in fetch.items()])
    if isinstance(fetch, (list, tuple)):
        return (kind, *[key_of(item) for item in fetch])
    if fetch is None or isinstance(fetch, (Operation, str)):
        return fetch
    if _is_derived(fetch):
        return (fetch, *[key_of(item) for item in fetch.parts])
    raise TypeError(f"a fetch is a tensor, an operation, a variable, a name, None or a nest of them, got {fetch!r}")


class Fetches:
    """A fetch nest taken apart: the values and operations in it, each once, and how to put it together."""

    def __init__(self, graph: Graph, nest: Any) -> None:
        self.graph = graph
        self.values: dict[Value, int] = {}
        self.operations: dict[Operation, None] = {}
        self.build = self._compile(nest)

    def _compile(self, nest: Any) -> Callable[[Sequence[Any]], Any]:
        """A function from the values' results to the nest of results."""
        if nest is None:
            return lambda results: None
        if isinstance(nest, dict):
            items = {name: self._compile(item) for name, item in nest.items()}
            return lambda results: _like(nest, {name: build(results) for name, build in items.items()})
        if isinstance(nest, (list, tuple)):
            parts = [self._compile(item) for item in nest]
            if isinstance(nest, tuple) and hasattr(nest, "_fields"):
                return lambda results: type(nest)(*[part(results) for part in parts])
            kind = tuple if isinstance(nest, tuple) else list
            return lambda results: kind([part(results) for part in parts])
        if _is_derived(nest):
            derived = self._compile(nest.parts)
            return lambda results: nest.build(derived(results))
        found = self._leaf(nest)
        if isinstance(found, Operation):
            self.operations.setdefault(found)
            return lambda results: None
        if found in self.values:  # computed once, and an array of its own for each place
            position = self.values[found]
            return lambda results: copy.copy(results[position])
        position = self.values[found] = len(self.values)
        return operator.itemgetter(position)

    def _leaf(self, leaf: Any) -> Value | Operation:
        if isinstance(leaf, (Tensor, Dim)):
            found: Value | Operation = leaf._value
        elif isinstance(leaf, str):
            try:
                found = self.graph.value_by_name(leaf) if ":" in leaf else self.graph.get_operation_by_name(leaf)
            except KeyError as error:
                raise ValueError(f"fetch {leaf!r}: {error.args[0]}") from None
        else:
            found = leaf
        graph = found.graph if isinstance(found, Operation) else found.op.graph
        if graph is not self.graph:
            raise ValueError(f"fetch {found.name} belongs to another graph than the session's")
        return found


def _like(nest: Any, items: dict[Any, Any]) -> Any:
    """The items in a mapping like the nest: a defaultdict keeps its factory, an OrderedDict its order."""
    if type(nest) is dict:
        return items
    like = copy.copy(nest)
    like.update(items)
    return like
