"""Optimizers with TF1's interface: gradients in, an operation that updates variables out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..autodiff.explain import explain
from ..autodiff.gradients import gradients
from ..ops.sources import group
from ..ops.variables import trainable_variables
from ..record.tensor import Tensor
from ..record.variable import Variable, captured


class Optimizer:
    """What all optimizers share; a subclass says how one variable is updated."""

    def __init__(self, name: str) -> None:
        self._name = name

    def minimize(
        self,
        loss: Any,
        global_step: Variable | None = None,
        var_list: Sequence[Any] | None = None,
        name: str | None = None,
    ) -> Any:
        """An operation that takes one step: gradients of the loss, then updates.

        Args:
            loss: a floating tensor; its elements are summed.
            global_step: a variable that counts the steps.
            var_list: the variables to update; the graph's trainable ones if None. Parameters are fine.
            name: the operation's name.

        Raises:
            ValueError: if no variable is connected to the loss; the message explains each.
        """
        return self.apply_gradients(self.compute_gradients(loss, var_list), global_step, name, loss=loss)

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None = None, **options: Any
    ) -> list[tuple[Any, Any]]:
        """Pairs of gradient, or None, and variable. `options` go to `gradients()`."""
        if not isinstance(loss, Tensor) or not loss.dtype.is_floating_point:
            raise ValueError(f"the loss is {loss!r}, not a floating tensor of a graph")
        variables = list(trainable_variables() if var_list is None else var_list)
        variables = [self._variable(loss, item) for item in variables]
        if not variables:
            raise ValueError("no variables to optimize: the graph has no trainable ones, and var_list is empty")
        return list(zip(gradients(loss, variables, **options), variables, strict=True))

    def _variable(self, loss: Tensor, item: Any) -> Variable:
        if isinstance(item, Variable):
            return item
        if isinstance(item, torch.nn.Parameter):
            return captured(loss.graph, item).variable
        raise TypeError(f"{item!r} is neither a variable nor a parameter")

    def apply_gradients(
        self, grads_and_vars: Sequence[tuple[Any, Any]], global_step: Variable | None = None, name: str | None = None,
        *, loss: Any = None,
    ) -> Any:  # fmt: skip
        """An operation that updates each variable by its gradient; pairs without a gradient are left out."""
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("no variables provided")
        present = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        if not present:
            variables = [variable for _, variable in pairs]
            names = ", ".join(variable.name for variable in variables)
            reasons = "" if loss is None else f"\n{explain(loss, variables)}"
            raise ValueError(f"no gradients provided for any variable ({names}){reasons}")
        graph = present[0][1].graph
        with graph.name_scope(name or self._name) as scope:
            updates = [self._update(gradient, variable) for gradient, variable in present]
            finished = updates if global_step is None else [*updates, _next(global_step, updates)]
        return group(*finished, name=scope.rstrip("/") + "/update" if graph.context.scope == "" else "update")

    def _update(self, gradient: Any, variable: Variable) -> Any:
        raise NotImplementedError


def _next(global_step: Variable, updates: list[Any]) -> Any:
    with global_step.graph.control_dependencies(updates):
        return global_step.assign_add(1)


class GradientDescentOptimizer(Optimizer):
    """`variable -= learning_rate * gradient`.

    Args:
        learning_rate: a number, or a scalar tensor.
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
        super().__init__(name)
        self._learning_rate = learning_rate

    def _update(self, gradient: Any, variable: Variable) -> Any:
        rate = self._learning_rate
        if isinstance(rate, Tensor):
            return variable.assign_sub(rate.to(variable.dtype) * gradient)
        return variable.assign_sub(gradient, alpha=float(rate))
