"""Products of the Jacobian and the Hessian, and these matrices themselves: many sweeps as one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from ..graph.graph import get_default_graph
from ..graph.operation import Value, handle_of
from ..ground.errors import ArgumentTypeError, message
from ..ground.spec import format_shape
from ..record.record import record, symbolic
from ..record.variable import may_equal
from . import arguments
from .arguments import Question, UnconnectedGradients
from .gradients import Switches, differentiated, gradients, refuse_eager


def jacobian(
    y: Any, x: Any, stop_gradients: Any = None, unconnected_gradients: str | UnconnectedGradients = "none",
    name: str | None = "jacobian",
) -> Any:  # fmt: skip
    """The derivative of every element of `y` with respect to every element of `x`.

    One vectorised sweep computes all rows: `torch.autograd.grad` with a stack of seeds. Where an operation on the
    way can't be vectorised, a loop over the rows within the run does.

    Args:
        y: a tensor of any shape, floating.
        x: a tensor, variable or parameter, or a list or tuple of them.
        stop_gradients: tensors that count as constants, as in `gg.gradients`.
        unconnected_gradients: 'none', 'zero' or 'raise', as in `gg.gradients`.
        name: the scope of the operations that are added.

    Returns:
        A tensor of shape `y.shape + x.shape` and of x's dtype, or None where x does not reach y; a list or tuple of
        them if x is one.

    Raises:
        TypeError: for a complex y or x, and for a y that is no tensor.
        ValueError: for a y or x of unknown rank.
        LookupError: if an operation on the path has no derivative.
        RuntimeError: in eager mode, or if the graph is finalized.

    Source: `jacobian` of TensorFlow's `tf.GradientTape`, on graphs.

    >>> import graphgrad as gg
    >>> x = gg.constant([1.0, 2.0])
    >>> with gg.Session() as sess:
    ...     sess.run(gg.jacobian(gg.stack([x[0] * x[1], x[1] ** 2, x[0]]), x))
    array([[2., 1.],
           [0., 4.],
           [1., 0.]], dtype=float32)
    """
    asked, option = _asked("jacobian", y, x, stop_gradients, unconnected_gradients)

    def units(y: Any) -> Any:
        count = y.numel()
        return torch.reshape(record(torch.eye, (count,), {"dtype": y.dtype}), (count, *y.shape))

    def shaped(rows: Any, y: Any, x: Any) -> Any:
        return torch.reshape(rows, (*y.shape, *x.shape))

    return _like(x, _rows(asked, option, name, units, shaped))


def batch_jacobian(
    y: Any, x: Any, stop_gradients: Any = None, unconnected_gradients: str | UnconnectedGradients = "none",
    name: str | None = "batch_jacobian",
) -> Any:  # fmt: skip
    """The Jacobian of each example: of `y[b]` with respect to `x[b]`, for all b at once.

    It takes as many sweeps, done as one, as an example of y has elements. Examples must not mix: what `y[b]` owes to
    another example's x is added up unseen.

    Args:
        y: a tensor of shape `[b, ...]`, floating.
        x: a tensor, variable or parameter of shape `[b, ...]`, or a list or tuple of them.
        stop_gradients, unconnected_gradients, name: as of `gg.jacobian`.

    Returns:
        A tensor whose axes are the examples, then those of `y[b]`, then those of `x[b]`; None where x does not reach
        y. A list or tuple of them if x is one.

    Raises:
        ValueError: for a scalar, a y or x of unknown rank, or numbers of examples that are known and differ.
        TypeError, LookupError, RuntimeError: as of `gg.jacobian`.

    Source: `batch_jacobian` of TensorFlow's `tf.GradientTape`, on graphs.

    >>> import graphgrad as gg
    >>> x = gg.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> with gg.Session() as sess:
    ...     sess.run(gg.batch_jacobian(x**2, x))
    array([[[2., 0.],
            [0., 4.]],
    <BLANKLINE>
           [[6., 0.],
            [0., 8.]]], dtype=float32)
    """
    asked, option = _asked("batch_jacobian", y, x, stop_gradients, unconnected_gradients)
    for group in asked.groups:
        _check_examples(asked.ys[0], group[0])

    def units(y: Any) -> Any:
        count = math.prod(y.shape[1:])
        eye = record(torch.eye, (count,), {"dtype": y.dtype})
        return torch.reshape(eye, (count, 1, *y.shape[1:])).expand(count, *y.shape)

    def shaped(rows: Any, y: Any, x: Any) -> Any:
        return torch.reshape(torch.movedim(rows, 0, 1), (*y.shape, *x.shape[1:]))

    return _like(x, _rows(asked, option, name, units, shaped))


def hessians(
    ys: Any, xs: Any, name: str | None = "hessians", colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False, aggregation_method: int | None = None,
) -> list[Any]:  # fmt: skip
    """The second derivatives of the sum of `ys` with respect to each x, without those that mix two xs.

    Args:
        ys: a tensor or a list of tensors, floating.
        xs: a tensor, variable or parameter, or a list of them, of any shape.
        name: the scope of the operations that are added.
        colocate_gradients_with_ops, gate_gradients, aggregation_method: of the first derivatives, as in `gg.gradients`.

    Returns:
        A list with one tensor of shape `x.shape + x.shape` per x; zeros where ys are linear in x or don't depend on it.

    Raises:
        TypeError, LookupError, RuntimeError: as of `gg.jacobian`.

    Source: the signature of `tf.hessians` in TensorFlow 1, which refuses linear ys.

    >>> import graphgrad as gg
    >>> x = gg.constant([1.0, 2.0])
    >>> with gg.Session() as sess:
    ...     sess.run(gg.hessians(x[0] ** 2 * x[1], x))
    [array([[4., 2.],
           [2., 0.]], dtype=float32)]
    """
    refuse_eager("hessians")
    scope = "hessians" if name is None else name
    first = gradients(
        ys, xs, None, scope, colocate_gradients_with_ops, gate_gradients, aggregation_method,
        unconnected_gradients="zero",
    )  # fmt: skip
    return [jacobian(slope, x, None, "zero", scope) for slope, x in zip(first, arguments.sequence(xs), strict=True)]


def hessian_vector_product(
    ys: Any, xs: Any, vs: Any, stop_gradients: Any = None, name: str | None = "hessian_vector_product"
) -> list[Any]:
    """The second derivative of the sum of `ys`, times a vector: without the matrix, for the cost of a few sweeps.

    Args:
        ys: a tensor or a list of tensors, floating.
        xs: a tensor, variable or parameter, or a list of them.
        vs: a tensor, array or number per x, of its shape; they count as constants.
        stop_gradients: tensors that count as constants, as in `gg.gradients`.
        name: the scope of the operations that are added.

    Returns:
        A list with one tensor per x, of its shape: the products of all second derivatives, mixed ones included, with
        vs; zeros where there are none.

    Raises:
        ValueError: for another number of vs than of xs, or a shape that can't be x's.
        TypeError, LookupError, RuntimeError: as of `gg.gradients`.

    Source: `_hessian_vector_product` of TensorFlow 1, with zeros in place of None.

    >>> import graphgrad as gg
    >>> x = gg.constant([1.0, 2.0])
    >>> with gg.Session() as sess:
    ...     sess.run(gg.hessian_vector_product(x[0] ** 2 * x[1], x, [[1.0, 0.0]]))
    [array([4., 2.], dtype=float32)]
    """
    refuse_eager("hessian_vector_product")
    given = _directions("vs", vs, xs, stop_gradients)
    first = gradients(ys, xs, None, name, stop_gradients=stop_gradients, unconnected_gradients="zero")
    return gradients(first, xs, given, name, stop_gradients=stop_gradients, unconnected_gradients="zero")


def jvp(ys: Any, xs: Any, tangents: Any, stop_gradients: Any = None, name: str | None = "jvp") -> list[Any]:
    """The derivative of each y in one direction: how it changes as the xs move along their tangents.

    Two reverse sweeps make it: the derivative of `gradients(ys, xs, u)` with respect to u, in which it is linear. So
    an operation on the way must have a second derivative.

    Args:
        ys: a tensor or a list of tensors, floating.
        xs: a tensor, variable or parameter, or a list of them.
        tangents: a tensor, array or number per x, of its shape; they count as constants.
        stop_gradients: tensors that count as constants, as in `gg.gradients`.
        name: the scope of the operations that are added.

    Returns:
        A list with one tensor per y, of its shape; zeros where no x reaches it.

    Raises:
        ValueError: for another number of tangents than of xs, or a shape that can't be x's.
        TypeError, LookupError, RuntimeError: as of `gg.gradients`.

    >>> import graphgrad as gg
    >>> x = gg.constant([1.0, 2.0])
    >>> with gg.Session() as sess:
    ...     sess.run(gg.jvp(x**3, x, [[1.0, 0.5]]))
    [array([3., 6.], dtype=float32)]
    """
    refuse_eager("jvp")
    given = _directions("tangents", tangents, xs, stop_gradients)
    ends = arguments.question(ys, xs, stop_gradients).y_items
    weights = [torch.zeros_like(y) for y in map(symbolic, ends)]
    slopes = gradients(ends, xs, weights, name, stop_gradients=stop_gradients)
    connected = [n for n, slope in enumerate(slopes) if slope is not None]
    if not connected:
        return weights
    starts = [slopes[n] for n in connected], [given[n] for n in connected]
    return gradients(starts[0], weights, starts[1], name, unconnected_gradients="zero")


def _directions(what: str, given: Any, xs: Any, stops: Any) -> list[Any]:
    """One direction per x, each checked against it."""
    asked = arguments.question([], xs, stops)
    found = arguments.sequence(given)
    if len(found) != len(asked.groups):
        raise ValueError(f"length mismatch: {len(found)} {what} for {len(asked.groups)} xs")
    arguments.checked_grads([group[0] for group in asked.groups], found, what)
    return found


def _asked(function: str, y: Any, x: Any, stops: Any, unconnected: Any) -> tuple[Question, UnconnectedGradients]:
    """The arguments of a Jacobian, checked."""
    refuse_eager(function)
    if isinstance(y, (list, tuple)):
        raise ArgumentTypeError(f"y is a {type(y).__name__}; {function}() takes one tensor: call it for each")
    option = arguments.unconnected(unconnected)
    asked = arguments.question(y, x, stops)
    for what, values in (("y", asked.ys), ("x", [group[0] for group in asked.groups])):
        for value in values:
            if value.spec.shape is None:
                raise ValueError(message(f"{what} is of unknown rank", value.op, "gg.ensure_shape or .set_shape"))
            if value.spec.dtype.is_complex:
                kind = f"{what} is complex ({value.spec!r}), and {function}() is of real tensors"
                raise ArgumentTypeError(message(kind, value.op, "torch.view_as_real, for real and imaginary parts"))
    return asked, option


def _check_examples(y: Value, x: Value) -> None:
    """`ValueError` unless both may have the same number of examples."""
    for what, value in (("y", y), ("x", x)):
        if value.spec.shape == ():
            raise ValueError(message(f"{what} is a scalar: batch_jacobian() needs examples along axis 0", value.op))
    if y.spec.shape and x.spec.shape and not may_equal(y.spec.shape[:1], x.spec.shape[:1]):
        shapes = f"y has shape {format_shape(y.spec.shape)}, x {format_shape(x.spec.shape)}"
        raise ValueError(message(f"{shapes}: their first sizes, the numbers of examples, differ", y.op))


def _rows(
    asked: Question, option: UnconnectedGradients, name: str | None,
    units: Callable[[Any], Any], shaped: Callable[[Any, Any, Any], Any],
) -> list[Any]:  # fmt: skip
    """One sweep with a stack of seeds; what it gives for each x, in shape."""
    graph = asked.graph or get_default_graph()
    with graph.as_default(), graph.name_scope(name):
        (y,), xs = map(symbolic, asked.y_items), list(map(symbolic, asked.x_items))
        seeds = units(y)._value
        strict = UnconnectedGradients.NONE if option is UnconnectedGradients.ZERO else option
        rows = differentiated(asked, [seeds], "gradients", strict, Switches(batched=True))
        if option is UnconnectedGradients.ZERO:
            rows = [_none_of(x, seeds) if row is None else row for row, x in zip(rows, xs, strict=True)]
        return [None if row is None else shaped(row, y, x) for row, x in zip(rows, xs, strict=True)]


def _none_of(x: Any, seeds: Value) -> Any:
    """As many zeros like x as there are seeds."""
    return record(torch.zeros, ((handle_of(seeds).shape[0], *x.shape),), {"dtype": x.dtype})


def _like(x: Any, found: list[Any]) -> Any:
    """The results as x was given: alone, in a list, or in a tuple."""
    if isinstance(x, (list, tuple)):
        return found if isinstance(x, list) else tuple(found)
    return found[0]
