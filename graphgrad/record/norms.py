"""Normalisation that updates running statistics: they are buffers of the graph."""

from __future__ import annotations

import inspect
from typing import Any

import torch

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
    return torch.nn.functional.batch_norm(input, mean, variance, weight, bias, True, momentum, eps), mean, variance


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


for _function, _switch, _training in (
    (torch.nn.functional.batch_norm, "training", batch_norm_training),
    (torch.nn.functional.instance_norm, "use_input_stats", instance_norm_training),
):
    handlers[_function] = _normalisation(_function, _switch, _training)
