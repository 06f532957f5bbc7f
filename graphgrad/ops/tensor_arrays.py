"""Tensors by number inside a graph: `TensorArray`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..graph.operation import Operation, Value, handle_of
from ..ground.errors import ArgumentTypeError, message
from ..ground.mode import executing_eagerly
from ..ground.spec import ArraySpec, Spec, array_spec, as_dtype, declared, format_shape
from ..record import cells
from ..record.cells import Cells
from ..record.tensor import Arrays, Tensor
from .array_calls import added, has_own_memory, index_of, integers, merged, rows_of, value_of
from .shapes import TensorShape
from .sources import _sizes, convert_to_tensor, group, named

_FLOW = "TensorArrayFlow"


class TensorArray:
    """Tensors by number: what a loop writes round by round, and what is then one tensor.

    Writing gives a new TensorArray; the old one stays as it was. Each element is written once, and read once unless
    `clear_after_read` is False, as in TF1. It goes through `while_loop` as a loop variable and through `cond` as a
    result, and functions inside may read one from outside; gradients of every order pass from what is read to what
    was written. Nothing is copied: a loop that writes 10,000 rows costs what a Python list and `torch.stack` cost.

    What was never written reads as zeros if the shape of the elements is known, from `element_shape` or from what
    was written elsewhere. A run fails with the operation and the user's line where that is not so, where an element
    is written twice, and for an index outside.

    Args:
        dtype: of the elements.
        size: how many elements there are, an int or an integer tensor.
        dynamic_size: whether writing behind the end makes the array longer.
        clear_after_read: whether an element is let go once it is read; True if None.
        tensor_array_name, colocate_with_first_write_call: taken for TF1's sake.
        handle, flow: the `handle` and `flow` of another TensorArray, to go on with it.
        infer_shape: whether all elements have one shape, which is taken from the first that is written.
        element_shape: the shape of the elements, as far as it is known.
        name: the operation's name.

    Raises:
        ValueError: if there is neither a size nor a flow, or both.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [])
    >>> powers = gg.TensorArray(gg.float32, size=4, clear_after_read=False).write(0, gg.ones([]))
    >>> _, powers = gg.while_loop(
    ...     lambda i, array: i < 4, lambda i, array: (i + 1, array.write(i, array.read(i - 1) * x)), [1, powers])
    >>> with gg.Session() as sess:
    ...     sess.run([powers.stack(), gg.gradients(powers.stack(), x)[0]], {x: 2.0})
    [array([1., 2., 4., 8.], dtype=float32), np.float32(17.0)]
    """

    _value: Value
    _cells: Cells
    _spec: ArraySpec

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, handle: Any = None, flow: Any = None, infer_shape: bool = True,
        element_shape: Any = None, colocate_with_first_write_call: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        if flow is not None or handle is not None:
            if size is not None:
                raise ValueError("Cannot provide both a `handle` and `size` arguments at the same time.")
            self._of(_behind(handle if flow is None else flow))
            return
        if size is None:
            raise ValueError("Argument `size` must be provided if handle is not provided.")
        element = declared(_sizes(element_shape), as_dtype(dtype))
        count = index_of(size, "size")
        dynamic = bool(dynamic_size)
        known = count if isinstance(count, int) and not dynamic else None
        spec = array_spec(element, bool(infer_shape), clear_after_read is None or clear_after_read, dynamic, known)
        shape = None if element.shape is None or None in element.shape else element.shape
        given = (count, element.dtype, shape, spec.alike)
        if executing_eagerly() and not isinstance(count, Value):
            self._cells, self._spec = cells.array(*given), spec  # type: ignore[arg-type]
            return
        self._of(added(cells.array, "TensorArray", named(name, "TensorArray"), given, spec))

    @classmethod
    def of(cls, value: Value) -> TensorArray:
        """The handle on a value of a graph."""
        array = cls.__new__(cls)
        array._of(value)
        return array

    def _of(self, value: Value) -> None:
        self._value = value
        self._spec = value.spec  # type: ignore[assignment]

    def __repr__(self) -> str:
        told = f"{self._value.name!r} " if self._symbolic else ""
        return f"<TensorArray {told}{self._spec.element!r}>"

    # -- what it is -------------------------------------------------------------------------------

    @property
    def _symbolic(self) -> bool:
        return hasattr(self, "_value")

    @property
    def dtype(self) -> torch.dtype:
        """That of the elements."""
        return self._spec.dtype

    @property
    def element_shape(self) -> Any:
        """The shape of the elements, as far as it is known."""
        return TensorShape(self._spec.element.shape)

    @property
    def dynamic_size(self) -> bool:
        """Whether writing behind the end makes it longer."""
        return self._spec.dynamic

    @property
    def op(self) -> Operation:
        """The operation that gives this value of the array."""
        return self._value.op

    @property
    def graph(self) -> Any:
        """The graph that it belongs to."""
        return self._value.op.graph

    @property
    def flow(self) -> Any:
        """A number, 0, that is there once everything has been written; `TensorArray(dtype, flow=...)` goes on with it.

        None in eager mode.
        """
        return self._read(cells.array_flow, _FLOW, None, (), declared((), torch.float32)) if self._symbolic else None

    @property
    def handle(self) -> Any:
        """The same as `flow`: there is no array beside its values."""
        return self.flow

    # -- writing ----------------------------------------------------------------------------------

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with one more element.

        Args:
            index: an int or an integer tensor of rank 0.
            value: of the array's dtype.
            name: the operation's name.
        """
        given = self._given(value)
        place = index_of(index, "index")
        if self._acts(given, place):  # as in TF2's eager mode, a second write replaces the first
            before = cells.emptied(self._cells, place)
            return self._wrote(cells.array_write(before, place, given, self._spec.dynamic))
        spec = self._with(given.spec.shape, f"index {index!r}")
        return self._write(cells.array_write, "TensorArrayWrite", name, (place, given), given, spec)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of a tensor [n, ...] as elements 0 to n - 1.

        Args:
            value: of the array's dtype.
            name: the operation's name.
        """
        given = self._given(value)
        if self._acts(given):
            return self._wrote(cells.array_unstack(self._cells, given, self._spec.dynamic))
        spec = self._with(rows_of(given), "unstack")
        return self._write(cells.array_unstack, "TensorArrayUnstack", name, (given,), given, spec)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of a tensor [n, ...] as the elements of n numbers.

        Args:
            indices: an integer tensor [n].
            value: of the array's dtype.
            name: the operation's name.
        """
        given, places = self._given(value), integers(indices)
        if self._acts(given, places):
            return self._wrote(cells.array_scatter(self._cells, places, given, self._spec.dynamic))
        spec = self._with(rows_of(given), "scatter")
        return self._write(cells.array_scatter, "TensorArrayScatter", name, (places, given), given, spec)

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array with pieces of a tensor as its elements, one of so many rows for each of `lengths`.

        Args:
            value: of the array's dtype, at least of rank 1.
            lengths: an integer tensor, as many as the array has elements.
            name: the operation's name.
        """
        given, counts = self._given(value), integers(lengths)
        if self._acts(given, counts):
            return self._wrote(cells.array_split(self._cells, given, counts, self._spec.dynamic))
        rows = rows_of(given)
        spec = self._with(None if rows is None else [None, *rows], "split")
        return self._write(cells.array_split, "TensorArraySplit", name, (given, counts), given, spec)

    # -- reading ----------------------------------------------------------------------------------

    def read(self, index: Any, name: str | None = None) -> Any:
        """An element.

        Args:
            index: an int or an integer tensor of rank 0.
            name: the operation's name.
        """
        place = index_of(index, "index")
        if self._acts(place):
            return cells.array_read(self._cells, place, self._spec.clears)
        return self._read(cells.array_read, "TensorArrayRead", name, (place, self._spec.clears), self._spec.element)

    def stack(self, name: str | None = None) -> Any:
        """All elements as one tensor, along a new first axis; they have to have one shape."""
        clears, shape = self._spec.clears, self._shape_of_none()
        if self._acts():
            return cells.array_stack(self._cells, clears, shape)
        spec = self._stacked(self._spec.size)
        return self._read(cells.array_stack, "TensorArrayStack", name, (clears, shape), spec)

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The elements of these numbers as one tensor, along a new first axis.

        Args:
            indices: an integer tensor [n].
            name: the operation's name.
        """
        places, clears, shape = integers(indices), self._spec.clears, self._shape_of_none()
        if self._acts(places):
            return cells.array_gather(self._cells, places, clears, shape)
        known = places.spec.shape
        spec = self._stacked(known[0] if known else None)
        return self._read(cells.array_gather, "TensorArrayGather", name, (places, clears, shape), spec)

    def concat(self, name: str | None = None) -> Any:
        """All elements as one tensor, along their first axis, in which they may differ if `infer_shape` is False."""
        clears, shape = self._spec.clears, self._shape_of_none()
        if self._acts():
            return cells.array_concat(self._cells, clears, shape)
        known = self._spec.element.shape
        if known == ():
            raise ValueError(message("the elements are single numbers: stack() puts them together", self.op))
        sizes = None if known is None else [self._total(known[0]), *known[1:]]
        spec = declared(sizes, self.dtype)
        return self._read(cells.array_concat, "TensorArrayConcat", name, (clears, shape), spec)

    def size(self, name: str | None = None) -> Any:
        """How many elements it has, written or not."""
        if self._acts():
            return cells.array_size(self._cells)
        return self._read(cells.array_size, "TensorArraySize", name, (), declared((), torch.int32))

    def identity(self) -> TensorArray:
        """The same array, in the order that control dependencies ask for."""
        if self._acts():
            return self
        return TensorArray.of(added(cells.array_same, "Identity", "Identity", (self._value,), self._spec, 0))

    def close(self, name: str | None = None) -> Any:
        """An operation that does nothing: memory is let go when nothing needs it. None in eager mode."""
        return None if self._acts() else group(self.op, name=name)

    def detached(self) -> TensorArray:
        """The same array, through which no gradient passes."""
        return TensorArray.of(added(cells.array_detached, "StopGradient", "StopGradient", (self._value,), self._spec))

    # -- how --------------------------------------------------------------------------------------

    def _acts(self, *given: Any) -> bool:
        """Whether this happens now, on torch tensors, and is not recorded."""
        if self._symbolic:
            return False
        for each in given:
            if isinstance(each, Value):
                raise ValueError("a TensorArray made in eager mode does not take symbolic tensors")
        return True

    def _given(self, value: Any) -> Any:
        """What is to be written: a value of the graph, or a tensor in eager mode."""
        found = value if isinstance(value, torch.Tensor) else convert_to_tensor(value, self.dtype)
        if found.dtype is not self.dtype:
            raise ArgumentTypeError(f"TensorArray dtype is {self.dtype} but the value to write is {found!r}: cast it")
        return found if isinstance(found, torch.Tensor) and not self._symbolic else value_of(found)

    def _with(self, shape: Sequence[int | None] | None, what: str) -> ArraySpec:
        """What is known of the array once an element of this shape is in it."""
        spec = self._spec
        known = spec.element.shape
        both = merged(known, shape)
        if both is None:
            raise ValueError(
                f"Inconsistent shapes at {what}: saw {format_shape(shape)} but expected {format_shape(known)}"
                f"{' (and infer_shape=True)' if spec.alike else ''}"
            )
        element = declared(both[0], spec.dtype) if spec.alike else spec.element
        return array_spec(element, spec.alike, spec.clears, spec.dynamic, spec.size)

    def _write(
        self, target: Callable[..., Any], type: str, name: str | None, given: tuple[Any, ...], value: Value,
        spec: ArraySpec,
    ) -> TensorArray:  # fmt: skip
        args = (self._value, *given, spec.dynamic, not has_own_memory(value))
        return TensorArray.of(added(target, type, named(name, type), args, spec, 0))

    def _wrote(self, found: Cells) -> TensorArray:
        self._cells = found
        return self

    def _read(self, target: Callable[..., Any], type: str, name: str | None, given: tuple[Any, ...], spec: Spec) -> Any:
        alias = 0 if target is cells.array_read else None
        return handle_of(added(target, type, named(name, type), (self._value, *given), spec, alias))

    def _stacked(self, count: int | None) -> Spec:
        shape = self._spec.element.shape
        return declared(None if shape is None else [count, *shape], self.dtype)

    def _total(self, rows: int | None) -> int | None:
        size = self._spec.size
        return None if rows is None or size is None or not self._spec.alike else size * rows

    def _shape_of_none(self) -> tuple[int, ...]:
        """The shape of an element where the run has none to look at; sizes that nothing tells are 0."""
        return tuple(0 if size is None else size for size in self._spec.element.shape or ())


def _behind(flow: Any) -> Value:
    """The array that a flow stands for."""
    if isinstance(flow, TensorArray):
        return flow._value
    if isinstance(flow, Tensor) and flow.op.type == _FLOW:
        return flow.op.reads[0]
    raise ValueError(f"flow={flow!r} is not the flow of a TensorArray: hand the TensorArray itself on")


Arrays.make = TensorArray.of
