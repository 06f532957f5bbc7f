"""A stretch: kernels between two eager ones, as a function of its own."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Graph, GraphModule, Node, Proxy
from torch.fx.node import map_aggregate

from ...graph.operation import Operation
from ..failure import failure
from .made import Sized
from .wording import evaluated


@dataclass(slots=True, eq=False)
class Stretch:
    """Kernels between two eager ones, as a function of its own.

    Attributes:
        nodes: its kernels, in order.
        inputs: the nodes outside that it reads or writes to.
        outputs: those of its nodes that are read outside.
        ops: kernel -> the operation on whose line it ran.
        sizes: name -> what it was when it was traced: the sizes that it is given before its inputs.
    """

    nodes: list[Node]
    inputs: list[Node]
    outputs: list[Node]
    ops: dict[Node, Operation | None]
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def kernels(self) -> int:
        return len(computing(self.nodes))

    def module(self) -> GraphModule:
        """The stretch as torch.fx gives it to a compiler."""
        graph = Graph()
        sizes = {name: Proxy(graph.placeholder(name)) for name in self.sizes}
        expressions: dict[str, Any] = {}

        def sized(text: str) -> Any:
            if text not in expressions:
                expressions[text] = evaluated(text, sizes, symbolic=True).node
            return expressions[text]

        found: dict[Node, Any] = {}
        for place, node in enumerate(self.inputs):
            found[node] = graph.placeholder(f"input_{place}")
        for node in self.nodes:
            args, kwargs = _given((node.args, node.kwargs), found, sized)
            found[node] = graph.call_function(_target(node), args, kwargs)
        for node, copy in found.items():
            copy.meta["made"] = node.meta.get("made")
        graph.output(tuple(found[node] for node in self.outputs))
        return GraphModule({}, graph)

    def text(self, name: str) -> str:
        """Its kernels as a function of that name, as torch.fx writes them."""
        code = self.module().graph.python_code("self").src
        return re.sub(r"def forward\(self(, )?", f"def {name}(", code.strip(), count=1) + "\n"

    def eager(self, *given: Any) -> list[torch.Tensor]:
        """What it computes, kernel by kernel.

        Args:
            given: its sizes, then its inputs.

        Raises:
            OpError: with the operation whose kernel fails.
        """
        sizes = dict(zip(self.sizes, given, strict=False))
        found: dict[Node, Any] = dict(zip(self.inputs, given[len(sizes) :], strict=True))
        for node in self.nodes:
            args, kwargs = _given((node.args, node.kwargs), found, lambda text: evaluated(text, sizes))
            try:
                found[node] = _target(node)(*args, **kwargs)
            except Exception as error:
                raise failure(error, self.ops.get(node)) from error
        return [found[node] for node in self.outputs]


def _given(nest: Any, found: Mapping[Node, Any], sized: Callable[[str], Any]) -> Any:
    """Arguments with what is found for nodes and for numbers that depend on sizes."""

    def one(each: Any) -> Any:
        if isinstance(each, Node):
            return found[each]
        return sized(each.text) if isinstance(each, Sized) else each

    return map_aggregate(nest, one)


def _target(node: Node) -> Callable[..., Any]:
    assert callable(node.target)
    return node.target


def computing(nodes: Sequence[Node]) -> list[Node]:
    """Those of the nodes that compute: neither parts of several results nor views."""
    return [node for node in nodes if node.target is not operator.getitem and not is_view(node)]


def is_view(node: Node) -> bool:
    """Whether a node shows memory of another in another way."""
    schema = getattr(node.target, "_schema", None)
    return schema is not None and not schema.is_mutable and any(each.alias_info is not None for each in schema.returns)
