"""Branches and loops as one kernel each: which of theirs run, and how often, only a run with data knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import torch

from ..autodiff.adjoint import derivative_of
from ..graph.operation import Operation
from ..ground.spec import IntSpec, Spec
from ..record.derivative import Derivative

T = TypeVar("T")
Maker = Callable[[], Any]


class Notes(Protocol):
    """Who is told of kernels.

    Attributes:
        silent: whether what runs now is not to be noted: it is inside a kernel.
    """

    silent: bool

    def look(self) -> None: ...

    def kernel(self, name: str, reads: Any, gives: Any) -> None: ...


class Whole:
    """Stands in for the branches or the loop of an operation while a program runs without data.

    It gives empty tensors of the shapes that are known, and is on autograd's tape with what it is connected to.

    Args:
        op: the operation.
        world: which sizes unknown ones have.
        notes: told of each call, and of each call of its derivative, of whatever order.
    """

    def __init__(self, op: Operation, world: int, notes: Notes) -> None:
        self._op = op
        self._world = world
        self._notes = notes

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        self._notes.look()
        device = next((each.device for each in given if isinstance(each, torch.Tensor) and each.dim()), None)
        makers = [_maker(value.spec, self._world, device) for value in self._op.values]
        found: tuple[Any, ...] = _Step.apply(  # type: ignore[no-untyped-call]
            self._notes, self._op.type, _in_peace(derivative_of, self._op), makers, *given
        )
        return found


def _in_peace(function: Callable[..., T], *arguments: Any) -> T:
    """What a function returns on a thread of its own, where nothing is noted and tensors have memory."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def _maker(spec: Spec | IntSpec, world: int, device: torch.device | None) -> Maker:
    """What makes a value of a spec, without numbers in it."""
    if isinstance(spec, IntSpec):
        return lambda: spec.worlds[world]
    return lambda: torch.empty(spec.in_world(world), dtype=spec.dtype, device=device)


class _Step(torch.autograd.Function):
    """A kernel of unknown insides; its derivative is another one."""

    @staticmethod
    def forward(
        ctx: Any, notes: Notes, name: str, derivative: Derivative, makers: Sequence[Maker], *given: Any
    ) -> tuple[Any, ...]:
        notes.silent = True
        try:
            gives = tuple([make() for make in makers])
        finally:
            notes.silent = False
        taped = [isinstance(each, torch.Tensor) and each.requires_grad for each in given]
        dead = [each for k, each in enumerate(gives) if not any(taped[i] for i in derivative.connects[k])]
        ctx.mark_non_differentiable(*[each for each in dead if isinstance(each, torch.Tensor)])
        ctx.set_materialize_grads(False)
        ctx.notes, ctx.name, ctx.derivative, ctx.given, ctx.gives = notes, name, derivative, given, gives
        notes.kernel(name, given, gives)
        return gives

    @staticmethod
    def backward(ctx: Any, *arrived: torch.Tensor | None) -> tuple[torch.Tensor | None, ...]:
        outputs = tuple([k for k, each in enumerate(arrived) if each is not None])
        reached = sorted({i for k in outputs for i in ctx.derivative.connects[k]})
        inputs = tuple([i for i in reached if ctx.needs_input_grad[4 + i]])
        found: list[torch.Tensor | None] = [None] * len(ctx.given)
        if inputs:
            product = _in_peace(ctx.derivative.product, outputs, inputs)
            makers = [lambda like=ctx.given[i]: torch.empty_like(like) for i in inputs]
            reads = (*ctx.given, *ctx.gives, *[each for each in arrived if each is not None])
            results = _Step.apply(ctx.notes, _derivative(ctx.name), product, makers, *reads)  # type: ignore[no-untyped-call]
            for i, result in zip(inputs, results, strict=True):
                found[i] = result
        return (None, None, None, None, *found)


def _derivative(name: str) -> str:
    """What the kernel is called that differentiates one: the same for a derivative's derivative, as `∂ Cond`."""
    return f"∂ {name.removeprefix('∂ ')}"
