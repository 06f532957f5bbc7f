"""A layer several times over, and the small functions that stand between layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..ops import nn
from ..ops.array import one_hot
from ..ops.keys import add_to_collections
from ..ops.scopes import variable_scope
from ..ops.sources import convert_to_tensor
from .arguments import add_arg_scope


@add_arg_scope
def repeat(inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A layer applied again and again, each time with variables of its own.

    Args:
        inputs: what the first gets.
        repetitions: how often.
        layer: a function with the argument `scope`, such as those of `contrib.layers`.
        args, kwargs: its other arguments; with `scope='conv1'` the scopes are `conv1/conv1_1`, `conv1/conv1_2`, ...

    >>> import graphgrad as gg
    >>> slim = gg.contrib.slim
    >>> y = slim.repeat(gg.ones([1, 8, 8, 3]), 2, slim.conv2d, 4, [3, 3], scope="conv1")
    >>> [each.op.name.removesuffix("/read") for each in gg.trainable_variables()][::2]
    ['conv1/conv1_1/weights', 'conv1/conv1_2/weights']
    """
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        base = scope or getattr(layer, "__name__", "repeat")
        outputs = convert_to_tensor(inputs)
        for number in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{base}_{number + 1}"})
        return outputs


@add_arg_scope
def stack(inputs: Any, layer: Callable[..., Any], stack_args: Sequence[Any], **kwargs: Any) -> Any:
    """A layer applied once for each of some arguments, each time with variables of its own.

    Args:
        inputs: what the first gets.
        layer: a function with the argument `scope`.
        stack_args: the second argument of each, or a list of its further arguments.
        kwargs: the arguments that all have; with `scope='fc'` the scopes are `fc/fc_1`, `fc/fc_2`, ...

    >>> import graphgrad as gg
    >>> slim = gg.contrib.slim
    >>> slim.stack(gg.ones([5, 3]), slim.fully_connected, [32, 16, 8], scope="fc").shape
    TensorShape([5, 8])
    """
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Stack", [inputs]):
        base = scope or getattr(layer, "__name__", "stack")
        outputs = convert_to_tensor(inputs)
        for number, given in enumerate(stack_args):
            more = given if isinstance(given, (list, tuple)) else [given]
            outputs = layer(outputs, *more, **{**kwargs, "scope": f"{base}_{number + 1}"})
        return outputs


@add_arg_scope
def one_hot_encoding(
    labels: Any, num_classes: int, on_value: float = 1.0, off_value: float = 0.0, outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:  # fmt: skip
    """Labels as rows with a single one."""
    result = one_hot(labels, num_classes, on_value, off_value, name=scope or "OneHotEncoding")
    add_to_collections(outputs_collections, result)
    return result


@add_arg_scope
def softmax(logits: Any, scope: str | None = None) -> Any:
    """The softmax over the last axis."""
    return nn.softmax(convert_to_tensor(logits), name=scope or "softmax")
