"""What operations with a rule, and Python functions, do in a run: called as a program calls them."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.record.custom import Called, Prevented, PythonFunction, Ruled


def ruled(rule, x=None):
    """The operation of a square with a rule."""
    y = gg.custom_gradient(lambda x: (x * x, rule(x)))(gg.constant(3.0) if x is None else x)
    return y.op.target


def test_off_the_tape_results_are_handed_on():
    flow = ruled(lambda x: lambda upstream: upstream * x)
    assert type(flow) is Ruled
    square, x = torch.tensor(9.0), torch.tensor(3.0)
    assert flow(square, x, x)[0] is square


def test_on_the_tape_the_rule_decides():
    flow = ruled(lambda x: lambda upstream: upstream * x * 10.0)
    x = torch.tensor(3.0, requires_grad=True)
    (y,) = flow(x * x, x, x)
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    assert first.item() == 30.0
    assert torch.autograd.grad(first, x)[0].item() == 10.0


def test_a_gradient_is_never_the_memory_of_what_the_rule_read():
    flow = ruled(lambda x: lambda upstream: x)
    x = torch.tensor(3.0, requires_grad=True)
    (gradient,) = torch.autograd.grad(flow(x * x, x, x)[0], x)
    gradient.add_(1.0)
    assert x.item() == 3.0


def test_a_variable_is_safe_from_its_gradient():
    w = gg.Variable(3.0)
    y = gg.custom_gradient(lambda x: (x * 2.0, lambda upstream: x))(w)
    gradient = gg.gradients(y, w)[0]
    step = w.assign_sub(gradient)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert session.run([gradient, step]) == [3.0, 0.0]
        assert session.run(w) == 0.0


def test_a_function_is_called_in_place_or_again():
    x = torch.tensor([0.5], requires_grad=True)
    for kind, wrapped in ((Called, gg.function(gg.exp)), (Called, gg.recompute_grad(gg.exp))):
        flow = wrapped(gg.constant([0.5])).op.target
        assert type(flow) is kind
        (y,) = flow(x)
        assert torch.autograd.grad(y, x)[0].item() == pytest.approx(np.exp(0.5))
        assert flow(torch.tensor([0.0]))[0].tolist() == [1.0]


def test_functions_without_inputs_are_told_the_device():
    flow = PythonFunction(lambda: np.float32([1.0]), (torch.float32,), False, places=())
    assert flow(device="meta")[0].device.type == "meta"
    flow = PythonFunction(lambda: torch.ones(1), (torch.float32,), True, places=())
    assert flow(device="meta")[0].device.type == "meta"
    assert gg.function(lambda: gg.constant(2.0))().op.target(device="cpu")[0].item() == 2.0


def test_python_functions_check_what_they_return():
    def flow(function, tensors=False):
        return PythonFunction(function, (torch.float32,), tensors, places=())

    assert flow(lambda x: [x])(torch.tensor(2.0))[0].item() == 2.0
    assert flow(lambda: 2, True)()[0].dtype is torch.float32
    with pytest.raises(TypeError, match="float64 as result 0"):
        flow(lambda: 2.0)()
    with pytest.raises(TypeError, match="tensors hold numbers"):
        flow(lambda: object())()
    with pytest.raises(ValueError, match="returned 2 values"):
        flow(lambda: (1, 2), True)()


def test_prevented_tensors_are_the_same():
    x = torch.tensor(2.0)
    assert Prevented("no", places=())(x)[0] is x
