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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import GraphModule

from ...ground.optional import optional
from . import guarded, matmul
from .made import Made, Sized
from .stretch import Stretch
from .sums import join_products
from .wording import Wording, evaluated


@dataclass(slots=True)
class Job:
    """A stretch as a compiler needs it, without its graph: it can go to another process.

    Attributes:
        module: the pickled torch.fx module.
        examples: what is known of its inputs.
        threads: the number of threads that the code is made for.
        sizes: name -> what it is now: the sizes that it is given first, and is to be compiled for any of.
    """

    module: bytes
    examples: list[Made]
    threads: int
    sizes: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Product:
    """What has come of a job.

    Attributes:
        function: takes the inputs, returns the outputs.
        hit: whether it was in the cache on disk.
        seconds: how long that took.
        files: the Python files of Inductor's own code, if it tells.
        matmuls: how many products of matrices go through oneDNN.
        holds: whether the code is right for sizes, by name; None if there are none.
    """

    function: Any
    hit: bool
    seconds: float
    files: tuple[str, ...]
    matmuls: int = 0
    holds: Callable[..., bool] | None = None


def job_of(stretch: Stretch) -> Job:
    """The job of compiling a stretch."""
    module = guarded.guard(matmul.speed_up(join_products(stretch.module())))
    examples = [node.meta["made"] for node in stretch.inputs]
    return Job(pickle.dumps(module), examples, torch.get_num_threads(), stretch.sizes)


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
    counters = optional("torch._dynamo.utils", "torch").counters["inductor"]
    written = optional("torch._inductor.codecache", "torch").PyCodeCache.modules
    module = pickle.loads(job.module)  # made by `job_of`
    hits, files = counters["fxgraph_cache_hit"], len(written)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        function, holds = _for_any(module, job) if job.sizes else (_for_one(module, job), None)
    new = tuple(str(each.__file__) for each in written[files:])
    hit, seconds = counters["fxgraph_cache_hit"] > hits, time.perf_counter() - started
    return Product(function, hit, seconds, new, matmul.count(module), holds)


def _for_one(module: GraphModule, job: Job) -> Any:
    """The code for inputs of the sizes that they have."""
    examples = [torch.empty_strided(each.shape, each.stride, dtype=each.dtype, device=each.device)
                for each in job.examples]  # fmt: skip
    inductor = optional("torch._inductor", "torch")
    return inductor.standalone_compile(module, examples, dynamic_shapes="from_example_inputs")


def _for_any(module: GraphModule, job: Job) -> tuple[Any, Callable[..., bool]]:
    """The code for sizes that are open, and for which of them it is right.

    Raises:
        Untraceable: if that is for one size only.
    """
    inductor, shapes = optional("torch._inductor", "torch"), optional("torch.fx.experimental.symbolic_shapes", "torch")
    env = shapes.ShapeEnv(duck_shape=False, specialize_zero_one=True)
    mode = optional("torch._subclasses.fake_tensor", "torch").FakeTensorMode(shape_env=env)
    symbols = {}
    for name, size in job.sizes.items():
        source = optional("torch._dynamo.source", "torch").ConstantSource(name)
        symbol = env.create_symbol(size, source, dynamic_dim=shapes.DimDynamic.DYNAMIC, constraint_dim=None)
        symbols[name] = env.create_symintnode(symbol, hint=size, source=source)

    def spoken(numbers: Sequence[Any]) -> list[Any]:
        return [evaluated(each.text, symbols, symbolic=True) if isinstance(each, Sized) else each for each in numbers]

    with mode:
        examples = [torch.empty_strided(spoken(each.shape), spoken(each.stride), dtype=each.dtype, device=each.device)
                    for each in job.examples]  # fmt: skip
    with torch._guards.tracing(torch._guards.TracingContext(mode)):
        function = inductor.standalone_compile(
            module, [*symbols.values(), *examples], dynamic_shapes="from_tracing_context"
        )
    own = {name: str(symbol.node.expr) for name, symbol in symbols.items()}
    holds, _ = Wording({own[name]: size for name, size in job.sizes.items()}).guard(env)
    return function, lambda **sizes: holds(**{own[name]: sizes[name] for name in own})


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

    def __call__(self, *given: Any) -> Sequence[torch.Tensor]:
        try:
            found: Sequence[torch.Tensor] = self.function(*given)
        except Exception:
            self.stretch.eager(*_copies(given))  # raises the error of its operation
            raise
        if self.apart is None:
            self.apart = self._shared(given, found)
        if self.apart:
            found = list(found)
            for place in self.apart:
                found[place] = found[place].clone()
        return found

    def _shared(self, given: Sequence[Any], found: Sequence[torch.Tensor]) -> list[int]:
        """The places of results that share memory with others here, but not kernel by kernel."""
        first = len(self.stretch.sizes)
        if not (pairs := _sharing(given[first:], found)):
            return []
        copies = _copies(given)
        return sorted({pair[1] for pair in pairs - _sharing(copies[first:], self.stretch.eager(*copies))})


def _copies(given: Sequence[Any]) -> list[Any]:
    """Sizes, and tensors of the same numbers."""
    return [each.detach().clone() if isinstance(each, torch.Tensor) else each for each in given]


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
