"""Stretches of a flat graph as CUDA graphs: captured once, launched as a whole afterwards.

A graph reads and writes fixed memory. Variables that are updated in place have such memory; anything else that goes
in is copied into a buffer, and what comes out is copied from one. Draws are outside of graphs, as are kernels on the
CPU, so that the random streams are those of any other run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Node

from .cleaning import written_by
from .flat import Flat, Made
from .stretch import Stretch
from .stretches import eager_reason

# A graph is captured again for variables in other memory, so many times; then the stretch runs kernel by kernel.
_CAPTURES = 4

# Before a capture the kernels run a few times, so that libraries have made their choices and taken their memory.
_WARMUPS = 3

# Runs a function once, so that the function which it gives repeats the same kernels on the same memory.
Recorder = Callable[[Callable[[], Any]], Callable[[], None]]


def missing() -> str:
    """Why no CUDA graph can be captured here; '' if one can."""
    if torch.cuda.is_available():
        return ""
    return "compile='cudagraph' needs CUDA, which torch does not find here; use 'inductor' or 'trace'"


def outside(flat: Flat, node: Node) -> str:
    """Why a node is outside of CUDA graphs; '' if it is inside."""
    made = node.meta.get("made")
    places = {each.device.type for each in (made if isinstance(made, list) else [made]) if isinstance(each, Made)}
    for given in node.all_input_nodes:
        of = given.meta.get("made")
        if given.op != "get_attr" and isinstance(of, Made):  # numbers of the program's own are fixed anyway
            places.add(of.device.type)
    if places - {"cuda"}:
        return f"it is on {', '.join(sorted(places - {'cuda'}))}"
    return eager_reason(flat, node)


def capture(work: Callable[[], Any]) -> Callable[[], None]:
    """A CUDA graph of what `work` does."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def warm(work: Callable[[], Any]) -> None:
    """Run on a stream of its own, as a capture demands."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(_WARMUPS):
            work()
    torch.cuda.current_stream().wait_stream(side)


@dataclass(eq=False)
class Captured:
    """A stretch that is launched as a whole.

    Attributes:
        stretch: what it computes.
        number: its place among the stretches of its program.
        capture, warm: how; a test has others that need no CUDA.
        captures: how often it was captured.
    """

    stretch: Stretch
    number: int
    capture: Recorder = capture
    warm: Callable[[Callable[[], Any]], None] = warm
    captures: int = 0
    note: str = field(init=False)

    def __post_init__(self) -> None:
        self.note = f"a CUDA graph of {self.stretch.kernels} kernels"
        self.__name__ = f"stretch_{self.number}"
        written = {each for node in self.stretch.nodes for each in written_by(node)}
        # What is written to must be the tensor itself, and so must what a view of it is written through.
        self.fixed = [place for place, node in enumerate(self.stretch.inputs) if _reached(node, written)]
        self.alone = threading.Lock()  # threads that read beside each other would share the buffers
        self.replay: Callable[[], None] | None = None
        self.buffers: list[torch.Tensor] = []
        self.results: list[torch.Tensor] = []
        self.addresses: list[int] = []

    def __call__(self, *given: torch.Tensor) -> Sequence[torch.Tensor]:
        with self.alone:
            return self._launch(given)

    def _launch(self, given: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        addresses = [given[place].data_ptr() for place in self.fixed]
        if self.replay is None or addresses != self.addresses:
            if self.captures == _CAPTURES:
                return self.stretch.eager(*given)
            self._capture(given, addresses)
        fixed = set(self.fixed)
        for place, (buffer, each) in enumerate(zip(self.buffers, given, strict=True)):
            if place not in fixed:
                buffer.copy_(each)
        assert self.replay is not None
        self.replay()
        return [each.clone() for each in self.results]  # the next run overwrites them

    def _capture(self, given: Sequence[torch.Tensor], addresses: list[int]) -> None:
        self.captures += 1
        self.replay = None  # frees the memory of the former graph
        copies = [_copy(each) for each in given]
        self.warm(lambda: self.stretch.eager(*copies))
        fixed = set(self.fixed)
        self.buffers = [each.detach() if place in fixed else copies[place] for place, each in enumerate(given)]

        def work() -> None:
            self.results = self.stretch.eager(*self.buffers)

        self.replay, self.addresses = self.capture(work), addresses


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    """A copy with the same strides."""
    copy = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device)
    return copy.copy_(tensor.detach())


def _reached(node: Node, written: set[Node]) -> bool:
    """Whether a node is written to, by itself or through its views."""
    seen, stack = set(), [node]
    while stack:
        each = stack.pop()
        if each in written:
            return True
        for user in each.users:
            schema = getattr(user.target, "_schema", None)
            aliases = schema is not None and any(made.alias_info is not None for made in schema.returns)
            if aliases and user not in seen:
                seen.add(user)
                stack.append(user)
    return False
