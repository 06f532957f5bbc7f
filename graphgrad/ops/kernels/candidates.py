"""Classes drawn to stand for all: their distributions, and how often each is expected to be drawn."""

from __future__ import annotations

import torch

from ...record.infer import probing

_AHEAD = 2  # so many times the classes wanted are drawn at once, while distinct ones are looked for


def log_uniform(true: torch.Tensor, count: int, unique: bool, classes: int) -> tuple[torch.Tensor, ...]:
    """Classes by rank of frequency: class k comes with probability log((k + 2) / (k + 1)) / log(classes + 1)."""
    ranks = torch.arange(classes, dtype=torch.float64, device=true.device)
    return _drawn(true, torch.log((ranks + 2) / (ranks + 1)), count, unique)


def uniform(true: torch.Tensor, count: int, unique: bool, classes: int) -> tuple[torch.Tensor, ...]:
    """Classes that are all as likely."""
    return _drawn(true, torch.ones(classes, dtype=torch.float64, device=true.device), count, unique)


def weighted(true: torch.Tensor, count: int, unique: bool, weights: tuple[float, ...]) -> tuple[torch.Tensor, ...]:
    """Classes with chances in proportion to their weights."""
    return _drawn(true, torch.tensor(weights, dtype=torch.float64, device=true.device), count, unique)


def _drawn(true: torch.Tensor, weights: torch.Tensor, count: int, unique: bool) -> tuple[torch.Tensor, ...]:
    """The classes drawn, and the numbers of times that the true ones and these are expected among as many tries."""
    ends = torch.cumsum(weights / weights.sum(), 0)
    ids = _draw(ends, count)
    tries = count
    if unique and not probing():
        ids, tries = _distinct(ends, count, int((weights > 0).sum()))
    chances = (weights / weights.sum()).to(true.device)
    expected = -torch.expm1(tries * torch.log1p(-chances)) if tries != count else chances * count
    known = expected.to(torch.float32)
    inside = true % max(len(weights), 1) if probing() else true
    return ids, known[inside], known[ids]


def _draw(ends: torch.Tensor, count: int) -> torch.Tensor:
    places = torch.rand(count, dtype=torch.float64, device=ends.device)
    return torch.searchsorted(ends, places, right=True).clamp(max=len(ends) - 1)


def _distinct(ends: torch.Tensor, count: int, possible: int) -> tuple[torch.Tensor, int]:
    """The first distinct classes of a row of draws, and how many draws that took."""
    if count > possible:
        raise ValueError(f"{count} distinct classes are wanted, and only {possible} can be drawn")
    drawn = _draw(ends, _AHEAD * count)
    while True:
        kinds, which = torch.unique(drawn, return_inverse=True)
        if len(kinds) >= count:
            break
        drawn = torch.cat([drawn, _draw(ends, len(drawn))])
    first = torch.full_like(kinds, len(drawn)).scatter_reduce(
        0, which, torch.arange(len(drawn), device=drawn.device), "amin"
    )
    places = first.sort().values[:count]
    return drawn[places], int(places[-1]) + 1


def hits(true: torch.Tensor, sampled: torch.Tensor) -> torch.Tensor:
    """[batch, sampled]: whether a class that was drawn is one of the row's true ones."""
    return (true.unsqueeze(2) == sampled.reshape(1, 1, -1)).any(1)


def accidental_hits(true: torch.Tensor, sampled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows and places of the classes drawn that are true ones, and for each the weight that takes it out."""
    rows, places = torch.nonzero(hits(true, sampled)).unbind(1)
    low = torch.finfo(torch.float32).min
    return rows.to(torch.int32), places, torch.zeros_like(places, dtype=torch.float32) + low
