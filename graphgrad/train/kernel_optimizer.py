"""An optimizer whose rule is one kernel over lists of tensors, recorded as one operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..ground.errors import message
from ..record.record import record
from ..record.variable import Variable
from .kernels import Kernel
from .optimizer import Optimizer, Pair


class KernelOptimizer(Optimizer):
    """An optimizer whose rule is a kernel: one operation updates all variables of a dtype and device.

    Attributes:
        _kernel: the rule; it changes the variables, then the slots, in the order of `_slot_fills`.
        _slot_fills: the slots of each variable, and the number that fills them at first.
        _slot_suffixes: the last parts of the slots' names, where they are not the optimizer's.
    """

    _kernel: Kernel
    _slot_fills: Mapping[str, float]
    _slot_suffixes: Mapping[str, str | None] = {}

    def __init__(self, learning_rate: Any, use_locking: bool, name: str) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            if not variable.dtype.is_floating_point:
                what = f"{self._name} updates real floating variables, and {variable.name} is {variable.dtype}"
                raise ValueError(message(what, variable.op))
            for slot, fill in self._slot_fills.items():
                self._filled_slot(variable, fill, slot, self._slot_suffixes.get(slot) or self._name)

    def _prepare(self) -> None:
        self._rate = self._setting(self._learning_rate, "the learning rate")

    def _settings(self) -> tuple[Any, ...]:
        """What the kernel reads after the gradients."""
        return (self._rate,)

    def _apply_all(self, pairs: Sequence[Pair]) -> list[Any]:
        alike: dict[Any, list[Pair]] = {}
        for gradient, variable in pairs:
            alike.setdefault((variable.dtype, variable.op.device), []).append((gradient, variable))
        return [update for (_, device), some in alike.items() for update in self._apply_alike(some, device)]

    def _apply_alike(self, pairs: Sequence[Pair], device: str) -> list[Any]:
        variables = [variable for _, variable in pairs]
        slots = [[self._slots[slot][variable.state] for variable in variables] for slot in self._slot_fills]
        return apply(self._kernel, [variables, *slots], [gradient for gradient, _ in pairs], self._settings(), device)


def apply(
    kernel: Kernel,
    changed: Sequence[Sequence[Variable]],
    gradients: Sequence[Any],
    settings: Sequence[Any],
    device: str,
) -> list[Any]:
    """Record a kernel and what it does: one operation computes all new values, then each is assigned.

    Args:
        kernel: the rule.
        changed: the variables that it changes, in the lists that it takes.
        gradients, settings: its further arguments.
        device: where it runs.

    Returns:
        The assigned values.
    """
    graph = changed[0][0].graph
    with graph.device(device):
        results = record(kernel, (*map(list, changed), list(gradients), *settings), {})
    updates = []
    for variables, values in zip(changed, results, strict=True):
        for variable, value in zip(variables, values, strict=True):
            updates.append(variable.assign(value, name=f"update_{variable.state.name}"))
    return updates
