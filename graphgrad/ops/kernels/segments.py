"""Sums, means and extremes of the rows that belong to one segment, and counts of classes."""

from __future__ import annotations

from typing import Any

import torch

from ...record.infer import probing
from ..sizes import ints


def _rows(segment_ids: torch.Tensor) -> int:
    """The number of segments of sorted ids: one more than the last."""
    return int(segment_ids.max().item()) + 1 if segment_ids.numel() else 0


def _checked(segment_ids: torch.Tensor) -> torch.Tensor:
    ids = segment_ids.long()
    if not probing() and ids.numel() and (bool((ids[1:] < ids[:-1]).any()) or int(ids[0]) < 0):
        raise ValueError("segment ids are sorted and not negative")
    return ids


def _reduced(data: torch.Tensor, ids: torch.Tensor, rows: int, how: str, empty: Any) -> torch.Tensor:
    """The rows of each segment reduced; rows with a negative id count nowhere, and nothing gives `empty`."""
    shape = ids.shape
    flat = data.reshape(ids.numel(), *data.shape[ids.dim() :])
    ids = ids.reshape(-1)
    if tuple(data.shape[: len(shape)]) != tuple(shape):
        raise ValueError(f"segment ids of shape {list(shape)} do not fit data of shape {list(data.shape)}")
    if probing():
        ids = ids % max(rows, 1)
    places = torch.where(ids < 0, torch.full_like(ids, rows), ids)
    index = places.reshape(-1, *([1] * (flat.dim() - 1))).expand(flat.shape)
    start = torch.full((rows + 1, *flat.shape[1:]), empty, dtype=data.dtype, device=data.device)
    return start.scatter_reduce(0, index, flat, how, include_self=how in ("sum", "prod"))[:rows]


def _extreme(data: torch.Tensor, ids: torch.Tensor, rows: int, how: str, empty: Any) -> torch.Tensor:
    """The largest ('amax') or smallest ('amin') of the rows of each segment; `empty` where there are none.

    The search starts from a number that no row has: torch's derivative would share the gradient of a row that is as
    large as the first number between the two.
    """
    info = _info(data)
    beyond = (info.min, info.max) if not data.is_floating_point() else (-torch.inf, torch.inf)
    found = _reduced(data, ids, rows, how, beyond[how == "amin"])
    there = _reduced(torch.ones(ids.shape, dtype=torch.int64, device=ids.device), ids, rows, "sum", 0) > 0
    return torch.where(there.reshape(-1, *([1] * (found.dim() - 1))), found, torch.full_like(found, empty))


def _counts(ids: torch.Tensor, rows: int, data: torch.Tensor) -> torch.Tensor:
    ones = torch.ones(ids.shape, dtype=data.dtype, device=data.device)
    counts = _reduced(ones, ids, rows, "sum", 0)
    return counts.reshape(-1, *([1] * (data.dim() - ids.dim()))).clamp(min=1)


def _mean(data: torch.Tensor, ids: torch.Tensor, rows: int) -> torch.Tensor:
    total = _reduced(data, ids, rows, "sum", 0)
    counts = _counts(ids, rows, data)
    return total / counts if data.is_floating_point() else torch.div(total, counts, rounding_mode="trunc")


def segment_sum(data: torch.Tensor, segment_ids: torch.Tensor) -> torch.Tensor:
    """The sum of the rows of each segment, given by sorted ids."""
    return _reduced(data, _checked(segment_ids), _rows(segment_ids), "sum", 0)


def segment_mean(data: torch.Tensor, segment_ids: torch.Tensor) -> torch.Tensor:
    """The mean of the rows of each segment, given by sorted ids; 0 for a segment without rows."""
    return _mean(data, _checked(segment_ids), _rows(segment_ids))


def segment_max(data: torch.Tensor, segment_ids: torch.Tensor) -> torch.Tensor:
    """The largest of the rows of each segment, given by sorted ids; 0 for a segment without rows."""
    return _extreme(data, _checked(segment_ids), _rows(segment_ids), "amax", 0)


def segment_min(data: torch.Tensor, segment_ids: torch.Tensor) -> torch.Tensor:
    """The smallest of the rows of each segment, given by sorted ids; 0 for a segment without rows."""
    return _extreme(data, _checked(segment_ids), _rows(segment_ids), "amin", 0)


def segment_prod(data: torch.Tensor, segment_ids: torch.Tensor) -> torch.Tensor:
    """The product of the rows of each segment, given by sorted ids; 1 for a segment without rows."""
    return _reduced(data, _checked(segment_ids), _rows(segment_ids), "prod", 1)


def _number(num_segments: Any) -> int:
    (rows,) = ints(num_segments)
    return rows


def unsorted_segment_sum(data: torch.Tensor, segment_ids: torch.Tensor, num_segments: Any) -> torch.Tensor:
    """The sum of the rows of each segment; rows with a negative id count nowhere."""
    return _reduced(data, segment_ids.long(), _number(num_segments), "sum", 0)


def unsorted_segment_mean(data: torch.Tensor, segment_ids: torch.Tensor, num_segments: Any) -> torch.Tensor:
    """The mean of the rows of each segment; 0 for a segment without rows."""
    return _mean(data, segment_ids.long(), *ints(num_segments))


def unsorted_segment_sqrt_n(data: torch.Tensor, segment_ids: torch.Tensor, num_segments: Any) -> torch.Tensor:
    """The sum of the rows of each segment, divided by the root of their number."""
    ids, rows = segment_ids.long(), _number(num_segments)
    return _reduced(data, ids, rows, "sum", 0) / torch.sqrt(_counts(ids, rows, data))


def unsorted_segment_max(data: torch.Tensor, segment_ids: torch.Tensor, num_segments: Any) -> torch.Tensor:
    """The largest of the rows of each segment; the dtype's lowest number for a segment without rows."""
    return _extreme(data, segment_ids.long(), _number(num_segments), "amax", _info(data).min)


def unsorted_segment_min(data: torch.Tensor, segment_ids: torch.Tensor, num_segments: Any) -> torch.Tensor:
    """The smallest of the rows of each segment; the dtype's highest number for a segment without rows."""
    return _extreme(data, segment_ids.long(), _number(num_segments), "amin", _info(data).max)


def unsorted_segment_prod(data: torch.Tensor, segment_ids: torch.Tensor, num_segments: Any) -> torch.Tensor:
    """The product of the rows of each segment; 1 for a segment without rows."""
    return _reduced(data, segment_ids.long(), _number(num_segments), "prod", 1)


def _info(data: torch.Tensor) -> Any:
    return torch.finfo(data.dtype) if data.is_floating_point() else torch.iinfo(data.dtype)


def sparse_segment(
    data: torch.Tensor, indices: torch.Tensor, segment_ids: torch.Tensor, num_segments: Any, how: str
) -> torch.Tensor:
    """Some rows of a table, summed ('sum'), averaged ('mean') or divided by the root of their number ('sqrt_n')."""
    if probing():
        indices = indices % max(data.shape[0], 1)
    chosen, ids = data.index_select(0, indices.reshape(-1)), _checked(segment_ids)
    rows = _rows(segment_ids) if num_segments is None else _number(num_segments)
    if how == "mean":
        return _mean(chosen, ids, rows)
    total = _reduced(chosen, ids, rows, "sum", 0)
    return total / torch.sqrt(_counts(ids, rows, chosen)) if how == "sqrt_n" else total


def bincount(
    arr: torch.Tensor, weights: torch.Tensor | None, minlength: int | None, maxlength: int | None, dtype: torch.dtype
) -> torch.Tensor:
    """How often each of the numbers 0, 1, ... occurs, or the sum of its weights."""
    flat = arr.reshape(-1).long()
    if weights is not None:
        dtype = weights.dtype
    rows = int(flat.max().item()) + 1 if flat.numel() else 0
    rows = max(rows, minlength or 0)
    if maxlength is not None:
        rows = min(rows, maxlength)
    if probing():
        flat = flat % max(rows, 1)
    ids = torch.where(flat < rows, flat, torch.full_like(flat, -1))
    ones = torch.ones(flat.shape, dtype=dtype, device=arr.device) if weights is None else weights.reshape(-1)
    return _reduced(ones, ids, rows, "sum", 0)


def confusion_matrix(
    labels: torch.Tensor, predictions: torch.Tensor, num_classes: int | None, dtype: torch.dtype,
    weights: torch.Tensor | None,
) -> torch.Tensor:  # fmt: skip
    """How often (or with what weight) the class of a row was predicted as that of a column."""
    truth, guess = labels.reshape(-1).long(), predictions.reshape(-1).long()
    count = num_classes
    if count is None:
        count = int(torch.stack([truth.max(), guess.max()]).max().item()) + 1
    if probing():
        truth, guess = truth % count, guess % count
    else:
        both = torch.cat([truth, guess])
        if both.numel() and (int(both.min()) < 0 or int(both.max()) >= count):
            raise ValueError(f"labels and predictions are classes from 0 to {count - 1}")
    ones = torch.ones(truth.shape, dtype=dtype, device=labels.device) if weights is None else weights.to(dtype)
    return _reduced(ones.reshape(-1), truth * count + guess, count * count, "sum", 0).reshape(count, count)


def histogram_fixed_width_bins(
    values: torch.Tensor, value_range: torch.Tensor, nbins: int, dtype: torch.dtype
) -> torch.Tensor:
    """The number of the bin of equal width that each value falls into; those outside count in the first and last."""
    low, high = value_range[0], value_range[1]
    scaled = torch.floor((values - low) / (high - low) * nbins)
    return scaled.clamp(0, nbins - 1).detach().to(dtype)


def histogram_fixed_width(
    values: torch.Tensor, value_range: torch.Tensor, nbins: int, dtype: torch.dtype
) -> torch.Tensor:
    """How many values fall into each of some bins of equal width."""
    bins = histogram_fixed_width_bins(values, value_range, nbins, torch.int64).reshape(-1)
    return _reduced(torch.ones(bins.shape, dtype=dtype, device=bins.device), bins, nbins, "sum", 0)


def dynamic_partition(data: torch.Tensor, partitions: torch.Tensor, num_partitions: int) -> tuple[torch.Tensor, ...]:
    """The rows of each part, in their order."""
    parts = partitions % num_partitions if probing() else partitions
    if not probing() and parts.numel() and not 0 <= int(parts.min()) <= int(parts.max()) < num_partitions:
        raise ValueError(f"partitions are numbers from 0 to {num_partitions - 1}")
    return tuple([data[parts == part] for part in range(num_partitions)])


def dynamic_stitch(indices: list[torch.Tensor], data: list[torch.Tensor]) -> torch.Tensor:
    """One tensor of rows from several, each at its index; the last one counts where an index occurs twice."""
    inner = data[0].shape[indices[0].dim() :]
    places = torch.cat([each.reshape(-1).long() for each in indices])
    rows = torch.cat([each.reshape(-1, *inner) for each in data])
    count = int(places.max().item()) + 1 if places.numel() else 0
    order = torch.arange(places.shape[0], device=places.device)
    last = torch.full((count,), -1, device=places.device).scatter_reduce(0, places, order, "amax")
    filled = (last >= 0).reshape(-1, *([1] * len(inner)))
    chosen = rows.index_select(0, last.clamp(min=0))
    return torch.where(filled, chosen, torch.zeros_like(chosen))
