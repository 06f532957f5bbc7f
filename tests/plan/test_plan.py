"""The plan of a run: what runs, what is on the tape, what is donated, copied and shared."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.graph.operation import Operation
from graphgrad.plan.plan import plan


def planned(fetches, feeds=()):
    """The plan of some tensors and operations."""
    values = dict.fromkeys(each._value for each in fetches if not isinstance(each, Operation))
    operations = [each for each in fetches if isinstance(each, Operation)]
    return plan(tuple(values), operations, tuple(each._value for each in feeds))


def ran(found):
    return [step.op.name for step in found.steps]


def step_of(found, name):
    return next(step for step in found.steps if step.op.name == name)


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2], name="x")


@pytest.fixture
def v():
    return gg.Variable([1.0, 2.0], name="v")


# -- pruning --------------------------------------------------------------------------------------------


def test_only_what_the_fetches_need_in_creation_order(x):
    a = gg.exp(x, name="a")
    gg.sin(a, name="unused")
    b = gg.add(a, a, name="b")
    assert ran(planned([b], [x])) == ["a", "b"]


def test_a_fed_tensor_cuts_what_is_above_it(x):
    a = gg.exp(x, name="a")
    b = gg.sin(a, name="b")
    found = planned([b], [a])
    assert ran(found) == ["b"] and found.feeds == (a._value,)


def test_nothing_runs_for_nothing(x):
    assert ran(planned([])) == [] and ran(planned([x], [x])) == []


def test_control_dependencies_run(x):
    first = gg.exp(x, name="first")
    with gg.control_dependencies([first]):
        y = gg.sin(x, name="y")
    assert ran(planned([y], [x])) == ["first", "y"]
    assert ran(planned([gg.group(y)], [x]))[:2] == ["first", "y"]


# -- the tape -------------------------------------------------------------------------------------------


def test_a_run_without_gradients_has_no_tape(x):
    found = planned([gg.exp(x)], [x])
    assert [step.tape for step in found.steps] == [None] and found.sweeps == {} and found.roots == frozenset()


def test_only_the_path_is_on_the_tape(x):
    h = gg.exp(x, name="h")
    (g,) = gg.gradients(gg.multiply(h, 2.0, name="y"), x)
    after = gg.sin(h, name="after")
    found = planned([g, after], [x])
    assert (step_of(found, "h").tape, step_of(found, "y").tape) == (True, True)
    assert step_of(found, "after").tape is False
    assert found.roots == {x._value}


def test_the_tape_starts_at_the_x_and_not_above_it(x):
    h = gg.exp(x, name="h")
    y = gg.sin(h, name="y")
    found = planned(gg.gradients(y, h), [x])
    assert step_of(found, "h").tape is None and step_of(found, "h").roots == (0,)
    assert step_of(found, "y").tape is True


def test_a_sweep_per_call(x):
    y = gg.exp(x)
    first, second = gg.gradients(y, x) + gg.gradients(y * 2.0, x)
    found = planned([first, second], [x])
    one, other = (found.sweeps[g.op] for g in (first, second))
    assert (one.number, other.number) == (0, 1)
    assert (one.retain, other.retain) == (True, False) and not one.create and not other.create


def test_a_gradient_that_is_differentiated_again_creates_a_graph(x):
    (g,) = gg.gradients(gg.exp(x), x)
    (second,) = gg.gradients(g, x)
    found = planned([second], [x])
    assert found.sweeps[g.op].create and not found.sweeps[second.op].create


def test_a_gradient_that_is_not_asked_for_is_not_computed(x):
    w = gg.placeholder(gg.float32, [2], name="w")
    by_x, by_w = gg.gradients(gg.multiply(x, w, name="y"), [x, w])
    found = planned([by_w], [x, w])
    assert found.sweeps[by_w.op].outputs == (1,) and found.roots == {w._value}
    assert planned([by_x, by_w], [x, w]).sweeps[by_x.op].outputs == (0, 1)


def test_stops_are_gates_of_their_call(x):
    h = gg.exp(x, name="h")
    y = h * x
    free, stopped = gg.gradients(y, x) + gg.gradients(y, x, stop_gradients=[h])
    found = planned([free, stopped], [x])
    assert step_of(found, "h").gates == {0: (found.sweeps[stopped.op].number,)}
    assert step_of(planned([stopped], [x]), "h").gates in ({}, {0: (0,)})


def test_an_output_whose_identity_matters_owns_its_node(x):
    same = gg.identity(x, name="same")
    y = gg.exp(x, name="y") * same
    found = planned(gg.gradients(y, [x, same]), [x])
    assert step_of(found, "same").own == (0,)
    assert step_of(found, "y").own == ()


def test_a_fed_value_that_a_gradient_passes_still_runs(x):
    h = gg.exp(x, name="h")
    (g,) = gg.gradients(h * 3.0, x)
    assert step_of(planned([g], [x, h]), "h").fed == {0: 1}
    assert "h" not in ran(planned([h * 3.0], [x, h]))


def test_attention_is_by_its_formula_only_where_it_is_differentiated_twice():
    q = gg.placeholder(gg.float32, [1, 1, 3, 4])
    y = torch.nn.functional.scaled_dot_product_attention(q, q, q)
    (g,) = gg.gradients(y, q)
    assert step_of(planned([g], [q]), y.op.name).math is False
    assert step_of(planned(gg.gradients(g, q), [q]), y.op.name).math is True


@pytest.mark.parametrize("method", [1, 2])
def test_a_tensor_read_often_is_fanned_out_for_another_summing_order(x, method):
    h = gg.exp(x, name="h")
    y = gg.add_n([h * float(n) for n in range(4)])
    found = planned(gg.gradients(y, x, aggregation_method=method), [x])
    assert step_of(found, "h").fans == {0: 4} and sorted(found.aliases.values()) == [0, 1, 2, 3]
    assert planned(gg.gradients(y, x), [x]).aliases == {}


# -- variables ------------------------------------------------------------------------------------------


def updates(found):
    return [(update.op.name, update.donated) for update in found.updates]


def test_an_update_is_donated_where_nobody_reads_the_new_value(v):
    assert updates(planned([v.assign_add([1.0, 1.0], name="u").op])) == [("u", True)]
    assert updates(planned([v.assign([1.0, 1.0], name="s").op])) == [("s", False)]


def test_reading_the_old_value_does_not_hinder_a_donation(v):
    update = v.assign_sub(v * 0.1, name="u").op
    assert updates(planned([update, v * 2.0])) == [("u", True)]


NOT_DONATED = {
    "it is fetched": lambda v, u: [u],
    "it is read": lambda v, u: [u.op, gg.exp(u)],
    "a later read sees it": lambda v, u: [u.op, after(v, u)],
    "another assign follows": lambda v, u: [u.op, v.assign([0.0, 0.0]).op],
}


def after(v, u):
    with gg.control_dependencies([u]):
        return v.read_value() * 1.0


@pytest.mark.parametrize("why", NOT_DONATED)
def test_an_update_is_not_donated_where_somebody_reads_it(v, why):
    update = v.assign_add([1.0, 1.0])
    assert not any(donated for _, donated in updates(planned(NOT_DONATED[why](v, update))))


def test_a_fetched_old_value_is_copied_before_a_donated_update(v):
    with gg.Session() as session:
        session.run(v.initializer)
        fetches = [v, gg.reshape(v, [2, 1]), v.assign_add([1.0, 1.0]).op]
        found = planned(fetches)
        assert updates(found)[0][1] and found.cloned == {0, 1}
        before, view, _ = session.run(fetches)
    assert before.tolist() == view.ravel().tolist() == [1, 2]


def test_what_a_read_sees_is_the_last_assign_it_waits_for(v):
    first = v.assign_add([1.0, 1.0])
    with gg.control_dependencies([first]):
        second = v.assign_add([1.0, 1.0])
    with gg.control_dependencies([second]):
        read = v.read_value()
    found = planned([read])
    assert found.versions[read.op] is second.op and found.versions[second.op] is first.op
    assert v.op not in found.versions


def test_the_states_that_a_run_reads(v):
    w = gg.Variable([0.0, 0.0])
    assert planned([v * 2.0]).states == (v.state,)
    assert planned([w.assign(v)]).states == (v.state,)
    assert planned([w.assign_add(v).op]).states == (v.state, w.state)
    assert planned([w.initializer]).states == ()


def test_a_value_that_shares_memory_is_copied_into_state(x, v):
    w = gg.Variable([0.0, 0.0])

    def copied(value):
        return planned([v.assign(value).op], [x]).updates[0].copied

    assert copied(x) and copied(w) and copied(gg.reshape(x, [2])) and copied(gg.constant([1.0, 1.0]))
    assert not copied(x * 2.0)
    fresh = x * 2.0
    both = planned([v.assign(fresh).op, w.assign(fresh).op], [x])
    assert [update.copied for update in both.updates] == [False, True]


# -- what is shared -------------------------------------------------------------------------------------


def test_fetches_that_may_share_memory(x, v):
    fresh = x * 2.0
    assert planned([fresh], [x]).shared == ()
    assert (
        planned([x], [x]).shared == (0,) and planned([v]).shared == (0,) and planned([gg.constant(1.0)]).shared == (0,)
    )
    assert planned([fresh, fresh[:1]], [x]).shared == (0, 1)
    assert planned(gg.gradients(x * x, x), [x]).shared == (0,)


def test_whether_a_run_is_random(x):
    assert planned([gg.random_normal([2])]).random and not planned([gg.exp(x)], [x]).random


def test_equal_plans_give_equal_numbers(x, run):
    h = gg.sin(x) * gg.sin(x)
    np.testing.assert_allclose(run(h, {x: [1, 2]}), np.sin([1, 2]) ** 2, rtol=1e-6)


# -- updates of one run see the values from before it ---------------------------------------------------


@pytest.fixture
def w():
    return gg.Variable([10.0, 20.0], name="w")


TOGETHER = {
    "adds": (lambda v, w: [v.assign_add(w), w.assign_add(v)], [11, 22], [11, 22]),
    "a swap": (lambda v, w: [v.assign(w), w.assign(v)], [10, 20], [1, 2]),
    "set and add": (lambda v, w: [v.assign(w), w.assign_add(v)], [10, 20], [11, 22]),
    "add and set": (lambda v, w: [w.assign_add(v), v.assign(w)], [10, 20], [11, 22]),
    "through a view": (lambda v, w: [v.assign_add(gg.reshape(w, [2])), w.assign_sub(v[:])], [11, 22], [9, 18]),
    "through identity": (
        lambda v, w: [v.assign_sub(gg.identity(w)), w.assign_sub(gg.identity(v))],
        [-9, -18],
        [9, 18],
    ),
    "through a gradient": (
        lambda v, w: [v.assign_add(gg.gradients(w, w, grad_ys=w)[0]), w.assign_add(gg.gradients(v, v, grad_ys=v)[0])],
        [11, 22],
        [11, 22],
    ),
    "its own reverse": (lambda v, w: [v.assign_add(torch.flip(v, [0])), w.assign_add(w)], [3, 3], [20, 40]),
}


@pytest.mark.parametrize("fetched", ["operations", "values"])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("name", TOGETHER)
def test_updates_of_one_run_read_the_values_from_before_it(v, w, name, order, fetched):
    make, wanted_v, wanted_w = TOGETHER[name]
    changes = make(v, w)[::order]
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        session.run([change.op for change in changes] if fetched == "operations" else changes)
        assert [each.tolist() for each in session.run([v, w])] == [wanted_v, wanted_w]


def test_an_update_by_a_view_of_the_variable_itself():
    m = gg.Variable([[1.0, 2.0], [3.0, 4.0]])
    with gg.Session() as session:
        session.run(m.initializer)
        session.run(m.assign_add(gg.transpose(m)).op)
        assert session.run(m).tolist() == [[2, 5], [5, 8]]
        session.run(m.assign_sub(m[:1, :1].expand(2, 2)).op)
        assert session.run(m).tolist() == [[0, 3], [3, 6]]
