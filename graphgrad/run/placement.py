"""Where a session runs: the device that was asked for, or the CPU where TF1's configuration allows it."""

from __future__ import annotations

import sys

import torch

from ..graph.scopes import as_device
from ..plan.steps import Plan
from ..platform.config import ConfigProto


def placed(device: str | torch.device | None, config: ConfigProto) -> str:
    """The device of a session; `RuntimeError` for a CUDA device that is not there, unless placement is soft."""
    found = as_device(device) or "cpu"
    if not found.startswith("cuda"):
        return found
    if config.allow_soft_placement and not config.gpus(torch.cuda.device_count()):
        return "cpu"
    if not torch.cuda.is_available():
        raise RuntimeError(f"device is {device!r}, and torch finds no CUDA device here; leave it out to run on the CPU")
    return found


def log(plan: Plan, device: str) -> None:
    """Write to stderr where each operation of a run goes."""
    for step in plan.steps:
        sys.stderr.write(f"{step.op.name}: ({step.op.type}): {step.op.device or device}\n")
