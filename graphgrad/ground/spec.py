"""Shape, dtype and layout of a tensor that has no data yet.

A dimension may be unknown. An unknown dimension is never guessed: it carries one size per *world*
(see `WORLDS`), an op is inferred once in each world, and a dimension of its result is unknown exactly
where the worlds disagree. Static specs are the same in every world and pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

# The sizes that an unknown dimension takes while an op is inferred. The first two divide by what
# models divide by (heads, groups, strides); the others are small, so that `x[:5]` is not taken for 5 rows.
# A world in which an op fails while another succeeds is dropped for what follows from it.
WORLDS = (1680, 2520, 3, 1)
# A placeholder of unknown rank differs in rank, too, between worlds.
RANKS = (2, 2, 1, 0)

Shape = tuple[int, ...]
Worlds = tuple[Shape | None, ...]


class Spec:
    """What is known about a tensor when it is recorded. Interned: equal specs are one object.

    Attributes:
        shape: the sizes, None where unknown; None altogether when even the rank is unknown.
        dtype: a torch dtype.
        strides: the strides if the layout is not the plain contiguous one, else None. With unknown sizes: the axes
            from the outermost in memory to the innermost, after a -1 if there are gaps between elements.
        worlds: one concrete shape per world if anything is unknown, else None.
    """

    __slots__ = ("shape", "dtype", "strides", "worlds", "differentiable", "__weakref__")
    shape: tuple[int | None, ...] | None
    dtype: torch.dtype
    strides: Shape | None
    worlds: Worlds | None
    differentiable: bool

    def __repr__(self) -> str:
        return f"{dtype_name(self.dtype)}{format_shape(self.shape)}"

    def in_world(self, world: int) -> Shape:
        """The concrete shape in one world; `LookupError` if the tensor does not exist there."""
        if self.worlds is None:
            assert self.shape is not None
            return self.shape  # type: ignore[return-value]
        shape = self.worlds[world]
        if shape is None:
            raise LookupError(world)
        return shape

    @property
    def static(self) -> bool:
        return self.worlds is None


class IntSpec:
    """A size known only at run time: an int, with its value in each world. Interned."""

    __slots__ = ("worlds",)
    worlds: tuple[int | None, ...]
    dtype = torch.int64
    shape: tuple[int | None, ...] = ()
    differentiable = False
    static = True

    def __repr__(self) -> str:
        return "int"

    def in_world(self, world: int) -> Shape:
        return ()


class ArraySpec(Spec):
    """What is known about a tensor array: a value that holds tensors, and is none. Interned.

    Its dtype is that of the elements, and its shape is that of a single value.

    Attributes:
        element: what is known about each element.
        alike: whether all elements have one shape.
        clears: whether an element can be read once only.
        dynamic: whether the array grows when something is written behind its end.
        size: how many elements there are, None if only the run knows.
    """

    __slots__ = ("element", "alike", "clears", "dynamic", "size")
    element: Spec
    size: int | None
    alike: bool
    clears: bool
    dynamic: bool

    def __repr__(self) -> str:
        return f"TensorArray({self.element!r})"


_specs: dict[Any, Spec] = {}
_ints: dict[Any, IntSpec] = {}
_arrays: dict[Any, ArraySpec] = {}


def spec(
    shape: Sequence[int | None] | None,
    dtype: torch.dtype,
    strides: Shape | None = None,
    worlds: Worlds | None = None,
) -> Spec:
    """The one Spec of these facts."""
    known = None if shape is None else tuple(shape)
    key = (known, dtype, strides, worlds)
    found = _specs.get(key)
    if found is None:
        found = Spec()
        found.shape, found.dtype, found.strides, found.worlds = known, dtype, strides, worlds
        found.differentiable = dtype.is_floating_point or dtype.is_complex
        _specs[key] = found
    return found


def int_spec(worlds: tuple[int | None, ...]) -> IntSpec:
    """The one IntSpec with these values."""
    found = _ints.get(worlds)
    if found is None:
        found = _ints[worlds] = IntSpec()
        found.worlds = worlds
    return found


def array_spec(element: Spec, alike: bool, clears: bool, dynamic: bool, size: int | None) -> ArraySpec:
    """The one ArraySpec of these facts; of the element, its dtype and the sizes that are known count."""
    key = (element.dtype, element.shape, alike, clears, dynamic, size)
    found = _arrays.get(key)
    if found is None:
        found = _arrays[key] = ArraySpec()
        found.shape, found.dtype, found.strides, found.worlds = (), element.dtype, None, None
        found.differentiable = element.differentiable
        found.element = declared(element.shape, element.dtype)
        found.alike, found.clears, found.dynamic, found.size = alike, clears, dynamic, size
    return found


def declared(shape: Sequence[int | None] | None, dtype: torch.dtype) -> Spec:
    """The spec of a tensor that a user declares: None is an unknown size, or an unknown rank.

    >>> declared([None, 3], torch.float32)
    float32[?, 3]
    """
    if shape is None:
        return spec(None, dtype, None, tuple((size,) * rank for size, rank in zip(WORLDS, RANKS, strict=True)))
    if any(size is None for size in shape):
        return spec(shape, dtype, None, tuple(tuple(w if s is None else s for s in shape) for w in WORLDS))
    return spec(shape, dtype)


def merged(shapes: Worlds, dtype: torch.dtype, strides: Shape | None, order: Shape | None = None) -> Spec:
    """The spec of a result that was inferred in several worlds (None where the inference failed)."""
    alive = [shape for shape in shapes if shape is not None]
    first = alive[0]
    if all(shape == first for shape in alive):
        return spec(first, dtype, strides)
    if any(len(shape) != len(first) for shape in alive):
        return spec(None, dtype, None, shapes)
    known = [sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*alive, strict=True)]
    return spec(known, dtype, order, shapes)


def compatible(value: Shape, declared_shape: Sequence[int | None] | None) -> bool:
    """Whether a concrete shape can be fed where this one was declared."""
    if declared_shape is None:
        return True
    return len(value) == len(declared_shape) and all(
        want is None or have == want for have, want in zip(value, declared_shape, strict=True)
    )


def format_shape(shape: Iterable[int | None] | None) -> str:
    if shape is None:
        return "[...]"
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


def dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


_BY_NAME = {
    name: getattr(torch, name)
    for name in (
        "float16 float32 float64 bfloat16 complex64 complex128 "
        "int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool half double"
    ).split()
} | {"float": torch.float32, "int": torch.int32}
_BY_PYTHON = {float: torch.float32, int: torch.int32, bool: torch.bool, complex: torch.complex64}


def as_dtype(dtype: Any) -> torch.dtype:
    """A torch dtype from a torch dtype, a numpy dtype, a name or a Python type.

    >>> as_dtype("float64"), as_dtype(np.int8), as_dtype(float)
    (torch.float64, torch.int8, torch.float32)
    """
    if isinstance(dtype, torch.dtype):
        return dtype
    if isinstance(dtype, type) and dtype in _BY_PYTHON:
        return _BY_PYTHON[dtype]
    name = dtype if isinstance(dtype, str) else None
    if name is None:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = ""
    if name not in _BY_NAME:
        raise TypeError(f"{dtype!r} is not a dtype; give a torch dtype such as torch.float32, or its name")
    found: torch.dtype = _BY_NAME[name]
    return found
