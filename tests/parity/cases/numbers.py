"""Math: reductions, running totals, dtypes, integer arithmetic, comparisons, segments, linear algebra."""

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import dtype_name, run

M = [[1.0, -2.0, 3.0], [4.0, 0.5, -6.0]]
CUBE = np.linspace(-2.0, 3.0, 24).reshape(2, 3, 4)

REDUCTIONS = ["sum", "mean", "prod", "max", "min", "logsumexp"]
AXES = {"all": None, "0": 0, "1": 1, "-1": -1, "0 and 2": [0, 2], "none": []}


@each_of({f"{name}, {key}": (name, axis) for name in REDUCTIONS for key, axis in AXES.items()})
def reduce(tf, row):
    name, axis = row
    x = tf.constant(CUBE)
    y = getattr(tf, f"reduce_{name}")(x, axis)
    kept = getattr(tf, f"reduce_{name}")(x, axis, keepdims=True)
    return [y, kept, tf.gradients(y * y, x)]


MORE_REDUCTIONS = {
    "std": lambda tf, x: tf.math.reduce_std(x, 0),
    "variance": lambda tf, x: tf.math.reduce_variance(x, 1),
    "euclidean_norm": lambda tf, x: tf.math.reduce_euclidean_norm(x, 1),
    "norm": lambda tf, x: tf.norm(x),
    "norm by axis": lambda tf, x: tf.norm(x, axis=1, keepdims=True),
    "norm 1": lambda tf, x: tf.norm(x, ord=1, axis=0),
    "norm inf": lambda tf, x: tf.norm(x, ord=np.inf, axis=0),
    "norm 3": lambda tf, x: tf.norm(x, ord=3, axis=0),
    "moments": lambda tf, x: tf.nn.moments(x, [0])[1],
    "moments kept": lambda tf, x: tf.nn.moments(x, [0, 1], keep_dims=True)[0],
    "weighted moments": lambda tf, x: tf.nn.weighted_moments(x, [0], tf.abs(x))[1],
    "cumsum": lambda tf, x: tf.cumsum(x, 1),
    "cumsum exclusive": lambda tf, x: tf.cumsum(x, 1, exclusive=True),
    "cumsum reversed": lambda tf, x: tf.cumsum(x, 0, reverse=True),
    "cumsum both": lambda tf, x: tf.cumsum(x, 1, exclusive=True, reverse=True),
    "cumprod": lambda tf, x: tf.cumprod(x, 1),
    "cumprod exclusive": lambda tf, x: tf.cumprod(x, 1, exclusive=True),
    "cumprod reversed": lambda tf, x: tf.cumprod(x, 1, reverse=True),
    "cumulative_logsumexp": lambda tf, x: tf.math.cumulative_logsumexp(x, 1),
    "l2_normalize": lambda tf, x: tf.nn.l2_normalize(x, 1),
    "l2_loss": lambda tf, x: tf.nn.l2_loss(x),
    "clip_by_norm": lambda tf, x: tf.clip_by_norm(x, 2.0),
    "clip_by_norm not needed": lambda tf, x: tf.clip_by_norm(x, 200.0),
    "clip_by_norm by axis": lambda tf, x: tf.clip_by_norm(x, 2.0, axes=[1]),
    "clip_by_average_norm": lambda tf, x: tf.clip_by_average_norm(x, 0.5),
    "clip_by_value": lambda tf, x: tf.clip_by_value(x, -1.0, 2.0),
    "global_norm": lambda tf, x: tf.global_norm([x, x[0]]),
    "add_n": lambda tf, x: tf.add_n([x, x * 2.0, x]),
    "accumulate_n": lambda tf, x: tf.accumulate_n([x, x * 2.0, x]),
    "squared_difference": lambda tf, x: tf.squared_difference(x, 1.0),
    "lbeta": lambda tf, x: tf.lbeta(tf.abs(x)),
    "polyval": lambda tf, x: tf.math.polyval([1.0, -2.0, 0.5], x),
    "softmax by axis": lambda tf, x: tf.nn.softmax(x, 0),
    "log_softmax by axis": lambda tf, x: tf.nn.log_softmax(x, 0),
    "trace": lambda tf, x: tf.trace(x[:, :2]),
    "sort": lambda tf, x: tf.sort(x, direction="DESCENDING"),
    "sort by axis": lambda tf, x: tf.sort(x, axis=0),
    "top_k": lambda tf, x: tf.nn.top_k(x, 2)[0],
    "zero_fraction": lambda tf, x: tf.nn.zero_fraction(tf.nn.relu(x)),
}


@each_of(MORE_REDUCTIONS)
def summary_of_a_matrix(tf, function):
    x = tf.constant(M)
    y = function(tf, x)
    return [y, tf.gradients(y, x), tf.gradients(y * y, x)]


@case()
def reductions_of_nothing(tf):
    x = tf.zeros([0, 2])
    return [tf.reduce_sum(x), tf.reduce_prod(x, 0), tf.reduce_mean(x, 0), tf.reduce_all(x > 0.0), tf.reduce_max(x, 1)]


@case()
def largest_of_nothing(tf):
    return tf.reduce_max(tf.zeros([0, 2]), 0)


@case()
def clip_by_global_norm(tf):
    a, b = tf.constant([3.0, 4.0]), tf.constant([[12.0]])
    clipped, norm = tf.clip_by_global_norm([a, None, b], 6.5)
    same, _ = tf.clip_by_global_norm([a], 100.0)
    given, _ = tf.clip_by_global_norm([a, b], 5.0, use_norm=tf.constant(10.0))
    return [clipped, norm, same, given, tf.gradients(clipped[0], a)]


BOOLEANS = {
    "all": lambda tf, b: tf.reduce_all(b, 1),
    "any": lambda tf, b: tf.reduce_any(b, 0),
    "any kept": lambda tf, b: tf.reduce_any(b, keepdims=True),
    "not": lambda tf, b: tf.logical_not(b),
    "xor": lambda tf, b: tf.logical_xor(b, b[0]),
    "operators": lambda tf, b: [b & b[1], b | b[0], ~b, b ^ b[1]],
    "count_nonzero": lambda tf, b: tf.count_nonzero(b, 1),
    "count_nonzero of all": lambda tf, b: tf.count_nonzero(b),
    "cast": lambda tf, b: tf.cast(b, tf.float32),
    "where": lambda tf, b: tf.where(b),
    "select": lambda tf, b: tf.where(b, tf.ones([2, 3]), tf.zeros([2, 3])),
    "select rows": lambda tf, b: tf.where(b[:, 0], tf.ones([2, 3]), tf.zeros([2, 3])),
}


@each_of(BOOLEANS)
def booleans(tf, function):
    return function(tf, tf.constant([[True, False, True], [False, False, True]]))


INTEGERS = {
    "floordiv": lambda tf, a, b: a // b,
    "mod": lambda tf, a, b: a % b,
    "truediv": lambda tf, a, b: a / b,
    "tf.div": lambda tf, a, b: tf.div(a, b),
    "truncatediv": lambda tf, a, b: tf.truncatediv(a, b),
    "truncatemod": lambda tf, a, b: tf.truncatemod(a, b),
    "floormod": lambda tf, a, b: tf.floormod(a, b),
    "pow": lambda tf, a, b: tf.pow(a, tf.abs(b)),
    "maximum": lambda tf, a, b: tf.maximum(a, b),
    "abs": lambda tf, a, b: tf.abs(a),
    "sign": lambda tf, a, b: tf.sign(a),
    "reduce_sum": lambda tf, a, b: tf.reduce_sum(a),
    "reduce_mean": lambda tf, a, b: tf.reduce_mean(a),
    "reduce_prod": lambda tf, a, b: tf.reduce_prod(a),
    "cumsum": lambda tf, a, b: tf.cumsum(a),
    "argmax": lambda tf, a, b: tf.argmax(a),
    "argmin as int32": lambda tf, a, b: tf.argmin(a, output_type=tf.int32),
    "bincount": lambda tf, a, b: tf.bincount(tf.abs(a)),
    "bitwise": lambda tf, a, b: [tf.bitwise.bitwise_and(a, b), tf.bitwise.bitwise_or(a, b), tf.bitwise.invert(a)],
    "shifts": lambda tf, a, b: [tf.bitwise.left_shift(a, tf.abs(b)), tf.bitwise.right_shift(a, tf.abs(b))],
    "comparison": lambda tf, a, b: [a < b, a >= b, tf.equal(a, b), tf.not_equal(a, b)],
    "square": lambda tf, a, b: tf.square(a),
    "negative": lambda tf, a, b: -a,
    "invert_permutation": lambda tf, a, b: tf.invert_permutation([2, 0, 3, 1]),
    "unique": lambda tf, a, b: list(tf.unique([4, 2, 4, 1, 2])),
    "unique counts": lambda tf, a, b: list(tf.unique_with_counts([4, 2, 4, 1, 2])),
    "setdiff1d": lambda tf, a, b: list(tf.setdiff1d([1, 2, 3, 4, 5], [2, 4])),
    "confusion": lambda tf, a, b: tf.confusion_matrix([0, 1, 2, 1], [0, 2, 2, 1]),
    "searchsorted": lambda tf, a, b: tf.searchsorted([1, 3, 5, 7], [0, 3, 8], side="right"),
    "histogram": lambda tf, a, b: tf.histogram_fixed_width([0.1, 0.5, 0.9, 2.0], [0.0, 1.0], 4),
}


@each_of(INTEGERS)
def integers(tf, function):
    return function(tf, tf.constant([7, -7, 8, -9]), tf.constant([2, 2, -3, -4]))


CASTS = {
    "float to int": ([1.9, -1.9, 0.5], "float32", "int32"), "int to float": ([3, -4], "int32", "float64"),
    "bool to int": ([True, False], "bool", "int32"), "float to bool": ([0.0, 0.1, -2.0], "float32", "bool"),
    "double to float": ([1e-3, 1e30], "float64", "float32"), "int to uint8": ([1, 255], "int32", "uint8"),
    "complex to float": ([1 + 2j], "complex64", "float32"), "float to complex": ([1.5], "float32", "complex64"),
    "int64 to int32": ([5, -5], "int64", "int32"),
}  # fmt: skip


@each_of(CASTS)
def cast(tf, row):
    values, source, target = row
    y = tf.cast(tf.constant(values, getattr(tf, source)), getattr(tf, target))
    return [y, dtype_name(y)]


@case()
def saturating_casts(tf):
    x = tf.constant([-5.0, 3.7, 300.0])
    return [tf.saturate_cast(x, tf.uint8), tf.saturate_cast(x, tf.int8), tf.to_int32(x), tf.to_float([1, 2])]


@case()
def dtypes_of_numbers(tf):
    values = (1, 1.0, True, 1j, [1, 2.0], np.float64(1), np.int64(1), 2**40, [[True]], np.float32([1]))
    return [dtype_name(tf.constant(each)) for each in values]


OPERANDS = {
    "number": lambda tf, x: x + 2, "number first": lambda tf, x: 2 - x, "list": lambda tf, x: x * [1.0, 2.0, 3.0],
    "array": lambda tf, x: x * np.float64([1, 2, 3]), "numpy scalar": lambda tf, x: x * np.float64(2),
    "column": lambda tf, x: x + [[1.0], [2.0]], "power": lambda tf, x: x**2, "reverse power": lambda tf, x: 2**x,
    "division": lambda tf, x: 1 / x, "floor division": lambda tf, x: x // 2, "modulo": lambda tf, x: x % 2,
    "negation": lambda tf, x: -x, "absolute": lambda tf, x: abs(x), "comparison": lambda tf, x: x > 1,
    "array first": lambda tf, x: np.float32([1, 2, 3]) * x, "matmul": lambda tf, x: x @ np.ones([3, 2], np.float32),
}  # fmt: skip


@each_of(OPERANDS)
def operand(tf, function):
    x = tf.constant(M)
    y = function(tf, x)
    return [y, dtype_name(y)]


SEGMENTS = ["segment_sum", "segment_mean", "segment_max", "segment_min", "segment_prod"]
UNSORTED = ["sum", "mean", "max", "min", "prod", "sqrt_n"]
ROWS = [[1.0, 2.0], [3.0, -1.0], [5.0, 2.0], [0.5, 4.0]]


@each_of({name: name for name in SEGMENTS})
def segments(tf, name):
    x = tf.constant(ROWS)
    y = getattr(tf, name)(x, tf.constant([0, 0, 1, 3]))
    return [y, tf.gradients(y, x)]


@each_of({name: name for name in UNSORTED})
def unsorted_segments(tf, name):
    x = tf.constant(ROWS)
    y = getattr(tf, f"unsorted_segment_{name}")(x, tf.constant([2, 0, 2, 0]), 3)
    return [y[0], y[2], tf.gradients([y[0], y[2]], x)]


@each_of({name: name for name in ("sum", "mean", "sqrt_n")})
def sparse_segments(tf, name):
    x = tf.constant(ROWS)
    y = getattr(tf, f"sparse_segment_{name}")(x, tf.constant([0, 3, 1]), tf.constant([0, 0, 1]))
    return [y, tf.gradients(y, x)]


@case()
def segment_max_of_ties(tf):
    x = tf.constant([2.0, 2.0, 1.0, 5.0])
    return [tf.gradients(getattr(tf, name)(x, [0, 0, 0, 1]), x) for name in ("segment_max", "segment_min")]


SYMMETRIC = [[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]]
GENERAL = [[2.0, 1.0, 0.5], [0.3, 3.0, 0.2], [0.5, -0.2, 1.5]]

LINEAR = {
    "matmul": lambda tf, a, b: tf.matmul(a, b),
    "matmul transposed": lambda tf, a, b: tf.matmul(a, b, transpose_a=True, transpose_b=True),
    "batches": lambda tf, a, b: tf.matmul(tf.stack([a, b]), tf.stack([b, a])),
    "inverse": lambda tf, a, b: tf.matrix_inverse(b),
    "adjoint inverse": lambda tf, a, b: tf.matrix_inverse(b, adjoint=True),
    "determinant": lambda tf, a, b: tf.matrix_determinant(b),
    "slogdet": lambda tf, a, b: tf.linalg.slogdet(b)[1],
    "logdet": lambda tf, a, b: tf.linalg.logdet(a),
    "solve": lambda tf, a, b: tf.matrix_solve(b, a),
    "solve adjoint": lambda tf, a, b: tf.matrix_solve(b, a, adjoint=True),
    "triangular": lambda tf, a, b: tf.matrix_triangular_solve(b, a),
    "triangular upper": lambda tf, a, b: tf.matrix_triangular_solve(b, a, lower=False),
    "cholesky": lambda tf, a, b: tf.cholesky(a),
    "cholesky_solve": lambda tf, a, b: tf.cholesky_solve(tf.cholesky(a), b),
    "eigenvalues": lambda tf, a, b: tf.self_adjoint_eigvals(a),
    "eigenvectors": lambda tf, a, b: tf.self_adjoint_eig(a)[0],
    "singular values": lambda tf, a, b: tf.svd(b, compute_uv=False),
    "qr": lambda tf, a, b: tf.abs(tf.qr(b)[1]),
    "trace": lambda tf, a, b: tf.trace(tf.matmul(a, b)),
    "diag": lambda tf, a, b: tf.diag(a[0]),
    "diag_part": lambda tf, a, b: tf.diag_part(b),
    "matrix_diag": lambda tf, a, b: tf.matrix_diag(a),
    "matrix_diag_part": lambda tf, a, b: tf.matrix_diag_part(tf.stack([a, b])),
    "set_diag": lambda tf, a, b: tf.matrix_set_diag(b, a[0]),
    "band": lambda tf, a, b: tf.matrix_band_part(b, 0, -1),
    "lower band": lambda tf, a, b: tf.matrix_band_part(b, 1, 0),
    "einsum": lambda tf, a, b: tf.einsum("ij,kj->ik", a, b),
    "einsum of batches": lambda tf, a, b: tf.einsum("nij,jk->nik", tf.stack([a, b]), b),
    "tensordot": lambda tf, a, b: tf.tensordot(a, b, [[0], [1]]),
    "tensordot 1": lambda tf, a, b: tf.tensordot(a, b, 1),
    "cross": lambda tf, a, b: tf.cross(a, b),
    "matvec": lambda tf, a, b: tf.linalg.matvec(a, b[0]),
    "expm": lambda tf, a, b: tf.linalg.expm(b * 0.1),
    "transpose": lambda tf, a, b: tf.matrix_transpose(tf.stack([a, b])),
    "least squares": lambda tf, a, b: tf.matrix_solve_ls(b, a),
    "pinv": lambda tf, a, b: tf.linalg.pinv(b[:, :2]),
    "power of matmul": lambda tf, a, b: b @ b @ b,
}


@each_of(LINEAR, tolerance=1e-6)
def linear_algebra(tf, function):
    a, b = tf.constant(SYMMETRIC, tf.float64), tf.constant(GENERAL, tf.float64)
    y = function(tf, a, b)
    return [y, tf.gradients(y * y, [b])]


COMPLEX = {
    "product": lambda tf, z: z * z * (1 + 2j), "abs": lambda tf, z: tf.abs(z), "angle": lambda tf, z: tf.angle(z),
    "conj": lambda tf, z: tf.conj(z) * z, "real": lambda tf, z: tf.real(z), "imag": lambda tf, z: tf.imag(z),
    "exp": lambda tf, z: tf.exp(z), "sqrt": lambda tf, z: tf.sqrt(z), "inverse": lambda tf, z: 1.0 / z,
    "complex": lambda tf, z: tf.complex(tf.real(z) * 2.0, tf.imag(z)), "fft": lambda tf, z: tf.fft(z),
    "ifft": lambda tf, z: tf.ifft(z), "sum": lambda tf, z: tf.reduce_sum(z), "square": lambda tf, z: tf.square(z),
}  # fmt: skip


@each_of(COMPLEX)
def complex_numbers(tf, function):
    z = tf.constant([1 + 2j, -0.5 + 1j, 2 - 1j])
    y = function(tf, z)
    real = y if dtype_name(y).startswith("float") else tf.real(y) + 2.0 * tf.imag(y)
    return [y, tf.gradients(real, z)]


@case()
def complex_absolute_value_at_zero(tf):
    z = tf.constant([0j, 1j])
    return tf.gradients(tf.abs(z), z)


@case()
def broadcasting(tf):
    a, b = tf.constant([[1.0], [2.0]]), tf.constant([3.0, 4.0, 5.0])
    y = a * b + 1.0
    p = tf.placeholder(tf.float32, [None, 1])
    z = p * b
    return [y, tf.gradients(y, [a, b]), run(tf, tf.gradients(z, [p, b]), {p: [[1.0], [2.0], [3.0]]})]
