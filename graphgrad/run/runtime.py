"""What an emitted program calls besides torch."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..record.identity import gate, own, straight_through
from .recomputing import Again, drawing_as, generators

__all__ = [
    "Run", "batched_grad", "begun", "check_shape", "default_dtype", "handed", "math_attention", "overwrite", "own",
    "straight_through",
]  # fmt: skip


class Run:
    """The switches and random streams of one run.

    Attributes:
        sweep: the number of the gradients() call whose sweep is under way; gates and sums go by it. -1 is none of
            this program: that of a caller.
    """

    __slots__ = ("sweep", "_orders", "_draw", "_noting", "_replayed")

    def __init__(self, orders: Sequence[str] = (), draw: Callable[..., Any] | None = None) -> None:
        self.sweep = -1
        self._orders = orders
        self._draw = draw
        self._noting: list[list[torch.Tensor]] | None = None
        self._replayed: Iterator[list[torch.Tensor]] | None = None

    def gate(self, tensor: torch.Tensor, sweeps: tuple[int, ...]) -> None:
        """Let no gradient pass through the tensor in these sweeps."""
        gate(tensor, lambda: self.sweep in sweeps)

    def fan(self, tensor: torch.Tensor, readers: int) -> tuple[torch.Tensor, ...]:
        """An alias per reader, so that their gradients are summed in the order of the current sweep."""
        aliases: tuple[torch.Tensor, ...] = _Fan.apply(tensor, readers, self)  # type: ignore[no-untyped-call]
        return aliases

    def order(self) -> str:
        return self._orders[self.sweep] if self.sweep >= 0 else "default"

    def draw(self, operation: int, function: Callable[[], Any], seed: int | None = None) -> Any:
        """Call a random function on the stream of an operation, which may have a seed of its own."""
        if self._replayed is not None:
            with drawing_as(next(self._replayed)):
                return function()
        if self._noting is not None:
            function = self._noted(function, self._noting)
        return self._drawn(operation, function, seed)

    def _drawn(self, operation: int, function: Callable[[], Any], seed: int | None) -> Any:
        """A draw that is none of a part that is called again."""
        return function() if self._draw is None else self._draw(operation, function, seed)

    def _noted(self, function: Callable[[], Any], notes: list[list[torch.Tensor]]) -> Callable[[], Any]:
        def noted() -> Any:
            notes.append([each.get_state() for each in generators()])
            return function()

        return noted

    def again(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a part of the program, which is called again when a gradient asks for what autograd would have kept.

        Args:
            function: takes this run, then the arguments.
        """
        part = Again(partial(function, self), arguments, self._replaying)
        self._noting, outer = part.draws, self._noting
        try:
            with saved_tensors_hooks(part.pack, part.unpack):
                return function(self, *arguments)
        finally:
            self._noting = outer

    @contextlib.contextmanager
    def _replaying(self, part: Again) -> Iterator[None]:
        """A block in which draws are those of a part, once more."""
        outer, self._replayed = self._replayed, iter(part.draws)
        try:
            yield
        finally:
            self._replayed = outer


def math_attention() -> Any:
    """Attention by its formula, which can be differentiated more than once."""
    return sdpa_kernel([SDPBackend.MATH])


class default_dtype:
    """A block with another default dtype: that of the recording."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    def __enter__(self) -> None:
        self.outer = torch.get_default_dtype()
        torch.set_default_dtype(self.dtype)

    def __exit__(self, *_: object) -> None:
        torch.set_default_dtype(self.outer)


@contextlib.contextmanager
def without_modes() -> Iterator[None]:
    """Neither the caller's autocast, nor its default dtype, nor its torch-function modes hold inside a run."""
    off = torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False)
    with off[0], off[1], default_dtype(torch.float32), torch._C.DisableTorchFunction():
        yield


def batched_grad(
    ys: Sequence[torch.Tensor], xs: Sequence[torch.Tensor], seeds: Sequence[torch.Tensor], create_graph: bool = False,
    **options: Any,
) -> list[torch.Tensor]:  # fmt: skip
    """`torch.autograd.grad` for a stack of seeds at once, or in turn where the tape can't be vectorised."""
    again = options | {"create_graph": create_graph, "retain_graph": True}
    count = len(seeds[0])
    if not count:
        return [x.new_zeros((0, *x.shape)) for x in xs]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an operation that torch takes apart row by row, for example
            whole = again | {"materialize_grads": False, "allow_unused": True, "is_grads_batched": True}
            found = torch.autograd.grad(ys, xs, seeds, **whole)
    except RuntimeError:  # what needs to see numbers, or a function that has no rule for it
        rows = [torch.autograd.grad(ys, xs, list(row), **again) for row in zip(*seeds, strict=True)]
        return [torch.stack(each) for each in zip(*rows, strict=True)]
    return [x.new_zeros((count, *x.shape)) if each is None else each for each, x in zip(found, xs, strict=True)]


def handed(gradient: torch.Tensor) -> torch.Tensor:
    """A gradient that is differentiated again, apart from its siblings; a start of the tape if nothing is above."""
    return gradient.view_as(gradient) if gradient.requires_grad else gradient.detach().requires_grad_()


def begun(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor that is differentiated with respect to, or whose identity does not matter; a start of the tape likewise.

    It needs no node of its own: nothing else in the run shares the one that it has.
    """
    return tensor if tensor.requires_grad else tensor.detach().requires_grad_()


class _Fan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, readers: int, run: Run) -> Any:
        ctx.set_materialize_grads(False)
        ctx.run = run
        return tuple([tensor.view_as(tensor) for _ in range(readers)])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> Any:
        terms = [gradient for gradient in gradients if gradient is not None]
        if not terms:
            return None, None, None
        order = ctx.run.order()
        if order == "tree":
            while len(terms) > 1:
                pairs = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)]
                terms = pairs + terms[len(pairs) * 2 :]
            return terms[0], None, None
        if order == "default":
            terms.reverse()
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total, None, None


def check_shape(tensor: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """The tensor, if it has the shape that its variable was declared with."""
    if tensor.shape != shape:
        raise ValueError(f"a value of shape {list(tensor.shape)} is assigned to a variable of shape {list(shape)}")
    return tensor


def overwrite(computed: torch.Tensor, fed: torch.Tensor) -> torch.Tensor:
    """The computed tensor with the fed numbers in it, so that its derivative reads them too."""
    if computed.shape != fed.shape:
        raise ValueError(f"the fed value has shape {list(fed.shape)}, the operation gives {list(computed.shape)}")
    computed.data.copy_(fed)
    return computed


# The graph's part of the seed where only the operation has one: then sessions repeat, as in TF1.
_USUAL_SEED = 87654321


_drawing = threading.RLock()  # what is drawn may be a branch with a Python function that runs another session


class Streams:
    """A random stream per operation, seeded by the graph, the operation and how often it has drawn.

    torch's global generators are put back as they were, so a user's own draws do not change.
    """

    def __init__(self, seed: int | None) -> None:
        self._seed = int.from_bytes(os.urandom(8), "little") if seed is None else seed
        self._seed_beside = _USUAL_SEED if seed is None else seed
        self._drawn: dict[int, int] = {}

    def draw(self, operation: int, function: Callable[[], Any], own_seed: int | None) -> Any:
        with _drawing:
            count = self._drawn.get(operation, 0)
            self._drawn[operation] = count + 1
            if own_seed is None:
                seed = _mix(self._seed, 0, operation, count)
            else:
                seed = _mix(self._seed_beside, 1, own_seed, count)
            return seeded(seed, function)


def seeded(seed: int, function: Callable[[], Any]) -> Any:
    """Call a function that draws from torch's global generators, seeded for it; then they are as they were."""
    with _drawing:
        found = generators()
        states = [generator.get_state() for generator in found]
        try:
            for generator in found:
                generator.manual_seed(seed)
            return function()
        finally:
            for generator, state in zip(found, states, strict=True):
                generator.set_state(state)


def _mix(*parts: int) -> int:
    """A 63-bit hash of some integers (splitmix64)."""
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 31
    return state >> 1
