"""while_loop beside Python's own `while`: values, gradients of every order, None, state, shapes, errors."""

from collections import namedtuple

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def x():
    return gg.placeholder(gg.float64, [], name="x")


def numbers(nest):
    return [float(each) for each in nest]


def orders_of(y, x, count):
    """y, its gradient with respect to x, the gradient of that, ..."""
    found = [y]
    for _ in range(count):
        found.append(gg.gradients(found[-1], x)[0])
    return found


def orders_by_hand(function, at, count):
    leaf = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    found = [function(leaf)]
    for _ in range(count):
        linear = not found[-1].requires_grad
        found.append(leaf * 0 if linear else torch.autograd.grad(found[-1], leaf, create_graph=True)[0])
    return numbers(each.detach() for each in found)


# -- values and gradients -------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [0, 1, 2, 5])
def test_values_and_three_orders_of_gradients_for_a_number_of_rounds_known_in_the_run(run, x, rounds):
    n = gg.placeholder(gg.int32, [])
    _, y = gg.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, torch.sin(y * x) + y), [0, x * x])

    def by_hand(leaf):
        y = leaf * leaf
        for _ in range(rounds):
            y = torch.sin(y * leaf) + y
        return y

    found = run(orders_of(y, x, 3), {x: 0.6, n: rounds})
    assert numbers(found) == pytest.approx(orders_by_hand(by_hand, 0.6, 3), rel=1e-11)


@pytest.mark.parametrize("at", [1.5, 3.0, 50.0])
def test_a_number_of_rounds_that_depends_on_x(run, x, at):
    y = gg.while_loop(lambda y: y < 40.0, lambda y: y * y * 0.9, [x])

    def by_hand(y):
        while y < 40.0:
            y = y * y * 0.9
        return y

    assert numbers(run(orders_of(y, x, 2), {x: at})) == pytest.approx(orders_by_hand(by_hand, at, 2), rel=1e-12)


def test_no_round_gives_the_identity(run, x):
    w = gg.constant(3.0, gg.float64)
    y = gg.while_loop(lambda y: y < 0.0, lambda y: y * w, [x])
    assert numbers(run([y, *gg.gradients(y, [x, w])], {x: 2.0})) == [2.0, 1.0, 0.0]


def test_the_hessian_through_a_loop(run):
    x = gg.placeholder(gg.float64, [3])
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, torch.tanh(y * x) + x), [0, x])
    (g,) = gg.gradients(gg.reduce_sum(y), x)
    rows = [gg.gradients(g[k], x)[0] for k in range(3)]
    data = np.array([0.3, -0.8, 1.1])

    def by_hand(x):
        y = x
        for _ in range(3):
            y = torch.tanh(y * x) + x
        return y.sum()

    expected = torch.autograd.functional.hessian(by_hand, torch.from_numpy(data))
    np.testing.assert_allclose(run(rows, {x: data}), expected.numpy(), rtol=1e-11, atol=1e-12)


def test_invariants_and_initial_values_both_get_gradients(run):
    x, w = gg.constant(2.0), gg.constant(3.0)
    _, y = gg.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, y * w), [0, x])
    assert numbers(run(gg.gradients(y, [x, w]))) == [81.0, 4 * 2 * 27.0]


def test_several_variables_exchange_their_gradients(run, x):
    _, a, b = gg.while_loop(lambda i, a, b: i < 3, lambda i, a, b: (i + 1, b * x, a + b), [0, x, x * x])

    def by_hand(x):
        a, b = x, x * x
        for _ in range(3):
            a, b = b * x, a + b
        return a * b

    assert numbers(run(orders_of(a * b, x, 3), {x: 0.7})) == pytest.approx(orders_by_hand(by_hand, 0.7, 3))


@pytest.mark.parametrize("dtype", [gg.float32, gg.float64, gg.complex128])
def test_dtypes(run, dtype):
    z = gg.constant(np.array(2.0), dtype)
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * z), [0, gg.ones([], dtype)])
    assert run([y, *gg.gradients(y, z, grad_ys=[gg.ones([], dtype)])]) == [8.0, 12.0]


def test_complex_gradients_have_torchs_convention(run):
    z = gg.constant(np.complex128(1 + 2j))
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * z), [0, gg.ones([], gg.complex128)])
    leaf = torch.tensor(1 + 2j, dtype=torch.complex128, requires_grad=True)
    (expected,) = torch.autograd.grad(leaf**3, leaf, torch.ones([], dtype=torch.complex128))
    assert run(gg.gradients(y, z, grad_ys=[np.complex128(1)])[0]) == pytest.approx(complex(expected))


# -- None or not ----------------------------------------------------------------------------------------


def test_counters_and_what_only_the_condition_reads_get_none(x):
    limit, start = gg.constant(3, name="limit"), gg.constant(0)
    end = gg.constant(9.0, gg.float64)
    i, y = gg.while_loop(lambda i, y: (i < limit) & (y < end), lambda i, y: (i + 1, y * x), [start, x])
    assert gg.gradients(y, [limit, start, end]) == [None, None, None]
    assert gg.gradients(i, [x, start]) == [None, None]


def test_a_stop_in_the_body_keeps_the_connection_of_the_initial_values(run, x):
    _, y = gg.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, gg.stop_gradient(y)), [0, x])
    (g,) = gg.gradients(y, x)
    assert float(run(g, {x: 5.0})) == 0.0


def test_a_stop_in_the_body_disconnects_what_is_only_read_there(x):
    _, y = gg.while_loop(
        lambda i, y: i < 2, lambda i, y: (i + 1, y + gg.stop_gradient(x)), [0, gg.constant(1.0, gg.float64)]
    )
    assert gg.gradients(y, x) == [None]


def test_loop_variables_that_do_not_meet_are_independent(run, x):
    w = gg.constant(2.0, gg.float64)
    _, a, b = gg.while_loop(lambda i, a, b: i < 2, lambda i, a, b: (i + 1, a * 2.0, b * 3.0), [0, x, w])
    assert gg.gradients(a, w) == [None] and gg.gradients(b, x) == [None]
    assert numbers(run([*gg.gradients(a, x), *gg.gradients(b, w)], {x: 1.0})) == [4.0, 9.0]


def test_loop_variables_that_meet_after_several_rounds_are_connected(run, x):
    zero = gg.zeros([], gg.float64)
    _, *states = gg.while_loop(
        lambda i, *s: i < 5, lambda i, a, b, c, d: (i + 1, a, a * 2.0, b * 3.0, c * 5.0), [0, x, zero, zero, zero]
    )
    assert numbers(run(gg.gradients(states[3], x), {x: 1.0})) == [30.0]
    assert gg.gradients(states[0], zero) == [None]


def test_back_prop_false_is_a_stop(x):
    y = gg.while_loop(lambda y: y < 9.0, lambda y: y * 2.0, [x], back_prop=False)
    assert gg.gradients(y, x) == [None]


def test_a_stop_at_the_result_and_at_the_start(run, x):
    start = x * 2.0
    y = gg.while_loop(lambda y: y < 9.0, lambda y: y * x, [start])
    assert gg.gradients(y, x, stop_gradients=[y]) == [None]
    assert numbers(run(gg.gradients(y, [x, start], stop_gradients=[start]), {x: 2.0})) == [16.0, 4.0]


def test_the_second_derivative_of_a_linear_loop_is_zero(run, x):
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 2.0), [0, x])
    (g,) = gg.gradients(y, x)
    assert gg.gradients(g, x) == [None]
    assert float(run(g, {x: 1.0})) == 8.0


# -- feeds and fetches ----------------------------------------------------------------------------------


def test_a_fed_result_and_a_fed_capture(run, x):
    h = x * 3.0
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * h), [0, x * 1.0])
    z = y * y
    g, fed = gg.gradients(z, x)[0], gg.gradients(z, y)[0]
    assert numbers(run([z, fed], {y: 5.0})) == [25.0, 10.0]
    # dy/dx = 27 * 4 x^3 at x = 2, and dz/dy is that of the fed value
    assert numbers(run([z, g], {x: 2.0, y: 5.0})) == [25.0, 10.0 * 27 * 4 * 8]
    # y = x h^3 with h = 10, on which the gradient to x goes on to 3 x
    assert numbers(run([y, *gg.gradients(y, x)], {x: 2.0, h: 10.0})) == [2000.0, 1000.0 + 3 * 2 * 100 * 3]


def test_a_set_of_fetches_agrees_with_each_alone(x):
    _, a, b = gg.while_loop(lambda i, a, b: i < 4, lambda i, a, b: (i + 1, torch.sin(b) * x, a + b), [0, x, x * x])
    fetches = [a, b, *orders_of(a, x, 2), *gg.gradients(b, [x, a]), gg.gradients(a * b, x, stop_gradients=[b])[0]]
    fetches = [each for each in fetches if each is not None]
    with gg.Session() as session:
        together = session.run(fetches, {x: 0.3})
        assert together == [session.run(each, {x: 0.3}) for each in fetches]


def test_what_comes_out_of_a_loop_without_a_round_does_not_alias_a_variable():
    v = gg.Variable([1.0, 2.0])
    y = gg.while_loop(lambda a: gg.reduce_sum(a) < 0, lambda a: a + 1, [v])
    with gg.Session(outputs="torch") as session:
        session.run(v.initializer)
        session.run(y).add_(10.0)
        assert session.run(v).tolist() == [1.0, 2.0]


# -- the arguments of a loop ----------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "want"), [(0, [2.0, 1.0]), (2, [8.0, 12.0]), (-3, [2.0, 1.0])])
def test_maximum_iterations_as_a_number_and_as_a_tensor(run, x, limit, want):
    n = gg.placeholder(gg.int32, [])
    for maximum in (limit, np.int64(limit), n):
        y = gg.while_loop(lambda y: gg.constant(True), lambda y: y * x, [x], maximum_iterations=maximum)
        assert numbers(run([y, *gg.gradients(y, x)], {x: 2.0, n: limit})) == want


def test_the_condition_ends_a_loop_before_its_maximum(run, x):
    y = gg.while_loop(lambda y: y < 10.0, lambda y: y * 2.0, [x], maximum_iterations=100)
    assert float(run(y, {x: 3.0})) == 12.0


def test_a_single_variable_comes_back_alone_unless_asked(x):
    assert isinstance(gg.while_loop(lambda y: y < 9.0, lambda y: y * 2.0, [x]), torch.Tensor)
    assert isinstance(gg.while_loop(lambda y: y < 9.0, lambda y: [y * 2.0], x), torch.Tensor)
    same = gg.while_loop(lambda y: y < 9.0, lambda y: y * 2.0, [x], return_same_structure=True)
    assert isinstance(same, list) and len(same) == 1


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("start", "turn"),
    [
        (lambda x: Pair(x, x), lambda s: Pair(s.b, s.a + s.b)),
        (lambda x: {"a": x, "b": x}, lambda s: {"a": s["b"], "b": s["a"] + s["b"]}),
        (lambda x: [x, (x,)], lambda s: [s[1][0], (s[0] + s[1][0],)]),
    ],
    ids=["named tuple", "dict", "list of a tuple"],
)
def test_nests_of_loop_variables(run, x, start, turn):
    _, found = gg.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, turn(s)), [0, start(x)])
    assert type(found) is type(start(1.0))
    first = found[0] if not isinstance(found, dict) else found["a"]
    assert numbers(run([first, *gg.gradients(first, x)], {x: 2.0})) == [16.0, 8.0]


def test_shape_invariants(run):
    x = gg.placeholder(gg.float32, [2])
    y = gg.while_loop(
        lambda y: gg.reduce_sum(y) < 20.0, lambda y: gg.concat([y, y * 2.0], 0), [x], shape_invariants=[[None]]
    )
    assert y._value.spec.shape == (None,)
    found, g = run([y, *gg.gradients(y, x)], {x: [1.0, 2.0]})
    assert found.tolist() == [1, 2, 2, 4, 2, 4, 4, 8] and g.tolist() == [9.0, 9.0]


def test_shape_invariants_of_nests(run):
    state = [0, Pair(gg.ones([1]), gg.ones([2, 1]))]
    _, found = gg.while_loop(
        lambda i, p: i < 2,
        lambda i, p: (i + 1, Pair(gg.concat([p.a, p.a], 0), gg.concat([p.b, p.b], 1))),
        state, shape_invariants=[[], Pair([None], [2, None])],
    )  # fmt: skip
    assert found.b._value.spec.shape == (2, None)
    assert [each.shape for each in run(found)] == [(4,), (2, 4)]


def test_unknown_sizes_inside_a_loop(run):
    x = gg.placeholder(gg.float64, [None, 3])
    _, y = gg.while_loop(
        lambda i, y: i < x.shape[0],
        lambda i, y: (i + 1, y * gg.reduce_sum(x[i] * x.shape[1])),
        [0, gg.ones([], gg.float64)],
    )
    for rows in (0, 1, 4):
        data = np.arange(1.0, 1.0 + 3 * rows).reshape(rows, 3)
        leaf = torch.tensor(data, requires_grad=True)
        expected = (leaf.sum(1) * 3).prod()
        value, g = run([y, *gg.gradients(y, x)], {x: data})
        assert value == float(expected.detach())
        np.testing.assert_allclose(g, torch.autograd.grad(expected, leaf)[0].numpy())


# -- nested ---------------------------------------------------------------------------------------------


def test_a_branch_in_a_loop(run, x):
    def body(i, y):
        return i + 1, gg.cond((i % 2).eq(0), lambda: y * x, lambda: torch.sin(y) + x)

    _, y = gg.while_loop(lambda i, y: i < 5, body, [0, x])

    def by_hand(x):
        y = x
        for i in range(5):
            y = y * x if i % 2 == 0 else torch.sin(y) + x
        return y

    assert numbers(run(orders_of(y, x, 3), {x: 0.8})) == pytest.approx(orders_by_hand(by_hand, 0.8, 3))


def test_a_loop_in_a_branch(run, x):
    y = gg.cond(x > 1.0, lambda: gg.while_loop(lambda y: y < 20.0, lambda y: y * x, [x]), lambda: x)
    assert numbers(run(orders_of(y, x, 3), {x: 3.0})) == [27.0, 27.0, 18.0, 6.0]
    assert numbers(run(orders_of(y, x, 2), {x: 0.5})) == [0.5, 1.0, 0.0]


def test_a_loop_in_a_loop(run, x):
    def body(i, y):
        _, z = gg.while_loop(lambda j, z: j <= i, lambda j, z: (j + 1, z * x + y), [0, y])
        return i + 1, z

    _, y = gg.while_loop(lambda i, y: i < 3, body, [0, x])

    def by_hand(x):
        y = x
        for i in range(3):
            z = y
            for _ in range(i + 1):
                z = z * x + y
            y = z
        return y

    assert numbers(run(orders_of(y, x, 3), {x: 0.6})) == pytest.approx(orders_by_hand(by_hand, 0.6, 3))


def test_gradients_inside_a_loop_are_differentiated_outside(run, x):
    def body(i, z):
        return i + 1, z - 0.1 * gg.gradients((z - x) ** 4, z)[0]

    _, z = gg.while_loop(lambda i, z: i < 5, body, [0, gg.zeros([], gg.float64)])

    def by_hand(x):
        z = torch.zeros([], dtype=torch.float64, requires_grad=True)
        for _ in range(5):
            z = z - 0.1 * torch.autograd.grad((z - x) ** 4, z, create_graph=True)[0]
        return z

    assert numbers(run(orders_of(z, x, 2), {x: 1.3})) == pytest.approx(orders_by_hand(by_hand, 1.3, 2))


def test_gradients_inside_a_loop_of_something_that_is_constant_in_the_run(run, x):
    constant = gg.stop_gradient(x)

    def body(i, y):
        z = gg.identity(constant)
        return i + 1, y * gg.gradients(torch.cos(z) * z, z)[0]

    _, y = gg.while_loop(lambda i, y: i < 2, body, [0, x])

    def by_hand(x):
        z = x.detach()
        return x * (torch.cos(z) - z * torch.sin(z)) ** 2

    assert numbers(run(orders_of(y, x, 1), {x: 0.4})) == pytest.approx(orders_by_hand(by_hand, 0.4, 1))


def test_gradients_inside_a_loop_with_respect_to_what_is_outside(run, x):
    v = gg.Variable(2.0, dtype=gg.float64)

    def body(i, y):
        gx, gv = gg.gradients(torch.sin(x * v) * y, [x, v])
        return i + 1, gx + gv

    _, y = gg.while_loop(lambda i, y: i < 2, body, [0, gg.ones([], gg.float64)])

    def by_hand(x):
        v = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
        y = torch.ones([], dtype=torch.float64)
        for _ in range(2):
            inner = x.detach().requires_grad_() if not x.requires_grad else x
            # in one round y is independent of x and v
            gx = torch.cos(inner * v) * v * y
            gv = torch.cos(inner * v) * inner * y
            y = gx + gv
        return y

    assert numbers(run(orders_of(y, x, 2), {x: 0.4})) == pytest.approx(orders_by_hand(by_hand, 0.4, 2))


def test_a_loop_variable_is_independent_of_everything_in_its_round(x):
    found = []

    def body(i, y):
        found.append(gg.gradients(y * 2.0, x))
        return i + 1, y * x

    gg.while_loop(lambda i, y: i < 2, body, [0, x])
    assert found == [[None]]


# -- state, randomness, order ---------------------------------------------------------------------------


def test_a_variable_that_the_body_updates(run):
    v = gg.Variable(1.0)

    def body(i, total):
        with gg.control_dependencies([v.assign_add(2.0)]):
            return i + 1, total + v.read_value()

    i, total = gg.while_loop(lambda i, total: i < 3, body, [0, 0.0])
    with gg.Session() as session:
        session.run(v.initializer)
        assert session.run([i, total]) == [3, 15.0]
        assert session.run(v) == 7.0


def test_an_update_two_levels_down():
    v = gg.Variable(1.0)

    def body(i):
        step = gg.cond(i > 1, lambda: v.assign_add(10.0), lambda: v.assign_add(1.0))
        with gg.control_dependencies([step]):
            return i + 1

    i = gg.while_loop(lambda i: i < 4, body, [0])
    with gg.Session() as session:
        session.run(v.initializer)
        assert session.run(i) == 4 and session.run(v) == 23.0


def test_training_inside_a_loop(run):
    v = gg.Variable(1.0)
    optimizer = gg.train.GradientDescentOptimizer(0.1)

    def body(i):
        with gg.control_dependencies([optimizer.minimize(v * v)]):
            return i + 1

    i = gg.while_loop(lambda i: i < 3, body, [0])
    with gg.control_dependencies([i]):
        after = v.read_value()
    assert numbers(run([i, after])) == pytest.approx([3.0, 0.8**3])


def test_running_statistics_in_a_loop():
    norm, eager = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3)
    x = gg.placeholder(gg.float32, [5, 3])
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, norm(y) * 2.0), [0, x])
    data = torch.randn(5, 3)
    with gg.Session(outputs="torch") as session:
        session.run(gg.global_variables_initializer())
        found = session.run(y, {x: data})
        state = session.state_dict(norm)
    expected = data
    for _ in range(3):
        expected = eager(expected) * 2.0
    torch.testing.assert_close(found, expected.detach())
    torch.testing.assert_close(state, eager.state_dict())


def test_every_round_draws_anew():
    _, y = gg.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, gg.concat([y, gg.random_normal([1])], 0)), [0, gg.zeros([0])],
        shape_invariants=[[], [None]],
    )  # fmt: skip
    with gg.Session() as session:
        drawn = np.concatenate([session.run(y), session.run(y)])
    assert len(set(drawn.tolist())) == 6


def test_draws_are_the_same_in_every_session_of_a_seeded_graph():
    gg.set_random_seed(3)
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y + gg.random_normal([])), [0, 0.0])
    found = []
    for _ in range(2):
        with gg.Session() as session:
            found.append([float(session.run(y)), float(session.run(y))])
    assert found[0] == found[1] and found[0][0] != found[0][1]


def test_a_loss_with_dropout_in_a_loop_and_its_gradient_are_of_one_draw():
    drop = torch.nn.Dropout(0.5)
    x = gg.ones([64])
    _, y = gg.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, drop(y)), [0, x])
    (g,) = gg.gradients(y, x)
    with gg.Session() as session:
        value, gradient = session.run([y, g])
    assert value.tolist() == gradient.tolist() and set(value.tolist()) == {0.0, 4.0}


def test_arguments_may_change_in_place(run):
    def body(i, a):
        a[0] += 1.0
        a.mul_(2.0)
        return i + 1, a

    start = gg.zeros([2])
    _, a = gg.while_loop(lambda i, a: i < 2, body, [0, start])
    found, first, g = run([a, start, *gg.gradients(a, start)])
    assert (found.tolist(), first.tolist(), g.tolist()) == ([6.0, 0.0], [0.0, 0.0], [4.0, 4.0])


def test_operations_outside_wait_for_a_loop():
    v = gg.Variable(1.0)

    def body(i):
        with gg.control_dependencies([v.assign_add(1.0)]):
            return i + 1

    i = gg.while_loop(lambda i: i < 3, body, [0])
    with gg.control_dependencies([i.op]):
        last = gg.constant(5.0) * 1.0
    with gg.Session() as session:
        session.run(v.initializer)
        session.run(last)
        assert session.run(v) == 4.0
        session.run([last, i])
        assert session.run(v) == 7.0


def test_names(x):
    with gg.name_scope("part"):
        i, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x], name="rounds")
    assert (i.name, y.name) == ("part/rounds:0", "part/rounds:1")
    assert gg.while_loop(lambda y: y < 3.0, lambda y: y + 1.0, [x]).op.name == "while"


# -- errors ---------------------------------------------------------------------------------------------


def test_cond_and_body_are_functions(x):
    with pytest.raises(TypeError, match="cond is 1, not a function"):
        gg.while_loop(1, lambda y: y, [x])
    with pytest.raises(TypeError, match="body is None, not a function"):
        gg.while_loop(lambda y: y > 0, None, [x])


@pytest.mark.parametrize("value", [0, -1, 1.5])
def test_parallel_iterations_is_a_positive_integer(x, value):
    with pytest.raises(TypeError, match="not a positive integer"):
        gg.while_loop(lambda y: y > 0, lambda y: y, [x], parallel_iterations=value)


@pytest.mark.parametrize("value", [1.5, "3", True])
def test_maximum_iterations_is_an_integer(x, value):
    with pytest.raises(TypeError, match="maximum_iterations is .*, not an integer"):
        gg.while_loop(lambda y: y > 0, lambda y: y, [x], maximum_iterations=value)


def test_a_loop_has_variables():
    with pytest.raises(ValueError, match="no loop variables"):
        gg.while_loop(lambda: True, lambda: [], [])


def test_the_condition_is_a_single_bool(x):
    with pytest.raises(TypeError, match=r"(?s)cond returned float64\[\], not a bool tensor.*test_loops\.py"):
        gg.while_loop(lambda y: y * 2.0, lambda y: y, [x])
    with pytest.raises(TypeError, match=r"cond returned \['tensor', 'tensor'\]"):
        gg.while_loop(lambda y: [y > 0, y > 0], lambda y: y, [x])
    with pytest.raises(ValueError, match=r"(?s)bool\[1\]: it has to be a single value.*test_loops\.py"):
        gg.while_loop(lambda y: gg.constant([True]), lambda y: y, [x])


def test_body_returns_as_many_of_the_same_dtypes_and_shapes(x):
    with pytest.raises(ValueError, match=r"body returned \['tensor', 'tensor'\] for the loop variables \['tensor'\]"):
        gg.while_loop(lambda y: y < 1, lambda y: (y, y), [x])
    with pytest.raises(ValueError, match=r"body returned \[None\]"):
        gg.while_loop(lambda y: y < 1, lambda y: None, [x])
    with pytest.raises(TypeError, match=r"(?s)loop variable 0 is float64\[\], body returned float32.*test_loops\.py"):
        gg.while_loop(lambda y: y < 1, lambda y: gg.cast(y, gg.float32), [x])
    with pytest.raises(ValueError, match=r"(?s)variable 0 has shape \[2\], body returned \[4\].*shape_invariants"):
        gg.while_loop(lambda y: gg.reduce_sum(y) < 9, lambda y: gg.concat([y, y], 0), [gg.ones([2])])
    with pytest.raises(TypeError, match="returned 'a', which is no tensor|can't be a tensor"):
        gg.while_loop(lambda y: y < 1, lambda y: "a", [x])


def test_invariants_fit(x):
    with pytest.raises(ValueError, match="2 shape invariants for 1 loop variables"):
        gg.while_loop(lambda y: y < 1, lambda y: y, [x], shape_invariants=[[], []])
    with pytest.raises(ValueError, match=r"starts with shape \[\], which is not its invariant \[3\]"):
        gg.while_loop(lambda y: y < 1, lambda y: y, [x], shape_invariants=[[3]])
    with pytest.raises(ValueError, match=r"has shape \[\?\], body returned \[\?, \?\]|body returned"):
        gg.while_loop(
            lambda y: gg.reduce_sum(y) < 9, lambda y: y.unsqueeze(0), [gg.ones([2])], shape_invariants=[[None]]
        )


def test_the_condition_assigns_nothing(x):
    v = gg.Variable(1.0)
    with pytest.raises(ValueError, match="cond assigns Variable"):
        gg.while_loop(lambda i: v.assign_add(1.0) < 3.0, lambda i: i + 1, [0])


def test_an_error_in_the_run_names_the_operation_in_the_body():
    a = gg.placeholder(gg.float64, [None, None])
    _, y = gg.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, torch.linalg.cholesky(y)), [0, a],
        shape_invariants=[[], [None, None]],
    )  # fmt: skip
    with gg.Session() as session, pytest.raises(gg.errors.InvalidArgumentError) as caught:
        session.run(y, {a: -np.eye(2)})
    assert caught.value.op.type == "LinalgCholesky" or "cholesky" in caught.value.op.name
    assert "test_loops.py" in str(caught.value) and "torch.linalg.cholesky(y)" in str(caught.value)


def test_ten_thousand_rounds(run):
    x = gg.placeholder(gg.float64, [])
    _, y = gg.while_loop(lambda i, y: i < 10_000, lambda i, y: (i + 1, y * x), [0, gg.ones([], gg.float64)])
    at = 1.0 + 1e-5
    assert run([y, *gg.gradients(y, x)], {x: at}) == pytest.approx([at**10_000, 10_000 * at**9_999])


def test_a_loop_over_symbolic_tensors_is_recorded_in_eager_mode_too(run, x):
    with gg.eager_execution():
        y = gg.while_loop(lambda y: y < 40.0, lambda y: y * y, [x])
    assert isinstance(y, gg.Tensor) and run(y, {x: 3.0}) == 81.0


# -- a loop variable that needs no node of its own in each round ---------------------------------------------


def test_a_gradient_inside_is_partial_in_the_first_round_too(run, x):
    u = x * 2.0  # depends on the first value of z, outside
    y = gg.while_loop(lambda i, z: i < 2, lambda i, z: (i + 1, gg.gradients(z * u, z)[0] * z), [0, x])[1]
    assert numbers(run(orders_of(y, x, 2), {x: 3.0})) == [4 * 27.0, 12 * 9.0, 24 * 3.0]


def test_a_gradient_inside_is_partial_where_a_round_returns_what_is_outside(run, x):
    u = x * 2.0

    def body(i, z):
        return i + 1, gg.cond(i < 1, lambda: x, lambda: gg.gradients(z * u, z)[0])

    y = gg.while_loop(lambda i, z: i < 2, body, [0, x * 5.0])[1]
    assert numbers(run(orders_of(y, x, 1), {x: 3.0})) == [6.0, 2.0]
    same = gg.while_loop(lambda i, z: i < 2, lambda i, z: (i + 1, x), [0, x * 5.0])[1]
    assert numbers(run(orders_of(same, x, 1), {x: 3.0})) == [3.0, 1.0]


def test_a_gradient_inside_is_partial_beside_another_loop_variable(run, x):
    def body(i, z, s):
        return i + 1, z + x, gg.gradients(z * s, z)[0] + z

    _, z, s = gg.while_loop(lambda i, z, s: i < 2, body, [0, x, x])
    # s: x, then x + x, then 2x + 2x
    assert numbers(run([z, s, *gg.gradients(s, x)], {x: 3.0})) == [9.0, 12.0, 4.0]


def test_the_program_hands_such_a_variable_on_as_it_is(x):
    y = gg.while_loop(lambda i, z: i < 2, lambda i, z: (i + 1, z - gg.gradients((z - x) ** 2, z)[0]), [0, x * 2.0])[1]
    with gg.Session() as sess:
        text = sess.source(gg.gradients(y, x), [x])
    assert "= begun(feeds[" in text and "handed(feeds[" not in text
