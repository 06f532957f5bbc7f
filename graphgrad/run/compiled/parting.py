"""Which operations of a run are left as they are, and the program of a run that has them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ...graph.operation import Operation, Role, Value
from ...ground.spec import ArraySpec
from ...plan.steps import Plan, Step
from ...record.custom import PythonFunction
from ...record.flow import Branches, Flow, Loop
from ..emit import Emitter
from .opaque import Parted

# Operations whose doing is not in what they return: files, output streams, errors about numbers.
_EFFECTS = ("graphgrad.ops.kernels.checks", "graphgrad.ops.summaries")


def effectful(op: Operation) -> bool:
    """Whether the operation, or one in its bodies, does more than compute."""
    target = op.target
    if isinstance(target, PythonFunction) or type(target).__module__ in _EFFECTS:
        return True
    return getattr(target, "__module__", "") in _EFFECTS or any(map(effectful, _inner(op)))


def choosing(op: Operation) -> bool:
    """Whether the operation, or one in its bodies, goes on as numbers tell it to."""
    return isinstance(op.target, (Branches, Loop)) or any(map(choosing, _inner(op)))


def _inner(op: Operation) -> Iterable[Operation]:
    if not isinstance(op.target, Flow):
        return ()
    return [inner for _, body, _ in op.target.parts(False) for inner in body.graph.get_operations()]


def reasons(plan: Plan) -> dict[Operation, str]:
    """The operations that no trace can go through, each with why."""
    found: dict[Operation, str] = {}
    for step in plan.steps:
        if effectful(step.op):
            found[step.op] = "it runs Python code, or does more than compute"
        elif choosing(step.op):
            found[step.op] = "it goes on as numbers tell it to"
    return found


def partable(op: Operation, plan: Plan) -> str | None:
    """Why an operation can't be apart from the rest of its run, or None if it can."""
    step = next((each for each in plan.steps if each.op is op), None)
    if step is None or op.role is not Role.CALL:
        return "it is a part of a gradient"
    if any(isinstance(value.spec, ArraySpec) for value in (*op.reads, *op.values)):
        return "it takes or gives an array of tensors"
    if step.tape and any(sweep.create for sweep in plan.sweeps.values()):
        return "it is differentiated twice"
    whole = isinstance(op.target, Flow) and not isinstance(op.target, PythonFunction)
    if step.tape and whole and effectful(op) and any(_elsewhere(op, plan, readers(plan))):
        return "the terms of a gradient on its way are added up among others"
    return None


def readers(plan: Plan) -> Counter[Value]:
    """How often gradients flow to a value from elsewhere."""
    reads = (each for step in plan.steps if step.tape for each in step.op.reads)
    ys = (y for sweep in plan.sweeps.values() for y in sweep.ys)
    return Counter(plan.same.get(each, each) for each in (*reads, *ys))


def _elsewhere(op: Operation, plan: Plan, counts: Counter[Value]) -> list[bool]:
    """Which of what an operation reads gets gradients from others, too."""
    reads = [plan.same.get(each, each) for each in op.reads]
    return [
        value.spec.differentiable and counts[value] > reads.count(value) and (op, position) not in plan.aliases
        for position, value in enumerate(reads)
    ]


@dataclass
class PartedEmitter(Emitter):
    """Writes the usual program, but calls some operations by `run.apart`.

    Attributes:
        parted: these operations.
    """

    parted: frozenset[Operation] = frozenset()

    def __post_init__(self) -> None:
        Emitter.__post_init__(self)
        self.readers = readers(self.plan)

    def _call(self, step: Step) -> None:
        Emitter._call(self, step)
        if step.op in self.parted:
            self._part(step)

    def _part(self, step: Step) -> None:
        """The line of a call, rewritten."""
        op, line = step.op, self.lines[-1]
        modes, text, before, after = "", line.text, "", ""
        if text.startswith("with "):
            blocks, _, text = text.removeprefix("with ").partition(": ")
            modes = f", modes=lambda: [{blocks}]"
        pattern, _, text = text.partition(" = ")
        if text.startswith("leaves("):
            before, text, after = "leaves(", text[len("leaves(") : -1], ")"
        if op.signature is not None and op.signature.random:
            head = f"run.draw({op.id}, lambda: "
            seed = f", seed={op.payload})" if isinstance(op.payload, int) else ")"
            before, text, after = before + head, text[len(head) : -len(seed)], seed + after
        names = ", ".join(dict.fromkeys(line.uses))
        function = f"lambda {names}: {text}" if names else f"lambda: {text}"
        mark = self.printer.constant(Parted(op, self._contended(op, line.uses), effectful(op), self._free))
        line.text = f"{pattern} = {before}run.apart({mark}, {function}{', ' * bool(names)}{names}{modes}){after}"

    @property
    def _free(self) -> bool:
        return not (self.taped or self.plan.states or self.plan.updates)

    def _contended(self, op: Operation, uses: Iterable[str]) -> tuple[int, ...]:
        """The places of the arguments whose gradient has terms from elsewhere, too."""
        places = {name: place for place, name in enumerate(dict.fromkeys(uses))}
        pairs = zip(self._used(op), _elsewhere(op, self.plan, self.readers), strict=True)
        return tuple(dict.fromkeys(places[name] for name, elsewhere in pairs if elsewhere))
