"""Normalisation that updates running statistics: they are buffers of the graph."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from ..graph.graph import get_default_graph
from .aliasing import change
from .buffers import buffer
from .record import first_symbolic, handlers, record
from .tensor import Tensor


def batch_norm_training(
    input: torch.Tensor, running_mean: torch.Tensor, running_var: torch.Tensor, *options: Any
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`F.batch_norm` in training mode; gives the new statistics instead of changing them in place."""
    mean, variance = running_mean.detach().clone(), running_var.detach().clone()
    weight, bias, momentum, eps = options
    if not isinstance(momentum, torch.Tensor):
        result = torch.nn.functional.batch_norm(input, mean, variance, weight, bias, True, momentum, eps)
        return result, mean, variance
    result = torch.nn.functional.batch_norm(input, mean, variance, weight, bias, True, 1.0, eps)
    factor = momentum.detach()
    return result, torch.lerp(running_mean.detach(), mean, factor), torch.lerp(running_var.detach(), variance, factor)


def instance_norm_training(
    input: torch.Tensor, running_mean: torch.Tensor, running_var: torch.Tensor, *options: Any
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`F.instance_norm` with the input's statistics; gives the new running ones."""
    mean, variance = running_mean.detach().clone(), running_var.detach().clone()
    weight, bias, momentum, eps = options
    return torch.nn.functional.instance_norm(input, mean, variance, weight, bias, True, momentum, eps), mean, variance


def _normalisation(function: Any, switch: str, training: Any) -> Any:
    """A handler for a function that keeps running statistics if the switch is on."""
    signature = inspect.signature(function)

    def handler(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        kept = [_kept(given[name], given) for name in ("running_mean", "running_var")]
        given["running_mean"], given["running_var"] = kept
        if not given[switch] or kept[0] is None or kept[1] is None:
            return record(function, tuple(given.values()), {})
        options = [given[name] for name in ("weight", "bias", "momentum", "eps")]
        result, *statistics = record(training, (given["input"], *kept, *options), {}, function.__name__)
        for tensor, new in zip(kept, statistics, strict=True):
            change(tensor, new)
        return result

    return handler


def _kept(statistics: Any, given: dict[str, Any]) -> Any:
    """Running statistics as a symbolic tensor: plain ones are a buffer, whether or not a module owns them."""
    if statistics is None or isinstance(statistics, Tensor):
        return statistics
    symbolic = first_symbolic(given)
    return buffer(symbolic.op.graph if symbolic is not None else get_default_graph(), statistics)


def averages(module: torch.nn.Module) -> bool:
    """Whether it is a batch norm that keeps the plain average of all batches (`momentum=None`), in training mode."""
    return (
        isinstance(module, _BatchNorm)
        and type(module).forward is _BatchNorm.forward
        and module.momentum is None
        and module.training
        and module.running_mean is not None
        and module.num_batches_tracked is not None
        and not (module._forward_hooks or module._forward_pre_hooks)
    )


def average(module: Any, input: Any) -> Any:
    """The forward pass of such a module: torch's own would need the number of batches as a Python number."""
    module._check_input_dim(input)
    count = module.num_batches_tracked.add_(1)
    options = (module.weight, module.bias, True, 1.0 / count.to(module.running_mean.dtype), module.eps)
    return torch.nn.functional.batch_norm(input, module.running_mean, module.running_var, *options)


for _function, _switch, _training in (
    (torch.nn.functional.batch_norm, "training", batch_norm_training),
    (torch.nn.functional.instance_norm, "use_input_stats", instance_norm_training),
):
    handlers[_function] = _normalisation(_function, _switch, _training)
