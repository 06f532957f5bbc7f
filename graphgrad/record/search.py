"""Sizes with which a call works, where those of the worlds do not: an unknown size has to equal a known one, or 1."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..ground.spec import WORLDS, IntSpec, Shape, Spec

# What torch raises where a call is not possible; its Python kernels for meta tensors assert.
REFUSALS = (RuntimeError, ValueError, IndexError, LookupError, AssertionError, ZeroDivisionError)

_TRIES = 250
_ENOUGH = 12


def working(
    reads: Sequence[Spec | IntSpec], attempt: Callable[[Sequence[Shape]], Any], more: Iterable[int] = ()
) -> list[tuple[tuple[Shape, ...], Any]]:
    """Shapes of the reads with which `attempt` gives a result, and that result.

    An unknown size may have to equal one of `more`, too: the numbers among the call's arguments. Each is varied
    on its own and with each other one, so that a size on which the results agree really does not depend on it.
    """
    known = {size for read in reads if isinstance(read, Spec) for size in read.shape or () if size is not None}
    known.update(size for read in reads if isinstance(read, IntSpec) for size in read.worlds if size is not None)
    known.update(number for number in more if 0 < number <= 2**16)
    candidates = list(dict.fromkeys([*WORLDS[:2], *sorted(known | set(WORLDS[2:]), reverse=True)]))
    found: dict[tuple[Shape, ...], Any] = {}
    tries = itertools.count()

    def consider(shapes: tuple[Shape, ...]) -> bool:
        if shapes in seen or next(tries) >= _TRIES:
            return False
        seen.add(shapes)
        try:
            found[shapes] = attempt(shapes)
        except (*REFUSALS, TypeError):
            return False
        return True

    seen: set[tuple[Shape, ...]] = set()
    for ranks in itertools.product(*[_ranks(read) for read in reads]):
        places = [(n, axis) for n, sizes in enumerate(ranks) for axis, size in enumerate(sizes) if size is None]
        first = next((shapes for shapes in _all(ranks, candidates) if consider(shapes)), None)
        if first is None:
            continue
        for shapes in _neighbours(first, places, candidates):
            if len(found) >= _ENOUGH:
                break
            consider(shapes)
    return list(found.items())


def _ranks(read: Spec | IntSpec) -> list[tuple[int | None, ...]]:
    """The shapes that a read may have, as far as its rank goes; a size counts as one unknown."""
    if isinstance(read, IntSpec):
        return [(None,)]
    return [read.shape] if read.shape is not None else [(None,) * rank for rank in (2, 1, 3, 0, 4)]


def _all(ranks: Sequence[tuple[int | None, ...]], candidates: Sequence[int]) -> Iterator[tuple[Shape, ...]]:
    """All ways to fill the unknown sizes: those that are equal everywhere first."""
    count = sum(size is None for sizes in ranks for size in sizes)
    equal = ((size,) * count for size in candidates)
    for choice in itertools.chain(equal, itertools.product(candidates, repeat=count)):
        sizes = iter(choice)
        yield tuple(tuple(next(sizes) if size is None else size for size in shape) for shape in ranks)


def _neighbours(
    shapes: tuple[Shape, ...], places: Sequence[tuple[int, int]], candidates: Sequence[int]
) -> Iterator[tuple[Shape, ...]]:
    """The shapes with one unknown size changed, then with two changed together."""
    for moved in itertools.chain(itertools.combinations(places, 1), itertools.combinations(places, 2)):
        for size in candidates:
            changed = [list(shape) for shape in shapes]
            for n, axis in moved:
                changed[n][axis] = size
            yield tuple(map(tuple, changed))
