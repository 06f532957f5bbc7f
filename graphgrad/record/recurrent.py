"""Recurrent layers on meta tensors: torch's kernels step through time one by one, a second per thousand steps.

The shapes are those of two steps, but for the length, and so is what is connected to what.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_STEPS = 2


def _shortened(function: Callable[..., Any]) -> Callable[..., Any]:
    """The layer on the first steps of its input, with an output as long as the input."""

    def call(input: Any, *args: Any, **kwargs: Any) -> Any:
        unpacked = isinstance(args[0], (tuple, list)) or len(args) == 8  # else batch sizes of a packed sequence
        batch_first = args[-1] if args else False
        axis = 1 if batch_first is True else 0
        if not unpacked or not isinstance(input, torch.Tensor) or input.dim() != 3 or input.shape[axis] <= _STEPS:
            return function(input, *args, **kwargs)
        output, *states = function(input.narrow(axis, 0, _STEPS), *args, **kwargs)
        missing = input.shape[axis] - _STEPS
        last = output.narrow(axis, 0, 1)
        shape = [missing if n == axis else size for n, size in enumerate(output.shape)]
        return (torch.cat([output, last.expand(shape)], axis), *states)

    return call


SHORTENED: dict[Any, Callable[..., Any]] = {
    getattr(torch, name): _shortened(getattr(torch, name)) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")
}
