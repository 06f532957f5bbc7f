"""Set questions on the graph, as loops: no recursion, whatever the depth."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Collection, Iterable, Sequence

from .operation import Operation


def upstream(start: Iterable[Operation], stop: Callable[[Operation], bool] | None = None) -> set[Operation]:
    """The operations that these read, directly or not, these included; control inputs too."""
    seen: set[Operation] = set()
    pending = list(start)
    while pending:
        op = pending.pop()
        if op in seen:
            continue
        seen.add(op)
        if stop is None or not stop(op):
            pending.extend(value.op for value in op.reads)
            pending.extend(op.controls)
    return seen


def between(sources: Collection[Operation], sinks: Collection[Operation]) -> set[Operation]:
    """The operations on any path from a source to a sink, both included; control edges do not count.

    Two walks, forward from the sources and backward from the sinks, advance in turn, and the second is
    confined to the first that ends. So the cost follows the smaller of the two sets, not the graph. The
    walk back leaves out what is older than every source, or lacks a bit that all sources have.
    """
    if not sources or not sinks:
        return set()
    oldest = min(op.id for op in sources)
    newest = max(op.id for op in sinks)
    common = functools.reduce(operator.and_, [op.sources for op in sources])
    down, up = set(sources), {op for op in sinks if op.sources & common == common}
    down_front, up_front = list(down), list(up)
    while down_front and up_front:
        for value in down_front.pop().values:
            for reader in value.readers:
                if reader.id <= newest and reader not in down:
                    down.add(reader)
                    down_front.append(reader)
        for value in up_front.pop().reads:
            producer = value.op
            if producer not in up and producer.id >= oldest and producer.sources & common == common:
                up.add(producer)
                up_front.append(producer)
    if up_front:  # the forward walk ended first: go back inside it
        return _closure(down.intersection(sinks), down, _producers)
    return _closure(up.intersection(sources), up, _readers)


def _producers(op: Operation) -> list[Operation]:
    return [value.op for value in op.reads]


def _readers(op: Operation) -> Sequence[Operation]:
    if len(op.values) == 1:
        return op.values[0].readers
    return [reader for value in op.values for reader in value.readers]


def _closure(
    start: Iterable[Operation], inside: set[Operation], step: Callable[[Operation], Sequence[Operation]]
) -> set[Operation]:
    seen = set(start)
    pending = list(seen)
    while pending:
        for op in step(pending.pop()):
            if op in inside and op not in seen:
                seen.add(op)
                pending.append(op)
    return seen
