"""Random operators: the numbers that a run draws are given to eager torch, or compared as distributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

import graphgrad as gg
from graphgrad.run.runtime import Streams
from tests.conformance.nests import Disagreement, side_by_side
from tests.conformance.recorded import Recorded, symbolic

DRAWS = 200
SIGMAS = 5.0


class Replay:
    """The states of torch's generator in which the operations of a run drew their numbers, in order."""

    def __init__(self) -> None:
        self.states: list[torch.Tensor] = []

    @contextmanager
    def numbers(self) -> Iterator[None]:
        """Within, torch draws what the first operation of the run has drawn."""
        outer = torch.get_rng_state()
        torch.set_rng_state(self.states[0])
        try:
            yield
        finally:
            torch.set_rng_state(outer)


@contextmanager
def drawing() -> Iterator[Replay]:
    """Runs within note where they draw from."""
    replay = Replay()
    original = Streams.draw

    def draw(self: Streams, operation: int, function: Callable[[], Any], own_seed: int | None) -> Any:
        def noted() -> Any:
            replay.states.append(torch.get_rng_state())
            return function()

        return original(self, operation, noted, own_seed)

    Streams.draw = draw  # type: ignore[method-assign]
    try:
        yield replay
    finally:
        Streams.draw = original  # type: ignore[method-assign]


def compare_distributions(recorded: Recorded, eager: Callable[[], Any]) -> None:
    """`Disagreement` if a result's mean or spread is not that of eager torch, by ranks, so that every mean exists."""
    pairs = list(side_by_side(recorded.result, eager()))
    fetches = [have for _, have, _ in pairs if symbolic(have)]
    ours = [recorded.run(fetches) for _ in range(DRAWS)]
    torchs = [
        [want for _, have, want in side_by_side(recorded.result, eager()) if symbolic(have)] for _ in range(DRAWS)
    ]
    names = [where for where, have, _ in pairs if isinstance(have, gg.Tensor)]
    for place, where in enumerate(names):
        shapes = {value[place].shape for value in (*ours, *torchs)}
        if len(shapes) > 1 or not next(iter(shapes)).numel():
            continue
        have = torch.stack([value[place].double().flatten() for value in ours])
        want = torch.stack([value[place].double().flatten() for value in torchs])
        _compare_ranks(where, have, want)


def _compare_ranks(where: str, have: torch.Tensor, want: torch.Tensor) -> None:
    pooled = torch.cat([have, want]).flatten().sort().values
    for moment, name in ((1, "mean"), (2, "spread")):
        means = [(_ranks(pooled, side) ** moment).mean(1) for side in (have, want)]
        error = float(sum(mean.var() / len(mean) for mean in means)) ** 0.5
        if abs(float(means[0].mean() - means[1].mean())) > SIGMAS * error + 1e-9:
            raise Disagreement(f"random: {where} has another {name} than in torch")


def _ranks(pooled: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Where the values lie among all, from -1 to 1; ties in their middle."""
    flat = values.flatten().contiguous()
    middle = (torch.searchsorted(pooled, flat) + torch.searchsorted(pooled, flat, right=True)).double()
    return (middle / len(pooled) - 1.0).reshape(values.shape)
