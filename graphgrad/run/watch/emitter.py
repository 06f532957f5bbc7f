"""The program of a watched run: the usual one, and lines that hand over what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...graph.operation import Operation, Role, Value
from ...plan.steps import Step
from ..emit import Emitter
from .place import Place


@dataclass
class WatchedEmitter(Emitter):
    """Writes `run.enter(place)` before each operation, `run.leave(place, values, reads)` after it.

    Numbers, Nones, updates and random draws are those of the program without these lines.
    """

    def __post_init__(self) -> None:
        Emitter.__post_init__(self)
        # A variable that is differentiated gets a leaf for each read: a hook on its own tensor would outlive the run.
        self.read_once = set(self.plan.states)
        self.twins: dict[Operation, dict[Operation, None]] = {}
        for value, stand_in in self.plan.same.items():
            self.twins.setdefault(stand_in.op, {})[value.op] = None

    def _feed(self, number: int, value: Value) -> None:
        Emitter._feed(self, number, value)
        if value not in self.passed:
            name = self.names.of[value]
            aliases = self.aliases.get(value, [])
            place = self.printer.constant(Place(value.op, (value,), fed=frozenset([0])))
            more = f", {_list(aliases)}" if aliases else ""
            self._emit(f"run.fed({place}, {name}{more})", value.op, [name, *aliases])

    def _step(self, step: Step) -> None:
        op = step.op
        if op.role is Role.GROUP or op in self.donated:
            Emitter._step(self, step)
            return
        place = self._place_of(step)
        mark = self.printer.constant(place)
        self._emit(f"run.enter({mark})", op)
        Emitter._step(self, step)
        values = [self.names.of[value] for value in place.values]
        reads = [self.name(value) for value in place.reads] if op.role is Role.GRADIENT else self._used(op)
        aliases = [alias for value in place.values for alias in self.aliases.get(value, ())]
        more = f", {_list(aliases)}" if aliases else ""
        self._emit(f"run.leave({mark}, {_list(values)}, {_list(reads)}{more})", op, [*values, *reads, *aliases])

    def _place_of(self, step: Step) -> Place:
        op = step.op
        sweep = self.plan.sweeps.get(op)
        shown = [k for k in (sweep.outputs if sweep else range(len(op.values))) if op.values[k] not in self.given]
        reads = tuple([seed for seed in sweep.seeds if seed is not None]) if sweep else op.reads
        return Place(
            op,
            tuple([op.values[k] for k in shown]),
            reads,
            frozenset([n for n, k in enumerate(shown) if k in step.fed]),
            {n: self._closed(op.values[k], step.gates[k]) for n, k in enumerate(shown) if k in step.gates},
            tuple(self.twins.get(op, ())),
        )

    def _closed(self, value: Value, sweeps: Sequence[int]) -> frozenset[Operation]:
        """The calls that stop at a value and do not ask for its gradient either."""
        return frozenset(
            call for call, sweep in self.plan.sweeps.items()
            if sweep.number in sweeps and not any(value in group for group in sweep.groups)
        )  # fmt: skip

    def _update(self, ops: Sequence[Operation], text: str) -> None:
        mark = self.printer.constant(Place(ops[0], twins=tuple(ops[1:])))
        self._emit(f"run.enter({mark})", ops[0])
        Emitter._update(self, ops, text)
        self._emit(f"run.leave({mark}, [], [])", ops[0])


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]"
