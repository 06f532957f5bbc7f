"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..graph.operation import Operation
from ..record.record import record
from ..record.tensor import Tensor
from ..record.variable import Variable, as_operand
from .kernel_optimizer import KernelOptimizer
from .kernels import adam_rate, apply_adam
from .optimizer import Pair
from .slots import variable_of


class AdamOptimizer(KernelOptimizer):
    """Adam, with TF1's epsilon ("epsilon hat" of the paper). Its slots are `m` and `v`.

    `rate_t = learning_rate * sqrt(1 - beta2 ** t) / (1 - beta1 ** t); variable -= rate_t * m / (sqrt(v) + epsilon)`,
    where torch and the paper's algorithm add epsilon after the bias of `v` is corrected.

    Args:
        learning_rate, beta1, beta2, epsilon: numbers, scalar tensors, or functions that return one.
        use_locking: makes no difference, as everywhere.
        name: the scope of the updates, and of the slots: `<variable>/Adam`, `<variable>/Adam_1`.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, before section 2.1.

    >>> import graphgrad as gg
    >>> w = gg.Variable([3.0, -2.0], name="w")
    >>> optimizer = gg.train.AdamOptimizer(0.5)
    >>> step = optimizer.minimize(gg.reduce_sum(w * w))
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w).round(4)
    array([ 2.5, -1.5], dtype=float32)
    >>> [variable.name for variable in optimizer.variables()]
    ['beta1_power:0', 'beta2_power:0', 'w/Adam:0', 'w/Adam_1:0']
    """

    _kernel = apply_adam
    _slot_fills = {"m": 0.0, "v": 0.0}

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
        use_locking: bool = False, name: str = "Adam",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, use_locking, name)
        self._beta1, self._beta2, self._epsilon = beta1, beta2, epsilon

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        first = min(var_list, key=lambda variable: variable.name)
        for beta, name in ((self._beta1, "beta1_power"), (self._beta2, "beta2_power")):
            self._create_non_slot_variable(self._setting(beta, name.partition("_")[0]), name, first)
        super()._create_slots(var_list)

    def _powers(self, graph: Any) -> list[Variable]:
        return [self._others[(name, graph)] for name in ("beta1_power", "beta2_power")]

    def _apply_all(self, pairs: Sequence[Pair]) -> list[Any]:
        graph = pairs[0][1].graph
        self._betas = [_rounded(self._setting(beta, "beta")) for beta in (self._beta1, self._beta2)]
        self._small = self._setting(self._epsilon, "epsilon")
        with graph.device(self._powers(graph)[0].op.device):
            self._rate = record(adam_rate, (self._rate, *self._powers(graph)), {})
        return super()._apply_all(pairs)

    def _settings(self) -> tuple[Any, ...]:
        return (self._rate, *self._betas, self._small)

    def _finish(self, update_ops: list[Any], name_scope: str) -> list[Any]:
        powers = self._powers(update_ops[0].graph)
        grown = [_multiply(power, beta) for power, beta in zip(powers, self._betas, strict=True)]
        return [*update_ops, *grown]


def _rounded(beta: Any) -> Any:
    """A beta as TF1 has it, in float32 like its powers, so that both err alike and the error cancels out."""
    return beta if isinstance(beta, Tensor) else float(np.float32(beta))


def _multiply(power: Variable, beta: Any) -> Operation:
    """An operation that multiplies a variable by a number; two of a run both count."""
    factor = beta.to(power.dtype) if isinstance(beta, Tensor) else beta
    return power.state.assign("AssignMul", "assign_mul", torch.mul, as_operand(power.state, factor))


class AdamWOptimizer(AdamOptimizer):
    """Adam with decoupled weight decay, as `tf.contrib.opt.AdamWOptimizer`.

    Before Adam's step each variable loses `weight_decay * variable`: unlike in torch's AdamW the learning rate is
    no factor of it, so that a schedule of one has to go to the other, too.

    Args:
        weight_decay: a number, a scalar tensor, or a function that returns one.
        learning_rate, beta1, beta2, epsilon, use_locking, name: as in `AdamOptimizer`.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.

    >>> import graphgrad as gg
    >>> w = gg.Variable(8.0)
    >>> step = gg.train.AdamWOptimizer(weight_decay=0.25, learning_rate=0.5).minimize(w * w)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w).round(4)
    np.float32(5.5)
    """

    def __init__(
        self, weight_decay: Any, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999,
        epsilon: Any = 1e-8, use_locking: bool = False, name: str = "AdamW",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)
        self._weight_decay = weight_decay
        self._decayed: set[Any] | None = None

    def minimize(self, loss: Any, *args: Any, decay_var_list: Sequence[Any] | None = None, **options: Any) -> Any:
        """As `Optimizer.minimize`; only the variables of `decay_var_list` decay, if it is given."""
        self._restrict(decay_var_list, getattr(loss, "graph", None))
        return super().minimize(loss, *args, **options)

    def apply_gradients(
        self, grads_and_vars: Sequence[Pair], global_step: Variable | None = None, name: str | None = None,
        decay_var_list: Sequence[Any] | None = None,
    ) -> Any:  # fmt: skip
        """As `Optimizer.apply_gradients`; only the variables of `decay_var_list` decay, if it is given."""
        pairs = list(grads_and_vars)
        self._restrict(decay_var_list, getattr(pairs[0][1], "graph", None) if pairs else None)
        return super().apply_gradients(pairs, global_step, name)

    def _restrict(self, decay_var_list: Sequence[Any] | None, graph: Any) -> None:
        self._decayed = None if decay_var_list is None else {variable_of(v, graph).state for v in decay_var_list}

    def _apply_alike(self, pairs: Sequence[Pair], device: str) -> list[Any]:
        decayed = self._decayed
        updates: list[Any] = []
        for decays in (True, False):
            some = [pair for pair in pairs if (decayed is None or pair[1].state in decayed) is decays]
            if some:
                self._share = self._setting(self._weight_decay, "weight_decay") if decays else 0.0
                updates += super()._apply_alike(some, device)
        return updates

    def _settings(self) -> tuple[Any, ...]:
        return (*super()._settings(), self._share)
