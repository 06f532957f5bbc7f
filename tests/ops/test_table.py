"""Rows: how TF1's arguments become a call of torch, recorded or at once."""

import inspect

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.ops.table import apply, row, tensor

cumsum = row("cumsum", torch.cumsum, "x axis=0", {"axis": "dim"})
scaled = row("nn.scaled", torch.nn.functional.leaky_relu, "features alpha=0.5")
added = row("added", torch.add, "x y", tensors=2, example="gg.add(1.0, 2.0)")


def test_positions_and_keywords(run):
    x = gg.constant([[1.0, 2.0], [3.0, 4.0]])
    for y in (cumsum(x, 1), cumsum(x, axis=1), cumsum(x=x, axis=1)):
        assert run(y).tolist() == [[1, 3], [3, 7]]
    assert run(cumsum(x)).tolist() == [[1, 2], [4, 6]]


def test_a_default_is_passed_on(run):
    assert run(scaled([-2.0])).tolist() == [-1.0]
    assert run(scaled([-2.0], 0.25)).tolist() == [-0.5]


def test_the_name_is_the_operations():
    assert cumsum(gg.ones([2]), name="total").name == "total:0"
    assert cumsum(gg.ones([2])).name == "cumsum:0"


@pytest.mark.parametrize("name", ["a b", "a:0", "%"])
def test_an_illegal_name_is_a_value_error(name):
    with pytest.raises(ValueError, match="not a valid name"):
        cumsum(gg.ones([2]), name=name)


@pytest.mark.parametrize("call", [lambda: cumsum(), lambda: cumsum([1.0], 0, None, 5), lambda: cumsum([1.0], dim=1)])
def test_wrong_arguments_are_type_errors(call):
    with pytest.raises(TypeError):
        call()


def test_a_row_looks_like_tf1s_function():
    assert str(inspect.signature(cumsum)) == "(x, axis=0, name=None)"
    assert (cumsum.__name__, scaled.__name__) == ("cumsum", "scaled")
    assert "torch" in cumsum.__doc__ and ">>> gg.add(1.0, 2.0)" in added.__doc__


def test_numbers_take_the_dtype_of_the_tensor_beside_them():
    x = gg.placeholder(gg.float64, [2])
    for y in (added(x, 1.0), added(1, x), added(x, [1.0, 2.0]), added(np.float32([1, 2]), x)):
        assert y.dtype is torch.float64


def test_numbers_alone_are_float32_and_int32():
    assert added(1.0, 2.0).dtype is torch.float32 and added(1, 2).dtype is torch.int32


@pytest.mark.parametrize("fraction", [0.5, [0.5, 1.0], np.float32(0.5), np.float64([0.5, 1.5])], ids=repr)
def test_a_fraction_beside_integers_never_becomes_another_number(run, fraction):
    k = gg.constant([1, 2])
    try:
        y = added(k, fraction)
    except (TypeError, ValueError):
        return
    np.testing.assert_allclose(run(y), np.array([1, 2]) + np.asarray(fraction))


DATA = np.array([4, 1])
FRACTIONS = {
    "multiply": (lambda k: gg.multiply(k, 0.5), DATA * 0.5),
    "pow": (lambda k: gg.pow(k, 0.5), DATA**0.5),
    "maximum": (lambda k: gg.maximum(k, 1.5), np.maximum(DATA, 1.5)),
    "where": (lambda k: gg.where([True, False], k, 0.5), np.array([4, 0.5])),
    "less": (lambda k: gg.less(k, 1.5), DATA < 1.5),
    "add": (lambda k: gg.add(1.5, k), DATA + 1.5),
    "squared_difference": (lambda k: gg.squared_difference(k, 0.5), (DATA - 0.5) ** 2),
}


@pytest.mark.parametrize("name", FRACTIONS)
def test_a_function_of_integers_and_a_fraction_is_right_or_refused(run, name):
    call, wanted = FRACTIONS[name]
    try:
        y = call(gg.constant(DATA, gg.int32))
    except (TypeError, ValueError):
        return
    np.testing.assert_allclose(run(y), wanted)


def test_eager_calls_act_at_once():
    with gg.eager_execution():
        assert cumsum([1.0, 2.0], name="ignored").tolist() == [1, 3]
        assert type(apply(torch.sin, (torch.ones(2),), {}, None)) is torch.Tensor


def test_a_symbolic_tensor_records_in_eager_mode_too(run):
    x = gg.constant([1.0, 2.0])
    with gg.eager_execution():
        y = cumsum(x)
    assert isinstance(y, gg.Tensor) and run(y).tolist() == [1, 3]


def test_tensor_leaves_tensors_and_sizes_alone():
    x, plain = gg.placeholder(gg.float32, [None]), torch.ones(2)
    assert tensor(x) is x and tensor(plain) is plain and tensor(x.shape[0]) is x.shape[0]
    assert tensor(1, x).dtype is torch.float32 and tensor([1, 2]).dtype is torch.int32
