"""Sizes that are known only at run time, and the shape tuple that holds them."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator
from typing import Any, SupportsIndex

import torch

from ..graph.operation import Value, hold
from ..ground.errors import NoValueError, message
from ..ground.spec import format_shape


class Dimension(int):
    """A known size: an int that also answers TF1's `.value`."""

    @property
    def value(self) -> int:
        """The size, in TF1's spelling."""
        return int(self)


class Listening(threading.local):
    """Whether a mode on this thread sees every torch call anyway."""

    everything = False


listening = Listening()


class _TorchFunction:
    """`Dim.__torch_function__`, which is not there while a mode sees every call.

    torch takes a size that has it for the whole size list in `torch.randn(B, 3)`. Without it, torch
    would compute `plain_tensor * B` with a made-up number; there the mode steps in first.
    """

    def __get__(self, dim: Any, owner: Any) -> Any:
        if listening.everything:
            raise AttributeError("__torch_function__")
        return _torch_function


def _torch_function(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    return SizeRecorder.call(func, args, kwargs or {})


def no_size(dim: Dim, wanted: str) -> NoValueError:
    """The error of asking a size for its number."""
    return NoValueError(
        message(
            f"this size has no value yet: {wanted} needs one",
            dim.op,
            "declare the dimension in the placeholder, or use a torch or gg function that takes sizes",
        )
    )


class SizeRecorder:
    """The door to the recorder, which is built on top of this module and installs itself here."""

    call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]
    arithmetic: Callable[[Any, tuple[Any, ...]], Dim]
    compare: Callable[[Any, Dim, Any], bool]


class Dim(torch.SymInt):
    """A size that a run decides: `B, T = x.shape`. Arithmetic on it is recorded.

    torch accepts it wherever it takes a size (`x.reshape(B, -1)`), because it is a `torch.SymInt`.
    """

    def __init__(self, make: Callable[[], Value], origin: Value, axis: int | None = None) -> None:
        self._make = make
        self._found: Value | None = None
        self._origin = origin
        self.key = None if axis is None else (origin, axis)  # the same for the same size of the same tensor

    @property
    def _value(self) -> Value:
        """The graph's value of this size; its operation is recorded on first use."""
        if self._found is None:
            self._found = self._make()
            hold(self, self._found)
        return self._found

    @property
    def op(self) -> Any:
        return (self._found or self._origin).op

    @property
    def value(self) -> None:
        """None, as TF1 has it for an unknown dimension."""
        return None

    @property
    def node(self) -> Any:  # torch asks for it where it wants the number itself
        raise no_size(self, "torch")

    __torch_function__ = _TorchFunction()

    def __repr__(self) -> str:
        return "?"

    __str__ = __repr__
    __hash__ = object.__hash__

    def __int__(self) -> int:
        raise no_size(self, "int()")

    def __index__(self) -> int:
        raise no_size(self, "an index")

    def __float__(self) -> float:
        raise no_size(self, "float()")

    def __bool__(self) -> bool:
        raise no_size(self, "a Python branch")

    def __eq__(self, other: object) -> bool:
        return self is other or SizeRecorder.compare(operator.eq, self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return SizeRecorder.compare(operator.lt, self, other)

    def __le__(self, other: Any) -> bool:
        return SizeRecorder.compare(operator.le, self, other)

    def __gt__(self, other: Any) -> bool:
        return SizeRecorder.compare(operator.gt, self, other)

    def __ge__(self, other: Any) -> bool:
        return SizeRecorder.compare(operator.ge, self, other)

    def __neg__(self) -> Dim:
        return SizeRecorder.arithmetic(operator.neg, (self,))


def _arithmetic(function: Callable[..., Any], swap: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: Dim, other: Any) -> Any:
        if isinstance(other, torch.Tensor) or not isinstance(other, (int, float, Dim)):
            return NotImplemented
        if isinstance(other, float) or function is operator.truediv:
            raise no_size(self, "float arithmetic")
        return SizeRecorder.arithmetic(function, (other, self) if swap else (self, other))

    return method


for _name in ("add", "sub", "mul", "floordiv", "mod", "pow", "truediv"):
    setattr(Dim, f"__{_name}__", _arithmetic(getattr(operator, _name)))
    setattr(Dim, f"__r{_name}__", _arithmetic(getattr(operator, _name), swap=True))


class TensorShape(tuple):  # type: ignore[type-arg]
    """A tensor's shape: a tuple of sizes, with what TF1 users ask of one.

    Known sizes are ints, unknown ones `Dim`s.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [None, 784])
    >>> x.shape.as_list(), x.shape[1].value, x.shape.ndims, x.shape
    ([None, 784], 784, 2, TensorShape([?, 784]))
    """

    def as_list(self) -> list[int | None]:
        """The sizes, None where unknown."""
        return [None if isinstance(size, Dim) else int(size) for size in self]

    @property
    def ndims(self) -> int:
        return len(self)

    rank = ndims

    @property
    def dims(self) -> list[Any]:
        return list(self)

    def is_fully_defined(self) -> bool:
        return not any(isinstance(size, Dim) for size in self)

    def numel(self) -> Any:
        """The number of elements."""
        total: Any = 1
        for size in self:
            total = total * size
        return total

    num_elements = numel

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        found = tuple.__getitem__(self, index)
        return TensorShape(found) if isinstance(index, slice) else found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (tuple, list)):
            return False
        if listening.everything and len(self) == len(other):
            return all(mine == theirs for mine, theirs in zip(self, other, strict=True))
        return self.as_list() == [None if isinstance(size, Dim) else size for size in other]

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        return f"TensorShape({format_shape(self.as_list())})"


class UnknownShape:
    """The shape of a tensor whose rank is not known before a run."""

    ndims = None
    rank = None
    dims = None

    def as_list(self) -> list[int | None]:
        """`ValueError`: there are no sizes to list."""
        raise ValueError("the rank of this shape is unknown")

    def is_fully_defined(self) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        raise ValueError("the rank of this shape is unknown, so it can't be unpacked")

    def __len__(self) -> int:
        raise ValueError("the rank of this shape is unknown")

    def __repr__(self) -> str:
        return "TensorShape(None)"
