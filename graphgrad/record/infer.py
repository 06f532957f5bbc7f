"""What a call gives before there is data: it is run on tensors without memory, once per signature.

A signature is the callable, the specs of the tensors, the static arguments and torch's modes. Its
inference is memoised for the whole process; a hit costs a dictionary look-up.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ..ground.spec import WORLDS, IntSpec, Shape, Spec, int_spec, merged, spec
from .canonical import RANDOM, Canonical


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of the n-th tensor read in a call's arguments."""

    position: int


class Modes(NamedTuple):
    """torch's switches at the moment of recording; the run replays them."""

    grad: bool
    default_dtype: torch.dtype
    autocast: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """The n-th output in a result's structure."""

    index: int


class _Probing(threading.local):
    active = False


_probing = _Probing()


def probing() -> bool:
    """Whether this thread's torch calls are trials of the recorder itself, which nobody may record."""
    return _probing.active


@contextlib.contextmanager
def trial() -> Iterator[None]:
    """A block of such calls."""
    outer = _probing.active
    _probing.active = True
    try:
        yield
    finally:
        _probing.active = outer


class Signature:
    """All that is known of a call, shared by every operation that repeats it.

    Attributes:
        specs: one per tensor or size that the call returns, in order.
        structure: the nest that the call returns, a Leaf for each of those.
        single: whether the call returns just one tensor.
        random: whether it draws from a random generator.
        aliases: per output, the position of the read whose memory it shares, or None.
        device: where it is probed, 'meta' unless torch has no meta kernel for it.
        attention: whether it contains scaled dot product attention.
    """

    def __init__(
        self,
        call: Canonical,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        reads: tuple[Spec | IntSpec, ...],
        modes: Modes,
    ) -> None:
        self.call = call
        self.args = args
        self.kwargs = kwargs
        self._only_reads = args == tuple(map(Slot, range(len(reads))))
        self.reads = reads
        self.modes = modes
        self.device = "cpu" if modes.autocast else "meta"
        self.specs: tuple[Spec | IntSpec, ...] = ()
        self.structure: Any = None
        self.random = call.name in RANDOM
        self.attention = "attention" in call.name
        self.aliases: tuple[int | None, ...] = ()
        self.probe: tuple[int, tuple[Shape, ...] | None] = (0, None)  # the world, or shapes, in which it works
        self.no_derivative = call.no_derivative or (call.name == "div" and kwargs.get("rounding_mode") is not None)
        self.derivative: Any = None  # set by derivative.of, on first need
        self._infer()
        self.single = self._is_single()

    def _is_single(self) -> bool:
        return type(self.structure) is Leaf

    def tensors(self, world: int, shapes: Sequence[Shape] | None = None) -> list[Any]:
        """Stand-ins for the reads: tensors without memory, and the sizes as ints."""
        made: list[Any] = []
        for position, read in enumerate(self.reads):
            if isinstance(read, IntSpec):
                size = read.worlds[world]
                if size is None:
                    raise LookupError(world)
                made.append(size)
                continue
            shape = shapes[position] if shapes else read.in_world(world)
            if read.strides is not None and shapes is None:
                made.append(torch.empty_strided(shape, read.strides, dtype=read.dtype, device=self.device))
            else:
                made.append(torch.empty(shape, dtype=read.dtype, device=self.device))
            if self.device == "cpu":
                if world == 0:
                    made[-1].copy_(torch.arange(1, made[-1].numel() + 1).reshape(made[-1].shape))
                else:
                    made[-1].zero_()
        return made

    def arguments(self, reads: tuple[Any, ...]) -> tuple[Any, ...]:
        """The positional arguments of a call that reads these."""
        return reads if self._only_reads else tuple([fill(argument, reads) for argument in self.args])

    def options(self, reads: Sequence[Any]) -> dict[str, Any]:
        """The keyword arguments of a call that reads these."""
        return {key: fill(value, reads) for key, value in self.kwargs.items()}

    def invoke(self, tensors: Sequence[Any]) -> Any:
        """Make the call on these."""
        args = fill(self.args, tensors)
        kwargs = self.options(tensors)
        if "device" in kwargs:
            kwargs["device"] = self.device
        with contextlib.ExitStack() as stack:
            if self.modes.autocast:
                device, dtype = self.modes.autocast
                stack.enter_context(torch.autocast(device, dtype))
            if not any(isinstance(tensor, torch.Tensor) for tensor in tensors):
                stack.enter_context(torch.device(self.device))
            return self.call.target(*args, **kwargs)

    # -- inference --------------------------------------------------------------------------------

    def _infer(self) -> None:
        try:
            with trial(), torch.no_grad(), _default_dtype(self.modes.default_dtype), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they would be about sizes that no run has
                self._infer_in_worlds()
        except (NotImplementedError, RuntimeError, TypeError) as refused:
            lacking = isinstance(refused, NotImplementedError) or "meta" in str(refused).lower()
            if self.device == "cpu" or not lacking or _size(self.reads) > 2**26:
                raise
            # torch has no meta kernel for it, or its shape depends on data: small real tensors tell.
            self.device = "cpu"
            with trial(), torch.no_grad(), torch.random.fork_rng(devices=[]), _default_dtype(self.modes.default_dtype):
                self._infer_in_worlds()

    def _infer_in_worlds(self) -> None:
        dynamic = any(read.worlds is not None for read in self.reads)
        worlds = range(len(WORLDS)) if dynamic else range(1 if self.device == "meta" else 2)
        results: list[Any] = [None] * (len(WORLDS) if dynamic else 1)
        failure: Exception | None = None
        watch = _Watch()
        for world in worlds:
            try:
                tensors = self.tensors(world)
                with watch if world == 0 else contextlib.nullcontext():
                    result = self.invoke(tensors)
                if all(earlier is None for earlier in results):
                    self._note(result, tensors, (world, None))
            except LookupError as error:
                failure = failure or error
                continue
            except (RuntimeError, ValueError, IndexError) as error:
                failure = failure or error
                continue
            if world >= len(results):
                results.append(None)
            results[world] = result
        rankless = any(read.shape is None for read in self.reads)
        if failure is not None and (rankless or all(result is None for result in results)):
            if not dynamic:
                raise failure
            results = self._substituted(failure)
        self.random = self.random or watch.random
        self.attention = self.attention or watch.attention
        self._describe(results)

    def _note(self, result: Any, tensors: list[Any], probe: tuple[int, tuple[Shape, ...] | None]) -> None:
        """Remember where it worked first, and which outputs share memory with a read there."""
        self.probe = probe
        memory = {
            tensor.untyped_storage()._cdata: position
            for position, tensor in enumerate(tensors)
            if isinstance(tensor, torch.Tensor)
        }
        self.aliases = tuple(
            memory.get(leaf.untyped_storage()._cdata) if isinstance(leaf, torch.Tensor) else None
            for leaf in leaves(result)
        )

    def _substituted(self, failure: Exception) -> list[Any]:
        """No world works: an unknown size has to equal a known one, or 1. Try those."""
        known = sorted({size for read in self.reads for size in (read.shape or ()) if size is not None} | {1})
        choices: list[Iterator[Shape]] = []
        for read in self.reads:
            if read.worlds is None or isinstance(read, IntSpec):
                choices.append(iter([() if isinstance(read, IntSpec) else read.in_world(0)]))
            elif read.shape is None:
                choices.append(
                    itertools.chain.from_iterable(itertools.product(known[-4:], repeat=rank) for rank in range(5))
                )
            else:
                choices.append(itertools.product(*([size] if size is not None else known for size in read.shape)))
        worked: list[Any] = []
        for shapes in itertools.islice(itertools.product(*choices), 400):
            try:
                tensors = self.tensors(0, shapes)
                result = self.invoke(tensors)
                if not worked:
                    self._note(result, tensors, (0, shapes))
                worked.append(result)
            except (RuntimeError, ValueError, IndexError, LookupError):
                continue
        if not worked:
            raise failure
        return worked

    def _describe(self, results: list[Any]) -> None:
        """The output specs: known where all results agree."""
        alive = [result for result in results if result is not None]
        if not alive:  # the call returns None
            self.structure = None
            return
        first = list(leaves(alive[0]))
        padded = [list(leaves(result)) if result is not None else [None] * len(first) for result in results]
        padded = (padded + [[None] * len(first)] * len(WORLDS))[: max(len(WORLDS), len(padded))]
        specs: list[Spec | IntSpec] = []
        positions: dict[int, Any] = {}
        for position, leaf in enumerate(first):
            column = [row[position] for row in padded if len(row) == len(first)]
            if isinstance(leaf, torch.Tensor):
                strides = None if leaf.is_contiguous() or len(alive) > 1 else tuple(leaf.stride())
                shapes = tuple(None if item is None else tuple(item.shape) for item in column)
                described = merged(shapes, leaf.dtype, strides)
                if described.worlds is not None and len(shapes) > len(WORLDS):
                    described = spec(described.shape, leaf.dtype, None, shapes[: len(WORLDS)])
                positions[position] = Leaf(len(specs))
                specs.append(described)
            elif type(leaf) is int and any(item not in (None, leaf) for item in column):
                positions[position] = Leaf(len(specs))
                specs.append(int_spec(tuple(column[: len(WORLDS)])))
            else:
                positions[position] = leaf
        self.specs = tuple(specs)
        self.aliases = tuple(
            alias for position, alias in enumerate(self.aliases) if isinstance(positions[position], Leaf)
        )
        counter = itertools.count()
        self.structure = rebuild(alive[0], lambda leaf: positions[next(counter)])


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees the kernels that a call reaches: whether it is random, whether it is attention."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.random = False
        self.attention = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if torch.Tag.nondeterministic_seeded in func.tags:
            self.random = True
        if "scaled_dot_product" in func.name():
            self.attention = True
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    outer = torch.get_default_dtype()
    if dtype is outer:
        yield
        return
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(outer)


def _size(reads: Sequence[Spec | IntSpec]) -> int:
    total = 0
    for read in reads:
        if isinstance(read, Spec):
            shape = read.worlds[0] if read.worlds is not None else read.shape
            total += int(torch.Size([size or 0 for size in shape or ()]).numel())
    return total


# -- nests ------------------------------------------------------------------------------------------


def fill(nest: Any, values: Sequence[Any]) -> Any:
    """A copy of an argument nest with each Slot replaced by the value of its position."""
    kind = type(nest)
    if kind is Slot:
        return values[nest.position]
    if kind is tuple or kind is list:
        return kind(fill(item, values) for item in nest)
    if kind is slice:
        return slice(fill(nest.start, values), fill(nest.stop, values), fill(nest.step, values))
    if kind is dict:
        return {key: fill(item, values) for key, item in nest.items()}
    return nest


def rebuild(nest: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of a result nest (tuple, list, dict, named tuple, torch's return types) with changed leaves."""
    if isinstance(nest, torch.Size):
        return tuple(change(item) for item in nest)
    if isinstance(nest, tuple):
        items = [rebuild(item, change) for item in nest]
        if type(nest) is tuple:
            return tuple(items)
        named = hasattr(nest, "_fields") and type(nest).__module__ != "torch.return_types"
        return type(nest)(*items) if named else type(nest)(items)
    if isinstance(nest, list):
        return [rebuild(item, change) for item in nest]
    if isinstance(nest, dict):
        return {key: rebuild(item, change) for key, item in nest.items()}
    return change(nest)


def leaves(nest: Any) -> Iterator[Any]:
    if isinstance(nest, (tuple, list)):
        for item in nest:
            yield from leaves(item)
    elif isinstance(nest, dict):
        for item in nest.values():
            yield from leaves(item)
    else:
        yield nest
