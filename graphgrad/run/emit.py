"""A plan becomes a Python program: one line per operation, `del` after each last use.

The program is what the session runs, what `sess.source()` shows, what a traceback points into, and
what a compiler traces. Long ones are split, since Python's compiler needs memory per function.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional

from ..graph.operation import Operation, Role, Value
from ..ground.spec import Spec
from ..plan.steps import Plan, Step
from ..record.infer import Leaf, leaves
from ..record.variable import State
from . import runtime
from .layout import HEADER, Line, layout
from .printing import Names, Printer, pattern_of, with_modes
from .program import Program, findable

_numbers = itertools.count()


def emit(plan: Plan, device: str = "cpu", kind: Callable[[Plan, str], Emitter] | None = None) -> Program:
    """Write and compile the program of a plan."""
    emitter = (kind or Emitter)(plan, device)
    (text, ops), filename = emitter.text(), f"<graphgrad program {next(_numbers)}>"
    namespace: dict[str, Any] = dict(emitter.printer.functions)
    namespace |= {name: getattr(runtime, name) for name in runtime.__all__}
    namespace |= {"torch": torch, "F": torch.nn.functional, "inf": float("inf"), "nan": float("nan")}
    namespace |= {"leaves": leaves, "set_grad": torch._C._set_grad_enabled}
    imports = text.index("\ndef ")  # they are for those who run the text by itself
    body = "\n" * text.count("\n", 0, imports) + text[imports:]
    exec(compile(body, filename, "exec"), namespace)  # noqa: S102
    program = Program(
        plan, text, namespace["program"], emitter.printer.constants, ops, filename, tuple(plan.states),
        tuple(update.state for update in plan.updates if not update.donated),
        tuple(update.state for update in plan.updates if update.donated),
        emitter.taped,
        any("run." in line.text for line in emitter.lines),
        bool(plan.updates),
    )  # fmt: skip
    return findable(program)


@dataclass
class Emitter:
    """Writes the lines of a plan; `watch` has one that writes more."""

    plan: Plan
    device: str
    names: Names = field(default_factory=Names)
    lines: list[Line] = field(default_factory=list)
    grad: bool = False

    def __post_init__(self) -> None:
        self.printer = Printer(self.names)
        self.taped = any(step.tape or step.roots for step in self.plan.steps) or bool(self.plan.roots)
        self.state_number = {state: number for number, state in enumerate(self.plan.states)}
        self.read_once: set[State] = set()
        donated = [update for update in self.plan.updates if update.donated]
        self.kernels = {update.kernel: None for update in donated if update.kernel is not None}
        self.donated = {update.op for update in donated}.union(self.kernels, self._idle())
        self.aliases: dict[Value, list[str]] = {}
        self.switched = bool(self.plan.aliases) or any(step.gates for step in self.plan.steps)
        self.passed = {step.op.values[index] for step in self.plan.steps for index in step.fed}
        self.given = frozenset(self.plan.feeds) - self.passed

    # -- the whole --------------------------------------------------------------------------------

    def text(self) -> tuple[str, list[Operation | None]]:
        for number, value in enumerate(self.plan.feeds):
            self._feed(number, value)
        for step in self.plan.steps:
            self._step(step)
        result, kept = self._finish()
        if self.taped or self.plan.states or self.plan.updates:
            self.lines.insert(0, Line("grad_was_on = torch.is_grad_enabled(); set_grad(False)", None))
            self.lines[0].defines = ("grad_was_on",)
            self._emit("set_grad(grad_was_on)", None, ("grad_was_on",))
        return layout([*HEADER, *self.printer.imports], self.lines, result, kept)

    def name(self, value: Value) -> str:
        return self.names.of[self.plan.same.get(value, value)]

    def _emit(self, text: str, op: Operation | None, uses: Sequence[str] = (), defines: Sequence[str] = ()) -> None:
        self.lines.append(Line(text, op, tuple(uses), tuple(defines)))

    def _set_grad(self, on: bool, op: Operation | None) -> None:
        if self.grad is not on:
            self.grad = on
            self._emit(f"set_grad({on})", op)

    def _feed(self, number: int, value: Value) -> None:
        if value in self.passed:
            return
        name = self.names.new(value)
        source = f"feeds[{number}]"
        if value in self.plan.roots and self.plan.through:
            source = f"{'begun' if value in self.plan.apart else 'handed'}({source})"
            self._set_grad(True, None)
        elif value in self.plan.roots:
            source += ".detach().requires_grad_()"
        self._emit(f"{name} = {source}", None, (), (name,))
        if value in self.plan.fans:
            self._set_grad(True, None)
            self._fan(value, self.plan.fans[value], None)

    def _finish(self) -> tuple[str, set[str]]:
        """The lines after the last operation: fetches, then what changes variables in place.

        Returns the program's last line and the names that are in it.
        """
        plan, outputs = self.plan, []
        if plan.updates or plan.cloned:
            self._set_grad(False, None)
        for number, value in enumerate(plan.fetches):
            name = self.name(value)
            if number in plan.cloned:
                copy = self.names.fresh(f"{name}_fetched")
                self._emit(f"{copy} = {name}.detach().clone()", value.op, (name,), (copy,))
                name = copy
            outputs.append(name)
        renamed = []
        kept = set(outputs)
        for update in plan.updates:  # whatever can fail or needs the old values comes before what changes them
            if update.donated and update.kernel is not None:
                continue
            name = self.name(update.op.reads[0] if update.donated else update.op.values[0])
            if update.donated:
                self._check(update.op, name)
            elif update.copied:
                copy = self.names.fresh(f"{name}_new")
                self._emit(f"{copy} = {name}.detach().clone()", update.op, (name,), (copy,))
                name = copy
            if not update.donated:
                kept.add(name)
                renamed.append(f"{name}.detach()")
        for op in self.kernels:
            self._change(op)
        self._donate([update.op for update in plan.updates if update.donated and update.kernel is None])
        return f"return [{', '.join(outputs)}], [{', '.join(renamed)}]", kept

    def _check(self, op: Operation, name: str) -> None:
        """What is added to a variable may not change its shape; known shapes were checked when recorded."""
        spec = op.reads[0].spec
        if not spec.static and spec.shape != ():
            known = op.payload.spec.shape
            wanted = f"{self._version(op)[0]}.shape" if known is None else tuple(known)
            self._emit(f"check_shape({name}, {wanted})", op, (name,))

    def _change(self, op: Operation) -> None:
        places = [f"state[{self.state_number[old.op.payload]}]" for old in _olds(op)]
        text = self.printer.call(op, lambda k: places[k] if k < len(places) else self._read(op, k))
        self._update([op], text.replace("(", ".in_place(", 1))

    def _donate(self, ops: Sequence[Operation]) -> None:
        """The updates in place: those that differ in their tensors alone are one call of torch."""
        alike: dict[tuple[str, str], list[Operation]] = {}
        for op in ops:
            extra = "".join(f", {key}={value!r}" for key, value in op.kwargs.items())
            alike.setdefault((f"{op.target.__name__}_", extra), []).append(op)
        for (method, extra), some in alike.items():
            deltas = [self._read(op, 0) for op in some]
            places = [f"state[{self.state_number[op.payload]}]" for op in some]
            text = f"{places[0]}.{method}({deltas[0]}{extra})"
            if len(some) > 1:
                text = f"torch._foreach_{method}([{', '.join(places)}], [{', '.join(deltas)}]{extra})"
            self._update(some, text)

    def _update(self, ops: Sequence[Operation], text: str) -> None:
        uses = [value for op in ops for value in (op.reads[len(op.values) :] if op in self.kernels else op.reads[:1])]
        self._emit(text, ops[0], [self.name(value) for value in uses])

    def _idle(self) -> set[Operation]:
        """Reads of variables for nobody but kernels, which take them from the state itself."""
        steps = {step.op: step for step in self.plan.steps}
        olds = {old for op in self.kernels for old in _olds(op)}.difference(self.plan.fetches)
        free = {old for old in olds if all(reader in self.kernels or reader not in steps for reader in old.readers)}
        return {old.op for old in free if not steps[old.op].roots}

    # -- one operation ----------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        op = step.op
        if op in self.donated:
            return
        getattr(self, _EMIT[op.role])(step)
        for index in step.fed:
            self._replace(step, index)
        for index in step.cut:
            name = self.names.of[op.values[index]]
            self._emit(f"{name} = {name}.detach()", op, (name,), (name,))
        if step.own or step.started:
            self._set_grad(True, op)
        for index in step.begun:
            name = self.names.of[op.values[index]]
            self._emit(f"{name} = begun({name})", op, (name,), (name,))
        for index in (*step.own, *step.started):
            name = self.names.of[op.values[index]]
            if op.role is Role.GRADIENT or index in step.started:
                self._emit(f"{name} = handed({name})", op, (name,), (name,))
                continue
            others = [self.name(read) for read in op.reads if read.spec.differentiable]
            others += [self.names.of[value] for value in op.values[:index] if value in self.names.of]
            self._emit(f"{name} = own({', '.join([name, *dict.fromkeys(others)])})", op, (name, *others), (name,))
        for index in step.roots:
            if op.role is Role.READ:
                continue
            name = self.names.of[op.values[index]]
            self._emit(f"{name} = {name}.detach().requires_grad_()", op, (name,), (name,))
        for index, sweeps in step.gates.items():
            name = self.names.of[op.values[index]]
            self._emit(f"run.gate({name}, {sweeps})", op, (name,))
        for index, readers in step.fans.items():
            self._set_grad(True, op)
            self._fan(op.values[index], readers, op)

    def _fan(self, value: Value, readers: int, op: Operation | None) -> None:
        name = self.names.of[value]
        aliases = [self.names.fresh(f"{name}_r{number}") for number in range(readers)]
        self.aliases[value] = aliases
        self._emit(f"{', '.join(aliases)} = run.fan({name}, {readers})", op, (name,), aliases)

    def _replace(self, step: Step, index: int) -> None:
        op = step.op
        name = self.names.of[op.values[index]]
        fresh = op.role is Role.CALL and op.signature.aliases[index] is None
        how = "overwrite" if fresh else "straight_through"
        self._set_grad(True, op)
        self._emit(f"{name} = {how}({name}, feeds[{step.fed[index]}])", op, (name,), (name,))

    def _read(self, op: Operation, position: int) -> str:
        value = op.reads[position]
        alias = self.plan.aliases.get((op, position))
        name = self.name(value) if alias is None else self.aliases[value][alias]
        if isinstance(value.spec, Spec) and self._place(value.op) != self._place(op):
            return f"{name}.to({self._place(op)!r})"
        return name

    def _place(self, op: Operation) -> str:
        return op.device or self.device

    def _used(self, op: Operation) -> list[str]:
        used = []
        for position, value in enumerate(op.reads):
            alias = self.plan.aliases.get((op, position))
            used.append(self.name(value) if alias is None else self.aliases[value][alias])
        return used

    def _call(self, step: Step) -> None:
        op = step.op
        if step.tape is not None:
            self._set_grad(step.tape, op)
        text = self.printer.call(op, lambda position: self._read(op, position))
        signature = op.signature
        if signature is not None:
            if self._place(op) != "cpu" and not any(isinstance(value.spec, Spec) for value in op.reads):
                text = f"{text[:-1]}, device={self._place(op)!r})"
            if signature.random:
                seed = f", seed={op.payload}" if isinstance(op.payload, int) else ""
                text = f"run.draw({op.id}, lambda: {text}{seed})"
        defined = [self.names.new(value) for value in op.values if value not in self.names.of]
        pattern = defined[0] if len(op.values) == 1 and defined else ""
        if signature is not None and type(signature.structure) is not Leaf:
            targets = [self._target(value) for value in op.values]
            pattern = pattern_of(signature.structure, targets)
            if "{" in pattern:
                flat = [targets[leaf.index] if type(leaf) is Leaf else "_" for leaf in leaves(signature.structure)]
                pattern, text = f"{', '.join(flat)},", f"leaves({text})"
        text = f"{pattern or '_'} = {text}"
        if signature is not None:
            text = with_modes(step, text)
        self._emit(text, op, self._used(op), defined)

    def _target(self, value: Value) -> str:
        """Where an output goes; a fed one, that nothing passes through, goes nowhere."""
        return "_" if value in self.given else self.names.of[value]

    def _placeholder(self, step: Step) -> None:
        raise AssertionError(f"{step.op.name} is not fed")  # the session has checked

    def _constant(self, step: Step) -> None:
        name = self.names.new(step.op.values[0])
        place = "" if self._place(step.op) == "cpu" else f".to({self._place(step.op)!r})"
        self._emit(f"{name} = {self.printer.constant(step.op.payload)}{place}", step.op, (), (name,))

    def _version(self, op: Operation) -> tuple[str, tuple[str, ...]]:
        """The variable's value at this point: of an earlier assign, or from before the run."""
        earlier = self.plan.versions.get(op)
        if earlier is None:
            return f"state[{self.state_number[op.payload]}]", ()
        name = self.name(earlier.values[0])
        return name, (name,)

    def _read_state(self, step: Step) -> None:
        op = step.op
        name = self.names.new(op.values[0])
        source, uses = self._version(op)
        if step.roots and (uses or op.payload in self.read_once):
            source += ".detach().requires_grad_()"
        elif not step.roots and self.taped:
            source += ".detach()"
        if step.roots:
            self.read_once.add(op.payload)
        self._emit(f"{name} = {source}", op, uses, (name,))

    def _assign(self, step: Step) -> None:
        op = step.op
        self._set_grad(False, op)
        value = self._read(op, 0)
        name = self.names.new(op.values[0])
        uses = [self.name(op.reads[0])]
        if op.target is None:
            text = f"{name} = {value}.detach()"
            if not op.reads[0].spec.static and op.payload.spec.shape is not None:
                text = f"{name} = check_shape({value}.detach(), {tuple(op.payload.spec.shape)})"
        else:
            self._check(op, value)
            source, before = self._version(op)
            uses += before
            extra = "".join(f", {key}={item!r}" for key, item in op.kwargs.items())
            text = f"{name} = {self.printer.function(op.target)}({source}, {value}{extra})"
        self._emit(text, op, uses, (name,))

    def _group(self, step: Step) -> None:
        pass

    def _gradient(self, step: Step) -> None:
        op = step.op
        sweep = self.plan.sweeps[op]
        if self.switched:
            self._emit(f"run.sweep = {sweep.number}", op)
        flat = [value for group in sweep.groups for value in group]
        ys = [self.name(value) for value in sweep.ys]
        seeds = [self._seed(y, seed) for y, seed in zip(sweep.ys, sweep.seeds, strict=True)]
        xs = [self.name(value) for value in flat]
        found = [
            self._gradient_name(op.values[k], group[0]) if len(group) == 1 else self.names.fresh("part")
            for k, group in zip(sweep.outputs, sweep.groups, strict=True)
            for _ in group
        ]
        given = "" if set(seeds) == {"None"} else f", [{', '.join(seeds)}]"
        options = ", create_graph=True" if sweep.create else ", retain_graph=True" if sweep.retain else ""
        arguments = f"[{', '.join(ys)}], [{', '.join(xs)}]{given}{options}, materialize_grads=True"
        text = f"{', '.join(found)}, = {'batched_grad' if sweep.call.batched else 'torch.autograd.grad'}({arguments})"
        uses = [*ys, *xs, *(self.name(seed) for seed in sweep.seeds if seed is not None)]
        self._emit(text, op, uses, found)
        if self.switched and self.plan.through:
            self._emit("run.sweep = -1", op)  # the gates are open for the sweeps of the caller
        parts = iter(found)
        for k, group in zip(sweep.outputs, sweep.groups, strict=True):
            terms = [next(parts) for _ in group]
            if len(group) > 1 and op.values[k] not in self.given:
                self._set_grad(sweep.create, op)
                name = self._gradient_name(op.values[k], group[0])
                self._emit(f"{name} = {' + '.join(terms)}", op, terms, (name,))
        self._colocate(op, sweep.outputs, sweep.groups, sweep.call.colocated)

    def _gradient_name(self, value: Value, x: Value) -> str:
        name = self.names.fresh(f"grad_{self.name(x)}")
        if value not in self.given:  # a fed one, that nothing passes through, keeps the name of its feed
            self.names.of[value] = name
        return name

    def _colocate(self, op: Operation, outputs: Sequence[int], groups: Sequence[Any], colocated: bool) -> None:
        """Gradients come out where their x is; without colocation they go where the call was asked to be."""
        for k, group in zip(outputs, groups, strict=True):
            if op.values[k] in self.given:
                continue
            if not colocated and op.device and self._place(group[0].op) != op.device:
                name = self.names.of[op.values[k]]
                self._emit(f"{name} = {name}.to({op.device!r})", op, (name,), (name,))

    def _seed(self, y: Value, seed: Value | None) -> str:
        if seed is not None:
            return self.name(seed)
        return "None" if y.spec.shape == () else f"torch.ones_like({self.name(y)})"


def _olds(kernel: Operation) -> tuple[Value, ...]:
    """What a kernel changes: the first of its reads, as many as it has values."""
    return kernel.reads[: len(kernel.values)]


_EMIT = {  # by name: an emitter of another kind has its own
    Role.CALL: "_call",
    Role.PLACEHOLDER: "_placeholder",
    Role.CONSTANT: "_constant",
    Role.READ: "_read_state",
    Role.ASSIGN: "_assign",
    Role.GRADIENT: "_gradient",
    Role.GROUP: "_group",
}
