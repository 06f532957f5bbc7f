"""What is connected through branches and loops, at every order; random nested programs beside eager torch."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

import graphgrad as gg
from graphgrad.autodiff.adjoint import derivative_of
from graphgrad.autodiff.nested import NestedDerivative
from tests import nests

POINTS = [-1.2, -0.7, 0.1, 0.4, 0.9, 1.3]


def numbers(nest):
    return np.array([0.0 if each is None else float(each.detach() if isinstance(each, torch.Tensor) else each)
                     for each in nest])  # fmt: skip


def by_hand(y, leaves):
    """The gradients of y, to be differentiated again; zeros where there are none."""
    zero = torch.zeros((), dtype=torch.float64)
    if not y.requires_grad:
        return [zero] * len(leaves)
    found = torch.autograd.grad(y, leaves, create_graph=True, allow_unused=True)
    return [zero if each is None else each for each in found]


def check(program, start):
    """Values, None-ness, and gradients of orders 1 to 3 agree with eager torch, together and alone."""
    gg.reset_default_graph()
    xs = [gg.placeholder(gg.float64, [], name=f"x{n}") for n in range(nests.WIDTH)]
    ys = nests.recorded(program, xs)
    for y, connected in zip(ys, nests.depends(program, [frozenset([n]) for n in range(nests.WIDTH)]), strict=True):
        assert {n for n, g in enumerate(gg.gradients(y, xs)) if g is not None} == connected
    first = gg.gradients(sum(float(n + 1) * y for n, y in enumerate(ys)), xs)
    weighted = [g * (n + 1.5) for n, g in enumerate(first) if g is not None]
    second = gg.gradients(sum(weighted), xs) if weighted else [None] * len(xs)
    third = [None] * len(xs) if second[0] is None else gg.gradients(second[0], xs)
    feeds = dict(zip(xs, start, strict=True))
    with gg.Session() as session:
        together = session.run([ys, first, second, third], feeds)
        for fetch, found in zip([ys, first, second, third], together, strict=True):
            assert np.array_equal(numbers(session.run(fetch, feeds)), numbers(found))

    leaves = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in start]
    values = nests.eager(program, leaves)
    expected = [values, by_hand(sum(float(n + 1) * y for n, y in enumerate(values)), leaves)]
    expected.append(by_hand(sum(g * (n + 1.5) for n, g in enumerate(expected[1])), leaves))
    expected.append(by_hand(expected[2][0], leaves))
    for found, wanted in zip(together, expected, strict=True):
        np.testing.assert_allclose(numbers(found), numbers(wanted), rtol=1e-9, atol=1e-9)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(nests.programs, st.tuples(*[st.sampled_from(POINTS)] * nests.WIDTH))
def test_random_nested_programs_agree_with_eager_torch(program, start):
    check(program, start)


@pytest.mark.parametrize(
    "program",
    [
        # gradients() in a loop with respect to what is constant in this run, though not in every one
        (("stop", 1, 0), ("while", 1, 0, (("while", 0, 0, (("set", 0, "add", 0, 0),)), ("slope", 0, "one", 1, 0)))),
        # a stop in a gradients() call inside, and a path through the stopped tensor outside
        (("while", 2, 0, (("partial", 1, "mul", 0, 2), ("set", 0, "tanh", 1, 0))),),
        (("cond", 0, (("while", 3, 1, (("cond", 1, (("set", 1, "mul", 0, 1),), (("stop", 1, 2),)),)),), ()),),
        (("while", 2, 2, (("while", 2, 1, (("while", 2, 0, (("set", 2, "sin", 1, 0), ("set", 1, "mul", 2, 0))),)),)),),
    ],
)
def test_programs_that_were_hard(program):
    check(program, (0.4, 0.9, -0.7))


# -- what is asked of bodies ------------------------------------------------------------------------------


@pytest.fixture
def x():
    return gg.placeholder(gg.float64, [], name="x")


def connections(value):
    derivative = derivative_of(value._value.op)
    assert isinstance(derivative, NestedDerivative)
    return [[value._value.op.reads[i].name for i in found] for found in derivative.connects]


def test_a_branch_connects_what_any_of_its_bodies_does(x):
    w, n = gg.constant(1.0, gg.float64, name="w"), gg.constant(1, name="n")
    y = gg.cond(x > 0, lambda: (x * 2.0, w), lambda: (w, gg.cast(n, gg.float64)))
    assert connections(y[0]) == [["x:0", "w:0"], ["w:0"]]


def test_a_loop_connects_what_any_number_of_rounds_does(x):
    w = gg.constant(1.0, gg.float64, name="w")
    _, y, z = gg.while_loop(lambda i, y, z: i < 3, lambda i, y, z: (i + 1, y * 2.0, y + w), [0, x, gg.identity(x)])
    assert connections(y) == [[], ["x:0"], ["x:0", "Identity:0", "w:0"]]


def test_no_round_at_all_if_the_maximum_says_so(x):
    w = gg.constant(1.0, gg.float64, name="w")
    y = gg.while_loop(lambda y: y < 9.0, lambda y: y * w, [x], maximum_iterations=0)
    assert connections(y) == [["x:0"]]
    assert gg.gradients(y, w) == [None]


def test_the_product_of_a_linear_branch_does_not_depend_on_its_input(x):
    y = gg.cond(x > 0, lambda: x * 2.0, lambda: -x)
    (g,) = gg.gradients(y, x)
    assert gg.gradients(g, x) == [None]
    y = gg.cond(x > 0, lambda: x * x, lambda: -x)
    (g,) = gg.gradients(y, x)
    assert gg.gradients(g, x) != [None] and gg.gradients(gg.gradients(g, x)[0], x) == [None]


def test_an_operation_without_a_second_derivative_inside(run):
    x = gg.placeholder(gg.float64, [3, 4], name="x")
    y = gg.cond(x[0, 0] > 0, lambda: torch.cdist(x, x * 2.0, p=1.0), lambda: gg.matmul(x, x, transpose_b=True))
    (g,) = gg.gradients(y, x)
    assert run(g, {x: np.random.rand(3, 4)}).shape == (3, 4)
    with pytest.raises(LookupError, match="higher-order"):
        gg.gradients(g, x)


def test_a_stop_is_not_passed_at_any_order(run, x):
    h = x * x
    y = gg.cond(x > 0, lambda: h * h * x, lambda: x)
    (g,) = gg.gradients(y, x, stop_gradients=[h])
    (second,) = gg.gradients(g, x, stop_gradients=[h])
    assert float(run(g, {x: 2.0})) == 16.0
    assert second is None
    assert float(run(gg.gradients(g, x)[0], {x: 2.0})) == 32.0  # 2 h dh/dx


def test_the_adjoint_of_a_big_body_is_asked_once(x):
    def body(i, y):
        for _ in range(30):
            y = torch.sin(y) * x
        return i + 1, y

    _, y = gg.while_loop(lambda i, y: i < 3, body, [0, x])
    derivative = derivative_of(y._value.op)
    for _ in range(3):
        gg.gradients(gg.gradients(y, x)[0], x)
    assert derivative_of(y._value.op) is derivative and len(derivative._products) == 1
