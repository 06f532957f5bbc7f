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


def use_threads(config: ConfigProto) -> None:
    """Give operations on the CPU as many threads as are asked for; `ValueError` for a number that is none."""
    threads = config.intra_op_parallelism_threads
    if threads < 0:
        raise ValueError(f"intra_op_parallelism_threads is {threads}: a number of threads, or 0 for torch's own choice")
    if threads:
        torch.set_num_threads(threads)


def log(plan: Plan, device: str) -> None:
    """Write to stderr where each operation of a run goes."""
    for step in plan.steps:
        sys.stderr.write(f"{step.op.name}: ({step.op.type}): {step.op.device or device}\n")
