"""Rules for functions of each element: arithmetic, comparisons, activations."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch

from .results import FLOATS, INTS, REALS, Rule, broadcast, elementwise, is_number, of_dtype, plain

_NUMERIC = REALS | {torch.complex64, torch.complex128}
_LOGICAL = REALS | {torch.bool}


def _same(input: Any) -> Any:
    """A function of one tensor that keeps its dtype."""
    return elementwise(input.dtype, input)


@of_dtype(_LOGICAL)
def _floating(input: Any) -> Any:
    """A function of one tensor with a floating result."""
    return elementwise(_float(input.dtype), input)


def _float(dtype: torch.dtype) -> torch.dtype:
    return dtype if dtype.is_floating_point else torch.get_default_dtype()


@of_dtype(_LOGICAL)
def _question(input: Any) -> Any:
    """A question about each element."""
    return elementwise(torch.bool, input)


def activation(*options: str) -> Rule:
    """The rule of an activation function with these options, which are numbers or strings."""

    @of_dtype(FLOATS)
    def rule(input: Any, *args: Any, **kwargs: Any) -> Any:
        given = [*args, *kwargs.values()]
        if len(args) > len(options) or not set(kwargs) <= {*options, "inplace"}:
            return NotImplemented
        if kwargs.pop("inplace", False) is not False or any(each is True for each in given):
            return NotImplemented
        if not all(is_number(each) or each in ("none", "tanh") for each in given):
            return NotImplemented
        return elementwise(input.dtype, input)

    return rule


# -- two operands -------------------------------------------------------------------------------------


def binary(
    dtypes: frozenset[torch.dtype], dtype: Callable[[torch.dtype], torch.dtype] | None = None, alike: bool = False
) -> Rule:
    """The rule of a function of two operands, of which one may be a number.

    Args:
        dtypes: what the operands may be.
        dtype: gives the result's from the promoted one, if it is another.
        alike: whether operands whose memory is ordered in different ways are left to torch.
    """

    def rule(input: Any, other: Any) -> Any:
        tensors = tuple(each for each in (input, other) if not is_number(each))
        if not tensors or not plain(*tensors) or not all(each.dtype in dtypes for each in tensors):
            return NotImplemented
        if len(tensors) == 1 and torch.bool not in dtypes and (type(input) is bool or type(other) is bool):
            return NotImplemented
        promoted = tensors[0].dtype
        if len(tensors) == 1 or tensors[1].dtype is not promoted:
            promoted = torch.result_type(input, other)
        return elementwise(dtype(promoted) if dtype else promoted, *tensors, alike=alike)

    return rule


def _bool(promoted: torch.dtype) -> torch.dtype:
    return torch.bool


def _tensors_only(rule: Rule) -> Rule:
    def strict(input: Any, other: Any) -> Any:
        return rule(input, other) if plain(input, other) else NotImplemented

    return strict


def _tensor_first(rule: Rule) -> Rule:
    def strict(input: Any, other: Any) -> Any:
        return rule(input, other) if plain(input) else NotImplemented

    return strict


def _with_alpha(rule: Rule) -> Rule:
    """`torch.add(x, y, alpha=2)`, with a number that changes no dtype."""

    def scaled(input: Any, other: Any, *, alpha: Any = 1) -> Any:
        fits = plain(input) and type(alpha) is int and alpha == 1
        return rule(input, other) if fits else NotImplemented

    return scaled


def _divided(input: Any, other: Any, *, rounding_mode: Any = None) -> Any:
    return _quotient(input, other) if plain(input) and rounding_mode is None else NotImplemented


@of_dtype(FLOATS)
def _inverse(input: Any, other: Any) -> Any:
    """A number divided by a tensor, which torch takes for a multiple of the reciprocal."""
    return elementwise(input.dtype, input) if is_number(other) else NotImplemented


def _power(input: Any, exponent: Any) -> Any:
    return _arithmetic(input, exponent) if _is_floating(input) or _is_floating(exponent) else NotImplemented


def _is_floating(operand: Any) -> bool:
    return isinstance(operand, torch.Tensor) and operand.is_floating_point()


_quotient = binary(_LOGICAL, _float)
_arithmetic = binary(REALS)
_remainder = binary(REALS, alike=True)
_difference = binary(_NUMERIC)
_sum = binary(_NUMERIC | {torch.bool})
_compared = binary(_LOGICAL, _bool)
_bits = _tensors_only(binary(INTS | {torch.bool}))


# -- three operands -----------------------------------------------------------------------------------


def where(condition: Any, input: Any, other: Any) -> Any:
    """Elements of the one or the other, which may be numbers."""
    tensors = [each for each in (input, other) if not is_number(each)]
    if not tensors or not plain(condition, *tensors) or condition.dtype is not torch.bool:
        return NotImplemented
    operands = (condition, *tensors)
    full = broadcast(*[each.shape for each in operands])
    if not any(each.shape == full for each in operands):
        return NotImplemented  # torch lays out the result by operands of fewer axes
    return elementwise(torch.result_type(input, other), *operands)


@of_dtype(REALS)
def _clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    bounds = [each for each in (min, max) if each is not None]
    if not bounds or not all(type(each) in (int, float) for each in bounds):
        return NotImplemented
    floating = any(type(each) is float for each in bounds)
    return elementwise(_float(input.dtype) if floating else input.dtype, input)


def _mixed(*operands: Any) -> Any:
    if not plain(*operands) or operands[0].dtype not in FLOATS:
        return NotImplemented
    if any(each.dtype is not operands[0].dtype for each in operands):
        return NotImplemented
    return elementwise(operands[0].dtype, *operands)


def _lerp(input: Any, end: Any, weight: Any) -> Any:
    return _mixed(input, end) if is_number(weight) else _mixed(input, end, weight)


def _combined(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    return _mixed(input, tensor1, tensor2) if is_number(value) else NotImplemented


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        "sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh arcsin arccos arctan exp exp2 expm1 log log2 "
        "log10 log1p sqrt rsqrt sigmoid erf erfc erfinv reciprocal digamma lgamma".split(),
        _floating,
    ),
    **dict.fromkeys("neg negative square __neg__".split(), of_dtype(_NUMERIC)(_same)),
    **dict.fromkeys("abs absolute __abs__ sign relu".split(), of_dtype(REALS)(_same)),
    **dict.fromkeys("floor ceil trunc frac".split(), of_dtype(FLOATS)(_same)),
    **dict.fromkeys("isnan isinf isfinite logical_not".split(), _question),
    "bitwise_not": of_dtype(INTS | {torch.bool})(_same),
    "add": _with_alpha(_sum),
    **dict.fromkeys("sub subtract".split(), _with_alpha(binary(_NUMERIC))),
    **dict.fromkeys("mul multiply __mul__ __rmul__ __add__ __radd__".split(), _tensor_first(_sum)),
    "__sub__": _tensor_first(_difference),
    "__rsub__": _tensor_first(binary(_NUMERIC, alike=True)),
    **dict.fromkeys("div divide true_divide".split(), _divided),
    "__truediv__": _tensor_first(_quotient),
    "__rtruediv__": _inverse,
    **dict.fromkeys("pow __pow__".split(), _tensor_first(_power)),
    **dict.fromkeys("remainder fmod floor_divide __mod__ __floordiv__".split(), _tensor_first(_remainder)),
    **dict.fromkeys("maximum minimum".split(), _tensors_only(binary(_LOGICAL))),
    "atan2": _tensors_only(_quotient),
    **dict.fromkeys(
        "eq ne lt le gt ge greater greater_equal less less_equal not_equal "
        "__eq__ __ne__ __lt__ __le__ __gt__ __ge__".split(),
        _tensor_first(_compared),
    ),
    **dict.fromkeys("logical_and logical_or logical_xor".split(), _tensors_only(binary(_LOGICAL, _bool, alike=True))),
    **dict.fromkeys("bitwise_and bitwise_or bitwise_xor __and__ __or__ __xor__".split(), _bits),
    "where": where,
    **dict.fromkeys("clamp clip".split(), _clamp),
    "lerp": _lerp,
    **dict.fromkeys("addcmul addcdiv".split(), _combined),
}  # fmt: skip

# Those of torch.nn.functional.
ACTIVATIONS: dict[str, Rule] = {
    "relu": activation(), "relu6": activation(), "gelu": activation("approximate"), "elu": activation("alpha"),
    "selu": activation(), "celu": activation("alpha"), "silu": activation(), "mish": activation(),
    "softplus": activation("beta", "threshold"), "leaky_relu": activation("negative_slope"),
    "logsigmoid": activation(), "softsign": activation(), "hardtanh": activation("min_val", "max_val"),
    "sigmoid": activation(), "tanh": activation(), "hardsigmoid": activation(), "hardswish": activation(),
}  # fmt: skip

OPERATORS: dict[Any, Rule] = {
    operator.add: _sum, operator.sub: _difference, operator.mul: _sum, operator.truediv: _quotient,
    operator.pow: _power, operator.mod: _remainder, operator.floordiv: _remainder, operator.neg: RULES["neg"],
    operator.abs: RULES["abs"], operator.eq: _compared, operator.ne: _compared, operator.lt: _compared,
    operator.le: _compared, operator.gt: _compared, operator.ge: _compared, operator.and_: _bits,
    operator.or_: _bits, operator.xor: _bits, operator.invert: RULES["bitwise_not"],
}  # fmt: skip
