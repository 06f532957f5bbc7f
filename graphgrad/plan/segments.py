"""What a run computes again on the way back: stretches of steps that can be carried out twice."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..graph.graph import Graph
from ..graph.operation import Operation, Role
from ..graph.recompute import recomputed
from ..ground.spec import ArraySpec
from .effects import effectful
from .steps import Step

# A stretch is one function, whose compilation takes memory by its length.
_MOST = 500


def segments(
    graph: Graph, steps: Sequence[Step], versions: Mapping[Operation, Operation]
) -> tuple[list[Step], list[tuple[int, int]]]:
    """The steps in an order in which stretches to be recomputed are unbroken, and where these begin and end.

    Reads of variables and constants come before their stretch, and assigns behind it, so that neither breaks it.

    Args:
        graph: whose operations they are.
        steps: of a run, in order.
        versions: a read or an updating assign -> the assign whose result it sees.
    """
    blocks = recomputed(graph)
    if not blocks:
        return list(steps), []
    sorter = _Sorter(versions)
    starts = [start for start, _ in blocks]
    inside = -1
    for step in steps:
        number = bisect_right(starts, step.op.id) - 1
        block = number if number >= 0 and step.op.id < blocks[number][1] else -1
        if block != inside:
            sorter.flush()
            inside = block
        if block < 0:
            sorter.steps.append(step)
        else:
            sorter.add(step)
    sorter.flush()
    return sorter.steps, sorter.found


@dataclass
class _Sorter:
    versions: Mapping[Operation, Operation]
    steps: list[Step] = field(default_factory=list)
    found: list[tuple[int, int]] = field(default_factory=list)
    members: list[Step] = field(default_factory=list)
    behind: list[Step] = field(default_factory=list)
    assigned: set[Operation] = field(default_factory=set)

    def add(self, step: Step) -> None:
        """A step of a block."""
        op = step.op
        if op.role is Role.CONSTANT or (op.role is Role.READ and not op.controls and op not in self.versions):
            self.steps.append(step)
        elif op.role in (Role.ASSIGN, Role.GROUP):
            self.behind.append(step)
            self.assigned.add(op)
        elif not _twice(step):
            self.flush()
            self.steps.append(step)
        else:
            if len(self.members) == _MOST or self._waits(op):
                self.flush()
            self.members.append(step)

    def _waits(self, op: Operation) -> bool:
        """Whether an operation sees, or comes after, something that is put behind the stretch."""
        if not self.assigned:
            return False
        return any(read.op in self.assigned for read in op.reads) or not self.assigned.isdisjoint(op.controls)

    def flush(self) -> None:
        """The end of a stretch, if there is one."""
        if sum(step.tape is True for step in self.members) > 1:
            self.found.append((len(self.steps), len(self.steps) + len(self.members)))
        self.steps += [*self.members, *self.behind]
        self.members, self.behind = [], []
        self.assigned.clear()


def _twice(step: Step) -> bool:
    """Whether a step can be carried out twice, and the second time does no more than give its numbers again."""
    op = step.op
    if op.role is not Role.CALL or step.fed or effectful(op):
        return False
    return not any(isinstance(value.spec, ArraySpec) for value in (*op.reads, *op.values))
