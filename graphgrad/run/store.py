"""The variables' values of one session."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import torch

from ..ground.errors import FailedPreconditionError
from ..ground.spec import spec
from ..ops.presence import Presence, Tentative
from ..record.variable import State


class Store:
    """State -> tensor. Floating ones are autograd leaves, ready to be differentiated.

    A run that updates variables in place has the store to itself; it takes copies instead when other
    runs are under way on other threads. Of the runs that update, one is under way at a time.
    """

    def __init__(self, device: str) -> None:
        self._values: dict[State, torch.Tensor] = {}
        self._device = device
        self._lock = threading.RLock()
        self._free = threading.Condition(self._lock)  # the lock itself is the quicker one to take
        self._waiting = 0
        self._active = 0
        self._owner: int | None = None
        self._writer: int | None = None
        self._writing = 0

    def begin(
        self, states: Sequence[State], donated: Sequence[State], writes: bool = False
    ) -> tuple[list[torch.Tensor], bool]:
        """The values for a run, which may set some, and whether those donated are the store's own."""
        with self._lock:
            if self._owner is not None or (writes and self._writer is not None):
                self._wait(writes)
            known = self._values
            tensors = [known[state] if state in known else self._get(state) for state in states]
            exclusive = bool(donated) and self._active == 0
            if exclusive:
                self._owner = threading.get_ident()
            elif donated:
                copies = set(donated)
                tensors = [
                    leaf(tensor.detach().clone()) if state in copies else tensor
                    for state, tensor in zip(states, tensors, strict=True)
                ]
            self._active += 1
            if writes:
                self._writing += 1
                self._writer = threading.get_ident()
        return tensors, exclusive

    def end(self, exclusive: bool, writes: bool = False) -> None:
        """The run is over, or has failed."""
        with self._lock:
            self._active -= 1
            if exclusive:
                self._owner = None
            if writes:
                self._writing -= 1
                if not self._writing:
                    self._writer = None
            if self._waiting:
                self._free.notify_all()

    def _wait(self, writes: bool = False) -> None:
        """Until no other thread has the store to itself, or writes if this one wants to."""
        mine = (None, threading.get_ident())
        self._waiting += 1
        try:
            while self._owner not in mine or (writes and self._writer not in mine):
                self._free.wait()
        finally:
            self._waiting -= 1

    def put(self, states: Sequence[State], tensors: Sequence[torch.Tensor]) -> None:
        """Bind new values."""
        with self._lock:
            self._wait()
            for state, tensor in zip(states, tensors, strict=True):
                self._values[state] = leaf(tensor)

    def _get(self, state: State) -> torch.Tensor:
        if isinstance(state, Presence):
            return self._answer(state)
        found = self._values.get(state)
        if found is None:
            if state.parameter is None:
                op = state.reads[0].op
                raise FailedPreconditionError(
                    f"the variable {state.name} has no value yet",
                    op,
                    "session.run(gg.global_variables_initializer()) first",
                )
            now = spec(state.parameter.shape, state.parameter.dtype)
            if now.shape != state.spec.shape or now.dtype is not state.spec.dtype:
                raise FailedPreconditionError(
                    f"the parameter {state.name} was {state.spec!r} when it was recorded and is {now!r} now",
                    state.reads[0].op,
                    "record the module again after changing it",
                )
            with torch.inference_mode(False), torch.no_grad():
                found = leaf(state.parameter.detach().clone().to(self._device))
            self._values[state] = found
        return found

    def _answer(self, state: Presence) -> torch.Tensor:
        """Whether another state has a value, or a copy of this value, or zeros."""
        known = self.is_initialized(state.of)
        if not isinstance(state, Tentative):
            return torch.tensor(known)
        if known:
            return leaf(self._get(state.of).detach().clone())
        return leaf(torch.zeros(state.spec.in_world(0), dtype=state.spec.dtype, device=self._device))

    def copy(self, state: State) -> torch.Tensor:
        """A copy of the value, whole: no run changes it meanwhile. `FailedPreconditionError` if there is none."""
        with self._lock:
            self._wait()
            return self._get(state).detach().clone()

    def is_initialized(self, state: State) -> bool:
        return state in self._values or state.parameter is not None


def leaf(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor as a leaf that autograd can differentiate, if its dtype allows."""
    if tensor.is_floating_point() or tensor.is_complex():
        return tensor.requires_grad_()
    return tensor
