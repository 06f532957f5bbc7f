"""The lines of a `gradients()` call: one `torch.autograd.grad`, and the sums over a variable's reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..graph.operation import Operation, Value
from ..plan.steps import Step

if TYPE_CHECKING:
    from .emit import Emitter


def emit_sweep(emitter: Emitter, step: Step) -> None:
    """Write the sweep of a gradient operation."""
    op, plan = step.op, emitter.plan
    sweep = plan.sweeps[op]
    if emitter.switched:
        emitter._emit(f"run.sweep = {sweep.number}", op)
    flat = [value for group in sweep.groups for value in group]
    ys = [emitter.name(value) for value in sweep.ys]
    seeds = [_seed(emitter, y, seed) for y, seed in zip(sweep.ys, sweep.seeds, strict=True)]
    xs = [emitter.name(value) for value in flat]
    found = [
        _named(emitter, op.values[k], group[0]) if len(group) == 1 else emitter.names.fresh("part")
        for k, group in zip(sweep.outputs, sweep.groups, strict=True)
        for _ in group
    ]
    given = "" if set(seeds) == {"None"} else f", [{', '.join(seeds)}]"
    options = ", create_graph=True" if sweep.create else ", retain_graph=True" if sweep.retain else ""
    arguments = f"[{', '.join(ys)}], [{', '.join(xs)}]{given}{options}, materialize_grads=True"
    text = f"{', '.join(found)}, = {'batched_grad' if sweep.call.batched else 'torch.autograd.grad'}({arguments})"
    uses = [*ys, *xs, *(emitter.name(seed) for seed in sweep.seeds if seed is not None)]
    emitter._emit(text, op, uses, found)
    if emitter.switched and plan.through:
        emitter._emit("run.sweep = -1", op)  # the gates are open for the sweeps of the caller
    parts = iter(found)
    for k, group in zip(sweep.outputs, sweep.groups, strict=True):
        terms = [next(parts) for _ in group]
        if len(group) > 1 and op.values[k] not in emitter.given:
            emitter._set_grad(sweep.create, op)
            name = _named(emitter, op.values[k], group[0])
            emitter._emit(f"{name} = {' + '.join(terms)}", op, terms, (name,))
    _colocate(emitter, op, sweep.outputs, sweep.groups, sweep.call.colocated)


def _named(emitter: Emitter, value: Value, x: Value) -> str:
    name = emitter.names.fresh(f"grad_{emitter.name(x)}")
    if value not in emitter.given:  # a fed one, that nothing passes through, keeps the name of its feed
        emitter.names.of[value] = name
    return name


def _colocate(emitter: Emitter, op: Operation, outputs: Sequence[int], groups: Sequence[Any], colocated: bool) -> None:
    """Gradients come out where their x is; without colocation they go where the call was asked to be."""
    for k, group in zip(outputs, groups, strict=True):
        if op.values[k] in emitter.given:
            continue
        if not colocated and op.device and emitter._place(group[0].op) != op.device:
            name = emitter.names.of[op.values[k]]
            emitter._emit(f"{name} = {name}.to({op.device!r})", op, (name,), (name,))


def _seed(emitter: Emitter, y: Value, seed: Value | None) -> str:
    if seed is not None:
        return emitter.name(seed)
    return "None" if y.spec.shape == () else f"torch.ones_like({emitter.name(y)})"
