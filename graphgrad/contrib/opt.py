"""`gg.contrib.opt`: optimizers that live outside the graph: scipy's L-BFGS-B and its kin on the graph's variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..autodiff.gradients import gradients
from ..graph.operation import handle_of
from ..graph.sessions import require_session
from ..ground.optional import optional
from ..ops.sources import placeholder
from ..ops.variables import trainable_variables
from ..platform import logging
from ..record.tensor import Tensor
from ..record.variable import Variable

Array = np.ndarray[Any, Any]


class ExternalOptimizerInterface:
    """A minimisation of a loss over variables by a program outside the graph; a subclass calls the program.

    While it runs, the variables are fed; only at the end the session's variables are set.

    Args:
        loss: a scalar tensor.
        var_list: the variables; the trainable ones if None.
        equalities: scalar tensors that shall become 0.
        inequalities: scalar tensors that shall not be negative.
        var_to_bounds: variable -> (lowest, highest): numbers, arrays of its shape, or None.
        **optimizer_kwargs: arguments of the program.

    Raises:
        ValueError: if the loss depends on none of the variables.
    """

    def __init__(
        self, loss: Tensor, var_list: Sequence[Variable] | None = None, equalities: Sequence[Tensor] | None = None,
        inequalities: Sequence[Tensor] | None = None, var_to_bounds: Mapping[Variable, Any] | None = None,
        **optimizer_kwargs: Any,
    ) -> None:  # fmt: skip
        self._vars = list(trainable_variables() if var_list is None else var_list)
        if not self._vars:
            raise ValueError("no variables to optimize: the graph has no trainable ones, and var_list is empty")
        self._shapes = [tuple(int(size) for size in each.shape) for each in self._vars]
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])
        self._slices = [slice(end - int(np.prod(s)), end) for end, s in zip(ends, self._shapes, strict=True)]
        self._bounds = None if var_to_bounds is None else self._pack_bounds(var_to_bounds)
        self._loss = (loss, self._gradient(loss))
        self._equalities = [(each, self._gradient(each)) for each in equalities or []]
        self._inequalities = [(each, self._gradient(each)) for each in inequalities or []]
        self.optimizer_kwargs = optimizer_kwargs
        self._placeholders = [placeholder(each.dtype, list(each.shape)) for each in self._vars]
        self._updates = [v.assign(fed).op for v, fed in zip(self._vars, self._placeholders, strict=True)]

    def minimize(
        self, session: Any = None, feed_dict: dict[Any, Any] | None = None, fetches: Sequence[Any] | None = None,
        step_callback: Callable[..., Any] | None = None, loss_callback: Callable[..., Any] | None = None,
        **run_kwargs: Any,
    ) -> None:  # fmt: skip
        """Minimise, and set the variables of the session.

        Args:
            session: the session; the default one if None.
            feed_dict: what every run is fed.
            fetches: tensors that are computed with the loss, for `loss_callback`.
            step_callback: called after each step of the program with the packed variables.
            loss_callback: called after each evaluation of the loss with the values of `fetches`.
            **run_kwargs: arguments of the run that sets the variables.
        """
        found = require_session(session, "minimize a loss")
        feeds, more = feed_dict or {}, list(fetches or [])
        start = np.concatenate([np.reshape(value, -1) for value in found.run(self._vars)])
        best = self._minimize(
            initial_val=start,
            loss_grad_func=self._evaluation(self._loss, found, feeds, more, loss_callback),
            equality_funcs=[self._evaluation(pair[:1], found, feeds) for pair in self._equalities],
            equality_grad_funcs=[self._evaluation(pair[1:], found, feeds) for pair in self._equalities],
            inequality_funcs=[self._evaluation(pair[:1], found, feeds) for pair in self._inequalities],
            inequality_grad_funcs=[self._evaluation(pair[1:], found, feeds) for pair in self._inequalities],
            packed_bounds=self._bounds,
            step_callback=step_callback,
            optimizer_kwargs=self.optimizer_kwargs,
        )
        found.run(self._updates, dict(zip(self._placeholders, self._unpack(best), strict=True)), **run_kwargs)

    def _minimize(self, **arguments: Any) -> Array:
        """The best packed variables; a subclass has its program find them."""
        raise NotImplementedError("a subclass of ExternalOptimizerInterface says how it minimises")

    def _gradient(self, scalar: Tensor) -> Any:
        """The gradient with respect to all variables, packed; zeros where there is none."""
        found = gradients(scalar, self._vars)
        if all(each is None for each in found):
            gradients(scalar, self._vars, unconnected_gradients="raise")
        parts = [
            torch.zeros(shape) if each is None else each.reshape(-1)
            for each, shape in zip(found, [int(np.prod(shape)) for shape in self._shapes], strict=True)
        ]
        return torch.cat(parts)

    def _unpack(self, packed: Array) -> list[Array]:
        return [packed[part].reshape(shape) for part, shape in zip(self._slices, self._shapes, strict=True)]

    def _pack_bounds(self, bounds: Mapping[Variable, Any]) -> list[tuple[Any, Any]]:
        packed = [(-np.inf, np.inf)] * self._slices[-1].stop
        for variable, (low, high) in bounds.items():
            place = next((n for n, each in enumerate(self._vars) if each is variable), None)
            if place is None:
                raise ValueError(f"var_to_bounds has {variable.name}, which is not among the variables")
            shape = self._shapes[place]
            lowest = np.broadcast_to(-np.inf if low is None else low, shape).reshape(-1)
            highest = np.broadcast_to(np.inf if high is None else high, shape).reshape(-1)
            packed[self._slices[place]] = list(zip(lowest, highest, strict=True))
        return packed

    def _evaluation(
        self, tensors: Sequence[Any], session: Any, feeds: dict[Any, Any], more: Sequence[Any] = (),
        callback: Callable[..., Any] | None = None,
    ) -> Callable[[Array], Any]:  # fmt: skip
        """A function of the packed variables that runs the tensors."""
        wanted = [*tensors, *more]

        def evaluate(packed: Array) -> Any:
            values = dict(feeds)
            for variable, value in zip(self._vars, self._unpack(packed), strict=True):
                for read in variable.state.reads:  # those that waited for something, too
                    values[handle_of(read)] = value
            found = session.run(wanted, values)
            if callback is not None:
                callback(*found[len(tensors) :])
            return found[: len(tensors)] if len(tensors) > 1 else found[0]

        return evaluate


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """A minimisation by `scipy.optimize.minimize`, L-BFGS-B unless `method` says otherwise.

    Arguments are those of `ExternalOptimizerInterface`; `method`, `options`, `tol` and the like go to scipy.

    >>> import graphgrad as gg
    >>> v = gg.Variable([7.0, 7.0])
    >>> optimizer = gg.contrib.opt.ScipyOptimizerInterface(gg.reduce_sum((v - [1.0, 2.0]) ** 2))
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     optimizer.minimize(sess)
    ...     sess.run(v).round(3)
    array([1., 2.], dtype=float32)
    """

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(self, **arguments: Any) -> Array:
        scipy = optional("scipy.optimize", "scipy")
        given = dict(arguments["optimizer_kwargs"])
        if "bounds" in given:
            raise ValueError("bounds are set by var_to_bounds")
        taken = {"jac", "callback", "constraints"} & given.keys()
        if taken:
            raise ValueError(f"{', '.join(sorted(taken))}: set by the interface, not by the caller")
        method = given.pop("method", self._DEFAULT_METHOD)
        constraints = [
            {"type": kind, "fun": function, "jac": _doubles(slope)}
            for kind, name in (("eq", "equality"), ("ineq", "inequality"))
            for function, slope in zip(arguments[f"{name}_funcs"], arguments[f"{name}_grad_funcs"], strict=True)
        ]
        evaluate = arguments["loss_grad_func"]

        def loss_and_gradient(packed: Array) -> tuple[float, Array]:
            loss, gradient = evaluate(packed)
            return float(loss), gradient.astype(np.float64)

        result = scipy.minimize(
            loss_and_gradient, arguments["initial_val"].astype(np.float64), method=method, jac=True,
            callback=arguments["step_callback"], constraints=constraints, bounds=arguments["packed_bounds"], **given,
        )  # fmt: skip
        _report(result)
        found: Array = result.x
        return found


def _doubles(slope: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda packed: slope(packed).astype(np.float64)


def _report(result: Any) -> None:
    """Say how it ended, as TF1 does."""
    lines = ["Optimization terminated with:", f"  Message: {result.message}"]
    for name, text in (("fun", "Objective function value"), ("nit", "Number of iterations"),
                       ("nfev", "Number of functions evaluations")):  # fmt: skip
        if hasattr(result, name):
            lines.append(f"  {text}: {getattr(result, name)}")
    logging.info("\n".join(lines))
