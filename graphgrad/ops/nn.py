"""`gg.nn`: TF1's neural network functions. Images are NHWC by default, as there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from ..graph.graph import name_scope
from ..record.dims import Dim
from .math import cast
from .random import seeded
from .sources import named_result
from .table import apply, row, tensor

relu = row("nn.relu", F.relu, "features")
relu6 = row("nn.relu6", F.relu6, "features")
elu = row("nn.elu", F.elu, "features")
selu = row("nn.selu", F.selu, "features")
softplus = row("nn.softplus", F.softplus, "features")
softsign = row("nn.softsign", F.softsign, "features")
sigmoid = row("nn.sigmoid", torch.sigmoid, "x")
tanh = row("nn.tanh", torch.tanh, "x")
leaky_relu = row("nn.leaky_relu", F.leaky_relu, "features alpha=0.2")


def softmax(logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """The softmax along an axis.

    >>> import graphgrad as gg
    >>> gg.nn.softmax(gg.zeros([2, 3]))
    <Tensor 'softmax:0' float32[2, 3]>
    """
    return apply(torch.softmax, (tensor(logits), axis), {}, name)


def log_softmax(logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """The logarithm of the softmax along an axis."""
    return apply(torch.log_softmax, (tensor(logits), axis), {}, name)


def softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, axis: int = -1, name: str | None = None
) -> Any:
    """The cross entropy of probabilities and softmax(logits) along an axis, shape without that axis.

    As in TF1, no gradient flows to the labels; `_v2` lets it.
    """
    return softmax_cross_entropy_with_logits_v2(tensor(labels).detach(), logits, axis, name)


def softmax_cross_entropy_with_logits_v2(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """The cross entropy of probabilities and softmax(logits) along an axis, shape without that axis."""
    scores = tensor(logits)
    return named_result(-(tensor(labels, scores) * torch.log_softmax(scores, axis)).sum(axis), name)


def sparse_softmax_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """The cross entropy of class numbers and softmax(logits) along the last axis.

    >>> import graphgrad as gg
    >>> gg.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 2], logits=gg.zeros([2, 3]))
    <Tensor 'cross_entropy:0' float32[2]>
    """
    scores, classes = tensor(logits), tensor(labels).long()
    rank = scores.dim()
    if rank > 2:
        scores = scores.movedim(-1, 1)
    return apply(F.cross_entropy, (scores, classes), {"reduction": "none"}, name)


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """The cross entropy of probabilities and sigmoid(logits), elementwise."""
    scores = tensor(logits)
    return apply(F.binary_cross_entropy_with_logits, (scores, tensor(labels, scores)), {"reduction": "none"}, name)


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Half the sum of squares."""
    values = tensor(t)
    return named_result((values * values).sum() * 0.5, name)


def moments(
    x: Any, axes: Sequence[int], shift: None = None, name: str | None = None, keep_dims: bool = False
) -> tuple[Any, Any]:
    """The mean and the (biased) variance over some axes."""
    if shift is not None:
        raise NotImplementedError("moments with a shift: torch's variance does not need one")
    values = tensor(x)
    chosen = tuple(axes) if isinstance(axes, (list, tuple)) else (axes,)
    with name_scope(name, "moments"):
        mean = torch.mean(values, dim=chosen, keepdim=keep_dims)
        return mean, torch.var(values, dim=chosen, correction=0, keepdim=keep_dims)


def bias_add(value: Any, bias: Any, data_format: str = "NHWC", name: str | None = None) -> Any:
    """The value with a bias per channel: the last axis, or the second for NCHW."""
    values, shift = tensor(value), tensor(bias)
    if data_format.startswith("NC"):
        shift = shift.reshape(-1, *([1] * (values.dim() - 2)))
    return named_result(values + shift, name)


def dropout(x: Any, keep_prob: float | None = None, noise_shape: None = None, seed: int | None = None,
            name: str | None = None, rate: float | None = None) -> Any:  # fmt: skip
    """The tensor with elements set to zero at random and the others scaled up; `rate` is 1 - `keep_prob`."""
    if noise_shape is not None:
        raise NotImplementedError("dropout with a noise_shape")
    if (keep_prob is None) == (rate is None):
        raise ValueError("dropout takes either keep_prob or rate")
    dropped: Any = rate if rate is not None else 1 - keep_prob  # type: ignore[operator]
    if isinstance(dropped, torch.Tensor):  # fed: 1 for testing, say
        values = tensor(x)
        kept = seeded(apply(torch.rand_like, (values,), {}, None), seed) >= dropped
        return named_result(torch.where(kept, values / (1 - dropped), torch.zeros_like(values)), name)
    return seeded(apply(F.dropout, (tensor(x), dropped, True), {}, name or "dropout"), seed)


def conv2d(
    input: Any, filter: Any = None, strides: Any = 1, padding: str = "VALID", use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Any = 1, name: str | None = None, filters: Any = None,
) -> Any:  # fmt: skip
    """The 2-D convolution of images with a filter of shape [height, width, in, out].

    Args:
        input: [batch, height, width, channels], or [batch, channels, height, width] for NCHW.
        filter, filters: [height, width, channels in, channels out].
        strides, dilations: an int, [height, width], or one per axis of the input.
        padding: 'SAME' (zeros, one more after than before where odd) or 'VALID'.
        use_cudnn_on_gpu: must be True; torch decides.
        data_format: 'NHWC' or 'NCHW'.

    >>> import graphgrad as gg
    >>> images = gg.placeholder(gg.float32, [None, 28, 28, 1])
    >>> gg.nn.conv2d(images, gg.ones([5, 5, 1, 32]), strides=[1, 2, 2, 1], padding="SAME").shape
    TensorShape([?, 14, 14, 32])
    """
    if not use_cudnn_on_gpu:
        raise ValueError("use_cudnn_on_gpu=False has no counterpart: torch chooses the kernel")
    kernel = tensor(filter if filter is not None else filters)
    stride, dilation = _pair(strides, data_format), _pair(dilations, data_format)
    with name_scope("conv2d"):
        images = _to_nchw(tensor(input), data_format)
        window = [int(size) for size in kernel.shape[:2]]
        images, symmetric = _padded(images, padding, window, stride, dilation, 0.0)
        weight = kernel.permute(3, 2, 0, 1).contiguous()
        result = _from_nchw(F.conv2d(images, weight, None, stride, symmetric, dilation), data_format)
    return named_result(result, name)


def max_pool(
    value: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """The largest element in each window of each channel; padding never wins."""
    window, stride = _pair(ksize, data_format), _pair(strides, data_format)
    with name_scope("max_pool"):
        images = _to_nchw(tensor(value), data_format)
        images, symmetric = _padded(images, padding, window, stride, [1, 1], float("-inf"))
        result = _from_nchw(F.max_pool2d(images, window, stride, symmetric), data_format)
    return named_result(result, name)


def avg_pool(
    value: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """The mean of each window of each channel; padding does not count."""
    window, stride = _pair(ksize, data_format), _pair(strides, data_format)
    with name_scope("avg_pool"):
        images = _to_nchw(tensor(value), data_format)
        counted = torch.ones_like(images[:1, :1])
        padded, _ = _padded(images, padding, window, stride, [1, 1], 0.0, even=False)
        covered, _ = _padded(counted, padding, window, stride, [1, 1], 0.0, even=False)
        total = F.avg_pool2d(padded, window, stride)
        if padding.upper() == "SAME":
            total = total / F.avg_pool2d(covered, window, stride)
        result = _from_nchw(total, data_format)
    return named_result(result, name)


def _pair(sizes: Any, data_format: str) -> list[int]:
    """[height, width] from an int, a pair, or one number per axis."""
    if isinstance(sizes, int):
        return [sizes, sizes]
    numbers = [int(size) for size in sizes]
    if len(numbers) == 4:
        spatial = numbers[1:3] if data_format == "NHWC" else numbers[2:]
        others = [numbers[0], numbers[3] if data_format == "NHWC" else numbers[1]]
        if others != [1, 1]:
            raise ValueError(f"{numbers}: windows and strides over batch or channels are not supported")
        return spatial
    return numbers * 2 if len(numbers) == 1 else numbers


def _to_nchw(images: Any, data_format: str) -> Any:
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError(f"data_format is {data_format!r}; use 'NHWC' or 'NCHW'")
    return images.permute(0, 3, 1, 2) if data_format == "NHWC" else images


def _from_nchw(images: Any, data_format: str) -> Any:
    return images.permute(0, 2, 3, 1) if data_format == "NHWC" else images


def _padded(
    images: Any,
    padding: str,
    window: list[int],
    stride: list[int],
    dilation: list[int],
    value: float,
    even: bool = True,
) -> tuple[Any, Any]:
    """The images padded as TF1 does, and the symmetric padding that is left to the operation."""
    if not isinstance(padding, str) or padding.upper() not in ("SAME", "VALID"):
        raise ValueError(f"padding is {padding!r}; use 'SAME' or 'VALID'")
    if padding.upper() == "VALID":
        return images, 0
    amounts: list[tuple[Any, Any]] = []
    for axis in (0, 1):
        reach = (window[axis] - 1) * dilation[axis] + 1
        length = images.shape[2 + axis]
        if stride[axis] == 1:
            total = reach - 1
        elif isinstance(length, Dim):
            raise ValueError("padding='SAME' with a stride needs a known image size: give it in the placeholder")
        else:
            total = max((-(-int(length) // stride[axis]) - 1) * stride[axis] + reach - int(length), 0)
        amounts.append((total // 2, total - total // 2))
    if even and all(before == after for before, after in amounts):
        return images, [before for before, _ in amounts]
    (top, bottom), (left, right) = amounts
    return F.pad(images, [left, right, top, bottom], value=value), 0


def embedding_lookup(params: Any, ids: Any, name: str | None = None) -> Any:
    """The rows of a table at these ids, which may have any shape."""
    return apply(F.embedding, (tensor(ids).long(), tensor(params)), {}, name)


def in_top_k(predictions: Any, targets: Any, k: int, name: str | None = None) -> Any:
    """Whether each target's score is among the k highest of its row."""
    scores = tensor(predictions)
    own = scores.gather(1, tensor(targets).long().unsqueeze(1))
    return named_result(cast((scores > own).sum(1), torch.int64) < k, name)
