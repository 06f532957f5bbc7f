"""Operations with a rule of the user's, and Python functions as operations: what they do in a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from .flow import Flow, device_of, on_tape
from .nested import Body
from .probe import memory_of


@dataclass(eq=False)
class Ruled(Flow):
    """Tensors as they are, with a rule for their gradient in the place of the one that torch would follow.

    It reads the results, the arguments that the rule gives gradients for, and what else the rule reads. `places`
    counts these and then, behind them, what it gives: a rule for an operation reads the operation's own outputs.

    Attributes:
        results: how many results there are; they come first.
        arguments: how many arguments follow.
        seeded: the positions of the results that have a cotangent.
        given: per argument the position of its gradient among the rule's outputs, None where it has none.
        rule: cotangents in, gradients out.
        itself: whether the rule reads what the operation gives; then that has memory of its own.
    """

    results: int
    arguments: int
    seeded: tuple[int, ...]
    given: tuple[int | None, ...]
    rule: Body
    itself: bool = False

    __name__ = "custom_gradient"

    def parts(self, taped: bool) -> list[tuple[str, Body, bool]]:
        return [("gradient", self.rule, False)]

    def __call__(self, *reads: Any) -> tuple[Any, ...]:
        if on_tape(reads):
            found: tuple[Any, ...] = _Rule.apply(self, *reads)  # type: ignore[no-untyped-call]
            return found
        results = reads[: self.results]
        return tuple([each.clone() for each in results]) if self.itself else results


class _Rule(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, flow: Ruled, *reads: Any) -> Any:
        ctx.flow = flow
        results = reads[: flow.results]
        outputs = tuple([each.clone() if flow.itself else each.view_as(each) for each in results])
        used = [(*reads, *outputs)[place] for place in flow.places[0]]
        ctx.save_for_backward(*[each for each in used if isinstance(each, torch.Tensor)])
        ctx.sizes = [None if isinstance(each, torch.Tensor) else each for each in used]
        ctx.mark_non_differentiable(*[each for n, each in enumerate(outputs) if n not in flow.seeded])
        ctx.seed = int(torch.randint(2**62, ())) if flow.rule.random else None
        return outputs

    @staticmethod
    def backward(ctx: Any, *seeds: Any) -> Any:
        flow: Ruled = ctx.flow
        saved = iter(ctx.saved_tensors)
        used = [next(saved) if size is None else size for size in ctx.sizes]
        given = [seeds[n] for n in flow.seeded]
        with _seeded(ctx.seed):
            found = flow.rule.program(torch.is_grad_enabled(), device_of(given))(*given, *used)
        taken = {memory_of(each) for each in used}  # a gradient that is a variable's own memory would change with it
        gradients = [None if place is None else _apart(found[place], taken) for place in flow.given]
        others = len(ctx.needs_input_grad) - 1 - flow.results - len(gradients)
        return (None, *[None] * flow.results, *gradients, *[None] * others)


def _apart(tensor: torch.Tensor, taken: set[Any]) -> torch.Tensor:
    return tensor.clone() if memory_of(tensor) in taken else tensor


@contextlib.contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """A block that draws from streams of this seed and leaves torch's own as they are."""
    if seed is None:
        yield
        return
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


@dataclass(eq=False)
class Called(Flow):
    """A body called once; `again` computes it once more on the way back, instead of keeping what it computed."""

    body: Body
    again: bool = False

    __name__ = "function"

    def parts(self, taped: bool) -> list[tuple[str, Body, bool]]:
        return [("body", self.body, taped)]

    def __call__(self, *given: Any, device: str | None = None) -> tuple[Any, ...]:
        taped = on_tape(given)
        program = self.body.program(taped, device or device_of(given))
        arguments = [given[place] for place in self.places[0]]
        if taped and self.again:
            found = checkpoint(program, *arguments, use_reentrant=False)
        else:
            found = program(*arguments)
        return self._end(found, given, taped)


@dataclass(eq=False)
class PythonFunction(Flow):
    """A Python function on numpy arrays, or on torch tensors through which autograd sees.

    Attributes:
        function: what is called.
        dtypes: those of its results.
        tensors: whether it takes and gives torch tensors.
        grad: whether gradients were on when it was recorded.
    """

    function: Callable[..., Any]
    dtypes: tuple[torch.dtype, ...]
    tensors: bool
    grad: bool = True

    __name__ = "py_func"

    def parts(self, taped: bool) -> list[tuple[str, Body, bool]]:
        return []

    def __call__(self, *given: Any, device: str | None = None) -> tuple[Any, ...]:
        place = device or device_of(given)
        return self._on_tensors(given, place) if self.tensors else self._on_arrays(given, place)

    def _on_arrays(self, given: Sequence[Any], place: str) -> tuple[Any, ...]:
        arrays = [each.detach().cpu().numpy().copy() if isinstance(each, torch.Tensor) else each for each in given]
        results = self._counted(self.function(*arrays))
        return tuple([self._from_array(n, result).to(place) for n, result in enumerate(results)])

    def _on_tensors(self, given: Sequence[Any], place: str) -> tuple[Any, ...]:
        taped = self.grad and on_tape(given)
        handed = [_Handed.apply(each) if taped and isinstance(each, torch.Tensor) else each  # type: ignore[no-untyped-call]
                  for each in given]  # fmt: skip
        versions = [each._version for each in given if isinstance(each, torch.Tensor)]
        with torch.set_grad_enabled(self.grad):
            results = self._counted(self.function(*handed))
        if versions != [each._version for each in given if isinstance(each, torch.Tensor)]:
            raise ValueError(f"{self._name} changes its argument in place: other operations read the same tensor")
        tensors = [self._tensor(n, result).to(place) for n, result in enumerate(results)]
        return self._end(tensors if taped else [each.detach() for each in tensors], given, taped)

    @property
    def _name(self) -> str:
        return getattr(self.function, "__name__", "the function")

    def _counted(self, found: Any) -> Sequence[Any]:
        results = list(found) if isinstance(found, (list, tuple)) else [] if found is None else [found]
        if len(results) != len(self.dtypes):
            raise ValueError(f"{self._name} returned {len(results)} values, Tout has {len(self.dtypes)}")
        return results

    def _from_array(self, number: int, result: Any) -> torch.Tensor:
        """One result in memory of its own, of the dtype that was promised."""
        array = np.array(result, order="C")
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{self._name} returned {result!r} as result {number}: tensors hold numbers")
        return self._of_dtype(number, torch.from_numpy(array))

    def _tensor(self, number: int, result: Any) -> torch.Tensor:
        if isinstance(result, torch.Tensor):
            return self._of_dtype(number, result)
        return torch.as_tensor(result, dtype=self.dtypes[number])

    def _of_dtype(self, number: int, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dtype is not self.dtypes[number]:
            raise TypeError(f"{self._name} returned {tensor.dtype} as result {number}, Tout says {self.dtypes[number]}")
        return tensor


class _Handed(torch.autograd.Function):
    """A tensor for the user's code, whose gradient is copied: a user's backward may return any tensor."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        return gradient.clone()


@dataclass(eq=False)
class Prevented(Flow):
    """Tensors as they are; asking for a gradient through them is an error."""

    message: str

    __name__ = "prevent_gradient"

    def parts(self, taped: bool) -> list[tuple[str, Body, bool]]:
        return []

    def __call__(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tensors
