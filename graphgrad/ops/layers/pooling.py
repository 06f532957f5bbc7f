"""Pooling layers."""

from __future__ import annotations

from typing import Any

from ..kernels import pooling
from ..table import apply
from .layer import Layer, function_of


def per_axis(sizes: Any, space: int, what: str) -> list[int]:
    """A number for each axis of space, from one number or as many as there are."""
    numbers = [int(sizes)] * space if not isinstance(sizes, (list, tuple)) else [int(size) for size in sizes]
    if len(numbers) == 1:
        numbers = numbers * space
    if len(numbers) != space or min(numbers) < 1:
        raise ValueError(f"{what} is {sizes!r}; give a positive int or {space} of them")
    return numbers


def layout(data_format: str, space: int) -> str:
    """TF1's name of a layout from that of a layer: 'channels_last' or 'channels_first'."""
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"data_format is {data_format!r}; use 'channels_last' or 'channels_first'")
    names = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}[space]
    return names[data_format == "channels_first"]


class _Pooling(Layer):
    """What pooling layers share."""

    space = 2
    kernel: Any = None

    def __init__(
        self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
        name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, **options)
        self.pool_size = per_axis(pool_size, self.space, "pool_size")
        self.strides = per_axis(strides, self.space, "strides")
        self.padding = padding.upper()
        self.layout = layout(data_format, self.space)

    def call(self, inputs: Any, **options: Any) -> Any:
        """The output."""
        if inputs.dim() != self.space + 2:
            raise ValueError(f"the layer {self.name} takes {self.space + 2} axes, got {inputs!r}")
        arguments = (inputs, self.pool_size, self.strides, self.padding, self.layout)
        return apply(type(self).kernel, arguments, {}, self.op_name)

    @property
    def op_name(self) -> str:
        """The name of the operation."""
        return "MaxPool" if type(self).kernel is pooling.max_pool else "AvgPool"


class MaxPooling1D(_Pooling):
    """The largest element of each window of each series: [batch, width, channels].

    Args:
        pool_size: the size of the window.
        strides: the steps of the window.
        padding: 'valid' or 'same', as in `gg.nn.max_pool`.
        data_format: 'channels_last' or 'channels_first'.
        name: the name of its scope.
    """

    space = 1
    kernel = staticmethod(pooling.max_pool)


class MaxPooling2D(_Pooling):
    """The largest element of each window of each image: [batch, height, width, channels].

    Args:
        pool_size: the size of the window, an int or a pair.
        strides: the steps of the window, an int or a pair.
        padding: 'valid' or 'same', as in `gg.nn.max_pool`.
        data_format: 'channels_last' or 'channels_first'.
        name: the name of its scope.

    >>> import graphgrad as gg
    >>> gg.layers.max_pooling2d(gg.ones([1, 7, 7, 3]), 2, 2, padding="same").shape
    TensorShape([1, 4, 4, 3])
    """

    kernel = staticmethod(pooling.max_pool)


class AveragePooling1D(_Pooling):
    """The mean of each window of each series; arguments as of `MaxPooling1D`."""

    space = 1
    kernel = staticmethod(pooling.avg_pool)


class AveragePooling2D(_Pooling):
    """The mean of each window of each image; arguments as of `MaxPooling2D`."""

    kernel = staticmethod(pooling.avg_pool)


max_pooling1d = function_of(MaxPooling1D, "max_pooling1d")
max_pooling2d = function_of(MaxPooling2D, "max_pooling2d")
average_pooling1d = function_of(AveragePooling1D, "average_pooling1d")
average_pooling2d = function_of(AveragePooling2D, "average_pooling2d")
