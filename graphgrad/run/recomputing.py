"""Stretches of a program that are functions of their own, called once more on the way back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks


class _Enough(BaseException):
    """Everything that the way back needs has been computed."""


class Again:
    """A function that was called on the tape; what autograd would have kept of it is computed when it is asked for.

    Attributes:
        draws: the states of the random generators at each of its draws, in order.
    """

    def __init__(self, call: Callable[..., Any], inputs: Sequence[Any], replaying: Callable[[Again], Any]) -> None:
        self._call = call
        self._inputs = [each.detach().requires_grad_(each.requires_grad) if isinstance(each, torch.Tensor) else each
                        for each in inputs]  # fmt: skip
        self._replaying = replaying
        self._grad = torch.is_grad_enabled()
        self._saved = 0
        self._values: dict[int, torch.Tensor] = {}
        self.draws: list[list[torch.Tensor]] = []

    def pack(self, tensor: torch.Tensor) -> int:
        """In the place of a tensor, its number."""
        self._saved += 1
        return self._saved - 1

    def unpack(self, number: int) -> torch.Tensor:
        """The tensor of a number. Each is asked for once in a sweep."""
        if number not in self._values:
            self._compute()
        return self._values.pop(number)

    def _compute(self) -> None:
        count = 0

        def keep(tensor: torch.Tensor) -> None:  # the second tape, which nobody walks, holds nothing
            nonlocal count
            self._values[count] = tensor.detach()
            count += 1
            if count == self._saved:
                raise _Enough

        grad = torch.is_grad_enabled()
        torch._C._set_grad_enabled(self._grad)
        try:
            with self._replaying(self), saved_tensors_hooks(keep, _nothing):
                self._call(*self._inputs)
        except _Enough:
            pass
        finally:
            torch._C._set_grad_enabled(grad)


def _nothing(_: None) -> torch.Tensor:
    raise AssertionError("the tape of a second call is not walked")


def generators() -> list[torch.Generator]:
    """Those that kernels draw from."""
    found = [torch.default_generator]
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        found += torch.cuda.default_generators
    return found


@contextlib.contextmanager
def drawing_as(states: Sequence[torch.Tensor]) -> Iterator[None]:
    """A block that draws as from these states, and leaves the generators as they were."""
    found = generators()
    before = [each.get_state() for each in found]
    try:
        for generator, state in zip(found, states, strict=True):
            generator.set_state(state)
        yield
    finally:
        for generator, state in zip(found, before, strict=True):
            generator.set_state(state)
