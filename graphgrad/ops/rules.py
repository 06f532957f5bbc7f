"""Gradients of one's own: `custom_gradient`, the registry, Python functions as operations."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..graph.body import home
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Operation, Role, Value, handle_of
from ..ground.errors import message
from ..ground.mode import executing_eagerly
from ..ground.spec import Spec, as_dtype, declared
from ..record import record as recording
from ..record.canonical import canonical
from ..record.custom import Called, Prevented, PythonFunction, Ruled
from ..record.infer import Leaf, rebuild
from ..record.nested import Body, Nested, add, flat, structured, trace
from ..record.record import record
from ..record.tensor import Tensor
from ..record.variable import may_equal
from .branches import converting
from .sources import convert_to_tensor, named

Rule = Callable[..., Any]


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """A decorator for a function that brings its own gradient.

    The operations that the function records are not differentiated; its rule is, for higher orders. The rule
    is recorded when the function is called, once.

    Args:
        f: takes tensors, returns its result (a tensor or a nest) and the rule: a function from the gradient
            with respect to each result to that with respect to each argument. If f reads variables, the
            rule takes them as `variables=` and returns their gradients in a list beside those of the arguments.

    Raises:
        ValueError: if the rule gives another number of gradients, or one of another shape, or f is called with
            keyword arguments.
        TypeError: if f does not return a pair with a function, or its rule does not take the variables that f reads.

    Source: `tf.custom_gradient`.

    >>> import graphgrad as gg
    >>> @gg.custom_gradient
    ... def log1pexp(x):
    ...     e = gg.exp(x)
    ...     return gg.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> x = gg.constant(100.0)
    >>> with gg.Session() as sess:
    ...     float(sess.run(gg.gradients(log1pexp(x), x)[0]))
    1.0
    """
    if f is None:
        return custom_gradient

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        if executing_eagerly():
            return _eager(f, args, kwargs)
        if kwargs:
            raise ValueError(f"{getattr(f, '__name__', 'the function')} has a custom gradient: no keyword arguments")
        return _with_rule(f, args)

    return function


def _eager(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    raise RuntimeError("custom_gradient needs a graph; in eager mode use torch.autograd.Function")


def _with_rule(f: Callable[..., Any], args: Any) -> Any:
    given = rebuild(args, lambda leaf: leaf if isinstance(leaf, Tensor) else convert_to_tensor(leaf))
    tensors = list(flat(given))
    graph = home(tensors[0].graph) if tensors else get_default_graph()
    first = len(graph)
    found = f(*given)
    name = getattr(f, "__name__", "the function")
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        raise TypeError(f"{name} has to return its result and its gradient function, it returned {found!r}")
    result, rule = found
    if not callable(rule):
        raise TypeError(f"{name} returned {rule!r} as its gradient function")
    result = rebuild(result, lambda leaf: leaf if isinstance(leaf, Tensor) else convert_to_tensor(leaf))
    outputs = [each._value for each in flat(result)]
    arguments = [each._value for each in tensors]
    variables = _variables_read(graph, first, arguments)
    if variables and not _takes_variables(rule):
        names = ", ".join(each.name for each in variables)
        raise TypeError(f"{name} reads the variables {names}: its gradient function has to take variables=")

    def gradients(*seeds: Any) -> list[Any]:
        if not variables:
            return _as_list(rule(*seeds), len(arguments), name)
        pair = rule(*seeds, variables=[handle_of(each) for each in variables])
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or len(pair[1] or ()) != len(variables):
            raise ValueError(f"the gradient function of {name} has to return (gradients, gradients of the variables)")
        return [*_as_list(pair[0], len(arguments), name), *pair[1]]

    values = ruled(graph, outputs, [*arguments, *variables], gradients, named(None, name), name)
    places = iter(values)
    return rebuild(result, lambda _: handle_of(next(places)))


def _variables_read(graph: Graph, first: int, arguments: Sequence[Value]) -> list[Value]:
    """The variables that operations recorded since then read."""
    recorded = graph.get_operations()[first:]
    reads = [value for op in recorded for value in op.reads if value.op.role is Role.READ and value not in arguments]
    return list(dict.fromkeys(value for value in reads if value.op.payload.trainable and value.spec.differentiable))


def _takes_variables(rule: Rule) -> bool:
    try:
        parameters = inspect.signature(rule).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(each.name == "variables" or each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)


def _as_list(found: Any, count: int, name: str) -> list[Any]:
    gradients = list(found) if isinstance(found, (list, tuple)) else [found]
    if len(gradients) != count:
        raise ValueError(f"the gradient function of {name} returned {len(gradients)} gradients for {count} arguments")
    return gradients


def ruled(
    graph: Graph, outputs: Sequence[Value], arguments: Sequence[Value], rule: Rule, name: str, what: str
) -> tuple[Value, ...]:
    """The outputs once more, as results of an operation with this rule for the gradients of the arguments."""
    seeded = tuple(n for n, value in enumerate(outputs) if value.spec.differentiable)
    specs = [outputs[n].spec for n in seeded]

    def gradients(*seeds: Any) -> Any:
        given = iter(seeds)
        return rule(*[next(given) if n in seeded else None for n in range(len(outputs))])

    names = [f"grad_{outputs[n].op.name.rpartition('/')[2]}" for n in seeded]
    body = trace(graph, converting(gradients), specs, names)
    given = tuple(leaf.index if type(leaf) is Leaf else None for leaf in body.structure)
    for value, place in zip(arguments, given, strict=True):
        _check(body, value, place, what)
    first = len(outputs) + len(arguments)
    places = (tuple(range(first, first + len(body.captured))),)
    flow = Ruled(len(outputs), len(arguments), seeded, given, body, places=places)
    reads = [*outputs, *arguments, *body.captured]
    signature = flow.signature = Nested(
        [value.spec for value in reads], [value.spec for value in outputs], flow, (body,)
    )
    signature.random, signature.aliases = False, tuple(range(len(outputs)))
    return add(graph, "IdentityN", name, reads, signature)


def _check(body: Body, value: Value, place: int | None, what: str) -> None:
    if place is None:
        return
    gradient = body.outputs[place]
    have, want = gradient.spec, value.spec
    if not may_equal(have.shape, want.shape) or have.dtype is not want.dtype:
        said = f"the gradient function of {what} gives {have!r} for {value.name}, which is {want!r}"
        raise ValueError(message(said, gradient.op))


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the gradient of the identity: a straight-through estimator.

    >>> import graphgrad as gg
    >>> x = gg.constant([0.4, 1.6])
    >>> y = gg.grad_pass_through(gg.round)(x)
    >>> with gg.Session() as sess:
    ...     sess.run([y, gg.gradients(y, x)[0]])
    [array([0., 2.], dtype=float32), array([1., 1.], dtype=float32)]
    """

    @functools.wraps(f)
    def function(*args: Any) -> Any:
        return custom_gradient(lambda *given: (f(*given), lambda *upstream: upstream))(*args)

    return function


# -- the registry -------------------------------------------------------------------------------------

_registry: dict[str, Rule | None] = {}


class RegisterGradient:
    """A decorator that registers a rule under a name, for `gradient_override_map`.

    The rule takes the operation and the gradient of each of its outputs, and returns those of its inputs.

    Args:
        op_type: the name. `KeyError` if it is taken, `TypeError` if it is no string.

    >>> import graphgrad as gg
    >>> @gg.RegisterGradient("Clipped")
    ... def clipped(op, upstream):
    ...     return gg.clip_by_value(upstream, -1.0, 1.0)
    >>> x = gg.constant(3.0)
    >>> with gg.get_default_graph().gradient_override_map({"Square": "Clipped"}):
    ...     y = gg.square(x)
    >>> with gg.Session() as sess:
    ...     float(sess.run(gg.gradients(5.0 * y, x)[0]))
    1.0
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self.op_type = op_type

    def __call__(self, f: Rule) -> Rule:
        _register(self.op_type, f)
        return f


def _register(op_type: str, rule: Rule | None) -> None:
    if op_type in _registry or op_type in _torch_types():
        raise KeyError(f"Registering two gradient with name {op_type!r}")
    _registry[op_type] = rule


@functools.cache
def _torch_types() -> frozenset[str]:
    """The types of common operations: their gradients are torch's."""
    names = "add sub mul div exp log sin cos tanh sigmoid relu matmul square sqrt pow sum mean softmax cat reshape"
    return frozenset(canonical(getattr(torch, name)).type for name in names.split())


def NotDifferentiable(op_type: str) -> None:  # noqa: N802  TF1's name
    """Register a name whose operations pass no gradient, for `gradient_override_map`."""
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register(op_type, None)


def _overridden(op: Operation, wanted: str) -> tuple[Value, ...]:
    """The outputs of an operation that was recorded inside `gradient_override_map`."""
    graph = op.graph
    if wanted == op.type:
        return op.values
    if wanted not in _registry:
        text = f"no gradient is registered as {wanted!r}"
        return tuple(_prevented(value, text) for value in op.values)
    rule = _registry[wanted]
    if rule is None:
        return tuple(record(torch.Tensor.detach, (handle_of(value),), {})._value for value in op.values)

    def gradients(*seeds: Any) -> list[Any]:
        with get_default_graph().name_scope(f"{op.name.rpartition('/')[2]}_grad"):
            return _as_list(rule(op, *seeds), len(op.reads), wanted)

    return ruled(graph, op.values, op.reads, gradients, f"{op.name.rpartition('/')[2]}_ruled", wanted)


recording.overridden.append(_overridden)


def prevent_gradient(input: Any, message: str = "", name: str | None = None) -> Any:
    """The same tensor; asking for a gradient through it raises `LookupError` with this message."""
    tensor = convert_to_tensor(input)
    return handle_of(_prevented(tensor._value, message, name))


def _prevented(value: Value, text: str, name: str | None = None) -> Value:
    flow = Prevented(text, places=())
    signature = flow.signature = Nested([value.spec], [value.spec], flow, ())
    signature.aliases = (0,)
    return add(home(value.op.graph), "PreventGradient", named(name, "PreventGradient"), [value], signature)[0]


# -- functions ----------------------------------------------------------------------------------------


def py_func(
    func: Callable[..., Any], inp: Sequence[Any], Tout: Any, stateful: bool = True, name: str | None = None
) -> Any:  # noqa: N803
    """A Python function of numpy arrays as an operation. No gradient passes through it.

    Args:
        func: takes an array per input, returns an array per dtype in Tout, or one if Tout is a dtype.
        inp: the inputs.
        Tout: a dtype, or a list of them. Shapes of results are unknown: `set_shape` tells them.
        stateful: taken for TF1's sake; each operation calls the function once per run.
        name: the operation's name.

    Raises:
        InvalidArgumentError: in a run, if func raises, or returns another number of results or other dtypes.

    >>> import graphgrad as gg
    >>> import numpy as np
    >>> y = gg.py_func(lambda x: np.sort(x)[::-1], [gg.constant([1.0, 3.0, 2.0])], gg.float32)
    >>> with gg.Session() as sess:
    ...     sess.run(y)
    array([3., 2., 1.], dtype=float32)
    """
    return _python(func, inp, Tout, False, named(name, "PyFunc"), "PyFunc")


def py_function(func: Callable[..., Any], inp: Sequence[Any], Tout: Any, name: str | None = None) -> Any:  # noqa: N803
    """A Python function of torch tensors as an operation; autograd sees through it, at every order.

    Arguments and errors are those of `py_func`.

    >>> import graphgrad as gg
    >>> x = gg.constant(3.0)
    >>> y = gg.py_function(lambda x: x**2 if x > 0 else -x, [x], gg.float32)
    >>> with gg.Session() as sess:
    ...     float(sess.run(gg.gradients(y, x)[0]))
    6.0
    """
    return _python(func, inp, Tout, True, named(name, "EagerPyFunc"), "EagerPyFunc")


def _python(func: Any, inp: Any, kinds: Any, tensors: bool, name: str, type: str) -> Any:
    if not callable(func):
        raise TypeError(f"func is {func!r}, not a function")
    several = isinstance(kinds, (list, tuple))
    dtypes = tuple(as_dtype(kind) for kind in (kinds if several else [kinds]))
    given = [convert_to_tensor(each)._value for each in (inp if isinstance(inp, (list, tuple)) else [inp])]
    graph = home(given[0].op.graph) if given else get_default_graph()
    flow = PythonFunction(func, dtypes, tensors, places=())
    specs = [declared(None, dtype) for dtype in dtypes]
    signature = flow.signature = Nested([value.spec for value in given], specs, flow, ())
    values = add(graph, type, name, given, signature)
    wanted = recording.overrides(graph).get(type)
    if wanted is not None and values:
        values = _overridden(values[0].op, wanted)
    found = [handle_of(value) for value in values]
    return found if several else found[0]


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, computed once more on the way back: time for memory, by `torch.utils.checkpoint`.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0)
    >>> y = gg.recompute_grad(lambda x: gg.exp(gg.sin(x)))(x)
    >>> y.op.type
    'Recompute'
    """

    @functools.wraps(f)
    def function(*args: Any) -> Any:
        return _call(f, args, "Recompute", True)

    return function


def function(f: Callable[..., Any] | None = None, *, name: str | None = None) -> Any:
    """A decorator: each call of the function is one operation, whose body is a graph of its own.

    >>> import graphgrad as gg
    >>> @gg.function
    ... def f(x):
    ...     return x * gg.sin(x)
    >>> y = f(gg.constant(1.0))
    >>> y.op.type, len(y.graph)
    ('PartitionedCall', 2)
    """
    if f is None:
        return functools.partial(function, name=name)

    @functools.wraps(f)
    def called(*args: Any) -> Any:
        return _call(f, args, "PartitionedCall", False, name)

    return called


def _call(f: Callable[..., Any], args: Any, type: str, again: bool, name: str | None = None) -> Any:
    if executing_eagerly():
        return f(*args)
    given: list[Value] = []

    def place(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        given.append(convert_to_tensor(leaf)._value)
        return Leaf(len(given) - 1)

    structure = rebuild(args, place)
    graph = home(given[0].op.graph) if given else get_default_graph()

    def arranged(tensors: Sequence[Any]) -> Any:
        return rebuild(structure, lambda leaf: tensors[leaf.index] if type(leaf) is Leaf else leaf)

    names = [value.op.name.rpartition("/")[2] for value in given]
    specs = [value.spec if isinstance(value.spec, Spec) else declared((), value.spec.dtype) for value in given]
    body = trace(graph, converting(f), specs, names, arranged)
    for state in body.graph.assigned:
        raise ValueError(f"the function assigns {state.name}: assign what it returns instead")
    reads = [*given, *body.captured]
    flow = Called(body, again, places=(tuple(range(len(reads))),))
    signature = flow.signature = Nested(
        [value.spec for value in reads], [value.spec for value in body.outputs], flow, (body,)
    )
    label = name or getattr(f, "__name__", type)
    values = add(graph, type, label if label.isidentifier() and label != "<lambda>" else type, reads, signature)
    return structured(body.structure, values)
