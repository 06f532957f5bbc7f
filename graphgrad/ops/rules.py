"""Gradients of one's own: a function with its rule, and the operation that carries a rule."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..graph.body import BodyGraph, home
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Role, Value, handle_of
from ..ground.errors import ArgumentTypeError, message
from ..ground.mode import executing_eagerly
from ..record.custom import Ruled
from ..record.infer import Leaf, rebuild
from ..record.nested import Body, Nested, add, flat, trace
from ..record.record import first_symbolic, symbolic
from ..record.tensor import Tensor
from ..record.variable import State, Variable, may_equal
from .branches import converting
from .sources import convert_to_tensor

Rule = Callable[..., Any]


class custom_gradient:  # TF1's name
    """A decorator for a function that brings its own gradient.

    The operations that the function records are not differentiated. Its rule is, for higher orders: through what it
    reads, arguments and intermediate results of the function among them. The rule is recorded when the function is
    called, once, and not, as in TF1, by each gradients() call; in it `gradient_override_map` does not hold.

    Args:
        f: takes tensors (numbers and arrays become constants), returns its result, a tensor or a nest, and the
            rule: a function from the gradient with respect to each result to that with respect to each argument,
            None where there is none. An integer result has the gradient None. If f reads trainable variables, the rule
            takes them as `variables=` and returns their gradients in a list beside those of the arguments.

    Raises:
        ValueError: if the rule gives another number of gradients, or one of another shape or dtype, or sets a
            variable; or if f is called with keyword arguments.
        TypeError: if f does not return a pair with a function, or its rule does not take the variables that f reads.
        RuntimeError: in eager mode.

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

    def __new__(cls, f: Callable[..., Any] | None = None) -> Any:
        return cls if f is None else super().__new__(cls)

    def __init__(self, f: Callable[..., Any]) -> None:
        if not callable(f):
            raise TypeError(f"custom_gradient takes a function, not {f!r}")
        self._function = f
        functools.update_wrapper(self, f)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """The method of an instance."""
        bind = getattr(self._function, "__get__", None)
        return self if bind is None else custom_gradient(bind(instance, owner))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = _name_of(self._function)
        if executing_eagerly():
            raise RuntimeError(f"{name} has a custom gradient, which needs a graph: see torch.autograd.Function")
        if kwargs:
            raise ValueError(f"{name} has a custom gradient: it takes no keyword arguments, got {', '.join(kwargs)}")
        return _Call(self._function, args, name).result()


def _name_of(f: Any) -> str:
    name = getattr(f, "__name__", "")
    return name if name.isidentifier() else "custom_gradient"


class _Call:
    """One call of a function with a rule."""

    def __init__(self, f: Callable[..., Any], args: Any, name: str) -> None:
        like = first_symbolic(args)
        self.name = name
        self.graph = get_default_graph() if like is None else home(like.op.graph)
        first = len(self.graph)
        with self.graph.as_default():
            given = rebuild(args, lambda leaf: _tensor(leaf, args))
            self.arguments = [_value(each) for each in flat(given)]
            self.results, self.rule = self._called(f, given)
            self.outputs = [_value(each) for each in flat(self.results)]
        self.states = _trainable(self.graph, first, self.arguments, self.outputs)
        if self.states and not _takes_variables(self.rule):
            names = ", ".join(each.name for each in self.states)
            raise TypeError(f"{name} reads the variables {names}: its gradient function has to take variables=")

    def _called(self, f: Callable[..., Any], given: Any) -> tuple[Any, Rule]:
        """The function's results as tensors, and its rule."""
        found = f(*given)
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            what = f"{self.name} has to return its result and its gradient function, it returned {found!r}"
            raise ArgumentTypeError(what)
        if not callable(found[1]):
            raise TypeError(f"{self.name} returned {found[1]!r} as its gradient function")
        return rebuild(found[0], lambda leaf: _tensor(leaf, found[0])), found[1]

    def gradients(self, *seeds: Any) -> list[Any]:
        """What the rule gives for the arguments and the variables."""
        if not self.states:
            return as_list(self.rule(*seeds), len(self.arguments), self.name)
        pair = self.rule(*seeds, variables=[state.variable for state in self.states])
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[1], (tuple, list)):
            raise ValueError(
                f"{self.name} reads variables: its gradient function has to return a pair, the gradients of the "
                f"arguments and a list of those of the variables; it returned {pair!r}"
            )
        return [
            *as_list(pair[0], len(self.arguments), self.name),
            *as_list(pair[1], len(self.states), self.name, "variables"),
        ]

    def result(self) -> Any:
        """The results as those of an operation with the rule."""
        if not torch.is_grad_enabled():  # then nothing that f records has a gradient
            return self.results
        places = iter(
            ruled(self.graph, self.outputs, [*self.arguments, *self.states.values()], self.gradients, self.name)
        )
        return rebuild(self.results, lambda _: handle_of(next(places)))


def _tensor(leaf: Any, beside: Any) -> Any:
    if isinstance(leaf, Tensor):
        return leaf
    return symbolic(leaf, beside) if isinstance(leaf, torch.Tensor) else convert_to_tensor(leaf)


def _value(tensor: Any) -> Value:
    found: Value = tensor.read() if isinstance(tensor, Variable) else tensor._value
    return found


def _trainable(graph: Graph, first: int, arguments: Sequence[Value], outputs: Sequence[Value]) -> dict[State, Value]:
    """The trainable variables that operations recorded since then read, each with a value that was read."""
    origins = _origins(graph)
    read = [value for op in graph.get_operations()[first:] for value in op.reads]
    found: dict[State, Value] = {}
    for value in (*read, *outputs):
        source = origins.get(value, value)
        state = source.op.payload
        if source.op.role is Role.READ and state.trainable and state.spec.differentiable:
            found.setdefault(state, value)
    for value in arguments:
        source = origins.get(value, value)
        if source.op.role is Role.READ:
            found.pop(source.op.payload, None)
    return found


def _origins(graph: Graph) -> dict[Value, Value]:
    """Value that stands for one of the graphs around this one -> that one, in the outermost."""
    if not isinstance(graph, BodyGraph):
        return {}
    outer = _origins(graph.outer)
    return {inside: outer.get(value, value) for value, inside in graph.captures.items()}


def _takes_variables(rule: Rule) -> bool:
    try:
        parameters = inspect.signature(rule).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(each.name == "variables" or each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)


def as_list(found: Any, count: int, name: str, what: str = "arguments") -> list[Any]:
    """What a rule returned as a list of so many gradients; None alone stands for that of one argument."""
    gradients = list(found) if isinstance(found, (list, tuple)) else [found]
    if len(gradients) != count:
        raise ValueError(f"the gradient function of {name} returned {len(gradients)} gradients for {count} {what}")
    return gradients


def ruled(
    graph: Graph, outputs: Sequence[Value], arguments: Sequence[Value], rule: Rule, what: str,
    name: str = "", type: str = "IdentityN", itself: bool = False,
) -> tuple[Value, ...]:  # fmt: skip
    """The outputs once more, as results of an operation with this rule for the gradients of the arguments.

    Args:
        rule: cotangents of all outputs, None for integers -> a list of gradients, one per argument.
        what: whose rule it is, for messages.
        name, type: of the operation.
        itself: whether the outputs, where the rule reads them, are those of the new operation.
    """
    seeded = tuple(n for n, value in enumerate(outputs) if value.spec.differentiable)
    body = _traced(graph, outputs, arguments, seeded, rule, what)
    given = tuple(leaf.index if isinstance(leaf, Leaf) else None for leaf in body.structure)
    for value, place in zip(arguments, given, strict=True):
        if place is not None:
            _check(body.outputs[place], value, what)
    first = len(outputs) + len(arguments)
    own = [value for value in body.captured if itself and value in outputs]
    others = [value for value in body.captured if value not in own]
    width = first + len(others)
    places = tuple(
        width + list(outputs).index(value) if value in own else first + others.index(value) for value in body.captured
    )
    reads = [*outputs, *arguments, *others]
    flow = Ruled(len(outputs), len(arguments), seeded, given, body, bool(own), places=(places,))
    signature = flow.signature = Nested(
        [value.spec for value in reads], [value.spec for value in outputs], flow, (body,)
    )
    signature.aliases = tuple(None if own else n for n in range(len(outputs)))
    return add(graph, type, name or what, reads, signature)


def _traced(
    graph: Graph, outputs: Sequence[Value], arguments: Sequence[Value], seeded: Sequence[int], rule: Rule, what: str
) -> Body:  # fmt: skip
    """The rule as a body."""

    def gradients(*seeds: Any) -> Any:
        get_default_graph().context.overrides = {}
        if not seeded:
            return [None] * len(arguments)
        given = dict(zip(seeded, seeds, strict=True))
        found = rule(*[given.get(n) for n in range(len(outputs))])
        return [_gradient(each, value, what) for each, value in zip(found, arguments, strict=True)]

    names = [f"grad_{outputs[n].op.name.rpartition('/')[2]}" for n in seeded]
    body = trace(graph, converting(gradients), [outputs[n].spec for n in seeded], names)
    if body.graph.assigned:
        names = [state.name for state in body.graph.assigned]
        raise ValueError(f"the gradient function of {what} assigns {', '.join(names)}: a gradient can't set variables")
    return body


def _gradient(found: Any, value: Value, what: str) -> Any:
    """One gradient as a tensor; None for integers, which have none."""
    if found is None or not value.spec.differentiable:
        return None
    if isinstance(found, torch.Tensor):
        return _tensor(found, ())
    try:
        return convert_to_tensor(found, value.spec.dtype)
    except (TypeError, ValueError):
        raise TypeError(f"the gradient function of {what} gives {found!r} for {value.name}, not a tensor") from None


def _check(gradient: Value, value: Value, what: str) -> None:
    have, want = gradient.spec, value.spec
    if not may_equal(have.shape, want.shape) or have.dtype is not want.dtype:
        said = f"the gradient function of {what} gives {have!r} for {value.name}, which is {want!r}"
        raise ValueError(message(said, gradient.op))


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the gradient of the identity: a straight-through estimator.

    It gives its arguments the gradients of its results, one each, and variables that it reads none.

    >>> import graphgrad as gg
    >>> x = gg.constant([0.4, 1.6])
    >>> y = gg.grad_pass_through(gg.round)(x)
    >>> with gg.Session() as sess:
    ...     sess.run([y, gg.gradients(y, x)[0]])
    [array([0., 2.], dtype=float32), array([1., 1.], dtype=float32)]
    """

    def passed(*upstream: Any, variables: Sequence[Any] = ()) -> Any:
        return (upstream, [None] * len(variables)) if variables else upstream

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        return custom_gradient(functools.wraps(f)(lambda *given: (f(*given, **kwargs), passed)))(*args)

    return function
