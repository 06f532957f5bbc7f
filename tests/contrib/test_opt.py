"""Minimisation by scipy, beside what scipy and algebra find without a graph."""

import numpy as np
import pytest

import graphgrad as gg

scipy = pytest.importorskip("scipy.optimize")
Scipy = gg.contrib.opt.ScipyOptimizerInterface


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


def minimized(sess, optimizer, variables, **options):
    sess.run(gg.global_variables_initializer())
    optimizer.minimize(sess, **options)
    return sess.run(variables)


def rosenbrock(v):
    return gg.reduce_sum(100.0 * gg.square(v[1:] - gg.square(v[:-1])) + gg.square(1.0 - v[:-1]))


def test_rosenbrock_as_scipy_does_it(sess):
    v = gg.Variable(np.zeros(4), name="v")
    steps = []
    optimizer = Scipy(rosenbrock(v), options={"maxiter": 20})
    found = minimized(sess, optimizer, v, step_callback=lambda x: steps.append(x.copy()))
    seen = []
    wanted = scipy.minimize(
        scipy.rosen, np.zeros(4), jac=scipy.rosen_der, method="L-BFGS-B", options={"maxiter": 20},
        callback=lambda x: seen.append(x.copy()),
    )  # fmt: skip
    np.testing.assert_allclose(found, wanted.x, atol=1e-7)
    np.testing.assert_allclose(steps, seen, atol=1e-7)


@pytest.mark.parametrize("method", ["CG", "BFGS", "TNC", "SLSQP"])
def test_another_method(sess, method):
    v = gg.Variable(np.zeros(2))
    np.testing.assert_allclose(minimized(sess, Scipy(rosenbrock(v), method=method), v), [1, 1], atol=1e-3)


def test_several_variables_of_any_shape(sess):
    a, b, c = gg.Variable(np.zeros((2, 3))), gg.Variable(np.float64(5.0)), gg.Variable(np.ones(2))
    goal = np.arange(6.0).reshape(2, 3)
    loss = gg.reduce_sum(gg.square(a - goal)) + gg.square(b - 3.0)
    found = minimized(sess, Scipy(loss, var_list=[a, b]), [a, b, c])
    np.testing.assert_allclose(found[0], goal, atol=1e-6)
    assert found[1] == pytest.approx(3.0) and found[2].tolist() == [1, 1]


def test_a_variable_that_the_loss_does_not_depend_on(sess):
    a, b = gg.Variable(np.zeros(2)), gg.Variable(np.ones(2))
    found = minimized(sess, Scipy(gg.reduce_sum(gg.square(a - 2.0))), [a, b])
    np.testing.assert_allclose(found, [[2, 2], [1, 1]], atol=1e-6)


def test_float32(sess):
    v = gg.Variable([7.0, 7.0])
    found = minimized(sess, Scipy(gg.reduce_sum(gg.square(v - [1.0, 2.0]))), v)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [1, 2], atol=1e-4)


def test_feeds_fetches_and_callbacks(sess):
    v, goal = gg.Variable(np.zeros(2)), gg.placeholder(gg.float64, [2])
    loss = gg.reduce_sum(gg.square(v - goal))
    seen = []
    optimizer = Scipy(loss)
    found = minimized(
        sess, optimizer, v, feed_dict={goal: [3.0, 4.0]}, fetches=[loss, v], loss_callback=lambda *got: seen.append(got)
    )
    np.testing.assert_allclose(found, [3, 4], atol=1e-6)
    assert seen[0][0] == 25.0 and seen[0][1].tolist() == [0, 0]
    assert seen[-1][0] == pytest.approx(0.0, abs=1e-10)
    np.testing.assert_allclose([got[0] for got in seen], [np.square(got[1] - [3, 4]).sum() for got in seen])


def test_the_sessions_variables_change_at_the_end_only(sess):
    v = gg.Variable(np.zeros(2))
    during = []
    loss = gg.reduce_sum(gg.square(v - 1.0))
    minimized(sess, Scipy(loss), v, step_callback=lambda _: during.append(sess.run(v).tolist()))
    assert during and all(each == [0, 0] for each in during)
    np.testing.assert_allclose(sess.run(v), [1, 1], atol=1e-6)


def test_bounds(sess):
    v = gg.Variable(np.array([5.0, 5.0]))
    optimizer = Scipy(gg.reduce_sum(gg.square(v)), var_to_bounds={v: ([1.0, 2.0], np.inf)})
    np.testing.assert_allclose(minimized(sess, optimizer, v), [1, 2])
    optimizer = Scipy(gg.reduce_sum(gg.square(v - 9.0)), var_to_bounds={v: (None, 3.0)})
    np.testing.assert_allclose(minimized(sess, optimizer, v), [3, 3])


def test_constraints(sess):
    v = gg.Variable(np.array([1.0, 3.0]))
    optimizer = Scipy(
        gg.reduce_sum(gg.square(v)), equalities=[gg.reduce_sum(v) - 2.0], inequalities=[v[0] - 1.5], method="SLSQP"
    )
    np.testing.assert_allclose(minimized(sess, optimizer, v), [1.5, 0.5], atol=1e-6)


def test_reads_that_waited_are_fed_too(sess):
    v = gg.Variable(np.zeros(2))
    with gg.control_dependencies([gg.no_op()]):
        loss = gg.reduce_sum(gg.square(v - 1.0))
    np.testing.assert_allclose(minimized(sess, Scipy(loss, var_list=[v]), v), [1, 1], atol=1e-6)


def test_the_default_session():
    v = gg.Variable(np.zeros(1))
    optimizer = Scipy(gg.reduce_sum(gg.square(v - 1.0)))
    with pytest.raises(ValueError, match="no default session"):
        optimizer.minimize()
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        optimizer.minimize()
        assert session.run(v) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"bounds": [(0, 1)]}, "var_to_bounds"), ({"jac": True}, "jac: set by"), ({"callback": 1}, "callback: set by")],
    ids=str,
)
def test_arguments_of_the_interface(sess, options, says):
    v = gg.Variable(np.zeros(1))
    with pytest.raises(ValueError, match=says):
        minimized(sess, Scipy(gg.reduce_sum(gg.square(v)), **options), v)


def test_what_cannot_be():
    v, w = gg.Variable(np.zeros(1)), gg.Variable(np.zeros(1), trainable=False)
    with pytest.raises(ValueError, match="not among the variables"):
        Scipy(gg.reduce_sum(v), var_to_bounds={w: (0, 1)})
    with pytest.raises(ValueError, match="no gradient reaches"):
        Scipy(gg.reduce_sum(w))
    with gg.Graph().as_default(), pytest.raises(ValueError, match="no variables to optimize"):
        Scipy(gg.constant(1.0))


def test_a_program_of_ones_own(sess):
    class Descent(gg.contrib.opt.ExternalOptimizerInterface):
        def _minimize(self, initial_val, loss_grad_func, optimizer_kwargs, **_):
            packed = initial_val
            for _step in range(optimizer_kwargs["steps"]):
                packed = packed - 0.25 * loss_grad_func(packed)[1]
            return packed

    v = gg.Variable(np.zeros(2))
    found = minimized(sess, Descent(gg.reduce_sum(gg.square(v - 1.0)), steps=3), v)
    np.testing.assert_allclose(found, [0.875, 0.875])
    with pytest.raises(NotImplementedError):
        minimized(sess, gg.contrib.opt.ExternalOptimizerInterface(gg.reduce_sum(v)), v)
