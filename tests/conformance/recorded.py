"""A call made twice: by eager torch on copies of its tensors, and recorded on placeholders of their shapes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

import graphgrad as gg
from graphgrad.graph.lint import lint
from graphgrad.record.dims import Dim
from tests.conformance.nests import Disagreement, replaced, side_by_side, tensors, twin

# Relative to the largest number: both sides run the same kernels.
TOLERANCE = {torch.float64: 1e-9, torch.complex128: 1e-9, torch.float32: 2e-5, torch.complex64: 2e-5}
COARSE = 1e-2

Function = Callable[..., Any]


class Refused(Exception):
    """Eager torch refuses the call itself."""


@contextmanager
def heard() -> Iterator[set[str]]:
    """The warnings given within, as text; they are not errors here."""
    texts: set[str] = set()
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        yield texts
    texts.update(f"{type(item.message).__name__}: {item.message}" for item in given)


class Eager:
    """The call in eager torch.

    Attributes:
        inputs: the copies of its tensors, leaves that require a gradient where the sample's do and `grad` asks.
        result: what it returns.
        warnings: what torch said.
        drew: whether it took numbers from torch's random generator.
    """

    def __init__(self, function: Function, args: Any, kwargs: Any, grad: bool = False) -> None:
        copies = replaced((args, kwargs), lambda tensor: twin(tensor, grad))
        self.inputs = tensors(copies)
        before = torch.get_rng_state()
        with heard() as self.warnings, torch.set_grad_enabled(grad):
            try:
                self.result = function(*copies[0], **copies[1])
            except Exception as error:
                raise Refused(f"{type(error).__name__}: {_first_line(error)}") from error
        self.drew = not torch.equal(before, torch.get_rng_state())

    def gradients(self, ys: Sequence[torch.Tensor], seeds: Sequence[torch.Tensor]) -> list[torch.Tensor | None]:
        """The gradients of the inputs that require one; None where nothing is connected."""
        xs = [tensor for tensor in self.inputs if tensor.requires_grad]
        pairs = [(y, seed) for y, seed in zip(ys, seeds, strict=True) if y.requires_grad]
        if not pairs:
            return [None] * len(xs)
        with heard() as said:
            try:
                return list(
                    torch.autograd.grad(
                        [y for y, _ in pairs], xs, [seed for _, seed in pairs], retain_graph=True, allow_unused=True
                    )
                )
            except Exception as error:
                raise Refused(f"{type(error).__name__}: {_first_line(error)}") from error
            finally:
                self.warnings |= said


class Recorded:
    """The call in a graph of its own.

    Attributes:
        xs: the placeholders, in the order of `Eager.inputs`.
        feeds: what they are fed: the sample's own tensors.
        result: what the call returns, with symbolic tensors in it.
        warnings: what was said.
    """

    def __init__(self, function: Function, args: Any, kwargs: Any) -> None:
        self.graph = gg.Graph()
        self.feeds: dict[str, torch.Tensor] = {}
        with self.graph.as_default(), heard() as self.warnings:
            gg.set_random_seed(1)
            given = replaced((args, kwargs), self._placeholder)
            self.result = function(*given[0], **given[1])
        # An in-place call moves a handle on, so these are asked for again.
        self.xs = [self.graph.get_tensor_by_name(name) for name in self.feeds]
        self.restart()

    def restart(self) -> None:
        """A session of its own, in which random operations draw as in the first one."""
        self.session = gg.Session(self.graph, outputs="torch")

    def _placeholder(self, tensor: torch.Tensor) -> Any:
        made = gg.placeholder(tensor.dtype, tensor.shape)
        self.feeds[made.name] = tensor.detach()
        return made

    def run(self, fetches: Any) -> Any:
        """The values; torch's generator must stay as it was, and the graph sound."""
        faults = lint(self.graph)
        if faults:
            raise Disagreement(f"graph: {faults[0]}")
        before = torch.get_rng_state()
        with heard() as said:
            values = self.session.run(fetches, self.feeds)
        self.warnings |= said
        if not torch.equal(before, torch.get_rng_state()):
            raise Disagreement("random: the run took numbers from torch's own generator")
        return values

    def gradients(self, ys: list[Any], wrt: list[Any], seeds: list[torch.Tensor]) -> list[Any]:
        with self.graph.as_default(), heard() as said:
            found = gg.gradients(ys, wrt, grad_ys=seeds)
        self.warnings |= said
        return found


def symbolic(item: Any) -> bool:
    """Whether a leaf of a recorded result has to be fetched."""
    return isinstance(item, (gg.Tensor, Dim))


def compare_results(recorded: Recorded, want: Any, numbers: bool = True) -> None:
    """`Disagreement` unless a run gives what eager torch gave; `numbers` is False for memory that nobody wrote."""
    pairs = list(side_by_side(recorded.result, want))
    fetched = iter(recorded.run([have for _, have, _ in pairs if symbolic(have)]))
    for where, have, expected in pairs:
        if isinstance(have, gg.Tensor):
            _compare_declared(where, have, expected)
        value = next(fetched) if symbolic(have) else have
        if not symbolic(have) and isinstance(expected, torch.Tensor) and recorded.feeds:
            raise Disagreement(f"structure: {where} is a plain {type(have).__name__}, nothing was recorded")
        compare(where, value, expected, numbers)


def _compare_declared(where: str, have: Any, want: Any) -> None:
    """What the graph promises of a tensor, before there are numbers, holds."""
    if not isinstance(want, torch.Tensor):
        raise Disagreement(f"structure: {where} is a tensor, in torch {type(want).__name__}")
    if have.dtype is not want.dtype:
        raise Disagreement(f"declared dtype: {where} is {have.dtype}, in torch {want.dtype}")
    known = have.op.values[have.value_index].spec.shape
    if known is None:
        return
    if len(known) != want.dim() or any(size not in (None, real) for size, real in zip(known, want.shape, strict=True)):
        raise Disagreement(f"declared shape: {where} is {list(known)}, in torch {list(want.shape)}")


def compare(where: str, have: Any, want: Any, numbers: bool = True) -> None:
    """`Disagreement` unless two leaves are of one dtype and shape and hold the same numbers."""
    if not isinstance(want, torch.Tensor):
        have = have.item() if isinstance(have, torch.Tensor) else have
        same = have == want or (have != have and want != want)
        if numbers and not same:
            raise Disagreement(f"value: {where} is {have!r}, in torch {want!r}")
        return
    if not isinstance(have, torch.Tensor):
        raise Disagreement(f"structure: {where} is a {type(have).__name__}, in torch a tensor")
    if have.dtype is not want.dtype:
        raise Disagreement(f"dtype: {where} is {have.dtype}, in torch {want.dtype}")
    if have.shape != want.shape:
        raise Disagreement(f"shape: {where} is {list(have.shape)}, in torch {list(want.shape)}")
    if have.layout is not want.layout:
        raise Disagreement(f"layout: {where} is {have.layout}, in torch {want.layout}")
    if numbers:
        _compare_numbers(where, have, want)


def _compare_numbers(where: str, have: torch.Tensor, want: torch.Tensor) -> None:
    have, want = _dense(have), _dense(want)
    tolerance = TOLERANCE.get(want.dtype, 0.0 if not (want.is_floating_point() or want.is_complex()) else COARSE)
    finite = want[want.isfinite()].abs().double() if tolerance else torch.empty(0)
    scale = float(finite.max()) if finite.numel() else 1.0
    if not torch.allclose(have, want, rtol=tolerance, atol=tolerance * min(scale, 1.0), equal_nan=True):
        wide = torch.complex128 if want.is_complex() else torch.float64
        worst = float((have.to(wide) - want.to(wide)).abs().nan_to_num(float("inf")).max())
        raise Disagreement(f"value: {where} differs by {worst:.1e}")


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    dense = tensor.detach() if tensor.layout is torch.strided else tensor.detach().to_dense()
    dense = dense.resolve_conj().resolve_neg()
    return dense.float() if dense.dtype.itemsize == 1 and dense.is_floating_point() else dense


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else ""
