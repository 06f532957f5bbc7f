"""Random numbers of TF1's distributions."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from ...record.infer import probing
from ..sizes import ints


def random_normal(shape: Any, mean: Any, stddev: Any, dtype: torch.dtype, device: Any = None) -> torch.Tensor:
    """Normally distributed numbers."""
    place = _place(device, shape, mean, stddev)
    return torch.randn(ints(shape), dtype=dtype, device=place) * stddev + mean  # type: ignore[no-any-return]


def random_uniform(shape: Any, minval: Any, maxval: Any, dtype: torch.dtype, device: Any = None) -> torch.Tensor:
    """Numbers uniformly distributed from minval up to maxval, without it."""
    place = _place(device, shape, minval, maxval)
    if dtype.is_floating_point:
        return torch.rand(ints(shape), dtype=dtype, device=place) * (maxval - minval) + minval  # type: ignore[no-any-return]
    if not isinstance(minval, torch.Tensor) and not isinstance(maxval, torch.Tensor):
        return torch.randint(int(minval), int(maxval), ints(shape), dtype=dtype, device=place)
    share = torch.rand(ints(shape), dtype=torch.float64, device=place)
    return (torch.floor(share * (maxval - minval)) + minval).to(dtype)  # type: ignore[no-any-return]


def truncated_normal(shape: Any, mean: Any, stddev: Any, dtype: torch.dtype, device: Any = None) -> torch.Tensor:
    """Normal numbers conditioned on lying within two standard deviations, by the inverse of their distribution."""
    place = _place(device, shape, mean, stddev)
    inside = math.erf(math.sqrt(2.0))  # the probability of it
    uniform = torch.rand(ints(shape), dtype=dtype, device=place) * (2 * inside) - inside
    return (torch.erfinv(uniform) * math.sqrt(2.0)).clamp(-2.0, 2.0) * stddev + mean  # type: ignore[no-any-return]


def _place(device: Any, *given: Any) -> Any:
    """Where the numbers are made: with the tensors that are read, if there are any."""
    return next((item.device for item in given if isinstance(item, torch.Tensor)), device)


def random_shuffle(value: torch.Tensor) -> torch.Tensor:
    """The slices along the first axis in random order."""
    return value.detach().index_select(0, torch.randperm(value.shape[0], device=value.device))


def random_crop(value: torch.Tensor, size: Any) -> torch.Tensor:
    """A block of a size at a random place."""
    wanted = ints(size)
    if len(wanted) != value.dim():
        raise ValueError(f"one size per axis is needed, {value.dim()}, got {len(wanted)}")
    for axis, length in enumerate(wanted):
        room = value.shape[axis] - length
        if room < 0:
            raise ValueError(f"a block of {wanted} does not fit into {list(value.shape)}")
        start = torch.floor(torch.rand((), device=value.device) * (room + 1)).long()
        value = value.index_select(axis, start + torch.arange(length, device=value.device))
    return value


def random_gamma(shape: Any, alpha: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    """Gamma distributed numbers, a shape of them per alpha and beta; differentiable."""
    sizes = (*ints(shape), *(alpha + beta).shape)
    return torch._standard_gamma(alpha.expand(sizes)) / beta


def random_poisson(lam: torch.Tensor, shape: Any, dtype: torch.dtype) -> torch.Tensor:
    """Poisson distributed counts, a shape of them per mean."""
    return torch.poisson(lam.detach().to(torch.float64).expand(*ints(shape), *lam.shape)).to(dtype)


def multinomial(logits: torch.Tensor, num_samples: int, dtype: torch.dtype) -> torch.Tensor:
    """Classes drawn with the probabilities of softmax(logits), so many per row."""
    odds = torch.rand((*logits.shape[:1], num_samples, logits.shape[1]), dtype=torch.float64, device=logits.device)
    scores = logits.detach().unsqueeze(1) - torch.log(-torch.log(odds.clamp(min=1e-300)))
    return scores.argmax(-1).to(dtype)


def dropout(x: torch.Tensor, rate: Any, noise_shape: Any) -> torch.Tensor:
    """The tensor with elements set to zero at random and the others scaled up."""
    shape = x.shape if noise_shape is None else _filled(ints(noise_shape), x.shape)
    if isinstance(noise_shape, torch.Tensor) and probing():
        shape = x.shape
    if not isinstance(rate, torch.Tensor) and tuple(shape) == tuple(x.shape):
        return F.dropout(x, rate, True)
    kept = torch.rand(shape, device=x.device, dtype=torch.float32) >= rate
    scale = (1.0 - rate).to(x.dtype) if isinstance(rate, torch.Tensor) else max(1.0 - rate, 1e-30)
    return torch.where(kept, x / scale, torch.zeros_like(x))


def _filled(shape: list[int], like: torch.Size) -> list[int]:
    return [size if wanted == -1 else wanted for wanted, size in zip(shape, like, strict=True)]


def flip_at_random(image: torch.Tensor, axis: int) -> torch.Tensor:
    """Each image, mirrored along an axis with a chance of one half."""
    shape = (image.shape[0], 1, 1, 1) if image.dim() == 4 else (1,) * image.dim()
    return torch.where(torch.rand(shape, device=image.device) < 0.5, image.flip(axis), image)
