"""gradients(): which gradients exist, what they are, and when that is decided."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg
from graphgrad.graph.lint import lint

# -- the examples of the text that the project was made from -------------------------------------------


def test_partial_derivatives_with_stops_and_total_ones_without(run):
    a = gg.constant(0.0)
    b = 2 * a
    partial = gg.gradients(a + b, [a, b], stop_gradients=[a, b])
    total = gg.gradients(a + b, [a, b])
    assert run([partial, total]) == [[1.0, 1.0], [3.0, 1.0]]


def test_stop_gradient_while_building_is_the_same_as_stop_gradients(run):
    a = gg.stop_gradient(gg.constant(0.0))
    b = gg.stop_gradient(2 * a)
    assert run(gg.gradients(a + b, [a, b])) == [1.0, 1.0]


def test_an_unconnected_gradient_is_none_or_zeros(run):
    a, b = gg.ones([1, 2]), gg.ones([3, 1])
    g1 = gg.gradients([b], [a], unconnected_gradients="none")
    g2 = gg.gradients([b], [a], unconnected_gradients="zero")
    assert g1 == [None]
    assert run(g1) == [None]
    (found,) = run(g2)
    assert found.tolist() == [[0.0, 0.0]] and found.dtype == np.float32


def test_weights_and_biases_of_the_practical_example(run):
    Ws = gg.constant(0.0)  # noqa: N806
    bs = 2 * Ws
    cost = Ws + bs
    g = gg.gradients(cost, [Ws, bs])
    stopped = gg.gradients(cost, [Ws, bs], stop_gradients=[Ws, bs])
    dcost_dw, dcost_db = g
    assert run([dcost_dw, dcost_db]) == [3.0, 1.0]
    assert run(stopped) == [1.0, 1.0]


# -- rule 1: floating and complex tensors only ----------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.uint8, torch.bool])
def test_an_integer_tensor_to_itself_is_ones_of_its_dtype(run, dtype):
    k = gg.placeholder(dtype, [2])
    (found,) = run(gg.gradients(k, k), {k: [1, 0]})
    assert torch.from_numpy(found).dtype is dtype
    assert found.astype(int).tolist() == [1, 1]


def test_nothing_flows_through_an_integer_tensor():
    k = gg.placeholder(gg.int32, [2])
    assert gg.gradients(k * k, k) == [None]
    assert gg.gradients(gg.cast(k, gg.float32) * 2.0, k) == [None]
    assert gg.gradients(gg.identity(k), k) == [None]


def test_integers_do_not_leak_between_ys_and_xs_of_one_call(run):
    x = gg.placeholder(gg.int32, [])
    y = x * x
    assert run(gg.gradients([x, y], [x, y]), {x: 5}) == [1, 1]


def test_a_path_through_integers_is_cut_and_the_other_one_stays(run):
    x = gg.placeholder(gg.float32, [])
    whole = gg.cast(x, gg.int32)
    y = x * gg.cast(whole, gg.float32)
    assert run(gg.gradients(y, x), {x: 3.7}) == [3.0]
    assert gg.gradients(y, whole) == [None]


@pytest.mark.parametrize("dtype", [gg.int32, gg.bool, gg.uint8])
def test_a_float_to_integer_to_float_path_alone_is_none(dtype):
    x = gg.placeholder(gg.float32, [3])
    assert gg.gradients(gg.cast(gg.cast(x, dtype), gg.float32), x) == [None]


@pytest.mark.parametrize("dtype", [gg.float16, gg.bfloat16, gg.float64])
def test_a_cast_between_float_widths_carries_the_gradient_in_x_dtype(run, dtype):
    x = gg.placeholder(gg.float32, [])
    (g,) = gg.gradients(gg.cast(x, dtype) * 3.0, x)
    assert g.dtype is torch.float32
    assert run(g, {x: 2.0}) == 3.0


def test_an_integer_output_of_an_op_with_a_floating_one_is_unconnected(run):
    x = gg.placeholder(gg.float32, [4])
    values, indices = torch.topk(x, 2)
    assert gg.gradients(indices, x) == [None]
    assert run(gg.gradients(values, x), {x: [1, 4, 3, 2]})[0].tolist() == [0, 1, 1, 0]


# -- rule 2: stop_gradients -----------------------------------------------------------------------------


def test_stopping_one_output_of_split_leaves_its_siblings(run):
    x = gg.placeholder(gg.float32, [4])
    a, b = gg.split(x, 2)
    (found,) = gg.gradients(gg.reduce_sum(a * 2) + gg.reduce_sum(b * 3), x, stop_gradients=[a])
    assert run(found, {x: [1, 2, 3, 4]}).tolist() == [0, 0, 3, 3]
    assert gg.gradients(a * 2, x, stop_gradients=[a]) == [None]


def test_a_stop_that_is_an_x_receives_its_partial_derivative(run):
    x = gg.placeholder(gg.float32, [])
    h = x * x
    y = h * h
    assert run(gg.gradients(y, h, stop_gradients=h), {x: 2.0}) == [8.0]
    assert gg.gradients(y, x, stop_gradients=h) == [None]


def test_stopping_y_itself_leaves_only_y():
    x = gg.placeholder(gg.float32, [])
    y = x * 2
    assert gg.gradients(y, x, stop_gradients=[y]) == [None]
    to_y, to_x = gg.gradients(y, [y, x], stop_gradients=[y])
    assert to_y is not None and to_x is None


def test_a_stop_off_the_path_changes_nothing(run):
    x, other = gg.placeholder(gg.float32, []), gg.constant(1.0)
    assert run(gg.gradients(x * x, x, stop_gradients=[other, x * 7]), {x: 3.0}) == [6.0]


def test_stops_are_constants_for_their_call_only(run):
    x = gg.placeholder(gg.float32, [])
    h = gg.exp(x)
    stopped = gg.gradients(x * h, x, stop_gradients=[h])
    full = gg.gradients(x * h, x)
    found = run([stopped, full], {x: 1.0})
    np.testing.assert_allclose(found, [[np.e], [2 * np.e]], rtol=1e-6)


def test_calls_with_different_stops_share_one_forward_evaluation():
    x = gg.placeholder(gg.float32, [3])
    h = gg.tanh(x, name="hidden")
    y = gg.reduce_sum(h * x)
    grads = [gg.gradients(y, x, stop_gradients=stops) for stops in ([], [h], [x])]
    source = gg.Session().source(grads, [x])
    assert source.count("torch.tanh(") == 1
    assert source.count("torch.autograd.grad(") == 3


@pytest.mark.parametrize("company", [(0,), (0, 1), (1, 0), (0, 2), (2, 1, 0), (0, 1, 2, 3)])
def test_a_call_with_stops_gives_the_same_in_any_company(run, company):
    x = gg.placeholder(gg.float32, [])
    h = x * x
    k = h * x
    y = h * k + k
    stops = [[h], [k], [], [h, k]]
    wanted = [2 * 2 * 12 - 0 + 4 * (4 + 1) - 2 * 2 * 12 + 0, 8 * 4, 5 * 16 + 3 * 4, None]
    calls = [gg.gradients(y, x, stop_gradients=each)[0] for each in stops]
    assert run([calls[n] for n in company], {x: 2.0}) == [wanted[n] for n in company]


def test_a_stopped_variable_is_a_constant_in_all_of_its_reads():
    v = gg.Variable(2.0)
    y = v * v.read_value()
    assert gg.gradients(y, v.read_value(), stop_gradients=v) == [None]
    assert gg.gradients(gg.exp(v) + y, [v * 1.0], stop_gradients=v) == [None]


def test_all_subsets_of_stops_agree_with_stop_gradient_while_building(run):
    def build(cut):
        def keep(value, n):
            return gg.stop_gradient(value) if cut & (1 << n) else value

        x = gg.constant(1.5)
        a = keep(x * x, 0)
        b = keep(a * x, 1)
        c = keep(gg.sin(b) * a, 2)
        return x, [a, b, c], c * b + a

    for cut in range(8):
        x, _, y = build(cut)
        by_building = gg.gradients(y, x, unconnected_gradients="zero")
        x, middle, y = build(0)
        stops = [middle[n] for n in range(3) if cut & (1 << n)]
        by_argument = gg.gradients(y, x, stop_gradients=stops, unconnected_gradients="zero")
        found = run([by_building, by_argument])
        assert found[0] == found[1], cut


# -- rule 3: stop_gradient ------------------------------------------------------------------------------


def test_stop_gradient_cuts_what_is_above_it_and_not_itself(run):
    x = gg.placeholder(gg.float32, [])
    s = gg.stop_gradient(x * 2)
    assert gg.gradients(s * s, x) == [None]
    assert run(gg.gradients(s * s, s), {x: 2.0}) == [8.0]
    assert run(s, {x: 2.0}) == 4.0
    assert s.op.type == "StopGradient"


@pytest.mark.parametrize("first", [True, False])
def test_both_kinds_of_stop_cut_whichever_comes_first(first):
    x = gg.placeholder(gg.float32, [])
    a = x * 2
    b = gg.stop_gradient(a) if first else a * 1.0
    c = b * 3 if first else gg.stop_gradient(b)
    assert gg.gradients(c * c, x, stop_gradients=[c if first else b]) == [None]


def test_detach_is_stop_gradient():
    x = gg.placeholder(gg.float32, [])
    assert gg.gradients(x.detach() * 2, x) == [None]


# -- rule 4: what can be an x ---------------------------------------------------------------------------


def test_any_tensor_of_the_graph_can_be_an_x(run):
    p, c, v = gg.placeholder(gg.float32, []), gg.constant(3.0), gg.Variable(5.0)
    middle = p * c
    found = run(gg.gradients(middle * v, [p, c, v, middle]), {p: 2.0})
    assert found == [15.0, 10.0, 6.0, 5.0]


def test_a_tensor_to_itself_is_ones(run):
    x = gg.placeholder(gg.float64, [None, 2])
    (found,) = run(gg.gradients(x, x), {x: np.zeros((3, 2))})
    assert found.tolist() == [[1, 1]] * 3 and found.dtype == np.float64


def test_duplicate_xs_get_the_same_tensor():
    x = gg.placeholder(gg.float32, [])
    first, second = gg.gradients(x * x, [x, x])
    assert first is second


def test_duplicate_ys_count_twice_each_with_its_own_grad_y(run):
    x = gg.placeholder(gg.float32, [])
    y = x * x
    assert run(gg.gradients([y, y], x), {x: 3.0}) == [12.0]
    assert run(gg.gradients([y, y], x, grad_ys=[1.0, 10.0]), {x: 3.0}) == [66.0]


def test_dependent_ys_both_count(run):
    x = gg.placeholder(gg.float32, [])
    y = x * x
    assert run(gg.gradients([y, y * y], [x, y]), {x: 2.0}) == [4 + 32, 1 + 8]


def test_ys_that_contain_x_add_one(run):
    x = gg.placeholder(gg.float32, [])
    assert run(gg.gradients([x, x * x], x), {x: 3.0}) == [7.0]


def test_an_x_downstream_of_every_y_is_unconnected():
    x = gg.placeholder(gg.float32, [])
    y = x * x
    assert gg.gradients(x, y) == [None]
    assert gg.gradients(y, gg.exp(y)) == [None]


def test_the_results_of_one_call_are_siblings():
    x = gg.placeholder(gg.float32, [])
    h = x * x
    to_x, to_h = gg.gradients(h * h, [x, h])
    assert gg.gradients(to_x, to_h) == [None]
    assert gg.gradients(to_h, to_x) == [None]


def test_a_sibling_output_that_no_y_uses_is_none_even_beside_a_used_one():
    x = gg.placeholder(gg.float32, [2])
    a, b = gg.unstack(x)
    to_b, to_x = gg.gradients(a, [b, x])
    assert to_b is None and to_x is not None


def test_a_variable_sums_over_all_its_reads(run):
    v = gg.Variable(3.0)
    y = v * v.read_value() + v.read_value()
    assert run(gg.gradients(y, v)) == [7.0]


def test_a_parameter_can_be_an_x(run):
    weight = torch.nn.Parameter(torch.tensor([2.0, 3.0]))
    x = gg.placeholder(gg.float32, [2])
    assert run(gg.gradients(x * weight, weight), {x: [5, 7]})[0].tolist() == [5, 7]


def test_a_python_list_or_tuple_or_one_item_always_gives_a_list():
    x = gg.placeholder(gg.float32, [])
    for xs in (x, [x], (x,)):
        assert isinstance(gg.gradients(x * 2, xs), list)


def test_the_sum_over_ys_and_over_their_elements(run):
    x = gg.placeholder(gg.float32, [2])
    assert run(gg.gradients([x * np.float64([[1.0], [10.0]]), gg.reduce_sum(x)], x), {x: [0, 0]})[0].tolist() == [
        12,
        12,
    ]


# -- rule 5: ops with no derivative by nature -----------------------------------------------------------

NO_DERIVATIVE = {
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "trunc": torch.trunc,
    "fix": torch.fix,
    "floor_divide": lambda x: torch.floor_divide(x, 2.0),
    "//": lambda x: x // 2.0,
    "div floor": lambda x: torch.div(x, 2.0, rounding_mode="floor"),
    "div trunc": lambda x: torch.div(x, 2.0, rounding_mode="trunc"),
    "heaviside": lambda x: torch.heaviside(x, torch.tensor(0.5)),
    "argmax": lambda x: torch.argmax(x).float(),
    "argmin": lambda x: torch.argmin(x).float(),
    "argsort": lambda x: torch.argsort(x).float(),
    "greater": lambda x: (x > 0).float(),
    "less_equal": lambda x: (x <= 0).float(),
    "equal": lambda x: (x == 1).float(),
    "zeros_like": torch.zeros_like,
    "ones_like": gg.ones_like,
    "full_like": lambda x: torch.full_like(x, 2.0),
    "fill_": lambda x: (x * 1).fill_(3.0),
    "zero_": lambda x: (x * 1).zero_(),
    "new_zeros": lambda x: x.new_zeros(3),
    "shape": lambda x: gg.cast(gg.shape(x), gg.float32),
    "bernoulli": lambda x: torch.bernoulli(torch.sigmoid(x)),
    "poisson": lambda x: torch.poisson(torch.exp(x)),
    "normal": lambda x: torch.normal(x, 1.0),
    "rand_like": torch.rand_like,
    "one_hot": lambda x: gg.one_hot(gg.cast(x, gg.int32), 3),
    "isnan": lambda x: torch.isnan(x).float(),
}


@pytest.mark.parametrize("name", NO_DERIVATIVE)
def test_an_op_without_a_derivative_by_nature_disconnects(name):
    x = gg.placeholder(gg.float32, [3])
    y = NO_DERIVATIVE[name](x) * 2.0
    assert gg.gradients(y, x) == [None]
    assert gg.gradients(y + x, x) != [None]


def test_an_assign_disconnects_what_is_assigned():
    v, x = gg.Variable(1.0), gg.placeholder(gg.float32, [])
    assert gg.gradients(v.assign(x) * 2.0, x) == [None]


@pytest.mark.parametrize("function", [torch.sign, torch.sgn, lambda x: torch.copysign(x, torch.ones(2))])
def test_sign_and_its_kin_are_connected(run, function):
    x = gg.placeholder(gg.float32, [2])
    (g,) = gg.gradients(function(x), x)
    assert run(g, {x: [0.0, 0.0]}).tolist() == [0, 0]


def test_unused_outputs_of_a_multi_output_op_count_as_zeros(run):
    x = gg.placeholder(gg.float32, [6])
    parts = gg.split(x, 3)
    assert run(gg.gradients(parts[1] * 2, x), {x: np.zeros(6)})[0].tolist() == [0, 0, 2, 2, 0, 0]


def test_torch_no_grad_while_recording_disconnects():
    x = gg.placeholder(gg.float32, [])
    with torch.no_grad():
        h = x * 2
    assert gg.gradients(h * 3, x) == [None]


# -- rule 6: None-ness is structural, at every order ----------------------------------------------------


def test_the_gradient_of_a_constant_gradient_is_none():
    x = gg.placeholder(gg.float32, [])
    assert gg.gradients(gg.gradients(2 * x, x), x) == [None]


def test_the_second_derivative_of_a_sum_is_none_and_of_a_product_is_not(run):
    x, w = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    assert gg.gradients(gg.gradients(x + w, x)[0], w) == [None]
    (by_x,) = gg.gradients(x * w, x)
    assert gg.gradients(by_x, x) == [None]
    assert run(gg.gradients(by_x, w), {x: 1.0, w: 1.0}) == [1.0]


@pytest.mark.parametrize("build", [lambda x: x**4, lambda x: x * x * x * x, lambda x: torch.square(x) ** 2])
def test_derivatives_to_the_fourth_order(run, build):
    x = gg.placeholder(gg.float64, [])
    found, y = [], build(x)
    for _ in range(4):
        (y,) = gg.gradients(y, x)
        found.append(y)
    np.testing.assert_allclose(run(found, {x: 3.0}), [108.0, 108.0, 72.0, 24.0])


def test_an_exponential_equals_its_derivatives_at_every_order(run):
    x = gg.placeholder(gg.float64, [])
    y = gg.exp(x)
    orders = [y]
    for _ in range(6):
        orders += gg.gradients(orders[-1], x)
    np.testing.assert_allclose(run(orders, {x: 0.7}), np.exp(0.7))


def test_a_mixed_second_derivative_is_symmetric(run):
    x, w = gg.placeholder(gg.float64, []), gg.placeholder(gg.float64, [])
    y = torch.sin(x * w) * x
    by_x, by_w = gg.gradients(y, [x, w])
    found = run(gg.gradients(by_x, w) + gg.gradients(by_w, x), {x: 0.3, w: 0.7})
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_a_gradient_is_an_ordinary_tensor(run):
    x = gg.placeholder(gg.float32, [2])
    (g,) = gg.gradients(gg.reduce_sum(x * x), x)
    penalty = gg.reduce_sum(g * g)
    assert run(gg.gradients(penalty + gg.reduce_sum(x), x), {x: [1, 2]})[0].tolist() == [9, 17]


def test_the_gradient_with_respect_to_grad_ys(run):
    x, seed = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    (g,) = gg.gradients(x * x, x, grad_ys=seed)
    assert run(gg.gradients(g, [seed, x]), {x: 3.0, seed: 5.0}) == [6.0, 10.0]


def test_second_order_through_a_stop_of_the_first_call(run):
    x = gg.placeholder(gg.float32, [])
    h = x * x
    (g,) = gg.gradients(h * x, x, stop_gradients=[h])
    assert run(gg.gradients(g, x), {x: 3.0}) == [6.0]


# -- rule 7: unconnected gradients ----------------------------------------------------------------------


@pytest.mark.parametrize("option", ["zero", gg.UnconnectedGradients.ZERO])
@pytest.mark.parametrize("dtype", [gg.float32, gg.float64, gg.int32, gg.bool, gg.complex64])
def test_unconnected_zeros_have_the_dtype_and_shape_of_x(run, option, dtype):
    x = gg.placeholder(dtype, [2, None])
    (g,) = gg.gradients(gg.constant(1.0), x, unconnected_gradients=option)
    found = run(g, {x: np.ones((2, 3))})
    assert g.dtype is dtype and found.shape == (2, 3) and not found.any()


@pytest.mark.parametrize("option", ["none", gg.UnconnectedGradients.NONE])
def test_the_default_is_none(option):
    x = gg.placeholder(gg.float32, [])
    assert gg.gradients(gg.constant(1.0), x, unconnected_gradients=option) == [None]


def test_unconnected_zeros_of_a_variable_without_a_value():
    v = gg.Variable([1.0, 2.0])
    (g,) = gg.gradients(gg.constant(1.0), v, unconnected_gradients="zero")
    with gg.Session() as session:
        assert session.run(g).tolist() == [0.0, 0.0]


def test_unconnected_zeros_of_unknown_rank(run):
    x = gg.placeholder(gg.float32)
    (g,) = gg.gradients(gg.constant(1.0), x, unconnected_gradients="zero")
    assert run(g, {x: np.ones((2, 1, 3))}).shape == (2, 1, 3)


def test_zeros_fill_only_what_is_unconnected(run):
    x, other = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [2])
    found = run(gg.gradients(x * x, [other, x], unconnected_gradients="zero"), {x: 3.0, other: [1, 1]})
    assert found[0].tolist() == [0, 0] and found[1] == 6.0


def test_raise_explains():
    x = gg.placeholder(gg.float32, [2], name="weights")
    k = gg.cast(x, gg.int32, name="whole")
    with pytest.raises(gg.errors.UnconnectedError, match="no gradient reaches weights") as caught:
        gg.gradients(gg.cast(k, gg.float32), x, unconnected_gradients="raise")
    text = str(caught.value)
    assert "whole" in text and "integer tensors are constants" in text and "test_gradients.py" in text


def test_raise_returns_connected_gradients(run):
    x = gg.placeholder(gg.float32, [])
    assert run(gg.gradients(x * 2, x, unconnected_gradients="raise"), {x: 0.0}) == [2.0]


# -- rule 8: feeding intermediates, random ops ----------------------------------------------------------


def test_a_fed_intermediate_counts_in_both_passes(run):
    x = gg.placeholder(gg.float32, [])
    h = x * x
    y = h * h
    assert run([y, *gg.gradients(y, [h, x])], {x: 3.0, h: 5.0}) == [25.0, 10.0, 60.0]


def test_feeding_the_output_of_exp_replaces_what_its_derivative_reads(run):
    x = gg.placeholder(gg.float32, [])
    h = gg.exp(x)
    assert run(gg.gradients(h * 3, x), {x: 0.0, h: 7.0}) == [21.0]


def test_feeding_an_output_whose_derivative_reads_the_input(run):
    x = gg.placeholder(gg.float32, [])
    h = gg.sin(x)
    assert run([h, *gg.gradients(h * 3, x)], {x: 0.0, h: 7.0}) == [7.0, 3.0]


def test_a_fed_intermediate_above_which_no_x_lies_cuts_what_is_above_it(run):
    x = gg.placeholder(gg.float32, [])
    h = x * x
    assert run(gg.gradients(h * h, h), {h: 5.0}) == [10.0]


def test_a_fed_view_keeps_its_ancestors_gradient(run):
    x = gg.placeholder(gg.float32, [2, 3])
    h = x.reshape(3, 2)
    fed = np.full((3, 2), 2.0)
    found = run([h, *gg.gradients(h * h, x)], {x: np.ones((2, 3)), h: fed})
    assert found[0].tolist() == fed.tolist()
    assert found[1].tolist() == np.full((2, 3), 4.0).tolist()


def test_one_fed_output_of_several(run):
    x = gg.placeholder(gg.float32, [4])
    a, b = gg.split(x, 2)
    y = gg.reduce_sum(a * a) + gg.reduce_sum(b * b)
    found = run([y, *gg.gradients(y, x)], {x: [1, 2, 3, 4], a: [10, 20]})
    assert found[0] == 525.0
    assert found[1].tolist() == [20, 40, 6, 8]


def test_feeding_a_gradient_replaces_it_below(run):
    x = gg.placeholder(gg.float32, [])
    (g,) = gg.gradients(x * x, x)
    assert run(g * 10, {g: 3.0}) == 30.0


def test_feeding_a_variable(run):
    v = gg.Variable(2.0)
    assert run([v * v, *gg.gradients(v * v, v)], {v: 5.0}) == [25.0, 10.0]


def test_the_mask_that_the_loss_saw_is_the_mask_of_its_gradient(run):
    x = gg.placeholder(gg.float32, [200])
    y = F.dropout(x, 0.5)
    value, gradient = run([y, *gg.gradients(y, x)], {x: np.ones(200)})
    assert value.tolist() == gradient.tolist()
    assert {0.0, 2.0} == set(value.tolist())


def test_a_random_tensor_draws_once_per_run(run):
    noise = gg.random_normal([4])
    x = gg.placeholder(gg.float32, [4])
    drawn, gradient = run([noise, *gg.gradients(x * noise, x)], {x: np.zeros(4)})
    assert drawn.tolist() == gradient.tolist()


def test_two_runs_draw_anew():
    noise = gg.random_normal([4])
    with gg.Session() as session:
        assert session.run(noise).tolist() != session.run(noise).tolist()


# -- an op without a gradient ---------------------------------------------------------------------------


def zeta(x):
    return torch.special.zeta(x + 2.0, x + 1.0)


def test_an_op_without_a_gradient_is_a_lookup_error_at_the_call():
    x = gg.placeholder(gg.float32, [3])
    y = zeta(x) * 2.0
    with pytest.raises(LookupError) as caught:
        gg.gradients(y, x)
    text = str(caught.value)
    assert "zeta" in text and "Zeta" in text and "test_gradients.py" in text and "torch.special.zeta(x" in text


def test_no_lookup_error_if_no_gradient_reaches_the_op(run):
    x = gg.placeholder(gg.float32, [3])
    h = zeta(x)
    assert gg.gradients(gg.stop_gradient(h) * 2.0, x) == [None]
    assert gg.gradients(h * 2.0, x, stop_gradients=[h]) == [None]
    assert run(gg.gradients(h * 2.0, h), {x: [1, 2, 3]})[0].tolist() == [2, 2, 2]
    assert run(gg.gradients(h.detach() + x, x), {x: [1, 2, 3]})[0].tolist() == [1, 1, 1]
    assert gg.gradients(zeta(gg.constant([1.0])), x) == [None]


def test_an_op_without_a_gradient_off_the_path_runs(run):
    x, w = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    y = torch.special.zeta(w, w) * x
    assert run(gg.gradients(y, x), {x: 1.0, w: 2.0})[0] == pytest.approx(
        float(torch.special.zeta(torch.tensor(2.0), 2))
    )


def test_igamma_has_a_gradient_in_one_argument_only(run):
    a, x = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    y = torch.special.gammainc(a, x)
    with pytest.raises(LookupError, match="igamma|gammainc"):
        gg.gradients(y, a)
    assert run(gg.gradients(y, x), {a: 1.0, x: 0.5})[0] == pytest.approx(np.exp(-0.5), rel=1e-5)


def test_a_missing_second_derivative_is_a_lookup_error_of_the_second_call(run):
    x = gg.placeholder(gg.float32, [3, 4])
    y = torch.cdist(x, x * 2.0, p=1.0)
    (g,) = gg.gradients(y, x)
    assert run(g, {x: np.random.rand(3, 4)}).shape == (3, 4)
    with pytest.raises(LookupError, match="higher-order") as caught:
        gg.gradients(g, x)
    assert "cdist" in str(caught.value) and "test_gradients.py" in str(caught.value)


def test_attention_is_differentiated_twice(run):
    q = gg.placeholder(gg.float64, [1, 1, 3, 4])
    y = F.scaled_dot_product_attention(q, q, q)
    (g,) = gg.gradients(y, q)
    (second,) = gg.gradients(g, q)
    data = np.random.rand(1, 1, 3, 4)
    eager = torch.tensor(data, requires_grad=True)
    with torch.nn.attention.sdpa_kernel([torch.nn.attention.SDPBackend.MATH]):
        out = F.scaled_dot_product_attention(eager, eager, eager)
    (first,) = torch.autograd.grad(out.sum(), eager, create_graph=True)
    (wanted,) = torch.autograd.grad(first.sum(), eager)
    np.testing.assert_allclose(run(second, {q: data}), wanted.numpy(), atol=1e-12)


# -- aggregation_method ---------------------------------------------------------------------------------

WEIGHTS = np.float32([30, 7, 1e8, -2e7, -1e8, 3, 7])


def running_sum(terms):
    total = terms[0]
    for term in terms[1:]:
        total = np.float32(total + term)
    return total


def pairwise_sum(terms):
    terms = list(terms)
    while len(terms) > 1:
        pairs = [np.float32(a + b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
    return terms[0]


ORDERS = {
    gg.AggregationMethod.DEFAULT: running_sum(WEIGHTS[::-1]),
    gg.AggregationMethod.EXPERIMENTAL_TREE: pairwise_sum(WEIGHTS),
    gg.AggregationMethod.EXPERIMENTAL_ACCUMULATE_N: running_sum(WEIGHTS),
}


def many_readers():
    x = gg.placeholder(gg.float32, [])
    return x, gg.add_n([x * float(weight) for weight in WEIGHTS])


def test_the_orders_of_summing_round_differently():
    assert len(set(ORDERS.values())) == 3


@pytest.mark.parametrize("method", ORDERS)
def test_aggregation_sums_in_its_order(run, method):
    x, y = many_readers()
    assert run(gg.gradients(y, x, aggregation_method=method), {x: 1.0}) == [ORDERS[method]]


def test_the_names_of_the_aggregation_methods():
    assert gg.AggregationMethod.DEFAULT == gg.AggregationMethod.ADD_N == 0
    assert (gg.AggregationMethod.EXPERIMENTAL_TREE, gg.AggregationMethod.EXPERIMENTAL_ACCUMULATE_N) == (1, 2)


def test_calls_with_different_aggregation_do_not_disturb_each_other(run):
    x, y = many_readers()
    calls = [gg.gradients(y, x, aggregation_method=method)[0] for method in ORDERS]
    assert run(calls, {x: 1.0}) == list(ORDERS.values())


@pytest.mark.parametrize("method", ORDERS)
def test_aggregation_at_an_intermediate_tensor(run, method):
    x = gg.placeholder(gg.float32, [])
    h = x * 1.0
    y = gg.add_n([h * float(weight) for weight in WEIGHTS])
    assert run(gg.gradients(y, x, aggregation_method=method), {x: 1.0}) == [ORDERS[method]]


@pytest.mark.parametrize("method", ORDERS)
def test_aggregation_at_a_variable_and_at_a_fed_tensor(run, method):
    v = gg.Variable(1.0)
    y = gg.add_n([v * float(weight) for weight in WEIGHTS])
    (g,) = gg.gradients(y, v, aggregation_method=method)
    assert run(g) == ORDERS[method]
    assert run(g, {v: 2.0}) == ORDERS[method]


@pytest.mark.parametrize("method", ORDERS)
def test_a_ten_way_sum_is_the_same_by_every_method(run, method):
    x = gg.placeholder(gg.float32, [])
    xs = [x * 1.0 for _ in range(10)]
    y = gg.add_n([each * x for each in xs])
    assert run(gg.gradients(y, x, aggregation_method=method), {x: 1.0}) == [20.0]


@pytest.mark.parametrize("method", ORDERS)
def test_second_order_under_every_method(run, method):
    x = gg.placeholder(gg.float64, [])
    y = x * x * x + x * x + x
    (g,) = gg.gradients(y, x, aggregation_method=method)
    assert run(gg.gradients(g, x, aggregation_method=method), {x: 2.0}) == [14.0]


# -- gate_gradients -------------------------------------------------------------------------------------


def two_branches(gate):
    a, b = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    with gg.name_scope("branch"):
        left = gg.exp(a * 2.0, name="left")
        right = gg.sin(b * 2.0, name="right")
    return [a, b], gg.gradients([left, right], [a, b], gate_gradients=gate)


@pytest.mark.parametrize(("gate", "runs_both"), [(False, False), (True, True)])
def test_gating_decides_whether_unfetched_gradients_are_computed(gate, runs_both):
    (a, b), (to_a, _) = two_branches(gate)
    source = gg.Session().source(to_a, [a, b])
    assert ("branch_right" in source) is runs_both
    assert "branch_left" in source


@pytest.mark.parametrize("gate", [False, True])
def test_gating_does_not_change_the_numbers(run, gate):
    (a, b), gradients = two_branches(gate)
    np.testing.assert_allclose(run(gradients, {a: 0.0, b: 0.0}), [2.0, 2.0])


def test_an_ungated_gradient_needs_only_its_own_feeds(run):
    (a, _), (to_a, _) = two_branches(False)
    assert run(to_a, {a: 0.0}) == 2.0


# -- names, devices, colocation -------------------------------------------------------------------------


def test_the_operations_go_under_the_scope():
    x = gg.placeholder(gg.float32, [])
    (first,) = gg.gradients(x * x, x)
    (second,) = gg.gradients(x * x, x)
    (named,) = gg.gradients(x * x, x, name="slope")
    with gg.name_scope("outer"):
        (nested,) = gg.gradients(x * x, x)
    names = [each.name.split("/")[0] for each in (first, second, named, nested)]
    assert names == ["gradients", "gradients_1", "slope", "outer"]
    assert nested.name.startswith("outer/gradients/")


def test_the_name_none_is_the_default_and_an_empty_one_the_root():
    x = gg.placeholder(gg.float32, [])
    assert gg.gradients(x * x, x, name=None)[0].name.startswith("gradients/")
    assert "/" not in gg.gradients(x * x, x, name="")[0].name


def test_all_that_a_call_adds_is_under_its_scope():
    x, other = gg.placeholder(gg.float32, [2]), gg.placeholder(gg.int32, [None])
    y = x * x
    before = len(gg.get_default_graph().get_operations())
    gg.gradients(y, [x, other], grad_ys=[np.ones(2)], unconnected_gradients="zero")
    added = gg.get_default_graph().get_operations()[before:]
    assert added and all(op.name.startswith("gradients/") for op in added)


def test_an_unconnected_call_adds_nothing():
    x, y = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    before = len(gg.get_default_graph().get_operations())
    gg.gradients(y, x)
    assert len(gg.get_default_graph().get_operations()) == before


@pytest.mark.parametrize("colocate", [False, True])
def test_colocation_does_not_change_the_numbers(run, colocate):
    with gg.device("cpu"):
        x = gg.placeholder(gg.float32, [])
        y = x * x
    assert run(gg.gradients(y, x, colocate_gradients_with_ops=colocate), {x: 3.0}) == [6.0]


def test_the_operations_join_the_graph_of_the_tensors():
    graph = gg.Graph()
    with graph.as_default():
        x = gg.placeholder(gg.float32, [])
        y = x * x
    (g,) = gg.gradients(y, x, unconnected_gradients="zero")
    assert g.graph is graph and len(gg.get_default_graph().get_operations()) == 0
    assert lint(graph) == []


def test_control_dependencies_apply_to_the_gradient_and_do_not_connect():
    x, other = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [], name="other")
    y = x * x
    with gg.control_dependencies([other]):
        (g,) = gg.gradients(y, x)
    assert g.op.control_inputs == (other.op,)
    assert gg.gradients(g, other) == [None]


# -- scale ----------------------------------------------------------------------------------------------


def test_a_chain_of_100_000_ops_needs_no_recursion(run):
    x = y = gg.placeholder(gg.float32, [])
    for _ in range(100_000):
        y = y + 1.0
    found = run([y, *gg.gradients(y, x)], {x: 1.0})
    assert found == [100_001.0, 1.0]


def test_a_wide_fan_in(run):
    x = gg.placeholder(gg.float32, [])
    y = gg.add_n([x * 2.0 for _ in range(3000)])
    assert run(gg.gradients(y, x), {x: 1.0}) == [6000.0]


def test_the_cost_of_a_call_is_a_constant_number_of_operations():
    x = y = gg.placeholder(gg.float32, [])
    for _ in range(1000):
        y = gg.sin(y)
    before = len(gg.get_default_graph().get_operations())
    gg.gradients(y, x)
    assert len(gg.get_default_graph().get_operations()) - before < 5


# -- torch.autograd.grad on symbolic tensors ------------------------------------------------------------


def test_torch_autograd_grad_is_gradients(run):
    x, w = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    (g,) = torch.autograd.grad(x * x, x)
    assert run(g, {x: 3.0}) == 6.0
    (scaled,) = torch.autograd.grad(x * x, [x], grad_outputs=[w])
    assert run(scaled, {x: 3.0, w: 2.0}) == 12.0


def test_torch_autograd_grad_is_strict_unless_told_otherwise(run):
    x, w = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    with pytest.raises(gg.errors.UnconnectedError):
        torch.autograd.grad(x * x, w)
    assert torch.autograd.grad(x * x, w, allow_unused=True) == (None,)
    (zero,) = torch.autograd.grad(x * x, w, materialize_grads=True)
    assert run(zero) == 0.0


# -- agreement with torch -------------------------------------------------------------------------------


def test_a_small_network_agrees_with_torch(run):
    data = np.random.randn(5, 3)
    w1, w2 = np.random.randn(4, 3), np.random.randn(2, 4)

    def network(x, a, b):
        hidden = torch.tanh(x @ a.T)
        return F.log_softmax(hidden @ b.T, -1).square().mean()

    x, a, b = (gg.placeholder(gg.float64, [*each.shape]) for each in (data, w1, w2))
    eager = [torch.tensor(each, requires_grad=True) for each in (data, w1, w2)]
    wanted = torch.autograd.grad(network(*eager), eager)
    found = run(gg.gradients(network(x, a, b), [x, a, b]), {x: data, a: w1, b: w2})
    for have, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(have, want.numpy(), rtol=1e-12)


def test_complex_gradients_follow_torch(run):
    data = np.complex128([1 + 2j, -0.5 + 0.1j])
    z = gg.placeholder(gg.complex128, [2])
    y = torch.abs(z * z) + torch.real(z)
    eager = torch.tensor(data, requires_grad=True)
    (wanted,) = torch.autograd.grad((torch.abs(eager * eager) + torch.real(eager)).sum(), eager)
    (found,) = run(gg.gradients(y, z), {z: data})
    np.testing.assert_allclose(found, wanted.numpy())


def test_a_complex_y_with_grad_ys(run):
    z = gg.placeholder(gg.complex64, [])
    assert run(gg.gradients(z * (2 + 1j), z, grad_ys=1.0), {z: 1j}) == [2 - 1j]
