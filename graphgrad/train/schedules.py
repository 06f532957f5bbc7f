"""Learning rates that follow the global step, by TF1's names and formulas: each is a scalar tensor."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import torch

from ..ops.math import cast
from ..ops.random import random_normal
from ..ops.sources import convert_to_tensor
from ..record.tensor import Tensor


def _scope(step: Any, name: str | None, default: str) -> contextlib.AbstractContextManager[Any]:
    return step.graph.name_scope(name or default) if isinstance(step, Tensor) else contextlib.nullcontext()


def _given(learning_rate: Any, global_step: Any, decay_steps: Any) -> tuple[Any, Any, Any]:
    """The rate, the step and its number as floating tensors of one dtype; numbers of steps stay numbers."""
    if global_step is None:
        raise ValueError("a schedule follows the global step, and global_step is None")
    rate = convert_to_tensor(learning_rate)
    step = cast(convert_to_tensor(global_step), rate.dtype)
    steps = cast(decay_steps, rate.dtype) if isinstance(decay_steps, torch.Tensor) else float(decay_steps)
    return rate, step, steps


def _at_most(step: Any, steps: Any) -> Any:
    return torch.minimum(step, steps) if isinstance(steps, torch.Tensor) else step.clamp(max=steps)


def _power(base: Any, exponent: Any) -> Any:
    return base**exponent if isinstance(base, torch.Tensor) else torch.pow(float(base), exponent)


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`learning_rate * decay_rate ** (global_step / decay_steps)`.

    Args:
        learning_rate, decay_steps, decay_rate: numbers or scalar tensors.
        global_step: the variable or tensor that counts the steps.
        staircase: whether the quotient is rounded down, so that the rate falls in steps.
        name: the scope of the operations.

    >>> import graphgrad as gg
    >>> step = gg.placeholder(gg.int64, [])
    >>> rate = gg.train.exponential_decay(0.5, step, 10, 0.25)
    >>> with gg.Session() as sess:
    ...     [float(sess.run(rate, {step: n})) for n in (0, 5, 10)]
    [0.5, 0.25, 0.125]
    """
    with _scope(global_step, name, "ExponentialDecay"):
        rate, step, steps = _given(learning_rate, global_step, decay_steps)
        part = step / steps
        return rate * _power(decay_rate, part.floor() if staircase else part)


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`learning_rate * exp(-decay_rate * global_step / decay_steps)`; arguments as in `exponential_decay`.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.train.natural_exp_decay(1.0, gg.constant(2), 4, 1.0)).round(4)
    np.float32(0.6065)
    """
    with _scope(global_step, name, "NaturalExpDecay"):
        rate, step, steps = _given(learning_rate, global_step, decay_steps)
        part = step / steps
        return rate * (-decay_rate * (part.floor() if staircase else part)).exp()


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`learning_rate / (1 + decay_rate * global_step / decay_steps)`; arguments as in `exponential_decay`.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.train.inverse_time_decay(1.0, gg.constant(6), 2, 1.0))
    np.float32(0.25)
    """
    with _scope(global_step, name, "InverseTimeDecay"):
        rate, step, steps = _given(learning_rate, global_step, decay_steps)
        part = step / steps
        return rate / (1 + decay_rate * (part.floor() if staircase else part))


def piecewise_constant(x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None) -> Any:
    """`values[0]` up to the first boundary, that one included, `values[1]` up to the second, and so on.

    Args:
        x: the variable or tensor that counts the steps.
        boundaries: numbers or scalar tensors, in rising order.
        values: numbers or scalar tensors, one more than there are boundaries.
        name: the scope of the operations.

    Raises:
        ValueError: if the two do not go together, or the boundaries do not rise.

    >>> import graphgrad as gg
    >>> step = gg.placeholder(gg.int64, [])
    >>> rate = gg.train.piecewise_constant(step, [10, 20], [1.0, 0.5, 0.25])
    >>> with gg.Session() as sess:
    ...     [float(sess.run(rate, {step: n})) for n in (10, 11, 21)]
    [1.0, 0.5, 0.25]
    """
    if len(values) != len(boundaries) + 1:
        raise ValueError(f"{len(boundaries)} boundaries need {len(boundaries) + 1} values, not {len(values)}")
    numbers = [item for item in boundaries if not isinstance(item, torch.Tensor)]
    if any(one >= other for one, other in zip(numbers, numbers[1:], strict=False)):
        raise ValueError(f"the boundaries must rise, got {numbers}")
    with _scope(x, name, "PiecewiseConstant"):
        step = convert_to_tensor(x)
        found = convert_to_tensor(values[0])
        for boundary, value in zip(boundaries, values[1:], strict=True):
            found = torch.where(step > boundary, convert_to_tensor(value), found)
        return found


piecewise_constant_decay = piecewise_constant


def polynomial_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: Any = 1.0,
    cycle: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """`(learning_rate - end) * (1 - global_step / decay_steps) ** power + end`, and `end` after that.

    Args:
        learning_rate, decay_steps, end_learning_rate, power: numbers or scalar tensors.
        global_step: the variable or tensor that counts the steps.
        cycle: whether the rate rises again after `decay_steps`, which then become the next multiple of themselves.
        name: the scope of the operations.

    >>> import graphgrad as gg
    >>> step = gg.placeholder(gg.int64, [])
    >>> rate = gg.train.polynomial_decay(1.0, step, 10, end_learning_rate=0.5)
    >>> with gg.Session() as sess:
    ...     [float(sess.run(rate, {step: n})) for n in (0, 5, 10, 99)]
    [1.0, 0.75, 0.5, 0.5]
    """
    with _scope(global_step, name, "PolynomialDecay"):
        rate, step, steps = _given(learning_rate, global_step, decay_steps)
        if cycle:
            rounds = (step / steps).ceil()
            steps = steps * torch.where(step == 0, torch.ones_like(rounds), rounds)
        else:
            step = _at_most(step, steps)
        return (rate - end_learning_rate) * (1 - step / steps) ** power + end_learning_rate


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: float = 0.0, name: str | None = None
) -> Any:
    """Half a wave of the cosine, from `learning_rate` down to `alpha * learning_rate` in `decay_steps`.

    >>> import graphgrad as gg
    >>> step = gg.placeholder(gg.int64, [])
    >>> rate = gg.train.cosine_decay(1.0, step, 4, alpha=0.5)
    >>> with gg.Session() as sess:
    ...     [round(float(sess.run(rate, {step: n})), 4) for n in (0, 2, 4, 9)]
    [1.0, 0.75, 0.5, 0.5]
    """
    with _scope(global_step, name, "CosineDecay"):
        rate, step, steps = _given(learning_rate, global_step, decay_steps)
        wave = 0.5 * (1 + (math.pi * (_at_most(step, steps) / steps)).cos())
        return rate * ((1 - alpha) * wave + alpha)


def cosine_decay_restarts(
    learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: float = 2.0, m_mul: float = 1.0,
    alpha: float = 0.0, name: str | None = None,
) -> Any:  # fmt: skip
    """A cosine decay that starts again and again: each time `t_mul` times as long, from `m_mul` times the rate.

    >>> import graphgrad as gg
    >>> step = gg.placeholder(gg.int64, [])
    >>> rate = gg.train.cosine_decay_restarts(1.0, step, 4, m_mul=0.5)
    >>> with gg.Session() as sess:
    ...     [round(float(sess.run(rate, {step: n})), 4) for n in (0, 2, 4, 8)]
    [1.0, 0.5, 0.5, 0.25]
    """
    with _scope(global_step, name, "SGDRDecay"):
        rate, step, steps = _given(learning_rate, global_step, first_decay_steps)
        part = step / steps
        if t_mul == 1:
            restarts = part.floor()
            part = part - restarts
        else:
            restarts = ((1 - part * (1 - t_mul)).log() / math.log(t_mul)).floor()
            length = _power(t_mul, restarts)
            part = (part - (1 - length) / (1 - t_mul)) / length
        wave = 0.5 * _power(m_mul, restarts) * (1 + (math.pi * part).cos())
        return rate * ((1 - alpha) * wave + alpha)


def linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: float = 0.5, alpha: float = 0.0,
    beta: float = 0.001, name: str | None = None,
) -> Any:  # fmt: skip
    """`learning_rate * ((alpha + line) * wave + beta)`: a line from 1 to 0 times `num_periods` of a cosine wave.

    >>> import graphgrad as gg
    >>> step = gg.placeholder(gg.int64, [])
    >>> rate = gg.train.linear_cosine_decay(1.0, step, 4, beta=0.5)
    >>> with gg.Session() as sess:
    ...     [round(float(sess.run(rate, {step: n})), 4) for n in (0, 2, 4)]
    [1.5, 0.75, 0.5]
    """
    with _scope(global_step, name, "LinearCosineDecay"):
        rate, line, wave, _ = _line_and_wave(learning_rate, global_step, decay_steps, num_periods)
        return rate * ((alpha + line) * wave + beta)


def noisy_linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, initial_variance: float = 1.0,
    variance_decay: float = 0.55, num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`linear_cosine_decay` with noise on its line, of variance `initial_variance / (1 + step) ** variance_decay`."""
    with _scope(global_step, name, "NoisyLinearCosineDecay"):
        rate, line, wave, step = _line_and_wave(learning_rate, global_step, decay_steps, num_periods)
        deviation = (initial_variance / (1 + step) ** variance_decay).sqrt()
        noise = random_normal([], dtype=rate.dtype) * deviation
        return rate * ((alpha + line + noise) * wave + beta)


def _line_and_wave(
    learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: float
) -> tuple[Any, Any, Any, Any]:
    rate, step, steps = _given(learning_rate, global_step, decay_steps)
    step = _at_most(step, steps)
    part = step / steps
    return rate, (steps - step) / steps, 0.5 * (1 + (math.pi * (2 * num_periods * part)).cos()), step
