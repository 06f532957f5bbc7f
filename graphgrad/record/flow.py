"""What branches, loops and scans do in a run: plain Python around the programs of their bodies."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from .cells import Cells
from .identity import tied
from .nested import Body, Compiled, Nested
from .probe import memory_of


@dataclass(eq=False)
class Flow:
    """A callable with bodies. It is called with what its operation reads.

    Attributes:
        places: per body, the positions of its captures among the arguments.
        signature: the operation's.
    """

    places: tuple[tuple[int, ...], ...] = field(kw_only=True)
    signature: Nested | None = field(default=None, kw_only=True, repr=False)

    def parts(self, taped: bool) -> list[tuple[str, Body, bool]]:
        """The bodies, each with what it is and whether a call that is on the tape or off it runs it there."""
        raise NotImplementedError

    def _begin(self, given: Sequence[Any], number: int, body: Body, taped: bool) -> tuple[Compiled, list[Any]]:
        """The program of a body, for where the arguments are, and the captures that it is called with."""
        return body.program(taped, device_of(given)), [given[place] for place in self.places[number]]

    def _end(self, results: Sequence[Any], given: Sequence[Any], taped: bool) -> tuple[Any, ...]:
        """The results, each in memory of its own, and on the tape if a gradient has to find its way."""
        taken = {memory_of(each) for each in given}
        held = any(type(each) is Cells for each in given)  # an array, which may hold any of the results
        own: list[Any] = []
        for number, result in enumerate(results):
            if isinstance(result, torch.Tensor):
                memory = memory_of(result)
                if held or memory in taken:
                    result = result.clone()
                taken.add(memory)
                if taped and not result.requires_grad and _floats(result):
                    sources = self._sources(number, given)
                    result = tied(result, *sources) if sources else result
            elif type(result) is Cells and taped and not result.requires_grad and result.is_differentiable():
                sources = self._sources(number, given)
                result = result.tied(sources[0]) if sources else result
            own.append(result)
        return tuple(own)

    def _sources(self, number: int, given: Sequence[Any]) -> list[torch.Tensor]:
        """What a result may depend on that this run did not compute from it: its gradient is zero, not missing."""
        known = None if self.signature is None else self.signature.derivative
        connected = () if known is None else known.connects[number]
        found = [given[i].source if type(given[i]) is Cells else given[i] for i in connected]
        return [each for each in found if isinstance(each, torch.Tensor) and each.requires_grad]


def _lost(results: Sequence[Any]) -> bool:
    """Whether a result is off the tape although gradients may pass such tensors."""
    for each in results:
        if not each.requires_grad:
            if _floats(each):
                return True
    return False


def _floats(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def on_tape(given: Sequence[Any]) -> bool:
    """Whether a gradient is going to pass through what is computed of these."""
    if torch.is_grad_enabled():
        for each in given:
            if isinstance(each, (torch.Tensor, Cells)) and each.requires_grad:
                return True
    return False


def device_of(given: Sequence[Any]) -> str:
    """Where the tensors are."""
    for each in given:
        if isinstance(each, torch.Tensor):
            return "cpu" if each.is_cpu else str(each.device)
    return "cpu"


@dataclass(eq=False)
class Branches(Flow):
    """One of several bodies, chosen by the first argument: a bool (the first body for True) or a number."""

    bodies: tuple[Body, ...]

    __name__ = "cond"

    def parts(self, taped: bool) -> list[tuple[str, Body, bool]]:
        return [(f"branch {number}", body, taped) for number, body in enumerate(self.bodies)]

    def __call__(self, choice: Any, *given: Any) -> tuple[Any, ...]:
        if choice.dtype is torch.bool:
            chosen = 0 if choice else 1
        elif not 0 <= (chosen := int(choice)) < len(self.bodies):
            chosen = len(self.bodies) - 1  # TF1's switch_case
        everything = (choice, *given)
        taped = torch.is_grad_enabled() and on_tape(given)
        body = self.bodies[chosen]
        program = body.program(taped, "cpu" if choice.is_cpu else device_of(everything))
        found = program(*[everything[place] for place in self.places[chosen]])
        if body.fresh and not (taped and _lost(found)):
            return found
        return self._end(found, everything, taped)


@dataclass(eq=False)
class Loop(Flow):
    """A body that is called on its own results as long as a condition on them holds.

    Attributes:
        condition, body: both take the loop variables; their captures are among the arguments after these.
        width: how many loop variables there are.
        maximum: how many rounds at most, or None.
    """

    condition: Body
    body: Body
    width: int
    maximum: int | None = None

    __name__ = "while_loop"

    @property
    def apart(self) -> set[int]:
        """The places of those loop variables that body relies on to have an autograd node of their own."""
        return {n for n, value in enumerate(self.body.inputs) if value in self.body.apart}

    def parts(self, taped: bool) -> list[tuple[str, Body, bool]]:
        return [("condition", self.condition, False), ("body", self.body, taped)]

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        taped = on_tape(given)
        go_on, asked = self._begin(given, 0, self.condition, False)
        step, used = self._begin(given, 1, self.body, taped)
        if taped and self.condition.computes:
            go_on = _quiet(go_on)
        state = given[: self.width]
        if taped and self.body.apart:  # the first round's arguments: those of later rounds are made in a round
            state = tuple([_own(each) if n in self.apart else each for n, each in enumerate(state)])
        repeat = _driver(self.width, len(asked), len(used), self.maximum is not None)
        return self._end(repeat(go_on, step, self.maximum, *state, *asked, *used), given, taped)


def _own(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.view_as(tensor) if tensor.requires_grad else tensor


def _quiet(program: Compiled) -> Compiled:
    """The program off autograd's tape, whatever it is given."""

    def call(*values: Any) -> tuple[Any, ...]:
        torch._C._set_grad_enabled(False)
        try:
            return program(*values)
        finally:
            torch._C._set_grad_enabled(True)

    return call


@functools.cache
def _driver(width: int, asked: int, used: int, limited: bool) -> Callable[..., Any]:
    """A loop over this many variables, as Python text: taking tuples apart in each round would cost as much again."""
    state = [f"v{n}" for n in range(width)]
    to_condition, to_step = ([f"{letter}{n}" for n in range(count)] for letter, count in (("a", asked), ("u", used)))
    condition = f"go_on({', '.join([*state, *to_condition])})[0]"
    text = f"""
def repeat(go_on, step, maximum, {", ".join([*state, *to_condition, *to_step])}):
    for _ in {"range(maximum)" if limited else "forever()"}:
        if not {condition}:
            break
        {", ".join(state)}, = step({", ".join([*state, *to_step])})
    return {", ".join(state)},
"""
    namespace: dict[str, Any] = {"forever": functools.partial(itertools.repeat, None)}
    exec(text, namespace)  # noqa: S102
    found: Callable[..., Any] = namespace["repeat"]
    return found


@functools.cache
def _walker(state: int, items: int, kept: int, used: int) -> Callable[..., Any]:
    """A walk along so many rows with so many results to keep, as Python text."""
    states, rows, results, captured = (
        [f"{letter}{n}" for n in range(count)]
        for letter, count in (("v", state), ("row", items), ("k", kept), ("u", used))
    )
    text = f"""
def repeat({", ".join(["step", *rows, *states, *captured])}):
    {"; ".join([*(f"kept_{name} = []" for name in results), "pass"])}
    for {", ".join(f"item_{name}" for name in rows)}, in zip({", ".join(rows)}):
        {", ".join([*states, *results])}, = step({", ".join([*states, *(f"item_{name}" for name in rows), *captured])})
        {"; ".join([*(f"kept_{name}.append({name})" for name in results), "pass"])}
    return ({", ".join([*states, ""]) if states else ""}), [{", ".join(f"kept_{name}" for name in results)}]
"""
    namespace: dict[str, Any] = {}
    exec(text, namespace)  # noqa: S102
    found: Callable[..., Any] = namespace["repeat"]
    return found


@dataclass(eq=False)
class Scan(Flow):
    """A body that goes along the first axis of some tensors, with a state that it hands on.

    The body takes the state and an item of each tensor; it returns the new state and what is to be stacked.

    Attributes:
        state, items: how many of the arguments are the first state, and how many are gone along.
        last: whether the results are the last state; else the stacked results.
        reverse: whether it starts at the end.
        carried: how many variables, at the end of the state, are handed out with the stacked results, too.
    """

    body: Body
    state: int
    items: int
    last: bool
    reverse: bool = False
    carried: int = 0

    __name__ = "scan"

    def parts(self, taped: bool) -> list[tuple[str, Body, bool]]:
        return [("item", self.body, taped)]

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        taped = on_tape(given)
        step, used = self._begin(given, 0, self.body, taped)
        state = given[: self.state]
        rows = [tensor.unbind(0) for tensor in given[self.state : self.state + self.items]]
        lengths = {len(row) for row in rows}
        if len(lengths) > 1:
            raise ValueError(f"the tensors have different numbers of items: {sorted(lengths)}")
        if self.reverse:
            rows = [row[::-1] for row in rows]
        repeat = _walker(self.state, self.items, len(self.body.outputs) - self.state, len(used))
        last, kept = repeat(step, *rows, *state, *used)
        if self.last:
            return self._end(last, given, taped)
        if self.reverse:
            for row in kept:
                row.reverse()
        carried = last[self.state - self.carried :]
        if not rows[0]:
            device = given[self.state].device
            return self._end([*(self._none(n, device) for n in range(len(kept))), *carried], given, taped)
        return self._end([*map(torch.stack, kept), *carried], given, taped)

    def _none(self, number: int, device: torch.device) -> torch.Tensor:
        """No result at all, of the shape that results have as far as it is known."""
        spec = self.body.outputs[self.state + number].spec
        sizes = [0 if size is None else size for size in spec.shape or ()]
        return torch.zeros([0, *sizes], dtype=spec.dtype, device=device)
