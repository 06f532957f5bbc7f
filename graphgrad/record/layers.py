"""Plain layers inside a recorded model: the function that they call is recorded directly.

A module's call, its `forward`, and the way on which torch hands a function to a mode take as long as
recording does. A layer that is one function of its argument, and that nobody has hooked into, needs
none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import BuiltinFunctionType
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


@dataclass(frozen=True, slots=True)
class Layer:
    """A class of layers: what its forward does, that forward, and the function that it calls; all as torch has them."""

    plain: Callable[[Any, dict[str, Any], Any], Plain]
    forward: Callable[..., Any]
    place: dict[str, Any]
    name: str
    function: Callable[..., Any]


def _is_torch_s(kind: type[nn.Module], function: Callable[..., Any]) -> bool:
    """Whether nobody has put a forward or a function of their own in the place of torch's."""
    forward = kind.forward
    own = (forward.__module__, forward.__qualname__) == (kind.__module__, f"{kind.__name__}.forward")
    return own and (isinstance(function, BuiltinFunctionType) or function.__module__ == F.__name__)


_KNOWN: tuple[tuple[type[nn.Module], Callable[..., Plain], Any, str], ...] = (
    (nn.Linear, _linear, F, "linear"), (nn.LayerNorm, _layer_norm, F, "layer_norm"),
    (nn.Embedding, _embedding, F, "embedding"), (nn.Dropout, _dropout, F, "dropout"), (nn.ReLU, _relu, F, "relu"),
    (nn.SiLU, _silu, F, "silu"), (nn.GELU, _gelu, F, "gelu"), (nn.Tanh, _tanh, torch, "tanh"),
)  # fmt: skip

PLAIN: dict[type[nn.Module], Layer] = {
    kind: Layer(plain, kind.forward, vars(owner), name, getattr(owner, name))
    for kind, plain, owner, name in _KNOWN
    if _is_torch_s(kind, getattr(owner, name))
}

_GLOBAL_HOOKS = tuple(
    vars(torch_modules)[f"_global_{name}_hooks"] for name in ("forward", "forward_pre", "backward", "backward_pre")
)


def plain(layer: nn.Module, x: Any) -> Plain | None:
    """What a call of this module with this input is, if that is one function; None for any other module."""
    known = PLAIN.get(type(layer))
    if known is None:
        return None
    own = layer.__dict__
    parameters = own["_parameters"]
    if (
        (own["_forward_hooks"] or own["_forward_pre_hooks"] or own["_backward_hooks"] or own["_backward_pre_hooks"])
        or (own["_buffers"] or "forward" in own or type(layer).forward is not known.forward or any(_GLOBAL_HOOKS))
        or (known.place[known.name] is not known.function or own.get("_compiled_call_impl") is not None)
        or not own.keys().isdisjoint(parameters)
        or torch._C._len_torch_function_stack() != 1  # one mode: the recorder's own
    ):
        return None
    try:
        return known.plain(layer, parameters, x)
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
