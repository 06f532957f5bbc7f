"""Operations with a rule of the user's, and Python functions as operations: what they do in a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from .flow import Flow, device_of, on_tape
from .nested import Body


@dataclass(eq=False)
class Ruled(Flow):
    """Tensors as they are, with a rule for their gradient in the place of the one that torch would follow.

    It reads the results, the arguments that the rule gives gradients for, and what else the rule reads.

    Attributes:
        results: how many results there are; they come first.
        arguments: how many arguments follow.
        seeded: the positions of the results that have a cotangent.
        given: per argument the position of its gradient among the rule's outputs, None where it has none.
        rule: cotangents in, gradients out.
    """

    results: int
    arguments: int
    seeded: tuple[int, ...]
    given: tuple[int | None, ...]
    rule: Body

    __name__ = "custom_gradient"

    def __call__(self, *reads: Any) -> tuple[Any, ...]:
        if not on_tape(reads):
            return reads[: self.results]
        found: tuple[Any, ...] = _Rule.apply(self, *reads)  # type: ignore[no-untyped-call]
        return found


class _Rule(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, flow: Ruled, *reads: Any) -> Any:
        ctx.flow = flow
        used = [reads[place] for place in flow.places[0]]
        ctx.save_for_backward(*[each for each in used if isinstance(each, torch.Tensor)])
        ctx.sizes = [None if isinstance(each, torch.Tensor) else each for each in used]
        results = reads[: flow.results]
        outputs = tuple([each.view_as(each) for each in results])
        ctx.mark_non_differentiable(*[each for n, each in enumerate(outputs) if n not in flow.seeded])
        return outputs

    @staticmethod
    def backward(ctx: Any, *seeds: Any) -> Any:
        flow: Ruled = ctx.flow
        saved = iter(ctx.saved_tensors)
        used = [next(saved) if size is None else size for size in ctx.sizes]
        given = [seeds[n] for n in flow.seeded]
        found = flow.rule.program(torch.is_grad_enabled(), device_of(given))(*given, *used)
        gradients = [None if place is None else found[place] for place in flow.given]
        others = len(ctx.needs_input_grad) - 1 - flow.results - len(gradients)
        return (None, *[None] * flow.results, *gradients, *[None] * others)


@dataclass(eq=False)
class Called(Flow):
    """A body called once; `again` computes it once more on the way back, instead of keeping what it computed."""

    body: Body
    again: bool = False

    __name__ = "function"

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        taped = on_tape(given)
        program, arguments = self._begin(given, 0, self.body, taped)
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
    """

    function: Callable[..., Any]
    dtypes: tuple[torch.dtype, ...]
    tensors: bool

    __name__ = "py_func"

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        if self.tensors:
            taped = on_tape(given)
            results = self._results(self.function(*given))
            return self._end([torch.as_tensor(each) for each in results], given, taped)
        arrays = [each.detach().cpu().numpy().copy() if isinstance(each, torch.Tensor) else each for each in given]
        results = self._results(self.function(*arrays))
        return tuple([torch.from_numpy(np.array(each, order="C")) for each in results])

    def _results(self, found: Any) -> Sequence[Any]:
        name = getattr(self.function, "__name__", "the function")
        results = list(found) if isinstance(found, (list, tuple)) else [] if found is None else [found]
        if len(results) != len(self.dtypes):
            raise ValueError(f"{name} returned {len(results)} values, Tout has {len(self.dtypes)}")
        for number, (result, dtype) in enumerate(zip(results, self.dtypes, strict=True)):
            have = result.dtype if isinstance(result, torch.Tensor) else torch.from_numpy(np.asarray(result)).dtype
            if have is not dtype:
                raise TypeError(f"{name} returned {have} as result {number}, Tout says {dtype}")
        return results


@dataclass(eq=False)
class Prevented(Flow):
    """A tensor as it is; asking for a gradient through it is an error."""

    message: str

    __name__ = "prevent_gradient"

    def __call__(self, tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (tensor,)
