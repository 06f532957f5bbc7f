"""custom_gradient and grad_pass_through: forward, gradients to order 3, variables, nests, what is refused."""

import functools

import numpy as np
import pytest
import torch

import graphgrad as gg


@gg.custom_gradient
def doubled(x):
    """A square whose rule says twice too much."""
    return x * x, lambda upstream: 4.0 * x * upstream


class Doubled(torch.autograd.Function):
    """The same by hand in eager torch."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return 4.0 * x * upstream


def orders(y, x, count):
    found = [y]
    for _ in range(count):
        found.append(gg.gradients(found[-1], x)[0])
    return found


def eager_orders(y, x, count):
    found = [y]
    for _ in range(count):
        found.append(torch.autograd.grad(found[-1].sum(), x, create_graph=True)[0])
    return [each.detach().numpy() for each in found]


# -- values and orders ----------------------------------------------------------------------------------


def test_orders_are_those_of_a_function_by_hand(run):
    data = np.array([0.3, -1.2, 2.0])
    x = gg.placeholder(gg.float64, [3])
    found = run(orders(gg.sin(doubled(gg.exp(x))) * x, x, 3), {x: data})
    eager = torch.tensor(data, requires_grad=True)
    for have, want in zip(found, eager_orders(torch.sin(Doubled.apply(eager.exp())) * eager, eager, 3), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-12)


def test_second_order_differentiates_the_rule(run):
    x = gg.constant(3.0)
    y = gg.custom_gradient(lambda x: (x * x, lambda upstream: 2.0 * x * upstream))(x)
    first = gg.gradients(y, x)[0]
    assert run([y, first, gg.gradients(first, x)[0]]) == [9.0, 6.0, 2.0]


def test_a_constant_rule_ends_at_order_one(run):
    x = gg.constant(3.0)
    first = gg.gradients(gg.custom_gradient(lambda x: (x * x, lambda upstream: 5.0 * upstream))(x), x)[0]
    assert run(first) == 5.0
    assert gg.gradients(first, x) == [None]


def test_order_of_the_upstream_gradient(run):
    x, seed = gg.constant(3.0), gg.constant(7.0)
    first = gg.gradients(doubled(x), x, grad_ys=seed)[0]
    assert run(gg.gradients(first, [x, seed])) == [28.0, 12.0]


def test_intermediate_results_stay_differentiable(run):
    @gg.custom_gradient
    def log1pexp(x):
        e = gg.exp(x)
        return gg.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))

    x = gg.placeholder(gg.float64, [])
    first = gg.gradients(log1pexp(x), x)[0]
    second = gg.gradients(first, x)[0]
    third = gg.gradients(second, x)[0]
    s = 1 / (1 + np.exp(-0.7))
    closed = [s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]
    np.testing.assert_allclose(run([first, second, third], {x: 0.7}), closed, rtol=1e-12)
    assert run(first, {x: 100.0}) == 1.0


def test_each_fetch_alone_gives_what_all_give_together(run):
    x = gg.constant([0.5, 2.0])
    fetches = orders(doubled(doubled(x)), x, 3)
    for together, alone in zip(run(fetches), [run(each) for each in fetches], strict=True):
        assert together.tobytes() == alone.tobytes()


def test_forward_operations_are_not_differentiated(run):
    x = gg.constant([1.5, -0.5])
    hidden = gg.custom_gradient(lambda x: (gg.py_func(np.floor, [x], gg.float32), lambda upstream: 3 * upstream))
    assert run(gg.gradients(hidden(x), x)[0]).tolist() == [3.0, 3.0]


def test_closed_over_tensors_get_none():
    x, w = gg.constant(2.0), gg.constant(5.0)
    y = gg.custom_gradient(lambda x: (x * w, lambda upstream: upstream * w))(x)
    assert gg.gradients(y, w) == [None]
    assert gg.gradients(gg.gradients(y, x)[0], w) != [None]  # the rule reads it


def test_stops_hold_inside_and_outside(run):
    x = gg.constant(3.0)
    middle = x * 1.0
    y = doubled(middle)
    assert gg.gradients(y, x, stop_gradients=middle) == [None]
    assert run(gg.gradients(y, [x, middle], stop_gradients=middle)[1]) == 12.0
    assert gg.gradients(y, x, stop_gradients=y) == [None]
    assert run(gg.gradients(y, y)[0]) == 1.0


def test_fed_results_pass_the_gradient_of_the_rule(run):
    x = gg.constant(3.0)
    y = doubled(x)
    z = y * y
    assert run([z, gg.gradients(z, x)[0]], {y: 10.0}) == [100.0, 20.0 * 12.0]


# -- arguments and results ------------------------------------------------------------------------------


def test_nests_of_arguments_and_results(run):
    @gg.custom_gradient
    def f(pair, options):
        a, b = pair
        return {"sum": a + b, "rest": [a * options["c"]]}, lambda s, r: (s, 10.0 * s, r)

    a, b, c = gg.constant(1.0), gg.constant(2.0), gg.constant(3.0)
    with pytest.raises(ValueError, match="returned 3 gradients"):
        f((a, b), {"c": c, "d": gg.constant(1.0)})
    result = f((a, b), {"c": c})
    assert set(result) == {"sum", "rest"} and isinstance(result["rest"], list)
    total = result["sum"] + 100.0 * result["rest"][0]
    assert run([total, *gg.gradients(total, [a, b, c])]) == [303.0, 1.0, 10.0, 100.0]


def test_unused_results_give_zeros(run):
    seen = []

    @gg.custom_gradient
    def f(x):
        def rule(first, second):
            seen.append(second)
            return first + 10.0 * second

        return (x * 2, x * 3), rule

    x = gg.constant([1.0, 2.0])
    first, second = f(x)
    assert run(gg.gradients(first, x)[0]).tolist() == [1.0, 1.0]
    assert run(gg.gradients([first, second], x)[0]).tolist() == [11.0, 11.0]
    assert len(seen) == 1  # it is recorded once, when f is called


def test_integer_results_have_no_gradient(run):
    seen = []

    @gg.custom_gradient
    def f(x):
        def rule(upstream, index):
            seen.append(index)
            return 2.0 * upstream

        return (x * 2.0, gg.cast(x, gg.int32)), rule

    x = gg.constant(3.5)
    number, index = f(x)
    assert seen == [None]
    assert run([index, gg.gradients(number, x)[0]]) == [3, 2.0]
    assert gg.gradients(gg.cast(index, gg.float32), x) == [None]


def test_a_rule_without_float_results_is_never_called():
    def rule(*seeds):
        raise AssertionError("called")

    x = gg.constant(3.5)
    y = gg.custom_gradient(lambda x: (gg.cast(x, gg.int32), rule))(x)
    assert y.dtype is torch.int32
    assert gg.gradients(gg.cast(y, gg.float32), x) == [None]


def test_none_for_an_argument_and_for_the_only_one(run):
    x, y = gg.constant(2.0), gg.constant(3.0)
    z = gg.custom_gradient(lambda x, y: (x * y, lambda upstream: (None, upstream)))(x, y)
    assert gg.gradients(z, x) == [None]
    assert run(gg.gradients(z, [x, y])[1]) == 1.0
    assert gg.gradients(gg.custom_gradient(lambda x: (x * 2, lambda upstream: None))(x), x) == [None]


def test_integer_arguments_need_a_place_in_what_the_rule_returns(run):
    x, n = gg.constant(2.0), gg.constant(3)
    y = gg.custom_gradient(lambda x, n: (x * gg.cast(n, gg.float32), lambda g: (g * 7, g)))(x, n)
    assert run(gg.gradients(y, x)[0]) == 7.0


def test_plain_numbers_and_arrays_become_constants(run):
    f = gg.custom_gradient(lambda x, y: (x * y, lambda upstream: (upstream, upstream)))
    assert run(f(2.0, np.float32(3.0))) == 6.0
    x = gg.constant([1.0, 2.0])
    y = f(x, np.array([3.0, 4.0], np.float32))
    assert run([y, gg.gradients(y, x)[0]])[0].tolist() == [3.0, 8.0]


def test_numbers_as_gradients(run):
    x = gg.constant(3.0)
    assert run(gg.gradients(gg.custom_gradient(lambda x: (x * 2, lambda upstream: 5))(x), x)[0]) == 5.0


def test_results_that_are_arguments(run):
    x = gg.constant(3.0)
    y = gg.custom_gradient(lambda x: (x, lambda upstream: -upstream))(x)
    assert y.op.type == "IdentityN"
    assert run([y, *gg.gradients(y, x), *gg.gradients(y * x, x)]) == [3.0, -1.0, 3.0 - 3.0]


def test_unknown_shapes(run):
    x = gg.placeholder(gg.float32, None)
    y = doubled(x)
    assert run(gg.gradients(y, x)[0], {x: [[1.0, 2.0]]}).tolist() == [[4.0, 8.0]]


def test_decorator_forms_and_name():
    @gg.custom_gradient()
    def named(x):
        """What it does."""
        return x + 1.0, lambda upstream: upstream

    assert (named.__name__, named.__doc__) == ("named", "What it does.")
    assert named(gg.constant(1.0)).op.name == "named"
    assert gg.custom_gradient(functools.partial(named.__wrapped__))(gg.constant(1.0)).op.name == "custom_gradient"
    with pytest.raises(TypeError, match="takes a function"):
        gg.custom_gradient(3)


def test_methods(run):
    class Layer:
        scale = 3.0

        @gg.custom_gradient
        def call(self, x):
            return x * self.scale, lambda upstream: upstream * 10.0 * self.scale

        @staticmethod
        @gg.custom_gradient
        def fixed(x):
            return x * 2.0, lambda upstream: upstream * 20.0

    x = gg.constant(1.0)
    layer = Layer()
    assert run([*gg.gradients(layer.call(x), x), *gg.gradients(layer.fixed(x), x)]) == [30.0, 20.0]
    assert layer.call.__name__ == "call"
    assert isinstance(Layer.call, gg.custom_gradient)


def test_two_calls_share_nothing(run):
    x, y = gg.constant(2.0), gg.constant(3.0)
    a, b = doubled(x), doubled(y)
    assert gg.gradients(a, y) == [None]
    assert run(gg.gradients(a + b, [x, y])) == [8.0, 12.0]


def test_no_grad_leaves_no_gradient(run):
    x = gg.constant(2.0)
    with torch.no_grad():
        y = doubled(x)
    assert run(y) == 4.0
    assert gg.gradients(y, x) == [None]


def test_random_rules_repeat_with_the_seed_and_leave_torch_alone():
    @gg.custom_gradient
    def noisy(x):
        return x * 1.0, lambda upstream: upstream * gg.random_uniform([1000])

    gg.set_random_seed(5)
    x = gg.ones([1000])
    gradient = gg.gradients(noisy(x), x)[0]

    def first():
        with gg.Session() as session:
            return session.run(gradient)

    before = torch.get_rng_state()
    one, two = first(), first()
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(one, two)
    assert 0.4 < one.mean() < 0.6 and one.std() > 0.2


# -- variables ------------------------------------------------------------------------------------------


def weighted(weights):
    @gg.custom_gradient
    def f(x):
        w = weights()

        def rule(upstream, variables=None):
            assert variables[0].name == w.name
            return upstream * variables[0] * 10.0, [upstream * x * 100.0]

        return x * w, rule

    return f


def test_variables_get_what_the_rule_says(run):
    w = gg.Variable(3.0, name="w")
    x = gg.constant(2.0)
    y = weighted(lambda: w)(x)
    dx, dw = gg.gradients(y, [x, w])
    assert run([y, dx, dw, *gg.gradients(dx, w), *gg.gradients(dw, x)]) == [6.0, 30.0, 200.0, 10.0, 100.0]


def test_variables_made_inside(run):
    made = []

    def weights():
        made.append(gg.Variable(3.0, name="inner"))
        return made[0]

    x = gg.constant(2.0)
    y = weighted(weights)(x)
    assert run(gg.gradients(y, [x, made[0]])) == [30.0, 200.0]


def test_variables_read_after_an_assign(run):
    w = gg.Variable(3.0)
    with gg.control_dependencies([w.assign(5.0)]):
        y = weighted(lambda: w)(gg.constant(2.0))
    assert run([y, *gg.gradients(y, w)]) == [10.0, 200.0]


def test_a_variable_that_is_returned_counts(run):
    w = gg.Variable(3.0)
    y = gg.custom_gradient(lambda: (w, lambda upstream, variables: ([], [upstream * 7.0])))()
    assert run(gg.gradients(y, w)[0]) == 7.0


def test_variables_upstream_of_the_arguments_are_not_captured(run):
    w, frozen = gg.Variable(3.0), gg.Variable(2.0, trainable=False)
    assert run(gg.gradients(doubled(w * 1.0), w)[0]) == 12.0
    assert run(gg.gradients(doubled(w), w)[0]) == 12.0
    y = gg.custom_gradient(lambda x: (x * frozen, lambda upstream: upstream))(w)
    assert run(gg.gradients(y, w)[0]) == 1.0


def test_rules_that_do_not_do_right_by_variables():
    w = gg.Variable(3.0, name="kernel")
    x = gg.constant(2.0)
    with pytest.raises(TypeError, match="reads the variables kernel.*variables="):
        gg.custom_gradient(lambda x: (x * w, lambda upstream: upstream))(x)
    with pytest.raises(ValueError, match="has to return a pair"):
        gg.custom_gradient(lambda x: (x * w, lambda upstream, variables: upstream))(x)
    with pytest.raises(ValueError, match="returned 0 gradients for 1 variables"):
        gg.custom_gradient(lambda x: (x * w, lambda upstream, **kwargs: (upstream, [])))(x)


def test_parameters_of_a_recorded_module(run):
    class Layer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(3.0))

        def forward(self, x):
            return gg.custom_gradient(lambda x, w: (x * w, lambda g: (g * 10.0, g * 100.0)))(x, self.weight)

    layer = Layer()
    x = gg.placeholder(gg.float32, [])
    y = layer(x)
    assert run([y, *gg.gradients(y, [x, layer.weight])], {x: 2.0}) == [6.0, 10.0, 100.0]
    z = weighted(lambda: gg.trainable_variables()[0])(x)
    assert run(gg.gradients(z, [x, layer.weight]), {x: 2.0}) == [30.0, 200.0]


# -- gradients() inside, branches and loops -------------------------------------------------------------


def test_a_rule_that_calls_gradients(run):
    @gg.custom_gradient
    def f(x):
        def rule(upstream):
            again = gg.sin(x) * x
            return 2.0 * gg.gradients(again, x, grad_ys=upstream)[0]

        return gg.sin(x) * x, rule

    value = 0.8
    x = gg.placeholder(gg.float64, [])
    first = gg.gradients(f(x), x)[0]
    second = gg.gradients(first, x)[0]
    c, s = np.cos(value), np.sin(value)
    np.testing.assert_allclose(run([first, second], {x: value}), [2 * (c * value + s), 2 * (2 * c - value * s)])


def test_a_rule_that_differentiates_what_f_has_recorded(run):
    w = gg.Variable(3.0, dtype=gg.float64)

    @gg.custom_gradient
    def f(x):
        y = gg.sin(x) * w

        def rule(upstream, variables):
            found = gg.gradients(y, [x, *variables], grad_ys=upstream)
            return 2.0 * found[0], [5.0 * found[1]]

        return y, rule

    x = gg.placeholder(gg.float64, [])
    first, weights = gg.gradients(f(x) * 10.0, [x, w])
    second = gg.gradients(first, x)[0]
    found = run([first, weights, second], {x: 0.8})
    np.testing.assert_allclose(found, [60 * np.cos(0.8), 50 * np.sin(0.8), -60 * np.sin(0.8)])


@pytest.mark.parametrize("number", [1.5, -1.5])
def test_in_a_branch(run, number):
    x = gg.placeholder(gg.float32, [])
    w = gg.Variable(3.0)
    y = gg.cond(x > 0, lambda: doubled(x) * 2.0, lambda: weighted(lambda: w)(x))
    want = [8.0 * number, 0.0, 8.0] if number > 0 else [30.0, 100.0 * number, 0.0]
    dx, dw = gg.gradients(y, [x, w])
    assert run([dx, dw, gg.gradients(dx, x)[0]], {x: number}) == want


def test_in_a_loop(run):
    x = gg.placeholder(gg.float64, [])
    y = gg.while_loop(lambda n, v: n < 3, lambda n, v: (n + 1, doubled(v)), (gg.constant(0), x))[1]
    eager = torch.tensor(1.1, dtype=torch.float64, requires_grad=True)
    want = eager_orders(Doubled.apply(Doubled.apply(Doubled.apply(eager))), eager, 2)
    np.testing.assert_allclose(run(orders(y, x, 2), {x: 1.1}), want, rtol=1e-12)


def test_a_branch_in_the_rule(run):
    @gg.custom_gradient
    def f(x):
        return x * x, lambda g: gg.cond(x > 0, lambda: g * x * x, lambda: g * 0.5)

    x = gg.placeholder(gg.float32, [])
    first = gg.gradients(f(x), x)[0]
    second = gg.gradients(first, x)[0]
    assert run([first, second], {x: 3.0}) == [9.0, 6.0]
    assert run([first, second], {x: -3.0}) == [0.5, 0.0]


def test_nested_rules(run):
    @gg.custom_gradient
    def outer(x):
        return doubled(x) * 1.0, lambda upstream: upstream * doubled(x)

    x = gg.constant(3.0)
    assert run(orders(outer(x), x, 2)) == [9.0, 9.0, 12.0]


# -- what is refused ------------------------------------------------------------------------------------


def refused(result, kind, match):
    with pytest.raises(kind, match=match):
        gg.custom_gradient(lambda x: result(x))(gg.constant([2.0, 3.0], name="x"))


def test_wrong_results():
    refused(lambda x: x * 2, TypeError, "has to return its result and its gradient function")
    refused(lambda x: (x, x, x), ValueError, "has to return its result and its gradient function")
    refused(lambda x: (x * 2, None), TypeError, "returned None as its gradient function")


def test_wrong_gradients():
    refused(lambda x: (x * 2, lambda g: (g, g)), ValueError, "returned 2 gradients for 1 arguments")
    refused(lambda x: (x * 2, lambda g: g[0]), ValueError, r"gives float32\[\] for x(_1)?:0, which is float32\[2\]")
    refused(lambda x: (x * 2, lambda g: gg.cast(g, gg.float64)), ValueError, r"gives float64\[2\]")
    refused(lambda x: (x * 2, lambda g: "text"), TypeError, "gives 'text' for x.*, not a tensor")
    refused(lambda x: (x * 2, lambda g: {"a": g}), TypeError, "not a tensor")


def test_a_shape_that_is_wrong_in_the_run(run):
    x = gg.placeholder(gg.float32, [None])
    y = gg.custom_gradient(lambda x: (x * 2, lambda g: gg.concat([g, g], 0)))(x)
    with pytest.raises(gg.errors.InvalidArgumentError, match="invalid gradient"):
        run(gg.gradients(y, x)[0], {x: [1.0, 2.0]})


def test_errors_in_the_rule_come_through():
    class Mine(Exception):
        pass

    def rule(upstream):
        raise Mine

    with pytest.raises(Mine):
        gg.custom_gradient(lambda x: (x * 2, rule))(gg.constant(1.0))


def test_a_rule_sets_no_variables():
    v = gg.Variable(1.0, name="v")

    def rule(upstream):
        with gg.control_dependencies([v.assign(upstream)]):
            return gg.identity(upstream)

    refused(lambda x: (x[0] * 2, rule), ValueError, "assigns v: a gradient")


def test_keywords_and_eager_mode():
    with pytest.raises(ValueError, match="no keyword arguments, got x"):
        doubled(x=gg.constant(1.0))
    with gg.eager_execution(), pytest.raises(RuntimeError, match="needs a graph"):
        doubled(torch.tensor(1.0))


# -- grad_pass_through ----------------------------------------------------------------------------------


def test_grad_pass_through(run):
    x = gg.constant([0.4, 1.6])
    w = gg.Variable([2.0, 2.0])
    y = gg.grad_pass_through(lambda x: gg.round(x) * w)(x)
    assert run(y).tolist() == [0.0, 4.0]
    first = gg.gradients(3.0 * y, x)[0]
    assert run(first).tolist() == [3.0, 3.0]
    assert gg.gradients(y, w) == [None] and gg.gradients(first, x) == [None]


def test_grad_pass_through_of_several(run):
    @gg.grad_pass_through
    def swapped(a, b):
        return b * 5.0, a * 7.0

    assert swapped.__name__ == "swapped"
    a, b = gg.constant(1.0), gg.constant(2.0)
    first, second = swapped(a, b)
    assert run([first, second, *gg.gradients(first + 10.0 * second, [a, b])]) == [10.0, 7.0, 1.0, 10.0]
