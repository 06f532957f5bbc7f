"""TF1's elementwise functions that torch has no one call for, and its conversions of dtypes."""

from __future__ import annotations

import math
from typing import Any

import torch

_WIDE = (torch.int32, torch.int64)


def truediv(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The quotient; integers of 32 bits and more are divided in float64, shorter ones in float32."""
    if x.is_floating_point() or x.is_complex() or y.is_floating_point() or y.is_complex():
        return x / y
    wanted = torch.float64 if x.dtype in _WIDE or y.dtype in _WIDE else torch.float32
    return x.to(wanted) / y.to(wanted)


def div(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The quotient as in Python 2: of integers, rounded down."""
    if x.is_floating_point() or x.is_complex() or y.is_floating_point() or y.is_complex():
        return x / y
    return torch.div(x, y, rounding_mode="floor")


def truncatediv(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The quotient rounded towards zero."""
    return torch.div(x, y, rounding_mode="trunc").detach()


def div_no_nan(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The quotient, and 0 where the divisor is 0; its gradients are 0 there, too."""
    zero = y == 0
    return torch.where(zero, torch.zeros_like(x / 1), x / torch.where(zero, torch.ones_like(y), y))


def multiply_no_nan(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The product, and 0 where y is 0, even if x is infinite or NaN."""
    lost = (y == 0) & ~torch.isfinite(x)  # elsewhere the product is itself, and has its own derivatives
    return torch.where(lost, torch.zeros_like(x), x) * y


def xlogy(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """X log(y), and 0 where x is 0; its gradients are 0 there, too."""
    zero = x == 0
    return torch.where(zero, torch.zeros_like(x * y), x * torch.log(torch.where(zero, torch.ones_like(y), y)))


def xlog1py(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """X log(1 + y), and 0 where x is 0; its gradients are 0 there, too."""
    zero = x == 0
    return torch.where(zero, torch.zeros_like(x * y), x * torch.log1p(torch.where(zero, torch.zeros_like(y), y)))


def xdivy(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """X / y, and 0 where x is 0; its gradients are 0 there, too."""
    zero = x == 0
    return torch.where(zero, torch.zeros_like(x * y), x / torch.where(zero, torch.ones_like(y), y))


def squared_difference(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The square of x - y, by the conjugate for complex numbers."""
    difference = x - y
    return difference.conj() * difference if difference.is_complex() else difference * difference


def polygamma(a: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The a-th derivative of the digamma function, NaN where a is not a whole number; no gradient flows to a."""
    order = a.detach()
    first = order == 0
    number = torch.where(first, torch.ones_like(order), order) + 1
    sign = torch.where(torch.remainder(number, 2) == 0, 1.0, -1.0).to(x.dtype)
    higher = sign * torch.exp(torch.lgamma(number)) * torch.special.zeta(number, x)
    wrong = (order < 0) | (order != torch.floor(order))
    value = torch.where(first, torch.digamma(x), higher)
    return torch.where(wrong, torch.full_like(value, torch.nan), value)


def clip_by_value(t: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """The tensor with its elements limited to an interval that the run computes."""
    return torch.clamp(t, low.to(t.dtype), high.to(t.dtype))


def polyval(coeffs: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """A polynomial, from the coefficient of its highest power down to the constant one."""
    found = torch.zeros_like(x)
    for coefficient in coeffs:
        found = found * x + coefficient
    return found


def lbeta(x: torch.Tensor) -> torch.Tensor:
    """The logarithm of the beta function of the numbers along the last axis."""
    return torch.lgamma(x).sum(-1) - torch.lgamma(x.sum(-1))


def cast(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The tensor in another dtype; complex numbers lose their imaginary part without a warning."""
    if x.is_complex() and not dtype.is_complex:
        x = x.real
    return x.to(dtype)


def saturate_cast(value: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The tensor in another dtype; what is out of its range becomes its nearest end."""
    if dtype.is_complex or dtype is torch.bool or value.dtype is torch.bool:
        return cast(value, dtype)
    info: Any = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    own: Any = torch.finfo(value.dtype) if value.is_floating_point() else torch.iinfo(value.dtype)
    low, high = max(info.min, own.min), min(info.max, own.max)
    if value.is_floating_point() and not dtype.is_floating_point:
        high = _below(high, value.dtype)
    return value.clamp(low, high).to(dtype)


def _below(bound: int, dtype: torch.dtype) -> float:
    """The largest number of a floating dtype that is not above an integer: 2**31 - 1 is none of float32's."""
    found = torch.tensor(bound, dtype=torch.float64, device="cpu").to(dtype)
    if math.isinf(float(found)) or int(found) > bound:
        found = torch.nextafter(found, torch.zeros_like(found))
    return float(found)


def bitcast(input: torch.Tensor, type: torch.dtype) -> torch.Tensor:
    """The same bits read as another dtype; narrower numbers get a new last axis, wider ones use one up."""
    have, want = input.element_size(), torch.empty((), dtype=type, device="meta").element_size()
    if want < have:
        return input.unsqueeze(-1).contiguous().view(type)
    if want > have:
        if input.dim() == 0 or input.shape[-1] * have != want:
            raise ValueError(f"a last axis of {want // have} numbers is needed to read {input.dtype} as {type}")
        return input.contiguous().view(type).squeeze(-1)
    return input.view(type)


def is_non_decreasing(x: torch.Tensor) -> torch.Tensor:
    """Whether no element is smaller than the one before it."""
    flat = x.reshape(-1)
    return (flat[1:] >= flat[:-1]).all()


def is_strictly_increasing(x: torch.Tensor) -> torch.Tensor:
    """Whether each element is larger than the one before it."""
    flat = x.reshape(-1)
    return (flat[1:] > flat[:-1]).all()


def betainc(a: torch.Tensor, b: torch.Tensor, x: torch.Tensor, terms: int = 200) -> torch.Tensor:
    """The regularised incomplete beta function, by its continued fraction (Lentz's method)."""
    swap = x > (a + 1) / (a + b + 2)
    p, q, z = torch.where(swap, b, a), torch.where(swap, a, b), torch.where(swap, 1 - x, x)
    inside = torch.where((z <= 0) | (z >= 1), torch.full_like(z, 0.5), z)
    logs = p * torch.log(inside) + q * torch.log1p(-inside) - _log_beta(p, q)
    value = torch.exp(logs) * _fraction(p, q, inside, terms) / p
    value = torch.where(z <= 0, torch.zeros_like(value), value)
    return torch.where(swap, 1 - value, value)


def _log_beta(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def _fraction(a: torch.Tensor, b: torch.Tensor, x: torch.Tensor, terms: int) -> torch.Tensor:
    tiny = torch.finfo(x.dtype).tiny
    c = torch.ones_like(x)
    d = _away(1 - (a + b) * x / (a + 1), tiny).reciprocal()
    total = d
    for m in range(1, terms + 1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = _away(1 + even * d, tiny).reciprocal()
        c = _away(1 + even / c, tiny)
        total = total * d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = _away(1 + odd * d, tiny).reciprocal()
        c = _away(1 + odd / c, tiny)
        total = total * d * c
    return total


def _away(x: torch.Tensor, tiny: float) -> torch.Tensor:
    return torch.where(x.abs() < tiny, torch.full_like(x, tiny), x)
