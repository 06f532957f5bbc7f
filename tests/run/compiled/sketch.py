"""Flat graphs that are written by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from graphgrad.run.compiled.flat import Flat, Made


class Sketch:
    """A flat graph that is being written; nodes know the tensors of a run on ones."""

    def __init__(self) -> None:
        self.flat = Flat()
        self.values: dict[Node, Any] = {}

    def given(self, *shape: int) -> Node:
        return self._note(self.flat.graph.placeholder("x"), torch.ones(shape))

    def call(self, target: Any, *args: Any, **kwargs: Any) -> Node:
        numbers = torch.fx.map_arg(args, self.values.__getitem__)
        return self._note(self.flat.graph.call_function(target, args, kwargs), target(*numbers, **kwargs))

    def returning(self, *nodes: Node) -> Flat:
        self.flat.graph.output(list(nodes))
        return self.flat

    def _note(self, node: Node, value: Any) -> Node:
        self.values[node] = value
        node.meta["made"] = Made.of(value)
        return node
