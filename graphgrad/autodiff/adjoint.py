"""The adjoint graph of a gradients() call: one vector-Jacobian product per op on its path.

A run never executes these nodes; `torch.autograd.grad` does the whole sweep. They exist to be asked: a
gradient of a gradient is connected to x exactly if these nodes connect them. They are built on first
need and are nodes like any other, so the k-th order needs nothing new.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..graph.operation import Operation, Role, Value
from ..ground.spec import IntSpec, Spec
from ..record import derivative
from ..record.derivative import NO_DERIVATIVE, Derivative
from ..record.functions import is_torch_own
from ..record.nested import Nested


class Cotangent:
    """A value of the adjoint graph: the gradient that one vector-Jacobian product gives to one read."""

    __slots__ = ("spec", "of")

    def __init__(self, spec: Spec | IntSpec, of: AnyValue) -> None:
        self.spec = spec
        self.of = of

    def __repr__(self) -> str:
        return f"d({self.of!r})"


AnyValue: TypeAlias = Value | Cotangent


@dataclass(eq=False, slots=True)
class Product:
    """The vector-Jacobian product of one node, a sum of cotangents, or a gradient handed out.

    Attributes:
        node: what it differentiates; None for sums and results.
        reads: the node's reads, the node's values, and a cotangent per differentiated value.
        op: the forward operation that it stems from, for messages and pictures.
    """

    node: Node | None
    reads: tuple[AnyValue, ...]
    values: tuple[AnyValue, ...]
    derivative: Derivative
    op: Operation


Node: TypeAlias = Operation | Product


@dataclass(slots=True)
class PathStep:
    """One node on the path: which of its values carry a gradient, and to which reads it goes on."""

    node: Node
    outputs: tuple[int, ...]
    inputs: tuple[int, ...]


@dataclass(eq=False)
class GradientCall:
    """What one gradients() call decided.

    Attributes:
        ys, seeds: the ys that a gradient starts from, and its start: a value, or None for ones.
        xs: per connected x the values that it stands for (a variable stands for all its reads).
        path: the nodes that a gradient passes, in topological order.
        batched: whether each seed is a stack of seeds; then so are the results.
        operations: the forward operations on the path.
        through: the gradient operations whose adjoint nodes are on the path.
    """

    ys: tuple[Value, ...]
    seeds: tuple[Value | None, ...]
    xs: tuple[tuple[Value, ...], ...]
    stops: frozenset[Value]
    path: list[PathStep]
    aggregation: str
    gated: bool
    colocated: bool
    batched: bool = False
    operations: frozenset[Operation] = frozenset()
    through: frozenset[Operation] = frozenset()
    adjoint: list[Product] | None = None
    owner: Operation | None = None
    origin: dict[int, Operation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.operations = frozenset([step.node for step in self.path if type(step.node) is Operation])
        if len(self.operations) != len(self.path):
            self.through = frozenset(_owners(self.path))

    @functools.cached_property
    def made_by_torch(self) -> bool:
        """Whether torch makes all results; it may hand a seed through, and a user's backward anything."""
        return (
            all(seed is None for seed in self.seeds)
            and all(is_torch_own(op.target) for op in self.operations)
            and all(inner.payload.made_by_torch for inner in self.through)
        )


def _owners(path: list[PathStep]) -> list[Operation]:
    return [step.node.values[0].op for step in path if _is_result(step.node)]  # type: ignore[union-attr]


def _is_result(node: Node) -> bool:
    return type(node) is Product and isinstance(node.values[0], Value)


# What is connected through branches and loops is found by asking their bodies, on top of this module.
nested: list[Callable[[Nested], Derivative]] = []


def derivative_of(node: Node) -> Derivative:
    """What autograd says of a node."""
    if type(node) is Product:
        return node.derivative
    assert isinstance(node, Operation)
    if node.role is not Role.CALL or node.signature is None:
        return NO_DERIVATIVE
    found: Derivative | None = node.signature.derivative
    if found is not None:
        return found
    if type(node.signature) is Nested:
        found = nested[0](node.signature) if node.signature.modes.grad else NO_DERIVATIVE
        node.signature.derivative = found
        return found
    return derivative.of(node.signature)


def adjoint(op: Operation) -> list[Product]:
    """The adjoint nodes of a gradient operation, in topological order; the last ones give its outputs."""
    call: GradientCall = op.payload
    if call.adjoint is None:
        call.adjoint = expand(call, op.values)
    return call.adjoint


def expand(call: GradientCall, results: Sequence[AnyValue]) -> list[Product]:
    """The adjoint nodes of a call, in topological order; the last ones give `results`, one per connected x."""
    nodes: list[Product] = []
    terms: dict[AnyValue, list[AnyValue]] = {}

    def total(value: AnyValue, by: Operation) -> AnyValue:
        found = terms[value]
        if len(found) == 1:
            return found[0]
        result = Cotangent(value.spec, value)
        nodes.append(Product(None, tuple(found), (result,), derivative.of_sum(len(found), value.spec.dtype), by))
        terms[value] = [result]
        return result

    for y, seed in zip(call.ys, call.seeds, strict=True):
        terms.setdefault(y, []).append(Cotangent(y.spec, y) if seed is None else seed)
    for step in reversed(call.path):
        node = step.node
        by = node if isinstance(node, Operation) else node.op
        seeds = [total(node.values[k], by) for k in step.outputs]
        given = tuple([Cotangent(node.reads[i].spec, node.reads[i]) for i in step.inputs])
        product = derivative_of(node).product(step.outputs, step.inputs)
        nodes.append(Product(node, (*node.reads, *node.values, *seeds), given, product, by))
        for i, cotangent in zip(step.inputs, given, strict=True):
            terms.setdefault(node.reads[i], []).append(cotangent)
    ends = [[total(x, x.op) for x in group if x in terms] for group in call.xs]
    for group, value, parts in zip(call.xs, results, ends, strict=True):
        handed = derivative.of_sum(len(parts), value.spec.dtype)
        nodes.append(Product(None, tuple(parts), (value,), handed, group[0].op))
    return nodes
