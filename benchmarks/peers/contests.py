"""The rows of the comparison: what is done, how large, and how much arithmetic it takes at least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import problems
from problems import Problem, Size
from programs import BATCH, MLP


@dataclass(frozen=True)
class Row:
    """One row of the comparison.

    Attributes:
        name: what `--only` looks for.
        work: the name of the function that each worker has for it.
        title: what is done, for the reader.
        size: the numbers that make it large or small.
        quick: the same for a smoke test.
        problem: the arrays that all are given.
        units: how many operations or calls one sample does; its time is given per unit.
        unit: what a time is given in.
        scale: what seconds are multiplied with for that.
        rounds: at most so many rounds, where one takes long.
        tiers: whether a framework's compilers have a say: they have none while a graph is recorded.
        flops: the floating point operations that cannot be avoided, by size; None where overhead is all there is.
        traffic: the bytes that must be read or written, by size.
    """

    name: str
    work: str
    title: str
    size: Size
    quick: Size
    problem: Callable[[Size], Problem]
    units: Callable[[Size], int] = lambda size: 1
    unit: str = "ms"
    scale: float = 1e3
    rounds: int = 1_000
    tiers: bool = True
    flops: Callable[[Size], float] | None = None
    traffic: Callable[[Size], float] | None = field(default=None)


def _recorded(length: int, rounds: int) -> list[Row]:
    size, quick = {"length": length}, {"length": min(length, 200)}
    return [
        Row(
            f"{work}-{length}", work, f"{title}, {length:,} operations", size, quick, problems.eight_numbers,
            lambda size: size["length"], "us per op", 1e6, rounds, tiers=False,
        )
        for work, title in (
            ("record", "record a random program"),
            ("gradients", "record a random program and its gradients()"),
        )
    ]  # fmt: skip


def _program(work: str, title: str) -> Row:
    size, quick = {"length": 1_000}, {"length": 50}
    return Row(
        work, work, f"{title} of 1,000 operations on 8 numbers, with its gradient", size, quick,
        problems.eight_numbers, lambda size: size["length"], "us per op", 1e6,
    )  # fmt: skip


def _layers(rows: int, widths: tuple[int, ...]) -> float:
    """Two operations a weight and row: forward, for the weight, and for the input but the first layer's."""
    pairs = list(zip(widths[:-1], widths[1:], strict=True))
    return 2.0 * rows * (3 * sum(a * b for a, b in pairs) - pairs[0][0] * pairs[0][1])


def _weights(widths: tuple[int, ...]) -> float:
    """Bytes to read each weight forward and backward, to read it and its gradient and to write it once more."""
    return 4.0 * 5 * sum(a * b for a, b in zip(widths[:-1], widths[1:], strict=True))


def _convolved(size: Size) -> float:
    pixels = size["batch"] * 32 * 32
    first, second, last = pixels * 16 * 27, pixels // 4 * 32 * 144, size["batch"] * 10 * 2048
    return 2.0 * (2 * first + 3 * second + 3 * last)


def _attended(size: Size) -> float:
    tokens, width = size["batch"] * size["length"], size["width"]
    layer = 12 * width * width + size["length"] * width  # causal: half of all pairs, twice
    return 6.0 * tokens * (size["layers"] * layer + 256 * width)


def _penalty_widths(size: Size) -> tuple[int, ...]:
    return size["inputs"], size["width"], size["width"], 1


def _unrolled(size: Size) -> float:
    """Forward, for the state but the first, and for the weights; inputs need no gradient."""
    rows, width = size["steps"] * size["batch"], size["width"]
    return 2.0 * rows * 4 * width * (2 * size["inputs"] + 3 * width)


STEPS = [
    Row("mlp", "mlp", f"training step of an MLP {'-'.join(map(str, MLP))}, batch {BATCH}", {}, {}, problems.perceptron,
        flops=lambda size: _layers(BATCH, MLP), traffic=lambda size: _weights(MLP)),
    Row("convnet", "convnet", "training step of a convnet, 16 pictures of 32 x 32", {"batch": 16}, {"batch": 4},
        problems.convnet, flops=_convolved, traffic=lambda size: 4.0 * size["batch"] * 32 * 32 * (3 + 5 * 16 + 32)),
    Row("transformer", "transformer", "training step of a transformer of 2 layers, 8 x 64 tokens, width 128",
        {"layers": 2, "batch": 8, "width": 128, "length": 64}, {"layers": 1, "batch": 2, "width": 64, "length": 16},
        problems.transformer, flops=_attended),
    Row("lstm", "lstm", "training step of an LSTM over 50 steps by a loop, batch 32, width 128",
        {"steps": 50, "batch": 32, "inputs": 64, "width": 128}, {"steps": 5, "batch": 4, "inputs": 8, "width": 16},
        problems.recurrent, flops=_unrolled),
]  # fmt: skip

HIGHER = [
    Row("hessian", "hessian", "Hessian of a network of 100 inputs",
        {"inputs": 100, "width": 100, "outputs": 100}, {"inputs": 8, "width": 8, "outputs": 8}, problems.two_layers,
        flops=lambda size: 4.0 * size["inputs"] ** 3),
    Row("jacobian", "jacobian", "Jacobian of a network of 256 outputs and 256 inputs",
        {"inputs": 256, "width": 512, "outputs": 256}, {"inputs": 8, "width": 16, "outputs": 8}, problems.two_layers,
        flops=lambda size: 2.0 * size["inputs"] * size["width"] * size["outputs"]),
    Row("stops-made", "stops_made", "50 calls of gradients() on one graph of 200 operations, each with its own stop",
        {"blocks": 100, "calls": 50}, {"blocks": 10, "calls": 5}, problems.eight_numbers,
        lambda size: size["calls"], "ms a call", 1e3, tiers=False),
    Row("stops-run", "stops_run", "all 50 of those in one run",
        {"blocks": 100, "calls": 50}, {"blocks": 10, "calls": 5}, problems.eight_numbers,
        lambda size: size["calls"], "us a call", 1e6),
    Row("penalty", "penalty", "training step with a gradient penalty, batch 64, widths 128, 256, 256",
        {"batch": 64, "inputs": 128, "width": 256}, {"batch": 8, "inputs": 8, "width": 16}, problems.critic,
        flops=lambda size: 2.0 * _layers(size["batch"], _penalty_widths(size))),
]  # fmt: skip

ROWS = [
    *_recorded(1_000, 15),
    *_recorded(20_000, 5),
    *_recorded(200_000, 3),
    _program("chain", "chain of sines"),
    _program("random", "random program"),
    *STEPS,
    *HIGHER,
]
