"""Variables and their collections, with TF1's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph.graph import get_default_graph
from ..graph.operation import Operation, Value
from ..graph.scopes import check_name
from ..ground.errors import message
from ..ground.mode import executing_eagerly
from ..ground.spec import Spec, as_dtype, spec
from ..record.constants import constant_value
from ..record.tensor import Tensor
from ..record.variable import Variable, make_variable
from .sources import group, numbers


class GraphKeys:
    """The names of the collections that the library itself uses."""

    GLOBAL_VARIABLES = "variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    UPDATE_OPS = "update_ops"
    LOSSES = "losses"
    REGULARIZATION_LOSSES = "regularization_losses"
    SUMMARIES = "summaries"
    GLOBAL_STEP = "global_step"


def new_variable(
    initial_value: Any,
    trainable: bool = True,
    collections: Sequence[str] | None = None,
    name: str | None = None,
    dtype: Any = None,
) -> Variable:
    """`gg.Variable(...)`: a tensor with state; `global_variables_initializer()` sets its first value.

    Its value lives in the session. Every torch function takes it; `assign`, `assign_add`, `assign_sub` change it.

    Args:
        initial_value: numbers, an array, a tensor, or a function that returns one.
        trainable: whether `trainable_variables()` lists it.
        collections: where to list it; the global variables if None.
        name: its name, `Variable` if None.
        dtype: its dtype; that of the initial value if None.

    >>> import graphgrad as gg
    >>> v = gg.Variable([1.0, 2.0], name="v")
    >>> with gg.Session() as sess:
    ...     sess.run(v.initializer)
    ...     sess.run(v.assign_add([1.0, 1.0]))
    array([2., 3.], dtype=float32)
    """
    if executing_eagerly():
        raise RuntimeError("variables live in sessions; in eager mode use torch.nn.Parameter")
    default = get_default_graph()
    own = check_name(name or "Variable", bool(default.context.scope))
    context = default.context
    outer, context.controls = context.controls, ()
    try:
        initial = _initial(initial_value, dtype, own)
        graph = initial.op.graph
        known = initial.spec
        assert isinstance(known, Spec)
        if not known.static:
            raise ValueError(message(f"the initial value's shape must be known, it is {known!r}", initial.op))
        variable = make_variable(graph, own, spec(known.shape, known.dtype), trainable)
        variable.initial = initial
        with graph.name_scope(variable.state.name + "/"):
            variable.initializer = variable.state.assign("Assign", "Assign", None, initial)
    finally:
        context.controls = outer
    listed = list(collections) if collections is not None else [GraphKeys.GLOBAL_VARIABLES]
    if trainable and GraphKeys.TRAINABLE_VARIABLES not in listed:
        listed.append(GraphKeys.TRAINABLE_VARIABLES)
    for collection in listed:
        graph.add_to_collection(collection, variable)
    return variable


def _initial(value: Any, dtype: Any, name: str) -> Value:
    """The symbolic initial value, recorded in a scope named after the variable."""
    graph = get_default_graph()
    with graph.name_scope(f"{name}_initial"):
        found = value() if callable(value) else value
        if not isinstance(found, Tensor):
            return constant_value(graph, numbers(found, dtype), "value")
        if dtype is not None and found.dtype is not as_dtype(dtype):
            found = found.to(as_dtype(dtype))
        return found.read() if isinstance(found, Variable) else found._value


def global_variables() -> list[Any]:
    """The variables of the default graph, parameters of recorded modules included."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The trainable variables of the default graph; with a scope, those whose name matches it."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


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


def assign(ref: Variable, value: Any, name: str | None = None) -> Any:
    """An op that sets a variable; gives the new value."""
    return ref.assign(value, name)


def assign_add(ref: Variable, value: Any, name: str | None = None) -> Any:
    """An op that adds to a variable; gives the new value."""
    return ref.assign_add(value, name)


def assign_sub(ref: Variable, value: Any, name: str | None = None) -> Any:
    """An op that subtracts from a variable; gives the new value."""
    return ref.assign_sub(value, name)


def set_random_seed(seed: int | None) -> None:
    """The seed of the default graph's random operations, for sessions created from here on."""
    get_default_graph().seed = None if seed is None else int(seed)


def add_to_collection(name: str, value: Any) -> None:
    """`graph.add_to_collection` of the default graph."""
    get_default_graph().add_to_collection(name, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """`graph.get_collection` of the default graph."""
    return get_default_graph().get_collection(key, scope)
