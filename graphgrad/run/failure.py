"""The error of a run, with the operation that failed and the user's line that recorded it."""

from __future__ import annotations

import torch

from ..graph.operation import Operation
from ..ground.errors import InvalidArgumentError, OpError, ResourceExhaustedError
from .program import programs


def failure(error: Exception, op: Operation | None = None) -> OpError:
    """The error of a run, with the operation and the user's line that recorded it; `op` where no line tells."""
    trace = error.__traceback__
    while trace is not None:
        inside = programs.get(trace.tb_frame.f_code.co_filename)  # the run's, or that of a branch or body in it
        if inside is not None:
            op = inside.ops[trace.tb_lineno - 1] or op
        trace = trace.tb_next
    kind = ResourceExhaustedError if isinstance(error, torch.OutOfMemoryError) else InvalidArgumentError
    lines = str(error).strip().splitlines()
    return kind(f"{type(error).__name__}: {lines[0] if lines else ''}", op)
