"""What is connected through rules and Python functions, at the first orders."""

import pytest
import torch

import graphgrad as gg
from graphgrad.autodiff.custom import AnyDerivative, RuleDerivative
from graphgrad.autodiff.reach import derivative_of


def test_results_connect_to_the_arguments_with_a_gradient():
    x, y, n = gg.constant(1.0), gg.constant(2.0), gg.constant(3)
    z, _ = gg.custom_gradient(lambda x, y, n: ((x * y, n), lambda up, none: (None, up * x, None)))(x, y, n)
    found = derivative_of(z.op)
    assert type(found) is RuleDerivative
    assert found.connects == [(3,), ()]  # two results, then the arguments: the second has a gradient


def test_the_product_reads_what_the_rule_reads():
    x = gg.constant(1.0)
    z = gg.custom_gradient(lambda x: (x * 2, lambda up: up * x))(x)
    product = derivative_of(z.op).product((0,), (1,))
    # reads: result, argument, what the rule captures; then the result, then the cotangent
    assert product.connects == [(2, 4)]
    assert product is derivative_of(z.op).product((0,), (1,))


def test_a_cotangent_handed_through_ends_there():
    x = gg.constant(1.0)
    z = gg.custom_gradient(lambda x: (x * 2, lambda up: up))(x)
    product = derivative_of(z.op).product((0,), (1,))
    assert product.connects == [(3,)]
    assert product.product((0,), (3,)).connects == [(5,)]


def test_nobody_looks_into_a_python_function():
    found = AnyDerivative([True, False], [True, True, False])
    assert found.connects == [(0,), (0,), ()]
    product = found.product((0,), (0,))
    assert product.connects == [(0, 2, 3, 5)]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_none_at_each_order(order):
    x = gg.constant(2.0)
    found = gg.custom_gradient(lambda x: (x * x, lambda up: up * x * x))(x)
    for _ in range(order):
        found = gg.gradients(found, x)[0]
    assert (found is None) is False
    linear = gg.custom_gradient(lambda x: (x * x, lambda up: up * 3.0))(x)
    found = linear
    for _ in range(order):
        found = None if found is None else gg.gradients(found, x)[0]
    assert (found is None) is (order > 1)


def test_lookup_errors_at_a_later_order():
    x = gg.constant(2.0)
    first = gg.gradients(gg.custom_gradient(lambda x: (x * x, lambda up: up * gg.prevent_gradient(x, "late")))(x), x)[0]
    with pytest.raises(LookupError, match="late"):
        gg.gradients(first, x)


def test_explain_tells_what_is_lost():
    x = gg.constant(2.0, name="x")
    said = str(gg.explain(gg.custom_gradient(lambda x: (x * 2, lambda up: None))(x), x))
    assert "no gradient reaches x" in said and "custom_gradient" in said
    said = str(gg.explain(gg.prevent_gradient(x, "not this way"), x))
    assert "not this way" in said
    assert gg.explain(gg.py_func(lambda x: x, [x], gg.float32), x)[0].connected is False


def test_pictures_and_programs_of_rules(run):
    x = gg.constant(2.0)
    y = gg.recompute_grad(gg.custom_gradient(lambda x: (x * x, lambda up: up * x)))(x)
    gradient = gg.gradients(y, x)[0]
    with gg.Session() as session:
        assert "torch.autograd.grad" in session.source(gradient)
        assert session.run(gradient) == 2.0


def test_parameters_connect_through_a_function():
    weight = torch.nn.Parameter(torch.tensor(2.0))
    x = gg.constant(3.0)
    y = gg.function(lambda x: x * weight)(x)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert session.run(gg.gradients(y, [x, weight])) == [2.0, 3.0]
