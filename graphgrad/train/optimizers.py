"""TF1's optimizers but for Adam: their settings, their slots and their rules."""

from __future__ import annotations

from typing import Any

from ..record.tensor import Tensor
from ..record.variable import Variable
from .kernel_optimizer import KernelOptimizer
from .kernels import (
    apply_adadelta,
    apply_adagrad,
    apply_centered_rmsprop,
    apply_ftrl,
    apply_momentum,
    apply_rmsprop,
)
from .optimizer import Optimizer


class GradientDescentOptimizer(Optimizer):
    """`variable -= learning_rate * gradient`.

    Args:
        learning_rate: a number, a scalar tensor, or a function that returns one.
        use_locking: makes no difference: the updates of two runs of a session never interleave.
        name: the scope of the updates.

    >>> import graphgrad as gg
    >>> w = gg.Variable(3.0)
    >>> step = gg.train.GradientDescentOptimizer(0.25).minimize(w * w)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w)
    np.float32(1.5)
    """

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _prepare(self) -> None:
        self._rate = self._setting(self._learning_rate, "the learning rate")

    def _apply_dense(self, grad: Any, var: Variable) -> Any:
        if isinstance(self._rate, Tensor):
            return var.assign_sub(self._rate.to(var.dtype) * grad)
        return var.assign_sub(grad, alpha=self._rate)


class MomentumOptimizer(KernelOptimizer):
    """`sum = momentum * sum + gradient; variable -= learning_rate * sum`. Its slot is `momentum`.

    Args:
        learning_rate, momentum: numbers, scalar tensors, or functions that return one.
        use_locking: makes no difference, as everywhere.
        name: the scope of the updates, and of the slots: `<variable>/Momentum`.
        use_nesterov: whether each step looks ahead: `variable -= learning_rate * (gradient + momentum * sum)`.

    >>> import graphgrad as gg
    >>> w = gg.Variable(3.0)
    >>> step = gg.train.MomentumOptimizer(0.25, 0.5).minimize(w * 2)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     for _ in range(2):
    ...         sess.run([step, w])[1], sess.run(w)
    (np.float32(3.0), np.float32(2.5))
    (np.float32(2.5), np.float32(1.75))
    """

    _kernel = apply_momentum
    _slot_fills = {"momentum": 0.0}

    def __init__(
        self, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, use_locking, name)
        self._momentum = momentum
        self._use_nesterov = bool(use_nesterov)

    def _settings(self) -> tuple[Any, ...]:
        return self._rate, self._setting(self._momentum, "momentum"), self._use_nesterov


class RMSPropOptimizer(KernelOptimizer):
    """RMSProp as TF1 has it. Its slots are `rms`, which starts at one, `momentum`, and `mg` if it is centered.

    `rms = decay * rms + (1 - decay) * gradient ** 2`,
    `momentum_t = momentum * momentum_t + learning_rate * gradient / sqrt(rms + epsilon)`, `variable -= momentum_t`:
    epsilon is under the root and the learning rate inside the momentum; in torch neither is.

    Args:
        learning_rate, decay, momentum, epsilon: numbers, scalar tensors, or functions that return one.
        use_locking: makes no difference, as everywhere.
        centered: whether the square of the mean gradient, `mg`, is taken from `rms` under the root.
        name: the scope of the updates, and of the slots: `<variable>/RMSProp`, `<variable>/RMSProp_1`.

    >>> import graphgrad as gg
    >>> w = gg.Variable(3.0)
    >>> step = gg.train.RMSPropOptimizer(0.5, decay=0.0).minimize(w * w)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w)
    np.float32(2.5)
    """

    def __init__(
        self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10,
        use_locking: bool = False, centered: bool = False, name: str = "RMSProp",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, use_locking, name)
        self._decay, self._momentum, self._epsilon = decay, momentum, epsilon
        self._kernel = apply_centered_rmsprop if centered else apply_rmsprop
        self._slot_fills = {"rms": 1.0, **({"mg": 0.0} if centered else {}), "momentum": 0.0}

    def _settings(self) -> tuple[Any, ...]:
        names = ("decay", "momentum", "epsilon")
        values = (self._decay, self._momentum, self._epsilon)
        return (self._rate, *map(self._setting, values, names))


class AdagradOptimizer(KernelOptimizer):
    """`accumulator += gradient ** 2; variable -= learning_rate * gradient / sqrt(accumulator)`.

    Args:
        learning_rate: a number, a scalar tensor, or a function that returns one.
        initial_accumulator_value: what the slot `accumulator` starts at; above zero.
        use_locking: makes no difference, as everywhere.
        name: the scope of the updates, and of the slots: `<variable>/Adagrad`.

    Raises:
        ValueError: if `initial_accumulator_value` is not above zero.

    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods", 2011.

    >>> import graphgrad as gg
    >>> w = gg.Variable(3.0)
    >>> step = gg.train.AdagradOptimizer(0.5, initial_accumulator_value=64.0).minimize(w * w)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w).round(4)
    np.float32(2.7)
    """

    _kernel = apply_adagrad

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:  # fmt: skip
        if initial_accumulator_value <= 0:
            raise ValueError(f"initial_accumulator_value must be positive, got {initial_accumulator_value}")
        super().__init__(learning_rate, use_locking, name)
        self._slot_fills = {"accumulator": float(initial_accumulator_value)}


class AdadeltaOptimizer(KernelOptimizer):
    """Adadelta. Its slots are `accum` (of squared gradients) and `accum_update` (of squared moves).

    Args:
        learning_rate, rho, epsilon: numbers, scalar tensors, or functions that return one. The paper has a rate of 1.
        use_locking: makes no difference, as everywhere.
        name: the scope of the updates, and of the slots: `<variable>/Adadelta`, `<variable>/Adadelta_1`.

    Source: Zeiler, "Adadelta: an adaptive learning rate method", 2012.

    >>> import graphgrad as gg
    >>> w = gg.Variable(3.0)
    >>> step = gg.train.AdadeltaOptimizer(1.0, rho=0.75, epsilon=1.0).minimize(w * w)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w).round(4)  # 3 - 6 * sqrt((0 + 1) / (9 + 1))
    np.float32(1.1026)
    """

    _kernel = apply_adadelta
    _slot_fills = {"accum": 0.0, "accum_update": 0.0}

    def __init__(
        self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-8, use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, use_locking, name)
        self._rho, self._epsilon = rho, epsilon

    def _settings(self) -> tuple[Any, ...]:
        return self._rate, self._setting(self._rho, "rho"), self._setting(self._epsilon, "epsilon")


class FtrlOptimizer(KernelOptimizer):
    """FTRL-Proximal, which makes variables exactly zero. Its slots are `accum` and `linear`.

    Args:
        learning_rate: a number, a scalar tensor, or a function that returns one.
        learning_rate_power: how the rate falls with the sum of squared gradients; zero or below.
        initial_accumulator_value: what `accum` starts at.
        l1_regularization_strength, l2_regularization_strength: the strengths of the two penalties.
        use_locking: makes no difference, as everywhere.
        name: the scope of the updates, and of the slots: `<variable>/Ftrl`, `<variable>/Ftrl_1`.
        accum_name, linear_name: the last part of the slots' names, `name` if None.
        l2_shrinkage_regularization_strength: of a penalty on the magnitude, in the gradient.
        beta: a parameter of the paper, which adds `beta / (2 * learning_rate)` to the second penalty.

    Raises:
        ValueError: for a strength below zero, or a power above it.

    Source: McMahan et al., "Ad click prediction: a view from the trenches", 2013.

    >>> import graphgrad as gg
    >>> w = gg.Variable([1.0, 0.01])
    >>> step = gg.train.FtrlOptimizer(0.5, l1_regularization_strength=0.05).minimize(gg.reduce_sum(w * w))
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w).round(4)
    array([0.3376, 0.    ], dtype=float32)
    """

    _kernel = apply_ftrl

    def __init__(
        self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, use_locking: bool = False,
        name: str = "Ftrl", accum_name: str | None = None, linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, use_locking, name)
        if learning_rate_power > 0:
            raise ValueError(f"learning_rate_power must be zero or negative, got {learning_rate_power}")
        strengths = (l1_regularization_strength, l2_regularization_strength, l2_shrinkage_regularization_strength)
        if min(initial_accumulator_value, *strengths) < 0:
            raise ValueError("the initial accumulator and the strengths of regularization must not be negative")
        self._power, self._strengths, self._beta = float(learning_rate_power), strengths, float(beta or 0.0)
        self._slot_fills = {"accum": float(initial_accumulator_value), "linear": 0.0}
        self._slot_suffixes = {"accum": accum_name, "linear": linear_name}

    def _settings(self) -> tuple[Any, ...]:
        return self._rate, self._power, *map(float, self._strengths), self._beta
