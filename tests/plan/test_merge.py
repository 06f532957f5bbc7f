"""Common subexpressions: what is computed once, and what never is merged."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.plan.merge import merge


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2], name="x")


def merged(tape=(), identity=()):
    """New value's name -> the name of the older one that stands for it."""
    operations = gg.get_default_graph().get_operations()
    same = merge(operations, {t.op for t in tape}, {t._value for t in identity})
    return {value.name: older.name for value, older in same.items()}


def test_equal_operations_are_computed_once(x):
    gg.sin(x, name="a"), gg.sin(x, name="b"), gg.cos(x, name="c")
    assert merged() == {"b:0": "a:0"}


def test_operations_on_equal_operations_are_equal(x):
    gg.exp(gg.sin(x, name="a"), name="c"), gg.exp(gg.sin(x, name="b"), name="d")
    assert merged() == {"b:0": "a:0", "d:0": "c:0"}


def test_all_outputs_are_merged(x):
    gg.unstack(x, name="a"), gg.unstack(x, name="b")
    assert merged() == {"b:0": "a:0", "b:1": "a:1"}


DIFFERENT = {
    "numbers": lambda x: (x * 2.0, x * 3.0),
    "signs of zero": lambda x: (torch.copysign(x, 0.0), torch.copysign(x, -0.0)),
    "int and float": lambda x: (torch.full_like(x, 1), torch.full_like(x, 1.0)),
    "True and 1": lambda x: (torch.full_like(x, True), torch.full_like(x, 1)),
    "order": lambda x: (x - torch.sin(x), torch.sin(x) - x),
    "options": lambda x: (x.sum(0, keepdim=True), x.sum(0, keepdim=False)),
    "slices": lambda x: (x[1:], x[:1]),
    "lists and tuples": lambda x: (x[[0, 1]], x[0:2]),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_operations_are_not_merged(x, run, name):
    one, other = DIFFERENT[name](x)
    found = merged()
    assert found.get(other.name) != one.name


def test_arguments_that_are_equal_lists_are_equal(x):
    gg.transpose(gg.reshape(x, [1, 2]), [1, 0], name="a"), gg.transpose(gg.reshape(x, [1, 2]), [1, 0], name="b")
    assert merged()["b:0"] == "a:0"


def test_nan_arguments_are_equal(x):
    torch.nan_to_num(x, nan=float("nan")), torch.nan_to_num(x, nan=float("nan"))
    assert merged() == {"nan_to_num_1:0": "nan_to_num:0"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: gg.random_normal([2]),
        lambda: gg.random_uniform([2]),
        lambda: gg.truncated_normal([2]),
        lambda: gg.nn.dropout(gg.get_default_graph().get_tensor_by_name("x:0"), 0.5),
        lambda: torch.rand_like(gg.get_default_graph().get_tensor_by_name("x:0")),
    ],
    ids=["normal", "uniform", "truncated", "dropout", "rand_like"],
)
def test_random_operations_are_never_merged(x, run, make):
    one, other = make(), make()
    assert other.name not in merged()
    found = run([gg.tile(one, [50]), gg.tile(other, [50])], {x: np.ones(2)})
    if "dropout" not in one.op.type.lower():
        assert found[0].tolist() != found[1].tolist()


def test_state_and_constants_are_not_merged():
    v = gg.Variable(1.0)
    v.read_value(), gg.constant(1.0), gg.constant(1.0), v.assign_add(1.0), v.assign_add(1.0)
    assert merged() == {}


def test_an_operation_that_waits_for_something_is_not_merged(x):
    gg.sin(x, name="a")
    with gg.control_dependencies([gg.no_op()]):
        gg.sin(x, name="b")
    assert merged() == {}


def test_another_device_is_another_operation(x):
    gg.sin(x, name="a")
    with gg.device("cpu"):
        gg.sin(x, name="b")
    assert merged() == {}


def test_modes_make_a_difference(x):
    gg.sin(x, name="a")
    with torch.no_grad():
        gg.sin(x, name="b")
    assert merged() == {}


def test_the_tape_and_named_values_are_left_alone(x):
    a, b = gg.sin(x, name="a"), gg.sin(x, name="b")
    assert merged(tape=[b]) == {} and merged(identity=[b]) == {}
    assert merged(identity=[a]) == {} and merged(tape=[a]) == {}


# -- through a session ----------------------------------------------------------------------------------


def test_an_x_is_not_taken_for_its_twin(x, run):
    a, b = gg.sin(x), gg.sin(x)
    by_a, by_b = gg.gradients(a * b * b, [a, b])
    found = run([by_a, by_b, a], {x: [1, 2]})
    np.testing.assert_allclose(found[0], np.sin([1, 2]) ** 2, rtol=1e-6)
    np.testing.assert_allclose(found[1], 2 * np.sin([1, 2]) ** 2, rtol=1e-6)


def test_the_gradient_of_a_product_of_twins_is_the_other_twin(x, run):
    a, b = gg.sin(x), gg.sin(x)
    (g,) = gg.gradients(a * b, a)
    np.testing.assert_allclose(run(g, {x: [1, 2]}), np.sin([1, 2]), rtol=1e-6)


def test_a_stop_is_not_taken_for_its_twin(x, run):
    a, b = gg.sin(x), gg.sin(x)
    (g,) = gg.gradients(a + b, x, stop_gradients=[a])
    np.testing.assert_allclose(run(g, {x: [1, 2]}), np.cos([1, 2]), rtol=1e-6)


def test_a_fed_tensor_is_not_taken_for_its_twin(x, run):
    a, b = gg.sin(x), gg.sin(x)
    found = run([a, b], {x: [0, 0], a: [5, 5]})
    assert [each.tolist() for each in found] == [[5, 5], [0, 0]]


def test_twins_off_the_tape_run_once(x):
    a, b = gg.sin(x), gg.sin(x)
    with gg.Session() as session:
        assert session.source([a, b], [x]).count("torch.sin(") == 1
        one, other = session.run([a, b], {x: [1, 2]})
    assert one.tolist() == other.tolist() and not np.shares_memory(one, other)


def test_the_numbers_of_a_fetch_do_not_depend_on_its_company(x):
    h = gg.add_n([gg.sin(x) * float(n) for n in range(1, 6)])
    (g,) = gg.gradients(h * gg.sin(x), x)
    extra = gg.sin(x) + gg.sin(x) * 3.0
    data = np.random.rand(2)
    with gg.Session() as session:
        assert session.run(g, {x: data}).tolist() == session.run([g, extra, h], {x: data})[0].tolist()


def test_merged_fetches_and_views_of_them_are_independent(x):
    a, b = gg.sin(x), gg.sin(x)
    with gg.Session() as session:
        arrays = session.run([a, b, b[:1], gg.reshape(a, [2, 1])], {x: [1, 2]})
    for n, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[n + 1 :])
