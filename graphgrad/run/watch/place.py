"""A place in a watched program: which operation is there, and what the watches are handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...graph.operation import Operation, Value


@dataclass(eq=False, frozen=True, slots=True)
class Place:
    """One operation of a watched program.

    Attributes:
        op: the operation.
        values: what is handed over after it, in this order.
        reads: what it reads, likewise.
        fed: the positions in `values` that the caller fed.
        closed: position in `values` -> the gradient operations that stop there.
        twins: operations that this one stands for as well.
    """

    op: Operation
    values: tuple[Value, ...] = ()
    reads: tuple[Value, ...] = ()
    fed: frozenset[int] = frozenset()
    closed: Mapping[int, frozenset[Operation]] = field(default_factory=dict)
    twins: tuple[Operation, ...] = ()
