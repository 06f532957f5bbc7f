"""When two tensors are one node of autograd's graph, and how to tell them apart.

The run and the analysis of derivatives share these, so that they agree on where one op ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def own(tensor: torch.Tensor, *others: Any) -> torch.Tensor:
    """The tensor with an autograd node of its own: a view, if it would share its node with another.

    `x.contiguous()`, `x.to(x.dtype)` or dropout in eval mode hand their input back.
    """
    if not tensor.requires_grad:
        return tensor
    node, number = tensor.grad_fn, tensor.output_nr
    for other in others:
        if other is tensor or (
            node is not None and isinstance(other, torch.Tensor) and other.grad_fn is node and other.output_nr == number
        ):
            return tensor.view_as(tensor)
    return tensor


def gate(tensor: torch.Tensor, closed: Callable[[], bool]) -> None:
    """Let no gradient pass through this tensor while `closed()` holds.

    torch captures the gradient of an input of `torch.autograd.grad` before pre-hooks run, so a closed
    tensor that is itself an x still receives its gradient.
    """
    node = tensor.grad_fn
    if node is None:
        return
    number = tensor.output_nr

    def hook(gradients: tuple[torch.Tensor | None, ...]) -> tuple[torch.Tensor | None, ...] | None:
        if not closed():
            return None
        return tuple([None if n == number else gradient for n, gradient in enumerate(gradients)])

    node.register_prehook(hook)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, computed: torch.Tensor, fed: torch.Tensor) -> torch.Tensor:
        return fed.view_as(fed)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        return gradient, None


def straight_through(computed: torch.Tensor, fed: torch.Tensor) -> torch.Tensor:
    """The fed value forward, the computed one's gradient backward."""
    replaced: torch.Tensor = _StraightThrough.apply(computed, fed)  # type: ignore[no-untyped-call]
    return replaced


class _Tie(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, result: torch.Tensor, *sources: torch.Tensor) -> torch.Tensor:
        ctx.sources = len(sources)
        return result.view_as(result)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        return (None,) * (1 + ctx.sources)


def tied(result: torch.Tensor, *sources: torch.Tensor) -> torch.Tensor:
    """The tensor, as something that may depend on these sources and in this run does not: the gradient is zero."""
    found: torch.Tensor = _Tie.apply(result, *sources)  # type: ignore[no-untyped-call]
    return found
