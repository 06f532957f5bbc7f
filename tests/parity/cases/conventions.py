"""Derivatives, to the second order, of the functions of one and two numbers: at ordinary points, kinks and ties."""

import numpy as np

from tests.parity.case import case, each_of

POINTS = [-1.7, -0.6, 0.3, 0.9, 2.4]
POSITIVE = [0.1, 0.5, 1.3, 4.0]
UNIT = [-0.8, -0.2, 0.4, 0.9]


def orders(tf, function, points, n=2):
    """The value of a function and its derivatives, one after the other, to the n-th."""
    x = tf.constant(points, tf.float64)
    found = [function(x)]
    for _ in range(n):
        (slope,) = tf.gradients(found[-1], x)
        found.append(slope)
        if slope is None:
            break
    return found


SMOOTH = {
    "exp": POINTS, "expm1": POINTS, "sin": POINTS, "cos": POINTS, "tan": UNIT, "sinh": POINTS, "cosh": POINTS,
    "tanh": POINTS, "asinh": POINTS, "acosh": [1.2, 3.0], "atanh": UNIT, "asin": UNIT, "acos": UNIT, "atan": POINTS,
    "log": POSITIVE, "log1p": POSITIVE, "sqrt": POSITIVE, "rsqrt": POSITIVE, "reciprocal": POINTS, "square": POINTS,
    "erf": POINTS, "erfc": POINTS, "lgamma": POSITIVE, "digamma": POSITIVE, "sigmoid": POINTS, "negative": POINTS,
    "log_sigmoid": POINTS, "abs": POINTS, "sign": POINTS, "identity": POINTS, "floor": POINTS, "ceil": POINTS,
    "round": [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.7], "rint": [-2.5, -0.5, 0.5, 1.5, 1.2],
    "math.erfinv": UNIT, "math.ndtri": [0.1, 0.4, 0.9], "math.bessel_i0": POINTS, "math.bessel_i0e": POINTS,
    "math.bessel_i1": POINTS, "math.bessel_i1e": POINTS, "math.softplus": POINTS,
    "nn.relu": POINTS, "nn.relu6": [-1.0, 3.0, 7.0], "nn.elu": POINTS, "nn.selu": POINTS, "nn.leaky_relu": POINTS,
    "nn.softplus": POINTS, "nn.swish": POINTS, "nn.crelu": POINTS, "nn.softmax": POINTS, "nn.log_softmax": POINTS,
    "nn.l2_loss": POINTS, "math.cumulative_logsumexp": POINTS,
}  # fmt: skip


def named(tf, path):
    for part in path.split("."):
        tf = getattr(tf, part)
    return tf


@each_of({name: (name, points) for name, points in SMOOTH.items()})
def derivatives(tf, row):
    name, points = row
    return orders(tf, named(tf, name), points)


KINKS = {
    "abs at 0": (lambda tf, x: tf.abs(x), [0.0, -0.0]),
    "sign at 0": (lambda tf, x: tf.sign(x), [0.0, -0.0]),
    "relu at 0": (lambda tf, x: tf.nn.relu(x), [0.0, -0.0]),
    "relu6 at 0 and 6": (lambda tf, x: tf.nn.relu6(x), [0.0, 6.0]),
    "leaky_relu at 0": (lambda tf, x: tf.nn.leaky_relu(x, 0.3), [0.0, -1.0]),
    "elu at 0": (lambda tf, x: tf.nn.elu(x), [0.0, -1.0]),
    "selu at 0": (lambda tf, x: tf.nn.selu(x), [0.0, -1.0]),
    "sqrt at 0": (lambda tf, x: tf.sqrt(x), [0.0, 4.0]),
    "rsqrt at 0": (lambda tf, x: tf.rsqrt(x), [0.0, 4.0]),
    "log at 0": (lambda tf, x: tf.log(x), [0.0, 1.0]),
    "reciprocal at 0": (lambda tf, x: tf.reciprocal(x), [0.0, 2.0]),
    "clip at its bounds": (lambda tf, x: tf.clip_by_value(x, -1.0, 1.0), [-2.0, -1.0, 0.0, 1.0, 2.0]),
    "norm at 0": (lambda tf, x: tf.norm(x), [0.0, 0.0]),
    "square of 0": (lambda tf, x: tf.square(x), [0.0]),
    "x**0 at 0": (lambda tf, x: x**0.0, [0.0, 2.0]),
    "x**1 at 0": (lambda tf, x: x**1.0, [0.0, 2.0]),
    "x**2 at 0": (lambda tf, x: x**2.0, [0.0, -2.0]),
    "x**0.5 at 0": (lambda tf, x: x**0.5, [0.0, 2.0]),
    "0**x": (lambda tf, x: tf.pow(tf.constant(0.0, tf.float64), x), [0.5, 2.0]),
    "2**x": (lambda tf, x: 2.0**x, [0.0, 2.0, -1.0]),
    "softplus far out": (lambda tf, x: tf.nn.softplus(x), [-800.0, 800.0]),
    "sigmoid far out": (lambda tf, x: tf.sigmoid(x), [-800.0, 800.0]),
    "logsumexp far out": (lambda tf, x: tf.reduce_logsumexp(x), [900.0, 901.0]),
    "l2_normalize of 0": (lambda tf, x: tf.nn.l2_normalize(x, 0), [0.0, 0.0]),
    "where around log": (lambda tf, x: tf.where(x > 0.5, tf.log(x), x), [0.0, 1.0]),
    "where around sqrt": (lambda tf, x: tf.where(x > 0.5, tf.sqrt(x), x), [0.0, 1.0]),
    "safe log by two wheres": (
        lambda tf, x: tf.where(x > 0.0, tf.log(tf.where(x > 0.0, x, tf.ones_like(x))), tf.zeros_like(x)),
        [0.0, 1.0, -1.0],
    ),
    "reduce_max of ties": (lambda tf, x: tf.reduce_max(x), [1.0, 3.0, 3.0, 2.0]),
    "reduce_min of ties": (lambda tf, x: tf.reduce_min(x), [1.0, 1.0, 3.0, 1.0]),
    "reduce_prod with a zero": (lambda tf, x: tf.reduce_prod(x), [2.0, 0.0, 3.0]),
    "reduce_prod with two zeros": (lambda tf, x: tf.reduce_prod(x), [2.0, 0.0, 0.0]),
    "reduce_std of constants": (lambda tf, x: tf.math.reduce_std(x), [2.0, 2.0]),
    "reduce_variance of constants": (lambda tf, x: tf.math.reduce_variance(x), [2.0, 2.0]),
    "cumprod through a zero": (lambda tf, x: tf.cumprod(x), [2.0, 0.0, 3.0]),
    "top_k of ties": (lambda tf, x: tf.nn.top_k(x, 2)[0], [1.0, 3.0, 3.0, 3.0]),
    "div_no_nan by itself": (lambda tf, x: tf.div_no_nan(x, x), [0.0, 2.0]),
    "zeta of 2": (lambda tf, x: tf.zeta(tf.constant(2.0, tf.float64), x), [1.5, 3.0]),
    "polygamma": (lambda tf, x: tf.polygamma(tf.constant(1.0, tf.float64), x), [1.5, 3.0]),
    "asin at 1": (lambda tf, x: tf.asin(x), [1.0, 0.5]),
    "nan goes through relu": (lambda tf, x: tf.nn.relu(x), [np.nan, 1.0]),
    "nan in reduce_max": (lambda tf, x: tf.reduce_max(x), [np.nan, 1.0]),
}


@each_of(KINKS)
def kink(tf, row):
    function, points = row
    return orders(tf, lambda x: function(tf, x), points, 1)


BINARY = {
    "maximum": ([1.0, 3.0, 2.0], [2.0, 1.0, 5.0]), "minimum": ([1.0, 3.0, 2.0], [2.0, 1.0, 5.0]),
    "pow": ([1.5, 2.0, 0.3], [2.0, -1.0, 0.5]), "atan2": ([1.0, -2.0, 0.3], [2.0, 1.0, -5.0]),
    "divide": ([1.0, 3.0], [2.0, -4.0]), "multiply": ([1.0, 3.0], [2.0, -4.0]), "subtract": ([1.0], [2.0]),
    "squared_difference": ([1.0, 3.0], [2.0, -4.0]), "floormod": ([7.5, -7.5, 7.5], [2.0, 2.0, -2.0]),
    "floordiv": ([7.5, -7.5, 7.5], [2.0, 2.0, -2.0]), "truediv": ([7.0, -7.0], [2.0, 3.0]),
    "div_no_nan": ([1.0, 2.0, 0.0], [0.0, 4.0, 0.0]), "math.xlogy": ([1.0, 2.0], [3.0, 0.5]),
    "math.xdivy": ([1.0, 0.0], [3.0, 0.0]), "math.multiply_no_nan": ([1.0, 2.0], [3.0, 0.0]),
    "igamma": ([1.5, 2.0], [0.7, 3.0]), "igammac": ([1.5, 2.0], [0.7, 3.0]), "add": ([1.0], [2.0]),
    "realdiv": ([1.0, 3.0], [2.0, -4.0]), "div": ([1.0, 3.0], [2.0, -4.0]), "math.xlog1py": ([1.0, 2.0], [3.0, 0.5]),
}  # fmt: skip


@each_of({name: (name, *points) for name, points in BINARY.items()})
def two_arguments(tf, row):
    name, left, right = row
    a, b = tf.constant(left, tf.float64), tf.constant(right, tf.float64)
    y = named(tf, name)(a, b)
    return [y, tf.gradients(y, [a]), tf.gradients(y, [b])]


TIES = {
    "maximum": ("maximum", 2.0, 2.0), "minimum": ("minimum", 2.0, 2.0), "atan2 at the origin": ("atan2", 0.0, 0.0),
    "pow of 0 and 0": ("pow", 0.0, 0.0), "pow of 0 and 2": ("pow", 0.0, 2.0), "pow of -2 and 3": ("pow", -2.0, 3.0),
    "xlogy of 0 and 0": ("math.xlogy", 0.0, 0.0), "xlogy of 0 and 2": ("math.xlogy", 0.0, 2.0),
    "maximum of nan": ("maximum", np.nan, 1.0), "minimum with nan": ("minimum", 1.0, np.nan),
    "mod by a divisor": ("floormod", 4.0, 2.0), "squared_difference": ("squared_difference", 2.0, 2.0),
    "divide by 0": ("divide", 1.0, 0.0), "divide 0 by 0": ("divide", 0.0, 0.0),
}  # fmt: skip


@each_of({f"{key}, {side}": (*row, side) for key, row in TIES.items() for side in ("left", "right")})
def tie(tf, row):
    name, left, right, side = row
    a, b = tf.constant([left], tf.float64), tf.constant([right], tf.float64)
    y = named(tf, name)(a, b)
    return [y, tf.gradients(y, a if side == "left" else b)]


SECOND = {
    "product": lambda tf, x: x * x * x,
    "power": lambda tf, x: x**3.0,
    "fifth": lambda tf, x: x**5.0,
    "linear": lambda tf, x: 2.0 * x + 1.0,
    "abs": lambda tf, x: tf.abs(x) * x,
    "matmul": lambda tf, x: tf.matmul(x[None, :], tf.matmul(tf.constant([[2.0, 1.0], [0.0, 3.0]]), x[:, None])),
    "logsumexp": lambda tf, x: tf.reduce_logsumexp(x),
    "softmax": lambda tf, x: tf.nn.softmax(x)[0],
    "stop inside": lambda tf, x: tf.stop_gradient(x * x) * x,
    "reduce_max": lambda tf, x: tf.reduce_max(x * x),
    "maximum": lambda tf, x: tf.maximum(x * x, 2.0),
    "cumsum": lambda tf, x: tf.cumsum(x) * x,
    "cumprod": lambda tf, x: tf.cumprod(x),
    "prod": lambda tf, x: tf.reduce_prod(x),
    "variance": lambda tf, x: tf.nn.moments(x, [0])[1],
    "norm": lambda tf, x: tf.norm(x),
    "cross entropy": lambda tf, x: tf.nn.softmax_cross_entropy_with_logits(labels=[0.3, 0.7], logits=x),
    "sparse cross entropy": lambda tf, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=x[None]),
    "sigmoid cross entropy": lambda tf, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=[0.3, 0.7], logits=x),
    "gather": lambda tf, x: tf.gather(x, [0, 0, 1]) ** 2.0,
    "division": lambda tf, x: x / (1.0 + x * x),
    "tanh": lambda tf, x: tf.tanh(x) * x,
    "where": lambda tf, x: tf.where(x > 1.0, x**3.0, tf.exp(x)),
    "clip": lambda tf, x: tf.clip_by_value(x * x, 0.5, 3.0),
    "sort": lambda tf, x: tf.sort(x) ** 2.0,
}


@each_of(SECOND)
def higher_orders(tf, function):
    x = tf.constant([0.7, 1.9])
    found = [tf.reduce_sum(function(tf, x))]
    for _ in range(3):
        (slope,) = tf.gradients(found[-1], x)
        found.append(None if slope is None else tf.convert_to_tensor(slope))
        if slope is None:
            break
    return found


@case()
def mixed_second_derivatives(tf):
    x, w = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    y = tf.reduce_sum(x * x * w + x + w)
    by_x, by_w = tf.gradients(y, [x, w])
    return [tf.gradients(by_x, [x, w]), tf.gradients(by_w, [x, w])]


def quadratic(tf):
    a = tf.constant([[1.0, 2.0, 0.5], [0.0, 3.0, 1.0], [4.0, 1.0, 2.0]])
    x = tf.constant([1.0, 2.0, 3.0])
    return x, tf.reduce_sum(x * tf.linalg.matvec(a, x)) + tf.reduce_sum(x**3)


@case(loops_v2=True)
def hessian_by_a_map_over_a_gradient(tf):
    x, y = quadratic(tf)
    (slope,) = tf.gradients(y, x)
    return tf.map_fn(lambda i: tf.gradients(slope[i], x)[0], tf.range(3), dtype=tf.float32)


@case(loops_v2=True)
def hessian_by_a_map_of_gradients(tf):
    x, y = quadratic(tf)
    return tf.map_fn(lambda i: tf.gradients(tf.gradients(y, x)[0][i], x)[0], tf.range(3), dtype=tf.float32)


@case()
def hessian_by_rows(tf):
    x, y = quadratic(tf)
    (slope,) = tf.gradients(y, x)
    return tf.stack([tf.gradients(row, x)[0] for row in tf.unstack(slope)])


@case(loops_v2=True)
def jacobian_by_a_map_of_gradients(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    y = tf.stack([x[0] * x[1], tf.sin(x[2])])
    return tf.map_fn(lambda i: tf.gradients(y[i], x)[0], tf.range(2), dtype=tf.float32)


@case()
def softsign(tf):
    return orders(tf, tf.nn.softsign, POINTS, 1)


@case()
def sum_of_a_vector_gradient(tf):
    x = tf.constant([1.0, 2.0])
    (slope,) = tf.gradients(x[0] * x[1] + x[0] ** 3, x)
    return [tf.gradients(slope, x), tf.gradients(slope[0], x), tf.gradients(slope[1], x)]
