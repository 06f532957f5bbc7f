"""`gg.math`: TF1's arithmetic, reductions, running totals, segments and sorting; a line per name.

A line is a name, the torch callable or kernel that computes it, and TF1's arguments.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from .casts import cast
from .kernels import arithmetic, matrices, ordering, reductions, segments
from .reducing import (
    accumulate_n,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)  # fmt: skip
from .sources import add_n
from .table import apply, row, tensor

# -- one tensor -------------------------------------------------------------------------------------------

abs = row("abs", torch.abs, "x")  # noqa: A001
acos = row("acos", torch.acos, "x")
acosh = row("acosh", torch.acosh, "x")
angle = row("angle", torch.angle, "input")
asin = row("asin", torch.asin, "x")
asinh = row("asinh", torch.asinh, "x")
atan = row("atan", torch.atan, "x")
atanh = row("atanh", torch.atanh, "x")
bessel_i0 = row("math.bessel_i0", torch.special.i0, "x")
bessel_i0e = row("math.bessel_i0e", torch.special.i0e, "x")
bessel_i1 = row("math.bessel_i1", torch.special.i1, "x")
bessel_i1e = row("math.bessel_i1e", torch.special.i1e, "x")
ceil = row("ceil", torch.ceil, "x")
conj = row("conj", torch.conj, "x")
cos = row("cos", torch.cos, "x")
cosh = row("cosh", torch.cosh, "x")
digamma = row("digamma", torch.digamma, "x")
erf = row("erf", torch.erf, "x")
erfc = row("erfc", torch.erfc, "x")
erfinv = row("math.erfinv", torch.erfinv, "x")
exp = row("exp", torch.exp, "x")
expm1 = row("expm1", torch.expm1, "x")
floor = row("floor", torch.floor, "x")
imag = row("imag", torch.imag, "input")
is_finite = row("is_finite", torch.isfinite, "x")
is_inf = row("is_inf", torch.isinf, "x")
is_nan = row("is_nan", torch.isnan, "x")
is_non_decreasing = row("is_non_decreasing", arithmetic.is_non_decreasing, "x:t")
is_strictly_increasing = row("is_strictly_increasing", arithmetic.is_strictly_increasing, "x:t")
lbeta = row("lbeta", arithmetic.lbeta, "x:t")
lgamma = row("lgamma", torch.lgamma, "x")
log = row("log", torch.log, "x")
log1p = row("log1p", torch.log1p, "x")
log_sigmoid = row("log_sigmoid", F.logsigmoid, "x")
logical_not = row("logical_not", torch.logical_not, "x")
ndtri = row("math.ndtri", torch.special.ndtri, "x")
negative = row("negative", torch.neg, "x")
reciprocal = row("reciprocal", torch.reciprocal, "x")
rint = row("rint", torch.round, "x")
round = row("round", torch.round, "x")  # noqa: A001
rsqrt = row("rsqrt", torch.rsqrt, "x")
sigmoid = row("sigmoid", torch.sigmoid, "x")
sign = row("sign", torch.sign, "x")
sin = row("sin", torch.sin, "x")
sinh = row("sinh", torch.sinh, "x")
softplus = row("math.softplus", F.softplus, "features")
softsign = row("math.softsign", F.softsign, "features")
sqrt = row("sqrt", torch.sqrt, "x")
square = row("square", torch.square, "x")
tan = row("tan", torch.tan, "x")
tanh = row("tanh", torch.tanh, "x")
zero_fraction = row("math.zero_fraction", reductions.zero_fraction, "value:t")

# -- two tensors and more ---------------------------------------------------------------------------------

add = row("add", operator.add, "x y", tensors=2)
atan2 = row("atan2", torch.atan2, "y x", tensors=2)
betainc = row("betainc", arithmetic.betainc, "a:t b:t x:t")
complex = row("complex", torch.complex, "real imag", tensors=2)  # noqa: A001
div = row("div", arithmetic.div, "x:t y:t")
div_no_nan = row("div_no_nan", arithmetic.div_no_nan, "x:t y:t")
divide_no_nan = row("math.divide_no_nan", arithmetic.div_no_nan, "x:t y:t")
equal = row("equal", operator.eq, "x y", tensors=2)
floor_div = row("floor_div", operator.floordiv, "x y", tensors=2)
floordiv = row("floordiv", operator.floordiv, "x y", tensors=2)
floormod = row("floormod", operator.mod, "x y", tensors=2)
greater = row("greater", operator.gt, "x y", tensors=2)
greater_equal = row("greater_equal", operator.ge, "x y", tensors=2)
igamma = row("igamma", torch.special.gammainc, "a x", tensors=2)
igammac = row("igammac", torch.special.gammaincc, "a x", tensors=2)
less = row("less", operator.lt, "x y", tensors=2)
less_equal = row("less_equal", operator.le, "x y", tensors=2)
logical_and = row("logical_and", torch.logical_and, "x y", tensors=2)
logical_or = row("logical_or", torch.logical_or, "x y", tensors=2)
logical_xor = row("logical_xor", torch.logical_xor, "x y", tensors=2)
maximum = row("maximum", torch.maximum, "x y", tensors=2)
minimum = row("minimum", torch.minimum, "x y", tensors=2)
mod = row("mod", operator.mod, "x y", tensors=2)
multiply = row("multiply", operator.mul, "x y", tensors=2)
multiply_no_nan = row("math.multiply_no_nan", arithmetic.multiply_no_nan, "x:t y:t")
nextafter = row("math.nextafter", torch.nextafter, "x1 x2", tensors=2)
not_equal = row("not_equal", operator.ne, "x y", tensors=2)
polygamma = row("polygamma", arithmetic.polygamma, "a:t x:t")
polyval = row("math.polyval", arithmetic.polyval, "coeffs:l x:t")
pow = row("pow", operator.pow, "x y", tensors=2)  # noqa: A001
real = row("real", torch.real, "input")
realdiv = row("realdiv", operator.truediv, "x y", tensors=2)
scalar_mul = row("scalar_mul", operator.mul, "scalar x", tensors=2)
squared_difference = row("squared_difference", arithmetic.squared_difference, "x:t y:t")
subtract = row("subtract", operator.sub, "x y", tensors=2)
truncatediv = row("truncatediv", arithmetic.truncatediv, "x:t y:t")
truncatemod = row("truncatemod", torch.fmod, "x y", tensors=2)
xdivy = row("math.xdivy", arithmetic.xdivy, "x:t y:t")
xlog1py = row("math.xlog1py", arithmetic.xlog1py, "x:t y:t")
xlogy = row("math.xlogy", arithmetic.xlogy, "x:t y:t")
zeta = row("zeta", torch.special.zeta, "x q", tensors=2)


def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """The quotient; that of integers is float64, of integers of 16 bits and less float32.

    >>> import graphgrad as gg
    >>> gg.truediv(gg.constant([1, 2]), 4)
    <Tensor 'truediv:0' float64[2]>
    """
    left = tensor(x, y)
    right = tensor(y, left)
    whole = all(not each.dtype.is_floating_point and not each.dtype.is_complex for each in (left, right))
    if whole:
        return apply(arithmetic.truediv, (left, right), {}, name or "truediv")
    return apply(operator.truediv, (left, right), {}, name)


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """The quotient, as `truediv` gives it."""
    return truediv(x, y, name)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """The tensor with its elements limited to an interval.

    >>> import graphgrad as gg
    >>> gg.clip_by_value(gg.constant([-1.0, 2.0]), 0.0, 1.0)
    <Tensor 'clamp:0' float32[2]>
    """
    values = tensor(t)
    if isinstance(clip_value_min, (int, float)) and isinstance(clip_value_max, (int, float)):
        return apply(torch.clamp, (values, clip_value_min, clip_value_max), {}, name)
    low, high = tensor(clip_value_min, values), tensor(clip_value_max, values)
    return apply(arithmetic.clip_by_value, (values, low, high), {}, name or "clip_by_value")


# -- reductions, running totals and counts ----------------------------------------------------------------

_REDUCE = "input_tensor:t axis:n=None keepdims=False name=None reduction_indices:n>axis keep_dims>keepdims"

argmax = row("argmax", reductions.argmax, "input:t axis:n=None name=None dimension:n>axis output_type:d=int64")
argmin = row("argmin", reductions.argmin, "input:t axis:n=None name=None dimension:n>axis output_type:d=int64")
arg_max = row("arg_max", reductions.argmax, "input:t dimension:n output_type:d=int64")
arg_min = row("arg_min", reductions.argmin, "input:t dimension:n output_type:d=int64")
bincount = row(
    "bincount", segments.bincount, "arr:i weights:t=None minlength:n=None maxlength:n=None dtype:d=int32", rows="arr"
)
confusion_matrix = row(
    "confusion_matrix", segments.confusion_matrix,
    "labels:i predictions:i num_classes:n=None dtype:d=int32 name=None weights:t=None",
)  # fmt: skip
count_nonzero = row(
    "count_nonzero", reductions.count_nonzero,
    "input_tensor:t=None axis:n=None keepdims=False dtype:d=int64 name=None reduction_indices:n>axis "
    "keep_dims>keepdims input:t>input_tensor",
)  # fmt: skip
cumprod = row("cumprod", reductions.cumprod, "x:t axis:n=0 exclusive=False reverse=False")
cumsum = row("cumsum", reductions.cumsum, "x:t axis:n=0 exclusive=False reverse=False")
cumulative_logsumexp = row(
    "math.cumulative_logsumexp", reductions.cumulative_logsumexp, "x:t axis:n=0 exclusive=False reverse=False"
)
histogram_fixed_width = row(
    "histogram_fixed_width", segments.histogram_fixed_width, "values:t value_range:t nbins:n=100 dtype:d=int32"
)
histogram_fixed_width_bins = row(
    "histogram_fixed_width_bins", segments.histogram_fixed_width_bins,
    "values:t value_range:t nbins:n=100 dtype:d=int32",
)  # fmt: skip
reduce_euclidean_norm = row("math.reduce_euclidean_norm", reductions.reduce_euclidean_norm, _REDUCE)
reduce_std = row("math.reduce_std", reductions.reduce_std, _REDUCE)
reduce_variance = row("math.reduce_variance", reductions.reduce_variance, _REDUCE)

# -- segments -------------------------------------------------------------------------------------------

_UNSORTED = "data:t segment_ids:i num_segments:s"

segment_max = row("segment_max", segments.segment_max, "data:t segment_ids:i")
segment_mean = row("segment_mean", segments.segment_mean, "data:t segment_ids:i")
segment_min = row("segment_min", segments.segment_min, "data:t segment_ids:i")
segment_prod = row("segment_prod", segments.segment_prod, "data:t segment_ids:i")
segment_sum = row("segment_sum", segments.segment_sum, "data:t segment_ids:i")
sparse_segment_mean = row(
    "sparse_segment_mean", segments.sparse_segment, "data:t indices:i segment_ids:i name=None num_segments:s=None",
    fixed=("mean",),
)  # fmt: skip
sparse_segment_sqrt_n = row(
    "sparse_segment_sqrt_n", segments.sparse_segment, "data:t indices:i segment_ids:i name=None num_segments:s=None",
    fixed=("sqrt_n",),
)  # fmt: skip
sparse_segment_sum = row(
    "sparse_segment_sum", segments.sparse_segment, "data:t indices:i segment_ids:i name=None num_segments:s=None",
    fixed=("sum",),
)  # fmt: skip
unsorted_segment_max = row("unsorted_segment_max", segments.unsorted_segment_max, _UNSORTED)
unsorted_segment_mean = row("unsorted_segment_mean", segments.unsorted_segment_mean, _UNSORTED)
unsorted_segment_min = row("unsorted_segment_min", segments.unsorted_segment_min, _UNSORTED)
unsorted_segment_prod = row("unsorted_segment_prod", segments.unsorted_segment_prod, _UNSORTED)
unsorted_segment_sqrt_n = row("unsorted_segment_sqrt_n", segments.unsorted_segment_sqrt_n, _UNSORTED)
unsorted_segment_sum = row("unsorted_segment_sum", segments.unsorted_segment_sum, _UNSORTED)

# -- order ----------------------------------------------------------------------------------------------

argsort = row("argsort", ordering.argsort, "values:t axis:n=-1 direction='ASCENDING' stable=False")
in_top_k = row("math.in_top_k", ordering.in_top_k, "predictions:t targets:i k:n")
invert_permutation = row("invert_permutation", ordering.invert_permutation, "x:i")
searchsorted = row("searchsorted", ordering.searchsorted, "sorted_sequence:t values:t side='left' out_type:d=int32")
setdiff1d = row("setdiff1d", ordering.setdiff1d, "x:t y:t index_dtype:d=int32", rows="x y")
sort = row("sort", ordering.sort, "values:t axis:n=-1 direction='ASCENDING'")
top_k = row("math.top_k", ordering.top_k, "input:t k:n=1 sorted=True index_type:d=int32")
unique = row("unique", ordering.unique, "x:t out_idx:d=int32")
unique_with_counts = row("unique_with_counts", ordering.unique_with_counts, "x:t out_idx:d=int32")

# -- in other families, too -----------------------------------------------------------------------------

l2_normalize = row("math.l2_normalize", matrices.l2_normalize, "x:t axis:n=None epsilon=1e-12 name=None dim:n>axis")
log_softmax = row("math.log_softmax", torch.log_softmax, "logits:t axis:n=-1 name=None dim:n>axis")
softmax = row("math.softmax", torch.softmax, "logits:t axis:n=-1 name=None dim:n>axis")

__all__ = [
    "abs", "accumulate_n", "acos", "acosh", "add", "add_n", "angle", "arg_max", "arg_min", "argmax", "argmin",
    "argsort", "asin", "asinh", "atan", "atan2", "atanh", "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e",
    "betainc", "bincount", "cast", "ceil", "clip_by_value", "complex", "confusion_matrix", "conj", "cos", "cosh",
    "count_nonzero", "cumprod", "cumsum", "cumulative_logsumexp", "digamma", "div", "div_no_nan", "divide",
    "divide_no_nan", "equal", "erf", "erfc", "erfinv", "exp", "expm1", "floor", "floor_div", "floordiv", "floormod",
    "greater", "greater_equal", "histogram_fixed_width", "histogram_fixed_width_bins", "igamma", "igammac", "imag",
    "in_top_k", "invert_permutation", "is_finite", "is_inf", "is_nan", "is_non_decreasing",
    "is_strictly_increasing", "l2_normalize", "lbeta", "less", "less_equal", "lgamma", "log", "log1p",
    "log_sigmoid", "log_softmax", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum",
    "mod", "multiply", "multiply_no_nan", "ndtri", "negative", "nextafter", "not_equal", "polygamma",
    "polyval", "pow", "real", "realdiv", "reciprocal", "reduce_all", "reduce_any", "reduce_euclidean_norm",
    "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_std", "reduce_sum",
    "reduce_variance", "rint", "round", "rsqrt", "scalar_mul", "searchsorted", "segment_max", "segment_mean",
    "segment_min", "segment_prod", "segment_sum", "setdiff1d", "sigmoid", "sign", "sin", "sinh", "softmax",
    "softplus", "softsign", "sort", "sparse_segment_mean", "sparse_segment_sqrt_n", "sparse_segment_sum", "sqrt",
    "square", "squared_difference", "subtract", "tan", "tanh", "top_k", "truediv", "truncatediv", "truncatemod",
    "unique", "unique_with_counts", "unsorted_segment_max", "unsorted_segment_mean", "unsorted_segment_min",
    "unsorted_segment_prod", "unsorted_segment_sqrt_n", "unsorted_segment_sum", "xdivy", "xlog1py", "xlogy",
    "zero_fraction", "zeta",
]  # fmt: skip
