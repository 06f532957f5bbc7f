"""Variables with TF1's arguments, and the lists of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..graph.body import BodyGraph, root_of
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Operation, Value
from ..graph.scopes import check_name
from ..ground.errors import message
from ..ground.mode import executing_eagerly
from ..ground.spec import Spec, as_dtype, declared, format_shape, spec
from ..record.constants import constant_in, constant_value
from ..record.tensor import Tensor
from ..record.variable import State, make_variable
from ..record.variable import Variable as Recorded
from .keys import GraphKeys
from .sources import group, numbers

_ANNEX = "ops.variables"


@dataclass(slots=True)
class Extras:
    """What TF1 knows of a variable besides its state.

    Attributes:
        constraint: a function that optimizers apply to the variable after each update, or None.
    """

    constraint: Callable[[Any], Any] | None = None


def extras(variable: Recorded) -> Extras:
    """What TF1 knows of a variable besides its state."""
    known: dict[State, Extras] = variable.state.graph.annexes.setdefault(_ANNEX, {})
    return known.get(variable.state, Extras())


class _Maker(type):
    """Lets `gg.Variable(...)` make variables, and `isinstance(v, gg.Variable)` know them all."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return new_variable(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Recorded)


class Variable(metaclass=_Maker):
    """A tensor with state; `global_variables_initializer()` sets its first value.

    Its value lives in the session. Every torch function takes it; `assign`, `assign_add`, `assign_sub` change it.

    Args:
        initial_value: numbers, an array, a tensor, or a function that returns one.
        trainable: whether `trainable_variables()` lists it.
        collections: where to list it; the global variables if None.
        validate_shape: whether the shape of the initial value must be known, and is then the variable's for good;
            a variable made with False has an unknown shape, and an assign may give it another one.
        caching_device: makes no difference.
        name: its name, `Variable` if None.
        dtype: its dtype; that of the initial value if None.
        expected_shape: a shape that the initial value must have.
        constraint: a function of the variable whose result optimizers assign after each update.
        use_resource: makes no difference: all variables read as TF1's resource variables do.

    Raises:
        ValueError: for an initial value that is missing, of unknown shape, or not of the expected one.

    >>> import graphgrad as gg
    >>> v = gg.Variable([1.0, 2.0], name="v")
    >>> with gg.Session() as sess:
    ...     sess.run(v.initializer)
    ...     sess.run(v.assign_add([1.0, 1.0]))
    array([2., 3.], dtype=float32)
    """


def new_variable(
    initial_value: Any = None,
    trainable: bool | None = True,
    collections: Sequence[str] | None = None,
    validate_shape: bool = True,
    caching_device: Any = None,
    name: str | None = None,
    variable_def: None = None,
    dtype: Any = None,
    expected_shape: Sequence[int] | None = None,
    import_scope: None = None,
    constraint: Callable[[Any], Any] | None = None,
    use_resource: bool | None = None,
    shape: Sequence[int] | None = None,
) -> Recorded:
    """What `gg.Variable(...)` does."""
    _check_arguments(initial_value, variable_def, import_scope, constraint)
    default = get_default_graph()
    with contextlib.nullcontext() if type(default) is Graph else root_of(default).as_default():  # not of a body
        default = root_of(default)
        context = default.context
        own = check_name(name or "Variable", bool(context.scope))
        outer, context.controls = context.controls, ()
        try:
            initial = _initial(default, initial_value, dtype, own)
            graph, known = initial.op.graph, _known_spec(initial, expected_shape or shape, validate_shape)
            variable = make_variable(graph, own, known, bool(trainable))
            variable.initial = initial
            variable.initializer = variable.state.initialised(initial)
        finally:
            context.controls = outer
    if constraint is not None:
        graph.annexes.setdefault(_ANNEX, {})[variable.state] = Extras(constraint)
    _list_it(graph, variable, collections)
    return variable


def _check_arguments(initial_value: Any, variable_def: Any, import_scope: Any, constraint: Any) -> None:
    if executing_eagerly():
        raise RuntimeError("variables live in sessions; in eager mode use torch.nn.Parameter")
    if variable_def is not None or import_scope is not None:
        raise NotImplementedError("a variable made from a VariableDef: give its initial value instead")
    if initial_value is None:
        raise ValueError("a variable needs an initial_value")
    if constraint is not None and not callable(constraint):
        raise ValueError(f"the constraint is {constraint!r}, not a function")


def _known_spec(initial: Value, expected: Sequence[int] | None, validate: bool) -> Spec:
    """The spec of a variable: that of its initial value, whose sizes must be known, and be the expected ones."""
    if isinstance(initial.op.graph, BodyGraph):
        what = "a variable's initial value is computed inside a branch or a loop's body"
        raise ValueError(message(what, initial.op, "a function of no arguments that computes it, or an initializer"))
    known = initial.spec
    assert isinstance(known, Spec)
    if not validate:
        return declared(None, known.dtype)
    if not known.static:
        raise ValueError(
            message(
                f"the initial value's shape must be known, it is {known!r}",
                initial.op,
                "validate_shape=False, for a variable of unknown shape",
            )
        )
    if expected is not None and tuple(int(size) for size in expected) != known.shape:
        raise ValueError(
            message(f"the initial value has shape {format_shape(known.shape)}, not {list(expected)}", initial.op)
        )
    return spec(known.shape, known.dtype)


def _list_it(graph: Graph, variable: Recorded, collections: Sequence[str] | None) -> None:
    listed = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(collections)
    if variable.trainable and GraphKeys.TRAINABLE_VARIABLES not in listed:
        listed.append(GraphKeys.TRAINABLE_VARIABLES)
    for collection in listed:
        graph.add_to_collection(collection, variable)


def _initial(graph: Graph, value: Any, dtype: Any, name: str) -> Value:
    """The symbolic initial value, recorded in a scope named after the variable."""
    scope = graph.unique_name(name + "_initial") + "/"
    if not callable(value) and not isinstance(value, Tensor):
        return constant_in(graph, numbers(value, dtype), scope + "value")
    with graph.name_scope(scope):
        found = value() if callable(value) and not isinstance(value, Tensor) else value
        if not isinstance(found, Tensor):
            return constant_value(graph, numbers(found, dtype), "value")
        if dtype is not None and found.dtype is not as_dtype(dtype):
            found = found.to(as_dtype(dtype))
        return found.read() if isinstance(found, Recorded) else found._value


# -- the lists ------------------------------------------------------------------------------------------


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables of the default graph, parameters of recorded modules included.

    Args:
        scope: a regular expression that the beginning of the name must match; all if None.
    """
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The trainable variables of the default graph; with a scope, those whose name matches it."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """The variables that nobody saves, such as those of `gg.metrics`; with a scope, those whose name matches it."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables that inference needs, as `gg.contrib.layers` lists them; with a scope, those that match it."""
    return get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables of which moving averages are kept; with a scope, those whose name matches it."""
    return get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Operation:
    """An operation that sets each variable to its initial value. Parameters need none and are skipped."""
    return group(*(variable.initializer for variable in var_list), name=name)


def global_variables_initializer() -> Operation:
    """An operation that sets every variable of the default graph to its initial value.

    >>> import graphgrad as gg
    >>> v = gg.Variable(3.0)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(v)
    np.float32(3.0)
    """
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    """An operation that sets every local variable of the default graph to its initial value."""
    return variables_initializer(local_variables())


def set_random_seed(seed: int | None) -> None:
    """The seed of the default graph's random operations, for sessions created from here on."""
    get_default_graph().seed = None if seed is None else int(seed)
