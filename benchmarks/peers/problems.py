"""What every framework is given alike: first parameters and inputs, as numpy arrays drawn from fixed seeds.

Parameters have torch's layouts (a weight is [outputs, inputs], a kernel [outputs, inputs, height, width]); a worker
turns them once into the layout that its framework wants. Pure numpy, since most interpreters here have no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from programs import BATCH, MLP

Size = Mapping[str, int]


@dataclass(frozen=True)
class Problem:
    """The arrays of a row.

    Attributes:
        parameters: what a training step changes, or the fixed weights of a function.
        inputs: what is fed: a batch, or the point at which a function is differentiated.
    """

    parameters: list[np.ndarray]
    inputs: list[np.ndarray]


def _scaled(draw: np.random.Generator, *shape: int) -> np.ndarray:
    return (draw.standard_normal(shape) / np.prod(shape[1:]) ** 0.5).astype(np.float32)


def _normal(draw: np.random.Generator, *shape: int) -> np.ndarray:
    return draw.standard_normal(shape).astype(np.float32)


def _labels(draw: np.random.Generator, classes: int, *shape: int) -> np.ndarray:
    return draw.integers(0, classes, shape).astype(np.int64)


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def eight_numbers(size: Size) -> Problem:
    """Eight numbers between 0.1 and 0.9."""
    return Problem([], [np.linspace(0.1, 0.9, 8, dtype=np.float32)])


def perceptron(size: Size) -> Problem:
    """Three layers and a batch of labelled rows."""
    draw = np.random.default_rng(0)
    pairs = zip(MLP[1:], MLP[:-1], strict=True)
    parameters = [array for outputs, inputs in pairs for array in (_scaled(draw, outputs, inputs), _zeros(outputs))]
    return Problem(parameters, [_normal(draw, BATCH, MLP[0]), _labels(draw, MLP[-1], BATCH)])


def convnet(size: Size) -> Problem:
    """Two convolutions with pooling, a last layer, and a batch of small labelled pictures."""
    draw = np.random.default_rng(0)
    shapes = ((16, 3, 3, 3), (32, 16, 3, 3), (10, 32 * 8 * 8))
    parameters = [array for shape in shapes for array in (_scaled(draw, *shape), _zeros(shape[0]))]
    return Problem(parameters, [_normal(draw, size["batch"], 3, 32, 32), _labels(draw, 10, size["batch"])])


def transformer(size: Size) -> Problem:
    """A decoder that predicts the next of 256 tokens."""
    draw = np.random.default_rng(0)
    width, length = size["width"], size["length"]
    ones, zeros = np.ones(width, np.float32), _zeros(width)
    parameters = [_scaled(draw, 256, width), _scaled(draw, length, width)]
    for _ in range(size["layers"]):
        parameters += [ones, zeros, _scaled(draw, 3 * width, width), _zeros(3 * width)]
        parameters += [_scaled(draw, width, width), zeros, ones, zeros]
        parameters += [_scaled(draw, 4 * width, width), _zeros(4 * width), _scaled(draw, width, 4 * width), zeros]
    tokens = _labels(draw, 256, size["batch"], length + 1)
    return Problem(parameters, [tokens[:, :-1].copy(), tokens[:, 1:].copy()])


def recurrent(size: Size) -> Problem:
    """One LSTM cell, its inputs along the first axis, and what its last state should be."""
    draw = np.random.default_rng(0)
    width, inputs = size["width"], size["inputs"]
    parameters = [_scaled(draw, 4 * width, inputs), _scaled(draw, 4 * width, width), _zeros(4 * width)]
    return Problem(
        parameters, [_normal(draw, size["steps"], size["batch"], inputs), _scaled(draw, size["batch"], width)]
    )


def two_layers(size: Size) -> Problem:
    """The weights of `tanh(x @ A.T) @ B.T` and one x."""
    draw = np.random.default_rng(0)
    inputs, width, outputs = size["inputs"], size["width"], size["outputs"]
    return Problem([_scaled(draw, width, inputs), _scaled(draw, outputs, width)], [_normal(draw, inputs)])


def critic(size: Size) -> Problem:
    """A network that scores rows, and a batch between two others."""
    draw = np.random.default_rng(0)
    widths = (size["inputs"], size["width"], size["width"], 1)
    pairs = zip(widths[1:], widths[:-1], strict=True)
    parameters = [array for outputs, inputs in pairs for array in (_scaled(draw, outputs, inputs), _zeros(outputs))]
    return Problem(parameters, [_normal(draw, size["batch"], size["inputs"])])
