"""The symbolic tensor: a `torch.Tensor` that owns no memory and records what is done with it.

It is a handle on a value of the graph. In-place methods move the handle to a new value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np
import torch

from ..graph import operation
from ..graph.graph import Graph
from ..graph.operation import Operation, Value, hold
from ..graph.sessions import require_session
from ..ground.errors import NoValueError, RecordingError, message
from ..ground.spec import ArraySpec, IntSpec, Spec, declared, format_shape
from .dims import Dim, Dimension, TensorShape, UnknownShape, listening

_wrap: Callable[..., Any] = torch.Tensor._make_wrapper_subclass
_shapes: dict[Spec, TensorShape] = {}


class Recorder:
    """The door to the recorder, which is built on top of this module and installs itself here."""

    call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]
    record: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]
    size_of: Callable[[Value, int], Dim]
    in_place: Callable[[Tensor, Any, tuple[Any, ...]], Tensor]
    known: Callable[[Value], torch.Tensor | None]


def no_value(value: Value, wanted: str) -> NoValueError:
    """The error of asking a symbolic tensor for numbers."""
    return NoValueError(
        message(
            f"{value.name} has no value yet: {wanted} needs one",
            value.op,
            "run it with session.run(tensor); torch.where chooses by a value inside the graph",
        )
    )


_level = torch._C._functorch.maybe_current_level


def refuse_transformations() -> None:
    """`RecordingError` inside `torch.func.grad`, `vmap` and their like, which wrap tensors in tensors of their own."""
    if _level() is not None:
        raise RecordingError(
            "torch.func's transformations (grad, vmap, jacrev, ...) can't look into recorded code: "
            "differentiate with gg.gradients, or give the transformation plain tensors"
        )


class Tensor(torch.Tensor):
    """A tensor of a graph: a shape and a dtype now, numbers in a run.

    Every torch function, method and `nn.Module` accepts it and records an operation.

    >>> import graphgrad as gg
    >>> import torch
    >>> x = gg.placeholder(gg.float32, [None, 3], name="x")
    >>> torch.sin(x).sum(dim=1)
    <Tensor 'sum:0' float32[?]>
    """

    __slots__ = ("_value", "_sizes")
    _value: Value
    _sizes: Any

    @classmethod
    def of(cls, value: Value, kind: Any = None) -> Tensor:
        """The handle on a value."""
        handle: Tensor = _wrap(kind or Tensor, ())
        handle._value = value
        return handle

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return Recorder.call(func, args, kwargs or {})

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> NoReturn:
        for argument in args:
            if isinstance(argument, Tensor):
                raise no_value(argument._value, str(func))
        raise NoValueError(f"a symbolic tensor has no value yet: {func} needs one")

    # -- what is known without data ---------------------------------------------------------------

    @property
    def op(self) -> Operation:
        """The operation that gives it."""
        return self._value.op

    @property
    def graph(self) -> Graph:
        """The graph that it belongs to."""
        return self._value.op.graph

    @property
    def name(self) -> str:
        """The name of its operation, a colon and its index among the outputs; unique in its graph."""
        return self._value.name

    @property
    def value_index(self) -> int:
        """Which output of its operation it is."""
        return self._value.index

    @property
    def dtype(self) -> torch.dtype:  # type: ignore[override]
        """A torch dtype."""
        return self._value.spec.dtype

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """Where it was asked to be; torch's default device if nowhere in particular."""
        return torch.device(self._value.op.device) if self._value.op.device else torch.get_default_device()

    @property
    def is_meta(self) -> bool:  # type: ignore[override]
        """False: it will have memory, in a run."""
        return False

    @property
    def is_cuda(self) -> bool:  # type: ignore[override]
        """Whether it was asked to be on a CUDA device."""
        return self.device.type == "cuda"

    @property
    def shape(self) -> Any:  # type: ignore[override]
        """Its `TensorShape`, of ints, and of `Dim` objects where a size is known only at run time."""
        spec = self._value.spec
        assert isinstance(spec, Spec)
        if spec.worlds is None:
            known = _shapes.get(spec)
            if known is None:
                known = _shapes[spec] = TensorShape(Dimension(size or 0) for size in spec.shape or ())
            return known
        if spec.shape is None:
            return UnknownShape()
        cached = getattr(self, "_sizes", None)
        if cached is None or cached[0] is not self._value:
            sizes = [
                Recorder.size_of(self._value, axis) if size is None else Dimension(size)
                for axis, size in enumerate(spec.shape)
            ]
            cached = self._sizes = (self._value, TensorShape(sizes))
        return cached[1]

    def get_shape(self) -> Any:
        """TF1's spelling of `.shape`."""
        return self.shape

    def size(self, dim: int | None = None) -> Any:
        shape = self.shape
        return shape if dim is None else shape[dim]

    def dim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    ndim = property(dim)
    ndimension = dim

    def numel(self) -> Any:
        return self.shape.numel()

    nelement = numel

    def set_shape(self, shape: Any) -> None:
        """Add what is known about the shape, for what is recorded later; `ValueError` if it contradicts."""
        known = self._value.spec.shape
        wanted = [None if size is None else int(size) for size in shape]
        if known is not None and (
            len(known) != len(wanted)
            or any(None not in pair and pair[0] != pair[1] for pair in zip(known, wanted, strict=True))
        ):
            raise ValueError(
                message(f"{self.name} has shape {format_shape(known)}, not {format_shape(wanted)}", self.op)
            )
        if known != tuple(wanted):
            both = wanted if known is None else [w if k is None else k for k, w in zip(known, wanted, strict=True)]
            self._value.spec = declared(both, self.dtype)

    @property
    def requires_grad(self) -> bool:
        return self._value.spec.differentiable

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)  # every floating tensor of a graph can be differentiated

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        if not requires_grad:
            raise RuntimeError(f"{self.name}.requires_grad_(False): use gg.stop_gradient or stop_gradients=")
        return self

    @property
    def grad(self) -> None:  # type: ignore[override]
        return None

    @property
    def is_leaf(self) -> bool:  # type: ignore[override]
        return not self._value.op.reads

    def consumers(self) -> list[Operation]:
        """The operations that read it, once per read."""
        return list(self._value.readers)

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:
        """Its value in the default session, or in the one given."""
        return require_session(session, f"evaluate {self.name}").run(self, feed_dict)

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"<Tensor {self._value.name!r} {self._value.spec!r}>"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    __hash__ = object.__hash__

    def __len__(self) -> int:
        shape = self.shape
        if len(shape) == 0:
            raise TypeError(f"len() of the 0-d tensor {self.name}")
        if isinstance(shape[0], Dim):
            raise no_value(self._value, "len()")
        return int(shape[0])

    def __iter__(self) -> Iterator[Any]:
        for row in range(len(self)):
            yield self[row]

    # -- in place ---------------------------------------------------------------------------------

    def __setitem__(self, index: Any, value: Any) -> None:
        Recorder.in_place(self, set_item, (index, value))

    def rebind(self, value: Value) -> None:
        """From here on this object stands for another value; the old one keeps its name."""
        self._value.handle = None
        self._value = value
        hold(self, value)


def set_item(tensor: torch.Tensor, index: Any, value: Any) -> torch.Tensor:
    """A copy of the tensor with some elements replaced."""
    copy = tensor.clone()
    copy[index] = value
    return copy


# -- what needs a value, and what is elementwise ------------------------------------------------------


def _refuse(name: str, wanted: str) -> None:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        answer = Recorder.known(self._value) if name in _QUESTIONS else None
        if answer is None:
            raise no_value(self._value, wanted)
        return getattr(answer, name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"Raises `NoValueError`: {wanted} needs a value, which a symbolic tensor has only in a run."
    setattr(Tensor, name, method)


# A tensor that a recorded module makes of constants alone has a value for these.
_QUESTIONS = frozenset("__bool__ __int__ __float__ __complex__ __index__ __contains__ item tolist numpy".split())

for _name in ("__bool__", "__int__", "__float__", "__complex__", "__index__", "__contains__"):
    _refuse(_name, _name.strip("_") + "()")
for _name in ("item", "tolist", "numpy", "backward", "data_ptr", "storage", "untyped_storage", "register_hook",
              "retain_grad", "register_post_accumulate_grad_hook"):  # fmt: skip
    _refuse(_name, f".{_name}()")
_refuse("__array__", "a numpy array of it")
_refuse("__reduce_ex__", "pickling")
_refuse("__deepcopy__", "a deep copy")
_refuse("__dlpack__", "DLPack")


_modes = torch._C._len_torch_function_stack


def _sized(name: str) -> None:
    """A method that takes sizes one by one or as a tuple; with symbolic ones torch takes only the tuple."""
    original = getattr(torch.Tensor, name)

    def method(self: Tensor, *sizes: Any, **kwargs: Any) -> Any:
        if len(sizes) > 1 and isinstance(sizes[0], (int, Dim)):
            sizes = (sizes,)
        if _modes() > listening.everything:  # a mode that is not the recorder's own
            return original(self, *sizes, **kwargs)
        return Recorder.call(original, (self, *sizes), kwargs)

    method.__name__ = name
    method.__doc__ = f"torch's `Tensor.{name}`, recorded."
    setattr(Tensor, name, method)


for _name in ("expand", "view", "reshape", "repeat", "tile", "new_zeros", "new_ones", "new_empty"):
    _sized(_name)


def _direct(name: str) -> None:
    """A method that skips the way on which torch finds out that it has a symbolic tensor in its hands."""
    original = getattr(torch.Tensor, name)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if _modes() > listening.everything:
            return original(self, *args, **kwargs)
        return Recorder.call(original, (self, *args), kwargs)

    method.__name__ = name
    method.__doc__ = f"torch's `Tensor.{name}`, recorded."
    setattr(Tensor, name, method)


for _name in (
    "abs amax amin argmax chunk clamp contiguous cos double exp flatten float gather log log_softmax "
    "long masked_fill matmul mean mul neg norm permute pow prod relu rsqrt select sigmoid sin softmax split sqrt "
    "square squeeze std sub sum t tanh to transpose type_as unbind unflatten unsqueeze var"
).split():
    _direct(_name)


def _binary(name: str, function: Any, swap: bool = False) -> None:
    original = getattr(torch.Tensor, name)

    def method(self: Tensor, other: Any) -> Any:
        if type(other) is list:  # TF1 scripts write `x * [1.0, 2.0]`
            other = np.asarray(other)
        if _modes() > listening.everything:
            return original(self, other)
        return Recorder.call(function, (other, self) if swap else (self, other), {})

    method.__name__ = name
    setattr(Tensor, name, method)


def _in_place_operator(name: str, function: Any) -> None:
    def method(self: Tensor, other: Any) -> Tensor:
        return Recorder.in_place(self, function, (other,))

    method.__name__ = name
    setattr(Tensor, name, method)


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "pow",
    "matmul",
    "floordiv",
    "mod",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
):
    _function = getattr(operator, _name, None) or getattr(operator, _name + "_")
    _binary(f"__{_name}__", _function)
    _binary(f"__r{_name}__", _function, swap=True)
    _in_place_operator(f"__i{_name}__", _function)
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _binary(f"__{_name}__", getattr(operator, _name))


class Arrays:
    """The door to the user's handle on a tensor array, which is built on top of this module."""

    make: Callable[[Value], Any]


def _handle(value: Value) -> Any:
    if isinstance(value.spec, ArraySpec):
        return Arrays.make(value)
    if not isinstance(value.spec, IntSpec):
        return Tensor.of(value)
    dim = Dim(lambda: value, value)
    dim._found = value
    return dim


operation.make_handle = _handle
