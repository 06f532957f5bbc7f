"""What a call gives before there is data: it is run on tensors without memory, once per signature.

A signature is the callable, the specs of the tensors, the static arguments and torch's modes. Its
inference is memoised for the whole process; a hit costs a dictionary look-up.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import torch

from ..ground.compiling import compiling
from ..ground.errors import NoValueError
from ..ground.spec import WORLDS, IntSpec, Shape, Spec, int_spec, merged, spec
from .canonical import META_DIFFERS, RANDOM, Canonical
from .probe import ChangesArguments, Watch, elements, laid_out, memory_of, order_of, versions_of, write
from .recurrent import SHORTENED
from .rules.table import Ruling, answer, smooth
from .search import REFUSALS, working


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
    inference = torch.inference_mode(False)
    inference.__enter__()
    try:
        with compiling(False):
            yield
    finally:
        _probing.active = outer
        inference.__exit__(None, None, None)


class Signature:
    """All that is known of a call, shared by every operation that repeats it.

    Attributes:
        specs: one per tensor or size that the call returns, in order.
        structure: the nest that the call returns, a Leaf for each of those.
        single: whether the call returns just one tensor.
        random: whether it draws from a random generator.
        aliases: per output, the position of the read whose memory it shares, or None.
        device: where it is probed, 'meta' unless torch has no meta kernel for it.
        data: the true contents of some reads, for a call whose shapes depend on data.
        told: whether that was used, so that the signature holds for these contents only.
        small: whether real tensors of these sizes may be made to find out more.
        attention: whether it contains scaled dot product attention.
        smooth: whether a gradient is known to reach everything that is read and can have one.
        familiar: whether it is made of nothing but torch functions that differentiate alike on all devices.
    """

    def __init__(
        self,
        call: Canonical,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        reads: tuple[Spec | IntSpec, ...],
        modes: Modes,
        data: Mapping[int, torch.Tensor] = MappingProxyType({}),
    ) -> None:
        self.data = data
        self.told = False
        self.call = call
        self.args = args
        self.kwargs = kwargs
        self._only_reads = args == tuple(map(Slot, range(len(reads))))
        self.reads = reads
        self.modes = modes
        self.device = "cpu" if modes.autocast else "meta"
        self.small = elements(reads) <= 2**26
        self.specs: tuple[Spec | IntSpec, ...] = ()
        self.structure: Any = None
        self.random = call.name in RANDOM
        self.attention = "attention" in call.name
        self.smooth = self.familiar = False
        self.aliases: tuple[int | None, ...] = ()
        self.probe: tuple[int, tuple[Shape, ...] | None] = (0, None)  # the world, or shapes, in which it works
        self.no_derivative = call.no_derivative or (call.name == "div" and kwargs.get("rounding_mode") is not None)
        self.derivative: Any = None  # set by derivative.of, on first need
        self._infer()
        self.single = self._is_single()

    def _is_single(self) -> bool:
        return type(self.structure) is Leaf

    def tensors(self, world: int, shapes: Sequence[Shape] | None = None, data: int = 0, device: str = "") -> list[Any]:
        """Stand-ins for the reads: tensors without memory, and the sizes as ints.

        Where they need memory, `data` says what is in it: counting numbers, zeros, or random ones.
        """
        device = device or self.device
        made: list[Any] = []
        for position, read in enumerate(self.reads):
            if isinstance(read, IntSpec):
                size = shapes[position][0] if shapes else read.worlds[world]
                if size is None:
                    raise LookupError(world)
                made.append(size)
                continue
            shape = shapes[position] if shapes else read.in_world(world)
            if read.strides is not None and not read.static:
                made.append(laid_out(shape, read.strides, read.dtype, device))
            elif read.strides is not None and shapes is None:
                made.append(torch.empty_strided(shape, read.strides, dtype=read.dtype, device=device))
            else:
                made.append(torch.empty(shape, dtype=read.dtype, device=device))
            if device != "cpu":
                continue
            if position in self.data:
                self.told = True
                made[-1].copy_(self.data[position])
            else:
                write(made[-1], data)
        return made

    def arguments(self, reads: tuple[Any, ...]) -> tuple[Any, ...]:
        """The positional arguments of a call that reads these."""
        return reads if self._only_reads else tuple([fill(argument, reads) for argument in self.args])

    def options(self, reads: Sequence[Any]) -> dict[str, Any]:
        """The keyword arguments of a call that reads these."""
        return {key: fill(value, reads) for key, value in self.kwargs.items()}

    def invoke(self, tensors: Sequence[Any], device: str = "") -> Any:
        """Make the call on these."""
        device = device or self.device
        args, kwargs = self._filled(tensors, device)
        with contextlib.ExitStack() as stack:
            if self.modes.autocast:
                stack.enter_context(torch.autocast(*self.modes.autocast))
            if not any(isinstance(tensor, torch.Tensor) for tensor in tensors):
                stack.enter_context(torch.device(device))
            target = SHORTENED.get(self.call.target, self.call.target) if device == "meta" else self.call.target
            return target(*args, **kwargs)

    def _filled(self, tensors: Sequence[Any], device: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of the call on these."""
        args, kwargs = fill(self.args, tensors), self.options(tensors)
        if "device" in kwargs:
            kwargs["device"] = device
        return args, kwargs

    def by_rule(self, tensors: Sequence[Any]) -> Any:
        """What the call gives on these, if a rule says it; `NotImplemented` if none does."""
        if self.device != "meta" or not tensors:
            return NotImplemented
        return answer(self.call.target, *self._filled(tensors, self.device))

    # -- inference --------------------------------------------------------------------------------

    def _infer(self) -> None:
        if self.call.name in META_DIFFERS and self.small:
            self.device = "cpu"
        try:
            with trial(), torch.no_grad(), _default_dtype(self.modes.default_dtype), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they would be about sizes that no run has
                self._infer_in_worlds()
        except ChangesArguments:
            raise
        except (NotImplementedError, RuntimeError, TypeError) as refused:
            text = str(refused).lower()
            lacking = isinstance(refused, NotImplementedError) or "meta" in text or "not allocated" in text
            if self.device == "cpu" or not lacking or not self.small:
                raise
            # torch has no meta kernel for it, or its shape depends on data: small real tensors tell.
            self.device = "cpu"
            own_draws, quiet = torch.random.fork_rng(devices=[]), warnings.catch_warnings()
            with trial(), torch.no_grad(), own_draws, quiet, _default_dtype(self.modes.default_dtype):
                warnings.simplefilter("ignore")
                self._infer_in_worlds()

    def _infer_in_worlds(self) -> None:
        dynamic = any(read.worlds is not None for read in self.reads)
        tries = [(world, min(world, 2)) for world in range(len(WORLDS))]
        if not dynamic:
            tries = [(0, data) for data in range(1 if self.device == "meta" else 3)]
        results: list[Any] = [None] * len(tries)
        failure: Exception | None = None
        watch, ruled = Watch(), True
        for number, (world, data) in enumerate(tries):
            try:
                tensors = self.tensors(world, None, data)
                result = self.by_rule(tensors)
                ruled = ruled and result is not NotImplemented
                if result is NotImplemented:
                    result = self._watched(watch, tensors, number == 0)
                if all(earlier is None for earlier in results):
                    self._note(result, tensors, (world, None))
            except ChangesArguments:
                raise
            except REFUSALS as error:
                failure = failure or error
                continue
            results[number] = result
        if failure is not None and (not dynamic or self._few(results)):
            if not dynamic and all(result is None for result in results):
                raise failure
            if dynamic:
                self._search(results, failure)
        self.random = self.random or watch.random
        self.attention = self.attention or watch.attention
        self.familiar = self.device == "meta" and (ruled or watch.familiar) and not self.attention
        self.smooth = ruled and smooth(self.call.target, sum(isinstance(read, Spec) for read in self.reads))
        self._describe(results)

    def _watched(self, watch: Watch, tensors: list[Any], first: bool) -> Any:
        """Make the call on these, with an eye on what it does; in a kernel of this library, rules answer for torch."""
        versions = versions_of(tensors)
        watch.given = {id(tensor) for tensor in tensors}
        ruling = Ruling() if self.device == "meta" and _is_kernel(self.call.target) else None
        with watch if first else contextlib.nullcontext(), ruling or contextlib.nullcontext():
            result = self.invoke(tensors)
        if first:
            watch.familiar = ruling is not None and not ruling.strange
        watch.check(tensors, versions)
        return result

    def _few(self, results: list[Any]) -> bool:
        """Whether too few worlds work to tell what does not depend on the unknown sizes."""
        alive = sum(result is not None for result in results)
        return alive < 2 or any(read.shape is None for read in self.reads)

    def _search(self, results: list[Any], failure: Exception) -> None:
        """Add what the call gives with sizes that are no world's."""
        numbers = [leaf for leaf in leaves((self.args, self.kwargs)) if type(leaf) is int]
        for shapes, result in working(self.reads, lambda shapes: self.invoke(self.tensors(0, shapes)), numbers):
            if all(earlier is None for earlier in results):
                self._note(result, self.tensors(0, shapes), (0, shapes))
            results.append(result)
        if all(result is None for result in results):
            raise failure

    def _note(self, result: Any, tensors: list[Any], probe: tuple[int, tuple[Shape, ...] | None]) -> None:
        """Remember where it worked first, and which outputs share memory with a read there."""
        self.probe = probe
        memory = {memory_of(tensor): position for position, tensor in enumerate(tensors)}
        memory.pop(None, None)
        self.aliases = tuple(memory.get(memory_of(leaf)) for leaf in leaves(result))

    def _describe(self, results: list[Any]) -> None:
        """The output specs: known where all results agree."""
        alive = [result for result in results if result is not None]
        if not alive:  # the call returns None
            self.structure = None
            return
        first = list(leaves(alive[0]))
        padded = self._rows(results, alive, len(first))
        specs: list[Spec | IntSpec] = []
        positions: dict[int, Any] = {}
        for position, leaf in enumerate(first):
            column = [None if row is None else row[position] for row in padded]
            if isinstance(leaf, torch.Tensor):
                plain = leaf.layout is not torch.strided or leaf.is_contiguous()
                shapes = tuple(None if item is None else tuple(map(int, item.shape)) for item in column)
                strides = None if plain else tuple(leaf.stride())
                described = merged(shapes, leaf.dtype, strides, None if plain else order_of(leaf))
                if described.worlds is not None and len(shapes) > len(WORLDS):
                    described = spec(described.shape, leaf.dtype, described.strides, shapes[: len(WORLDS)])
                positions[position] = Leaf(len(specs))
                specs.append(described)
            elif type(leaf) is int and any(item not in (None, leaf) for item in column) and self.device == "meta":
                positions[position] = Leaf(len(specs))
                specs.append(int_spec(tuple(column[: len(WORLDS)])))
            elif self.device == "cpu" and any(item is not None and repr(item) != repr(leaf) for item in column):
                raise NoValueError(f"it answers with a Python {type(leaf).__name__} that depends on data")
            else:
                positions[position] = leaf
        self.specs = tuple(specs)
        self.aliases = tuple(
            alias for position, alias in enumerate(self.aliases) if isinstance(positions[position], Leaf)
        )
        counter = itertools.count()
        self.structure = rebuild(alive[0], lambda leaf: positions[next(counter)])

    def _rows(self, results: list[Any], alive: list[Any], width: int) -> list[list[Any] | None]:
        """The leaves of each result, None where there is none; a row per world at least.

        Where a size is tiny, `chunk` may give fewer pieces: that does not count. If the first two worlds differ in
        the number of results, it depends on an unknown size.
        """
        rows = [None if result is None else list(leaves(result)) for result in results]
        counts = [len(row) for row in rows[:2] if row is not None] or [len(row) for row in rows if row is not None]
        if any(count != width for count in counts):
            raise ValueError(f"how many results {self.call.name} has depends on a size that is not known yet")
        rows = [row if row is not None and len(row) == width else None for row in rows]
        return rows + [None] * (len(WORLDS) - len(rows))


def _is_kernel(target: Any) -> bool:
    """Whether a callable is a Python function of this library."""
    return str(getattr(target, "__module__", "")).startswith("graphgrad.")


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
