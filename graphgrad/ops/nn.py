"""`gg.nn`: TF1's neural network functions; a line per name. Images are NHWC by default, as there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from .array import batch_to_space, depth_to_space, space_to_batch, space_to_depth
from .kernels import convolution as conv
from .kernels import entropy, normalization, ordering, pooling, randomness
from .math import (
    l2_normalize,
    log_softmax,
    sigmoid,
    softmax,
    softplus,
    softsign,
    tanh,
    top_k,
    zero_fraction,
)  # fmt: skip
from .sizes import sizes
from .table import apply, row, seeded, tensor

# -- activations ----------------------------------------------------------------------------------------

crelu = row("nn.crelu", entropy.crelu, "features:t name=None axis:n=-1")
elu = row("nn.elu", F.elu, "features")
leaky_relu = row("nn.leaky_relu", F.leaky_relu, "features alpha=0.2")
log_sigmoid = row("nn.log_sigmoid", F.logsigmoid, "x")
relu = row("nn.relu", F.relu, "features")
relu6 = row("nn.relu6", F.relu6, "features")
relu_layer = row("nn.relu_layer", entropy.relu_layer, "x:t weights:t biases:t")
selu = row("nn.selu", F.selu, "features")
swish = row("nn.swish", entropy.swish, "features:t beta=1.0")
silu = swish

# -- losses ---------------------------------------------------------------------------------------------

l2_loss = row("nn.l2_loss", entropy.l2_loss, "t:t")
log_poisson_loss = row("nn.log_poisson_loss", entropy.log_poisson_loss, "targets:t log_input:t compute_full_loss=False")
sigmoid_cross_entropy_with_logits = row(
    "nn.sigmoid_cross_entropy_with_logits", entropy.sigmoid_cross_entropy_with_logits, "labels:t=None logits:t=None"
)
softmax_cross_entropy_with_logits = row(
    "nn.softmax_cross_entropy_with_logits", entropy.softmax_cross_entropy_with_logits,
    "labels:t=None logits:t=None dim:n=-1 name=None axis:n>dim",
)  # fmt: skip
softmax_cross_entropy_with_logits_v2 = row(
    "nn.softmax_cross_entropy_with_logits_v2", entropy.softmax_cross_entropy_with_logits_v2,
    "labels:t logits:t axis:n=-1 name=None dim:n>axis",
)  # fmt: skip
sparse_softmax_cross_entropy_with_logits = row(
    "nn.sparse_softmax_cross_entropy_with_logits", entropy.sparse_softmax_cross_entropy_with_logits,
    "labels:i=None logits:t=None",
)  # fmt: skip
weighted_cross_entropy_with_logits = row(
    "nn.weighted_cross_entropy_with_logits", entropy.weighted_cross_entropy_with_logits,
    "labels:t=None logits:t=None pos_weight:t=None name=None targets:t>labels",
)  # fmt: skip

# -- convolutions ---------------------------------------------------------------------------------------

_TRANSPOSE = "filter:t=None output_shape:s=None strides:n=None padding='SAME'"

atrous_conv2d = row("nn.atrous_conv2d", conv.atrous_conv2d, "value:t filters:t rate:n padding")
conv1d = row(
    "nn.conv1d", conv.conv1d,
    "value:t=None filters:t=None stride:n=None padding=None use_cudnn_on_gpu:_=None data_format=None name=None "
    "input:t>value dilations:n=None",
)  # fmt: skip
conv2d = row(
    "nn.conv2d", conv.conv2d,
    "input:t filter:t=None strides:n=1 padding=VALID use_cudnn_on_gpu=True data_format='NHWC' dilations:n=(1,1,1,1) "
    "name=None filters:t>filter",
    example="gg.nn.conv2d(gg.ones([1, 28, 28, 1]), gg.ones([5, 5, 1, 32]), strides=[1, 2, 2, 1], padding='SAME')\n"
    "<Tensor 'conv2d:0' float32[1, 14, 14, 32]>",
)  # fmt: skip
conv2d_transpose = row(
    "nn.conv2d_transpose", conv.conv_transpose,
    f"value:t=None {_TRANSPOSE} data_format='NHWC' name=None input:t>value filters:t>filter dilations:n=None",
)  # fmt: skip
conv3d = row(
    "nn.conv3d", conv.conv3d,
    "input:t filter:t=None strides:n=None padding=None data_format='NDHWC' dilations:n=(1,1,1,1,1) name=None "
    "filters:t>filter",
)  # fmt: skip
conv3d_transpose = row(
    "nn.conv3d_transpose", conv.conv_transpose,
    f"value:t {_TRANSPOSE} data_format='NDHWC' name=None input:t>value filters:t>filter dilations:n=None",
)  # fmt: skip
conv_transpose = row(
    "nn.conv_transpose", conv.conv_transpose,
    "input:t filters:t output_shape:s strides:n padding='SAME' data_format=None dilations:n=None",
)  # fmt: skip
convolution = row(
    "nn.convolution", conv.convolution,
    "input:t filter:t padding strides:n=None dilation_rate:n=None name=None data_format=None filters:t>filter "
    "dilations:n>dilation_rate",
)  # fmt: skip
depthwise_conv2d = row(
    "nn.depthwise_conv2d", conv.depthwise_conv2d,
    "input:t filter:t strides:n padding rate:n=None name=None data_format=None dilations:n>rate",
)  # fmt: skip
depthwise_conv2d_native = row(
    "nn.depthwise_conv2d_native", conv.depthwise_conv2d,
    "input:t filter:t strides:n padding data_format='NHWC' dilations:n=(1,1,1,1) name=None",
    {"data_format": "data_format", "dilations": "rate"},
)  # fmt: skip
dilation2d = row(
    "nn.dilation2d", conv.dilation2d,
    "input:t filter:t=None strides:n=None rates:n=None padding=None name=None filters:t>filter dilations:n>rates",
)  # fmt: skip
separable_conv2d = row(
    "nn.separable_conv2d", conv.separable_conv2d,
    "input:t depthwise_filter:t pointwise_filter:t strides:n padding rate:n=None name=None data_format=None "
    "dilations:n>rate",
)  # fmt: skip

# -- pools ----------------------------------------------------------------------------------------------

_POOL = "ksize:n strides:n padding data_format={} name=None"

avg_pool = row("nn.avg_pool", pooling.avg_pool, f"value:t {_POOL.format('NHWC')} input:t>value")
avg_pool1d = row("nn.avg_pool1d", pooling.avg_pool, f"input:t {_POOL.format('NWC')}")
avg_pool2d = row("nn.avg_pool2d", pooling.avg_pool, f"value:t {_POOL.format('NHWC')} input:t>value")
avg_pool3d = row("nn.avg_pool3d", pooling.avg_pool, f"input:t {_POOL.format('NDHWC')}")
max_pool = row("nn.max_pool", pooling.max_pool, f"value:t {_POOL.format('NHWC')} input:t>value")
max_pool1d = row("nn.max_pool1d", pooling.max_pool, f"input:t {_POOL.format('NWC')}")
max_pool2d = row("nn.max_pool2d", pooling.max_pool, f"input:t {_POOL.format('NHWC')}")
max_pool3d = row("nn.max_pool3d", pooling.max_pool, f"input:t {_POOL.format('NDHWC')}")
max_pool_with_argmax = row(
    "nn.max_pool_with_argmax", pooling.max_pool_with_argmax,
    "input:t ksize:n strides:n padding data_format='NHWC' Targmax:d=int64 name=None output_dtype:d>Targmax "
    "include_batch_in_index=False",
)  # fmt: skip
pool = row(
    "nn.pool", pooling.pool,
    "input:t window_shape:n pooling_type padding dilation_rate:n=None strides:n=None name=None data_format=None "
    "dilations:n>dilation_rate",
)  # fmt: skip

# -- normalisation --------------------------------------------------------------------------------------

_LRN = "input:t depth_radius:n=5 bias=1.0 alpha=1.0 beta=0.5"

batch_normalization = row(
    "nn.batch_normalization", normalization.batch_normalization,
    "x:t mean:t variance:t offset:t scale:t variance_epsilon",
)  # fmt: skip
fused_batch_norm = row(
    "nn.fused_batch_norm", normalization.fused_batch_norm,
    "x:t scale:t offset:t mean:t=None variance:t=None epsilon=0.001 data_format='NHWC' is_training=True name=None "
    "exponential_avg_factor=1.0",
)  # fmt: skip
local_response_normalization = row("nn.local_response_normalization", normalization.local_response_normalization, _LRN)
lrn = row("nn.lrn", normalization.local_response_normalization, _LRN)
moments = row(
    "nn.moments", normalization.moments, "x:t axes:n shift:_=None name=None keep_dims=False keepdims>keep_dims"
)
normalize_moments = row(
    "nn.normalize_moments", normalization.normalize_moments, "counts:t mean_ss:t variance_ss:t shift:t"
)
weighted_moments = row(
    "nn.weighted_moments", normalization.weighted_moments,
    "x:t axes:n frequency_weights:t name=None keep_dims=False keepdims>keep_dims",
)  # fmt: skip

# -- the rest -------------------------------------------------------------------------------------------

bias_add = row("nn.bias_add", entropy.bias_add, "value:t bias:t data_format=None")
in_top_k = row("nn.in_top_k", ordering.in_top_k, "predictions:t targets:i k:n")
xw_plus_b = row("nn.xw_plus_b", entropy.xw_plus_b, "x:t weights:t biases:t")


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
    rate: Any = None,
) -> Any:  # fmt: skip
    """The tensor with elements set to zero at random and the others scaled up.

    Args:
        x: a floating tensor.
        keep_prob: the chance of an element to stay; a number or a tensor.
        noise_shape: the shape of the draws, 1 where a whole axis shares one; that of x if None.
        seed: the operation's own seed.
        name: the operation's name.
        rate: 1 - keep_prob.

    Raises:
        ValueError: if not just one of keep_prob and rate is given, or it is no probability.

    >>> import graphgrad as gg
    >>> gg.nn.dropout(gg.ones([4]), keep_prob=0.5)
    <Tensor 'dropout:0' float32[4]>
    """
    if (keep_prob is None) == (rate is None):
        raise ValueError("dropout takes either keep_prob or rate")
    dropped: Any = rate if rate is not None else 1 - keep_prob
    if not isinstance(dropped, torch.Tensor) and not 0 <= dropped <= 1:
        raise ValueError(f"keep_prob must be in the range (0, 1], and rate in [0, 1), got a rate of {dropped}")
    values = tensor(x)
    if not values.dtype.is_floating_point:
        raise ValueError(f"x has to be a floating point tensor since it's going to be scaled, got {values.dtype}")
    if noise_shape is None and not isinstance(dropped, torch.Tensor):
        return seeded(apply(F.dropout, (values, dropped, True), {}, name or "dropout"), seed)
    shape = None if noise_shape is None else sizes(noise_shape)
    return seeded(apply(randomness.dropout, (values, dropped, shape), {}, name or "dropout"), seed)


def embedding_lookup(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None, validate_indices: bool = True,
    max_norm: float | None = None,
) -> Any:  # fmt: skip
    """The rows of a table at these ids, which may have any shape.

    Args:
        params: the table, or a list with one.
        ids: integers.
        partition_strategy: of a table in several parts, which are refused: join them with `gg.concat`.
        name: the operation's name.
        validate_indices: without a meaning, as in TF1.
        max_norm: rows that are longer are shortened to this length.

    Raises:
        ValueError: for several parts.

    >>> import graphgrad as gg
    >>> gg.nn.embedding_lookup(gg.ones([10, 4]), [3, 5])
    <Tensor 'embedding_lookup:0' float32[2, 4]>
    """
    tables = list(params) if isinstance(params, (list, tuple)) else [params]
    if len(tables) != 1:
        raise ValueError(
            f"a table in {len(tables)} parts (partition_strategy={partition_strategy!r}): join them with gg.concat"
        )
    (rows,) = (tensor(each) for each in tables)
    return apply(entropy.embedding_lookup, (rows, tensor(ids), max_norm), {}, name or "embedding_lookup")


def sufficient_statistics(
    x: Any, axes: Sequence[int], shift: Any = None, keep_dims: bool | None = None, name: str | None = None,
    keepdims: bool | None = None,
) -> Any:  # fmt: skip
    """What `normalize_moments` makes mean and variance of: number, sum, sum of squares, and the shift or None."""
    values = tensor(x)
    moved = None if shift is None else tensor(shift, values)
    keep = bool(keep_dims if keepdims is None else keepdims)
    args = (values, tuple(axes) if isinstance(axes, (list, tuple)) else axes, moved, keep)
    found = apply(normalization.sufficient_statistics, args, {}, name or "sufficient_statistics")
    return (*found, moved)


__all__ = [
    "atrous_conv2d", "avg_pool", "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_normalization", "batch_to_space",
    "bias_add", "conv1d", "conv2d", "conv2d_transpose", "conv3d", "conv3d_transpose", "conv_transpose",
    "convolution", "crelu", "depth_to_space", "depthwise_conv2d", "depthwise_conv2d_native", "dilation2d",
    "dropout", "elu", "embedding_lookup", "fused_batch_norm", "in_top_k", "l2_loss", "l2_normalize", "leaky_relu",
    "local_response_normalization", "log_poisson_loss", "log_sigmoid", "log_softmax", "lrn", "max_pool",
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool_with_argmax", "moments", "normalize_moments", "pool",
    "relu", "relu6", "relu_layer", "selu", "separable_conv2d", "sigmoid", "sigmoid_cross_entropy_with_logits",
    "silu", "softmax", "softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits_v2", "softplus",
    "softsign", "space_to_batch", "space_to_depth", "sparse_softmax_cross_entropy_with_logits",
    "sufficient_statistics", "swish", "tanh", "top_k", "weighted_cross_entropy_with_logits", "weighted_moments",
    "xw_plus_b", "zero_fraction",
]  # fmt: skip
