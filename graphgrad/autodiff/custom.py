"""What is connected through operations with a rule of the user's, and through Python functions."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..graph.operation import Value, handle_of
from ..ground.spec import Spec
from ..record.custom import Prevented, PythonFunction, Ruled
from ..record.derivative import NO_DERIVATIVE, Derivative
from ..record.nested import Nested
from ..record.record import record
from .nested import KNOWN, NestedDerivative, Way, apart, argument, start, written_out


class RuleDerivative(Derivative):
    """Each result connects to the arguments that the rule gives a gradient; the products are what the rule records."""

    def __init__(self, signature: Nested) -> None:
        self._flow: Ruled = signature.target
        self._reads = signature.reads
        self._products = {}
        self.missing = {}
        first = self._flow.results
        given = [
            first + n for n, place in enumerate(self._flow.given)
            if place is not None and _differentiable(self._reads[first + n])
        ]  # fmt: skip
        self.connects = [tuple(given) if k in self._flow.seeded else () for k in range(first)]

    def product(self, outputs: tuple[int, ...], inputs: tuple[int, ...]) -> Derivative:
        key = (outputs, inputs)
        found = self._products.get(key)
        if found is None:
            way = self._way(outputs, inputs)
            found = self._products[key] = NestedDerivative([way], len(way.inputs), len(inputs))
        return found

    def _way(self, outputs: tuple[int, ...], inputs: tuple[int, ...]) -> Way:
        flow = self._flow
        graph, reads = start(self._reads)
        results = [argument(graph, value) for value in reads[: flow.results]]
        seeds = {k: argument(graph, results[k]) for k in outputs}
        with graph.as_default():
            every = [
                seeds[k] if k in seeds else record(torch.zeros_like, (handle_of(results[k]),), {})._value
                for k in flow.seeded
            ]
        known = [*reads, *results]
        found = apart(graph, written_out(graph, flow.rule, [*every, *(known[place] for place in flow.places[0])]))
        given: list[Value | None] = []
        for i in inputs:
            place = flow.given[i - flow.results]
            given.append(None if place is None else found[place])
        return Way(graph, [*reads, *results, *(seeds[k] for k in outputs)], given)


class AnyDerivative(Derivative):
    """That of a function which nobody can look into: every result may depend on every input, at every order."""

    def __init__(self, inputs: Sequence[bool], outputs: Sequence[bool]) -> None:
        self._width = (*inputs, *outputs)
        self.missing = {}
        everything = tuple(i for i, differentiable in enumerate(inputs) if differentiable)
        self.connects = [everything if differentiable else () for differentiable in outputs]

    def product(self, outputs: tuple[int, ...], inputs: tuple[int, ...]) -> Derivative:
        return AnyDerivative((*self._width, *[True] * len(outputs)), [True] * len(inputs))


def _differentiable(spec: object) -> bool:
    return isinstance(spec, Spec) and spec.differentiable


def _of_python(signature: Nested) -> Derivative:
    flow: PythonFunction = signature.target
    if not flow.tensors or not flow.grad:
        return NO_DERIVATIVE
    return AnyDerivative([_differentiable(s) for s in signature.reads], [_differentiable(s) for s in signature.specs])


def _of_prevented(signature: Nested) -> Derivative:
    found = AnyDerivative((), ())
    found.connects = [(k,) if _differentiable(spec) else () for k, spec in enumerate(signature.reads)]
    reason = signature.target.message or "gradients through it were ruled out"
    found.missing = {(k, k): reason for k, reached in enumerate(found.connects) if reached}
    return found


KNOWN[Ruled] = RuleDerivative
KNOWN[PythonFunction] = _of_python
KNOWN[Prevented] = _of_prevented
