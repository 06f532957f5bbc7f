"""What a plan folds: computed once, before the program that has the results among its constants."""

from __future__ import annotations

from typing import Any

import torch

from ..graph.operation import Operation, Role, Value
from ..plan.steps import Plan
from .program import Program
from .runtime import without_modes


def folded(plan: Plan, program: Program | None) -> tuple[dict[Value, Any], set[Operation]]:
    """The folded values with their tensors, and the operations whose doing that makes needless.

    Nothing if it fails: then the run does as recorded, and says what is wrong.

    Args:
        plan: of the run.
        program: of its `folding`, or None if there is none.
    """
    if program is None:
        return {}, set()
    grad = torch.is_grad_enabled()
    try:
        with torch.inference_mode(False), without_modes():
            outputs, _ = program.call((), (), program.constants, None)
    except Exception:
        return {}, set()
    finally:
        torch._C._set_grad_enabled(grad)
    values = dict(zip(program.plan.fetches, outputs, strict=True))
    return values, _needless(plan, program.plan)


def _needless(plan: Plan, folding: Plan) -> set[Operation]:
    """The operations that were carried out, and the constants that none but these read."""
    made = {step.op for step in folding.steps}
    calls = {op for op in made if op.role is Role.CALL}
    needed = set(plan.fetches)
    for step in plan.steps:
        if step.op not in calls:
            needed.update(plan.same.get(read, read) for read in step.op.reads)
    for sweep in plan.sweeps.values():
        needed.update(value for group in sweep.groups for value in group)
    return {op for op in made if op in calls or needed.isdisjoint(op.values)}
