"""Regularizers and initializers of `gg.contrib.layers`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..graph.graph import get_default_graph, name_scope
from ..ops.initializers import Initializer, fans
from ..ops.keys import GraphKeys
from ..ops.random import random_uniform, truncated_normal
from ..ops.sources import add_n, constant

Regularizer = Callable[[Any], Any]


def _checked(scale: float) -> float:
    if isinstance(scale, int):
        raise ValueError(f"scale is the int {scale}; give a float")
    if not scale >= 0:
        raise ValueError(f"scale is {scale}; give a number from 0 on")
    return scale


def l1_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """A function that gives `scale` times the sum of absolute values; None for a scale of 0."""
    _checked(scale)

    def l1(weights: Any, name: str | None = None) -> Any:
        with name_scope(scope or name, "l1_regularizer"):
            return None if scale == 0.0 else torch.abs(weights).sum() * scale

    return l1


def l2_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """A function that gives `scale` times half the sum of squares; None for a scale of 0.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.contrib.layers.l2_regularizer(0.5)(gg.constant([2.0, 4.0])))
    np.float32(5.0)
    """
    _checked(scale)

    def l2(weights: Any, name: str | None = None) -> Any:
        with name_scope(scope or name, "l2_regularizer"):
            return None if scale == 0.0 else (weights * weights).sum() * 0.5 * scale

    return l2


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Regularizer:
    """A function that gives the sum of both."""
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope or "l1_l2_regularizer")


def sum_regularizer(regularizer_list: Sequence[Regularizer | None], scope: str | None = None) -> Regularizer:
    """A function that gives the sum of what some regularizers give, None where none gives anything."""
    present = [regularizer for regularizer in regularizer_list if regularizer is not None]

    def total(weights: Any) -> Any:
        with name_scope(scope, "sum_regularizer"):
            losses = [loss for loss in (regularizer(weights) for regularizer in present) if loss is not None]
            return add_n(losses) if losses else None

    return total


def apply_regularization(regularizer: Regularizer, weights_list: Sequence[Any] | None = None) -> Any:
    """The sum of a regularizer over weights, listed with the regularization losses.

    Args:
        regularizer: a function of one of the weights, with a scalar as its result, or None.
        weights_list: the weights; those of `GraphKeys.WEIGHTS` if None.
    """
    weights = get_default_graph().get_collection(GraphKeys.WEIGHTS) if weights_list is None else list(weights_list)
    if not weights:
        raise ValueError("no weights to regularize")
    with name_scope("get_regularization_penalty"):
        losses = [loss for loss in map(regularizer, weights) if loss is not None]
        if any(loss.dim() for loss in losses):
            raise ValueError("a regularizer has to give a scalar")
        total = add_n(losses) if losses else constant(0.0)
    get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total


class FanInitializer(Initializer):
    """Random numbers of variance `factor / n`, without TF1's later correction of the truncation.

    Attributes:
        factor, mode, uniform, seed, dtype: as `variance_scaling_initializer` takes them.
    """

    def __init__(self, factor: float, mode: str, uniform: bool, seed: int | None, dtype: Any) -> None:
        if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
            raise TypeError(f"mode is {mode!r}; use 'FAN_IN', 'FAN_OUT' or 'FAN_AVG'")
        if not getattr(dtype, "is_floating_point", False):
            raise TypeError(f"a fan initializer makes floats, not {dtype}")
        self.factor, self.mode, self.uniform, self.seed, self.dtype = factor, mode, uniform, seed, dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        inputs, outputs = fans(shape)
        count = {"FAN_IN": inputs, "FAN_OUT": outputs, "FAN_AVG": (inputs + outputs) / 2}[self.mode]
        if self.uniform:
            limit = math.sqrt(3.0 * self.factor / count)
            return random_uniform(shape, -limit, limit, dtype, self.seed)
        return truncated_normal(shape, 0.0, math.sqrt(1.3 * self.factor / count), dtype, self.seed)


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None,
    dtype: Any = torch.float32,
) -> FanInitializer:  # fmt: skip
    """Random numbers of variance about `factor / n`, n the inputs, the outputs or their mean."""
    return FanInitializer(factor, mode, uniform, seed, dtype)


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = torch.float32) -> FanInitializer:
    """Random numbers of variance 2 / (inputs + outputs).

    >>> import graphgrad as gg
    >>> gg.get_variable("w", [3, 4], initializer=gg.contrib.layers.xavier_initializer())
    <Variable 'w:0' float32[3, 4]>
    """
    return FanInitializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer
