"""Learning rates that are tensors, in kernels that take numbers.

On the CPU a rate is read as a number. Where something follows each kernel, as a trace does, that number would be the
one of this run for ever: there the rate stays a tensor, and what kernels of torch have no form for such a rate are
operations of our own, which read it when they run.
"""

from __future__ import annotations

import functools
from typing import Any

import torch

Tensors = list[torch.Tensor] | tuple[torch.Tensor, ...]
Number = float | torch.Tensor

# The namespace of the operations.
SPACE = "graphgrad_rate"


def followed() -> bool:
    """Whether something on this thread is handed every kernel."""
    return bool(torch._C._len_torch_dispatch_stack())


def known(rate: Number, variables: Tensors) -> Number:
    """The learning rate: a number beside tensors of the CPU, where asking for it costs nothing, else as it is."""
    if not isinstance(rate, torch.Tensor):
        return rate
    if variables[0].is_cpu:
        return rate if followed() else rate.item()
    return rate.to(variables[0].device, torch.float32)  # which is what the fused kernels read


def subtract(variables: Tensors, steps: Tensors, rate: Number) -> None:
    """`variables -= rate * steps`; the steps are no longer what they were."""
    if not isinstance(rate, torch.Tensor):
        torch._foreach_add_(variables, steps, alpha=-rate)
    elif rate.is_cpu:
        _operations().subtract_(variables, steps, rate)
    else:
        torch._foreach_mul_(steps, rate)
        torch._foreach_sub_(variables, steps)


def add_quotients(sums: Tensors, above: Tensors, below: Tensors, rate: Number) -> None:
    """`sums += rate * above / below`."""
    if not isinstance(rate, torch.Tensor):
        torch._foreach_addcdiv_(sums, above, below, rate)
    elif rate.is_cpu:
        _operations().add_quotients_(sums, above, below, rate)
    else:
        torch._foreach_addcdiv_(sums, torch._foreach_mul(above, rate), below)


@functools.cache
def _operations() -> Any:
    library = torch.library.Library(SPACE, "DEF")  # type: ignore[no-untyped-call]
    library.define("subtract_(Tensor(a!)[] variables, Tensor[] steps, Tensor rate) -> ()")  # type: ignore[no-untyped-call]
    library.define("add_quotients_(Tensor(a!)[] sums, Tensor[] above, Tensor[] below, Tensor rate) -> ()")  # type: ignore[no-untyped-call]
    library.impl("subtract_", _subtract_now, "CPU")  # type: ignore[no-untyped-call]
    library.impl("add_quotients_", _add_quotients_now, "CPU")  # type: ignore[no-untyped-call]
    _kept.append(library)
    return getattr(torch.ops, SPACE)


_kept: list[Any] = []  # a library's operations go with it


def _subtract_now(variables: Tensors, steps: Tensors, rate: torch.Tensor) -> None:
    subtract(variables, steps, rate.item())


def _add_quotients_now(sums: Tensors, above: Tensors, below: Tensors, rate: torch.Tensor) -> None:
    add_quotients(sums, above, below, rate.item())
