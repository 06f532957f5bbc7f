"""Which outputs of an op carry a gradient to which of its reads, at every order, by asking autograd.

A `Derivative` stands for a callable: an op, or the vector-Jacobian product of another Derivative. It
is asked once per signature. The k-th product of an op reads what the op reads, what the op gives, and
its cotangents, as separate values; so "exp's derivative reads its output" is an answer, not a table.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from ..ground.spec import IntSpec
from .identity import gate, own
from .infer import Leaf, Signature, leaves
from .infer import trial as trial_calls
from .probe import elements

# What a trial raises where torch has no derivative, or cannot tell with the data that it is given.
TRIAL_ERRORS = (NotImplementedError, RuntimeError, IndexError, ValueError)

# With so few elements in all that it reads, a familiar call is tried on real numbers at once.
_TINY = 2**14


@dataclass
class Trial:
    """One trial execution: the callable's inputs and outputs on autograd's tape.

    `lacking` holds the inputs that torch can't differentiate with respect to, and why.
    `shut` holds those inputs that are outputs of a callable further down; while a derivative with
    respect to all inputs is taken, no gradient may pass through them.
    """

    inputs: list[torch.Tensor | None]
    outputs: list[torch.Tensor | None]
    lacking: dict[int, str] = field(default_factory=dict)
    shut: set[int] = field(default_factory=set)
    gated: set[int] = field(default_factory=set)

    def grad(
        self,
        outputs: Sequence[torch.Tensor],
        wrt: Sequence[torch.Tensor],
        seeds: Sequence[torch.Tensor] | None,
        create: bool,
    ) -> tuple[torch.Tensor | None, ...]:
        """`torch.autograd.grad` in which the inputs count as independent of one another."""
        closed = {id(tensor) for tensor in self.inputs if tensor is not None and tensor.grad_fn is not None}
        self.shut.clear()
        self.shut.update(closed)
        for tensor in self.inputs:
            if tensor is not None and tensor.grad_fn is not None and id(tensor) not in self.gated:
                self.gated.add(id(tensor))
                gate(tensor, partial(self.shut.__contains__, id(tensor)))
        return torch.autograd.grad(outputs, wrt, seeds, allow_unused=True, retain_graph=True, create_graph=create)


class Derivative:
    """What autograd says of a callable.

    Attributes:
        connects: per output, the positions of the inputs that a gradient reaches from it.
        missing: (output, input) -> why torch has no gradient there although one would be needed.
    """

    def __init__(
        self,
        attempts: Sequence[Callable[[], Trial]],
        inputs: int,
        outputs: int,
        union: bool = False,
        connects: list[tuple[int, ...]] | None = None,
    ) -> None:
        self._union = union  # what is connected depends on data: in any attempt counts
        self._attempts = attempts
        self._inputs = inputs
        self._outputs = outputs
        self._products: dict[tuple[tuple[int, ...], tuple[int, ...]], Derivative] = {}
        self.connects: list[tuple[int, ...]] = []
        self.missing: dict[tuple[int, int], str] = {}
        if connects is not None:  # known without a trial
            self.connects = connects
            return
        with trial_calls():
            self.connects, self.missing = self._ask(attempts[0])
            for attempt in attempts[1:]:
                if self.missing or union:
                    self._fill(*self._ask(attempt), union)

    def _ask(self, attempt: Callable[[], Trial]) -> tuple[list[tuple[int, ...]], dict[tuple[int, int], str]]:
        """What one way of trying says is connected, and what torch lacks."""
        try:
            trial = attempt()
        except TRIAL_ERRORS as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            everything = [tuple(range(self._inputs))] * self._outputs
            return everything, {(k, i): reason for k in range(self._outputs) for i in range(self._inputs)}
        connects: list[tuple[int, ...]] = []
        missing: dict[tuple[int, int], str] = {}
        wrt = [position for position, tensor in enumerate(trial.inputs) if tensor is not None]
        for k, output in enumerate(trial.outputs):
            connected = set(self._reach(k, trial, output, wrt, missing))
            for position, reason in trial.lacking.items():
                connected.add(position)
                missing[k, position] = reason
            connects.append(tuple(sorted(connected)))
        return connects, missing

    def _fill(self, connects: list[tuple[int, ...]], missing: dict[tuple[int, int], str], union: bool) -> None:
        """Take over another way's answers where there was none, or add them."""
        for k in range(self._outputs if union else 0):
            told = {i for i in connects[k] if (k, i) not in missing}
            self.connects[k] = tuple(sorted(told.union(self.connects[k])))
        for k, i in [pair for pair in self.missing if pair not in missing]:
            del self.missing[k, i]
            if i not in connects[k]:
                self.connects[k] = tuple(position for position in self.connects[k] if position != i)

    def _reach(
        self, k: int, trial: Trial, output: torch.Tensor | None, wrt: list[int], missing: dict[tuple[int, int], str]
    ) -> list[int]:
        """The inputs that a gradient reaches; one by one where torch refuses to answer for all at once."""
        if output is None or not output.requires_grad or not wrt:
            return []
        inputs = [trial.inputs[position] for position in wrt]
        try:
            found = trial.grad(*_seeded(output, inputs), create=False)
        except TRIAL_ERRORS as error:
            if len(wrt) > 1:
                return [position for each in wrt for position in self._reach(k, trial, output, [each], missing)]
            missing[k, wrt[0]] = (str(error).splitlines() or [type(error).__name__])[0]
            return wrt
        return [position for position, gradient in zip(wrt, found, strict=True) if gradient is not None]

    def of(self, output: int) -> tuple[int, ...]:
        """The positions of the inputs that a gradient reaches from this output."""
        return self.connects[output]

    def lacks(self, output: int, inputs: Sequence[int]) -> str:
        """Why torch has no derivative of this output with respect to one of these inputs, or ''."""
        if not self.missing:
            return ""
        return next((self.missing[output, i] for i in inputs if (output, i) in self.missing), "")

    def product(self, outputs: tuple[int, ...], inputs: tuple[int, ...]) -> Derivative:
        """The Derivative of this callable's vector-Jacobian product.

        Args:
            outputs: the outputs that have a cotangent.
            inputs: the inputs whose cotangent is asked for; these are the product's outputs.

        Its inputs are those of this callable, then this callable's outputs, then the cotangents.
        """
        key = (outputs, inputs)
        found = self._products.get(key)
        if found is None:
            width = self._inputs + self._outputs + len(outputs)
            attempts = [partial(_try_product, attempt, outputs, inputs) for attempt in self._attempts]
            found = self._products[key] = Derivative(attempts, width, len(inputs), self._union)
        return found


def _seeded(output: torch.Tensor, inputs: list[Any]) -> tuple[list[torch.Tensor], list[Any], list[torch.Tensor] | None]:
    """What to differentiate, with respect to what, from which seed, so that all of an output's elements count."""
    if output.is_complex() or output.layout is not torch.strided:
        return [output], inputs, [torch.ones_like(output)]
    with torch.enable_grad():
        return [output.sum()], inputs, None  # comparing a seed's shape, torch imports sympy


def _try_product(attempt: Callable[[], Trial], outputs: tuple[int, ...], inputs: tuple[int, ...]) -> Trial:
    trial = attempt()
    given = [trial.outputs[k] for k in outputs]
    seeds = [torch.empty_like(tensor).requires_grad_() for tensor in given if tensor is not None]
    wrt = [trial.inputs[i] for i in inputs]
    with torch.enable_grad():
        found = trial.grad(given, wrt, seeds, create=True)  # type: ignore[arg-type]
    # an output that needs no gradient is a constant: no further derivative can depend on it
    live = [tensor if tensor is not None and tensor.requires_grad else None for tensor in trial.outputs]
    everything: list[torch.Tensor | None] = [*trial.inputs, *live, *seeds]
    results: list[torch.Tensor | None] = []
    for gradient in found:
        known = [tensor for tensor in (*everything, *results) if tensor is not None]
        results.append(None if gradient is None else own(gradient, *known))
    return Trial(everything, results, {}, trial.shut, trial.gated)


def _signature_trial(signature: Signature, device: str, data: int) -> Trial:
    """The call on tensors that require a gradient, as far as torch allows them to."""
    attempt = partial(_try_call, signature, device, data)
    wrt = [position for position, read in enumerate(signature.reads) if read.differentiable]
    try:
        return attempt(wrt)
    except TRIAL_ERRORS:
        if len(wrt) < 2:
            raise
    lacking: dict[int, str] = {}
    for position in wrt:
        try:
            attempt([position])
        except TRIAL_ERRORS as error:
            lacking[position] = (str(error).splitlines() or [type(error).__name__])[0]
    trial = attempt([position for position in wrt if position not in lacking])
    trial.lacking = lacking
    return trial


def _try_call(signature: Signature, device: str, data: int, wrt: Sequence[int]) -> Trial:
    with torch.enable_grad(), _modes(signature, device):
        tensors = signature.tensors(*signature.probe, data, device)
        inputs: list[torch.Tensor | None] = []
        for position, tensor in enumerate(tensors):
            inputs.append(tensor.requires_grad_() if position in wrt else None)
        result = signature.invoke(tensors, device)
        outputs: list[torch.Tensor | None] = []
        for leaf, place in zip(leaves(result), leaves(signature.structure), strict=True):
            if not isinstance(place, Leaf):
                continue
            known = [tensor for tensor in (*tensors, *outputs) if isinstance(tensor, torch.Tensor)]
            outputs.append(own(leaf, *known) if _carries(leaf) else None)
    return Trial(inputs, outputs)


def _attempts(signature: Signature) -> list[Callable[[], Trial]]:
    """The ways to try a call: as it was inferred, then, where torch has no meta kernel, with small real tensors."""
    ways = [(signature.device, 3)] + [("cpu", data) for data in (3, 1, 2) if signature.small]
    if signature.familiar and elements(signature.reads) <= _TINY:
        ways = [("cpu", 3), *ways]  # torch's kernels for tensors without memory take a second to import
    return [partial(_signature_trial, signature, device, data) for device, data in dict.fromkeys(ways)]


def _carries(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and (leaf.is_floating_point() or leaf.is_complex())


@contextlib.contextmanager
def _modes(signature: Signature, device: str) -> Any:
    outer = torch.get_default_dtype()
    torch.set_default_dtype(signature.modes.default_dtype)
    try:
        if device == "cpu":
            with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they would be about made-up numbers
                yield
        else:
            yield
    finally:
        torch.set_default_dtype(outer)


def of(signature: Signature) -> Derivative:
    """The Derivative of a recorded call; memoised on its signature."""
    found: Derivative | None = signature.derivative
    if found is None:
        cut = signature.no_derivative or not signature.modes.grad
        if cut or not any(read.differentiable and not isinstance(read, IntSpec) for read in signature.reads):
            found = NO_DERIVATIVE
        else:
            found = Derivative(
                _attempts(signature),
                len(signature.reads),
                len(signature.specs),
                signature.device == "cpu" and not signature.modes.autocast,
                _all_that_may(signature) if signature.smooth else None,
            )
        signature.derivative = found
    return found


def _all_that_may(signature: Signature) -> list[tuple[int, ...]]:
    """Per output, what it is connected to if a gradient gets everywhere."""
    reads = tuple(position for position, read in enumerate(signature.reads) if read.differentiable)
    return [reads if spec.differentiable else () for spec in signature.specs]


class _Nothing(Derivative):
    """The derivative of an op through which nothing flows, however many outputs it has."""

    def __init__(self) -> None:
        self.connects = _NoConnection()
        self.missing = {}


class _NoConnection(list[tuple[int, ...]]):
    def __getitem__(self, output: Any) -> Any:
        return ()


NO_DERIVATIVE = _Nothing()

_sums: dict[tuple[int, torch.dtype], Derivative] = {}


def of_sum(terms: int, dtype: torch.dtype) -> Derivative:
    """The Derivative of a sum of equal-shaped terms, which autograd forms where a tensor is read often."""

    def attempt() -> Trial:
        with torch.enable_grad():
            inputs: list[torch.Tensor | None] = [
                torch.empty(2, dtype=dtype, device="meta", requires_grad=True) for _ in range(terms)
            ]
            total = inputs[0]
            for term in inputs[1:]:
                total = total + term  # type: ignore[operator]
        return Trial(inputs, [total])

    key = (terms, dtype)
    if key not in _sums:
        _sums[key] = Derivative([attempt], terms, 1)
    return _sums[key]
