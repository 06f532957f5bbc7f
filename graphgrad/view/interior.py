"""Where what is in an open scope stands: its nodes, the scopes in it, and the values that pass.

Each unit is one or more items of rows, each value that passes a chain of them. Models repeat themselves, and
equal scopes look alike: each kind is arranged once.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from .geometry import SIDE
from .nesting import Net, Unit, span
from .rows import Item, Piece, arrange, join, straight


class Interior(NamedTuple):
    """What an arranged scope looks like inside.

    Attributes:
        places: of its children, in their order.
        ways: of its nets, in their order, where each passes; nothing where it has no rows to pass or no room.
        left, right: how far all of it reaches.
    """

    places: list[float]
    ways: list[list[Piece]]
    left: float
    right: float


class Interiors:
    """The interiors that were arranged so far, by the form of their scopes."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Interior] = {}

    def fill(self, scope: Unit, children: Sequence[Unit], label: float) -> None:
        """Set the places of a scope's children, its ways, where values enter and leave it, and how far it reaches.

        Args:
            scope: whose children are filled, if they are scopes.
            children: its children; where nothing else decides, they stand in this order.
            label: the width that its name takes.
        """
        form = _form(scope, children)
        found = self._known.get(form)
        if found is None:
            found = self._known[form] = _arranged(scope, children)
        for unit, place in zip(children, found.places, strict=True):
            unit.place = place
        for (key, net), way in zip(scope.nets.items(), found.ways, strict=True):
            if way:
                scope.passes[key] = way
            if net.leaves:
                assert net.source is not None
                scope.out[key] = way[-1][0] if way else net.source.place + net.source.out.get(key, 0.0)
            if net.source is None:
                scope.into[key] = _entry(key, net, way)
        entry = min(scope.into.values(), default=found.right)  # the name stands to the left of what comes in
        scope.left = max(SIDE - found.left, label - entry)
        scope.right = max(found.right + SIDE, label - scope.left)


def _form(scope: Unit, children: Sequence[Unit]) -> Hashable:
    """What is equal for scopes that look alike inside."""
    number = {unit: n for n, unit in enumerate(children)}
    nets = []
    for key, net in scope.nets.items():
        source = None if net.source is None else (number[net.source], net.source.out.get(key, 0.0))
        readers = tuple([(number[reader], reader.into.get(key, 0.0)) for reader in net.readers])
        nets.append((source, readers, net.leaves, net.routed))
    return tuple([(u.start, u.height, u.left, u.right, u.fed) for u in children]), tuple(nets)


def _arranged(scope: Unit, children: Sequence[Unit]) -> Interior:
    slabs = {unit: _slab(unit) for unit in children}
    ways = [_way(scope, key, net, slabs) if net.routed else [] for key, net in scope.nets.items()]
    items = [item for slab in slabs.values() for item in slab]
    items += [item for way in ways for item in way]
    arrange(items)
    left, right = min([item.place - item.left for item in items]), max([item.place + item.right for item in items])
    return Interior([slab[0].place for slab in slabs.values()], [straight(way) for way in ways], left, right)


def _slab(unit: Unit) -> list[Item]:
    """The items of a unit, one a row."""
    pull = 10.0 if unit.fed else 1.0
    slab = unit if unit.height > 1 else None
    return [Item(unit.start + n, unit.left, unit.right, pull, slab) for n in range(unit.height)]


def _way(scope: Unit, key: str, net: Net, slabs: dict[Unit, list[Item]]) -> list[Item]:
    """The items of a value that passes, one a row, joined to what gives it and to what reads it."""
    first, last = span(scope, net)
    way = [Item(row, 4.0, 4.0, 4.0) for row in range(first, last + 1)]
    if way and net.source is not None:
        join(slabs[net.source][-1], way[0], net.source.out.get(key, 0.0))
    for upper, lower in zip(way, way[1:], strict=False):
        join(upper, lower)
    for reader in net.readers:
        away = -reader.into.get(key, 0.0)
        if reader.start > first:
            join(way[reader.start - 1 - first], slabs[reader][0], away)
        elif net.source is not None:
            join(slabs[net.source][-1], slabs[reader][0], net.source.out.get(key, 0.0) + away)
    return way


def _entry(key: str, net: Net, way: list[Piece]) -> float:
    """Where a value enters a scope from above: over those that read it right there, so that chains are straight."""
    first = [reader for reader in net.readers if reader.start == 0]
    if way and not first:
        return way[0][0]
    places = [reader.place + reader.into.get(key, 0.0) for reader in first or net.readers]
    return sum(places) / len(places)
