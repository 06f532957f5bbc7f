"""What this machine is, and how fast it multiplies matrices and copies memory: the floor under every step."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Machine:
    """A machine and its speed on as many threads as everyone has here.

    Attributes:
        flops: floating point operations a second of a product of float32 matrices of 1,024 x 1,024, by the faster one
            of the two libraries that torch has for it.
        bandwidth: bytes a second, read and written, of a copy of 256 MB.
    """

    processor: str
    cores: int
    memory: float
    system: str
    flops: float
    bandwidth: float

    def floor(self, flops: float, traffic: float) -> float:
        """The seconds that this much arithmetic or this many bytes take at least."""
        return max(flops / self.flops, traffic / self.bandwidth)

    def __str__(self) -> str:
        return (
            f"{self.processor}, {self.cores} cores, {self.memory / 2**30:.0f} GiB, {self.system}; "
            f"a product of matrices makes {self.flops / 1e9:.0f} GFLOP/s, a copy {self.bandwidth / 1e9:.1f} GB/s"
        )


def measured() -> Machine:
    """This machine; its speed as the best of several goes."""
    a, b, c = (torch.ones(1024, 1024) for _ in range(3))
    large, other = (torch.ones(1 << 26) for _ in range(2))
    product = min(_best(lambda: torch.mm(a, b, out=c)), _best(lambda: _by_onednn(a, b)))
    return Machine(
        _processor(), os.cpu_count() or 1, _memory(), f"{platform.system()} {platform.machine()}",
        2 * 1024**3 / product, 2 * large.nbytes / _best(lambda: other.copy_(large)),
    )  # fmt: skip


def _by_onednn(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    if not torch.backends.mkldnn.is_available():
        return torch.mm(a, b)
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")
    return product


def _best(work: Callable[[], Any], goes: int = 12) -> float:
    found = []
    for _ in range(goes):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) if hasattr(os, "sysconf") else 0.0
