"""Plain layers inside a recorded model: the function that they call is recorded directly.

A module's call, its `forward`, and the way on which torch hands a function to a mode take as long as
recording does. A layer that is one function of its argument, and that nobody has hooked into, needs
none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
import torch.nn.modules.module as torch_modules
from torch import nn

from ..graph.graph import Graph
from .parts import scope_of
from .record import call

# The function that a layer calls on an input, its arguments and options: those that torch hands on to a mode.
Plain: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def _linear(layer: nn.Module, owned: dict[str, Any], x: Any) -> Plain:
    return F.linear, (x, owned["weight"], owned["bias"]), {}


def _layer_norm(layer: Any, owned: dict[str, Any], x: Any) -> Plain:
    options = {"weight": owned["weight"], "bias": owned["bias"], "eps": layer.eps}
    return F.layer_norm, (x, layer.normalized_shape), options


def _embedding(layer: Any, owned: dict[str, Any], x: Any) -> Plain:
    options = ("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse")
    return F.embedding, (x, owned["weight"]), {name: getattr(layer, name) for name in options}


def _dropout(layer: Any, owned: dict[str, Any], x: Any) -> Plain:
    return F.dropout, (x,), {"p": layer.p, "training": layer.training, "inplace": layer.inplace}


def _relu(layer: Any, owned: dict[str, Any], x: Any) -> Plain:
    return F.relu, (x,), {"inplace": layer.inplace}


def _silu(layer: Any, owned: dict[str, Any], x: Any) -> Plain:
    return F.silu, (x,), {"inplace": layer.inplace}


def _gelu(layer: Any, owned: dict[str, Any], x: Any) -> Plain:
    return F.gelu, (x,), {"approximate": layer.approximate}


def _tanh(layer: nn.Module, owned: dict[str, Any], x: Any) -> Plain:
    return torch.tanh, (x,), {}


# Class -> what its forward does, and that forward.
PLAIN: dict[type[nn.Module], tuple[Callable[[Any, dict[str, Any], Any], Plain], Callable[..., Any]]] = {
    kind: (function, kind.forward)
    for kind, function in (
        (nn.Linear, _linear), (nn.LayerNorm, _layer_norm), (nn.Embedding, _embedding), (nn.Dropout, _dropout),
        (nn.ReLU, _relu), (nn.SiLU, _silu), (nn.GELU, _gelu), (nn.Tanh, _tanh),
    )
}  # fmt: skip

_GLOBAL_HOOKS = tuple(
    vars(torch_modules)[f"_global_{name}_hooks"] for name in ("forward", "forward_pre", "backward", "backward_pre")
)


def plain(layer: nn.Module, x: Any) -> Plain | None:
    """What a call of this module with this input is, if that is one function; None for any other module."""
    known = PLAIN.get(type(layer))
    if known is None:
        return None
    function, forward = known
    own = layer.__dict__
    if (
        (own["_forward_hooks"] or own["_forward_pre_hooks"] or own["_backward_hooks"] or own["_backward_pre_hooks"])
        or (own["_buffers"] or "forward" in own or type(layer).forward is not forward or any(_GLOBAL_HOOKS))
        or own.get("_compiled_call_impl") is not None
        or torch._C._len_torch_function_stack() != 1  # one mode: the recorder's own
    ):
        return None
    try:
        return function(layer, own["_parameters"], x)
    except KeyError:  # a parameter was taken out, as weight_norm does
        return None


def record_plain(graph: Graph, layer: nn.Module, what: Plain) -> Any:
    """Record such a call inside the scope with the layer's name."""
    context = graph.context.__dict__
    outer = context["scope"]
    scope = scope_of(layer)
    mode = torch._C._pop_torch_function_stack()  # as torch does while a mode looks at a call
    try:
        if scope:
            context["scope"] = graph.unique(outer + scope) + "/"
        return call(*what)
    finally:
        context["scope"] = outer
        torch._C._push_on_torch_function_stack(mode)
