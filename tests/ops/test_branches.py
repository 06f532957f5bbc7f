"""cond, case and switch_case beside Python's own `if`: values, gradients, None, state, errors."""

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def x():
    return gg.placeholder(gg.float64, [], name="x")


@pytest.fixture
def w():
    return gg.placeholder(gg.float64, [], name="w")


@pytest.fixture
def p():
    return gg.placeholder(gg.bool, [], name="p")


def numbers(nest):
    return [float(each) for each in nest]


# -- values and gradients -------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [1.3, -0.7])
def test_values_and_three_orders_of_gradients_are_those_of_the_taken_branch(run, x, w, at):
    def taken(x, w):
        return x**3 * torch.sin(w) if at > 0 else torch.exp(x) * w * w

    y = gg.cond(x > 0, lambda: x**3 * torch.sin(w), lambda: torch.exp(x) * w * w)
    orders = [[y]]
    for _ in range(3):
        orders.append(gg.gradients(sum(orders[-1]), [x, w]))
    found = run(orders, {x: at, w: 0.4})

    leaves = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (at, 0.4)]
    expected = [taken(*leaves)]
    for order in found:
        assert numbers(order) == pytest.approx(numbers([each.detach() for each in expected]), rel=1e-12)
        expected = list(torch.autograd.grad(sum(expected), leaves, create_graph=True))


def test_only_the_taken_branch_is_executed(run, x):
    y = gg.cond(x > 0, lambda: torch.linalg.cholesky((-x).reshape(1, 1)).sum(), lambda: x * 2.0)
    assert run(y, {x: -1.0}) == -2.0
    with pytest.raises(gg.errors.InvalidArgumentError, match="positive-definite"):
        run(y, {x: 1.0})


def test_what_only_the_other_branch_reads_gets_zeros(run, x, w):
    y = gg.cond(x > 0, lambda: x * 2.0, lambda: w * 3.0)
    g = gg.gradients(y, [x, w])
    assert numbers(run(g, {x: 1.0, w: 1.0})) == [2.0, 0.0]
    assert numbers(run(g, {x: -1.0, w: 1.0})) == [0.0, 3.0]


def test_a_constant_or_stopped_branch_gives_zero_and_not_none(run, x):
    for other in (lambda: gg.constant(5.0, gg.float64), lambda: gg.stop_gradient(x)):
        y = gg.cond(x > 0, lambda: x * x, other)
        (g,) = gg.gradients(y, x)
        assert float(run(g, {x: -2.0})) == 0.0
        assert float(run(gg.gradients(g, x)[0], {x: -2.0})) == 0.0


def test_none_where_no_branch_connects(x, w, p):
    y = gg.cond(p, lambda: gg.stop_gradient(x), lambda: gg.constant(1.0, gg.float64))
    assert gg.gradients(y, [x, w]) == [None, None]


def test_zero_for_none_on_request(run, x, p):
    y = gg.cond(p, lambda: gg.stop_gradient(x), lambda: gg.constant(1.0, gg.float64))
    assert numbers(run(gg.gradients(y, x, unconnected_gradients="zero"), {x: 1.0})) == [0.0]


def test_the_predicate_gets_none_even_where_it_depends_on_x(x, w):
    y = gg.cond(x > 0, lambda: w * 2.0, lambda: w * 3.0)
    assert gg.gradients(y, x) == [None]
    predicate = x > 0
    assert gg.gradients(gg.cond(predicate, lambda: x, lambda: x * 2.0), predicate) == [None]


def test_integer_results_get_none(x, p):
    y = gg.cond(p, lambda: gg.cast(x, gg.int32), lambda: gg.constant(1))
    assert gg.gradients(y, x) == [None]
    assert gg.gradients(gg.cast(y, gg.float64), x) == [None]


def test_a_predicate_may_be_read_by_its_branches(run, p):
    y = gg.cond(p, lambda: gg.cast(p, gg.float32) + 1.0, lambda: gg.cast(p, gg.float32) - 1.0)
    assert numbers([run(y, {p: True}), run(y, {p: False})]) == [2.0, -1.0]


@pytest.mark.parametrize("value", [2.0, -2.0])
def test_branches_that_return_what_they_were_given(run, x, w, value):
    a, b = gg.cond(x > 0, lambda: (w, w), lambda: (x, w))
    found = run([a, b, *gg.gradients(a * b, [x, w])], {x: value, w: 5.0})
    assert numbers(found) == ([5.0, 5.0, 0.0, 10.0] if value > 0 else [-2.0, 5.0, 5.0, -2.0])
    assert gg.gradients(a, b) == [None]


def test_nests_come_back_as_the_branches_return_them(run, x):
    y = gg.cond(x > 0, lambda: {"a": x, "b": [x, (x, None)]}, lambda: {"a": -x, "b": [x * 2.0, (x * 3.0, None)]})
    assert run(y, {x: -1.0}) == {"a": 1.0, "b": [-2.0, (-3.0, None)]}


def test_a_list_of_one_tensor_stays_one_if_strict(x):
    assert isinstance(gg.cond(x > 0, lambda: [x], lambda: [x]), torch.Tensor)
    assert isinstance(gg.cond(x > 0, lambda: [x], lambda: [x], strict=True), list)


def test_numbers_become_tensors(run, p):
    y = gg.cond(p, lambda: 1.5, lambda: np.float32(2.5))
    assert numbers([run(y, {p: True}), run(y, {p: False})]) == [1.5, 2.5]


def test_the_older_spellings_of_the_branches(run, x):
    assert run(gg.cond(x > 0, fn1=lambda: x, fn2=lambda: -x), {x: -4.0}) == 4.0


def test_shapes_that_differ_are_unknown(run, p):
    v = gg.ones([3, 2])
    y = gg.cond(p, lambda: v, lambda: v[:2])
    assert y._value.spec.shape == (None, 2)
    (g,) = gg.gradients(y, v)
    assert run(g, {p: False}).tolist() == [[1, 1], [1, 1], [0, 0]]
    assert gg.cond(p, lambda: v, lambda: v[0])._value.spec.shape is None


@pytest.mark.parametrize("dtype", [gg.float32, gg.float64, gg.complex64, gg.complex128])
def test_dtypes(run, p, dtype):
    z = gg.constant(np.array(2.0), dtype)
    y = gg.cond(p, lambda: z * z, lambda: z)
    (g,) = gg.gradients(y, z, grad_ys=[gg.ones([], dtype)])
    found = run([y, g], {p: True})
    assert found == [4.0, 4.0] and torch.from_numpy(np.asarray(found[1])).dtype is dtype


# -- nested ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "want"), [(0.5, [0.25, 1.0, 2.0]), (2.0, [8.0, 12.0, 12.0]), (-2.0, [2.0, -1.0, 0.0])])
def test_a_branch_in_a_branch(run, x, at, want):
    y = gg.cond(x > 0, lambda: gg.cond(x > 1, lambda: x**3, lambda: x**2), lambda: -x)
    (g,) = gg.gradients(y, x)
    assert numbers(run([y, g, *gg.gradients(g, x)], {x: at})) == want


def test_gradients_inside_a_branch(run, x, w):
    def slope():
        z = w * w
        return gg.gradients(z * z, w)[0]

    y = gg.cond(x > 0, slope, lambda: w)
    found = [y, *gg.gradients(y, w)]
    found.append(gg.gradients(found[1], w)[0])
    assert numbers(run(found, {x: 1.0, w: 2.0})) == [32.0, 48.0, 48.0]
    assert numbers(run(found, {x: -1.0, w: 2.0})) == [2.0, 1.0, 0.0]


def test_gradients_inside_a_branch_with_respect_to_a_variable(run, p):
    v = gg.Variable(3.0)
    y = gg.cond(p, lambda: gg.gradients(v**3, v)[0], lambda: v * 0)
    assert numbers(run([y, *gg.gradients(y, v)], {p: True})) == [27.0, 18.0]


def test_gradients_of_a_branch_inside_another(run, x):
    def outer():
        inner = gg.cond(x > 1, lambda: x**3, lambda: x)
        return gg.gradients(inner, x)[0]

    y = gg.cond(x > 0, outer, lambda: x)
    assert numbers(run([y, *gg.gradients(y, x)], {x: 2.0})) == [12.0, 12.0]


# -- state and order ------------------------------------------------------------------------------------


def test_an_assign_happens_in_its_branch_only(run, p):
    v = gg.Variable(1.0)
    y = gg.cond(p, lambda: v.assign_add(4.0), lambda: gg.constant(0.0))
    with gg.Session() as session:
        session.run(v.initializer)
        assert (session.run(y, {p: False}), session.run(v)) == (0.0, 1.0)
        assert (session.run(y, {p: True}), session.run(v)) == (5.0, 5.0)


def test_each_branch_sets_a_variable_of_its_own(p):
    v, w = gg.Variable(1.0), gg.Variable(2.0)
    y = gg.cond(p, lambda: gg.group(v.assign(w + 1)), lambda: gg.group(w.assign(v * 5)))
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert session.run(y, {p: True}) is None
        assert session.run([v, w]) == [3.0, 2.0]
        session.run(y, {p: False})
        assert session.run([v, w]) == [3.0, 15.0]


def test_a_read_that_waits_sees_the_assign_before_it(run, p):
    v = gg.Variable(1.0)

    def assigned():
        with gg.control_dependencies([v.assign_add(2.0)]):
            return v.read_value() * gg.cond(p, lambda: v.read_value(), lambda: gg.zeros([]))

    assert run(gg.cond(p, assigned, lambda: gg.zeros([])), {p: True}) == 9.0


def test_a_read_that_does_not_wait_sees_the_value_from_before(run, p):
    v = gg.Variable(1.0)

    def assigned():
        v.assign_add(2.0)
        return v * 10.0

    assert run(gg.cond(p, assigned, lambda: gg.zeros([])), {p: True}) == 10.0


def test_a_branch_waits_for_an_operation_outside(run, p):
    v = gg.Variable(1.0)
    outside = v.assign(5.0)

    def waiting():
        with gg.control_dependencies([outside]):
            return v.read_value()

    assert run(gg.cond(p, waiting, lambda: gg.zeros([])), {p: True}) == 5.0


def test_a_branch_that_returns_a_variable_does_not_alias_it(p):
    v = gg.Variable([1.0, 2.0])
    whole = gg.cond(p, lambda: v, lambda: v * 2)
    part = gg.cond(p, lambda: v[1:], lambda: v[:1])
    with gg.Session(outputs="torch") as session:
        session.run(v.initializer)
        for each in session.run([whole, part], {p: True}):
            each.add_(10.0)
        assert session.run(v).tolist() == [1.0, 2.0]


def test_the_running_statistics_of_a_module_change_in_the_taken_branch(p):
    norm = torch.nn.BatchNorm1d(3)
    x = gg.random_normal([5, 3])
    y = gg.cond(p, lambda: norm(x), lambda: norm(norm(x)))
    after = norm(y)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        counts = []
        for fetch, taken in ((y, True), (after, False), (y, False)):
            session.run(fetch, {p: taken})
            counts.append(int(session.state_dict(norm)["num_batches_tracked"]))
    assert counts == [1, 4, 6]
    assert int(norm.num_batches_tracked) == 0


def test_running_statistics_agree_with_torch(p):
    norm, eager = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3)
    x = gg.placeholder(gg.float32, [5, 3])
    y = gg.cond(p, lambda: norm(x * 2.0), lambda: x * 1.0)
    data = torch.randn(5, 3)
    with gg.Session(outputs="torch") as session:
        session.run(gg.global_variables_initializer())
        found = session.run(y, {p: True, x: data})
        session.run(y, {p: False, x: data})
        state = session.state_dict(norm)
    torch.testing.assert_close(found, eager(data * 2.0).detach())
    torch.testing.assert_close(state, eager.state_dict())


def test_a_layer_in_a_branch(p):
    layer = torch.nn.Linear(2, 2)
    x = gg.ones([1, 2])
    y = gg.cond(p, lambda: layer(x), lambda: x * 0)
    grads = gg.gradients(y, list(layer.parameters()))
    with gg.Session(outputs="torch") as session:
        session.run(gg.global_variables_initializer())
        value, *taken = session.run([y, *grads], {p: True})
        untaken = session.run(grads, {p: False})
    expected = layer(torch.ones(1, 2))
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(taken, list(torch.autograd.grad(expected.sum(), list(layer.parameters()))))
    assert all(float(each.abs().sum()) == 0.0 for each in untaken)


def test_random_operations_draw_anew_and_agree_with_their_gradient(p):
    x = gg.constant(1.0)
    y = gg.cond(p, lambda: x * gg.random_uniform([]), lambda: x * 1)
    (g,) = gg.gradients(y, x)
    with gg.Session() as session:
        first, second = session.run([y, g], {p: True}), session.run([y, g], {p: True})
    assert first[0] == first[1] and second[0] == second[1] and first != second


def test_a_finalized_graph_refuses_a_branch_and_runs_one(x):
    y = gg.cond(x > 0, lambda: x * 2.0, lambda: x)
    (g,) = gg.gradients(y, x)
    gg.get_default_graph().finalize()
    with gg.Session() as session:
        assert numbers(session.run([y, g], {x: 3.0})) == [6.0, 2.0]
    with pytest.raises(RuntimeError, match="finalized"):
        gg.cond(x > 0, lambda: x, lambda: x)


def test_names(x):
    with gg.name_scope("part"):
        y = gg.cond(x > 0, lambda: x, lambda: x, name="choice")
    assert y.op.name == "part/choice"
    assert gg.cond(x > 0, lambda: x, lambda: x).op.name == "cond"
    assert gg.cond(x > 0, lambda: x, lambda: x).op.name == "cond_1"
    assert gg.switch_case(gg.constant(0), [lambda: x]).op.name == "switch_case"


def test_a_gradient_may_be_asked_for_after_a_session_ran_the_branch(x):
    y = gg.cond(x > 0, lambda: torch.sin(x) * torch.cos(x), lambda: x)
    with gg.Session() as session:
        before = session.run(y, {x: 0.5})
        (g,) = gg.gradients(y, x)
        (second,) = gg.gradients(g, x)
        assert numbers(session.run([y, g, second], {x: 0.5})) == pytest.approx([before, np.cos(1.0), -2 * np.sin(1.0)])


# -- case and switch_case -------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "want"), [(-2.0, [4.0, -4.0]), (3.0, [6.0, 2.0]), (20.0, [10.0, 0.0])])
def test_case_takes_the_first_that_is_true(run, x, at, want):
    y = gg.case([(x < 0, lambda: x * x), (x < 10, lambda: x * 2.0)], default=lambda: gg.constant(10.0, gg.float64))
    assert numbers(run([y, *gg.gradients(y, x)], {x: at})) == want


def test_case_without_a_default_fails_where_none_is_true(run, x):
    y = gg.case([(x < 0, lambda: -x), (x < 10, lambda: x * 2.0)])
    assert run(y, {x: 5.0}) == 10.0
    with pytest.raises(gg.errors.InvalidArgumentError, match="no predicate is true"):
        run(y, {x: 20.0})


def test_case_that_is_exclusive_fails_where_two_are_true(run, x):
    y = gg.case([(x < 5, lambda: x), (x < 10, lambda: x * 2.0)], lambda: x * 3.0, exclusive=True)
    assert run(y, {x: 7.0}) == 14.0
    with pytest.raises(gg.errors.InvalidArgumentError, match="more than one predicate"):
        run(y, {x: 1.0})


@pytest.mark.parametrize(("number", "want"), [(0, 1.0), (1, 2.0), (2, 3.0), (3, 3.0), (-1, 3.0), (100, 3.0)])
def test_switch_case_takes_the_last_branch_for_other_numbers(run, x, number, want):
    n = gg.placeholder(gg.int32, [])
    y = gg.switch_case(n, [lambda: x, lambda: x * 2.0, lambda: x * 3.0])
    assert numbers(run([y, *gg.gradients(y, x)], {x: 1.0, n: number})) == [want, want]
    assert gg.gradients(y, n) == [None]


@pytest.mark.parametrize(("number", "want"), [(0, -1.0), (1, 10.0), (4, 40.0), (5, -1.0), (-3, -1.0)])
def test_switch_case_with_numbers_and_a_default(run, number, want):
    n = gg.placeholder(gg.int64, [])
    functions = {4: lambda: gg.constant(40.0), 1: lambda: gg.constant(10.0)}
    y = gg.switch_case(n, functions, default=lambda: gg.constant(-1.0))
    z = gg.switch_case(n, list(functions.items()), default=lambda: gg.constant(-1.0))
    assert numbers(run([y, z], {n: number})) == [want, want]


# -- errors ---------------------------------------------------------------------------------------------


def test_a_python_bool_is_no_predicate(x):
    for predicate in (True, np.bool_(False)):
        with pytest.raises(TypeError, match="Python bool: use an ordinary if"):
            gg.cond(predicate, lambda: x, lambda: x)


def test_a_predicate_is_a_single_bool(x):
    with pytest.raises(TypeError, match=r"(?s)not a bool tensor.*at +x: .*test_branches\.py"):
        gg.cond(x, lambda: x, lambda: x)
    with pytest.raises(ValueError, match=r"(?s)single value.*at +Const.*test_branches\.py"):
        gg.cond(gg.constant([True]), lambda: x, lambda: x)
    with pytest.raises(TypeError, match="not a bool tensor"):
        gg.case([(x, lambda: x)])


@pytest.mark.parametrize(("yes", "no", "named"), [(1, abs, "true_fn"), (abs, None, "false_fn")])
def test_a_branch_is_a_function(x, yes, no, named):
    with pytest.raises(TypeError, match=f"{named} is .*, not a function"):
        gg.cond(x > 0, yes, no)


def test_branches_return_the_same_nest_and_dtypes(x):
    with pytest.raises(ValueError, match=r"true_fn and false_fn return different nests: 'tensor' and \('tensor'"):
        gg.cond(x > 0, lambda: x, lambda: (x, x))
    with pytest.raises(ValueError, match="different nests: 'tensor' and None"):
        gg.cond(x > 0, lambda: x, lambda: None)
    with pytest.raises(ValueError, match=r"(?s)true_fn is float64\[\], that of false_fn int32.*cast one of them"):
        gg.cond(x > 0, lambda: x, lambda: gg.cast(x, gg.int32, name="k"))


def test_bad_arguments_of_case_and_switch_case(x):
    with pytest.raises(ValueError, match="at least one pair"):
        gg.case([])
    with pytest.raises(TypeError, match="no pair of a predicate and a function"):
        gg.case([(x > 0, 1)])
    with pytest.raises(TypeError, match="default is 1, not a function"):
        gg.case([(x > 0, lambda: x)], default=1)
    with pytest.raises(TypeError, match=r"(?s)not an integer tensor.*at +x: "):
        gg.switch_case(x, [lambda: x])
    with pytest.raises(TypeError, match="use functions"):
        gg.switch_case(gg.constant(0), [1])
    for key in (-1, "a"):
        with pytest.raises(TypeError, match="branch's number is"):
            gg.switch_case(gg.constant(0), {key: lambda: x})


def test_a_tensor_from_inside_does_not_get_out_but_by_being_returned(x):
    inner = []

    def branch():
        inner.append(x * 2.0)
        return inner[0]

    gg.cond(x > 0, branch, lambda: x)
    with pytest.raises(RuntimeError, match="inside a branch or body that is complete: return the tensor"):
        inner[0] + 1.0
    with pytest.raises(ValueError, match="can't read it"):
        gg.cond(x > 0, lambda: inner[0] + 1.0, lambda: x)
    with pytest.raises(ValueError, match="another graph"):
        gg.Session().run(inner[0])


def test_what_is_from_outside_can_not_change_in_place(x):
    v = gg.constant([1.0, 2.0], name="v")

    def direct():
        return v.add_(1.0)

    def element():
        v[0] = 5.0
        return v

    def view():
        v[0].add_(5.0)
        return v

    for branch in (direct, element, view):
        with pytest.raises(gg.errors.RecordingError, match=r"(?s)v:0 is from outside .*return the new tensor"):
            gg.cond(x > 0, branch, lambda: v)


def test_an_operation_without_a_gradient_in_either_branch_is_an_error_when_asked_for(run, x):
    def lacking():
        return torch.special.zeta(x + 2.0, x + 1.0)

    y = gg.cond(x > 0, lacking, lambda: x)
    assert run(y, {x: -1.0}) == -1.0
    with pytest.raises(LookupError, match=r"(?s)torch has none.*test_branches\.py"):
        gg.gradients(y, x)


def test_a_branch_or_loop_recorded_without_gradients_passes_none():
    x = gg.placeholder(gg.float32, [])
    with torch.no_grad():
        y = gg.cond(x > 0, lambda: x, lambda: x * 1)
        z = gg.while_loop(lambda z: z < 3.0, lambda z: z * 2, [x])
    assert gg.gradients(y, x) == gg.gradients(z, x) == [None]
    assert "torch.no_grad()" in str(gg.explain(y, x))
