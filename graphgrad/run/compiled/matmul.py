"""Products of matrices through oneDNN, where this machine multiplies faster with it than torch's own `mm` does.

On processors with AVX-512 that are not Intel's, the library behind `mm` leaves half of the machine idle; oneDNN, which
torch brings along, does not. The sums come in another order, so only a tier that rounds differently anyway may ask.
"""

from __future__ import annotations

import functools
import math
import time
from typing import Any

import torch
from torch.fx import GraphModule, Node

from .made import Made

_aten = torch.ops.aten

_NAME = "graphgrad_matmul"

# Below so many multiplications, or with a shorter side, a call costs more than it saves.
_FEWEST, _SHORTEST = 2_000_000, 16

# What is multiplied to find out, how often, and the part of mm's time that must be enough.
_TRIAL, _ROUNDS, _ENOUGH = (128, 256, 128), 15, 0.8


@functools.cache
def _operation() -> Any:
    """The operation that multiplies: one of a library of its own, which no compiler opens."""
    library = torch.library.Library(_NAME, "DEF")  # type: ignore[no-untyped-call]
    library.define("mm(Tensor a, Tensor b) -> Tensor", tags=(torch.Tag.flexible_layout,))  # type: ignore[no-untyped-call]
    library.impl("mm", _multiply, "CPU")  # type: ignore[no-untyped-call]
    library.impl("mm", _sketch, "Meta")  # type: ignore[no-untyped-call]
    _kept.append(library)
    return torch.ops.graphgrad_matmul.mm.default


_kept: list[Any] = []  # a library's operations go with it


def _multiply(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")
    return product


def _sketch(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a.new_empty((a.shape[0], b.shape[1]))


@functools.cache
def _faster(threads: int) -> bool:
    """Whether oneDNN is the faster one here, as measured once a process and number of threads, in turns."""
    a, b = torch.ones(_TRIAL[:2]), torch.ones(_TRIAL[1:])
    ways = (torch.mm, _operation())
    best = [float("inf")] * len(ways)
    try:
        for _ in range(_ROUNDS):
            for place, way in enumerate(ways):
                started = time.perf_counter()
                way(a, b)
                best[place] = min(best[place], time.perf_counter() - started)
    except (AttributeError, RuntimeError, NotImplementedError):  # a torch that is built without it
        return False
    return best[1] < _ENOUGH * best[0]


def speed_up(module: GraphModule) -> GraphModule:
    """The module with oneDNN in the place of `mm` and `addmm`, where that is faster; torch's own switch turns it off.

    Args:
        module: its nodes know their tensors as `meta["made"]`.
    """
    found = [node for node in module.graph.nodes if _fits(node)]
    if not found or not torch.backends.mkldnn.enabled or not _faster(torch.get_num_threads()):
        return module
    for node in found:
        if node.target is _aten.mm.default:
            node.target = _operation()
            continue
        bias, a, b = node.args
        with module.graph.inserting_before(node):
            product = module.graph.call_function(_operation(), (a, b))
        node.target, node.args = _aten.add.Tensor, (product, bias)
    module.recompile()
    return module


def _fits(node: Node) -> bool:
    """Whether a node is a plain product of two large matrices of float32 on the CPU."""
    if node.target not in (_aten.mm.default, _aten.addmm.default) or node.kwargs:
        return False
    factors = [each.meta.get("made") for each in node.args[-2:]]  # type: ignore[union-attr]
    if node.target is _aten.addmm.default and len(node.args) != 3:
        return False
    if not all(isinstance(each, Made) and _ordinary(each) for each in factors):
        return False
    sides: tuple[int, int, int] = (*factors[0].now.shape, factors[1].now.shape[1])  # type: ignore[union-attr]
    return math.prod(sides) >= _FEWEST and min(sides) >= _SHORTEST


def _ordinary(made: Made) -> bool:
    return made.dtype is torch.float32 and made.device.type == "cpu"


def count(module: GraphModule) -> int:
    """How many products of a module go through oneDNN."""
    return sum(node.target is _operation() for node in module.graph.nodes)


def install() -> None:
    """Make the operation known to torch, as a module that has been sped up elsewhere needs."""
    _operation()
