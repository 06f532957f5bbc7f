"""own and gate: one autograd node per tensor, and a door in it."""

import pytest
import torch

from graphgrad.record.identity import gate, own


@pytest.fixture
def x():
    return torch.tensor([1.0, 2.0], requires_grad=True)


def test_a_tensor_that_is_another_gets_a_node_of_its_own(x):
    y = x * 1.0
    mine = own(y, x, y)
    assert mine is not y and mine.grad_fn is not y.grad_fn and mine.tolist() == y.tolist()


def test_a_tensor_that_shares_a_node_gets_its_own(x):
    y = x * 1.0
    twin = y.detach().requires_grad_()
    assert own(twin, y) is twin
    assert own(x, x) is not x


def test_a_tensor_of_its_own_stays(x):
    y, z = x * 1.0, x * 2.0
    assert own(y, x, z, None, 3) is y


def test_outputs_of_one_node_are_told_apart(x):
    a, b = torch.unbind(x)
    assert a.grad_fn is b.grad_fn
    assert own(a, b) is a
    assert own(a, a) is not a


def test_what_needs_no_gradient_stays():
    plain = torch.ones(2)
    assert own(plain, plain) is plain


def test_a_closed_gate_lets_no_gradient_pass(x):
    closed = True
    y = x * 3.0
    gate(y, lambda: closed)
    z = (y * 2.0).sum()
    assert torch.autograd.grad(z, x, allow_unused=True, retain_graph=True) == (None,)
    closed = False
    (found,) = torch.autograd.grad(z, x)
    assert found.tolist() == [6, 6]


def test_a_closed_tensor_that_is_an_x_receives_its_gradient(x):
    y = x * 3.0
    gate(y, lambda: True)
    (found,) = torch.autograd.grad((y * 2.0).sum(), y)
    assert found.tolist() == [2, 2]


def test_a_gate_closes_one_output_of_several(x):
    a, b = torch.unbind(x * 1.0)
    gate(a, lambda: True)
    (found,) = torch.autograd.grad(a * 5.0 + b * 7.0, x)
    assert found.tolist() == [0, 7]


def test_a_leaf_has_no_gate(x):
    gate(x, lambda: True)
    (found,) = torch.autograd.grad((x * 2.0).sum(), x)
    assert found.tolist() == [2, 2]
