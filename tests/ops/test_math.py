"""TF1's arithmetic and reductions against numpy, recorded and at once."""

import math
import statistics

import numpy as np
import pytest
import torch

import graphgrad as gg

REAL = np.array([[-1.5, -0.25, 0.5], [0.75, 2.5, 3.0]])
POSITIVE = np.abs(REAL)
UNIT = REAL / 4.0
ODD = np.array([0.0, np.nan, np.inf, -np.inf, 1.0])
BOOLS = np.array([True, False])
COMPLEX = np.array([1 + 2j, -0.5 - 0.25j])


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def digamma(x):
    """By the recurrence, and the asymptotic series beyond 20."""
    shift = 0.0
    while x < 20:
        shift, x = shift - 1 / x, x + 1
    return shift + math.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4) - 1 / (252 * x**6)


def bessel(order):
    """The modified Bessel function by its power series."""

    def value(x):
        return sum((x / 2) ** (2 * k + order) / (math.factorial(k) * math.factorial(k + order)) for k in range(40))

    return np.vectorize(value)


NORMAL = statistics.NormalDist()

UNARY = {
    "abs": (np.abs, REAL), "negative": (np.negative, REAL), "exp": (np.exp, REAL), "expm1": (np.expm1, REAL),
    "log": (np.log, POSITIVE), "log1p": (np.log1p, POSITIVE), "sqrt": (np.sqrt, POSITIVE),
    "rsqrt": (lambda x: 1.0 / np.sqrt(x), POSITIVE), "square": (np.square, REAL), "sign": (np.sign, REAL),
    "sin": (np.sin, REAL), "cos": (np.cos, REAL), "tan": (np.tan, REAL), "sinh": (np.sinh, REAL),
    "cosh": (np.cosh, REAL), "tanh": (np.tanh, REAL), "asin": (np.arcsin, UNIT), "acos": (np.arccos, UNIT),
    "atan": (np.arctan, REAL), "sigmoid": (sigmoid, REAL), "floor": (np.floor, REAL), "ceil": (np.ceil, REAL),
    "round": (np.round, REAL), "reciprocal": (np.reciprocal, REAL), "is_nan": (np.isnan, ODD),
    "is_inf": (np.isinf, ODD), "is_finite": (np.isfinite, ODD), "logical_not": (np.logical_not, BOOLS),
    "erf": (np.vectorize(math.erf), REAL), "lgamma": (np.vectorize(math.lgamma), POSITIVE),
    "real": (np.real, COMPLEX), "imag": (np.imag, COMPLEX), "conj": (np.conj, COMPLEX),
    "angle": (np.angle, COMPLEX), "asinh": (np.arcsinh, REAL), "acosh": (np.arccosh, POSITIVE + 1),
    "atanh": (np.arctanh, UNIT), "erfc": (np.vectorize(math.erfc), REAL), "rint": (np.rint, REAL),
    "log_sigmoid": (lambda x: np.log(sigmoid(x)), REAL),
}  # fmt: skip

SPACE = {  # names of gg.math alone
    "bessel_i0": (bessel(0), REAL), "bessel_i1": (bessel(1), REAL),
    "bessel_i0e": (lambda x: bessel(0)(x) * np.exp(-abs(x)), REAL),
    "bessel_i1e": (lambda x: bessel(1)(x) * np.exp(-abs(x)), REAL),
    "erfinv": (np.vectorize(lambda x: NORMAL.inv_cdf((x + 1) / 2) / math.sqrt(2)), UNIT),
    "ndtri": (np.vectorize(NORMAL.inv_cdf), POSITIVE / 4), "digamma": (np.vectorize(digamma), POSITIVE),
    "softplus": (lambda x: np.log1p(np.exp(x)), REAL), "softsign": (lambda x: x / (1 + abs(x)), REAL),
    "softmax": (lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True), REAL),
    "log_softmax": (lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)), REAL),
}  # fmt: skip

OTHER = np.array([[2.0, -0.75, 0.5], [-3.0, 1.5, 3.0]])
BINARY = {
    "add": (np.add, REAL, OTHER), "subtract": (np.subtract, REAL, OTHER), "multiply": (np.multiply, REAL, OTHER),
    "divide": (np.divide, REAL, OTHER), "truediv": (np.true_divide, REAL, OTHER),
    "floordiv": (np.floor_divide, REAL, OTHER), "mod": (np.mod, REAL, OTHER), "pow": (np.power, POSITIVE, OTHER),
    "maximum": (np.maximum, REAL, OTHER), "minimum": (np.minimum, REAL, OTHER), "equal": (np.equal, REAL, OTHER),
    "not_equal": (np.not_equal, REAL, OTHER), "less": (np.less, REAL, OTHER),
    "less_equal": (np.less_equal, REAL, OTHER), "greater": (np.greater, REAL, OTHER),
    "greater_equal": (np.greater_equal, REAL, OTHER), "logical_and": (np.logical_and, BOOLS, BOOLS[::-1]),
    "logical_or": (np.logical_or, BOOLS, BOOLS[::-1]), "atan2": (np.arctan2, REAL, OTHER),
    "squared_difference": (lambda x, y: (x - y) ** 2, REAL, OTHER), "matmul": (np.matmul, REAL, OTHER.T),
    "floormod": (np.mod, REAL, OTHER), "floor_div": (np.floor_divide, REAL, OTHER), "realdiv": (np.divide, REAL, OTHER),
    "truncatemod": (np.fmod, REAL, OTHER), "scalar_mul": (np.multiply, np.float64(2.5), OTHER),
    "logical_xor": (np.logical_xor, BOOLS, np.array([True, True])),
    "complex": (lambda x, y: x + 1j * y, REAL, OTHER),
    "igamma": (np.vectorize(lambda a, x: 1 - math.exp(-x) * (1 + x)), np.full(3, 2.0), np.array([0.5, 1.0, 3.0])),
    "igammac": (np.vectorize(lambda a, x: math.exp(-x) * (1 + x)), np.full(3, 2.0), np.array([0.5, 1.0, 3.0])),
    "zeta": (lambda x, q: np.pi**2 / 6 - (q - 1), np.array([2.0, 2.0]), np.array([1.0, 2.0])),
}  # fmt: skip

REDUCTIONS = {
    "reduce_sum": (np.sum, REAL), "reduce_mean": (np.mean, REAL), "reduce_max": (np.max, REAL),
    "reduce_min": (np.min, REAL), "reduce_prod": (np.prod, REAL), "reduce_all": (np.all, REAL > 0),
    "reduce_any": (np.any, REAL > 0),
    "reduce_logsumexp": (lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)), REAL),
}  # fmt: skip


@pytest.fixture(params=["recorded", "eager"])
def call(request, run):
    """A function of arrays, called on constants in a session or on torch tensors at once."""

    def recorded(function, *arrays, **options):
        return run(function(*[gg.constant(array) for array in arrays], **options))

    def eager(function, *arrays, **options):
        with gg.eager_execution():
            found = function(*[gg.constant(array) for array in arrays], **options)
        assert type(found) is torch.Tensor
        return found.resolve_conj().numpy()

    return recorded if request.param == "recorded" else eager


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_tensor(call, name):
    reference, data = UNARY[name]
    found = call(getattr(gg, name), data)
    np.testing.assert_allclose(found, reference(data), rtol=1e-12)
    assert found.dtype == reference(data).dtype


@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_tensors(call, name):
    reference, left, right = BINARY[name]
    found = call(getattr(gg, name), left, right)
    np.testing.assert_allclose(found, reference(left, right), rtol=1e-12)
    assert found.dtype == reference(left, right).dtype


NO_NUMBERS = {
    "matmul",
    "logical_and",
    "logical_or",
    "logical_xor",
    "igamma",
    "igammac",
    "zeta",
    "complex",
    "scalar_mul",
}


@pytest.mark.parametrize("name", SPACE)
def test_a_function_of_gg_math_alone(call, name):
    reference, data = SPACE[name]
    np.testing.assert_allclose(call(getattr(gg.math, name), data), reference(data), rtol=1e-9)


def test_nextafter(call):
    assert call(gg.math.nextafter, np.array([1.0]), np.array([2.0])) == np.nextafter(1.0, 2.0)


@pytest.mark.parametrize("name", sorted(BINARY.keys() - NO_NUMBERS))
def test_a_tensor_and_a_number_on_either_side(call, name):
    reference, left, _ = BINARY[name]
    np.testing.assert_allclose(call(lambda x: getattr(gg, name)(x, 0.5), left), reference(left, 0.5), rtol=1e-12)
    np.testing.assert_allclose(call(lambda x: getattr(gg, name)(2.0, x), left), reference(2.0, left), rtol=1e-12)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, [0], [0, 1], (1,)], ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction(call, name, axis, keepdims):
    reference, data = REDUCTIONS[name]
    found = call(getattr(gg, name), data, axis=axis, keepdims=keepdims)
    wanted = reference(data, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert np.shape(found) == np.shape(wanted) and found.dtype == wanted.dtype


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_of_a_scalar_and_of_no_axes(call, name):
    _, data = REDUCTIONS[name]
    assert call(getattr(gg, name), data[0, 0]) == data[0, 0]
    np.testing.assert_allclose(call(getattr(gg, name), data, axis=[]), data)


@pytest.mark.parametrize("name", sorted(REDUCTIONS.keys() - {"reduce_prod", "reduce_logsumexp"}))
def test_the_older_spellings_of_a_reduction(call, name):
    reference, data = REDUCTIONS[name]
    found = call(getattr(gg, name), data, reduction_indices=[1], keep_dims=True)
    np.testing.assert_allclose(found, reference(data, axis=1, keepdims=True))


@pytest.mark.parametrize("name", ["reduce_sum", "reduce_prod", "reduce_max", "reduce_min"])
@pytest.mark.parametrize("dtype", [gg.int32, gg.uint8, gg.int64], ids=str)
def test_a_reduction_of_integers_keeps_their_dtype(call, name, dtype):
    found = call(lambda k: getattr(gg, name)(gg.cast(k, dtype)), np.array([1, 2, 3]))
    assert torch.from_numpy(np.asarray(found)).dtype is dtype


def test_a_reduction_over_an_unknown_size(run):
    x = gg.placeholder(gg.float64, [None, 3])
    for name in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_prod", "reduce_logsumexp"):
        reference, _ = REDUCTIONS[name]
        found = run(getattr(gg, name)(x, axis=0), {x: REAL})
        np.testing.assert_allclose(found, reference(REAL, axis=0, keepdims=False))


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_matmul_of_transposes(call, transpose_a, transpose_b):
    a, b = np.random.rand(4, 2, 3), np.random.rand(4, 3, 5)
    found = call(
        gg.matmul,
        a.swapaxes(1, 2) if transpose_a else a,
        b.swapaxes(1, 2) if transpose_b else b,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
    )
    np.testing.assert_allclose(found, a @ b)


@pytest.mark.parametrize("dtype", [gg.int32, gg.float16, gg.bool, gg.complex64, "float64", np.int8], ids=str)
def test_cast(call, dtype):
    found = call(gg.cast, np.array([0.0, 1.75, 3.0]), dtype=dtype)
    wanted = np.array([0.0, 1.75, 3.0]).astype(str(gg.as_dtype(dtype)).removeprefix("torch."))
    assert found.tolist() == wanted.tolist() and found.dtype == wanted.dtype


def test_a_cast_to_the_same_dtype_is_the_tensor_itself():
    x = gg.placeholder(gg.float32, [])
    assert gg.cast(x, gg.float32) is x


def test_clip_by_value(call):
    found = call(gg.clip_by_value, REAL, clip_value_min=-0.5, clip_value_max=0.6)
    np.testing.assert_allclose(found, np.clip(REAL, -0.5, 0.6))


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_the_position_of_an_extreme(call, name):
    function, reference = getattr(gg, name), getattr(np, name)
    assert call(function, REAL).tolist() == reference(REAL, axis=0).tolist()
    for axis in (0, 1, -1):
        found = call(function, REAL, axis=axis)
        assert found.tolist() == reference(REAL, axis=axis).tolist() and found.dtype == np.int64
    assert call(function, REAL, output_type=gg.int32).dtype == np.int32


def test_rounding_is_to_even(call):
    assert call(gg.round, np.array([0.5, 1.5, 2.5, -0.5])).tolist() == [0, 2, 2, 0]


@pytest.mark.parametrize("dtype", [np.int32, np.int64], ids=str)
def test_integer_division_and_remainder_go_down(call, dtype):
    left, right = np.array([7, -7, 7, -7], dtype), np.array([2, 2, -2, -2], dtype)
    for name, reference in {"floordiv": np.floor_divide, "mod": np.mod}.items():
        found = call(getattr(gg, name), left, right)
        assert found.tolist() == reference(left, right).tolist() and found.dtype == dtype


NAMED = {
    "abs": lambda n: gg.abs([1.0], name=n), "add": lambda n: gg.add(1.0, 2.0, name=n),
    "reduce_sum": lambda n: gg.reduce_sum(gg.ones([2, 2]), name=n),
    "reduce_sum of no axes": lambda n: gg.reduce_sum(gg.ones([2, 2]), [], name=n),
    "reduce_prod": lambda n: gg.reduce_prod(gg.ones([2, 2]), name=n),
    "reduce_logsumexp": lambda n: gg.reduce_logsumexp(gg.ones([2, 2]), name=n),
    "squared_difference": lambda n: gg.squared_difference(1.0, 2.0, name=n),
    "matmul": lambda n: gg.matmul(gg.ones([2, 2]), gg.ones([2, 2]), transpose_a=True, name=n),
    "cast": lambda n: gg.cast(1.0, gg.int32, name=n), "clip_by_value": lambda n: gg.clip_by_value(1.0, 0, 1, name=n),
    "argmax": lambda n: gg.argmax([1.0], name=n),
    "argmin int32": lambda n: gg.argmin([1.0], 0, n, output_type=gg.int32),
}  # fmt: skip


@pytest.mark.parametrize("function", NAMED)
def test_the_name_given_is_the_results(function):
    assert NAMED[function]("wanted").name == "wanted:0"
