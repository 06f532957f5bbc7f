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
    numbers in bounds.
    """
    draw = random.Random(seed)
    lines: list[Line] = []
    for position in range(1, length + 1):
        if position % 3 == 0:
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
