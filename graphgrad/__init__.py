"""Record PyTorch calls into a symbolic graph; name, cut, differentiate and run it."""

# Names in rows, by the module that they come from: one on a line would be a thousand lines.
# isort: off
# fmt: off
from typing import TYPE_CHECKING

from torch import (
    bfloat16, bool, complex128, complex64, float16, float32, float64, int16, int32, int64, int8, uint16, uint32, uint64,
    uint8, float64 as double, float16 as half,
)

from . import contrib, nn, summary, test, train
from .autodiff.arguments import AggregationMethod, UnconnectedGradients
from .autodiff.explain import explain, Explanation
from .autodiff.gradients import gradients, stop_gradient
from .autodiff.products import batch_jacobian, hessian_vector_product, hessians, jacobian, jvp
from .graph.graph import control_dependencies, device, get_default_graph, Graph, name_scope, reset_default_graph
from .graph.operation import Operation
from .graph.sessions import get_default_session
from .ground import errors
from .ground.mode import disable_eager_execution, eager_execution, enable_eager_execution, executing_eagerly
from .ground.spec import as_dtype
from .ops import (
    bitwise, compat, dtypes, image, initializers, layers, linalg, losses, math, metrics, random, spectral,
    checks as debugging, spectral as signal,
)
from .ops.array import (
    batch_to_space, batch_to_space_nd, broadcast_to, concat, depth_to_space, expand_dims, extract_image_patches,
    extract_volume_patches, eye, fill, identity_n, linspace, meshgrid, one_hot, ones, ones_like, pad, repeat, reshape,
    reverse, reverse_sequence, roll, sequence_mask, space_to_batch, space_to_batch_nd, space_to_depth, split, squeeze,
    stack, tile, transpose, unstack, zeros, zeros_like, concat as concat_v2, stack as pack, linspace as lin_space,
    range_ as range, reverse as reverse_v2, unstack as unpack,
)
from .ops.branches import case, cond, switch_case
from .ops.casts import (
    bitcast, cast, saturate_cast, to_bfloat16, to_complex128, to_complex64, to_double, to_float, to_int32, to_int64,
)
from .ops.checks import (
    add_check_numerics_ops, Assert, assert_equal, assert_greater, assert_greater_equal, assert_integer, assert_less,
    assert_less_equal, assert_near, assert_negative, assert_non_negative, assert_non_positive, assert_none_equal,
    assert_positive, assert_proper_iterable, assert_rank, assert_rank_at_least, assert_rank_in, assert_same_float_dtype,
    assert_scalar, assert_type, check_numerics, is_numeric_tensor, is_tensor, Print, verify_tensor_all_finite,
    print_ as print,
)
from .ops.clip import clip_by_average_norm, clip_by_global_norm, clip_by_norm, global_norm
from .ops.getting import get_local_variable, get_variable
from .ops.indexing import (
    batch_gather, boolean_mask, dynamic_partition, dynamic_stitch, gather, gather_nd, parallel_stack, scatter_nd,
    sparse_to_dense, strided_slice, tensor_scatter_add, tensor_scatter_max, tensor_scatter_min, tensor_scatter_nd_add,
    tensor_scatter_nd_max, tensor_scatter_nd_min, tensor_scatter_nd_sub, tensor_scatter_nd_update, tensor_scatter_sub,
    tensor_scatter_update, unravel_index, where, where_v2, slice_ as slice,
)
from .ops.initializers import (
    constant as constant_initializer, GlorotNormal as glorot_normal_initializer,
    GlorotUniform as glorot_uniform_initializer, ones as ones_initializer, Orthogonal as orthogonal_initializer,
    RandomNormal as random_normal_initializer, RandomUniform as random_uniform_initializer,
    TruncatedNormal as truncated_normal_initializer, UniformUnitScaling as uniform_unit_scaling_initializer,
    VarianceScaling as variance_scaling_initializer, zeros as zeros_initializer,
)
from .ops.functions import function, py_func, py_function, recompute_grad
from .ops.keys import add_to_collection, add_to_collections, get_collection, get_collection_ref, GraphKeys
from .ops.linalg import (
    cholesky, cholesky_solve, cross, einsum, log_matrix_determinant, matmul, matrix_band_part, matrix_determinant,
    matrix_diag, matrix_diag_part, matrix_inverse, matrix_set_diag, matrix_solve, matrix_solve_ls, matrix_square_root,
    matrix_transpose, matrix_triangular_solve, norm, qr, self_adjoint_eig, self_adjoint_eigvals, svd, tensordot, trace,
    matmul as batch_matmul, tensor_diag as diag, tensor_diag_part as diag_part,
)
from .ops.loops import while_loop
from .ops.math import (
    abs, accumulate_n, acos, acosh, add, angle, arg_max, arg_min, argmax, argmin, argsort, asin, asinh, atan, atan2,
    atanh, betainc, bincount, ceil, clip_by_value, complex, confusion_matrix, conj, cos, cosh, count_nonzero, cumprod,
    cumsum, digamma, div, div_no_nan, divide, equal, erf, erfc, exp, expm1, floor, floor_div, floordiv, floormod,
    greater, greater_equal, histogram_fixed_width, histogram_fixed_width_bins, igamma, igammac, imag,
    invert_permutation, is_finite, is_inf, is_nan, is_non_decreasing, is_strictly_increasing, lbeta, less, less_equal,
    lgamma, log, log1p, log_sigmoid, logical_and, logical_not, logical_or, logical_xor, maximum, minimum, mod, multiply,
    negative, not_equal, polygamma, pow, real, realdiv, reciprocal, reduce_all, reduce_any, reduce_logsumexp,
    reduce_max, reduce_mean, reduce_min, reduce_prod, reduce_sum, rint, round, rsqrt, scalar_mul, searchsorted,
    segment_max, segment_mean, segment_min, segment_prod, segment_sum, setdiff1d, sigmoid, sign, sin, sinh, sort,
    sparse_segment_mean, sparse_segment_sqrt_n, sparse_segment_sum, sqrt, square, squared_difference, subtract, tan,
    tanh, truediv, truncatediv, truncatemod, unique, unique_with_counts, unsorted_segment_max, unsorted_segment_mean,
    unsorted_segment_min, unsorted_segment_prod, unsorted_segment_sqrt_n, unsorted_segment_sum, zeta, multiply as mul,
    negative as neg, subtract as sub,
)
from .ops.presence import is_variable_initialized, report_uninitialized_variables
from .ops.random import (
    multinomial, random_crop, random_gamma, random_normal, random_poisson, random_shuffle, random_uniform,
    truncated_normal,
)
from .ops.refused_names import of_package as _missing
from .ops.registry import (
    NotDifferentiable, prevent_gradient, RegisterGradient, NotDifferentiable as NoGradient,
    NotDifferentiable as no_gradient,
)
from .ops.rules import custom_gradient, grad_pass_through
from .ops.scans import foldl, foldr, map_fn, scan
from .ops.scopes import (
    AUTO_REUSE, get_variable_scope, no_regularizer, op_scope, variable_op_scope, variable_scope, VariableScope,
)
from .ops.shapes import (
    broadcast_dynamic_shape, broadcast_static_shape, ensure_shape, rank, shape, shape_n, size, TensorShape,
)
from .ops.sources import (
    add_n, constant, convert_to_tensor, group, identity, no_op, placeholder, placeholder_with_default,
    identity as guarantee_const, tuple_ as tuple,
)
from .ops.spectral import fft, fft2d, fft3d, ifft, ifft2d, ifft3d
from .ops.summary_message import Summary
from .ops.templates import make_template
from .ops.tensor_arrays import TensorArray
from .ops.toggles import (
    control_flow_v2_enabled, disable_control_flow_v2, disable_resource_variables, disable_tensor_equality,
    disable_v2_behavior, disable_v2_tensorshape, enable_control_flow_v2, enable_resource_variables,
    resource_variables_enabled,
)
from .ops.updates import assign, assign_add, assign_sub, count_up_to, scatter_add, scatter_sub, scatter_update
from .ops.variables import (
    global_variables, global_variables_initializer, local_variables, local_variables_initializer, model_variables,
    moving_average_variables, set_random_seed, trainable_variables, Variable, variables_initializer,
    global_variables as all_variables, global_variables_initializer as initialize_all_variables,
    local_variables_initializer as initialize_local_variables, variables_initializer as initialize_variables,
)
from .platform import app, flags, gfile, logging
from .platform.config import ConfigProto, GPUOptions, GraphOptions, OptimizerOptions
from .record.dims import Dimension
from .record.modules import record_function as record
from .record.tensor import Tensor
from .run import watch
from .run.interactive import InteractiveSession
from .run.session import Session
from .run.watch import timeline
from .run.watch.metadata import RunMetadata, RunOptions
from .view.debugprint import debugprint
from .view.gradient_graph import gradient_graph
from .view.plot import Plot, plot
from .record import backwards as _backwards  # noqa: F401  installs itself
from .record import functions as _functions  # noqa: F401  installs itself
from .record import inplace as _inplace  # noqa: F401  installs its handlers
from .record import mutation as _mutation  # noqa: F401
from .record import norms as _norms  # noqa: F401
from .record import packing as _packing  # noqa: F401
from .record import refused as _refused  # noqa: F401
from .run import nested as _nested  # noqa: F401  compiles branches and bodies
from .view import notebook as _notebook  # noqa: F401  shows plots, tensors and graphs

if not TYPE_CHECKING:  # an unknown name: an error of the type checker, or the nearest names
    __getattr__ = _missing

__version__ = "0.1.0"
VERSION = "1.15.0"  # the version of TF1 whose names these are
GIT_VERSION = "graphgrad"
newaxis = None

__all__ = [
    "AUTO_REUSE", "AggregationMethod", "Assert", "ConfigProto", "Dimension", "Explanation", "GIT_VERSION",
    "GPUOptions", "Graph", "GraphKeys", "GraphOptions", "InteractiveSession", "NoGradient", "NotDifferentiable",
    "Operation", "OptimizerOptions", "Plot", "Print", "RegisterGradient", "RunMetadata", "RunOptions", "Session",
    "Summary", "Tensor", "TensorArray", "TensorShape", "UnconnectedGradients", "VERSION", "Variable", "VariableScope",
    "__version__", "abs", "accumulate_n", "acos", "acosh", "add", "add_check_numerics_ops", "add_n",
    "add_to_collection", "add_to_collections", "all_variables", "angle", "app", "arg_max", "arg_min", "argmax",
    "argmin", "argsort", "as_dtype", "asin", "asinh", "assert_equal", "assert_greater", "assert_greater_equal",
    "assert_integer", "assert_less", "assert_less_equal", "assert_near", "assert_negative", "assert_non_negative",
    "assert_non_positive", "assert_none_equal", "assert_positive", "assert_proper_iterable", "assert_rank",
    "assert_rank_at_least", "assert_rank_in", "assert_same_float_dtype", "assert_scalar", "assert_type", "assign",
    "assign_add", "assign_sub", "atan", "atan2", "atanh", "batch_gather", "batch_jacobian", "batch_matmul",
    "batch_to_space", "batch_to_space_nd", "betainc", "bfloat16", "bincount", "bitcast", "bitwise", "bool",
    "boolean_mask", "broadcast_dynamic_shape", "broadcast_static_shape", "broadcast_to", "case", "cast", "ceil",
    "check_numerics", "cholesky", "cholesky_solve", "clip_by_average_norm", "clip_by_global_norm", "clip_by_norm",
    "clip_by_value", "compat", "complex", "complex128", "complex64", "concat", "concat_v2", "cond", "confusion_matrix",
    "conj", "constant", "constant_initializer", "contrib", "control_dependencies", "control_flow_v2_enabled",
    "convert_to_tensor", "cos", "cosh", "count_nonzero", "count_up_to", "cross", "cumprod", "cumsum",
    "custom_gradient", "debugging", "debugprint", "depth_to_space", "device", "diag", "diag_part", "digamma",
    "disable_control_flow_v2", "disable_eager_execution", "disable_resource_variables", "disable_tensor_equality",
    "disable_v2_behavior", "disable_v2_tensorshape", "div", "div_no_nan", "divide", "double", "dtypes",
    "dynamic_partition", "dynamic_stitch", "eager_execution", "einsum", "enable_control_flow_v2",
    "enable_eager_execution", "enable_resource_variables", "ensure_shape", "equal", "erf", "erfc", "errors",
    "executing_eagerly", "exp", "expand_dims", "explain", "expm1", "extract_image_patches", "extract_volume_patches",
    "eye", "fft", "fft2d", "fft3d", "fill", "flags", "float16", "float32", "float64", "floor", "floor_div", "floordiv",
    "floormod", "foldl", "foldr", "function", "gather", "gather_nd", "get_collection", "get_collection_ref",
    "get_default_graph", "get_default_session", "get_local_variable", "get_variable", "get_variable_scope", "gfile",
    "global_norm", "global_variables", "global_variables_initializer", "glorot_normal_initializer",
    "glorot_uniform_initializer", "grad_pass_through", "gradient_graph", "gradients", "greater", "greater_equal",
    "group", "guarantee_const", "half", "hessian_vector_product", "hessians", "histogram_fixed_width",
    "histogram_fixed_width_bins", "identity", "identity_n", "ifft", "ifft2d", "ifft3d", "igamma", "igammac", "imag",
    "image", "initialize_all_variables", "initialize_local_variables", "initialize_variables", "initializers", "int16",
    "int32", "int64", "int8", "invert_permutation", "is_finite", "is_inf", "is_nan", "is_non_decreasing",
    "is_numeric_tensor", "is_strictly_increasing", "is_tensor", "is_variable_initialized", "jacobian", "jvp", "layers",
    "lbeta", "less", "less_equal", "lgamma", "lin_space", "linalg", "linspace", "local_variables",
    "local_variables_initializer", "log", "log1p", "log_matrix_determinant", "log_sigmoid", "logging", "logical_and",
    "logical_not", "logical_or", "logical_xor", "losses", "make_template", "map_fn", "math", "matmul",
    "matrix_band_part", "matrix_determinant", "matrix_diag", "matrix_diag_part", "matrix_inverse", "matrix_set_diag",
    "matrix_solve", "matrix_solve_ls", "matrix_square_root", "matrix_transpose", "matrix_triangular_solve", "maximum",
    "meshgrid", "metrics", "minimum", "mod", "model_variables", "moving_average_variables", "mul", "multinomial",
    "multiply", "name_scope", "neg", "negative", "newaxis", "nn", "no_gradient", "no_op", "no_regularizer", "norm",
    "not_equal", "one_hot", "ones", "ones_initializer", "ones_like", "op_scope", "orthogonal_initializer", "pack",
    "pad", "parallel_stack", "placeholder", "placeholder_with_default", "plot", "polygamma", "pow", "prevent_gradient",
    "print", "py_func", "py_function", "qr", "random", "random_crop", "random_gamma", "random_normal",
    "random_normal_initializer", "random_poisson", "random_shuffle", "random_uniform", "random_uniform_initializer",
    "range", "rank", "real", "realdiv", "reciprocal", "recompute_grad", "record", "reduce_all", "reduce_any",
    "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum", "repeat",
    "report_uninitialized_variables", "reset_default_graph", "reshape", "resource_variables_enabled", "reverse",
    "reverse_sequence", "reverse_v2", "rint", "roll", "round", "rsqrt", "saturate_cast", "scalar_mul", "scan",
    "scatter_add", "scatter_nd", "scatter_sub", "scatter_update", "searchsorted", "segment_max", "segment_mean",
    "segment_min", "segment_prod", "segment_sum", "self_adjoint_eig", "self_adjoint_eigvals", "sequence_mask",
    "set_random_seed", "setdiff1d", "shape", "shape_n", "sigmoid", "sign", "signal", "sin", "sinh", "size", "slice",
    "sort", "space_to_batch", "space_to_batch_nd", "space_to_depth", "sparse_segment_mean", "sparse_segment_sqrt_n",
    "sparse_segment_sum", "sparse_to_dense", "spectral", "split", "sqrt", "square", "squared_difference", "squeeze",
    "stack", "stop_gradient", "strided_slice", "sub", "subtract", "summary", "svd", "switch_case", "tan", "tanh",
    "tensor_scatter_add", "tensor_scatter_max", "tensor_scatter_min", "tensor_scatter_nd_add", "tensor_scatter_nd_max",
    "tensor_scatter_nd_min", "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "tensor_scatter_sub",
    "tensor_scatter_update", "tensordot", "test", "tile", "timeline", "to_bfloat16", "to_complex128", "to_complex64",
    "to_double", "to_float", "to_int32", "to_int64", "trace", "train", "trainable_variables", "transpose", "truediv",
    "truncated_normal", "truncated_normal_initializer", "truncatediv", "truncatemod", "tuple", "uint16", "uint32",
    "uint64", "uint8", "uniform_unit_scaling_initializer", "unique", "unique_with_counts", "unpack", "unravel_index",
    "unsorted_segment_max", "unsorted_segment_mean", "unsorted_segment_min", "unsorted_segment_prod",
    "unsorted_segment_sqrt_n", "unsorted_segment_sum", "unstack", "variable_op_scope", "variable_scope",
    "variables_initializer", "variance_scaling_initializer", "verify_tensor_all_finite", "watch", "where", "where_v2",
    "while_loop", "zeros", "zeros_initializer", "zeros_like", "zeta",
]
