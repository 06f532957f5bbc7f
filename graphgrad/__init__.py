"""Record PyTorch calls into a symbolic graph; name, cut, differentiate and run it."""

from torch import (
    bfloat16,
    bool,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)

from . import train
from .autodiff.arguments import AggregationMethod, UnconnectedGradients
from .autodiff.explain import Explanation, explain
from .autodiff.gradients import gradients, stop_gradient
from .graph.graph import (
    Graph,
    control_dependencies,
    device,
    get_default_graph,
    name_scope,
    reset_default_graph,
)
from .graph.operation import Operation
from .graph.sessions import get_default_session
from .ground import errors
from .ground.mode import eager_execution, enable_eager_execution, executing_eagerly
from .ground.spec import as_dtype
from .ops import nn
from .ops.array import (
    concat,
    expand_dims,
    fill,
    gather,
    linspace,
    one_hot,
    ones,
    ones_like,
    pad,
    rank,
    reshape,
    shape,
    size,
    split,
    squeeze,
    stack,
    tile,
    transpose,
    unstack,
    where,
    zeros,
    zeros_like,
)
from .ops.array import range_ as range
from .ops.branches import case, cond, switch_case
from .ops.functions import function, py_func, py_function, recompute_grad
from .ops.loops import while_loop
from .ops.math import TABLE as _MATH
from .ops.math import argmax, argmin, cast, clip_by_value, matmul, reduce_logsumexp, reduce_prod
from .ops.random import random_normal, random_uniform, truncated_normal
from .ops.registry import NotDifferentiable, RegisterGradient, prevent_gradient
from .ops.registry import NotDifferentiable as NoGradient
from .ops.registry import NotDifferentiable as no_gradient
from .ops.rules import custom_gradient, grad_pass_through
from .ops.scans import foldl, foldr, map_fn, scan
from .ops.sources import add_n, constant, convert_to_tensor, group, identity, no_op, placeholder
from .ops.sources import tuple_ as tuple
from .ops.variables import (
    GraphKeys,
    add_to_collection,
    assign,
    assign_add,
    assign_sub,
    get_collection,
    global_variables,
    global_variables_initializer,
    set_random_seed,
    trainable_variables,
    variables_initializer,
)
from .ops.variables import new_variable as Variable
from .record import functions as _functions  # noqa: F401  installs itself
from .record import inplace as _inplace  # noqa: F401  installs its handlers
from .record import mutation as _mutation  # noqa: F401
from .record import norms as _norms  # noqa: F401
from .record import packing as _packing  # noqa: F401
from .record import refused as _refused  # noqa: F401
from .record.modules import record_function as record
from .record.tensor import Tensor
from .run import nested as _nested  # noqa: F401  compiles branches and bodies
from .run import watch
from .run.session import InteractiveSession, Session
from .run.watch import timeline
from .run.watch.metadata import RunMetadata, RunOptions
from .view import notebook as _notebook  # noqa: F401  shows plots, tensors and graphs
from .view.debugprint import debugprint
from .view.gradient_graph import gradient_graph
from .view.plot import Plot, plot

__version__ = "0.1.0"

abs = _MATH["abs"]
acos = _MATH["acos"]
add = _MATH["add"]
asin = _MATH["asin"]
atan = _MATH["atan"]
atan2 = _MATH["atan2"]
ceil = _MATH["ceil"]
conj = _MATH["conj"]
cos = _MATH["cos"]
cosh = _MATH["cosh"]
divide = _MATH["divide"]
equal = _MATH["equal"]
erf = _MATH["erf"]
exp = _MATH["exp"]
expm1 = _MATH["expm1"]
floor = _MATH["floor"]
floordiv = _MATH["floordiv"]
greater = _MATH["greater"]
greater_equal = _MATH["greater_equal"]
imag = _MATH["imag"]
is_finite = _MATH["is_finite"]
is_inf = _MATH["is_inf"]
is_nan = _MATH["is_nan"]
less = _MATH["less"]
less_equal = _MATH["less_equal"]
lgamma = _MATH["lgamma"]
log = _MATH["log"]
log1p = _MATH["log1p"]
logical_and = _MATH["logical_and"]
logical_not = _MATH["logical_not"]
logical_or = _MATH["logical_or"]
maximum = _MATH["maximum"]
minimum = _MATH["minimum"]
mod = _MATH["mod"]
multiply = _MATH["multiply"]
negative = _MATH["negative"]
not_equal = _MATH["not_equal"]
pow = _MATH["pow"]
real = _MATH["real"]
reciprocal = _MATH["reciprocal"]
reduce_all = _MATH["reduce_all"]
reduce_any = _MATH["reduce_any"]
reduce_max = _MATH["reduce_max"]
reduce_mean = _MATH["reduce_mean"]
reduce_min = _MATH["reduce_min"]
reduce_sum = _MATH["reduce_sum"]
round = _MATH["round"]
rsqrt = _MATH["rsqrt"]
sigmoid = _MATH["sigmoid"]
sign = _MATH["sign"]
sin = _MATH["sin"]
sinh = _MATH["sinh"]
sqrt = _MATH["sqrt"]
square = _MATH["square"]
squared_difference = _MATH["squared_difference"]
subtract = _MATH["subtract"]
tan = _MATH["tan"]
tanh = _MATH["tanh"]
truediv = _MATH["truediv"]

__all__ = [
    "AggregationMethod",
    "Explanation",
    "Graph",
    "GraphKeys",
    "InteractiveSession",
    "NoGradient",
    "NotDifferentiable",
    "Operation",
    "Plot",
    "RegisterGradient",
    "RunMetadata",
    "RunOptions",
    "Session",
    "Tensor",
    "UnconnectedGradients",
    "Variable",
    "__version__",
    "abs",
    "acos",
    "add",
    "add_n",
    "add_to_collection",
    "argmax",
    "argmin",
    "as_dtype",
    "asin",
    "assign",
    "assign_add",
    "assign_sub",
    "atan",
    "atan2",
    "bfloat16",
    "bool",
    "case",
    "cast",
    "ceil",
    "clip_by_value",
    "complex128",
    "complex64",
    "concat",
    "cond",
    "conj",
    "constant",
    "control_dependencies",
    "convert_to_tensor",
    "cos",
    "cosh",
    "custom_gradient",
    "debugprint",
    "device",
    "divide",
    "eager_execution",
    "enable_eager_execution",
    "equal",
    "erf",
    "errors",
    "executing_eagerly",
    "exp",
    "expand_dims",
    "explain",
    "expm1",
    "fill",
    "float16",
    "float32",
    "float64",
    "floor",
    "floordiv",
    "foldl",
    "foldr",
    "function",
    "gather",
    "get_collection",
    "get_default_graph",
    "get_default_session",
    "global_variables",
    "global_variables_initializer",
    "grad_pass_through",
    "gradient_graph",
    "gradients",
    "greater",
    "greater_equal",
    "group",
    "identity",
    "imag",
    "int16",
    "int32",
    "int64",
    "int8",
    "is_finite",
    "is_inf",
    "is_nan",
    "less",
    "less_equal",
    "lgamma",
    "linspace",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "map_fn",
    "matmul",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "name_scope",
    "negative",
    "nn",
    "no_gradient",
    "no_op",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "placeholder",
    "plot",
    "pow",
    "prevent_gradient",
    "py_func",
    "py_function",
    "random_normal",
    "random_uniform",
    "range",
    "rank",
    "real",
    "reciprocal",
    "recompute_grad",
    "record",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "reset_default_graph",
    "reshape",
    "round",
    "rsqrt",
    "scan",
    "set_random_seed",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "size",
    "split",
    "sqrt",
    "square",
    "squared_difference",
    "squeeze",
    "stack",
    "stop_gradient",
    "subtract",
    "switch_case",
    "tan",
    "tanh",
    "tile",
    "timeline",
    "train",
    "trainable_variables",
    "transpose",
    "truediv",
    "truncated_normal",
    "tuple",
    "uint8",
    "unstack",
    "variables_initializer",
    "watch",
    "where",
    "while_loop",
    "zeros",
    "zeros_like",
]
