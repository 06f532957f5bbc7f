"""Random programs of branches and loops over a few floats: run by eager torch, recorded by graphgrad, and judged.

A program is a list of statements; each sets one of the variables or, with blocks of its own, several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import torch

import graphgrad as gg

# ("set", target, function, one, other), ("stop", target, one), ("slope" or "partial", target, function, one, other),
# ("cond", variable, block, block), ("while", rounds, variable, block)
Statement = tuple[Any, ...]
Block = tuple[Statement, ...]

WIDTH = 3  # variables

FUNCTIONS = {
    "add": lambda one, other: one + 0.5 * other,
    "mul": lambda one, other: one * other,
    "sin": lambda one, other: torch.sin(one) + other,
    "tanh": lambda one, other: torch.tanh(one * other),
    "only": lambda one, other: 1.5 * one,
    "one": lambda one, other: torch.cos(one) * one,
    "constant": lambda one, other: torch.full_like(one, 0.75),
}
_BOTH = {"add", "mul", "sin", "tanh"}

_variable = st.integers(0, WIDTH - 1)
_function = st.sampled_from(sorted(FUNCTIONS))


def _statement(block: st.SearchStrategy[Block]) -> st.SearchStrategy[Statement]:
    return st.one_of(
        st.tuples(st.just("cond"), _variable, block, block),
        st.tuples(st.just("while"), st.integers(0, 3), _variable, block),
        _simple,
    )


_simple: st.SearchStrategy[Statement] = st.one_of(
    st.tuples(st.just("set"), _variable, _function, _variable, _variable),
    st.tuples(st.just("stop"), _variable, _variable),
    st.tuples(st.sampled_from(["slope", "partial"]), _variable, _function, _variable, _variable),
)
_block = st.recursive(
    st.lists(_simple, min_size=1, max_size=3).map(tuple),
    lambda block: st.lists(_statement(block), min_size=1, max_size=3).map(tuple),
    max_leaves=6,
)
programs = st.lists(_statement(_block), min_size=1, max_size=4).map(tuple)


# -- by hand ------------------------------------------------------------------------------------------


def eager(block: Block, state: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """What Python's own `if` and `while` make of it."""
    values = list(state)
    for kind, *rest in block:
        if kind == "set":
            target, name, one, other = rest
            values[target] = FUNCTIONS[name](values[one], values[other])
        elif kind == "stop":
            values[rest[0]] = values[rest[1]].detach()
        elif kind == "slope":
            target, name, one, other = rest
            values[target] = _slope(name, values[one], values[other])
        elif kind == "partial":
            target, name, one, other = rest
            values[target] = _slope(name, values[one], values[one] * values[other])
        elif kind == "cond":
            values = eager(rest[1] if values[rest[0]] > 0.3 else rest[2], values)
        else:
            rounds, watched, inner = rest
            count = 0
            while count < rounds and values[watched] < 2.0:
                values = eager(inner, values)
                count += 1
    return values


def _slope(name: str, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    z = one.clone() if one.requires_grad else one.clone().requires_grad_()
    y = FUNCTIONS[name](z, other)
    if not y.requires_grad:
        return torch.zeros_like(z)
    found = torch.autograd.grad(y, z, create_graph=True, allow_unused=True)[0]
    return torch.zeros_like(z) if found is None else found


# -- recorded -----------------------------------------------------------------------------------------


def recorded(block: Block, state: Sequence[Any]) -> list[Any]:
    """The same with gg.cond and gg.while_loop."""
    values = list(state)
    for kind, *rest in block:
        if kind == "set":
            target, name, one, other = rest
            values[target] = FUNCTIONS[name](values[one], values[other])
        elif kind == "stop":
            values[rest[0]] = gg.stop_gradient(values[rest[1]])
        elif kind in ("slope", "partial"):
            target, name, one, other = rest
            z = gg.identity(values[one])
            h = values[other] if kind == "slope" else z * values[other]
            y = FUNCTIONS[name](z, h)
            values[target] = gg.gradients(y, z, stop_gradients=[h], unconnected_gradients="zero")[0]
        elif kind == "cond":
            watched, yes, no = rest
            values = _branched(values, watched, yes, no)
        else:
            values = _looped(values, *rest)
    return values


def _branched(values: list[Any], watched: int, yes: Block, no: Block) -> list[Any]:
    return list(gg.cond(values[watched] > 0.3, lambda: recorded(yes, values), lambda: recorded(no, values)))


def _looped(values: list[Any], rounds: int, watched: int, inner: Block) -> list[Any]:
    return gg.while_loop(  # type: ignore[no-any-return]
        lambda count, *state: torch.logical_and(count < rounds, state[watched] < 2.0),
        lambda count, *state: [count + 1, *recorded(inner, state)],
        [gg.constant(0), *values],
    )[1:]


# -- judged -------------------------------------------------------------------------------------------


def depends(block: Block, state: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """Per variable the inputs that a gradient can reach it from, on any course that a run may take."""
    values = list(state)
    for kind, *rest in block:
        if kind == "set":
            target, name, one, other = rest
            values[target] = values[one] | values[other] if name in _BOTH else values[one]
            if name == "constant":
                values[target] = frozenset()
        elif kind == "stop":
            values[rest[0]] = frozenset()
        elif kind in ("slope", "partial"):
            target, name, one, other = rest
            h = values[other] if kind == "slope" else values[one] | values[other]
            found = {"mul": h, "sin": values[one], "one": values[one], "tanh": values[one] | h}
            values[target] = found.get(name, frozenset())
        elif kind == "cond":
            yes, no = depends(rest[1], values), depends(rest[2], values)
            values = [one | other for one, other in zip(yes, no, strict=True)]
        else:
            while True:
                more = [old | new for old, new in zip(values, depends(rest[2], values), strict=True)]
                if more == values:
                    break
                values = more
    return values
