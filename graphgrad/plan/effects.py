"""Operations whose doing is not in what they return: files, output streams, errors about numbers, Python code."""

from __future__ import annotations

from ..graph.operation import Operation
from ..record.custom import PythonFunction
from ..record.flow import Flow

_EFFECTS = ("graphgrad.ops.kernels.checks", "graphgrad.ops.summaries")


def effectful(op: Operation) -> bool:
    """Whether the operation, or one in its bodies, does more than compute."""
    target = op.target
    if isinstance(target, PythonFunction) or type(target).__module__ in _EFFECTS:
        return True
    if getattr(target, "__module__", "") in _EFFECTS:
        return True
    if not isinstance(target, Flow):
        return False
    return any(effectful(inner) for _, body, _ in target.parts(False) for inner in body.graph.get_operations())
