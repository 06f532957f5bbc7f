"""The figures of a tensor: range, norm, zeros, and how many numbers of it are none."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from ...ground.spec import spec


@dataclass(frozen=True, slots=True)
class Measure:
    """What a tensor held.

    Attributes:
        spec: dtype and shape, as text.
        count: how many numbers.
        low, high: the smallest and the largest finite one (of complex ones the absolute value); NaN if there is none.
        norm: the Euclidean norm of the finite ones.
        zeros, nan, inf: how many are zero, NaN, infinite.
    """

    spec: str
    count: int
    low: float
    high: float
    norm: float
    zeros: int
    nan: int
    inf: int

    @property
    def finite(self) -> bool:
        return not (self.nan or self.inf)

    def __str__(self) -> str:
        kinds = [f"{count:,} {name}" for count, name in ((self.nan, "NaN"), (self.inf, "Inf")) if count]
        if not math.isnan(self.low):
            kinds.insert(0, f"{self.low:.4g}" if self.low == self.high else f"{self.low:.4g} to {self.high:.4g}")
        return f"{self.spec}, {', '.join(kinds) or 'empty'}"


def measure(tensor: torch.Tensor) -> Measure:
    """The figures of a tensor."""
    text = repr(spec(tensor.shape, tensor.dtype))
    numbers = _real(tensor)
    count = numbers.numel()
    if not count:
        return Measure(text, 0, math.nan, math.nan, 0.0, 0, 0, 0)
    if _all_finite(numbers):
        low, high, norm, others = _fetched(*numbers.aminmax(), _norm(numbers), numbers.count_nonzero())
        return Measure(text, count, low, high, norm, int(count - others), 0, 0)
    finite = numbers.isfinite()
    kept = numbers.where(finite, 0.0)
    low, high, norm, others, fine, nan = _fetched(
        numbers.where(finite, math.inf).amin(),
        numbers.where(finite, -math.inf).amax(),
        _norm(kept),
        kept.count_nonzero(),
        finite.sum(),
        numbers.isnan().sum(),
    )
    if not fine:
        low = high = math.nan
    return Measure(text, count, low, high, norm, int(fine - others), int(nan), int(count - fine - nan))


def _norm(numbers: torch.Tensor) -> torch.Tensor:
    norm: torch.Tensor = torch.linalg.vector_norm(numbers, dtype=torch.float64)
    return norm


def _fetched(*figures: torch.Tensor) -> list[float]:
    """Tensors of one number each, in one transfer from their device."""
    found: list[float] = torch.stack([each.double() for each in figures]).tolist()
    return found


def together(measures: Iterable[Measure]) -> Measure:
    """The figures of several tensors as if they were one."""
    found = list(measures)
    if len(found) == 1:
        return found[0]
    ranges = [each for each in found if not math.isnan(each.low)]
    return Measure(
        " ".join(each.spec for each in found),
        sum(each.count for each in found),
        min((each.low for each in ranges), default=math.nan),
        max((each.high for each in ranges), default=math.nan),
        math.hypot(*[each.norm for each in found]),
        sum(each.zeros for each in found),
        sum(each.nan for each in found),
        sum(each.inf for each in found),
    )


def is_finite(tensor: torch.Tensor) -> bool:
    """Whether it holds neither NaN nor Inf.

    Its sum is the quick answer: any of them makes that one, too. But so does a sum that is too large.
    """
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    numbers = _dense(tensor)
    if numbers.is_complex():
        numbers = torch.view_as_real(numbers.resolve_conj())
    elif numbers.dtype.itemsize < 2:
        numbers = numbers.float()
    return _all_finite(numbers)


def _all_finite(numbers: torch.Tensor) -> bool:
    return math.isfinite(numbers.sum().item()) or bool(numbers.isfinite().all())


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    """Off the tape, and with a number in memory for each element."""
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    return tensor if tensor.layout is torch.strided else tensor.to_dense()


def _real(tensor: torch.Tensor) -> torch.Tensor:
    """The numbers as real ones of at least single precision."""
    numbers = _dense(tensor)
    if numbers.is_complex():
        return numbers.to(torch.complex128).abs()
    if numbers.dtype in (torch.float32, torch.float64):
        return numbers
    return numbers.float() if numbers.is_floating_point() else numbers.double()
