"""Convolutions with TF1's layouts, filters and padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from ...record.infer import probing
from ..sizes import ints
from .windows import amounts, channels_last, inward, outward, padded, per_axis, symmetric

_CONVOLVE: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED: dict[int, Any] = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _convolve(
    input: torch.Tensor, weight: torch.Tensor, strides: Any, padding: Any, data_format: str | None, dilations: Any,
    space: int, groups: int = 1,
) -> torch.Tensor:  # fmt: skip
    """A convolution with a filter in torch's layout: [out, in, ...]."""
    last = channels_last(data_format, space)
    images = inward(input, last)
    if images.dim() != space + 2:
        raise ValueError(f"images of {space + 2} axes are convolved, got {list(input.shape)}")
    if images.shape[1] != weight.shape[1] * groups:
        raise ValueError(f"the filter is for {weight.shape[1] * groups} channels, the input has {images.shape[1]}")
    stride = per_axis(strides, space, last, "strides")
    dilation = per_axis(dilations, space, last, "dilations")
    pairs = amounts(padding, images.shape[2:], weight.shape[2:], stride, dilation, last)
    if symmetric(pairs):
        found = _CONVOLVE[space](images, weight, None, stride, [before for before, _ in pairs], dilation, groups)
    else:
        found = _CONVOLVE[space](padded(images, pairs), weight, None, stride, 0, dilation, groups)
    return outward(found, last)


def _weight(filter: torch.Tensor, space: int) -> torch.Tensor:
    """[..., in, out] as [out, in, ...]."""
    if filter.dim() != space + 2:
        raise ValueError(f"a filter of {space + 2} axes is needed, got {list(filter.shape)}")
    return filter.permute(space + 1, space, *range(space)).contiguous()


def conv1d(
    value: torch.Tensor, filters: torch.Tensor, stride: Any, padding: Any, data_format: str | None, dilations: Any
) -> torch.Tensor:
    """The convolution of series [batch, width, channels] with a filter [width, in, out]."""
    return _convolve(value, _weight(filters, 1), stride, padding, data_format, dilations, 1)


def conv2d(
    input: torch.Tensor, filter: torch.Tensor, strides: Any, padding: Any, use_cudnn_on_gpu: bool = True,
    data_format: str | None = "NHWC", dilations: Any = 1,
) -> torch.Tensor:  # fmt: skip
    """The convolution of images [batch, height, width, channels] with a filter [height, width, in, out].

    'SAME' pads with zeros, one more after than before where odd. Which kernel computes it is torch's choice, so
    `use_cudnn_on_gpu` has to be True.
    """
    if not use_cudnn_on_gpu:
        raise ValueError("use_cudnn_on_gpu=False has no counterpart: torch chooses the kernel")
    return _convolve(input, _weight(filter, 2), strides, padding, data_format, dilations, 2)


def conv3d(
    input: torch.Tensor, filter: torch.Tensor, strides: Any, padding: Any, data_format: str | None = "NDHWC",
    dilations: Any = 1,
) -> torch.Tensor:  # fmt: skip
    """The convolution of volumes [batch, depth, height, width, channels] with a filter [..., in, out]."""
    return _convolve(input, _weight(filter, 3), strides, padding, data_format, dilations, 3)


def convolution(
    input: torch.Tensor, filter: torch.Tensor, padding: Any, strides: Any, dilation_rate: Any, data_format: str | None
) -> torch.Tensor:
    """The convolution over one, two or three axes, as many as the filter has."""
    space = filter.dim() - 2
    if space not in _CONVOLVE:
        raise ValueError(f"a filter of 3, 4 or 5 axes is needed, got {list(filter.shape)}")
    return _convolve(input, _weight(filter, space), strides, padding, data_format, dilation_rate, space)


def atrous_conv2d(value: torch.Tensor, filters: torch.Tensor, rate: int, padding: str) -> torch.Tensor:
    """The convolution of images with a filter whose elements lie `rate` pixels apart."""
    return _convolve(value, _weight(filters, 2), 1, padding, "NHWC", rate, 2)


def depthwise_conv2d(
    input: torch.Tensor, filter: torch.Tensor, strides: Any, padding: Any, rate: Any, data_format: str | None
) -> torch.Tensor:
    """Each channel convolved with filters of its own: [height, width, channels, filters per channel]."""
    height, width, channels, times = filter.shape
    weight = filter.permute(2, 3, 0, 1).reshape(channels * times, 1, height, width)
    return _convolve(input, weight, strides, padding, data_format, rate, 2, channels)


def separable_conv2d(
    input: torch.Tensor, depthwise_filter: torch.Tensor, pointwise_filter: torch.Tensor, strides: Any, padding: Any,
    rate: Any, data_format: str | None,
) -> torch.Tensor:  # fmt: skip
    """A depthwise convolution, then one that mixes the channels of each pixel."""
    deep = depthwise_conv2d(input, depthwise_filter, strides, padding, rate, data_format)
    return _convolve(deep, _weight(pointwise_filter, 2), 1, "VALID", data_format, 1, 2)


def conv_transpose(
    input: torch.Tensor, filters: torch.Tensor, output_shape: Any, strides: Any, padding: Any,
    data_format: str | None, dilations: Any = 1,
) -> torch.Tensor:  # fmt: skip
    """The transpose of a convolution with a filter [..., out, in]: its gradient with respect to its input."""
    space = filters.dim() - 2
    if space not in _TRANSPOSED:
        raise ValueError(f"a filter of 3, 4 or 5 axes is needed, got {list(filters.shape)}")
    last = channels_last(data_format, space)
    images = inward(input, last)
    if images.shape[1] != filters.shape[-1]:
        raise ValueError(f"the filter is for {filters.shape[-1]} channels, the input has {images.shape[1]}")
    stride, dilation = per_axis(strides, space, last, "strides"), per_axis(dilations, space, last, "dilations")
    window = list(filters.shape[:space])
    target = _target(output_shape, images.shape[2:], window, stride, dilation, padding, last)
    pairs = amounts(padding, target, window, stride, dilation, last)
    for size, goal, reach, step, apart, (before, after) in zip(
        images.shape[2:], target, window, stride, dilation, pairs, strict=True
    ):
        if (goal + before + after - (reach - 1) * apart - 1) // step + 1 != size:
            raise ValueError(f"an input of {list(images.shape[2:])} can't give an output of {target}")
    full = _TRANSPOSED[space](images, _weight(filters, space), None, stride, 0, 0, 1, dilation)
    for axis, (goal, (before, _)) in enumerate(zip(target, pairs, strict=True), 2):
        missing = goal + before - full.shape[axis]
        if missing > 0:
            full = padded(full, [(0, missing if each == axis else 0) for each in range(2, full.dim())])
        full = full.narrow(axis, before, goal)
    return outward(full, last)


def _target(
    output_shape: Any, size: Sequence[int], window: Sequence[int], stride: Sequence[int], dilation: Sequence[int],
    padding: Any, last: bool,
) -> list[int]:  # fmt: skip
    """The sizes in space that are asked for, or those that come out by themselves."""
    usual = []
    for length, reach, step, apart in zip(size, window, stride, dilation, strict=True):
        more = max((reach - 1) * apart + 1 - step, 0) if padding == "VALID" else 0
        usual.append(length * step + more)
    if output_shape is None or (isinstance(output_shape, torch.Tensor) and probing()):
        return usual
    wanted = ints(output_shape)
    if len(wanted) == len(size) + 2:
        wanted = wanted[1:-1] if last else wanted[2:]
    return [length if goal == -1 else goal for goal, length in zip(wanted, usual, strict=True)]


def extract_image_patches(
    images: torch.Tensor, ksizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str
) -> torch.Tensor:
    """The pixels of each window as channels: row by row of the window, then the image's channels."""
    window, stride, rate = (per_axis(each, 2, True, what) for each, what in (
        (ksizes, "ksizes"), (strides, "strides"), (rates, "rates")
    ))  # fmt: skip
    first = inward(images, True)
    spread = padded(first, amounts(padding, first.shape[2:], window, stride, rate))
    n, channels = first.shape[:2]
    high, wide = ((spread.shape[2 + axis] - (window[axis] - 1) * rate[axis] - 1) // stride[axis] + 1 for axis in (0, 1))
    floating = spread if spread.is_floating_point() else spread.to(torch.float64)
    cut = F.unfold(floating, tuple(window), tuple(rate), 0, tuple(stride))
    cut = cut.reshape(n, channels, window[0] * window[1], high, wide)
    return cut.permute(0, 3, 4, 2, 1).reshape(n, high, wide, -1).to(images.dtype)


def extract_volume_patches(
    input: torch.Tensor, ksizes: Sequence[int], strides: Sequence[int], padding: str
) -> torch.Tensor:  # fmt: skip
    """The voxels of each window as channels: plane by plane of the window, then the volume's channels."""
    window, stride = per_axis(ksizes, 3, True, "ksizes"), per_axis(strides, 3, True, "strides")
    first = inward(input, True)
    cut = padded(first, amounts(padding, first.shape[2:], window, stride, [1, 1, 1]))
    for axis in (0, 1, 2):
        cut = cut.unfold(2 + axis, window[axis], stride[axis])
    return cut.permute(0, 2, 3, 4, 5, 6, 7, 1).flatten(4)


def dilation2d(
    input: torch.Tensor, filter: torch.Tensor, strides: Any, rates: Any, padding: str
) -> torch.Tensor:  # fmt: skip
    """The largest sum of a pixel and the filter's element over it, per channel."""
    window = list(filter.shape[:2])
    stride, rate = per_axis(strides, 2, True, "strides"), per_axis(rates, 2, True, "rates")
    images = inward(input, True)
    lowest = torch.finfo(input.dtype).min
    spread = padded(images, amounts(padding, images.shape[2:], window, stride, rate), lowest)
    n, channels = images.shape[:2]
    cut = F.unfold(spread, tuple(window), tuple(rate), 0, tuple(stride)).reshape(n, channels, window[0] * window[1], -1)
    weight = filter.permute(2, 0, 1).reshape(1, channels, -1, 1)
    high = (spread.shape[2] - (window[0] - 1) * rate[0] - 1) // stride[0] + 1
    return outward((cut + weight).amax(2).reshape(n, channels, high, -1), True)
