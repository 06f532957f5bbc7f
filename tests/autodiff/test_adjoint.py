"""The adjoint graph: the nodes that a gradient stands for, and what they are connected to."""

import pytest
import torch

import graphgrad as gg
from graphgrad.autodiff.adjoint import Cotangent, Product, adjoint, derivative_of
from graphgrad.record.derivative import NO_DERIVATIVE


def values(*tensors):
    return [tensor._value for tensor in tensors]


@pytest.fixture
def x():
    return gg.placeholder(gg.float64, [2], name="x")


def test_it_is_built_on_first_need_and_kept(x):
    (g,) = gg.gradients(torch.exp(x) * x, x)
    assert g.op.payload.adjoint is None
    nodes = adjoint(g.op)
    assert adjoint(g.op) is nodes is g.op.payload.adjoint


def test_a_product_per_op_of_the_path_a_sum_per_tensor_read_more_than_once_and_the_results(x):
    (g,) = gg.gradients(torch.exp(x) * x, x)
    nodes = adjoint(g.op)
    assert [node.node.name if node.node is not None else None for node in nodes] == ["mul", "exp", None, None]
    assert all(isinstance(node, Product) for node in nodes)
    assert nodes[-1].values == tuple(values(g))


def test_a_product_reads_the_reads_the_values_and_the_cotangents(x):
    y = torch.exp(x)
    (g,) = gg.gradients(y, x)
    product = adjoint(g.op)[0]
    assert product.reads[:2] == tuple(values(x, y))
    assert isinstance(product.reads[2], Cotangent) and product.reads[2].of is y._value
    assert product.op is y.op and repr(product.values[0]) == "d(<x:0 float64[2]>)"


def test_given_seeds_are_read(x):
    seed = gg.placeholder(gg.float64, [2])
    y = torch.exp(x)
    (g,) = gg.gradients(y, x, grad_ys=seed)
    assert seed._value in adjoint(g.op)[0].reads


def test_several_xs_are_results_of_their_own(x):
    h = torch.exp(x)
    to_x, to_h = gg.gradients(h * h, [x, h])
    results = [node for node in adjoint(to_x.op) if isinstance(node.values[0], type(x._value))]
    assert [node.values[0] for node in results] == values(to_x, to_h)


def test_what_a_call_keeps(x):
    h = torch.exp(x)
    (g,) = gg.gradients(h * 2.0, x)
    call = g.op.payload
    assert {op.name for op in call.operations} == {"exp", "mul"} and call.through == frozenset()
    (second,) = gg.gradients(g, x)
    assert {op.name for op in second.op.payload.operations} == {"exp"}
    assert second.op.payload.through == {g.op}


def test_only_calls_have_a_derivative(x):
    v = gg.Variable(1.0)
    for op in (x.op, gg.constant(1.0).op, v.op, v.initializer, gg.no_op()):
        assert derivative_of(op) is NO_DERIVATIVE
    assert derivative_of(torch.exp(x).op).of(0) == (0,)


CONNECTIONS = {
    "exp": (lambda x, w: torch.exp(x), (True, False)),
    "sum": (lambda x, w: x + w, (False, False)),
    "product": (lambda x, w: x * w, (False, True)),
    "square": (lambda x, w: x * x, (True, False)),
    "of a product": (lambda x, w: torch.sin(x * w), (True, True)),
    "beside": (lambda x, w: torch.exp(x) + torch.exp(w), (True, False)),
    "stopped": (lambda x, w: torch.exp(x).detach() * x, (False, False)),
    "linear": (lambda x, w: 3.0 * x, (False, False)),
}


@pytest.mark.parametrize("name", CONNECTIONS)
def test_what_a_gradient_depends_on(x, name):
    function, wanted = CONNECTIONS[name]
    w = gg.placeholder(gg.float64, [2])
    (g,) = gg.gradients(function(x, w), x)
    assert tuple(each is not None for each in gg.gradients(g, [x, w])) == wanted


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_any_order_of_a_polynomial_ends_where_torch_ends(order, run, x):
    y, eager = x * x * x, torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    z = eager * eager * eager
    for _ in range(order):
        (y,) = gg.gradients(y, x)
        (z,) = torch.autograd.grad(z.sum(), eager, create_graph=True, allow_unused=True)
        assert (y is None) == (z is None)
        if z is None or not z.requires_grad:
            break
    if z is not None:
        assert run(y, {x: [1, 2]}).tolist() == z.tolist()


def test_a_gradient_of_a_gradient_with_other_stops(run, x):
    h = x * x
    (g,) = gg.gradients(h * x, x, stop_gradients=[h])
    (second,) = gg.gradients(g * x, x, stop_gradients=[h])
    assert run(second, {x: [1, 2]}).tolist() == [1, 4]
    assert gg.gradients(g, x, stop_gradients=[h]) == [None]
