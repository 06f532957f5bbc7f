"""Stretches of a flat graph through torch's Inductor, each as one function of machine code.

What Inductor has compiled it keeps on disk, in its own cache: a later process that asks for the same finds it there.
"""

from __future__ import annotations

import functools
import os
import pickle
import shutil
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ...ground.optional import optional
from . import guarded, matmul
from .flat import Made
from .stretches import Stretch


@dataclass(slots=True)
class Job:
    """A stretch as a compiler needs it, without its graph: it can go to another process.

    Attributes:
        module: the pickled torch.fx module.
        examples: what is known of its inputs.
        threads: the number of threads that the code is made for.
    """

    module: bytes
    examples: list[Made]
    threads: int


@dataclass(slots=True)
class Product:
    """What has come of a job.

    Attributes:
        function: takes the inputs, returns the outputs.
        hit: whether it was in the cache on disk.
        seconds: how long that took.
        files: the Python files of Inductor's own code, if it tells.
        matmuls: how many products of matrices go through oneDNN.
    """

    function: Any
    hit: bool
    seconds: float
    files: tuple[str, ...]
    matmuls: int = 0


def job_of(stretch: Stretch) -> Job:
    """The job of compiling a stretch."""
    module = guarded.guard(matmul.speed_up(stretch.module()))
    return Job(pickle.dumps(module), [node.meta["made"] for node in stretch.inputs], torch.get_num_threads())


@functools.cache
def missing() -> str:
    """What stands in the way of Inductor on this machine, and what to install; '' if nothing does."""
    asked = os.environ.get("CXX")
    if not any(map(shutil.which, (asked,) if asked else ("g++", "clang++", "c++", "cl"))):
        what = f"the C++ compiler {asked} that CXX names" if asked else "a C++ compiler"
        return f"Inductor needs {what}: install g++ or clang++ (Debian: apt install g++), or set CXX"
    return ""


def carry_out(job: Job) -> Product:
    """Compile, or find it in the cache on disk."""
    started = time.perf_counter()
    guarded.install()
    matmul.install()
    inductor = optional("torch._inductor", "torch")
    counters = optional("torch._dynamo.utils", "torch").counters["inductor"]
    written = optional("torch._inductor.codecache", "torch").PyCodeCache.modules
    module = pickle.loads(job.module)  # made by `job_of`
    examples = [torch.empty_strided(each.shape, each.stride, dtype=each.dtype, device=each.device)
                for each in job.examples]  # fmt: skip
    hits, files = counters["fxgraph_cache_hit"], len(written)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        function = inductor.standalone_compile(module, examples, dynamic_shapes="from_example_inputs")
    new = tuple(str(each.__file__) for each in written[files:])
    hit, seconds = counters["fxgraph_cache_hit"] > hits, time.perf_counter() - started
    return Product(function, hit, seconds, new, matmul.count(module))


@dataclass(eq=False)
class Compiled:
    """A stretch as compiled code; where the code fails, the stretch tells which operation did.

    Attributes:
        stretch: what it computes.
        product: the code.
        number: its place among the stretches of its program.
    """

    stretch: Stretch
    product: Product
    number: int
    apart: Sequence[int] | None = None
    note: str = field(init=False)

    def __post_init__(self) -> None:
        self.note = f"compiled by Inductor: {self.stretch.kernels} kernels"
        self.function = self.product.function
        self.__name__ = f"stretch_{self.number}"

    def __call__(self, *given: torch.Tensor) -> Sequence[torch.Tensor]:
        try:
            found: Sequence[torch.Tensor] = self.function(*given)
        except Exception:
            self.stretch.eager(*[each.clone() for each in given])  # raises the error of its operation
            raise
        if self.apart is None:
            self.apart = self._shared(given, found)
        if self.apart:
            found = list(found)
            for place in self.apart:
                found[place] = found[place].clone()
        return found

    def _shared(self, given: Sequence[torch.Tensor], found: Sequence[torch.Tensor]) -> list[int]:
        """The places of results that share memory with others here, but not kernel by kernel."""
        if not _sharing(given, found):
            return []
        copies = [each.detach().clone() for each in given]
        usual = _sharing(copies, self.stretch.eager(*copies))
        return sorted({pair[1] for pair in _sharing(given, found) - usual})


def _sharing(given: Sequence[torch.Tensor], found: Sequence[torch.Tensor]) -> set[tuple[int, int]]:
    """(input or -1 - result, result) that share memory."""
    owners: dict[int, int] = {each.untyped_storage().data_ptr(): place for place, each in enumerate(given)}
    pairs = set()
    for place, each in enumerate(found):
        memory = each.untyped_storage().data_ptr()
        if memory in owners and each.numel():
            pairs.add((owners[memory], place))
        owners.setdefault(memory, -1 - place)
    return pairs
