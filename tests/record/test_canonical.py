"""Canonical names: every spelling of a function is one type."""

import operator

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg
from graphgrad.record.canonical import Attribute, canonical

SPELLINGS = {
    "Relu": [torch.relu, F.relu, torch.Tensor.relu, gg.nn.relu, torch.nn.ReLU()],
    "Sigmoid": [torch.sigmoid, F.sigmoid, torch.Tensor.sigmoid, gg.sigmoid, torch.nn.Sigmoid(), torch.special.expit],
    "Tanh": [torch.tanh, F.tanh, torch.Tensor.tanh, gg.tanh, gg.nn.tanh],
    "Abs": [torch.abs, torch.absolute, torch.Tensor.abs, abs, gg.abs],
    "Neg": [torch.neg, torch.negative, operator.neg, gg.negative],
    "Square": [torch.square, torch.Tensor.square, gg.square],
    "Cast": [lambda x: x.double(), lambda x: x.to(torch.float64), lambda x: gg.cast(x, gg.float64), torch.Tensor.half],
    "StopGradient": [torch.Tensor.detach, torch.detach, gg.stop_gradient],
    "Softmax": [lambda x: torch.softmax(x, 0), lambda x: F.softmax(x, 0), lambda x: x.softmax(0), gg.nn.softmax],
    "Reshape": [lambda x: x.view(1, 2), lambda x: x.reshape(1, 2), lambda x: gg.reshape(x, [1, 2])],
    "Trunc": [torch.trunc, torch.fix, torch.Tensor.trunc, torch.Tensor.fix],
    "Acos": [torch.acos, torch.arccos, gg.acos],
    "Identity": [gg.identity],
    "Exp": [torch.exp, torch.Tensor.exp, gg.exp],
}

PAIRS = {
    "Add": [torch.add, operator.add, torch.Tensor.add, gg.add],
    "Sub": [torch.sub, torch.subtract, operator.sub, gg.subtract],
    "Mul": [torch.mul, torch.multiply, operator.mul, torch.Tensor.mul, gg.multiply],
    "RealDiv": [torch.div, torch.divide, torch.true_divide, operator.truediv, gg.divide, gg.truediv],
    "MatMul": [torch.matmul, torch.mm, operator.matmul, torch.Tensor.mm, gg.matmul],
    "Greater": [torch.gt, torch.greater, operator.gt, gg.greater],
    "LessEqual": [torch.le, torch.less_equal, operator.le, gg.less_equal],
    "Equal": [torch.eq, operator.eq, gg.equal],
    "FloorDivide": [torch.floor_divide, operator.floordiv, gg.floordiv],
    "Remainder": [torch.remainder, operator.mod, gg.mod],
    "Pow": [torch.pow, operator.pow, gg.pow],
    "Maximum": [torch.maximum, gg.maximum],
    "ConcatV2": [lambda a, b: torch.cat([a, b]), lambda a, b: torch.concat([a, b]), lambda a, b: gg.concat([a, b], 0)],
}


@pytest.mark.parametrize("kind", SPELLINGS)
def test_all_spellings_of_a_function_are_one_type(kind):
    x = gg.placeholder(gg.float32, [2])
    assert {spelling(x).op.type for spelling in SPELLINGS[kind]} == {kind}


@pytest.mark.parametrize("kind", PAIRS)
def test_all_spellings_of_a_function_of_two_are_one_type(kind):
    x = gg.placeholder(gg.float32, [2, 2])
    assert {spelling(x, x).op.type for spelling in PAIRS[kind]} == {kind}


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda x: x[0], "StridedSlice"),
        (lambda x: F.conv2d(x[None, None], x[None, None]), "Conv2D"),
        (lambda x: x.T, "Transpose"),
        (lambda x: torch.argmax(x), "ArgMax"),
        (lambda x: torch.zeros_like(x), "ZerosLike"),
        (lambda x: F.max_pool2d(x[None], 2), "MaxPool"),
        (lambda x: torch.bmm(x[None], x[None]), "BatchMatMul"),
    ],
)
def test_types_that_tf1_users_know(call, kind):
    assert call(gg.placeholder(gg.float32, [2, 2])).op.type == kind


def test_a_callable_is_described_once():
    assert canonical(torch.sin) is canonical(torch.sin)
    assert canonical(torch.sin).target is torch.sin


def test_arithmetic_is_weak_and_floor_has_no_derivative():
    assert canonical(operator.add).weak and not canonical(torch.pow).weak
    assert canonical(torch.floor).no_derivative and not canonical(torch.exp).no_derivative


def test_a_property_is_an_attribute():
    found = canonical(torch.Tensor.mT.__get__)
    assert isinstance(found.target, Attribute) and found.name == "mT"
    assert found.target(torch.ones(2, 3)).shape == (3, 2)


def test_a_function_of_the_users_is_named_after_itself():
    def my_own_thing(x):
        return x

    assert canonical(my_own_thing).type == "MyOwnThing"
