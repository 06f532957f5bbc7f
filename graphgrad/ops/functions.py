"""Functions as operations: Python code that a run calls, and bodies that are recorded once per call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from ..graph.body import home
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Operation, Value, handle_of
from ..ground.mode import executing_eagerly
from ..ground.spec import as_dtype, declared
from ..record import record as recording
from ..record.custom import Called, PythonFunction
from ..record.infer import Leaf, rebuild
from ..record.nested import Nested, add, assigned_in, handed_on, state_in, structured, trace
from ..record.record import first_symbolic, symbolic
from ..record.variable import Variable
from .branches import after, converting
from .registry import overridden
from .sources import convert_to_tensor, named


def py_func(
    func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: str | None = None
) -> Any:  # fmt: skip
    """A Python function of numpy arrays as an operation. No gradient passes through it.

    A gradient of one's own comes from `gg.custom_gradient` around it, or from `gradient_override_map` for the type
    `PyFunc`.

    Args:
        func: takes an array per input, each a copy; returns an array or number per dtype in Tout, a list or tuple if
            there are several.
        inp: the inputs, a list; a tensor alone is one input.
        Tout: a dtype, or a list of them; it has to be what func returns, nothing is cast. Shapes of results are
            unknown until `set_shape` tells them. An empty list gives the operation, for what func does.
        stateful: taken for TF1's sake; each operation calls the function once per run that needs it.
        name: the operation's name.

    Raises:
        TypeError: if func is no function, or Tout no dtype of numbers.
        RuntimeError: in eager mode.
        InvalidArgumentError: in a run, if func raises, or returns another number of results or other dtypes.

    Source: `tf.py_func`.

    >>> import graphgrad as gg
    >>> import numpy as np
    >>> y = gg.py_func(lambda x: np.sort(x)[::-1], [gg.constant([1.0, 3.0, 2.0])], gg.float32)
    >>> with gg.Session() as sess:
    ...     sess.run(y)
    array([3., 2., 1.], dtype=float32)
    """
    return _python(func, inp, Tout, False, named(name, "PyFunc"), "PyFunc")


def py_function(func: Callable[..., Any], inp: Any, Tout: Any, name: str | None = None) -> Any:
    """A Python function of torch tensors as an operation; autograd sees through it, at every order.

    What the function computes from is known in the run only: every floating result counts as depending on every
    floating input, with a gradient of zeros if it does not.

    Args:
        func: takes a tensor per input, which it must not change; returns a tensor per dtype in Tout, or one if Tout
            is a dtype. Numbers and arrays become tensors of that dtype; tensors have to be of it.
        inp, Tout, name: as in `py_func`.

    Raises:
        TypeError, RuntimeError, InvalidArgumentError: as `py_func`.

    Source: `tf.py_function`.

    >>> import graphgrad as gg
    >>> x = gg.constant(3.0)
    >>> y = gg.py_function(lambda x: x**2 if x > 0 else -x, [x], gg.float32)
    >>> with gg.Session() as sess:
    ...     float(sess.run(gg.gradients(y, x)[0]))
    6.0
    """
    return _python(func, inp, Tout, True, named(name, "EagerPyFunc"), "EagerPyFunc")


def _python(func: Any, inp: Any, kinds: Any, tensors: bool, name: str, type: str) -> Any:
    if executing_eagerly():
        raise RuntimeError("py_func and py_function need a graph; in eager mode call the function")
    if not callable(func):
        raise TypeError(f"func is {func!r}, not a function")
    several = isinstance(kinds, (list, tuple))
    dtypes = tuple(_result_dtype(kind) for kind in (kinds if several else [kinds]))
    given = [_symbolic(each, inp) for each in (inp if isinstance(inp, (list, tuple)) else [inp])]
    graph = _graph_of(given)
    flow = PythonFunction(func, dtypes, tensors, torch.is_grad_enabled(), places=())
    specs = [declared(None, dtype) for dtype in dtypes]
    signature = flow.signature = Nested([value.spec for value in given], specs, flow, ())
    op = _added(graph, type, name, given, signature)
    values = op.values
    wanted = recording.overrides(graph).get(type)
    if wanted is not None and values:
        values = overridden(op, wanted)
    found = [handle_of(value) for value in values]
    return (found or op) if several else found[0]


def _added(graph: Graph, type: str, name: str, reads: Sequence[Value], signature: Nested) -> Operation:
    """The operation of such a signature, which may have no results."""
    before = len(graph)
    values = add(graph, type, name, reads, signature)
    return values[0].op if values else graph.get_operations()[before:][-1]


def _result_dtype(kind: Any) -> torch.dtype:
    if kind is None:
        raise TypeError("Tout has None in it: a result is a tensor; for no results use Tout=[]")
    if kind in (str, bytes, "string", "str"):
        raise TypeError("Tout says string: tensors hold numbers; return indices into a list of strings instead")
    return as_dtype(kind)


def _symbolic(leaf: Any, beside: Any) -> Value:
    found = symbolic(leaf, beside) if isinstance(leaf, torch.Tensor) else convert_to_tensor(leaf)
    value: Value = found.read() if isinstance(found, Variable) else found._value
    return value


def _graph_of(values: Sequence[Value]) -> Graph:
    return home(values[0].op.graph) if values else get_default_graph()


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, computed once more on the way back: time for memory, by `torch.utils.checkpoint`.

    Numbers and gradients are those of the function itself; what it draws at random it draws again. It may read any
    tensor and variable from outside; each gets its gradient.

    Args:
        f: takes and returns tensors, or nests of them; other arguments are handed on as they are.

    Source: `tf.recompute_grad`.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0)
    >>> y = gg.recompute_grad(lambda x: gg.exp(gg.sin(x)))(x)
    >>> y.op.type
    'Recompute'
    """
    if not callable(f):
        raise TypeError(f"recompute_grad takes a function, not {f!r}")

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        if executing_eagerly():
            return checkpoint(f, *args, use_reentrant=False, **kwargs)
        return _call(f, args, kwargs, "Recompute", "Recompute")

    return function


def function(f: Callable[..., Any] | None = None, *, name: str | None = None) -> Any:
    """A decorator: each call of the function is one operation, whose body is a graph of its own.

    Calls share nothing but the code: each records its own body, draws its own random numbers, and makes anew what
    the code makes. In eager mode it is the function itself.

    Args:
        f: takes and returns tensors, or nests of them; other arguments are handed on as they are. It may read
            tensors and variables from outside, and set variables.
        name: of the operations; the function's name if there is none.

    Source: `Defun` of TensorFlow 1.

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
    if not callable(f):
        raise TypeError(f"function takes a function, not {f!r}")
    own = getattr(f, "__name__", "")
    label = named(name, own if own.isidentifier() else "PartitionedCall")

    @functools.wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        if executing_eagerly():
            return f(*args, **kwargs)
        return _call(f, args, kwargs, "PartitionedCall", label)

    return called


def _call(f: Callable[..., Any], args: Any, kwargs: Any, type: str, name: str) -> Any:
    """One call as an operation: tensors among the arguments are its inputs."""
    given: list[Value] = []

    def place(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        given.append(_symbolic(leaf, (args, kwargs)))
        return Leaf(len(given) - 1)

    like = first_symbolic((args, kwargs))
    with get_default_graph().as_default() if like is None else home(like.op.graph).as_default():
        structure = rebuild((args, kwargs), place)
    graph = _graph_of(given)

    def called(*tensors: Any) -> Any:
        positional, options = rebuild(structure, lambda leaf: tensors[leaf.index] if isinstance(leaf, Leaf) else leaf)
        return f(*positional, **options)

    names = [value.op.name.rpartition("/")[2] for value in given]
    body = trace(graph, converting(called), [value.spec for value in given], names)
    width, states = len(body.outputs), assigned_in([body])
    body.outputs += tuple(state_in(body.graph, state) for state in states)
    reads = [*given, *body.captured]
    flow = Called(body, type == "Recompute", places=(tuple(range(len(reads))),))
    specs = [value.spec for value in body.outputs]
    signature = flow.signature = Nested([value.spec for value in reads], specs, flow, (body,))
    op = _added(graph, type, name, reads, signature)
    assigns = handed_on(graph, states, op.values[width:])
    with graph.as_default():
        return after(assigns, structured(body.structure, op.values[:width]))
