"""`gg.random`: TF1's random tensors: a stream per operation, a new draw per run."""

from __future__ import annotations

from typing import Any

import torch

from ..ground.spec import as_dtype
from .kernels import randomness
from .sizes import known, sizes
from .table import apply, row, seeded, tensor
from .variables import set_random_seed

multinomial = row(
    "multinomial", randomness.multinomial, "logits:t num_samples:n seed=None name=None output_dtype:d=int64"
)
categorical = row(
    "random.categorical", randomness.multinomial, "logits:t num_samples:n dtype:d=int64 seed=None name=None"
)
random_crop = row("random_crop", randomness.random_crop, "value:t size:s seed=None")
random_poisson = row("random_poisson", randomness.random_poisson, "lam:t shape:s dtype:d=float32 seed=None")
random_shuffle = row("random_shuffle", randomness.random_shuffle, "value:t seed=None")


def _number(value: Any, dtype: torch.dtype) -> Any:
    """A bound or a scale: a Python number, or a tensor of the wanted dtype."""
    if isinstance(value, (int, float)):
        return value
    found = known(value) if not dtype.is_floating_point else None
    return tensor(value) if not isinstance(found, int) else found


def _plain(*numbers: Any) -> bool:
    return all(isinstance(number, (int, float)) for number in numbers)


def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = torch.float32,
                  seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers.

    Args:
        shape: the shape, which may be computed in the run.
        mean, stddev: of the distribution; numbers, or tensors that can be broadcast.
        dtype: a floating dtype.
        seed: the operation's own seed.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> gg.random_normal([2, 3])
    <Tensor 'randn:0' float32[2, 3]>
    """
    wanted = as_dtype(dtype)
    places = sizes(shape)
    if isinstance(places, tuple) and _plain(mean, stddev) and (mean, stddev) == (0, 1):
        return seeded(apply(torch.randn, (places,), {"dtype": wanted}, name), seed)
    args = (places, _number(mean, wanted), _number(stddev, wanted), wanted)
    return seeded(apply(randomness.random_normal, args, {}, name or "random_normal"), seed)


def random_uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = torch.float32,
                   seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Numbers uniformly distributed in [minval, maxval); [0, 1) by default. Integers need a maxval.

    Args:
        shape: the shape, which may be computed in the run.
        minval, maxval: the bounds; numbers, or tensors that can be broadcast.
        dtype: the dtype.
        seed: the operation's own seed.
        name: the operation's name.

    Raises:
        ValueError: for integers without a maxval.

    >>> import graphgrad as gg
    >>> gg.random_uniform([2], maxval=10, dtype=gg.int32)
    <Tensor 'random_uniform:0' int32[2]>
    """
    wanted = as_dtype(dtype)
    if not wanted.is_floating_point and maxval is None:
        raise ValueError("random_uniform of integers needs maxval")
    high = 1 if maxval is None else maxval
    places = sizes(shape)
    plain = isinstance(places, tuple) and _plain(minval, high)
    if plain and wanted.is_floating_point and (minval, high) == (0, 1):
        return seeded(apply(torch.rand, (places,), {"dtype": wanted}, name), seed)
    args = (places, _number(minval, wanted), _number(high, wanted), wanted)
    return seeded(apply(randomness.random_uniform, args, {}, name or "random_uniform"), seed)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = torch.float32,
                     seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers within two standard deviations of the mean; arguments as of `random_normal`."""
    wanted = as_dtype(dtype)
    args = (sizes(shape), _number(mean, wanted), _number(stddev, wanted), wanted)
    return seeded(apply(randomness.truncated_normal, args, {}, name or "truncated_normal"), seed)


def random_gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = torch.float32,
                 seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Gamma distributed numbers, a shape of them per alpha and beta.

    Args:
        shape: the shape drawn for each pair of parameters.
        alpha: the shape parameters; a gradient reaches them.
        beta: the inverse scales, 1 if None.
        dtype: a floating dtype, for parameters that are plain numbers.
        seed: the operation's own seed.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> gg.random_gamma([4], alpha=[0.5, 1.5])
    <Tensor 'random_gamma:0' float32[4, 2]>
    """
    wanted = torch.empty(0, dtype=as_dtype(dtype), device="meta")
    first = tensor(alpha, wanted)
    second = tensor(1.0 if beta is None else beta, first)
    return seeded(apply(randomness.random_gamma, (sizes(shape), first, second), {}, name or "random_gamma"), seed)


normal = random_normal
uniform = random_uniform
gamma = random_gamma
poisson = random_poisson
shuffle = random_shuffle

__all__ = [
    "categorical", "gamma", "multinomial", "normal", "poisson", "random_crop", "random_gamma", "random_normal",
    "random_poisson", "random_shuffle", "random_uniform", "set_random_seed", "shuffle", "truncated_normal", "uniform",
]  # fmt: skip
