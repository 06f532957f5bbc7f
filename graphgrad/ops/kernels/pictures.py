"""Flips, crops, borders and measures of images, channels last."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from ...record.infer import probing
from ..sizes import made_up


def _flat(image: torch.Tensor) -> None:
    if image.dim() not in (3, 4):
        raise ValueError(f"'image' must have either 3 or 4 dimensions, got {list(image.shape)}")


def flip_left_right(image: torch.Tensor) -> torch.Tensor:
    """The image, or each one, mirrored sideways."""
    _flat(image)
    return image.flip(-2)


def flip_up_down(image: torch.Tensor) -> torch.Tensor:
    """The image, or each one, turned upside down."""
    _flat(image)
    return image.flip(-3)


def transpose_image(image: torch.Tensor) -> torch.Tensor:
    """The image, or each one, with rows and columns exchanged."""
    _flat(image)
    return image.transpose(-3, -2)


def rot90(image: torch.Tensor, k: int = 1) -> torch.Tensor:
    """The image, or each one, turned by k quarters to the left."""
    _flat(image)
    return torch.rot90(image, k, (-3, -2))


def crop_to_bounding_box(
    image: torch.Tensor, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> torch.Tensor:
    """A block of each image."""
    _flat(image)
    if min(offset_height, offset_width) < 0 or min(target_height, target_width) < 1:
        raise ValueError("a crop starts inside the image and is not empty")
    if offset_height + target_height > image.shape[-3] or offset_width + target_width > image.shape[-2]:
        raise ValueError(f"the crop does not lie in an image of shape {list(image.shape)}")
    return image.narrow(-3, offset_height, target_height).narrow(-2, offset_width, target_width)


def pad_to_bounding_box(
    image: torch.Tensor, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> torch.Tensor:
    """Each image inside a larger one of zeros."""
    _flat(image)
    below = target_height - offset_height - image.shape[-3]
    right = target_width - offset_width - image.shape[-2]
    if min(offset_height, offset_width, below, right) < 0:
        raise ValueError(f"an image of shape {list(image.shape)} does not fit into {target_height} x {target_width}")
    return F.pad(image, [0, 0, offset_width, right, offset_height, below])


def resize_image_with_crop_or_pad(image: torch.Tensor, target_height: int, target_width: int) -> torch.Tensor:
    """Each image cut, or surrounded with zeros, about its middle."""
    _flat(image)
    for axis, target in ((-3, target_height), (-2, target_width)):
        size = image.shape[axis]
        if target < 1:
            raise ValueError("target_height and target_width must be > 0")
        if size > target:
            image = image.narrow(axis, (size - target) // 2, target)
        elif size < target:
            before = (target - size) // 2
            pair = [before, target - size - before]
            image = F.pad(image, [0, 0, *([0, 0, *pair] if axis == -3 else pair)])
    return image


def central_crop(image: torch.Tensor, central_fraction: float) -> torch.Tensor:
    """The middle of each image."""
    _flat(image)
    if not 0 < central_fraction <= 1:
        raise ValueError("central_fraction must be within (0, 1]")
    for axis in (-3, -2):
        size = image.shape[axis]
        start = int((size - size * central_fraction) / 2)
        image = image.narrow(axis, start, size - 2 * start)
    return image


def per_image_standardization(image: torch.Tensor) -> torch.Tensor:
    """Each image with mean 0 and variance 1; divided by no less than the root of 1 / its number of elements."""
    _flat(image)
    pixels = image.to(torch.float32) if not image.is_floating_point() else image
    axes = (-3, -2, -1)
    count = math.prod(image.shape[-3:])
    variance, mean = torch.var_mean(pixels, axes, correction=0, keepdim=True)
    return (pixels - mean) / torch.clamp(torch.sqrt(variance), min=1.0 / math.sqrt(count))


def image_gradients(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The differences to the pixel below and to the one on the right; 0 in the last row and column."""
    if image.dim() != 4:
        raise ValueError(f"image_gradients expects a 4D tensor [batch, h, w, d], not {list(image.shape)}")
    down = F.pad(image[:, 1:] - image[:, :-1], [0, 0, 0, 0, 0, 1])
    right = F.pad(image[:, :, 1:] - image[:, :, :-1], [0, 0, 0, 1])
    return down, right


def sobel_edges(image: torch.Tensor) -> torch.Tensor:
    """The Sobel filter's answer to each channel, downwards and to the right, in a new last axis."""
    down = torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]], dtype=image.dtype, device=image.device)
    kernel = torch.stack([down, down.T]).unsqueeze(1)
    n, height, width, channels = image.shape
    flat = image.permute(0, 3, 1, 2).reshape(n * channels, 1, height, width)
    found = F.conv2d(F.pad(flat, [1, 1, 1, 1], "reflect"), kernel)
    return found.reshape(n, channels, 2, height, width).permute(0, 3, 4, 1, 2)


def total_variation(images: torch.Tensor) -> torch.Tensor:
    """The sum of the sizes of the differences between neighbouring pixels, per image."""
    _flat(images)
    down = (images.narrow(-3, 1, images.shape[-3] - 1) - images.narrow(-3, 0, images.shape[-3] - 1)).abs()
    right = (images.narrow(-2, 1, images.shape[-2] - 1) - images.narrow(-2, 0, images.shape[-2] - 1)).abs()
    axes = (-3, -2, -1)
    return down.sum(axes) + right.sum(axes)


def psnr(a: torch.Tensor, b: torch.Tensor, max_val: float) -> torch.Tensor:
    """The peak signal to noise ratio of each pair of images, in decibels."""
    scale = 1.0 if a.is_floating_point() else 1.0 / torch.iinfo(a.dtype).max
    peak = max_val * scale
    kind = a.dtype if a.is_floating_point() else torch.float32
    error = ((a.to(kind) * scale - b.to(kind) * scale) ** 2).mean((-3, -2, -1))
    return 20 * math.log10(peak) - (10 / math.log(10)) * torch.log(error)


def ssim(
    img1: torch.Tensor, img2: torch.Tensor, max_val: float, filter_size: int = 11, filter_sigma: float = 1.5,
    k1: float = 0.01, k2: float = 0.03,
) -> torch.Tensor:  # fmt: skip
    """The structural similarity of each pair of images: 1 for equal ones."""
    scale = 1.0 if img1.is_floating_point() else 1.0 / torch.iinfo(img1.dtype).max
    kind = img1.dtype if img1.is_floating_point() else torch.float32
    x, y = ((each.to(kind) * scale).movedim(-1, -3) for each in (img1, img2))
    if min(x.shape[-2:]) < filter_size:
        raise ValueError(f"images of {list(x.shape[-2:])} pixels are smaller than the filter, {filter_size}")
    lead, channels = x.shape[:-3], x.shape[-3]
    kernel = _gaussian(filter_size, filter_sigma, kind, img1.device)

    def blurred(z: torch.Tensor) -> torch.Tensor:
        found = F.conv2d(z.reshape(-1, 1, *z.shape[-2:]), kernel)
        return found.reshape(-1, channels, *found.shape[-2:])

    c1, c2 = (k1 * max_val * scale) ** 2, (k2 * max_val * scale) ** 2
    mean_x, mean_y = blurred(x), blurred(y)
    light = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    both, squares = 2 * blurred(x * y), blurred(x * x + y * y)
    contrast = (both - 2 * mean_x * mean_y + c2) / (squares - mean_x**2 - mean_y**2 + c2)
    return (light * contrast).mean((-3, -2, -1)).reshape(lead)


def _gaussian(size: int, sigma: float, dtype: torch.dtype, device: Any) -> torch.Tensor:
    steps = torch.arange(size, dtype=dtype, device=device) - (size - 1) / 2
    weights = torch.exp(-(steps**2) / (2 * sigma**2))
    square = weights.unsqueeze(0) * weights.unsqueeze(1)
    return (square / square.sum()).reshape(1, 1, size, size)


def non_max_suppression(
    boxes: torch.Tensor, scores: torch.Tensor, max_output_size: int, iou_threshold: float, score_threshold: float
) -> torch.Tensor:
    """The numbers of the best boxes, best first, of which no two overlap by more than a share."""
    if probing():
        kept = made_up([float(scores.abs().sum().item())])
        return torch.zeros(min(kept, max_output_size, scores.shape[0]), dtype=torch.int32, device=scores.device)
    top, left = torch.minimum(boxes[:, 0], boxes[:, 2]), torch.minimum(boxes[:, 1], boxes[:, 3])
    bottom, right = torch.maximum(boxes[:, 0], boxes[:, 2]), torch.maximum(boxes[:, 1], boxes[:, 3])
    area = (bottom - top) * (right - left)
    chosen: list[int] = []
    for number in torch.argsort(scores, descending=True, stable=True).tolist():
        if len(chosen) >= max_output_size or float(scores[number]) <= score_threshold:
            break
        others = torch.tensor(chosen, dtype=torch.int64, device=boxes.device)
        high = (torch.minimum(bottom[number], bottom[others]) - torch.maximum(top[number], top[others])).clamp(min=0)
        wide = (torch.minimum(right[number], right[others]) - torch.maximum(left[number], left[others])).clamp(min=0)
        both = high * wide
        share = both / (area[number] + area[others] - both)
        if not bool((share > iou_threshold).any()):
            chosen.append(number)
    return torch.tensor(chosen, dtype=torch.int32, device=boxes.device)
