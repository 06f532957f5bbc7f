"""Images of other sizes, by TF1's own rules: which pixels count, and with what weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch

from ...record.infer import probing
from ..sizes import ints


def _step(have: int, want: int, align_corners: bool) -> float:
    return (have - 1) / (want - 1) if align_corners and want > 1 else have / want


def _places(have: int, want: int, align_corners: bool, half_pixel_centers: bool, device: torch.device) -> torch.Tensor:
    """Where in the old image each new pixel lies, in float32, as TF1 computes it."""
    step = torch.tensor(_step(have, want, align_corners), dtype=torch.float32, device=device)
    steps = torch.arange(want, dtype=torch.float32, device=device)
    return (steps + 0.5) * step - 0.5 if half_pixel_centers else steps * step


def _sizes(images: torch.Tensor, size: Any, align_corners: bool, half_pixel_centers: bool) -> list[int]:
    if align_corners and half_pixel_centers:
        raise ValueError("align_corners and half_pixel_centers are not given together")
    wanted = ints(size)
    if len(wanted) != 2 or min(wanted) < 1:
        raise ValueError(f"a size is [height, width], of numbers above 0, got {wanted}")
    if images.dim() != 4:
        raise ValueError(f"images of 4 axes are resized, got {list(images.shape)}")
    return wanted


def _axes(
    images: torch.Tensor, size: Any, align_corners: bool, half_pixel_centers: bool
) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Height, then width: the axis, its old size, and where in it each new pixel lies."""
    for axis, want in enumerate(_sizes(images, size, align_corners, half_pixel_centers), 1):
        have = images.shape[axis]
        yield axis, have, _places(have, want, align_corners, half_pixel_centers, images.device)


def resize_bilinear(
    images: torch.Tensor, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> torch.Tensor:
    """Each new pixel between the four old ones around it; float32."""
    found = images.to(torch.float32)
    for axis, have, place in _axes(images, size, align_corners, half_pixel_centers):
        low = torch.floor(place)
        share = (place - low).to(found.dtype).reshape([-1 if n == axis else 1 for n in range(4)])
        before = found.index_select(axis, low.long().clamp(0, have - 1))
        after = found.index_select(axis, torch.ceil(place).long().clamp(0, have - 1))
        found = before + (after - before) * share
    return found


def resize_nearest_neighbor(
    images: torch.Tensor, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> torch.Tensor:
    """Each new pixel is an old one."""
    for axis, have, place in _axes(images, size, align_corners, half_pixel_centers):
        if half_pixel_centers or align_corners:  # without an offset, or rounded half up
            place = place + 0.5
        images = images.index_select(axis, torch.floor(place).long().clamp(0, have - 1))
    return images


def resize_bicubic(
    images: torch.Tensor, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> torch.Tensor:
    """Each new pixel from a cubic through sixteen old ones; float32."""
    found = images.to(torch.float32)
    for axis, have, place in _axes(images, size, align_corners, half_pixel_centers):
        low = torch.floor(place)
        share = torch.round((place - low) * 1024) / 1024  # TF1 looks its weights up in a table
        taps = torch.arange(-1, 3, device=images.device)
        index = low.long().unsqueeze(1) + taps
        weights = _cubic((share.unsqueeze(1) - taps).abs(), -0.5 if half_pixel_centers else -0.75)
        if half_pixel_centers:
            weights = torch.where((index >= 0) & (index < have), weights, torch.zeros_like(weights))
            weights = weights / weights.sum(1, keepdim=True)
        shape = [-1 if n == axis else 1 for n in range(4)]
        total = torch.zeros((), dtype=found.dtype, device=images.device)
        for tap in range(4):
            rows = found.index_select(axis, index[:, tap].clamp(0, have - 1))
            total = total + rows * weights[:, tap].to(found.dtype).reshape(shape)
        found = total
    return found


def _cubic(distance: torch.Tensor, a: float) -> torch.Tensor:
    """The weight of a pixel at a distance, by Keys's cubic."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, torch.zeros_like(far)))


def resize_area(images: torch.Tensor, size: Any, align_corners: bool = False) -> torch.Tensor:
    """Each new pixel is the mean of what it covers of the old image; float32."""
    wanted = _sizes(images, size, align_corners, False)
    found = images.to(torch.float32)
    for axis, want in enumerate(wanted, 1):
        have = found.shape[axis]
        step = _step(have, want, align_corners)
        start = torch.arange(want, device=images.device).unsqueeze(1) * step
        pixel = torch.arange(math.ceil(want * step) + 1, device=images.device)
        overlap = torch.clamp(torch.minimum(start + step, pixel + 1.0) - torch.maximum(start, pixel), min=0) / step
        columns = pixel.clamp(max=have - 1).expand(want, -1)
        weights = torch.zeros(want, have, dtype=overlap.dtype, device=images.device).scatter_add(1, columns, overlap)
        found = torch.tensordot(found, weights.to(found.dtype), ([axis], [1])).movedim(-1, axis)
    return found


_METHODS: list[Any] = [resize_bilinear, resize_nearest_neighbor, resize_bicubic, resize_area]


def resize_images(
    images: torch.Tensor, size: Any, method: int = 0, align_corners: bool = False, preserve_aspect_ratio: bool = False
) -> torch.Tensor:
    """An image, or a batch of them, in another size; the same images if that is their size.

    The method is bilinear (0), nearest neighbour (1), bicubic (2) or area (3).
    """
    if images.dim() == 3:
        return resize_images(images.unsqueeze(0), size, method, align_corners, preserve_aspect_ratio)[0]
    if images.dim() != 4:
        raise ValueError(f"'images' must have either 3 or 4 dimensions, got {list(images.shape)}")
    if method not in range(4):
        raise ValueError(f"method is {method!r}; use a member of gg.image.ResizeMethod")
    height, width = ints(size)
    if preserve_aspect_ratio:
        scale = min(height / images.shape[1], width / images.shape[2])
        height, width = round(scale * images.shape[1]), round(scale * images.shape[2])
    unchanged = images.shape[1] == height and images.shape[2] == width
    if unchanged and not (isinstance(size, torch.Tensor) and probing()):
        return images.clone()
    found: torch.Tensor = _METHODS[method](images, (height, width), align_corners)
    return found


def crop_and_resize(
    image: torch.Tensor, boxes: torch.Tensor, box_ind: torch.Tensor, crop_size: Any, method: str = "bilinear",
    extrapolation_value: float = 0.0,
) -> torch.Tensor:  # fmt: skip
    """What lies in boxes [top, left, bottom, right] (shares of the height and width), each in one size."""
    if method not in ("bilinear", "nearest"):
        raise ValueError(f"method is {method!r}; use 'bilinear' or 'nearest'")
    high, wide = ints(crop_size)
    owner = box_ind.long() % image.shape[0] if probing() else box_ind.long()
    images = image.to(torch.float32)
    y = _inside_box(boxes[:, 0], boxes[:, 2], image.shape[1], high)
    x = _inside_box(boxes[:, 1], boxes[:, 3], image.shape[2], wide)
    inside = ((y >= 0) & (y <= image.shape[1] - 1)).unsqueeze(2) & ((x >= 0) & (x <= image.shape[2] - 1)).unsqueeze(1)
    if method == "nearest":
        found = _pixels(images, owner, torch.floor(y + 0.5), torch.floor(x + 0.5))
    else:
        top, left = torch.floor(y), torch.floor(x)
        down, right = (y - top)[:, :, None, None], (x - left)[:, None, :, None]
        bottom, end = torch.ceil(y), torch.ceil(x)
        upper = _pixels(images, owner, top, left) * (1 - right) + _pixels(images, owner, top, end) * right
        lower = _pixels(images, owner, bottom, left) * (1 - right) + _pixels(images, owner, bottom, end) * right
        found = upper + (lower - upper) * down
    return torch.where(inside.unsqueeze(-1), found, torch.full_like(found, extrapolation_value))


def _inside_box(start: torch.Tensor, end: torch.Tensor, size: int, want: int) -> torch.Tensor:
    """Where the pixels of each box lie along an axis."""
    if want == 1:
        return (0.5 * (start + end) * (size - 1)).unsqueeze(1)
    steps = torch.arange(want, dtype=start.dtype, device=start.device)
    return (start * (size - 1)).unsqueeze(1) + steps * ((end - start) * (size - 1) / (want - 1)).unsqueeze(1)


def _pixels(images: torch.Tensor, owner: torch.Tensor, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    rows, columns = y.long().clamp(0, images.shape[1] - 1), x.long().clamp(0, images.shape[2] - 1)
    return images[owner[:, None, None], rows.unsqueeze(2), columns.unsqueeze(1)]
