"""What has to run: back from the fetches, cut at the feeds, pruned to the gradients that are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..autodiff.adjoint import GradientCall, PathStep
from ..autodiff.reach import restricted
from ..graph.operation import Operation, Role, Value
from ..record.buffers import UPDATES


@dataclass
class Asked:
    """One gradients() call as far as this run needs it.

    Attributes:
        outputs: the positions of the gradients that are computed.
        path, operations, through: the part of the call's path that leads to them.
        ys, seeds: those that a gradient starts from.
    """

    call: GradientCall
    outputs: tuple[int, ...]
    path: list[PathStep]
    operations: frozenset[Operation]
    through: frozenset[Operation]
    ys: tuple[Value, ...]
    seeds: tuple[Value | None, ...]

    @property
    def groups(self) -> tuple[tuple[Value, ...], ...]:
        return tuple(self.call.xs[k] for k in self.outputs)


@dataclass
class Selection:
    """The operations of a run, and what each gradients() call contributes.

    Attributes:
        passes: fed values that a gradient passes through; their operations run as well.
    """

    operations: set[Operation] = field(default_factory=set)
    asked: dict[Operation, Asked] = field(default_factory=dict)
    passes: set[Value] = field(default_factory=set)


def select(
    fetches: Iterable[Value], operations: Iterable[Operation], feeds: frozenset[Value], prune: bool = True
) -> Selection:
    """Everything that these fetches need, and nothing else; without `prune` all gradients of each call."""
    selection = Selection()
    outputs: dict[Operation, set[int]] = {}
    pending: list[Value] = list(fetches)
    waiting: list[Operation] = list(operations)
    changed: set[Operation] = set()

    def want_operation(op: Operation) -> None:
        waiting.append(op)
        if op.role is Role.GRADIENT:
            outputs.setdefault(op, set()).update(range(len(op.values)))
            changed.add(op)

    for op in list(waiting):
        want_operation(op)
    while pending or waiting or changed:
        while pending or waiting:
            while waiting:
                op = waiting.pop()
                if op in selection.operations:
                    continue
                if op.role is Role.PLACEHOLDER and op.values[0] in feeds:
                    continue  # wanted as a control input: being fed, it has run
                selection.operations.add(op)
                waiting.extend(op.controls)
                if UPDATES in op.graph.annexes:
                    waiting.extend(op.graph.annexes[UPDATES].get(op, ()))
                if op.role is not Role.GRADIENT:
                    pending.extend(op.reads)
            while pending:
                value = pending.pop()
                if value in feeds:
                    continue
                op = value.op
                if op.role is Role.GRADIENT and value.index not in outputs.setdefault(op, set()):
                    outputs[op].add(value.index)
                    changed.add(op)
                if op not in selection.operations:
                    waiting.append(op)
        for op in changed:
            asked = _ask(op.payload, outputs[op], prune)
            selection.asked[op] = asked
            pending.extend(asked.ys)
            pending.extend(seed for seed in asked.seeds if seed is not None)
            pending.extend(value for group in asked.groups for value in group)
        changed = set()
        for value in feeds - selection.passes:
            if any(_passes(value, asked) for asked in selection.asked.values()):
                selection.passes.add(value)
                want_operation(value.op)
    return selection


def _passes(value: Value, asked: Asked) -> bool:
    """Whether a gradient of this call passes through the operation that gives a fed value."""
    return value not in asked.call.stops and (value.op in asked.operations or value.op in asked.through)


def _ask(call: GradientCall, outputs: set[int], prune: bool) -> Asked:
    if call.gated or not prune or len(outputs) == len(call.xs):
        everything = tuple(range(len(call.xs)))
        return Asked(call, everything, call.path, call.operations, call.through, call.ys, call.seeds)
    chosen = tuple(sorted(outputs))
    wanted = {value for k in chosen for value in call.xs[k]}
    path = restricted(call.path, wanted)
    useful = wanted.union(step.node.values[k] for step in path for k in step.outputs)
    start = [(y, seed) for y, seed in zip(call.ys, call.seeds, strict=True) if y in useful]
    operations = frozenset(step.node for step in path if isinstance(step.node, Operation))
    through = frozenset(
        value.op for step in path if not isinstance(step.node, Operation) for value in step.node.values
        if isinstance(value, Value)
    )  # fmt: skip
    return Asked(call, chosen, path, operations, through, tuple(y for y, _ in start), tuple(seed for _, seed in start))
