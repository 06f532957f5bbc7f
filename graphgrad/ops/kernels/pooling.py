"""The largest element and the mean of windows, with TF1's layouts and padding."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812

from .windows import amounts, channels_last, inward, outward, padded, per_axis, symmetric

_MAX: dict[int, Any] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVG: dict[int, Any] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class Pooled(NamedTuple):
    """The largest elements, and where they were."""

    output: Any
    argmax: Any


def max_pool(value: torch.Tensor, ksize: Any, strides: Any, padding: Any, data_format: str | None) -> torch.Tensor:
    """The largest element in each window of each channel; padding never wins."""
    space = value.dim() - 2
    if space not in _MAX:
        raise ValueError(f"a tensor of 3, 4 or 5 axes is pooled, got {list(value.shape)}")
    last = channels_last(data_format, space)
    images = inward(value, last)
    window, stride = per_axis(ksize, space, last, "windows"), per_axis(strides, space, last, "strides")
    pairs = amounts(padding, images.shape[2:], window, stride, [1] * space, last)
    if symmetric(pairs) and all(before <= size // 2 for (before, _), size in zip(pairs, window, strict=True)):
        return outward(_MAX[space](images, window, stride, [before for before, _ in pairs]), last)
    return outward(_MAX[space](padded(images, pairs, float("-inf")), window, stride), last)


def avg_pool(value: torch.Tensor, ksize: Any, strides: Any, padding: Any, data_format: str | None) -> torch.Tensor:
    """The mean of each window of each channel; padding does not count."""
    space = value.dim() - 2
    if space not in _AVG:
        raise ValueError(f"a tensor of 3, 4 or 5 axes is pooled, got {list(value.shape)}")
    last = channels_last(data_format, space)
    images = inward(value, last)
    window, stride = per_axis(ksize, space, last, "windows"), per_axis(strides, space, last, "strides")
    pairs = amounts(padding, images.shape[2:], window, stride, [1] * space, last)
    mean = _AVG[space](padded(images, pairs), window, stride)
    if any(before or after for before, after in pairs):
        counted = torch.ones_like(images[:1, :1])
        mean = mean / _AVG[space](padded(counted, pairs), window, stride)
    return outward(mean, last)


def max_pool_with_argmax(
    input: torch.Tensor, ksize: Any, strides: Any, padding: str, data_format: str | None, dtype: torch.dtype,
    include_batch_in_index: bool,
) -> Pooled:  # fmt: skip
    """The largest element in each window, and its place in the flattened image."""
    if not channels_last(data_format, 2):
        raise ValueError("max_pool_with_argmax takes 'NHWC' only")
    images = inward(input, True)
    window, stride = per_axis(ksize, 2, True, "windows"), per_axis(strides, 2, True, "strides")
    pairs = amounts(padding, images.shape[2:], window, stride, [1, 1])
    (top, _), (left, _) = pairs
    found, places = F.max_pool2d(padded(images, pairs, float("-inf")), window, stride, return_indices=True)
    width = images.shape[3] + sum(pairs[1])
    rows, columns = places // width - top, places % width - left
    n, channels, height, wide = images.shape
    channel = torch.arange(channels, device=input.device).reshape(1, -1, 1, 1)
    index = (rows * wide + columns) * channels + channel
    if include_batch_in_index:
        index = index + torch.arange(n, device=input.device).reshape(-1, 1, 1, 1) * (height * wide * channels)
    return Pooled(outward(found, True), outward(index, True).to(dtype))


def pool(
    input: torch.Tensor, window_shape: Any, pooling_type: str, padding: str, dilation_rate: Any, strides: Any,
    data_format: str | None,
) -> torch.Tensor:  # fmt: skip
    """The largest element ('MAX') or the mean ('AVG') of each window, over all axes of space."""
    if dilation_rate is not None and any(rate != 1 for rate in dilation_rate):
        raise ValueError("a pool with a dilation_rate is not supported")
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(f"pooling_type is {pooling_type!r}; use 'MAX' or 'AVG'")
    function = max_pool if pooling_type == "MAX" else avg_pool
    return function(input, window_shape, strides, padding, data_format)
