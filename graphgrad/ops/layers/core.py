"""Dense layers, dropout and flattening."""

from __future__ import annotations

from typing import Any

import torch

from ...record.tensor import Tensor
from .. import nn
from ..initializers import Zeros
from ..table import apply
from .layer import Layer, channels, function_of


def as_choice(training: Any) -> Any:
    """A tensor that says whether this is training, as a bool; it is a scalar, also where its shape was left open."""
    if isinstance(training, Tensor) and training._value.spec.shape is None:
        training.set_shape([])
    return training.to(torch.bool)


def chosen(training: Any, on: Any, off: Any) -> Any:
    """One of two functions' results: at once for a bool, in the run for a tensor."""
    if isinstance(training, torch.Tensor):
        return torch.where(as_choice(training), on(), off())
    return on() if training else off()


class Dense(Layer):
    """A matrix product with a kernel, plus a bias, through an activation; over the last axis.

    Args:
        units: the number of outputs.
        activation: a function of the result, or None.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: as in `get_variable`.
        kernel_regularizer, bias_regularizer: functions of a variable; what they give is listed as a loss.
        activity_regularizer: the same of the output.
        kernel_constraint, bias_constraint: functions that optimizers apply after an update.
        trainable: whether its variables are.
        name: the name of its scope.

    >>> import graphgrad as gg
    >>> gg.layers.dense(gg.ones([2, 3]), 4, activation=gg.nn.relu)
    <Tensor 'dense/relu:0' float32[2, 4]>
    """

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
        bias_initializer: Any = Zeros, kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
        trainable: bool = True, name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **options)
        self.units = int(units)
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_settings = (kernel_initializer, kernel_regularizer, kernel_constraint)
        self.bias_settings = (bias_initializer, bias_regularizer, bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, shape: list[int | None]) -> None:
        """Make the variables."""
        initializer, regularizer, constraint = self.kernel_settings
        sizes = [channels(shape, -1, self), self.units]
        self.kernel = self.add_weight("kernel", sizes, None, initializer, regularizer, constraint=constraint)
        if self.use_bias:
            initializer, regularizer, constraint = self.bias_settings
            self.bias = self.add_weight("bias", [self.units], None, initializer, regularizer, constraint=constraint)

    def call(self, inputs: Any, **options: Any) -> Any:
        """The output."""
        result = apply(torch.matmul, (inputs, self.kernel), {}, "MatMul")
        if self.use_bias:
            result = nn.bias_add(result, self.bias, name="BiasAdd")
        return result if self.activation is None else self.activation(result)


class Dropout(Layer):
    """Elements set to zero at random in training, the others scaled up.

    Args:
        rate: the share that is set to zero.
        noise_shape: sizes of 1 where elements share their fate, or None.
        seed: the seed of the draw.
        name: the name of its scope.

    The call takes `training`: False (nothing happens), True, or a bool tensor.

    >>> import graphgrad as gg
    >>> gg.layers.dropout(gg.ones([2, 3]), 0.4, training=True).shape
    TensorShape([2, 3])
    """

    def __init__(
        self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: str | None = None, **options: Any
    ) -> None:
        super().__init__(name=name, **options)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed

    def call(self, inputs: Any, training: Any = False, **options: Any) -> Any:
        """The output."""
        return chosen(training, lambda: self._dropped(inputs), lambda: inputs.view_as(inputs))

    def _dropped(self, inputs: Any) -> Any:
        if not isinstance(self.rate, torch.Tensor) and self.rate == 0:
            return inputs.view_as(inputs)
        return nn.dropout(inputs, noise_shape=self.noise_shape, seed=self.seed, rate=self.rate)


class Flatten(Layer):
    """All axes but the first as one.

    >>> import graphgrad as gg
    >>> gg.layers.flatten(gg.placeholder(gg.float32, [None, 4, 5])).shape
    TensorShape([?, 20])
    """

    def __init__(self, name: str | None = None, **options: Any) -> None:
        super().__init__(name=name, **options)

    def call(self, inputs: Any, **options: Any) -> Any:
        """The output."""
        if inputs.dim() == 1:
            return inputs.unsqueeze(1)
        return apply(torch.flatten, (inputs, 1), {}, "Reshape")


dense = function_of(Dense, "dense")
dropout = function_of(Dropout, "dropout", ("training",))
flatten = function_of(Flatten, "flatten")
