"""Convolutional layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import nn
from ..initializers import Zeros
from ..kernels import convolution
from ..table import apply
from .layer import Layer, channels, function_of
from .pooling import layout, per_axis


class _Convolution(Layer):
    """What convolutional layers share: a bias, an activation and the sizes of a window."""

    space = 2

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any, padding: str, data_format: str, dilation_rate: Any,
        activation: Any, use_bias: bool, bias_settings: tuple[Any, Any, Any], activity_regularizer: Any,
        trainable: bool, name: str | None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **options)
        if padding.lower() not in ("same", "valid"):
            raise ValueError(f"padding is {padding!r}; use 'same' or 'valid'")
        self.filters = int(filters)
        self.kernel_size = per_axis(kernel_size, self.space, "kernel_size")
        self.strides = per_axis(strides, self.space, "strides")
        self.padding = padding.upper()
        self.layout = layout(data_format, self.space)
        self.dilation_rate = per_axis(dilation_rate, self.space, "dilation_rate")
        self.activation = activation
        self.use_bias = use_bias
        self.bias_settings = bias_settings
        self.bias: Any = None

    def inputs_of(self, shape: list[int | None]) -> int:
        """The number of channels that come in; the input must have the right number of axes."""
        if len(shape) != self.space + 2:
            raise ValueError(f"the layer {self.name} takes {self.space + 2} axes, got {len(shape)}")
        return channels(shape, -1 if self.layout.endswith("C") else 1, self)

    def add_bias(self) -> None:
        """Make the bias, if there is to be one."""
        if self.use_bias:
            initializer, regularizer, constraint = self.bias_settings
            self.bias = self.add_weight("bias", [self.filters], None, initializer, regularizer, constraint=constraint)

    def finished(self, result: Any) -> Any:
        """The result with the bias, through the activation."""
        if self.use_bias:
            result = nn.bias_add(result, self.bias, "NHWC" if self.layout.endswith("C") else "NCHW", name="BiasAdd")
        return result if self.activation is None else self.activation(result)


class _Plain(_Convolution):
    """A convolution with one kernel."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = None, bias_initializer: Any = Zeros, kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            (bias_initializer, bias_regularizer, bias_constraint), activity_regularizer, trainable, name, **options,
        )  # fmt: skip
        self.kernel_settings = (kernel_initializer, kernel_regularizer, kernel_constraint)
        self.kernel: Any = None

    def build(self, shape: list[int | None]) -> None:
        """Make the variables."""
        initializer, regularizer, constraint = self.kernel_settings
        sizes = [*self.kernel_size, self.inputs_of(shape), self.filters]
        self.kernel = self.add_weight("kernel", sizes, None, initializer, regularizer, constraint=constraint)
        self.add_bias()

    def call(self, inputs: Any, **options: Any) -> Any:
        """The output."""
        arguments = (inputs, self.kernel, self.padding, self.strides, self.dilation_rate, self.layout)
        return self.finished(apply(convolution.convolution, arguments, {}, f"Conv{self.space}D"))


class Conv1D(_Plain):
    """A convolution of series [batch, width, channels]; arguments as of `Conv2D`."""

    space = 1


class Conv2D(_Plain):
    """A convolution of images [batch, height, width, channels] with a kernel [height, width, in, filters].

    Args:
        filters: the number of channels of the output.
        kernel_size: the window, an int or a pair.
        strides: the steps of the window, an int or a pair.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'.
        dilation_rate: the distance of the window's pixels, an int or a pair.
        activation: a function of the result, or None.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: as in `get_variable`.
        kernel_regularizer, bias_regularizer: functions of a variable; what they give is listed as a loss.
        activity_regularizer: the same of the output.
        kernel_constraint, bias_constraint: functions that optimizers apply after an update.
        trainable: whether its variables are.
        name: the name of its scope.

    >>> import graphgrad as gg
    >>> images = gg.placeholder(gg.float32, [None, 28, 28, 1])
    >>> gg.layers.conv2d(images, 32, [5, 5], strides=2, padding="same").shape
    TensorShape([?, 14, 14, 32])
    """


class Conv2DTranspose(_Convolution):
    """The transpose of a convolution, as a decoder needs it: images grow by the strides.

    Args:
        filters: the number of channels of the output.
        kernel_size, strides: the window and its steps.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'.
        activation, use_bias: as of `Conv2D`, and so are the others.

    >>> import graphgrad as gg
    >>> gg.layers.conv2d_transpose(gg.ones([1, 7, 7, 3]), 2, 5, strides=2, padding="same").shape
    TensorShape([1, 14, 14, 2])
    """

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = None, bias_initializer: Any = Zeros, kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, 1, activation, use_bias,
            (bias_initializer, bias_regularizer, bias_constraint), activity_regularizer, trainable, name, **options,
        )  # fmt: skip
        self.kernel_settings = (kernel_initializer, kernel_regularizer, kernel_constraint)
        self.kernel: Any = None

    def build(self, shape: list[int | None]) -> None:
        """Make the variables."""
        initializer, regularizer, constraint = self.kernel_settings
        sizes = [*self.kernel_size, self.filters, self.inputs_of(shape)]
        self.kernel = self.add_weight("kernel", sizes, None, initializer, regularizer, constraint=constraint)
        self.add_bias()

    def call(self, inputs: Any, **options: Any) -> Any:
        """The output."""
        arguments = (inputs, self.kernel, None, self.strides, self.padding, self.layout)
        return self.finished(apply(convolution.conv_transpose, arguments, {}, "conv2d_transpose"))


class SeparableConv2D(_Convolution):
    """Each channel convolved by itself, then one product that mixes the channels of each pixel.

    Args:
        filters: the number of channels of the output.
        kernel_size, strides, padding, data_format, dilation_rate: as of `Conv2D`.
        depth_multiplier: how many filters each channel has.
        activation, use_bias: as of `Conv2D`, and so are the others.

    >>> import graphgrad as gg
    >>> gg.layers.separable_conv2d(gg.ones([1, 8, 8, 3]), 4, 3, padding="same").shape
    TensorShape([1, 8, 8, 4])
    """

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None,
        use_bias: bool = True, depthwise_initializer: Any = None, pointwise_initializer: Any = None,
        bias_initializer: Any = Zeros, depthwise_regularizer: Any = None, pointwise_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, depthwise_constraint: Any = None,
        pointwise_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
        name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            (bias_initializer, bias_regularizer, bias_constraint), activity_regularizer, trainable, name, **options,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self.depthwise_settings = (depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self.pointwise_settings = (pointwise_initializer, pointwise_regularizer, pointwise_constraint)
        self.depthwise_kernel: Any = None
        self.pointwise_kernel: Any = None

    def build(self, shape: list[int | None]) -> None:
        """Make the variables."""
        count = self.inputs_of(shape)
        make: Callable[..., Any] = self.add_weight
        sizes = [*self.kernel_size, count, self.depth_multiplier]
        initializer, regularizer, constraint = self.depthwise_settings
        self.depthwise_kernel = make("depthwise_kernel", sizes, None, initializer, regularizer, constraint=constraint)
        sizes = [1, 1, count * self.depth_multiplier, self.filters]
        initializer, regularizer, constraint = self.pointwise_settings
        self.pointwise_kernel = make("pointwise_kernel", sizes, None, initializer, regularizer, constraint=constraint)
        self.add_bias()

    def call(self, inputs: Any, **options: Any) -> Any:
        """The output."""
        arguments = (
            inputs, self.depthwise_kernel, self.pointwise_kernel, self.strides, self.padding, self.dilation_rate,
            self.layout,
        )  # fmt: skip
        return self.finished(apply(convolution.separable_conv2d, arguments, {}, "separable_conv2d"))


conv1d = function_of(Conv1D, "conv1d")
conv2d = function_of(Conv2D, "conv2d")
conv2d_transpose = function_of(Conv2DTranspose, "conv2d_transpose")
separable_conv2d = function_of(SeparableConv2D, "separable_conv2d")
