"""Brightness, contrast and colour spaces of images, channels last."""

from __future__ import annotations

from typing import Any

import torch

from .arithmetic import cast, saturate_cast

_GREY = (0.2989, 0.5870, 0.1140)
_YUV = (
    (0.299, -0.14714119, 0.61497538), (0.587, -0.28886916, -0.51496512), (0.114, 0.43601035, -0.10001026),
)  # fmt: skip
_YIQ = ((0.299, 0.59590059, 0.2115), (0.587, -0.27455667, -0.52273617), (0.114, -0.32134392, 0.31119955))
_FROM_YUV = ((1, 1, 1), (0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0))
_FROM_YIQ = ((1, 1, 1), (0.95598634, -0.27201283, -1.10674021), (0.6208248, -0.64720424, 1.70423049))


def convert_image_dtype(image: torch.Tensor, dtype: torch.dtype, saturate: bool = False) -> torch.Tensor:
    """An image in another dtype, scaled: integers go from 0 to their largest number, floating ones from 0 to 1."""
    own = image.dtype
    if own is dtype:
        return image.clone()
    convert = saturate_cast if saturate else cast
    if own.is_floating_point and dtype.is_floating_point:
        return image.to(dtype)
    if own.is_floating_point:
        return convert(image * (torch.iinfo(dtype).max + 0.5), dtype)
    if dtype.is_floating_point:
        return image.to(dtype) * (1.0 / torch.iinfo(own).max)
    have, want = torch.iinfo(own).max, torch.iinfo(dtype).max
    if have > want:
        return convert(torch.div(image, (have + 1) // (want + 1), rounding_mode="trunc"), dtype)
    return convert(image, dtype) * ((want + 1) // (have + 1))


def _floating(image: torch.Tensor) -> torch.Tensor:
    return image.clone() if image.is_floating_point() else convert_image_dtype(image, torch.float32)


def adjust_brightness(image: torch.Tensor, delta: Any) -> torch.Tensor:
    """The image with a number added to its pixels, which count from 0 to 1."""
    return convert_image_dtype(_floating(image) + delta, image.dtype, saturate=True)


def adjust_contrast(images: torch.Tensor, contrast_factor: Any) -> torch.Tensor:
    """Each channel further from its mean, or nearer to it, by a factor."""
    floating = _floating(images)
    mean = floating.mean((-3, -2), keepdim=True)
    return convert_image_dtype((floating - mean) * contrast_factor + mean, images.dtype, saturate=True)


def adjust_gamma(image: torch.Tensor, gamma: Any = 1.0, gain: Any = 1.0) -> torch.Tensor:
    """A power of the image times a gain."""
    if not isinstance(gamma, torch.Tensor) and gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return convert_image_dtype(_floating(image) ** gamma * gain, image.dtype, saturate=True)


def adjust_saturation(image: torch.Tensor, saturation_factor: Any) -> torch.Tensor:
    """A colour image with stronger or weaker colours."""
    hsv = rgb_to_hsv(_floating(image))
    strong = (hsv[..., 1] * saturation_factor).clamp(0.0, 1.0)
    changed = hsv_to_rgb(torch.stack([hsv[..., 0], strong, hsv[..., 2]], -1))
    return convert_image_dtype(changed, image.dtype, saturate=True)


def adjust_hue(image: torch.Tensor, delta: Any) -> torch.Tensor:
    """A colour image with its colours turned round by a share of the circle."""
    hsv = rgb_to_hsv(_floating(image))
    hue = torch.remainder(hsv[..., 0] + delta, 1.0)
    changed = hsv_to_rgb(torch.stack([hue, hsv[..., 1], hsv[..., 2]], -1))
    return convert_image_dtype(changed, image.dtype, saturate=True)


def rgb_to_grayscale(images: torch.Tensor) -> torch.Tensor:
    """The brightness of colour images, in one channel."""
    _colours(images)
    grey = (_floating(images) * torch.tensor(_GREY, device=images.device)).sum(-1, keepdim=True)
    return convert_image_dtype(grey, images.dtype)


def _colours(images: torch.Tensor) -> None:
    if images.dim() < 1 or images.shape[-1] != 3:
        raise ValueError(f"a colour image has 3 channels in its last axis, got {list(images.shape)}")


def rgb_to_hsv(images: torch.Tensor) -> torch.Tensor:
    """Hue, saturation and value of colours; each from 0 to 1."""
    _colours(images)
    red, green, blue = images.unbind(-1)
    value, low = images.amax(-1), images.amin(-1)
    span = value - low
    safe = torch.where(span > 0, span, torch.ones_like(span))
    share = torch.where(value > 0, span / torch.where(value > 0, value, torch.ones_like(value)), torch.zeros_like(span))
    hue = torch.where(
        red == value,
        (green - blue) / safe,
        torch.where(green == value, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    hue = torch.where(span > 0, hue / 6, torch.zeros_like(hue))
    return torch.stack([torch.where(hue < 0, hue + 1, hue), share, value], -1)


def hsv_to_rgb(images: torch.Tensor) -> torch.Tensor:
    """Colours from hue, saturation and value."""
    _colours(images)
    hue, share, value = images.unbind(-1)
    channels = []
    for offset in (3.0, 2.0, 4.0):
        distance = (hue * 6 - offset).abs()
        part = (distance - 1 if offset == 3.0 else 2 - distance).clamp(0.0, 1.0)
        channels.append(((part - 1) * share + 1) * value)
    return torch.stack(channels, -1)


def _mixed(images: torch.Tensor, weights: Any) -> torch.Tensor:
    _colours(images)
    return images @ torch.tensor(weights, dtype=images.dtype, device=images.device)


def rgb_to_yuv(images: torch.Tensor) -> torch.Tensor:
    """Brightness and two differences of colour."""
    return _mixed(images, _YUV)


def yuv_to_rgb(images: torch.Tensor) -> torch.Tensor:
    """Colours from brightness and two differences of colour."""
    return _mixed(images, _FROM_YUV)


def rgb_to_yiq(images: torch.Tensor) -> torch.Tensor:
    """Brightness and two differences of colour, as American television had them."""
    return _mixed(images, _YIQ)


def yiq_to_rgb(images: torch.Tensor) -> torch.Tensor:
    """Colours from brightness and two differences of colour, as American television had them."""
    return _mixed(images, _FROM_YIQ)


def grayscale_to_rgb(images: torch.Tensor) -> torch.Tensor:
    """An image of one channel in three equal ones."""
    return images.repeat([1] * (images.dim() - 1) + [3])


def adjust_at_random(image: torch.Tensor, what: str, low: float, high: float) -> torch.Tensor:
    """An image adjusted by a random amount: its 'brightness', 'contrast', 'saturation' or 'hue'."""
    amount = torch.rand((), device=image.device) * (high - low) + low
    return _ADJUST[what](image, amount)  # type: ignore[no-any-return]


_ADJUST: dict[str, Any] = {
    "brightness": adjust_brightness, "contrast": adjust_contrast, "saturation": adjust_saturation, "hue": adjust_hue,
}  # fmt: skip
