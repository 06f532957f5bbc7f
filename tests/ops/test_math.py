"""TF1's arithmetic and reductions against numpy, recorded and at once."""

import math

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.ops import math as table

REAL = np.array([[-1.5, -0.25, 0.5], [0.75, 2.5, 3.0]])
POSITIVE = np.abs(REAL)
UNIT = REAL / 4.0
ODD = np.array([0.0, np.nan, np.inf, -np.inf, 1.0])
BOOLS = np.array([True, False])
COMPLEX = np.array([1 + 2j, -0.5 - 0.25j])


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


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
}  # fmt: skip

REDUCTIONS = {
    "reduce_sum": (np.sum, REAL), "reduce_mean": (np.mean, REAL), "reduce_max": (np.max, REAL),
    "reduce_min": (np.min, REAL), "reduce_prod": (np.prod, REAL), "reduce_all": (np.all, REAL > 0),
    "reduce_any": (np.any, REAL > 0),
    "reduce_logsumexp": (lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)), REAL),
}  # fmt: skip

ELSEWHERE = {"cast", "clip_by_value", "argmax", "argmin"}


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


def test_every_name_of_the_table_is_tested():
    assert set(table.TABLE) == UNARY.keys() | BINARY.keys() | REDUCTIONS.keys() | ELSEWHERE


def test_every_name_of_the_table_is_public():
    assert all(getattr(gg, name) is function for name, function in table.TABLE.items())


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_tensor(call, name):
    reference, data = UNARY[name]
    found = call(table.TABLE[name], data)
    np.testing.assert_allclose(found, reference(data), rtol=1e-12)
    assert found.dtype == reference(data).dtype


@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_tensors(call, name):
    reference, left, right = BINARY[name]
    found = call(table.TABLE[name], left, right)
    np.testing.assert_allclose(found, reference(left, right), rtol=1e-12)
    assert found.dtype == reference(left, right).dtype


@pytest.mark.parametrize("name", sorted(BINARY.keys() - {"matmul", "logical_and", "logical_or"}))
def test_a_tensor_and_a_number_on_either_side(call, name):
    reference, left, _ = BINARY[name]
    np.testing.assert_allclose(call(lambda x: table.TABLE[name](x, 0.5), left), reference(left, 0.5), rtol=1e-12)
    np.testing.assert_allclose(call(lambda x: table.TABLE[name](2.0, x), left), reference(2.0, left), rtol=1e-12)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, [0], [0, 1], (1,)], ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction(call, name, axis, keepdims):
    reference, data = REDUCTIONS[name]
    found = call(table.TABLE[name], data, axis=axis, keepdims=keepdims)
    wanted = reference(data, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert np.shape(found) == np.shape(wanted) and found.dtype == wanted.dtype


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_of_a_scalar_and_of_no_axes(call, name):
    _, data = REDUCTIONS[name]
    assert call(table.TABLE[name], data[0, 0]) == data[0, 0]
    np.testing.assert_allclose(call(table.TABLE[name], data, axis=[]), data)


@pytest.mark.parametrize("name", sorted(REDUCTIONS.keys() - {"reduce_prod", "reduce_logsumexp"}))
def test_the_older_spellings_of_a_reduction(call, name):
    reference, data = REDUCTIONS[name]
    found = call(table.TABLE[name], data, reduction_indices=[1], keep_dims=True)
    np.testing.assert_allclose(found, reference(data, axis=1, keepdims=True))


@pytest.mark.parametrize("name", ["reduce_sum", "reduce_prod", "reduce_max", "reduce_min"])
@pytest.mark.parametrize("dtype", [gg.int32, gg.uint8, gg.int64], ids=str)
def test_a_reduction_of_integers_keeps_their_dtype(call, name, dtype):
    found = call(lambda k: table.TABLE[name](gg.cast(k, dtype)), np.array([1, 2, 3]))
    assert torch.from_numpy(np.asarray(found)).dtype is dtype


def test_a_reduction_over_an_unknown_size(run):
    x = gg.placeholder(gg.float64, [None, 3])
    for name in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_prod", "reduce_logsumexp"):
        reference, _ = REDUCTIONS[name]
        found = run(table.TABLE[name](x, axis=0), {x: REAL})
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
    function, reference = table.TABLE[name], getattr(np, name)
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
        found = call(table.TABLE[name], left, right)
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
    "argmax": lambda n: gg.argmax([1.0], name=n), "argmin int32": lambda n: gg.argmin([1.0], 0, n, gg.int32),
}  # fmt: skip


@pytest.mark.parametrize("function", NAMED)
def test_the_name_given_is_the_results(function):
    assert NAMED[function]("wanted").name == "wanted:0"
