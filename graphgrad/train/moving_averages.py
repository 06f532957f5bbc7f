"""Averages of variables that forget exponentially."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..graph.graph import get_default_graph
from ..ops.keys import GraphKeys
from ..ops.math import cast
from ..ops.sources import group
from ..ops.variables import global_variables, trainable_variables
from ..record.tensor import Tensor
from ..record.variable import Variable
from .slots import create_filled_slot, create_slot, first_value, variable_of


class ExponentialMovingAverage:
    """Keeps for each variable a shadow: `shadow -= (1 - decay) * (shadow - variable)`.

    Args:
        decay: a number just below one, or a scalar tensor.
        num_updates: the number of updates so far, such as the global step; then the decay is at most
            `(1 + num_updates) / (10 + num_updates)`, so that early averages follow more quickly.
        zero_debias: whether averages of tensors, which start at zero, are divided by what that makes them lack.
        name: the last part of the shadows' names, and the scope of the updates.

    >>> import graphgrad as gg
    >>> w = gg.Variable(4.0, name="w")
    >>> averages = gg.train.ExponentialMovingAverage(0.75)
    >>> with gg.control_dependencies([w.assign(8.0)]):
    ...     update = averages.apply([w])
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(update)
    ...     averages.average_name(w), sess.run(averages.average(w))
    ('w/ExponentialMovingAverage', np.float32(5.0))
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = bool(zero_debias)
        self._name = name
        self._averages: dict[Any, Variable] = {}

    @property
    def name(self) -> str:
        """The last part of the shadows' names."""
        return self._name

    def apply(self, var_list: Sequence[Any] | None = None) -> Any:
        """An operation that updates the averages; shadows that are not there are made.

        Args:
            var_list: floating variables, parameters, or tensors; the trainable variables if None. The shadow of a
                variable starts at its initial value, that of a tensor at zero.

        Raises:
            TypeError: for what is not real and floating.
        """
        graph = get_default_graph()
        given = trainable_variables() if var_list is None else var_list
        items = [item if isinstance(item, Tensor) else variable_of(item, graph) for item in given]
        for item in items:
            if not item.dtype.is_floating_point:
                raise TypeError(f"{item.name} is {item.dtype}, and an average is of real floating numbers")
            if _key(item) not in self._averages:
                self._averages[_key(item)] = self._shadow(item)
        graph = items[0].graph if items else graph
        unique = graph.unique_name(self._name, mark_as_used=False)
        with graph.as_default(), graph.name_scope(unique + "/"):
            kept = self._kept()
            updates = [self._update(item, kept) for item in items]
        with graph.as_default(), graph.name_scope(None):
            return group(*updates, name=unique)

    def _shadow(self, item: Tensor) -> Variable:
        if isinstance(item, Variable):
            item.graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, item)
            return create_slot(item, first_value(item), self._name)
        return create_filled_slot(item, 0.0, self._name)

    def _kept(self) -> Any:
        """The share of the old average that is kept."""
        if self._num_updates is None:
            return self._decay
        count = self._num_updates
        if not isinstance(count, torch.Tensor):
            return min(self._decay, (1.0 + count) / (10.0 + count))
        count = cast(count, torch.float32)
        warm = (1 + count) / (10 + count)
        return torch.minimum(warm, self._decay) if isinstance(self._decay, Tensor) else warm.clamp(max=self._decay)

    def _update(self, item: Tensor, kept: Any) -> Any:
        average = self._averages[_key(item)]
        lost = 1 - kept
        share = cast(lost, average.dtype) if isinstance(lost, Tensor) else lost
        if not (self._zero_debias and not isinstance(item, Variable)):
            return average.assign_sub((average - item) * share)
        return _debiased(average, item, share)

    def average(self, var: Any) -> Variable | None:
        """The shadow of a variable or tensor, or None."""
        return self._averages.get(_key(_as_tensor(var)))

    def average_name(self, var: Any) -> str:
        """The name of a variable's shadow, whether or not there is one: for a `Saver`'s map of names."""
        found = self.average(var)
        if found is not None:
            return found.state.name
        tensor = _as_tensor(var)
        owner = tensor.state.name if isinstance(tensor, Variable) else tensor.op.name
        return f"{owner}/{self._name}"

    def variables_to_restore(self, moving_avg_variables: Sequence[Any] | None = None) -> dict[str, Variable]:
        """Names to variables, for a `Saver` that puts averages where variables were: for evaluation.

        Args:
            moving_avg_variables: those whose average is restored; the trainable ones and those with a shadow if
                None. All others are restored under their own names.
        """
        if moving_avg_variables is None:
            graph = get_default_graph()
            moving_avg_variables = [*trainable_variables(), *graph.get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES)]
        averaged = {_as_tensor(variable).state: _as_tensor(variable) for variable in moving_avg_variables}
        found = {self.average_name(variable): variable for variable in averaged.values()}
        for variable in global_variables():
            if variable.state not in averaged:
                found.setdefault(variable.state.name, variable)
        return found


def _as_tensor(item: Any) -> Any:
    return item if isinstance(item, Tensor) else variable_of(item, get_default_graph())


def _key(item: Any) -> Any:
    return item.state if isinstance(item, Variable) else item._value


def _debiased(average: Variable, value: Tensor, share: Any) -> Any:
    """The average's true size: a biased one is kept beside it, and how often it has been updated."""
    biased = create_filled_slot(average, 0.0, "biased")
    count = create_slot(average, np.zeros((), np.float32), "local_step", average.dtype)
    moved = biased.assign_sub((biased - value) * share)
    steps = count.assign_add(1.0)
    return average.assign(moved / (1 - (1 - share) ** steps))
