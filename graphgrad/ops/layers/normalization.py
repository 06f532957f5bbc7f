"""Batch normalization, with its running averages as TF1 keeps them."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from ..initializers import Ones, Zeros
from ..table import apply
from .core import as_choice
from .layer import Layer, channels, function_of

_FUSED_EPSILON = 1.001e-5  # what TF1's fused kernel raises smaller ones to


def bessel(images: torch.Tensor) -> torch.Tensor:
    """What makes the biased variance of each channel the unbiased one: n / (n - 1)."""
    count = images.numel() // max(images.shape[1], 1)
    return torch.tensor(count / max(count - 1, 1), dtype=images.dtype, device=images.device)


class BatchNormalization(Layer):
    """Each channel less its mean, divided by its deviation, times gamma, plus beta.

    In training mean and variance are those of the batch, and the operations that update the running averages are
    listed in `GraphKeys.UPDATE_OPS`: a training step has to run them. Otherwise the running averages are used.

    Args:
        axis: the axis of channels.
        momentum: how much of a running average each update keeps.
        epsilon: what is added to the variance.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: first values.
        beta_regularizer, gamma_regularizer: functions of a variable; what they give is listed as a loss.
        beta_constraint, gamma_constraint: functions that optimizers apply after an update.
        trainable: whether beta and gamma are.
        name: the name of its scope.
        renorm, virtual_batch_size, adjustment: must be left out.
        fused: as in TF1: for images, unless False, the running variance takes in the unbiased variance.

    The call takes `training`: False, True, or a bool tensor.

    Raises:
        NotImplementedError: for batch renormalization, virtual batches and adjustments.

    >>> import graphgrad as gg
    >>> y = gg.layers.batch_normalization(gg.ones([8, 3]), training=True)
    >>> [update.op.name for update in gg.get_collection(gg.GraphKeys.UPDATE_OPS)]
    ['batch_normalization/AssignMovingAvg', 'batch_normalization/AssignMovingAvg_1']
    """

    def __init__(
        self, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = Zeros, gamma_initializer: Any = Ones, moving_mean_initializer: Any = Zeros,
        moving_variance_initializer: Any = Ones, beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, trainable: bool = True, name: str | None = None,
        renorm: bool = False, renorm_clipping: Any = None, renorm_momentum: float = 0.99, fused: bool | None = None,
        virtual_batch_size: Any = None, adjustment: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, **options)
        if renorm or renorm_clipping is not None or virtual_batch_size is not None or adjustment is not None:
            raise NotImplementedError("batch renormalization, virtual batches and adjustments: leave them out")
        self.axis: Any = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
        if not isinstance(self.axis, int):
            raise NotImplementedError(f"normalization over several axes of channels, {axis!r}: reshape the input")
        self.momentum = momentum
        self.epsilon = epsilon
        self.center, self.scale = center, scale
        self.fused = fused
        self.beta_settings = (beta_initializer, beta_regularizer, beta_constraint)
        self.gamma_settings = (gamma_initializer, gamma_regularizer, gamma_constraint)
        self.moving_initializers = (moving_mean_initializer, moving_variance_initializer)
        self.beta: Any = None
        self.gamma: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, shape: list[int | None]) -> None:
        """Make the variables."""
        size = [channels(shape, self.axis, self)]
        self.axis %= len(shape)
        if self.fused and len(shape) != 4:
            raise ValueError(f"fused batch normalization takes images of 4 axes, got {len(shape)}")
        self.fused = len(shape) == 4 and self.axis in (1, 3) if self.fused is None else self.fused
        if self.scale:
            initializer, regularizer, constraint = self.gamma_settings
            self.gamma = self.add_weight("gamma", size, None, initializer, regularizer, constraint=constraint)
        if self.center:
            initializer, regularizer, constraint = self.beta_settings
            self.beta = self.add_weight("beta", size, None, initializer, regularizer, constraint=constraint)
        first, second = self.moving_initializers
        self.moving_mean = self.add_weight("moving_mean", size, None, first, trainable=False)
        self.moving_variance = self.add_weight("moving_variance", size, None, second, trainable=False)

    def call(self, inputs: Any, training: Any = False, **options: Any) -> Any:
        """The output."""
        epsilon = max(self.epsilon, _FUSED_EPSILON) if self.fused else self.epsilon
        turned = inputs.movedim(self.axis, 1)
        fed = isinstance(training, torch.Tensor)
        if not fed and not training:
            parts = (self.moving_mean, self.moving_variance, self.gamma, self.beta)
            return F.batch_norm(turned, *parts, False, 0.0, epsilon).movedim(1, self.axis)
        axes = [axis for axis in range(turned.dim()) if axis != 1]
        variance, mean = torch.var_mean(turned, axes, correction=0)
        self._update(mean, self._unbiased(variance, turned), training)
        if fed:
            chosen = as_choice(training)
            mean = torch.where(chosen, mean, self.moving_mean)
            variance = torch.where(chosen, variance, self.moving_variance)
            return self._normalized(inputs, mean, variance, epsilon)
        return F.batch_norm(turned, None, None, self.gamma, self.beta, True, 0.0, epsilon).movedim(1, self.axis)

    def _unbiased(self, variance: Any, turned: Any) -> Any:
        """The variance that the running average takes in: of images the unbiased one, as TF1's fused kernel does."""
        if not self.fused:
            return variance
        return variance * apply(bessel, (turned,), {}, None)

    def _update(self, mean: Any, variance: Any, training: Any) -> None:
        """The operations that move the running averages; where `training` is fed False they change nothing."""
        share: Any = 1 - self.momentum
        if isinstance(training, torch.Tensor):
            share = as_choice(training).to(mean.dtype) * share
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            self.add_update(average.assign_sub((average - value) * share, name="AssignMovingAvg"))

    def _normalized(self, inputs: Any, mean: Any, variance: Any, epsilon: float) -> Any:
        sizes = [1] * inputs.dim()
        sizes[self.axis] = -1
        factor = torch.rsqrt(variance + epsilon)
        factor = factor * self.gamma if self.gamma is not None else factor
        shift = -mean * factor if self.beta is None else self.beta - mean * factor
        return inputs * factor.reshape(sizes) + shift.reshape(sizes)


batch_normalization = function_of(BatchNormalization, "batch_normalization", ("training",))
