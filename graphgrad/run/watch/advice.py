"""What to try where a NaN or an Inf came from: the well-known reasons, by the kind of operation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .measure import Measure

# For types of operations that are 0 / 0, infinite or undefined somewhere: where, and how to stay away from it.
_LOGARITHM = "it needs numbers above 0: gg.log(gg.maximum(x, 1e-12)), or log_softmax, log1p, softplus where they apply"
_DOMAIN = {
    "Log": (0.0, _LOGARITHM),
    "Log2": (0.0, _LOGARITHM),
    "Log10": (0.0, _LOGARITHM),
    "Sqrt": (-math.inf, "it needs numbers that are not negative: gg.sqrt(gg.maximum(x, 0.0))"),
    "Rsqrt": (0.0, "it needs numbers above 0: add a small number first, as in gg.rsqrt(x + 1e-12)"),
    "Log1p": (-1.0, "it needs numbers above -1"),
    "Acos": (-math.inf, "it needs numbers between -1 and 1: gg.clip_by_value(x, -1.0, 1.0)"),
    "Asin": (-math.inf, "it needs numbers between -1 and 1: gg.clip_by_value(x, -1.0, 1.0)"),
    "Acosh": (-math.inf, "it needs numbers of at least 1"),
    "Atanh": (-1.0, "it needs numbers between -1 and 1, without the ends"),
}
_DIVISIONS = ("RealDiv", "Div", "TrueDiv", "Divide", "FloorDiv", "FloorMod", "Mod", "Reciprocal", "Remainder")
_GROWING = ("Exp", "Exp2", "Expm1", "Cosh", "Sinh")
_CUSPS = ("Sqrt", "Norm", "LinalgVectorNorm", "LinalgNorm", "Pow", "Rsqrt", "Std", "Cdist", "Dist", "Acos", "Asin")

_WHERE = (
    "a zero gradient met an infinite slope, as when where() drops the result: both branches are differentiated, and "
    "0 * inf is NaN. Make the input harmless first: f(gg.where(ok, x, 1.0)) inside gg.where(ok, ..., other)"
)
_CUSP = "its slope is infinite at 0: add a small number inside, as in gg.sqrt(x + 1e-12), or scale the gradient"
_LARGE = "numbers have grown too large for their dtype: a smaller learning rate, clipped gradients, or a wider dtype"


def forward_advice(kind: str, reads: Sequence[Measure], found: Measure) -> str:
    """What to try for an operation that made NaN or Inf of finite numbers.

    Args:
        kind: the operation's type.
        reads: the figures of what it read.
        found: those of what it gave.
    """
    if reads and not reads[0].count:
        return "it was given nothing: the mean and the like of no numbers are NaN"
    if not reads:
        return _LARGE if found.inf else ""
    if kind in _DOMAIN:
        return _DOMAIN[kind][1]
    if kind in _DIVISIONS and reads[-1].zeros:
        which = "both sides hold zeros" if len(reads) > 1 and reads[0].zeros else "the divisor holds zeros"
        return f"{which}: add a small number to it, or choose with gg.where before dividing"
    if kind in _GROWING:
        return f"the largest number whose exponential fits is about {_fits(found):.0f}: subtract the maximum first"
    if kind == "Pow" and reads[0].low < 0:
        return "a negative number has no real power that is not whole"
    if kind == "Pow" and reads[0].zeros:
        return "0 has no negative power: add a small number first"
    if kind in ("Std", "Var") and found.nan:
        return "a single number has no deviation: correction=0 asks for that of the population"
    return _LARGE if found.inf else ""


def backward_advice(kind: str, arrived: Sequence[Measure], made: Sequence[Measure]) -> str:
    """What to try for a derivative that made NaN or Inf of finite gradients.

    Args:
        kind: the type of the operation that is differentiated.
        arrived: the figures of the gradients that came in.
        made: those of what it gave on.
    """
    if any(each.nan for each in made) and any(each.zeros for each in arrived):
        return _WHERE
    if kind in _CUSPS:
        return _CUSP
    if kind in _DOMAIN or kind in _DIVISIONS:
        return "its slope is infinite where its input (or divisor) is 0: keep away from there by a small number"
    return _LARGE


def _fits(found: Measure) -> float:
    """The logarithm of the largest number of a dtype."""
    name = found.spec.partition("[")[0]
    return {"float16": 11.09, "float64": 709.78, "complex128": 709.78}.get(name, 88.72)
