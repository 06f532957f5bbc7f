"""The programs that graphgrad and its peers are given alike. Pure Python: the peers' interpreter has no torch."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

# One operation of a random program: its name and the positions of what it reads; position 0 is the input.
Line = tuple[str, int, int]

UNARY = ("sin", "tanh")
BINARY = ("add", "mul")

# The multilayer perceptron: its layers' sizes, the batch and the learning rate.
MLP = (784, 512, 512, 10)
BATCH = 64
RATE = 0.01

HEADS = 4  # of the transformer


def random_program(length: int, seed: int = 0) -> list[Line]:
    """A random graph of elementwise operations: each reads the one before it, every third one of the last eight too.

    So every operation is on the path from the input to the result. A sine follows each sum and product and keeps
    numbers in bounds. Every ninth adds the input once more: without that, numbers and slopes would die away.
    """
    draw = random.Random(seed)
    lines: list[Line] = []
    for position in range(1, length + 1):
        if position % 9 == 0:
            lines.append(("add", position - 1, 0))
        elif position % 3 == 0:
            lines.append((draw.choice(BINARY), position - 1, draw.randint(max(0, position - 8), position - 1)))
        else:
            lines.append(("sin" if position % 3 == 1 else draw.choice(UNARY), position - 1, position - 1))
    return lines


def follow(lines: list[Line], table: Mapping[str, Callable[..., Any]], x: Any) -> Any:
    """Call a random program's operations and return the last result."""
    values = [x]
    for name, first, second in lines:
        operation = table[name]
        values.append(operation(values[first], values[second]) if name in BINARY else operation(values[first]))
    return values[-1]


def chain(function: Callable[[Any], Any], x: Any, length: int) -> Any:
    """The function applied `length` times over."""
    for _ in range(length):
        x = function(x)
    return x


def residual(function: Callable[[Any], Any], x: Any, blocks: int) -> tuple[Any, list[Any]]:
    """`x + f(x)` over and over: stopping any of the terms leaves x connected. The result, and the terms."""
    places = []
    for _ in range(blocks):
        places.append(function(x))
        x = x + places[-1]
    return x, places


def stopped_residual(
    function: Callable[[Any], Any], stop: Callable[[Any], Any], x: Any, blocks: int, place: int
) -> Any:
    """The same with one of its terms stopped, for frameworks that must build it anew to stop it."""
    for number in range(blocks):
        term = function(x)
        x = x + (stop(term) if number == place else term)
    return x


def stops(blocks: int, calls: int) -> list[int]:
    """Which terms are stopped, one a call."""
    return list(range(0, blocks, max(1, blocks // calls)))[:calls]
