"""Sorting, ranking and searching, in TF1's order of ties."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch


class TopK(NamedTuple):
    """The largest elements and where they were."""

    values: Any
    indices: Any


class Unique(NamedTuple):
    """The different elements in the order of their first place, and for each element the number of its own."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """The same, and how often each occurs."""

    y: Any
    idx: Any
    count: Any


class ListDiff(NamedTuple):
    """Elements and where they were."""

    out: Any
    idx: Any


def top_k(input: torch.Tensor, k: int = 1, sorted: bool = True, index_type: torch.dtype = torch.int32) -> TopK:
    """The k largest elements of each row, and their places; of equal ones the first come first."""
    if k > input.shape[-1]:
        raise ValueError(f"input must have at least k={k} columns, it has {input.shape[-1]}")
    values, indices = torch.sort(input, dim=-1, descending=True, stable=True)
    return TopK(values[..., :k], indices[..., :k].to(index_type))


def in_top_k(predictions: torch.Tensor, targets: torch.Tensor, k: int) -> torch.Tensor:
    """Whether each target's score is among the k highest of its row; equal scores count as one place."""
    classes = targets.long()
    inside = (classes >= 0) & (classes < predictions.shape[1])
    own = predictions.gather(1, torch.where(inside, classes, torch.zeros_like(classes)).unsqueeze(1))
    finite = torch.isfinite(own[:, 0]) & inside
    return ((predictions > own).sum(1) < k) & finite


def sort(values: torch.Tensor, axis: int = -1, direction: str = "ASCENDING") -> torch.Tensor:
    """The elements in order along an axis."""
    return torch.sort(values, dim=axis, descending=_down(direction), stable=True).values


def argsort(values: torch.Tensor, axis: int = -1, direction: str = "ASCENDING", stable: bool = False) -> torch.Tensor:
    """Where the elements were that come first, second, ... in order along an axis; equal ones keep their order."""
    return torch.sort(values, dim=axis, descending=_down(direction), stable=True).indices.to(torch.int32)


def _down(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"direction is {direction!r}; use 'ASCENDING' or 'DESCENDING'")
    return direction == "DESCENDING"


def searchsorted(
    sorted_sequence: torch.Tensor, values: torch.Tensor, side: str = "left", out_type: torch.dtype = torch.int32
) -> torch.Tensor:
    """Where in a sorted row each value would have to stand."""
    if side not in ("left", "right"):
        raise ValueError(f"side is {side!r}; use 'left' or 'right'")
    found = torch.searchsorted(sorted_sequence.contiguous(), values.contiguous(), right=side == "right")
    return found.to(out_type)


def unique(x: torch.Tensor, out_idx: torch.dtype = torch.int32) -> Unique:
    """The different elements of a list, first ones first, and for each element the number of its own."""
    found = _unique(x)
    return Unique(found.y, found.idx.to(out_idx))


def unique_with_counts(x: torch.Tensor, out_idx: torch.dtype = torch.int32) -> UniqueWithCounts:
    """As unique, and how often each element occurs."""
    found = _unique(x)
    return UniqueWithCounts(found.y, found.idx.to(out_idx), found.count.to(out_idx))


def _unique(x: torch.Tensor) -> UniqueWithCounts:
    if x.dim() != 1:
        raise ValueError(f"unique takes a list of numbers, not a shape of {list(x.shape)}")
    y, inverse, count = torch.unique(x.detach(), return_inverse=True, return_counts=True)
    places = torch.arange(x.shape[0], device=x.device)
    first = torch.full((y.shape[0],), x.shape[0], dtype=torch.int64, device=x.device)
    first = first.scatter_reduce(0, inverse, places, "amin")
    order = torch.argsort(first)
    rank = torch.empty_like(order).scatter(0, order, torch.arange(order.shape[0], device=x.device))
    return UniqueWithCounts(y[order], rank[inverse], count[order])


def setdiff1d(x: torch.Tensor, y: torch.Tensor, index_dtype: torch.dtype = torch.int32) -> ListDiff:
    """The elements of one list that are not in another, and where they were."""
    kept = ~torch.isin(x, y)
    return ListDiff(x.detach()[kept], kept.nonzero().reshape(-1).to(index_dtype))


def invert_permutation(x: torch.Tensor) -> torch.Tensor:
    """The permutation that undoes one."""
    places = torch.arange(x.shape[0], dtype=x.dtype, device=x.device)
    return torch.empty_like(x).scatter(0, x.long(), places)
