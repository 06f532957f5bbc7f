"""What a module holds before it is recorded: recording leaves the module as it was."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch

from ..graph.graph import Graph
from ..ground.errors import RecordingError, message
from . import buffers
from .aliasing import change
from .tensor import Tensor

# The types that modules hold most.
_NO_TENSORS = frozenset((dict, OrderedDict, bool, int, float, str, tuple, set, type(None)))


class Kept:
    """The buffers of modules, and with `everything` the tensors that they hold besides, before forward runs."""

    def __init__(self, parts: Sequence[torch.nn.Module], everything: bool) -> None:
        self._buffers = [(part, dict(part._buffers)) for part in parts if part._buffers or everything]
        self._plain = [
            (part, name, value)
            for part in (parts if everything else ())
            if not _NO_TENSORS.issuperset(map(type, part.__dict__.values()))
            for name, value in part.__dict__.items()
            if isinstance(value, torch.Tensor) and not isinstance(value, Tensor)
        ]

    def settle(self, graph: Graph) -> None:
        """Buffers that were replaced by symbolic tensors (`self.steps = self.steps + 1`): that is an update of them."""
        for module, before in self._buffers:
            for name, new in list(module._buffers.items()):
                if not isinstance(new, Tensor):
                    continue
                tensor = before.get(name)
                if tensor is None:
                    what = (
                        f"{type(module).__name__}.{name} has no value before forward sets it: no run can start with it"
                    )
                    raise RecordingError(message(what, new.op, "register it with a tensor of its shape"))
                module._buffers[name] = tensor
                change(buffers.buffer(graph, tensor), new)
        for module, name, _ in self._plain:
            new = module.__dict__.get(name)
            if isinstance(new, Tensor):
                what = f"{type(module).__name__}.{name} was a tensor and forward sets it anew, which no run would see"
                raise RecordingError(message(what, new.op, "register_buffer: a buffer is state of the graph"))

    def restore(self) -> None:
        """Put back what recorded code has replaced by symbolic tensors."""
        for module, before in self._buffers:
            for name, new in list(module._buffers.items()):
                if isinstance(new, Tensor):
                    if name in before:
                        module._buffers[name] = before[name]
                    else:
                        del module._buffers[name]
        for module, name, tensor in self._plain:
            if isinstance(module.__dict__.get(name), Tensor):
                module.__dict__[name] = tensor
