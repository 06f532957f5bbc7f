"""Rules for layers and losses: convolutions, pooling, normalization, distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .results import FLOATS, Rule, broadcast, elementwise, empty, is_number, plain


def _floats(*operands: Any) -> bool:
    """Whether these are contiguous plain tensors of one floating dtype."""
    return (
        plain(*operands)
        and operands[0].dtype in FLOATS
        and all(each.dtype is operands[0].dtype and each.is_contiguous() for each in operands)
    )


def _per_axis(number: Any, count: int) -> tuple[int, ...] | None:
    """An argument that is a number for each axis, or one for all; None where it is anything else."""
    if type(number) is int:
        return (number,) * count
    if isinstance(number, (tuple, list)) and len(number) in (1, count) and all(type(each) is int for each in number):
        return tuple(number) * (count // len(number))
    return None


def _windows(
    sizes: Sequence[int], kernel: Sequence[int], stride: Any, padding: Any, dilation: Any
) -> tuple[int, ...] | None:
    """How many windows fit along each axis; None where none does."""
    options = [_per_axis(each, len(sizes)) for each in (stride, padding, dilation)]
    steps, pads, spread = options
    if steps is None or pads is None or spread is None:
        return None
    if min((*steps, *spread), default=1) < 1 or min(pads, default=0) < 0:
        return None
    found = [
        (size + 2 * pad - gap * (width - 1) - 1) // step + 1
        for size, width, step, pad, gap in zip(sizes, kernel, steps, pads, spread, strict=True)
    ]
    return tuple(found) if min(found, default=1) > 0 else None


def convolution(rank: int) -> Rule:
    """The rule of a convolution along so many axes, of a batch."""

    def rule(
        input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
    ) -> Any:
        operands = (input, weight) if bias is None else (input, weight, bias)
        if not _floats(*operands) or input.dim() != rank + 2 or weight.dim() != rank + 2 or type(groups) is not int:
            return NotImplemented
        if not input.numel() or not weight.numel() or groups < 1 or weight.shape[0] % groups:
            return NotImplemented
        if input.shape[1] != weight.shape[1] * groups or (bias is not None and bias.shape != weight.shape[:1]):
            return NotImplemented
        sizes = _windows(input.shape[2:], weight.shape[2:], stride, padding, dilation)
        return NotImplemented if sizes is None else empty((input.shape[0], weight.shape[0], *sizes), input.dtype)

    return rule


def _max_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    return_indices: Any = False,
) -> Any:  # fmt: skip
    kernel = _per_axis(kernel_size, 2)
    if not _floats(input) or input.dim() != 4 or not input.numel() or kernel is None or ceil_mode or return_indices:
        return NotImplemented
    pads = _per_axis(padding, 2)
    if min(kernel) < 1 or pads is None or any(pad > width // 2 for pad, width in zip(pads, kernel, strict=True)):
        return NotImplemented
    sizes = _windows(input.shape[2:], kernel, kernel if stride is None else stride, pads, dilation)
    return NotImplemented if sizes is None else empty((*input.shape[:2], *sizes), input.dtype)


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Of the same shape, normalized along the last axes."""
    scales = [each for each in (weight, bias) if each is not None]
    if not _floats(input, *scales) or not isinstance(normalized_shape, (tuple, list)) or not normalized_shape:
        return NotImplemented
    shape = tuple(normalized_shape)
    if not all(type(size) is int for size in shape) or tuple(input.shape[-len(shape) :]) != shape:
        return NotImplemented
    return empty(input.shape, input.dtype) if all(tuple(each.shape) == shape for each in scales) else NotImplemented


def _attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: Any = 0.0, is_causal: Any = False,
    scale: Any = None, enable_gqa: Any = False,
) -> Any:  # fmt: skip
    """Without a mask and without dropout, which is random."""
    if not plain(query, key, value) or query.dtype not in FLOATS or attn_mask is not None or dropout_p or enable_gqa:
        return NotImplemented
    if not query.dim() == key.dim() == value.dim() == 4 or not query.dtype is key.dtype is value.dtype:
        return NotImplemented
    if not query.shape[:2] == key.shape[:2] == value.shape[:2] or query.shape[3] != key.shape[3]:
        return NotImplemented
    if key.shape[2] != value.shape[2] or not all(each.numel() for each in (query, key, value)):
        return NotImplemented
    if type(is_causal) is not bool or not (scale is None or is_number(scale)):
        return NotImplemented
    return empty((*query.shape[:3], value.shape[3]), query.dtype)


# -- losses -------------------------------------------------------------------------------------------


def _summed_up(found: torch.Tensor, reduction: Any) -> Any:
    if reduction == "none":
        return found
    return empty((), found.dtype) if reduction in ("mean", "sum") else NotImplemented


def _distance(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: Any = "mean") -> Any:
    """The rule of a loss of two tensors of one shape."""
    if not _floats(input, target) or input.shape != target.shape or size_average is not None or reduce is not None:
        return NotImplemented
    return _summed_up(elementwise(input.dtype, input), reduction)


def _cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: Any = -100,
    reduce: Any = None, reduction: Any = "mean", label_smoothing: Any = 0.0,
) -> Any:  # fmt: skip
    """Of class numbers, on a batch."""
    if not _floats(input) or not plain(target) or target.dtype is not torch.int64 or weight is not None:
        return NotImplemented
    if size_average is not None or reduce is not None or not input.numel() or not is_number(label_smoothing):
        return NotImplemented
    if input.dim() < 2 or not 0 <= label_smoothing <= 1 or type(ignore_index) is not int:
        return NotImplemented
    if tuple(target.shape) != (input.shape[0], *input.shape[2:]):
        return NotImplemented
    return _summed_up(empty(target.shape, input.dtype), reduction) if input.dim() == 2 else NotImplemented


def _nll_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: Any = -100,
    reduce: Any = None, reduction: Any = "mean",
) -> Any:  # fmt: skip
    return _cross_entropy(input, target, weight, size_average, ignore_index, reduce, reduction)


def _with_logits(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: Any = "mean", pos_weight: Any = None,
) -> Any:  # fmt: skip
    if weight is not None or pos_weight is not None or not plain(input, target):
        return NotImplemented
    if broadcast(input.shape, target.shape) is None:
        return NotImplemented
    return _distance(input, target, size_average, reduce, reduction)


RULES: dict[str, Rule] = {f"conv{rank}d": convolution(rank) for rank in (1, 2, 3)}
FUNCTIONAL: dict[str, Rule] = {
    **RULES, "max_pool2d": _max_pool2d, "layer_norm": layer_norm, "l1_loss": _distance, "cross_entropy": _cross_entropy,
    "nll_loss": _nll_loss, "scaled_dot_product_attention": _attention,
    "binary_cross_entropy_with_logits": _with_logits,
}  # fmt: skip


def mse_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: Any = "mean", weight: Any = None
) -> Any:
    """The mean of squared distances."""
    return _distance(input, target, size_average, reduce, reduction) if weight is None else NotImplemented


FUNCTIONAL["mse_loss"] = mse_loss
