"""Where in a picture a tensor, an operation or a name of the user's is."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import torch

from ..autodiff.arguments import Question
from ..graph.operation import Operation, Role, Value
from ..ground.errors import ArgumentTypeError
from ..record.dims import Dim
from ..record.tensor import Tensor
from ..record.variable import Variable
from .calls import Calls, same
from .gradient_graph import Graph


class Places:
    """The nodes of a picture, by what the user calls them.

    Args:
        graph: what is drawn.
        asked: the question that it answers, if it is a gradient graph.
    """

    def __init__(self, graph: Graph, asked: Question | None) -> None:
        self.graph = graph
        self.asked = asked
        self.calls = None if asked is None else Calls(graph, asked)
        self._forward = {node["op"]: key for key, node in graph.nodes(data=True) if node["kind"] == "forward"}
        self._passed: dict[str, str] = {}
        for key, node in graph.nodes(data=True):
            if node["kind"] == "gradient":
                self._passed.setdefault(node["name"], key)
        self._drawn: dict[Operation, bool] = {}

    def of(self, what: str, item: Any) -> list[str]:
        """The keys of the nodes that an item stands for: one, except for a variable that is read more than once.

        Args:
            what: the argument's name, for messages.
            item: a tensor, variable, parameter or operation of the graph, the key of a node, or a tensor's name.

        Raises:
            TypeError: for anything else.
            ValueError: if it is not in the picture.
        """
        if isinstance(item, str):
            return self._of_name(what, item)
        if isinstance(item, Operation):
            found = list(self._of_operation(item))
        else:
            values = self.values(what, item)
            found = [key for value in values for key in self._of_value(value)]
        if not found:
            raise ValueError(self._missing(what, item if isinstance(item, Operation) else values[0]))
        return list(dict.fromkeys(found))

    def values(self, what: str, item: Any) -> tuple[Value, ...]:
        """The values that a tensor stands for: all reads of a variable."""
        if isinstance(item, Variable):
            return tuple(item.state.reads)
        if isinstance(item, (Tensor, Dim)):
            return (item._value,)
        if isinstance(item, torch.Tensor):
            for graph in dict.fromkeys(op.graph for op in self._forward):
                if id(item) in graph.parameters:
                    return tuple(graph.parameters[id(item)].reads)
            raise ValueError(f"{what}: a parameter of shape {list(item.shape)} is not in this picture")
        raise ArgumentTypeError(
            f"{what} takes tensors, operations and names of nodes, got {item!r:.60}, a {type(item).__name__}"
        )

    def _of_value(self, value: Value) -> Iterator[str]:
        if value.op.role is Role.GRADIENT and value.op not in self._forward:
            yield from self._of_gradient(value)
        elif value.op in self._forward:
            yield self._forward[value.op]

    def _of_gradient(self, value: Value) -> Iterator[str]:
        """A result of gradients(): one that the picture passes through, or one of the very call that it draws."""
        if value.name in self._passed:
            yield self._passed[value.name]
        elif self.calls is not None and self._is_drawn(value.op):
            group = value.op.payload.xs[value.index]
            if group in self.calls.results:
                yield self.calls.results[group]

    def _is_drawn(self, op: Operation) -> bool:
        """Whether a gradient operation asks what the picture answers."""
        if op not in self._drawn:
            self._drawn[op] = self.asked is not None and same(self.asked, [op]) is op
        return self._drawn[op]

    def _of_operation(self, op: Operation) -> Iterator[str]:
        if op in self._forward:
            yield self._forward[op]
        elif op.role is Role.GRADIENT:
            for value in op.values:
                yield from self._of_gradient(value)

    def _of_name(self, what: str, name: str) -> list[str]:
        if name in self.graph:
            return [name]
        stem, colon, index = name.rpartition(":")
        for key, node in self.graph.nodes(data=True):
            if node["kind"] == "forward" and colon and node["name"] == stem:
                if index.isdigit() and int(index) < len(node["outputs"]):
                    return [key]
        raise ValueError(self._missing(what, name))

    def _missing(self, what: str, item: Operation | Value | str) -> str:
        name = item if isinstance(item, str) else item.name
        near = difflib.get_close_matches(name, self.graph, 1, 0.0)
        hint = f"; the nearest node is {near[0]!r}" if near else ""
        return f"{what}: {name!r} is not in this picture{hint}"
