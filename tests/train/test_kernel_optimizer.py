"""Optimizers whose rule is one operation for all variables."""

import numpy as np
import pytest

import graphgrad as gg


def update_ops(kind):
    return [op for op in gg.get_default_graph().get_operations() if op.type == kind]


def test_one_operation_updates_all_variables_of_a_dtype():
    variables = [gg.Variable(np.ones(size, dtype)) for size in (1, 2, 3) for dtype in ("float32", "float64")]
    loss = gg.add_n([gg.reduce_sum(gg.cast(variable, gg.float64)) for variable in variables])
    gg.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    assert [len(op.outputs) for op in update_ops("ApplyMomentum")] == [6, 6]


def test_the_operation_of_an_update_is_named_after_its_variable():
    with gg.name_scope("layer"):
        w = gg.Variable(1.0, name="w")
    gg.train.MomentumOptimizer(0.1, 0.9).minimize(w * 2)
    assigns = [op.name for op in update_ops("Assign") if op.name.startswith("Momentum/")]
    assert assigns == ["Momentum/update_layer/w", "Momentum/update_layer/w/Momentum"]


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,), (3, 4)], ids=str)
@pytest.mark.parametrize("make", [gg.train.AdamOptimizer, gg.train.RMSPropOptimizer, gg.train.AdagradOptimizer])
def test_variables_of_any_shape(make, shape):
    w = gg.Variable(np.ones(shape))
    step = make(0.5).minimize(gg.reduce_sum(w))
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(step)
        value = sess.run(w)
    assert value.shape == shape and (value < 1).all()


def test_variables_of_one_shape_have_slots_of_their_own():
    a, b = gg.Variable([1.0, 1.0]), gg.Variable([1.0, 1.0])
    optimizer = gg.train.MomentumOptimizer(1.0, 0.5)
    steps = [optimizer.minimize(loss, var_list=[var]) for loss, var in ((gg.reduce_sum(a), a), (gg.reduce_sum(b), b))]
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        for step in (steps[0], steps[0], steps[1]):
            sess.run(step)
        assert [value.tolist() for value in sess.run([a, b])] == [[-1.5, -1.5], [0, 0]]
        slots = sess.run([optimizer.get_slot(var, "momentum") for var in (a, b)])
    assert [slot.tolist() for slot in slots] == [[1.5, 1.5], [1, 1]]


def test_gradients_in_any_order_of_memory():
    """The gradient of a transposed use is transposed, too; kernels that go by address must not be misled."""
    data = np.arange(6.0).reshape(3, 2)
    ends = []
    for transposed in (False, True):
        w = gg.Variable(np.ones((2, 3)))
        used = w.T if transposed else w
        other = gg.constant(data if transposed else data.T)
        step = gg.train.MomentumOptimizer(1.0, 0.5).minimize(gg.reduce_sum(used * other))
        with gg.Session() as sess:
            sess.run(gg.global_variables_initializer())
            sess.run(step)
            ends.append(sess.run(w))
    np.testing.assert_array_equal(ends[0], 1 - data.T)
    np.testing.assert_array_equal(ends[1], 1 - data.T)


def test_a_gradient_that_a_broadcast_made():
    w = gg.Variable(np.ones((2, 3)))
    step = gg.train.AdagradOptimizer(1.0, 3.0).minimize(gg.reduce_sum(w))
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(step)
        np.testing.assert_allclose(sess.run(w), np.full((2, 3), 0.5))


def test_what_is_fetched_beside_a_step_is_from_before_it():
    w = gg.Variable([1.0, 2.0])
    optimizer = gg.train.AdamOptimizer(0.5)
    pairs = optimizer.compute_gradients(gg.reduce_sum(w * w))
    step = optimizer.apply_gradients(pairs)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        value, gradient, _ = sess.run([w, pairs[0][0], step])
        assert (value.tolist(), gradient.tolist()) == ([1, 2], [2, 4])
        assert sess.run(w).tolist() == pytest.approx([0.5, 1.5])


def test_a_read_that_waits_for_the_step_sees_the_new_values():
    w = gg.Variable([1.0])
    optimizer = gg.train.MomentumOptimizer(1.0, 0.5)
    step = optimizer.minimize(gg.reduce_sum(w * 3))
    with gg.control_dependencies([step]):
        after = [w.read_value(), optimizer.get_slot(w, "momentum").read_value()]
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        assert [value.tolist() for value in sess.run(after)] == [[-2], [3]]


def test_a_step_that_waits_for_an_assignment_starts_from_it():
    w = gg.Variable([1.0])
    set_w = w.assign([10.0])
    with gg.control_dependencies([set_w]):
        step = gg.train.MomentumOptimizer(1.0, 0.5).apply_gradients([(gg.constant([2.0]), w)])
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(step)
        assert sess.run(w).tolist() == [8]


def test_a_step_that_fails_changes_nothing():
    w = gg.Variable([1.0, 2.0])
    gradient = gg.placeholder(gg.float32)
    optimizer = gg.train.MomentumOptimizer(1.0, 0.5)
    step = optimizer.apply_gradients([(gradient, w)])
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        with pytest.raises(gg.errors.InvalidArgumentError, match=r"gradient of shape \[3\] for a variable of \[2\]"):
            sess.run(step, {gradient: [1, 2, 3]})
        assert sess.run(w).tolist() == [1, 2]
        sess.run(step, {gradient: [1, 2]})
        assert sess.run([w, optimizer.get_slot(w, "momentum")])[0].tolist() == [0, 0]


def test_a_rate_that_is_a_variable():
    w, rate = gg.Variable(1.0), gg.Variable(0.5, trainable=False)
    step = gg.train.MomentumOptimizer(rate, 0.0).minimize(w * 2)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(step)
        sess.run(rate.assign(0.25).op)
        sess.run(step)
        assert sess.run(w) == -0.5


# -- in place -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beside", ["", "variable", "loss"])
def test_a_step_changes_variables_in_place(beside: str) -> None:
    w = gg.Variable([1.0, 2.0], name="w")
    step = gg.train.AdamOptimizer(0.5).minimize(gg.reduce_sum(w * w))
    extra = {"": [], "variable": [w], "loss": [w * w, w.reshape(2, 1)]}[beside]
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert "apply_adam.in_place(" in session.source([step, *extra])
        got = session.run([step, *extra])[1:]
        wanted = {"": [], "variable": [[1, 2]], "loss": [[1, 4], [[1], [2]]]}[beside]
        assert [each.tolist() for each in got] == wanted  # from before the step
        np.testing.assert_allclose(session.run(w), [0.5, 1.5], rtol=1e-5)


def test_a_step_whose_result_is_read_makes_new_tensors() -> None:
    w = gg.Variable([1.0, 2.0], name="w")
    step = gg.train.AdamOptimizer(0.5).minimize(gg.reduce_sum(w * w))
    with gg.control_dependencies([step]):
        after = w.read_value()
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert "in_place" not in session.source([step, after])
        new, old = session.run([after, w])
        np.testing.assert_allclose(new, [0.5, 1.5], rtol=1e-5)
        assert old.tolist() == [1, 2]


def test_a_rate_that_the_run_changes_is_read_before() -> None:
    rate, w = gg.Variable(0.5, name="rate"), gg.Variable([1.0, 2.0], name="w")
    step = gg.train.MomentumOptimizer(rate, 0.5).minimize(gg.reduce_sum(w * w), var_list=[w])
    more = rate.assign_add(1.0)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert "in_place" in session.source(step) and "in_place" not in session.source([step, more.op])
        session.run([step, more.op])
        assert session.run(w).tolist() == [0, 0] and session.run(rate) == 1.5


def test_two_optimizers_of_one_variable_make_new_tensors() -> None:
    w = gg.Variable([1.0, 2.0], name="w")
    loss = gg.reduce_sum(w * w)
    steps = [gg.train.MomentumOptimizer(rate, 0.5).minimize(loss) for rate in (0.25, 0.125)]
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert "in_place" not in session.source(steps)
        session.run(steps)
        assert session.run(w).tolist() == [0.75, 1.5]


def test_a_watched_step_gives_the_same_numbers() -> None:
    w = gg.Variable([1.0, 2.0], name="w")
    step = gg.train.AdamOptimizer(0.5).minimize(gg.reduce_sum(w * w))
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        session.run(step, watch=gg.watch.NaN())
        np.testing.assert_allclose(session.run(w), [0.5, 1.5], rtol=1e-5)
        session.run(step, watch=gg.watch.Profile())
