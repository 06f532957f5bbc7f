"""TF1's random tensors: a stream per operation, a new draw per run."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..ground.mode import executing_eagerly
from ..ground.spec import as_dtype
from .array import _shape
from .sources import named_result
from .table import apply


def seeded(result: Any, seed: int | None) -> Any:
    """Give the operation its own seed instead of its place in the graph."""
    if seed is not None and not executing_eagerly():
        result.op.payload = int(seed)
    return result


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = torch.float32,
                  seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers.

    >>> import graphgrad as gg
    >>> gg.random_normal([2, 3])
    <Tensor 'randn:0' float32[2, 3]>
    """
    inner = name if (mean, stddev) == (0.0, 1.0) else None
    draw = seeded(apply(torch.randn, (_shape(shape),), {"dtype": as_dtype(dtype)}, inner), seed)
    return draw if (mean, stddev) == (0.0, 1.0) else named_result(draw * stddev + mean, name)


def random_uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = torch.float32,
                   seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Numbers uniformly distributed in [minval, maxval); [0, 1) by default. Integers need a maxval."""
    wanted = as_dtype(dtype)
    if not wanted.is_floating_point:
        if maxval is None:
            raise ValueError("random_uniform of integers needs maxval")
        return seeded(apply(torch.randint, (minval, maxval, _shape(shape)), {"dtype": wanted}, name), seed)
    high = 1 if maxval is None else maxval
    plain = not isinstance(minval, torch.Tensor) and not isinstance(high, torch.Tensor) and (minval, high) == (0, 1)
    draw = seeded(apply(torch.rand, (_shape(shape),), {"dtype": wanted}, name if plain else None), seed)
    return draw if plain else named_result(draw * (high - minval) + minval, name)


def within_two_sigma(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Normal numbers conditioned on lying within two standard deviations, by the inverse of their distribution."""
    inside = math.erf(math.sqrt(2.0))  # the probability of it
    uniform = torch.rand(shape, dtype=dtype) * (2 * inside) - inside
    return (torch.erfinv(uniform) * math.sqrt(2.0)).clamp(-2.0, 2.0)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = torch.float32,
                     seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers within two standard deviations of the mean."""
    draw = apply(within_two_sigma, (_shape(shape), as_dtype(dtype)), {}, None)
    return named_result(seeded(draw, seed) * stddev + mean, name)


TABLE: dict[str, Any] = {function.__name__: function for function in (random_normal, random_uniform, truncated_normal)}
