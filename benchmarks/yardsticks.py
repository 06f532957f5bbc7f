"""What graphgrad is compared with: networkx alone, and eager torch by hand."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable
from typing import Any

import networkx
import torch

import graphgrad as gg


def networkx_alone(graph: gg.Graph) -> Callable[[], Any]:
    """networkx building the same nodes and edges, with the same names and attributes."""
    skeleton = [(op.name, [(read.op.name, read.value_index) for read in op.inputs]) for op in graph.get_operations()]
    payload = object()

    def build() -> Any:
        built = networkx.MultiDiGraph()
        for name, reads in skeleton:
            built.add_node(name, op=payload)
            for number, (source, output) in enumerate(reads):
                built.add_edge(source, name, output=output, input=number)
        return built

    return build


def reached_by_networkx(graph: gg.Graph, x: Any, y: Any) -> Callable[[], Any]:
    """networkx finding the nodes between x and y, in a graph that has been built before."""
    built = networkx_alone(graph)()
    source, sink = x.op.name, y.op.name
    return lambda: networkx.descendants(built, source) & networkx.ancestors(built, sink)


def eager_backward(program: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[], Any]:
    """`torch.autograd.grad` through an eager run of the program on a number, which is kept."""
    x = torch.tensor(0.5, requires_grad=True)
    y = program(x)
    return lambda: torch.autograd.grad(y, x, retain_graph=True)


def eager_slope(program: Callable[[torch.Tensor], torch.Tensor], value: torch.Tensor) -> Callable[[], torch.Tensor]:
    """An eager run of the program and its gradient."""

    def run() -> torch.Tensor:
        x = value.detach().requires_grad_()
        (slope,) = torch.autograd.grad(program(x).sum(), x)
        return slope

    return run


def kept_and_peak(build: Callable[[], Callable[..., Any]], batch: tuple[torch.Tensor, ...]) -> tuple[int, int]:
    """The tensor bytes that a training step keeps between steps, and the peak of those that one step adds.

    Both are sums over what torch's allocator reports to the profiler, so the buffers inside a kernel and the
    backward pass count as well. A step is measured after two others.
    """
    gc.collect()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        step = build()
        for _ in range(2):
            step(*batch)
        gc.collect()
        with torch.profiler.record_function(_MEASURED):
            step(*batch)
    events = profile.profiler.kineto_results.events()
    begin = next(event.start_ns() for event in events if event.name() == _MEASURED)
    changes = sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]")
    kept = sum(change for when, change in changes if when < begin)
    during = [change for when, change in changes if when >= begin]
    return kept, max(itertools.accumulate(during, initial=0))


_MEASURED = "the measured step"
