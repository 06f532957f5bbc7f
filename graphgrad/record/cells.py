"""Tensors by number, as a value that a run hands on: what a TensorArray is while a program runs.

Writing gives a new value and leaves the old one as it was, and yet nothing is copied: the values of one array
share a store in which every element says since which write it is there. An element is written once, so an older
value does not see younger ones. Elements are ordinary tensors on autograd's tape: nothing here knows how to
differentiate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .identity import tied


class Store:
    """What the values of one array share.

    Attributes:
        elements: the tensors, None where nothing was written or was cleared.
        since: per element the number of the write that it came with, 0 where nothing was written.
        writes: how many writes there were.
        shape: of every element, once it is known; () for a single number.
        alike: whether all elements have one shape.
        dtype, device: of the elements; the device is None as long as torch's own will do.
        read: the numbers of the elements that were read and cleared; shared with the copies of the store.
        source: the first tensor on autograd's tape that was written, and the number of that write.
    """

    __slots__ = ("elements", "since", "writes", "shape", "alike", "dtype", "device", "read", "source", "source_since")

    def __init__(self, dtype: torch.dtype, shape: tuple[int, ...] | None, alike: bool, device: Any) -> None:
        self.elements: list[torch.Tensor | None] = []
        self.since: list[int] = []
        self.writes = 0
        self.shape = shape
        self.alike = alike
        self.dtype = dtype
        self.device = device
        self.read: set[int] = set()
        self.source: torch.Tensor | None = None
        self.source_since = 0

    def until(self, write: int) -> Store:
        """A copy that ends with this write."""
        copy = Store(self.dtype, self.shape, self.alike, self.device)
        kept = [0 < since <= write for since in self.since]
        copy.elements = [each if keep else None for each, keep in zip(self.elements, kept, strict=True)]
        copy.since = [since if keep else 0 for since, keep in zip(self.since, kept, strict=True)]
        copy.writes = write
        copy.read = self.read
        if self.source_since <= write:
            copy.source, copy.source_since = self.source, self.source_since
        return copy


class Cells:
    """One value of an array: the store up to a write, and how many elements the array has."""

    __slots__ = ("store", "write", "size", "tie")

    def __init__(self, store: Store, write: int, size: int, tie: torch.Tensor | None = None) -> None:
        self.store = store
        self.write = write
        self.size = size
        self.tie = tie

    @property
    def source(self) -> torch.Tensor | None:
        """A tensor on autograd's tape that was written, or that the array may depend on; None if there is none."""
        store = self.store
        if store.source is not None and store.source_since <= self.write:
            return store.source
        return self.tie

    @property
    def requires_grad(self) -> bool:
        return self.source is not None

    @property
    def dtype(self) -> torch.dtype:
        return self.store.dtype

    def is_floating_point(self) -> bool:
        return self.store.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self.store.dtype.is_complex

    def to(self, device: Any) -> Cells:
        """The elements stay where they are: what is computed of them goes where it is asked for."""
        return self

    def tied(self, source: torch.Tensor) -> Cells:
        """The same, as something that may depend on a source although nothing of it was written."""
        return Cells(self.store, self.write, self.size, source)

    def has(self, index: int) -> bool:
        """Whether the element was written."""
        since = self.store.since
        return index < len(since) and 0 < since[index] <= self.write

    def element(self, index: int) -> torch.Tensor:
        """An element; zeros if it was not written and its shape is known."""
        store = self.store
        if self.has(index):
            found = store.elements[index]
            if found is not None:
                return found
        if store.shape is None:
            raise ValueError(
                f"Could not read index {index} of the TensorArray: nothing was written there, and the shape of the "
                f"zeros to be read is not known; give the TensorArray an element_shape"
            )
        return torch.zeros(store.shape, dtype=store.dtype, device=store.device)

    def everything(self, clears: bool) -> list[torch.Tensor]:
        """All elements, in order."""
        return self.some(range(self.size), clears)

    def some(self, indices: Sequence[int], clears: bool) -> list[torch.Tensor]:
        """These elements."""
        read = self.store.read
        if clears or read:
            for index in indices:
                self.check_unread(index)
                if clears:
                    read.add(index)
        return [self.element(index) for index in indices]

    def check_unread(self, index: int) -> None:
        """`ValueError` if the element was cleared."""
        if index in self.store.read:
            raise ValueError(
                f"Could not read index {index} twice because it was cleared after a previous read "
                f"(perhaps try setting clear_after_read = false?)"
            )

    def joined(self, result: torch.Tensor) -> torch.Tensor:
        """What was read, on autograd's tape if the array is: a gradient that finds nothing there is zero."""
        if not result.requires_grad and torch.is_grad_enabled() and self.is_differentiable():
            source = self.source
            if source is not None:
                return tied(result, source)
        return result

    def is_differentiable(self) -> bool:
        return self.store.dtype.is_floating_point or self.store.dtype.is_complex


def _number(index: Any) -> int:
    return index if type(index) is int else int(index)


def array(
    size: Any, dtype: torch.dtype, shape: tuple[int, ...] | None = None, alike: bool = True, device: Any = None
) -> Cells:
    """An array of so many elements, none of them written."""
    count = _number(size)
    if count < 0:
        raise ValueError(f"Size should be >= 0. Received size: {count}")
    return Cells(Store(dtype, shape, alike, device), 0, count)


def emptied(cells: Cells, index: Any) -> Cells:
    """The array without an element, for whoever may write twice."""
    place = _number(index)
    if not (0 <= place < cells.size and cells.has(place)):
        return cells
    store = cells.store.until(cells.write)
    store.elements[place], store.since[place] = None, 0
    return Cells(store, cells.write, cells.size, cells.tie)


def array_write(cells: Cells, index: Any, value: torch.Tensor, dynamic: bool = False, copy: bool = False) -> Cells:
    """The array with one more element."""
    place = index if type(index) is int else int(index)
    if copy:
        value = value.clone()
    store, write, size = cells.store, cells.write, cells.size
    since = store.since
    # the usual write of a loop: the next element, like the others, to the youngest value of the array
    if place == len(since) < size and store.writes == write and value.shape == store.shape:
        if not value.requires_grad or (store.source is not None and torch.is_grad_enabled()):
            write += 1
            store.writes = write
            store.elements.append(value)
            since.append(write)
            return Cells(store, write, size, cells.tie)
    return _written(cells, (place,), (value,), dynamic)


def _written(cells: Cells, places: Sequence[int], values: Sequence[torch.Tensor], dynamic: bool) -> Cells:
    """The array with more elements."""
    store = cells.store
    if store.writes != cells.write:  # somebody else has written to what came of the same value
        store = store.until(cells.write)
    write, size = store.writes + 1, cells.size
    elements, since = store.elements, store.since
    for place, value in zip(places, values, strict=True):
        if not 0 <= place < size:
            if place < 0 or not dynamic:
                raise ValueError(_outside("write to", place, size, dynamic))
            size = place + 1
        if place >= len(since):
            missing = place + 1 - len(since)
            elements.extend([None] * missing)
            since.extend([0] * missing)
        elif since[place]:
            _refuse_second(store, place)
        if value.shape != store.shape:
            _fit(store, place, value)
        if value.requires_grad:
            if not torch.is_grad_enabled():
                value = value.detach()
            elif store.source is None:
                store.source, store.source_since = value, write
        elements[place] = value
        since[place] = write
    store.writes = write
    return Cells(store, write, size, cells.tie)


def _outside(what: str, place: int, size: int, dynamic: bool) -> str:
    resizable = "" if dynamic or "write" not in what else " and the array is not resizeable: try dynamic_size=True"
    return f"Tried to {what} index {place} but array size is: {size}{resizable}"


def _refuse_second(store: Store, place: int) -> None:
    done = "read" if place in store.read else "written to"
    raise ValueError(f"Could not write to TensorArray index {place} because it has already been {done}.")


def _fit(store: Store, place: int, value: torch.Tensor) -> None:
    """Learn the shape of the elements, or refuse a value of another."""
    shape = tuple(value.shape)
    if store.shape is None:
        if store.alike:
            store.shape = shape
        if store.device is None:
            store.device = value.device
    elif store.alike and shape != store.shape:
        raise ValueError(
            f"Could not write to TensorArray index {place} because the value shape is {list(shape)} which is "
            f"incompatible with the TensorArray's inferred element shape: {list(store.shape)} "
            f"(consider setting infer_shape=False)."
        )


def array_read(cells: Cells, index: Any, clears: bool = False) -> torch.Tensor:
    """An element, as a tensor with an autograd node of its own."""
    place = _number(index)
    if not 0 <= place < cells.size:
        raise ValueError(_outside("read from", place, cells.size, True))
    store = cells.store
    if store.read:
        cells.check_unread(place)
    found = cells.element(place)
    if clears:
        store.read.add(place)
        if cells.has(place):
            store.elements[place] = None
    return cells.joined(found.view_as(found))


def array_stack(cells: Cells, clears: bool = False, shape: tuple[int, ...] = ()) -> torch.Tensor:
    """All elements, stacked; `shape` is that of an element where there is none to tell."""
    return cells.joined(_stacked(cells, cells.everything(clears), shape))


def _stacked(cells: Cells, found: list[torch.Tensor], shape: tuple[int, ...]) -> torch.Tensor:
    if found:
        return torch.stack(found)
    store = cells.store
    return torch.zeros((0, *(store.shape or shape)), dtype=store.dtype, device=store.device)


def array_gather(
    cells: Cells, indices: torch.Tensor, clears: bool = False, shape: tuple[int, ...] = ()
) -> torch.Tensor:
    """The elements of these numbers, stacked."""
    places = indices.reshape(-1).tolist()
    for place in places:
        if not 0 <= place < cells.size:
            raise ValueError(_outside("read from", place, cells.size, True))
    return cells.joined(_stacked(cells, cells.some(places, clears), shape))


def array_concat(cells: Cells, clears: bool = False, shape: tuple[int, ...] = ()) -> torch.Tensor:
    """All elements, one behind the other along their first axis."""
    found = cells.everything(clears)
    if any(each.dim() == 0 for each in found):
        raise ValueError("Concat saw a scalar shape: the elements need a first axis to be put together along")
    return cells.joined(torch.cat(found) if found else _stacked(cells, found, shape[1:]))


def array_unstack(cells: Cells, value: torch.Tensor, dynamic: bool = False, copy: bool = False) -> Cells:
    """The array with the rows of a tensor as its first elements."""
    rows = (value.clone() if copy else value).unbind(0)
    if len(rows) > cells.size and not dynamic:
        raise ValueError(_outside("write to", len(rows) - 1, cells.size, False))
    return _written(cells, range(len(rows)), rows, dynamic)


def array_scatter(
    cells: Cells, indices: torch.Tensor, value: torch.Tensor, dynamic: bool = False, copy: bool = False
) -> Cells:
    """The array with the rows of a tensor at these places."""
    places = indices.reshape(-1).tolist()
    rows = (value.clone() if copy else value).unbind(0)
    if len(places) != len(rows):
        raise ValueError(f"there are {len(places)} indices for {len(rows)} rows")
    return _written(cells, places, rows, dynamic)


def array_split(
    cells: Cells, value: torch.Tensor, lengths: torch.Tensor, dynamic: bool = False, copy: bool = False
) -> Cells:
    """The array with pieces of a tensor, so many rows each, as its elements."""
    counts = lengths.reshape(-1).tolist()
    if sum(counts) != value.shape[0]:
        raise ValueError(
            f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {sum(counts)} "
            f"and value's shape is: {list(value.shape)}"
        )
    if len(counts) != cells.size and not dynamic:
        raise ValueError(
            f"TensorArray's size is not equal to the size of lengths ({cells.size} vs. {len(counts)}), "
            f"and the TensorArray is not marked as dynamically resizeable"
        )
    pieces = torch.split_with_sizes(value.clone() if copy else value, counts)
    return _written(cells, range(len(counts)), pieces, dynamic)


def array_size(cells: Cells) -> torch.Tensor:
    """How many elements there are, written or not."""
    return torch.tensor(cells.size, dtype=torch.int32)


def array_same(cells: Cells) -> Cells:
    """The same array."""
    return cells


def array_detached(cells: Cells) -> Cells:
    """The array without the tape: no gradient passes."""
    found = cells.store.until(cells.write)
    found.elements = [None if each is None else each.detach() for each in found.elements]
    found.source, found.source_since = None, 0
    return Cells(found, cells.write, cells.size)


def array_flow(cells: Cells) -> torch.Tensor:
    """The number that stands for the array in TF1's graphs: 0, once everything was written."""
    return torch.zeros(())
