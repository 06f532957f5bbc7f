"""`gg.contrib.layers`: TF1's contrib layers: `weights` and `biases` in a scope, ReLU and Xavier by default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..graph.graph import get_default_graph
from ..ops import nn
from ..ops.getting import get_variable
from ..ops.initializers import Ones, Zeros
from ..ops.kernels import convolution, pooling
from ..ops.keys import GraphKeys, add_to_collections
from ..ops.layers import Dropout, Flatten
from ..ops.layers.layer import Layer
from ..ops.layers.normalization import BatchNormalization
from ..ops.layers.pooling import per_axis
from ..ops.scopes import variable_scope
from ..ops.sources import convert_to_tensor
from ..ops.table import apply
from .arguments import add_arg_scope
from .regularizers import (
    apply_regularization,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
    variance_scaling_initializer,
    xavier_initializer,
    xavier_initializer_conv2d,
)
from .repeating import one_hot_encoding, repeat, softmax, stack

__all__ = [
    "apply_regularization", "avg_pool2d", "batch_norm", "conv2d", "conv2d_transpose",
    "convolution2d", "convolution2d_transpose", "dropout", "flatten", "fully_connected", "l1_l2_regularizer",
    "l1_regularizer", "l2_regularizer", "layer_norm", "linear", "max_pool2d",
    "one_hot_encoding", "relu", "repeat", "softmax", "stack", "sum_regularizer",
    "variance_scaling_initializer", "xavier_initializer", "xavier_initializer_conv2d",
]  # fmt: skip


def _variable(
    name: str, shape: Sequence[int], like: Any, initializer: Any, regularizer: Any, trainable: bool, listed: Any,
    key: str,
) -> Any:  # fmt: skip
    """A variable of a layer, listed with the model's variables and where the caller wants it."""
    more = listed.get(key, ()) if isinstance(listed, dict) else listed or ()
    keys = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES, *([more] if isinstance(more, str) else more)]
    if initializer is None:
        initializer = xavier_initializer() if key == "weights" else Zeros()
    return get_variable(name, shape, like.dtype, initializer, regularizer, trainable, list(dict.fromkeys(keys)))


def _finished(
    result: Any, size: int, settings: dict[str, Any], normalizer_fn: Any, normalizer_params: Any, activation_fn: Any,
    outputs_collections: Any, data_format: str = "NHWC",
) -> Any:  # fmt: skip
    """The result normalised, or with its biases, through the activation."""
    if normalizer_fn is not None:
        result = normalizer_fn(result, **(normalizer_params or {}))
    elif settings["biases_initializer"] is not None:
        biases = _variable(
            "biases", [size], result, settings["biases_initializer"], settings["biases_regularizer"],
            settings["trainable"], settings["variables_collections"], "biases",
        )  # fmt: skip
        result = nn.bias_add(result, biases, data_format, name="BiasAdd")
    if activation_fn is not None:
        result = activation_fn(result)
    add_to_collections(outputs_collections, result)
    return result


@add_arg_scope
def fully_connected(
    inputs: Any, num_outputs: int, activation_fn: Any = nn.relu, normalizer_fn: Callable[..., Any] | None = None,
    normalizer_params: dict[str, Any] | None = None, weights_initializer: Any = None, weights_regularizer: Any = None,
    biases_initializer: Any = Zeros, biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
    scope: Any = None,
) -> Any:  # fmt: skip
    """A matrix product with weights over the last axis, plus biases, through an activation.

    Args:
        inputs: a tensor of at least two axes.
        num_outputs: the size of the result's last axis.
        activation_fn: a function of the result, ReLU by default; None for none.
        normalizer_fn, normalizer_params: a function that takes the place of the biases, and its arguments.
        weights_initializer: Xavier's if None.
        weights_regularizer, biases_regularizer: functions of a variable; what they give is listed as a loss.
        biases_initializer: None for no biases.
        reuse: whether the variables are there already.
        variables_collections: where to list the variables: a list, or a dict with the keys weights and biases.
        outputs_collections: where to list the result.
        trainable: whether the variables are.
        scope: the name of their scope, `fully_connected` made unique if None.

    >>> import graphgrad as gg
    >>> gg.contrib.layers.fully_connected(gg.ones([2, 3]), 4)
    <Tensor 'fully_connected/relu:0' float32[2, 4]>
    """
    values = convert_to_tensor(inputs)
    settings = {
        "biases_initializer": biases_initializer, "biases_regularizer": biases_regularizer, "trainable": trainable,
        "variables_collections": variables_collections,
    }  # fmt: skip
    with variable_scope(scope, "fully_connected", [values], reuse=reuse):
        sizes = [int(values.shape[-1]), int(num_outputs)]
        weights = _variable(
            "weights", sizes, values, weights_initializer, weights_regularizer, trainable, variables_collections,
            "weights",
        )  # fmt: skip
        result = apply(torch.matmul, (values, weights), {}, "MatMul")
        return _finished(
            result, sizes[1], settings, normalizer_fn, normalizer_params, activation_fn, outputs_collections
        )


@add_arg_scope
def relu(inputs: Any, num_outputs: int, **options: Any) -> Any:
    """`fully_connected` with a ReLU."""
    return fully_connected(inputs, num_outputs, **options)


@add_arg_scope
def linear(inputs: Any, num_outputs: int, **options: Any) -> Any:
    """`fully_connected` without an activation."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": None, **options})


def _convolved(
    transposed: bool, inputs: Any, num_outputs: int, kernel_size: Any, stride: Any, padding: str,
    data_format: str | None, rate: Any, activation_fn: Any, normalizer_fn: Any, normalizer_params: Any,
    weights_initializer: Any, weights_regularizer: Any, biases_initializer: Any, biases_regularizer: Any, reuse: Any,
    variables_collections: Any, outputs_collections: Any, trainable: bool, scope: Any,
) -> Any:  # fmt: skip
    values, form = convert_to_tensor(inputs), data_format or "NHWC"
    settings = {
        "biases_initializer": biases_initializer, "biases_regularizer": biases_regularizer, "trainable": trainable,
        "variables_collections": variables_collections,
    }  # fmt: skip
    with variable_scope(scope, "Conv2d_transpose" if transposed else "Conv", [values], reuse=reuse):
        channels = int(values.shape[-1 if form == "NHWC" else 1])
        ends = [num_outputs, channels] if transposed else [channels, num_outputs]
        sizes = [*per_axis(kernel_size, 2, "kernel_size"), *ends]
        weights = _variable(
            "weights", sizes, values, weights_initializer, weights_regularizer, trainable, variables_collections,
            "weights",
        )  # fmt: skip
        steps, apart = per_axis(stride, 2, "stride"), per_axis(rate, 2, "rate")
        if transposed:
            grown = (values, weights, None, steps, padding.upper(), form)
            result = apply(convolution.conv_transpose, grown, {}, "conv2d_transpose")
        else:
            arguments = (values, weights, padding.upper(), steps, apart, form)
            result = apply(convolution.convolution, arguments, {}, "Conv2D")
        return _finished(
            result, num_outputs, settings, normalizer_fn, normalizer_params, activation_fn, outputs_collections, form
        )


@add_arg_scope
def conv2d(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
    data_format: str | None = None, rate: Any = 1, activation_fn: Any = nn.relu, normalizer_fn: Any = None,
    normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
    biases_initializer: Any = Zeros, biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """A convolution of images with weights, plus biases, through an activation; arguments as of `fully_connected`.

    Args:
        inputs: [batch, height, width, channels], or [batch, channels, height, width] for 'NCHW'.
        num_outputs: the number of channels of the output.
        kernel_size, stride, rate: the window, its steps, the distance of its pixels: ints or pairs.
        padding: 'SAME' or 'VALID'.
        data_format: 'NHWC' (None) or 'NCHW'.

    >>> import graphgrad as gg
    >>> gg.contrib.layers.conv2d(gg.ones([1, 8, 8, 3]), 4, [3, 3], stride=2).shape
    TensorShape([1, 4, 4, 4])
    """
    return _convolved(
        False, inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn, normalizer_fn,
        normalizer_params, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse,
        variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


@add_arg_scope
def conv2d_transpose(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
    data_format: str | None = None, activation_fn: Any = nn.relu, normalizer_fn: Any = None,
    normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
    biases_initializer: Any = Zeros, biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """The transpose of a convolution: images grow by the stride; arguments as of `conv2d`."""
    return _convolved(
        True, inputs, num_outputs, kernel_size, stride, padding, data_format, 1, activation_fn, normalizer_fn,
        normalizer_params, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse,
        variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


convolution2d = conv2d
convolution2d_transpose = conv2d_transpose


@add_arg_scope
def batch_norm(
    inputs: Any, decay: float = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001,
    activation_fn: Any = None, param_initializers: dict[str, Any] | None = None,
    param_regularizers: dict[str, Any] | None = None, updates_collections: str | None = GraphKeys.UPDATE_OPS,
    is_training: Any = True, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
    trainable: bool = True, fused: bool | None = None, data_format: str = "NHWC", scope: Any = None,
) -> Any:  # fmt: skip
    """Batch normalization; see `gg.layers.BatchNormalization`.

    Args:
        inputs: a tensor whose last axis is that of channels (the second for 'NCHW').
        decay: how much of a running average each update keeps.
        center, scale: whether there is a beta, a gamma.
        epsilon: what is added to the variance.
        activation_fn: a function of the result.
        param_initializers, param_regularizers: by name: beta, gamma, moving_mean, moving_variance.
        updates_collections: where to list the updates; with None the result waits for them.
        is_training: whether mean and variance are the batch's: a bool or a tensor.
        reuse, variables_collections, outputs_collections, trainable, scope: as of `fully_connected`.
        fused: as of `gg.layers.BatchNormalization`.
        data_format: 'NHWC' or 'NCHW'.

    >>> import graphgrad as gg
    >>> gg.contrib.layers.batch_norm(gg.ones([8, 3]), scale=True).shape, len(gg.trainable_variables())
    (TensorShape([8, 3]), 2)
    """
    values, first, more = convert_to_tensor(inputs), param_initializers or {}, param_regularizers or {}
    with variable_scope(scope, "BatchNorm", [values], reuse=reuse) as here:
        layer = BatchNormalization(
            axis=-1 if data_format.endswith("C") else 1, momentum=decay, epsilon=epsilon, center=center, scale=scale,
            beta_initializer=first.get("beta", Zeros), gamma_initializer=first.get("gamma", Ones),
            moving_mean_initializer=first.get("moving_mean", Zeros),
            moving_variance_initializer=first.get("moving_variance", Ones), beta_regularizer=more.get("beta"),
            gamma_regularizer=more.get("gamma"), trainable=trainable, fused=fused, _scope=here, _reuse=reuse,
        )  # fmt: skip
        layer.updates_key = updates_collections
        result = layer(values, training=is_training)
        known = get_default_graph().get_collection_ref(GraphKeys.MODEL_VARIABLES)
        for variable in layer.variables:
            if not any(variable is each for each in known):
                known.append(variable)
                add_to_collections(variables_collections, variable)
        if updates_collections is None and layer.updates:
            with get_default_graph().control_dependencies(layer.updates):
                result = result.view_as(result)
        result = result if activation_fn is None else activation_fn(result)
    add_to_collections(outputs_collections, result)
    return result


@add_arg_scope
def layer_norm(
    inputs: Any, center: bool = True, scale: bool = True, activation_fn: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
    begin_norm_axis: int = 1, begin_params_axis: int = -1, scope: Any = None,
) -> Any:  # fmt: skip
    """Each example less its mean, over its deviation, times gamma, plus beta; epsilon is TF1's 1e-12.

    Args:
        inputs: a tensor.
        center, scale: whether there is a beta, a gamma.
        begin_norm_axis, begin_params_axis: the first axis that is normalised, and the first that beta and gamma have.
        activation_fn, reuse, variables_collections, outputs_collections, trainable, scope: as of `fully_connected`.
    """
    values = convert_to_tensor(inputs)
    with variable_scope(scope, "LayerNorm", [values], reuse=reuse):
        rank = values.dim()
        sizes = [int(size) for size in values.shape[begin_params_axis % rank :]]
        settings = (None, trainable, variables_collections)
        beta = _variable("beta", sizes, values, Zeros, *settings, "beta") if center else None
        gamma = _variable("gamma", sizes, values, Ones, *settings, "gamma") if scale else None
        axes = list(range(begin_norm_axis % rank, rank))
        variance, mean = torch.var_mean(values, axes, correction=0, keepdim=True)
        result = (values - mean) * torch.rsqrt(variance + 1e-12)
        result = result if gamma is None else result * gamma
        result = result if beta is None else result + beta
        result = result if activation_fn is None else activation_fn(result)
    add_to_collections(outputs_collections, result)
    return result


def _called(layer: Layer, inputs: Any, outputs_collections: Any, **options: Any) -> Any:
    result = layer(convert_to_tensor(inputs), **options)
    add_to_collections(outputs_collections, result)
    return result


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All axes but the first as one."""
    return _called(Flatten(name="Flatten", _scope=scope), inputs, outputs_collections)


@add_arg_scope
def dropout(
    inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True,
    outputs_collections: Any = None, scope: Any = None, seed: int | None = None,
) -> Any:  # fmt: skip
    """Elements set to zero at random in training, the others scaled up by 1 / keep_prob."""
    layer = Dropout(1 - keep_prob, noise_shape, seed, name="Dropout", _scope=scope)
    return _called(layer, inputs, outputs_collections, training=is_training)


def _pooled(kernel: Any, inputs: Any, size: Any, stride: Any, padding: str, form: str, listed: Any, scope: Any) -> Any:
    name = "MaxPool2D" if kernel is pooling.max_pool else "AvgPool2D"
    with variable_scope(scope, name):
        values = convert_to_tensor(inputs)
        arguments = (values, per_axis(size, 2, "kernel_size"), per_axis(stride, 2, "stride"), padding.upper(), form)
        result = apply(kernel, arguments, {}, name[:-2])
    add_to_collections(listed, result)
    return result


@add_arg_scope
def max_pool2d(
    inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC",
    outputs_collections: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """The largest element of each window of each image."""
    return _pooled(pooling.max_pool, inputs, kernel_size, stride, padding, data_format, outputs_collections, scope)


@add_arg_scope
def avg_pool2d(
    inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC",
    outputs_collections: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """The mean of each window of each image."""
    return _pooled(pooling.avg_pool, inputs, kernel_size, stride, padding, data_format, outputs_collections, scope)
