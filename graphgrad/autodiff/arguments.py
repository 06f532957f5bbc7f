"""The arguments of gradients(): each bad one gets its error here, before the graph changes."""

from __future__ import annotations

import enum
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..graph.body import BodyGraph, home
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Operation, Value, handle_of
from ..ground.errors import ArgumentTypeError, message
from ..ground.spec import format_shape
from ..record.constants import constant_value, from_numpy
from ..record.tensor import Tensor
from ..record.variable import Variable, captured, may_equal


class UnconnectedGradients(enum.Enum):
    """What gradients() returns for an x that no y depends on."""

    NONE = "none"
    ZERO = "zero"
    RAISE = "raise"


class AggregationMethod:
    """How the gradient's terms of a tensor that is read more than once are summed.

    DEFAULT and ADD_N leave it to torch's engine: one running sum, last reader first. EXPERIMENTAL_TREE
    sums in pairs, EXPERIMENTAL_ACCUMULATE_N in the order in which the readers were created.
    """

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


_AGGREGATIONS = {None: "default", 0: "default", 1: "tree", 2: "accumulate"}


def aggregation(method: Any) -> str:
    """The name of an aggregation method, or `ValueError`."""
    if method is not None and (isinstance(method, bool) or method not in (0, 1, 2)):
        raise ValueError(f"unknown aggregation_method {method!r}: use a constant of gg.AggregationMethod")
    return _AGGREGATIONS[method]


def unconnected(option: Any) -> UnconnectedGradients:
    """The UnconnectedGradients of an option or its name, or `ValueError`."""
    try:
        return UnconnectedGradients(option)
    except ValueError:
        raise ValueError(
            f"unknown value for unconnected_gradients: {option!r}; use 'none', 'zero' or 'raise'"
        ) from None


def sequence(items: Any) -> list[Any]:
    """A list or tuple is a sequence; anything else is one item."""
    return list(items) if isinstance(items, (list, tuple)) else [items]


def tensors(what: str, items: Any, known: Container[int] = ()) -> list[Any]:
    """The items as tensors, each checked.

    Args:
        what: the argument's name, for messages.
        items: what the user gave.
        known: ids of the torch tensors that are variables of the graph, a module's buffers among them.
    """
    found = sequence(items)
    for position, item in enumerate(found):
        place = f"{what}[{position}]" if isinstance(items, (list, tuple)) else what
        if item is None:
            if what == "stop_gradients":
                raise ArgumentTypeError(f"{place} is None; it takes tensors")
            raise ValueError(
                f"{place} is None: perhaps an earlier gradients() found it unconnected and returned None; "
                "gg.explain(ys, xs) says why"
            )
        if isinstance(item, (Tensor, torch.nn.Parameter)):
            continue
        if isinstance(item, torch.Tensor) and (id(item) in known or (item.requires_grad and item.is_leaf)):
            continue
        if isinstance(item, Operation):
            raise ArgumentTypeError(
                f"{place} is the operation {item.name}; give one of its outputs, as {item.name}.outputs[0]"
            )
        hint = ""
        if isinstance(item, (int, float, complex, np.ndarray, np.generic, torch.Tensor)):
            hint = ": it would be a fresh constant that nothing depends on; name the tensor of the graph instead"
        raise ArgumentTypeError(f"{place} is {_short(item)}, a {type(item).__name__}, not a tensor of a graph{hint}")
    return found


def _short(item: Any) -> str:
    text = repr(item).replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "..."


def common_graph(*groups: list[Any]) -> Graph | None:
    """The graph that all these tensors belong to; `ValueError` if there are two."""
    first: Tensor | None = None
    for group in groups:
        for item in group:
            if isinstance(item, Tensor):
                if first is None:
                    first = item
                elif home(item.graph) is not home(first.graph):
                    raise ValueError(f"{first.name} and {item.name} must be from the same graph")
    return None if first is None else home(first.graph)


def inside(graph: Graph, value: Value) -> Value:
    """What stands for a value in this graph, which may be a branch or body inside the value's own."""
    return graph.capture(value) if isinstance(graph, BodyGraph) else value


def sources(graph: Graph, item: Any) -> tuple[Value, ...]:
    """The values that an x or a stop stands for: all reads of a variable, else the value itself."""
    if isinstance(item, Tensor) and not isinstance(item, Variable):
        return (inside(graph, item._value),)
    state = item.state if isinstance(item, Variable) else captured(graph, item)
    return tuple([inside(graph, value) for value in state.reads])


def target(graph: Graph, item: Any) -> Value:
    """The value that a y stands for."""
    return inside(graph, item._value if isinstance(item, Tensor) else captured(graph, item).value)


@dataclass(frozen=True)
class Question:
    """What gradients(), explain() and the pictures are asked, taken apart.

    Attributes:
        graph: the graph, or None if no item says which.
        y_items, x_items, stop_items: the arguments as lists.
        ys: the value of each y.
        groups: per x the values that it stands for.
        stops: the values of all stops.
    """

    graph: Graph | None
    y_items: list[Any]
    x_items: list[Any]
    stop_items: list[Any]
    ys: list[Value]
    groups: list[tuple[Value, ...]]
    stops: frozenset[Value]


def question(ys: Any, xs: Any, stop_gradients: Any, more: Sequence[Any] = ()) -> Question:
    """Check ys, xs and stops, and that they, and `more`, belong to one graph."""
    given = [item for items in (ys, xs, stop_gradients) for item in sequence(items)]
    named = next((item.graph for item in given if isinstance(item, Tensor)), None)
    known = (named or get_default_graph()).parameters
    y_items, x_items = tensors("ys", ys, known), tensors("xs", xs, known)
    stop_items = [] if stop_gradients is None else tensors("stop_gradients", stop_gradients, known)
    graph = common_graph(y_items, x_items, stop_items, list(more))
    if graph is None:
        return Question(None, y_items, x_items, stop_items, [], [()] * len(x_items), frozenset())
    targets = [target(graph, y) for y in y_items]
    groups = [sources(graph, x) for x in x_items]
    stops = frozenset(value for stop in stop_items for value in sources(graph, stop))
    return Question(graph, y_items, x_items, stop_items, targets, groups, stops)


def checked_grads(
    ys: list[Value], grad_ys: Any, what: str = "grad_ys"
) -> list[Value | np.ndarray[Any, Any] | torch.Tensor | None]:
    """The start of each y's gradient, checked against it, before anything is added to the graph."""
    if grad_ys is None:
        given: list[Any] = [None] * len(ys)
    else:
        given = sequence(grad_ys)
        if len(given) != len(ys):
            raise ValueError(f"length mismatch: {len(given)} grad_ys for {len(ys)} ys; use None for the default")
    return [_checked(f"{what}[{n}]", y, grad) for n, (y, grad) in enumerate(zip(ys, given, strict=True))]


def _checked(place: str, y: Value, grad: Any) -> Value | np.ndarray[Any, Any] | torch.Tensor | None:
    if grad is None:
        if y.spec.dtype.is_complex:
            what = f"{place.removeprefix('grad_')} is complex ({y.spec!r}): its gradient needs grad_ys"
            raise ArgumentTypeError(message(what, y.op, "grad_ys=[...]"))
        return None
    if isinstance(grad, Tensor):
        value = grad._value
        _check_kind(place, y, _kind(value.spec.dtype), repr(value.spec))
        _check_shape(place, y, value.spec.shape)
        return value
    if not isinstance(grad, (int, float, complex, list, tuple, np.ndarray, np.generic, torch.Tensor)):
        raise ArgumentTypeError(f"{place} is {_short(grad)}, a {type(grad).__name__}, not a tensor, array or number")
    if isinstance(grad, torch.Tensor):
        if _rank(_kind(grad.dtype)) > _rank(_kind(y.spec.dtype)):
            _check_kind(place, y, _kind(grad.dtype), str(grad.dtype))
        _check_shape(place, y, tuple(grad.shape))
        return grad.detach().resolve_conj().resolve_neg().to(y.spec.dtype, copy=True)
    array = np.asarray(grad)
    kind = {"b": "int", "i": "int", "u": "int", "f": "real", "c": "complex"}.get(array.dtype.kind, "other")
    weaker = {"real": ("int", "real"), "complex": ("int", "real", "complex")}.get(_kind(y.spec.dtype), ("int",))
    if kind not in weaker:
        _check_kind(place, y, kind, str(array.dtype))
    _check_shape(place, y, array.shape)
    return array


def seed(graph: Graph, y: Value, grad: Value | np.ndarray[Any, Any] | torch.Tensor | None) -> Value | None:
    """A checked start as a value of y's dtype; None for ones."""
    if isinstance(grad, torch.Tensor):
        return constant_value(graph, grad.contiguous(), "grad_ys")
    if isinstance(grad, np.ndarray):
        return constant_value(graph, from_numpy(grad, y.spec.dtype), "grad_ys")
    if grad is not None and grad.spec.dtype is not y.spec.dtype:
        cast = handle_of(grad).to(y.spec.dtype)
        return cast._value  # type: ignore[no-any-return]
    return grad


def _kind(dtype: torch.dtype) -> str:
    if dtype.is_complex:
        return "complex"
    return "real" if dtype.is_floating_point else "int"


def _rank(kind: str) -> int:
    return ("int", "real", "complex").index(kind)


def _check_kind(place: str, y: Value, kind: str, have: str) -> None:
    if kind != _kind(y.spec.dtype):
        raise ArgumentTypeError(
            message(f"{place} is {have}, which can't be the gradient of {y.name}, {y.spec!r}", y.op)
        )


def _check_shape(place: str, y: Value, shape: Any) -> None:
    if not may_equal(shape, y.spec.shape):
        raise ValueError(
            message(
                f"{place} has shape {format_shape(shape)}, its y {y.name} {format_shape(y.spec.shape)}; "
                "they must be equal, nothing is broadcast",
                y.op,
            )
        )
