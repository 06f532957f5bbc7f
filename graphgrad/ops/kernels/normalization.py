"""Means, variances and what is normalised by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812

from .reductions import axes_of


class Moments(NamedTuple):
    """A mean and a variance."""

    mean: Any
    variance: Any


class FusedBatchNorm(NamedTuple):
    """The normalised images, and the mean and variance that running averages are made of."""

    y: Any
    batch_mean: Any
    batch_var: Any


class Statistics(NamedTuple):
    """The number of elements, their sum and the sum of their squares."""

    count: Any
    mean_ss: Any
    var_ss: Any


def moments(x: torch.Tensor, axes: int | Sequence[int], keepdims: bool) -> Moments:
    """The mean and the (biased) variance over some axes."""
    chosen = axes_of(axes, x.dim())
    if not chosen:
        return Moments(x.clone(), torch.zeros_like(x))
    variance, mean = torch.var_mean(x, dim=chosen, correction=0, keepdim=keepdims)
    return Moments(mean, variance)


def weighted_moments(
    x: torch.Tensor, axes: int | Sequence[int], frequency_weights: torch.Tensor, keepdims: bool
) -> Moments:
    """The mean and the variance over some axes, in which each element counts with its weight."""
    chosen = axes_of(axes, x.dim())
    weights = (frequency_weights.to(x.dtype) + torch.zeros_like(x)).expand(x.shape)
    total = weights.sum(chosen, keepdim=True)
    mean = (weights * x).sum(chosen, keepdim=True) / total
    variance = (weights * (x - mean) ** 2).sum(chosen, keepdim=True) / total
    if not keepdims:
        for each in sorted(chosen, reverse=True):
            mean, variance = mean.squeeze(each), variance.squeeze(each)
    return Moments(mean, variance)


def sufficient_statistics(
    x: torch.Tensor, axes: int | Sequence[int], shift: torch.Tensor | None, keepdims: bool
) -> Statistics:
    """What mean and variance are made of: the number of elements, their sum and the sum of their squares."""
    chosen = axes_of(axes, x.dim())
    count = 1
    for each in chosen:
        count *= x.shape[each]
    moved = x if shift is None else x - shift
    total, squares = moved.sum(chosen, keepdim=keepdims), (moved * moved).sum(chosen, keepdim=keepdims)
    return Statistics(torch.tensor(count, dtype=x.dtype, device=x.device), total, squares)


def normalize_moments(
    counts: torch.Tensor, mean_ss: torch.Tensor, variance_ss: torch.Tensor, shift: torch.Tensor | None
) -> Moments:
    """Mean and variance from sums of elements and of squares, of which a shift was subtracted before."""
    share = counts.reciprocal()
    moved = mean_ss * share
    mean = moved if shift is None else moved + shift
    return Moments(mean, variance_ss * share - moved * moved)


def batch_normalization(
    x: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor, offset: torch.Tensor | None,
    scale: torch.Tensor | None, variance_epsilon: float,
) -> torch.Tensor:  # fmt: skip
    """X less a mean, divided by the root of a variance, times a scale, plus an offset."""
    factor = torch.rsqrt(variance + variance_epsilon)
    if scale is not None:
        factor = factor * scale
    return x * factor + ((offset if offset is not None else 0.0) - mean * factor)


def fused_batch_norm(
    x: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor, mean: torch.Tensor | None,
    variance: torch.Tensor | None, epsilon: float, data_format: str, is_training: bool, factor: float,
) -> FusedBatchNorm:  # fmt: skip
    """Images normalised per channel: by their own mean and variance in training, else by those given.

    The variance that comes back is the unbiased one, as the running average needs it.
    """
    if data_format not in ("NHWC", "NCHW", "NDHWC", "NCDHW"):
        raise ValueError(f"data_format is {data_format!r}; use 'NHWC' or 'NCHW'")
    images = x.movedim(-1, 1) if data_format[-1] == "C" else x
    if not is_training:
        if mean is None or variance is None:
            raise ValueError("mean and variance are needed where is_training is False")
        found = F.batch_norm(images, mean, variance, scale, offset, False, 0.0, max(epsilon, 1.001e-5))
        return FusedBatchNorm(_back(found, data_format), mean.clone(), variance.clone())
    axes = [axis for axis in range(images.dim()) if axis != 1]
    own_variance, own_mean = torch.var_mean(images, axes, correction=0)
    found = F.batch_norm(images, None, None, scale, offset, True, 0.0, max(epsilon, 1.001e-5))
    count = images.numel() // images.shape[1]
    unbiased = own_variance * (count / max(count - 1, 1))
    if factor != 1.0 and mean is not None and variance is not None:
        own_mean = mean * (1 - factor) + own_mean * factor
        unbiased = variance * (1 - factor) + unbiased * factor
    return FusedBatchNorm(_back(found, data_format), own_mean, unbiased)


def _back(images: torch.Tensor, data_format: str) -> torch.Tensor:
    return images.movedim(1, -1) if data_format[-1] == "C" else images


def local_response_normalization(
    input: torch.Tensor, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> torch.Tensor:
    """Each channel divided by a power of the sum of squares of its neighbours among the channels."""
    squares = F.pad(input * input, [depth_radius, depth_radius])
    total = squares.unfold(-1, 2 * depth_radius + 1, 1).sum(-1)
    return input / (bias + alpha * total) ** beta
