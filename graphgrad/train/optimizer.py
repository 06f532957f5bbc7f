"""What all optimizers share: gradients in, an operation that updates variables out, with TF1's interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..autodiff.explain import explain
from ..autodiff.gradients import gradients
from ..graph.body import home
from ..graph.graph import Graph
from ..ground.errors import message
from ..ground.spec import format_shape
from ..ops.sources import constant, group, tuple_
from ..ops.variables import extras, new_variable, trainable_variables
from ..record.tensor import Tensor
from ..record.variable import State, Variable, may_equal
from .slots import create_filled_slot, create_slot, variable_of

Pair = tuple[Any, Variable]


class Optimizer:
    """What all optimizers share.

    A subclass overrides `_apply_dense(gradient, variable)`, which returns the operation that updates one variable,
    and where it needs them `_create_slots(variables)`, `_prepare()` and `_finish(updates, name)`, as in TF1.

    Args:
        use_locking: makes no difference: the updates of two runs of a session never interleave.
        name: the scope of the updates, and the last part of the slots' names.

    >>> import graphgrad as gg
    >>> class Signs(gg.train.Optimizer):
    ...     def _apply_dense(self, gradient, variable):
    ...         return variable.assign_sub(0.5 * gg.sign(gradient))
    >>> w = gg.Variable(3.0)
    >>> step = Signs(False, "Signs").minimize(w * w)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w)
    np.float32(2.5)
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name or not isinstance(name, str):
            raise ValueError(f"an optimizer needs a name, got {name!r}")
        self._use_locking = bool(use_locking)
        self._name = name
        self._slots: dict[str, dict[State, Variable]] = {}
        self._others: dict[tuple[str, Graph], Variable] = {}

    def get_name(self) -> str:
        """The optimizer's name."""
        return self._name

    # -- the step -------------------------------------------------------------------------------------

    def minimize(
        self, loss: Any, global_step: Variable | None = None, var_list: Sequence[Any] | None = None,
        gate_gradients: int = GATE_OP, aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False, name: str | None = None, grad_loss: Any = None,
        stop_gradients: Any = None,
    ) -> Any:  # fmt: skip
        """An operation that takes one step: gradients of the loss, then updates.

        Args:
            loss: a floating tensor; its elements are summed.
            global_step: a variable that counts the steps, after the updates.
            var_list: the variables to update; the graph's trainable ones if None. Parameters are fine.
            gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss, stop_gradients: as in
                `compute_gradients`.
            name: the operation's name.

        Raises:
            ValueError: if no variable is connected to the loss; the message explains each.
        """
        pairs = self.compute_gradients(
            loss, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss, stop_gradients
        )
        return self._apply(pairs, global_step, name, loss)

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None = None, gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None, colocate_gradients_with_ops: bool = False, grad_loss: Any = None,
        stop_gradients: Any = None,
    ) -> list[Pair]:  # fmt: skip
        """Pairs of gradient, or None, and variable.

        Args:
            loss: a floating tensor; its elements are summed.
            var_list: the variables; the graph's trainable ones if None. Parameters are fine.
            gate_gradients: with GATE_GRAPH no gradient is available before all are. GATE_NONE and GATE_OP are one:
                a run reads the variables before it changes any, so that there is no race to prevent.
            aggregation_method, colocate_gradients_with_ops, stop_gradients: as in `gg.gradients`.
            grad_loss: the gradient that the loss receives; ones if None.

        Raises:
            ValueError: if the loss is no floating tensor, or there are no variables.
            TypeError: if an item of var_list is neither a variable nor a parameter.
        """
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(f"gate_gradients is {gate_gradients!r}; use Optimizer.GATE_NONE, GATE_OP or GATE_GRAPH")
        if not isinstance(loss, Tensor) or not loss.dtype.is_floating_point:
            raise ValueError(f"the loss is {loss!r}, not a floating tensor of a graph")
        given = trainable_variables() if var_list is None else var_list
        variables = [variable_of(item, loss.graph) for item in given]
        if not variables:
            raise ValueError("no variables to optimize: the graph has no trainable ones, and var_list is empty")
        found = gradients(
            loss, variables, None if grad_loss is None else [grad_loss],
            colocate_gradients_with_ops=colocate_gradients_with_ops, aggregation_method=aggregation_method,
            stop_gradients=stop_gradients,
        )  # fmt: skip
        if gate_gradients == self.GATE_GRAPH and any(gradient is not None for gradient in found):
            found = tuple_(found)
        return list(zip(found, variables, strict=True))

    def apply_gradients(
        self, grads_and_vars: Sequence[Pair], global_step: Variable | None = None, name: str | None = None
    ) -> Any:
        """An operation that updates each variable by its gradient.

        Args:
            grads_and_vars: pairs of gradient and variable; those whose gradient is None are left out.
            global_step: a variable that counts the steps, after the updates.
            name: the operation's name.

        Raises:
            ValueError: if there is no gradient at all, or one does not fit its variable.
        """
        return self._apply(list(grads_and_vars), global_step, name, None)

    def _apply(self, given: list[Pair], global_step: Variable | None, name: str | None, loss: Any) -> Any:
        pairs = _checked(given, loss)
        owner = pairs[0][1].graph
        graph = home(owner)  # a body that is being recorded trains the variables of the graph around it
        with owner.as_default():
            self._create_slots([variable for _, variable in pairs])
        with graph.as_default():
            # The operation gets the name of the scope, so that scope may not be marked as used.
            unique = graph.unique_name(name or self._name, mark_as_used=False)
            with graph.name_scope(unique + "/"):
                self._prepare()
                updates = self._apply_all(pairs)
                updates = self._finish([*updates, *_constrained(pairs, updates)], unique)
            if global_step is not None:
                with graph.name_scope(unique + "/"), graph.control_dependencies(updates):
                    updates = [*updates, variable_of(global_step, graph).assign_add(1)]
            with graph.name_scope(None):
                return group(*updates, name=unique)

    # -- what subclasses say --------------------------------------------------------------------------

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        """Make the slots of these variables, unless they are there."""

    def _prepare(self) -> None:
        """Record what all updates share, such as the learning rate."""

    def _apply_all(self, pairs: Sequence[Pair]) -> list[Any]:
        """The operations that update these variables, one at a time unless a subclass does better."""
        return [self._apply_dense(gradient, variable) for gradient, variable in pairs]

    def _apply_dense(self, grad: Any, var: Variable) -> Any:
        """The operation that updates one variable."""
        raise NotImplementedError(f"{type(self).__name__} does not say how a variable is updated: _apply_dense")

    def _finish(self, update_ops: list[Any], name_scope: str) -> list[Any]:
        """The operations of a step, given those that update variables."""
        return update_ops

    # -- slots ----------------------------------------------------------------------------------------

    def get_slot(self, var: Any, name: str) -> Variable | None:
        """The slot of this name that belongs to a variable or parameter, or None.

        >>> import graphgrad as gg
        >>> w = gg.Variable([3.0], name="w")
        >>> optimizer = gg.train.MomentumOptimizer(0.1, 0.9)
        >>> step = optimizer.minimize(w * w)
        >>> optimizer.get_slot_names(), optimizer.get_slot(w, "momentum")
        (['momentum'], <Variable 'w/Momentum:0' float32[1]>)
        """
        slots = self._slots.get(name, {})
        if isinstance(var, Variable):
            return slots.get(var.state)
        return next((slot for state, slot in slots.items() if state.parameter is var), None)

    def get_slot_names(self) -> list[str]:
        """The names of the slots that have been made, sorted."""
        return sorted(self._slots)

    def variables(self) -> list[Variable]:
        """The variables that the optimizer has made: slots and others, by name."""
        found = [slot for slots in self._slots.values() for slot in slots.values()]
        return sorted([*found, *self._others.values()], key=lambda variable: variable.name)

    def _zeros_slot(self, var: Variable, slot_name: str, op_name: str) -> Variable:
        """The slot of a variable, made with zeros if it is not there."""
        return self._filled_slot(var, 0.0, slot_name, op_name)

    def _filled_slot(self, var: Variable, fill: float, slot_name: str, op_name: str) -> Variable:
        """The slot of a variable, made with one number everywhere if it is not there."""
        slots = self._slots.setdefault(slot_name, {})
        if var.state not in slots:
            slots[var.state] = create_filled_slot(var, fill, op_name)
        return slots[var.state]

    def _get_or_make_slot(self, var: Variable, val: Any, slot_name: str, op_name: str) -> Variable:
        """The slot of a variable, made with this value if it is not there."""
        slots = self._slots.setdefault(slot_name, {})
        if var.state not in slots:
            slots[var.state] = create_slot(var, val, op_name)
        return slots[var.state]

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Variable) -> Variable:
        """A variable that belongs to the optimizer and to no variable in particular; one per name and graph."""
        op = colocate_with.op
        key = (name, op.graph)
        if key not in self._others:
            with op.graph.device(op.device):
                self._others[key] = new_variable(initial_value, trainable=False, name=name)
        return self._others[key]

    def _get_non_slot_variable(self, name: str, graph: Graph) -> Variable | None:
        """The variable made by `_create_non_slot_variable`, or None."""
        return self._others.get((name, graph))

    def _setting(self, value: Any, what: str) -> Any:
        """A setting such as the learning rate: a float, or a symbolic scalar; a function is asked for it."""
        found = value() if callable(value) else value
        if not isinstance(found, Tensor):
            number = np.asarray(found.detach() if isinstance(found, torch.Tensor) else found)
            if number.size != 1 or number.dtype.kind not in "biuf":
                raise ValueError(f"{self._name}: {what} is {found!r}, not a number or a scalar tensor")
            return float(number.reshape(()))
        shape = found._value.spec.shape
        if not may_equal(shape, ()):
            raise ValueError(message(f"{self._name}: {what} has shape {format_shape(shape)}, not []", found.op))
        return found


def _checked(given: list[Pair], loss: Any) -> list[Pair]:
    """The pairs that have a gradient; each fits its variable."""
    if not given:
        raise ValueError("no variables provided: there are no pairs of gradient and variable")
    pairs = [pair for pair in given if pair[0] is not None]
    if not pairs:
        variables = [variable for _, variable in given]
        names = ", ".join(getattr(variable, "name", repr(variable)) for variable in variables)
        reasons = "" if loss is None else f"\n{explain(loss, variables)}"
        raise ValueError(f"no gradients provided for any variable ({names}){reasons}")
    first = next((pair[0] for pair in pairs if isinstance(pair[0], Tensor)), pairs[0][1])
    graph = getattr(first, "graph", None)
    found = [_fitting(gradient, variable_of(item, graph)) for gradient, item in pairs]
    counts = Counter(variable.state for _, variable in found)
    for state, count in counts.items():
        if count > 1:
            raise ValueError(f"the variable {state.name} is given {count} times: add its gradients up first")
    return found


def _constrained(pairs: Sequence[Pair], updates: list[Any]) -> list[Any]:
    """What sets the variables that have a constraint to what it makes of their new values."""
    bound = [(variable, extras(variable).constraint) for _, variable in pairs]
    with home(pairs[0][1].graph).control_dependencies(updates):
        return [variable.assign(constraint(variable)) for variable, constraint in bound if constraint is not None]


def _fitting(gradient: Any, variable: Variable) -> Pair:
    """The pair, the gradient as a tensor; `ValueError` if it does not fit."""
    if not isinstance(gradient, Tensor):
        with home(variable.graph).as_default():
            gradient = constant(gradient, variable.dtype)
    shape, wanted = gradient._value.spec.shape, variable.state.spec.shape
    if gradient.dtype is not variable.dtype or not may_equal(shape, wanted):
        what = f"the gradient {gradient.name} is {gradient._value.spec!r}, its variable {variable.name} is"
        raise ValueError(message(f"{what} {variable.state.spec!r}", gradient.op))
    return gradient, variable
