"""What a module or a recorded function does without a symbolic argument is recorded too.

Inside `gg.record`, and inside any `nn.Module` that is called with a symbolic argument, a
`TorchFunctionMode` sees the calls that torch would not show us: operations on parameters
(`softmax(self.alpha)`), and random or factory calls (`torch.randn(B, z)`), which would otherwise be
baked in as constants.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from ..graph.body import home
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import handle_of
from ..ground.compiling import compiling
from ..ground.errors import RecordingError, message
from . import buffers, norms
from .constants import as_constant
from .dims import listening
from .infer import probing
from .kept import Kept
from .known import guards
from .layers import plain, record_plain
from .parts import calls, named, parts_of, scope_of
from .record import call, first_symbolic, symbolic
from .tensor import Tensor, no_value
from .variable import Variable, names

_FACTORIES = frozenset(
    getattr(torch, name)
    for name in (
        "rand randn randint randperm normal zeros ones full empty arange linspace logspace eye tril_indices "
        "triu_indices rand_like randn_like randint_like zeros_like ones_like full_like empty_like"
    ).split()
) | frozenset(getattr(torch.Tensor, name) for name in "new_zeros new_ones new_full new_empty".split())

# They take numbers from outside: what they give is a constant, which may change in place.
_INPUTS = frozenset((torch.tensor, torch.as_tensor, torch.asarray, torch.from_numpy, torch.scalar_tensor))


class Recording(TorchFunctionMode):
    """Active while user code is recorded; sees every torch call of this thread."""

    def __enter__(self) -> Any:
        self._outer, listening.everything = listening.everything, True
        return super().__enter__()  # type: ignore[no-untyped-call]

    def __exit__(self, *failure: Any) -> None:
        listening.everything = self._outer
        super().__exit__(*failure)  # type: ignore[no-untyped-call]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if Tensor in types or Variable in types:
            return call(func, args, kwargs)
        if probing():
            return func(*args, **kwargs)
        if first_symbolic((args, kwargs)) is not None:
            return call(func, args, kwargs)
        if func in _INPUTS:
            return handle_of(as_constant(get_default_graph(), func(*args, **kwargs)))
        if not (func in _FACTORIES or _has_state(args, kwargs)):
            if func not in _RANDOM:
                return func(*args, **kwargs)
            if func.__name__.endswith("_"):  # the plain tensor can't become what each run draws
                what = f"{func.__name__} of a plain tensor would draw once, while recording"
                raise RecordingError(message(what, None, "torch.rand_like(tensor), torch.randn_like(tensor), ..."))
            args = (symbolic(args[0]), *args[1:]) if args else args  # its draws belong to the runs
        name = getattr(func, "__name__", "")
        if (name == "__get__" and func.__self__.__name__ not in _VIEWS) or func in _QUESTIONS:
            return func(*args, **kwargs)
        if func in _ANSWERS:
            if any(isinstance(argument, torch.Tensor) and argument.requires_grad for argument in args):
                raise no_value(symbolic(args[0])._value, func.__name__)
            buffers.refuse_changed(args, func.__name__)
            return func(*args, **kwargs)
        kwargs.pop("device", None)
        kwargs.pop("pin_memory", None)
        kwargs.pop("requires_grad", None)
        return call(func, _stateful(args), _stateful(kwargs))


_QUESTIONS = frozenset(
    getattr(torch.Tensor, name)
    for name in "size dim numel stride is_floating_point is_complex is_contiguous __len__ element_size".split()
)


# Properties that are tensors.
_VIEWS = frozenset("T mT H mH real imag data".split())

# What draws numbers with plain tensors alone: it has to draw in each run, and from the session's streams.
_RANDOM = frozenset(
    getattr(owner, name)
    for owner, names in (
        (torch, "bernoulli poisson multinomial dropout alpha_dropout feature_dropout rrelu binomial"),
        (torch.nn.functional, "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout rrelu"),
        (torch.nn.functional, "gumbel_softmax"),
        (torch.Tensor, "bernoulli multinomial normal_ uniform_ bernoulli_ exponential_ random_ cauchy_ geometric_"),
        (torch.Tensor, "log_normal_"),
    )
    for name in names.split()
)


def _is_state(tensor: torch.Tensor) -> bool:
    """Whether a plain tensor is a parameter, or a buffer of a module being called."""
    return tensor.requires_grad or id(tensor) in names.buffers or type(tensor) is torch.nn.Parameter


def _stateful(nest: Any) -> Any:
    """The arguments with the variables of parameters and buffers in place of these."""
    if isinstance(nest, torch.Tensor):
        return symbolic(nest) if _is_state(nest) else nest
    if type(nest) in (tuple, list):
        return type(nest)(_stateful(item) for item in nest)
    return {name: _stateful(item) for name, item in nest.items()} if type(nest) is dict else nest


# Answers with Python values; a buffer that nothing has changed may give them.
_ANSWERS = frozenset(
    getattr(torch.Tensor, name)
    for name in "item tolist numpy __bool__ __int__ __float__ __index__ __contains__ __format__ __repr__".split()
)


def _has_state(args: Any, kwargs: Any) -> bool:
    """Whether a parameter, or a buffer of a module being called, is among the arguments."""
    pending = [*args, *kwargs.values()]
    while pending:
        item = pending.pop()
        if isinstance(item, torch.Tensor) and _is_state(item):
            return True
        if isinstance(item, (tuple, list)):
            pending.extend(item)
    return False


# Recording exchanges a module's buffers for symbolic tensors while its forward runs: one thread at a time.
_lock = threading.RLock()


@contextlib.contextmanager
def recording() -> Iterator[None]:
    """Record every torch call in the block."""
    with Recording(), compiling(), _patient_collector():
        yield


# New objects between two looks of Python's garbage collector while a model is recorded.
_PATIENCE = 100_000


class _Patience:
    """How many threads are recording, and the collector's threshold from before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.recording = 0
        self.before: tuple[int, int, int] = gc.get_threshold()


_patience = _Patience()


@contextlib.contextmanager
def _patient_collector() -> Iterator[None]:
    """Let the garbage collector look seldom: what recording makes lives as long as its graph."""
    with _patience.lock:
        _patience.recording += 1
        if _patience.recording == 1:
            _patience.before = gc.get_threshold()
            if 0 < _patience.before[0] < _PATIENCE:
                gc.set_threshold(_PATIENCE, *_patience.before[1:])
    try:
        yield
    finally:
        with _patience.lock:
            _patience.recording -= 1
            if not _patience.recording and gc.get_threshold()[0] == _PATIENCE:  # else somebody else has set it
                gc.set_threshold(*_patience.before)


def _call_module(original: Callable[..., Any], graph: Graph, module: torch.nn.Module, args: Any, kwargs: Any) -> Any:
    """Call a module: inside a scope with its name, everything recorded."""
    now = calls.__dict__
    if not now["modules"]:
        parts = parts_of(module)
        with _lock, graph.as_default(), recording(), named(parts, graph.context.scope):
            return _call_scoped(original, graph, module, args, kwargs, list(parts.values()))
    if id(module) not in now["paths"]:  # not a part of the outermost one: kept in a list, or made by forward
        with named(parts_of(module), graph.context.scope):
            return _call_scoped(original, graph, module, args, kwargs)
    if len(args) == 1 and type(args[0]) is Tensor and not kwargs:
        layer = plain(module, args[0])
        if layer is not None:
            return record_plain(graph, module, layer)
    return _call_scoped(original, graph, module, args, kwargs)


def _call_scoped(
    original: Callable[..., Any], graph: Graph, module: torch.nn.Module, args: Any, kwargs: Any,
    everything: Sequence[torch.nn.Module] = (),
) -> Any:  # fmt: skip
    """Call a module inside the scope with its name; the outermost is given all of its parts."""
    context = graph.context.__dict__
    outer = context["scope"]
    callers = calls.modules
    scope = scope_of(module)
    if scope:
        context["scope"] = graph.unique(outer + scope) + "/"
    inside = module in callers  # it calls itself: its buffers are settled where it was called first
    callers.append(module)
    kept = Kept(everything or [module], bool(everything)) if module._buffers or everything else None
    buffers.enter()
    first, result = len(graph), None
    try:
        result = (norms.average if norms.averages(module) else original)(module, *args, **kwargs)
        if inspect.isgenerator(result):
            raise RecordingError(f"{type(module).__name__}.forward is a generator; return its items in a list")
        if kept is not None and not inside:
            kept.settle(graph)
    finally:
        buffers.leave(result, first)
        callers.pop()
        context["scope"] = outer
        if kept is not None and not inside:
            kept.restore()
    return result


def _install() -> None:
    """Let `nn.Module.__call__` look at its arguments: a fraction of a microsecond on eager calls.

    torch's public alternative, global module hooks, would put every module call of the process on
    torch's slow path and does not see keyword arguments.
    """
    original = torch.nn.Module.__call__

    @functools.wraps(original)
    def __call__(self: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
        for argument in args:
            kind = type(argument)
            if kind is not torch.Tensor:
                symbolic = argument._value if kind is Tensor else first_symbolic(argument)
                if symbolic is not None:
                    return _call_module(original, home(symbolic.op.graph), self, args, kwargs)
        symbolic = first_symbolic(kwargs) if kwargs else None
        if symbolic is not None:
            return _call_module(original, home(symbolic.op.graph), self, args, kwargs)
        if listening.everything and not probing():  # called by recorded code, with plain tensors or nothing
            return _call_module(original, get_default_graph(), self, args, kwargs)
        return original(self, *args, **kwargs)

    torch.nn.Module.__call__ = __call__  # type: ignore[method-assign]


_install()
guards.append(buffers.run_with)


def record_function(fn: Callable[..., Any], *examples: Any, **kwargs: Any) -> Any:
    """Record an eager function or module: its operations join the default graph.

    Args:
        fn: a function of torch tensors, or an `nn.Module`.
        *examples: symbolic tensors are passed on; a spec (a `(shape, dtype)` placeholder made with
            `gg.placeholder`) too; torch tensors and numpy arrays become constants.
        **kwargs: likewise.

    Returns:
        What fn returns, with symbolic tensors in place of tensors.

    >>> import graphgrad as gg, torch
    >>> x = gg.placeholder(gg.float32, [2, 3])
    >>> gg.record(lambda x: {"loss": (x * torch.ones(3)).sum()}, x)
    {'loss': <Tensor 'sum:0' float32[]>}
    """
    graph = get_default_graph()
    given = _symbolic(examples), _symbolic(kwargs)
    with recording():
        buffers.enter()
        first, result = len(graph), None
        try:
            result = fn(*given[0], **given[1])
        finally:
            buffers.leave(result, first)
    return result


def _symbolic(nest: Any) -> Any:
    """The nest with plain tensors and arrays as constants of the default graph; parameters stay."""
    if isinstance(nest, (Tensor, torch.nn.Parameter)) or (isinstance(nest, torch.Tensor) and nest.requires_grad):
        return nest
    if isinstance(nest, (torch.Tensor, np.ndarray)):
        return handle_of(as_constant(get_default_graph(), nest))
    if isinstance(nest, (tuple, list)):
        items = [_symbolic(item) for item in nest]
        if isinstance(nest, list):
            return items
        return type(nest)(*items) if hasattr(nest, "_fields") else tuple(items)
    if isinstance(nest, dict):
        return {key: _symbolic(item) for key, item in nest.items()}
    return nest
