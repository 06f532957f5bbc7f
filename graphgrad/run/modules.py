"""The values of a module's parameters and buffers in a session."""

from collections.abc import Mapping
from typing import Any

import torch

from ..record.variable import State
from .store import Store


def values_of(module: torch.nn.Module, states: Mapping[int, State], store: Store) -> dict[str, torch.Tensor]:
    """Name -> a copy of the session's value; what the graph has not used comes from the module itself."""
    found = module.state_dict(keep_vars=True)
    for name, tensor in found.items():
        state = states.get(id(tensor))
        own = tensor.detach().clone() if isinstance(tensor, torch.Tensor) else tensor
        found[name] = own if state is None else store.copy(state).to(tensor.device)
    return found


def values_for(module: torch.nn.Module, states: Mapping[int, State], values: Mapping[str, Any]) -> dict[Any, Any]:
    """State -> the value given by name, for those that the graph has used."""
    known = module.state_dict(keep_vars=True)
    for name, value in values.items():
        if name not in known:
            raise KeyError(f"{type(module).__name__} has no parameter or buffer {name!r}")
        if id(known[name]) in states and value.shape != known[name].shape:
            raise ValueError(f"{name} has shape {list(known[name].shape)}, the value has {list(value.shape)}")
    used = {name: states[id(known[name])] for name in values if id(known[name]) in states}
    return {state: values[name].detach().to(state.spec.dtype) for name, state in used.items()}
