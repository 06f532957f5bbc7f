"""`gg.image`: TF1's images, channels last; a line per name."""

from __future__ import annotations

import enum
from typing import Any

from .array import extract_image_patches
from .kernels import colours, pictures, randomness, resizing
from .random import random_crop
from .refused_names import refusal
from .table import apply, row, seeded, tensor


class ResizeMethod(enum.IntEnum):
    """How `resize_images` finds the pixels of an image of another size."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


# -- sizes ----------------------------------------------------------------------------------------------

_RESIZE = "images:t size:s align_corners=False name=None half_pixel_centers=False"
_RESIZE_ANY = "images:t size:s method:n=0 align_corners=False preserve_aspect_ratio=False"
_BOX = "image:t offset_height:n offset_width:n target_height:n target_width:n"

crop_and_resize = row(
    "image.crop_and_resize", resizing.crop_and_resize,
    "image:t boxes:t box_ind:i=None crop_size:s=None method='bilinear' extrapolation_value=0 name=None "
    "box_indices:i>box_ind",
)  # fmt: skip
resize = row("image.resize", resizing.resize_images, _RESIZE_ANY)
resize_area = row("image.resize_area", resizing.resize_area, "images:t size:s align_corners=False")
resize_bicubic = row("image.resize_bicubic", resizing.resize_bicubic, _RESIZE)
resize_bilinear = row("image.resize_bilinear", resizing.resize_bilinear, _RESIZE)
resize_image_with_crop_or_pad = row(
    "image.resize_image_with_crop_or_pad", pictures.resize_image_with_crop_or_pad,
    "image:t target_height:n target_width:n",
)  # fmt: skip
resize_images = row("image.resize_images", resizing.resize_images, _RESIZE_ANY)
resize_nearest_neighbor = row("image.resize_nearest_neighbor", resizing.resize_nearest_neighbor, _RESIZE)
resize_with_crop_or_pad = resize_image_with_crop_or_pad

# -- flips and crops ------------------------------------------------------------------------------------

central_crop = row("image.central_crop", pictures.central_crop, "image:t central_fraction")
crop_to_bounding_box = row("image.crop_to_bounding_box", pictures.crop_to_bounding_box, _BOX)
flip_left_right = row("image.flip_left_right", pictures.flip_left_right, "image:t")
flip_up_down = row("image.flip_up_down", pictures.flip_up_down, "image:t")
pad_to_bounding_box = row("image.pad_to_bounding_box", pictures.pad_to_bounding_box, _BOX)
random_flip_left_right = row(
    "image.random_flip_left_right", randomness.flip_at_random, "image:t seed=None", fixed=(-2,)
)
random_flip_up_down = row("image.random_flip_up_down", randomness.flip_at_random, "image:t seed=None", fixed=(-3,))
rot90 = row("image.rot90", pictures.rot90, "image:t k:n=1")
transpose_image = row("image.transpose_image", pictures.transpose_image, "image:t")
transpose = transpose_image

# -- brightness and colours -----------------------------------------------------------------------------

adjust_brightness = row("image.adjust_brightness", colours.adjust_brightness, "image:t delta")
adjust_contrast = row("image.adjust_contrast", colours.adjust_contrast, "images:t contrast_factor")
adjust_gamma = row("image.adjust_gamma", colours.adjust_gamma, "image:t gamma=1 gain=1")
adjust_hue = row("image.adjust_hue", colours.adjust_hue, "image:t delta")
adjust_saturation = row("image.adjust_saturation", colours.adjust_saturation, "image:t saturation_factor")
convert_image_dtype = row("image.convert_image_dtype", colours.convert_image_dtype, "image:t dtype:d saturate=False")
grayscale_to_rgb = row("image.grayscale_to_rgb", colours.grayscale_to_rgb, "images:t")
hsv_to_rgb = row("image.hsv_to_rgb", colours.hsv_to_rgb, "images:t")
per_image_standardization = row("image.per_image_standardization", pictures.per_image_standardization, "image:t")
rgb_to_grayscale = row("image.rgb_to_grayscale", colours.rgb_to_grayscale, "images:t")
rgb_to_hsv = row("image.rgb_to_hsv", colours.rgb_to_hsv, "images:t")
rgb_to_yiq = row("image.rgb_to_yiq", colours.rgb_to_yiq, "images:t")
rgb_to_yuv = row("image.rgb_to_yuv", colours.rgb_to_yuv, "images:t")
yiq_to_rgb = row("image.yiq_to_rgb", colours.yiq_to_rgb, "images:t")
yuv_to_rgb = row("image.yuv_to_rgb", colours.yuv_to_rgb, "images:t")


def _at_random(image: Any, what: str, low: float, high: float, seed: int | None) -> Any:
    found = apply(colours.adjust_at_random, (tensor(image), what, float(low), float(high)), {}, f"random_{what}")
    return seeded(found, seed)


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """The image, brighter or darker by a random number of no more than max_delta; `ValueError` if it is negative."""
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return _at_random(image, "brightness", -max_delta, max_delta, seed)


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """The image with its colours turned round by a random share of the circle, at most max_delta, which is <= 0.5."""
    if not 0 <= max_delta <= 0.5:
        raise ValueError("max_delta must be in [0, 0.5].")
    return _at_random(image, "hue", -max_delta, max_delta, seed)


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """The image with its contrast changed by a random factor between two bounds, the lower one not negative."""
    return _at_random(image, "contrast", *_bounds(lower, upper), seed)


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """The image with its colours strengthened by a random factor between two bounds, the lower one not negative."""
    return _at_random(image, "saturation", *_bounds(lower, upper), seed)


def _bounds(lower: float, upper: float) -> tuple[float, float]:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")
    return lower, upper


# -- measures -------------------------------------------------------------------------------------------

image_gradients = row("image.image_gradients", pictures.image_gradients, "image:t")
psnr = row("image.psnr", pictures.psnr, "a:t b:t max_val")
sobel_edges = row("image.sobel_edges", pictures.sobel_edges, "image:t")
ssim = row("image.ssim", pictures.ssim, "img1:t img2:t max_val filter_size:n=11 filter_sigma=1.5 k1=0.01 k2=0.03")
total_variation = row("image.total_variation", pictures.total_variation, "images:t")
non_max_suppression = row(
    "image.non_max_suppression", pictures.non_max_suppression,
    "boxes:t scores:t max_output_size:n iou_threshold=0.5 score_threshold=-1e999", rows="boxes scores",
)  # fmt: skip

__getattr__ = refusal(__name__, "gg.image")

__all__ = [
    "ResizeMethod", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "central_crop", "convert_image_dtype", "crop_and_resize", "crop_to_bounding_box", "extract_image_patches",
    "flip_left_right", "flip_up_down", "grayscale_to_rgb", "hsv_to_rgb", "image_gradients", "non_max_suppression",
    "pad_to_bounding_box", "per_image_standardization", "psnr", "random_brightness", "random_contrast",
    "random_crop", "random_flip_left_right", "random_flip_up_down", "random_hue", "random_saturation", "resize",
    "resize_area", "resize_bicubic", "resize_bilinear", "resize_image_with_crop_or_pad", "resize_images",
    "resize_nearest_neighbor", "resize_with_crop_or_pad", "rgb_to_grayscale", "rgb_to_hsv", "rgb_to_yiq",
    "rgb_to_yuv", "rot90", "sobel_edges", "ssim", "total_variation", "transpose", "transpose_image", "yiq_to_rgb",
    "yuv_to_rgb",
]  # fmt: skip
