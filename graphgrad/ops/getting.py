"""`get_variable`: variables that are found by name, with TF1's rules of reuse."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

from ..graph.body import root_of
from ..graph.graph import Graph, get_default_graph
from ..ground.errors import message
from ..ground.spec import as_dtype, format_shape
from ..record.dims import Dim
from ..record.variable import Variable, may_equal
from .initializers import default_initializer
from .keys import GraphKeys
from .scopes import VariableScope, current, nested, refuse_partitioner
from .sources import numbers
from .variables import new_variable

_ANNEX = "ops.getting"  # the variables that `get_variable` has made, by name


def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool | None = True, collections: Sequence[str] | None = None, caching_device: Any = None,
    partitioner: Any = None, validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None,
    constraint: Any = None, synchronization: Any = None, aggregation: Any = None,
) -> Any:  # fmt: skip
    """The variable of this name in the current scope: made, or found if the scope reuses variables.

    Args:
        name: its name inside the scope.
        shape: its sizes; None where the initializer has a shape or takes no arguments.
        dtype: its dtype; that of the scope (float32) if None.
        initializer: a function of shape and dtype, or the initial value; that of the scope, or Glorot's uniform
            numbers (zeros for integers) if None.
        regularizer: a function of the variable; its result goes to `GraphKeys.REGULARIZATION_LOSSES`.
        trainable, collections, validate_shape, constraint: as in `gg.Variable`.
        partitioner: must be None.
        custom_getter: called with the true getter and all arguments by keyword; makes the variable instead.
        caching_device, use_resource, synchronization, aggregation: make no difference.

    Raises:
        ValueError: if the variable exists and is not to be reused, does not exist and has to, or has another shape
            or dtype than the one asked for.

    >>> import graphgrad as gg
    >>> with gg.variable_scope("layer"):
    ...     gg.get_variable("w", [2, 3]).name
    'layer/w:0'
    """
    refuse_partitioner(partitioner)
    graph = root_of(get_default_graph())
    scope = current(graph)
    if not isinstance(name, str) or not name:
        raise ValueError(f"get_variable needs a name, got {name!r}")
    wanted: dict[str, Any] = {
        "name": f"{scope.name}/{name}" if scope.name else name, "shape": shape,
        "dtype": as_dtype(_dtype(dtype, initializer, scope)),
        "initializer": scope.initializer if initializer is None else initializer,
        "regularizer": scope.regularizer if regularizer is None else regularizer, "reuse": scope.reuse,
        "trainable": trainable, "collections": collections, "caching_device": caching_device,
        "partitioner": None, "validate_shape": validate_shape, "use_resource": use_resource,
        "constraint": scope.constraint if constraint is None else constraint,
    }  # fmt: skip
    getter = scope.custom_getter if custom_getter is None else nested(custom_getter, scope.custom_getter)
    if getter is None:
        return _get(graph=graph, **wanted)
    return getter(partial(_get, graph=graph), **_accepted(getter, wanted))


def _accepted(getter: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """The arguments without those that came to TF1 later, if the getter does not know them."""
    parameters = inspect.signature(getter).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return wanted
    return {name: value for name, value in wanted.items() if name != "constraint" or name in parameters}


def _dtype(dtype: Any, initializer: Any, scope: VariableScope) -> Any:
    """The dtype asked for; a value as the initializer must have it."""
    if initializer is None or callable(initializer) and not isinstance(initializer, torch.Tensor):
        return scope.dtype if dtype is None else dtype
    own = initializer.dtype if isinstance(initializer, torch.Tensor) else numbers(initializer, None).dtype
    if dtype is not None and own is not as_dtype(dtype):
        raise ValueError(f"the initializer's dtype is {own}, the one asked for {as_dtype(dtype)}")
    return own


def _get(
    name: str, shape: Any = None, dtype: Any = torch.float32, initializer: Any = None, regularizer: Any = None,
    reuse: Any = None, graph: Graph | None = None, **options: Any,
) -> Any:  # fmt: skip
    """What `get_variable` does once the full name is known: find or make."""
    used = graph or get_default_graph()
    variables: dict[str, Variable] = used.annexes.setdefault(_ANNEX, {})
    sizes, dtype = _sizes(shape), as_dtype(dtype)
    found = variables.get(name)
    if found is not None:
        return _found(found, name, sizes, dtype, reuse)
    if reuse is True:
        raise ValueError(
            f"variable {name} does not exist, or was not made by get_variable; did you mean reuse=gg.AUTO_REUSE?"
        )
    chosen = default_initializer(dtype) if initializer is None else initializer
    with used.as_default(), used.name_scope(None):
        made = new_variable(
            _initial(name, chosen, sizes, dtype), options.get("trainable", True), options.get("collections"), name=name,
            dtype=dtype, constraint=options.get("constraint"), validate_shape=options.get("validate_shape", True),
        )  # fmt: skip
        variables[name] = made
        if regularizer is not None:
            with used.name_scope(f"{name}/Regularizer/"):
                loss = regularizer(made)
            if loss is not None:
                used.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
    return made


def _found(found: Variable, name: str, sizes: list[int | None] | None, dtype: torch.dtype, reuse: Any) -> Variable:
    if not reuse:
        raise ValueError(
            message(f"variable {name} already exists; did you mean reuse=True or reuse=gg.AUTO_REUSE?", found.op)
        )
    if sizes is not None and not may_equal(sizes, found.state.spec.shape):
        raise ValueError(
            message(
                f"variable {name} has shape {format_shape(found.state.spec.shape)}, not the {format_shape(sizes)} "
                "asked for",
                found.op,
            )
        )
    if dtype is not found.dtype:
        raise ValueError(message(f"variable {name} is {found.dtype}, not the {dtype} asked for", found.op))
    return found


def _sizes(shape: Any) -> list[int | None] | None:
    if shape is None:
        return None
    sizes = [shape] if isinstance(shape, (int, Dim)) else list(shape)
    return [None if size is None or isinstance(size, Dim) else int(size) for size in sizes]


def _initial(name: str, initializer: Any, sizes: list[int | None] | None, dtype: torch.dtype) -> Any:
    """The initial value, or a function that gives it."""
    if isinstance(initializer, torch.Tensor) or not callable(initializer):
        if sizes is not None:
            raise ValueError(f"variable {name}: the initializer is a value and has a shape, so give no other shape")
        return initializer
    made: Any = initializer() if inspect.isclass(initializer) else initializer
    if sizes is None:
        needs = [each for each in inspect.signature(made).parameters.values() if each.default is each.empty]
        if any(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in needs):
            raise ValueError(f"variable {name} is new and needs a shape")
        return made
    if None in sizes:
        raise ValueError(f"the shape of the new variable {name} must be known, it is {format_shape(sizes)}")
    return lambda: _called(made, sizes, dtype)


def _called(initializer: Callable[..., Any], sizes: list[Any], dtype: torch.dtype) -> Any:
    """An initializer's value; a function that knows no dtype is called without one."""
    parameters = inspect.signature(initializer).parameters
    if "dtype" in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return initializer(sizes, dtype=dtype)
    return initializer(sizes) if parameters else initializer()


def get_local_variable(name: str, shape: Any = None, *args: Any, **options: Any) -> Any:
    """`get_variable` of a variable that is not trained and not saved, listed with the local variables."""
    listed = [*(options.pop("collections", None) or ()), GraphKeys.LOCAL_VARIABLES]
    return get_variable(name, shape, *args, **{**options, "trainable": False, "collections": listed})
