"""What changes variables, beside numpy."""

import types

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


@pytest.fixture
def rows(sess):
    v = gg.Variable(np.arange(12.0).reshape(4, 3))
    sess.run(v.initializer)
    return v


def test_assigns_give_the_new_value(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    assert sess.run(gg.assign(v, 5.0, validate_shape=True, use_locking=True)) == 5.0
    assert sess.run(gg.assign_add(v, 2.0, use_locking=False)) == 7.0
    assert sess.run(gg.assign_sub(v, 3.0)) == 4.0
    assert gg.assign(v, 1.0, name="set").name == "set:0"


def test_what_reads_an_assign_sees_its_value(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    doubled = gg.assign(v, 5.0) * 2
    assert sess.run([doubled, v * 2]) == [10.0, 2.0]


@pytest.mark.parametrize("indices", [[2, 0], [[1], [3]], 2], ids=str)
def test_scatter_update(sess, rows, indices):
    updates = np.random.rand(*np.shape(indices), 3)
    wanted = np.arange(12.0).reshape(4, 3)
    wanted[indices] = updates
    np.testing.assert_array_equal(sess.run(gg.scatter_update(rows, indices, updates)), wanted)
    np.testing.assert_array_equal(sess.run(rows), wanted)


@pytest.mark.parametrize(("name", "sign"), [("scatter_add", 1), ("scatter_sub", -1)])
def test_scatter_adds_up(sess, rows, name, sign):
    indices, updates = np.array([[1, 1], [0, 3]]), np.random.rand(2, 2, 3)
    wanted = np.arange(12.0).reshape(4, 3)
    np.add.at(wanted, indices, sign * updates)
    np.testing.assert_allclose(sess.run(getattr(gg, name)(rows, indices, updates)), wanted)


def test_a_scalar_for_all_rows(sess, rows):
    assert sess.run(gg.scatter_update(rows, [1, 2], 7.0))[1:3].tolist() == [[7.0] * 3] * 2


@pytest.mark.parametrize("name", ["scatter_update", "scatter_add", "scatter_sub"])
def test_scatter_methods_take_slices(sess, rows, name):
    slices = types.SimpleNamespace(indices=gg.constant([1]), values=gg.constant(np.ones((1, 3))))
    change = {"scatter_update": np.ones(3), "scatter_add": [4, 5, 6], "scatter_sub": [2, 3, 4]}[name]
    assert sess.run(getattr(rows, name)(slices))[1].tolist() == list(change)
    with pytest.raises(TypeError, match="sparse_delta"):
        getattr(rows, name)([1])


def test_scatters_in_order(sess, rows):
    first = gg.scatter_update(rows, [0], 1.0)
    with gg.control_dependencies([first]):
        second = gg.scatter_update(rows, [1], 2.0)
    assert sess.run(second)[:2].tolist() == [[1.0] * 3, [2.0] * 3]


def test_count_up_to(sess):
    v = gg.Variable(0)
    n = v.count_up_to(3)
    assert n.op.name == "CountUpTo"
    sess.run(v.initializer)
    assert [sess.run(n) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(gg.errors.OpError, match="reached limit of 3"):
        sess.run(n)
    assert sess.run(v) == 3


@pytest.mark.parametrize("initial", [0.0, [0]], ids=str)
def test_what_cannot_count(initial):
    with pytest.raises(ValueError, match="scalar of integers"):
        gg.count_up_to(gg.Variable(initial), 3)


def test_load(sess):
    v = gg.Variable(gg.random_normal([2]))
    operations = len(gg.get_default_graph())
    v.load([3.0, 4.0])
    v.load([5.0, 6.0], sess)
    assert sess.run(v).tolist() == [5, 6]
    assert len(gg.get_default_graph()) == operations
    with pytest.raises(ValueError, match="shape"):
        v.load([1.0])


def test_load_a_parameter(sess):
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    y = gg.ones([1]) * weight
    (v,) = gg.global_variables()
    v.load([2.0])
    operations = len(gg.get_default_graph())
    v.load([3.0])
    assert (sess.run(y).tolist(), len(gg.get_default_graph())) == ([3.0], operations)


def test_load_needs_a_session():
    with pytest.raises(ValueError, match="no default session to load Variable:0"):
        gg.Variable(1.0).load(2.0)


def test_a_variable_that_starts_where_another_starts(sess):
    a = gg.Variable(gg.random_normal([3]))
    b = gg.Variable(a.initialized_value() * 2)
    sess.run(gg.global_variables_initializer())
    first, second = sess.run([a, b])
    np.testing.assert_allclose(second, 2 * first)


def test_the_initialized_value_of_a_parameter(run):
    y = gg.ones([1]) * torch.nn.Parameter(torch.tensor([4.0]))
    (v,) = gg.global_variables()
    assert run([v.initialized_value(), y])[0].tolist() == [4.0]


def test_a_constraint_is_remembered():
    assert gg.Variable(1.0, constraint=gg.abs).constraint is gg.abs
    assert gg.Variable(1.0).constraint is None
