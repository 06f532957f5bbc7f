"""A torch call becomes an Operation: the hot path of the library.

The arguments are scanned once. The scan gives the memo's key (specs of tensors, values of the rest),
the values that are read, and the call's arguments with a Value where a tensor stood.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..graph.body import BodyGraph, home, tracing
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Role, Value, handle_of, hold
from ..graph.origin import short, source_line, user_frame
from ..graph.scopes import scoped
from ..ground.errors import RecordingError, message
from ..ground.spec import WORLDS, IntSpec, Spec, int_spec
from .buffers import buffer
from .canonical import Canonical, _known, canonical
from .constants import as_constant
from .dims import Dim, SizeRecorder
from .infer import Leaf, Modes, Signature, Slot, rebuild
from .probe import ChangesArguments
from .tensor import Recorder, Tensor, refuse_transformations
from .variable import State, Variable, captured, names

_grad_enabled = torch.is_grad_enabled
_autocast_enabled = torch._C._is_any_autocast_enabled
_default_dtype = torch.get_default_dtype

_NUMBERS = frozenset((int, float, bool, complex))
_PLAIN = frozenset((str, type(None), torch.dtype, torch.memory_format, torch.layout))

_Parameter = torch.nn.Parameter
_LIKE_TENSORS = (torch.Tensor, Dim, np.ndarray)

# Callables that mean something else on symbolic tensors; other floors add theirs.
handlers: dict[Any, Callable[..., Any]] = {}
out_handler: list[Callable[..., Any]] = []
changing: list[Callable[..., Any]] = []  # records a call that changes its arguments
overridden: list[Callable[..., Any]] = []  # gives an operation the gradient of another name

_memo: dict[Any, Signature] = {}


def call(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `__torch_function__` does: a handler if there is one, else an operation."""
    handler = handlers.get(func)
    if handler is not None:
        return handler(*args, **kwargs)
    if kwargs and kwargs.get("out") is not None:
        return out_handler[0](kwargs["out"], func, args, {key: kwargs[key] for key in kwargs if key != "out"})
    return record(func, args, kwargs)


def record(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str = "") -> Any:
    """Record the call and return symbolic tensors in the structure that torch would return."""
    known = _known.get(func) or canonical(func)
    weak = known.weak
    key: list[Any] = [func, _grad_enabled(), _default_dtype()]
    reads: list[Value] = []
    for argument in args:
        if type(argument) is Tensor:
            value = argument._value
            reads.append(value)
            key.append(value.spec)
        elif type(argument) is _Parameter and reads:
            value = _of_parameter(argument, reads[0].op.graph)
            reads.append(value)
            key.append(value.spec)
        else:
            _scan(argument, key, reads, weak, known, (args, kwargs))
    for option, argument in kwargs.items():
        key.append(option)
        _scan(argument, key, reads, weak, known, (args, kwargs))
    autocast = _autocast() if _autocast_enabled() else None
    if autocast:
        key.append(autocast)
    handled = tuple(key)
    signature = _memo.get(handled)
    if signature is None:
        try:
            signature = _infer(known, args, kwargs, reads, autocast)
        except ChangesArguments as refused:
            return changing[0](func, args, kwargs, refused.positions)
        if (signature.structure is None or signature.specs) and not signature.told:
            _memo[handled] = signature
    if not signature.specs:
        return signature.structure  # the answer has no tensor in it: `x.is_floating_point()`
    # The signature has the arguments of all operations that repeat it; only weak numbers differ.
    varied = weak and (len(args) > len(reads) or kwargs)
    graph = _graph_of(reads, known) if reads else get_default_graph()
    values = iter(reads)
    context = graph.context.__dict__  # this thread's: one look into the thread-local for all three
    called = scoped(context["scope"], name) if name else context["scope"] + known.name
    op = graph.enter(
        Role.CALL, known.type, called, tuple(reads), signature.specs, known.target,
        placed(args, values) if varied else None, placed(kwargs, values) if varied else None, signature, None,
        context["device"], context["controls"],
    )  # fmt: skip
    if context["overrides"] and op.type in context["overrides"]:
        values = overridden[0](op, context["overrides"][op.type])
        return rebuild(signature.structure, lambda leaf: handle_of(values[leaf.index]) if type(leaf) is Leaf else leaf)
    given = op._values
    if type(given) is Value and signature.single:
        if type(given.spec) is Spec:  # a new value: no handle to look for
            made = Tensor.of(given)
            hold(made, given)
            return made
        return handle_of(given)
    return rebuild(signature.structure, lambda leaf: handle_of(op.values[leaf.index]) if type(leaf) is Leaf else leaf)


def overrides(graph: Graph) -> dict[str, str]:
    """The types whose gradients are overridden at this point of the recording, and the names that stand in."""
    return graph.context.overrides


def _graph_of(reads: list[Value], known: Canonical) -> Graph:
    """The one graph that all reads belong to; in a branch or body, values from outside are captured."""
    graph = reads[0].op.graph
    if tracing.bodies and isinstance(body := get_default_graph(), BodyGraph):
        reads[:] = [body.capture(value) for value in reads]
        return body
    for value in reads:
        if value.op.graph is not graph:
            raise ValueError(
                f"{reads[0].name} and {value.name} belong to different graphs, so {known.name} can't read both"
            )
    return graph


def _scan(argument: Any, key: list[Any], reads: list[Value], weak: bool, known: Canonical, whole: Any) -> None:
    """One argument: extends the key and the reads."""
    kind = type(argument)
    if kind is Tensor or (kind is Variable and not argument._value.op.graph.context.controls):
        value = argument._value
        reads.append(value)
        key.append(value.spec)
    elif kind is _Parameter:
        value = _of_parameter(argument, reads[0].op.graph) if reads else _value(argument, known, whole, reads)
        reads.append(value)
        key.append(value.spec)
    elif kind in _NUMBERS:
        key.append(kind)
        if not weak:  # -0.0 equals 0.0, and complex numbers have two such signs
            plain = kind is int or (argument and kind is not complex)
            key.append(argument if plain else repr(argument))
    elif kind in _PLAIN:
        key.append(kind)
        key.append(argument)
    elif kind is tuple or kind is list or kind is torch.Size or isinstance(argument, (tuple, list)):
        key.append("[" if kind is list else "(")  # x[[0]] copies, x[(0,)] is a view
        for item in argument:
            if type(item) is int and not weak:
                key += (int, item)
            else:
                _scan(item, key, reads, weak, known, whole)
        key.append("]")
    elif kind is slice:
        for part in (argument.start, argument.stop, argument.step):
            _scan(part, key, reads, weak, known, whole)
        key.append("slice")
    elif isinstance(argument, int):
        key += (int, _plain_int(argument))
    elif isinstance(argument, np.generic):
        _scan(argument.item(), key, reads, weak, known, whole)
    elif isinstance(argument, _LIKE_TENSORS):
        value = _value(argument, known, whole, reads)
        reads.append(value)
        key.append(value.spec)
    elif kind is dict:
        key.append("{")
        for item in argument.values():
            _scan(item, key, reads, weak, known, whole)
        key += (*argument, "}")
    else:
        try:
            hash(argument)
        except TypeError:
            raise TypeError(f"{known.name} can't be recorded with the argument {argument!r}") from None
        key += (kind, argument)


def _of_parameter(parameter: Any, graph: Graph) -> Value:
    """The value of a parameter's variable; one that was not trained when the graph met it first is a buffer."""
    state: State | None = graph.parameters.get(id(parameter))
    if state is None:
        state = captured(graph, parameter) if parameter.requires_grad else buffer(graph, parameter).state
        if not tracing.bodies and not graph.context.controls:
            return state.reads[0]
    return state.read()


def placed(nest: Any, places: Iterator[Any]) -> Any:
    """The nest with the next of the places where _scan found something to read, and plain Python numbers."""
    kind = type(nest)
    if kind in _NUMBERS or kind in _PLAIN:
        return nest
    if isinstance(nest, _LIKE_TENSORS):
        return next(places)
    if isinstance(nest, (tuple, list)):
        items = [placed(item, places) for item in nest]
        return items if kind is list else tuple(items)
    if kind is slice:
        return slice(*[placed(part, places) for part in (nest.start, nest.stop, nest.step)])
    if kind is dict:
        return {name: placed(item, places) for name, item in nest.items()}
    if isinstance(nest, int):
        return _plain_int(nest)
    return nest.item() if isinstance(nest, np.generic) else nest


def is_read(argument: Any) -> bool:
    """Whether the recorder reads this argument as a tensor or a size."""
    return isinstance(argument, _LIKE_TENSORS)


def _plain_int(number: int) -> int:
    """Without the class of a Dimension, a numpy int, an IntEnum."""
    return bool(number) if type(number) is bool else int(number)


def _value(argument: Any, known: Canonical, whole: tuple[Any, Any], reads: list[Value]) -> Value:
    """The value that a tensor-like argument stands for: itself, a variable's read, or a new constant."""
    if isinstance(argument, (Tensor, Dim)):
        return argument.read() if isinstance(argument, Variable) else argument._value
    like = reads[0] if reads else first_symbolic(whole)
    graph = home(like.op.graph) if like is not None else get_default_graph()
    if isinstance(argument, torch.Tensor):
        if type(argument) is _Parameter or argument.requires_grad or id(argument) in graph.parameters:
            return _of_parameter(argument, graph)
        if id(argument) in names.buffers:
            return buffer(graph, argument).read()
        return as_constant(graph, argument)
    return as_constant(graph, argument, like.spec.dtype if like is not None else None, known.name)


def symbolic(tensor: Any, beside: Any = ()) -> Tensor:
    """A tensor as a symbolic one: a parameter or a buffer as its variable, plain data as a constant."""
    if isinstance(tensor, Tensor):
        return tensor
    like = first_symbolic(beside)
    return handle_of(_value(tensor, canonical(symbolic), beside, [] if like is None else [like]))  # type: ignore[no-any-return]


def first_symbolic(nest: Any) -> Value | None:
    """The first symbolic tensor in an argument nest."""
    pending = [nest]
    while pending:
        item = pending.pop()
        if isinstance(item, (Tensor, Dim)):
            return item._value
        if isinstance(item, (tuple, list)):
            pending.extend(reversed(item))
        elif isinstance(item, dict):
            pending.extend(reversed(list(item.values())))
        elif type(item) is slice:
            pending += (item.step, item.stop, item.start)
    return None


def _autocast() -> tuple[Any, ...]:
    device = "cuda" if torch.is_autocast_enabled("cuda") else "cpu"
    return (device, torch.get_autocast_dtype(device))


# -- a signature seen for the first time --------------------------------------------------------------


@dataclass
class _Attempt:
    """A call that is not an operation yet, for messages."""

    name: str
    reads: list[Value]

    def describe(self) -> str:
        return f"{self.name}({', '.join(f'{value.op.name}: {value.spec!r}' for value in self.reads)})"

    def where(self) -> str:
        frame = user_frame(3)
        if frame is None:
            return "outside any Python file"
        filename = frame.f_code.co_filename
        return f"{short(filename)}:{frame.f_lineno}   {source_line(filename, frame.f_lineno)}"


def _infer(
    known: Canonical, args: tuple[Any, ...], kwargs: dict[str, Any], reads: list[Value], autocast: Any
) -> Signature:
    refuse_transformations()
    slots = map(Slot, range(len(reads)))
    modes = Modes(_grad_enabled(), _default_dtype(), autocast)
    skeleton = placed(args, slots), placed(kwargs, slots)
    specs: tuple[Spec | IntSpec, ...] = tuple(value.spec for value in reads)
    try:
        return Signature(known, *skeleton, specs, modes, _contents(reads))
    except ChangesArguments:
        raise
    except (RuntimeError, ValueError, AssertionError, ZeroDivisionError) as error:
        kind: Any = NotImplementedError if isinstance(error, NotImplementedError) else RecordingError
        raise kind(_complaint(error, known, reads)) from error
    except LookupError as error:
        raise IndexError(_complaint(error, known, reads)) from error
    except TypeError as error:
        raise type(error)(_complaint(error, known, reads)) from error


def _contents(reads: list[Value]) -> dict[int, torch.Tensor]:
    """The small constants among the reads that may be lengths or indices."""
    return {
        position: value.op.payload
        for position, value in enumerate(reads)
        if value.op.role is Role.CONSTANT and not value.spec.differentiable and value.op.payload.numel() <= 4096
    }


def _untried(number: re.Match[str]) -> str:
    """A number in a message of torch's, with `?` where it has a made-up size in it."""
    for size in WORLDS[:2]:
        times, rest = divmod(int(number[0]), size)
        if times and not rest:
            return "?" if times == 1 else f"? x {times}"
    return number[0]


def _complaint(error: Exception, known: Canonical, reads: list[Value]) -> str:
    said = str(error).strip().splitlines()
    what = said[0] if said else type(error).__name__
    if any(value.spec.worlds is not None for value in reads):  # torch was tried with made-up sizes
        what = re.sub(r"\b\d{4,}\b", _untried, what)
    return message(f"{known.name}: {what}", _Attempt(known.name, reads))


# -- sizes --------------------------------------------------------------------------------------------


def record_size(function: Callable[..., Any], args: tuple[Any, ...]) -> Dim:
    """Record integer arithmetic on sizes."""
    first = next(item for item in args if isinstance(item, Dim))

    def make() -> Value:
        kept = tuple(item._value if isinstance(item, Dim) else int(item) for item in args)
        reads = tuple(item for item in kept if isinstance(item, Value))
        specs = (_size_spec(function, kept),)
        name = function.__name__.strip("_")
        graph, body = reads[0].op.graph, get_default_graph()
        if isinstance(body, BodyGraph) and any(value.op.graph is not graph for value in reads):
            graph, inside = body, body.capture
            kept = tuple(inside(item) if isinstance(item, Value) else item for item in kept)
            reads = tuple(map(inside, reads))
        op = graph.add(Role.CALL, name.capitalize(), name, reads, specs, target=function, args=kept, signature=None)
        return op.values[0]

    return Dim(make, first._origin)


def size_of(value: Value, axis: int) -> Dim:
    """The run-time size of one axis."""
    spec = value.spec
    assert isinstance(spec, Spec) and spec.worlds is not None

    def make() -> Value:
        sizes = int_spec(tuple(None if shape is None else shape[axis] for shape in spec.worlds or ()))
        op = value.op.graph.add(
            Role.CALL, "Size", "size", (value,), (sizes,), target=torch.Tensor.size, args=(value, axis)
        )
        return op.values[0]

    return Dim(make, value, axis)


def _size_spec(function: Callable[..., Any], args: tuple[Any, ...]) -> IntSpec:
    sizes: list[int | None] = []
    for world in range(len(WORLDS)):
        operands: list[Any] = [
            item.spec.worlds[world] if isinstance(item, Value) and item.spec.worlds else item for item in args
        ]
        if any(operand is None for operand in operands) or (
            function in (operator.floordiv, operator.mod) and operands[1] == 0
        ):
            sizes.append(None)
        else:
            sizes.append(function(*operands))
    return int_spec(tuple(sizes))


Recorder.call = staticmethod(call)
Recorder.record = staticmethod(record)
Recorder.size_of = staticmethod(size_of)
SizeRecorder.call = staticmethod(call)
SizeRecorder.arithmetic = staticmethod(record_size)
