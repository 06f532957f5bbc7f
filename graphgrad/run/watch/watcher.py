"""The run that watches see: it hands on what the program computes, and what autograd's nodes do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch

from ...graph.operation import Operation, Role
from ...ground.errors import ArgumentTypeError
from ...ground.reading import Reading
from ..runtime import Run
from .place import Place

Key = tuple[Operation, Operation | None]
Gradients = Sequence[torch.Tensor | None]

# The entry in an autograd node's metadata that says that an operation has been found for it.
_CLAIMED = "graphgrad"


class Recorder:
    """What one watch sees of one run; a method that a watch does not need stays as it is.

    Attributes:
        cotangents: whether it wants to see the gradient with respect to each taped value.
        adjoints: whether it wants to see each node of autograd's graph at work.
    """

    cotangents = False
    adjoints = False

    def start(self) -> None:
        """The run begins."""

    def stop(self) -> None:
        """The run is over, or has failed."""

    def fed(self, place: Place, tensor: torch.Tensor) -> None:
        """A value was fed."""

    def enter(self, place: Place) -> None:
        """An operation comes next."""

    def leave(self, place: Place, values: Sequence[Any], reads: Sequence[Any]) -> None:
        """An operation is done; values and reads are tensors, or integers that are sizes."""

    def cotangent(self, place: Place, index: int, call: Operation, gradient: torch.Tensor) -> None:
        """A gradient has come to the value with this position."""

    def adjoint_enter(self, place: Place, call: Operation) -> None:
        """A part of the operation's derivative comes next."""

    def adjoint_leave(
        self, place: Place, order: int, call: Operation, outgoing: Gradients, incoming: Gradients
    ) -> None:
        """A part of the operation's derivative, or for a higher order of the derivative's, is done."""


class Watch(ABC):
    """Something that looks on while a session runs: `sess.run(..., watch=watch)`."""

    # Whether variables may be updated in place before the watch has seen all it wants to see.
    in_place = False

    @abstractmethod
    def recorder(self) -> Recorder:
        """What sees the next run."""

    @abstractmethod
    def readings(self) -> dict[Key, Reading]:
        """What was measured, for a picture.

        Returns:
            `(op, None)` -> a reading of the operation's forward part; `(op, call)` -> of what the gradient
            operation `call` sent through it.
        """


def as_watches(watch: Any) -> list[Watch]:
    """The watches of a run: those that look at time come last, so that they see least of the others."""
    given = [] if watch is None else list(watch) if isinstance(watch, (list, tuple)) else [watch]
    for each in given:
        if not isinstance(each, Watch):
            hint = ": call it, as in gg.watch.NaN()" if isinstance(each, type) and issubclass(each, Watch) else ""
            raise ArgumentTypeError(
                f"watch is a gg.watch.NaN, Values or Profile, or a list of them, got {each!r}{hint}"
            )
    return sorted(dict.fromkeys(given), key=lambda each: each.in_place)


@contextmanager
def looking(watches: Sequence[Watch]) -> Iterator[Callable[..., WatchedRun]]:
    """A block in which the watches look on; gives what makes the run."""
    with ExitStack() as stack:
        recorders = []
        for each in watches:
            recorder = each.recorder()
            recorder.start()
            stack.callback(recorder.stop)
            recorders.append(recorder)
        yield partial(WatchedRun, recorders)


class WatchedRun(Run):
    """A run of a watched program."""

    __slots__ = ("_recorders", "_last_first", "_call", "_cotangents", "_adjoints")

    def __init__(self, recorders: Sequence[Recorder], *arguments: Any) -> None:
        Run.__init__(self, *arguments)
        self._recorders = recorders
        self._last_first = recorders[::-1]
        self._call: Operation | None = None
        self._cotangents = [each for each in recorders if each.cotangents]
        self._adjoints = [each for each in recorders if each.adjoints]

    # -- called by the program --------------------------------------------------------------------

    def fed(self, place: Place, tensor: torch.Tensor, aliases: Sequence[torch.Tensor] = ()) -> None:
        for each in self._last_first:
            each.fed(place, tensor)
        self._follow(place, [tensor], aliases)

    def enter(self, place: Place) -> None:
        if place.op.role is Role.GRADIENT:
            self._call = place.op
        for each in self._recorders:
            each.enter(place)

    def leave(
        self, place: Place, values: Sequence[Any], reads: Sequence[Any], aliases: Sequence[torch.Tensor] = ()
    ) -> None:
        """An operation is done; `aliases` are what hands its values on to their readers."""
        if place.op.role is Role.GRADIENT:
            self._call = None
        for each in self._last_first:
            each.leave(place, values, reads)
        self._follow(place, values, aliases)

    def _follow(self, place: Place, values: Sequence[Any], aliases: Sequence[torch.Tensor]) -> None:
        """Have autograd tell of these values when a sweep comes to them."""
        if not (self._cotangents or self._adjoints):
            return
        for index, tensor in enumerate(values):
            if isinstance(tensor, torch.Tensor) and tensor.requires_grad:
                if self._cotangents:
                    tensor.register_hook(partial(self._cotangent, place, index))  # type: ignore[no-untyped-call]
                self._claim(tensor.grad_fn, place, 1)
        for tensor in aliases:
            self._claim(tensor.grad_fn, place, 1)

    # -- called by autograd -----------------------------------------------------------------------

    def _cotangent(self, place: Place, index: int, gradient: torch.Tensor | None) -> None:
        call = self._call
        if gradient is not None and call is not None and call not in place.closed.get(index, ()):
            for each in self._cotangents:
                each.cotangent(place, index, call, gradient.detach())

    def _claim(self, node: Any, place: Place, order: int) -> None:
        """Find the nodes of autograd's graph that an operation has just made: those of older ones are claimed."""
        pending = [node] if self._adjoints else []
        while pending:
            node = pending.pop()
            if node is None or type(node).__name__ == "AccumulateGrad" or _CLAIMED in node.metadata:
                continue  # a leaf, or the work of an older operation
            node.metadata[_CLAIMED] = True
            node.register_prehook(partial(self._adjoint_enter, place))
            node.register_hook(partial(self._adjoint_leave, place, order))
            pending += [below for below, _ in node.next_functions]

    def _adjoint_enter(self, place: Place, incoming: Gradients) -> None:
        if self._call is not None:
            for each in self._adjoints:
                each.adjoint_enter(place, self._call)

    def _adjoint_leave(self, place: Place, order: int, outgoing: Gradients, incoming: Gradients) -> None:
        if self._call is None:
            return
        for each in self._adjoints[::-1]:
            each.adjoint_leave(place, order, self._call, outgoing, incoming)
        if torch.is_grad_enabled():  # the sweep is differentiated again: what it computes here belongs here
            for gradient in outgoing:
                if gradient is not None:
                    self._claim(gradient.grad_fn, place, order + 1)
