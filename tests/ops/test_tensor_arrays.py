"""TensorArray beside Python lists and torch.stack: values, gradients of every order, loops, branches, errors.

What is written twice, read twice or not at all was asked of TensorFlow's graph mode.
"""

import numpy as np
import pytest
import torch

import graphgrad as gg


def array(size=3, **options):
    return gg.TensorArray(gg.float64, size, **options)


@pytest.fixture
def x():
    return gg.placeholder(gg.float64, [], name="x")


def orders_of(y, x, count):
    found = [y]
    for _ in range(count):
        found.append(gg.gradients(found[-1], x)[0])
    return found


def numbers(nest):
    return [float(each) for each in nest]


# -- values -----------------------------------------------------------------------------------------------


def test_what_is_written_is_read(run, x):
    a = array(3, clear_after_read=False).write(0, x).write(1, x * 2).write(2, 7.0)
    assert numbers(run([a.read(1), a.read(2)], {x: 1.5})) == [3.0, 7.0]
    assert run(a.stack(), {x: 1.5}).tolist() == [1.5, 3.0, 7.0]
    assert run(a.gather([2, 0, 2]), {x: 1.5}).tolist() == [7.0, 1.5, 7.0]
    assert run(a.size(), {x: 1.5}) == 3


def test_the_index_and_the_size_may_be_tensors(run, x):
    n, i = gg.placeholder(gg.int32, []), gg.placeholder(gg.int64, [])
    a = array(n, element_shape=[]).write(i, x)
    assert run(a.stack(), {x: 2.0, n: 4, i: 3}).tolist() == [0.0, 0.0, 0.0, 2.0]
    rows = gg.placeholder(gg.float64, [None, 2])
    b = array(rows.shape[0]).unstack(rows)
    assert run(b.read(rows.shape[0] - 1), {rows: [[1.0, 2.0], [3.0, 4.0]]}).tolist() == [3.0, 4.0]


def test_rows_in_and_out(run):
    rows = gg.constant([[1.0], [2.0], [3.0]], gg.float64)
    assert run(array(3).unstack(rows).stack()).tolist() == [[1.0], [2.0], [3.0]]
    assert run(array(5).unstack(rows).stack()).tolist() == [[1.0], [2.0], [3.0], [0.0], [0.0]]
    assert run(array(3).scatter([2, 0], rows[:2]).stack()).tolist() == [[2.0], [0.0], [1.0]]
    assert run(array(2, infer_shape=False).split(rows, [1, 2]).read(1)).tolist() == [[2.0], [3.0]]
    assert run(array(2, infer_shape=False).split(rows, [1, 2]).concat()).tolist() == [[1.0], [2.0], [3.0]]


def test_integers_and_bools(run):
    a = gg.TensorArray(gg.int32, 2).write(0, gg.constant(3)).write(1, 4)
    assert run(a.stack()).tolist() == [3, 4]
    assert run(gg.TensorArray(gg.bool, 1).write(0, True).read(0)) == np.True_


def test_an_older_array_does_not_see_what_is_written_later(run, x):
    first = array(2, element_shape=[], clear_after_read=False).write(0, x)
    second = first.write(1, x * 10)
    other = first.write(1, x * 100)
    found = run([first.stack(), second.stack(), other.stack()], {x: 1.0})
    assert [each.tolist() for each in found] == [[1.0, 0.0], [1.0, 10.0], [1.0, 100.0]]


def test_what_is_known_of_shapes():
    a = array(3)
    assert a.element_shape.rank is None and a.read(0).shape.rank is None
    b = a.write(0, gg.constant([1.0, 2.0], gg.float64))
    assert b.element_shape.as_list() == [2]
    assert b.stack().shape.as_list() == [3, 2]
    assert b.gather([0, 1]).shape.as_list() == [2, 2]
    assert b.concat().shape.as_list() == [6]
    assert array(3, element_shape=[None, 2]).stack().shape.as_list() == [3, None, 2]
    assert array(3, dynamic_size=True, element_shape=[2]).stack().shape.as_list() == [None, 2]
    assert b.dtype is torch.float64 and not b.dynamic_size


def test_fetched_arrays_share_no_memory_with_state_or_one_another():
    v = gg.Variable(np.array([1.0, 2.0]))
    a = array(1, clear_after_read=False).write(0, v)
    y = v * 3
    b = array(1, clear_after_read=False).write(0, y)
    more = v.assign_add([1.0, 1.0])
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        read, _ = sess.run([a.read(0), more])
        assert read.tolist() == [1.0, 2.0]
        first, second, third = sess.run([b.read(0), y, gg.cond(gg.constant(True), lambda: b.read(0), lambda: y)])
        first += 1
        second += 10
        assert third.tolist() == [6.0, 9.0] and first.tolist() == [7.0, 10.0] and second.tolist() == [16.0, 19.0]
        sess.run(more)
        assert sess.run(v).tolist() == [3.0, 4.0]


def test_flow_and_handle_lead_back_to_the_array(run, x):
    a = array(1).write(0, x)
    again = gg.TensorArray(gg.float64, handle=a.handle, flow=a.flow)
    assert run([again.read(0), a.flow], {x: 3.0}) == [3.0, 0.0]
    with pytest.raises(ValueError, match="is not the flow of a TensorArray"):
        gg.TensorArray(gg.float64, flow=x)
    with pytest.raises(ValueError, match="both a `handle` and `size`"):
        gg.TensorArray(gg.float64, 3, flow=a.flow)


def test_identity_and_close(run, x):
    a = array(1).write(0, x)
    with gg.control_dependencies([gg.no_op()]):
        again = a.identity()
    assert run([again.read(0), a.close()], {x: 3.0}) == [3.0, None]


def test_the_same_numbers_as_tensorflow(run):
    """TensorFlow 2.21, graph mode: y = stack of x, x*x, zeros; d/dx of sum(y * [1, 10, 100]) at 3."""
    x = gg.placeholder(gg.float32, [])
    y = gg.TensorArray(gg.float32, 3).write(0, x).write(1, x * x).stack()
    g = gg.gradients(y * gg.constant([1.0, 10.0, 100.0]), x)[0]
    found, slope = run([y, g], {x: 3.0})
    assert found.tolist() == [3.0, 9.0, 0.0] and slope == 61.0


# -- gradients ----------------------------------------------------------------------------------------------


def test_gradients_of_three_orders(run, x):
    a = array(3).write(0, x**3).write(2, torch.sin(x)).write(1, x * 2)
    y = (a.stack() * a.size().to(gg.float64)).sum()
    at = 0.7
    want = [3 * (at**3 + np.sin(at) + 2 * at), 3 * (3 * at**2 + np.cos(at) + 2), 3 * (6 * at - np.sin(at)),
            3 * (6 - np.cos(at))]  # fmt: skip
    assert numbers(run(orders_of(y, x, 3), {x: at})) == pytest.approx(want, rel=1e-12)


ROWS = {
    "unstack": (lambda a, rows: a.unstack(rows), lambda rows: list(rows)),
    "scatter": (lambda a, rows: a.scatter([2, 0, 1], rows), lambda rows: [rows[1], rows[2], rows[0]]),
    "split": (lambda a, rows: a.split(rows, [1, 1, 1]), lambda rows: [rows[:1], rows[1:2], rows[2:]]),
}


@pytest.mark.parametrize("way", ROWS)
def test_gradients_through_rows(run, way):
    write, by_hand = ROWS[way]
    rows = gg.placeholder(gg.float64, [3, 2])
    a = write(array(3, clear_after_read=False), rows)
    y = torch.sin(a.read(1)) * a.gather([2, 0]).prod(0) + (a.concat() ** 3).sum()
    (first,) = gg.gradients(y, rows)
    (second,) = gg.gradients(first[0], rows)
    data = np.arange(6.0).reshape(3, 2) / 5 + 0.1
    found = run([first, second], {rows: data})

    leaf = torch.tensor(data, requires_grad=True)
    items = by_hand(leaf)
    y = torch.sin(items[1]) * torch.stack([items[2], items[0]]).prod(0) + (torch.cat(items) ** 3).sum()
    (first,) = torch.autograd.grad(y.sum(), leaf, create_graph=True)
    (second,) = torch.autograd.grad(first[0].sum(), leaf)
    np.testing.assert_allclose(found[0], first.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(found[1], second.numpy(), rtol=1e-12)


def test_a_gradient_is_none_only_where_nothing_was_written(x):
    other = gg.placeholder(gg.float64, [])
    a = array(2, element_shape=[]).write(0, x)
    assert gg.gradients(a.read(1), x)[0] is not None  # TF1's answer, too: which element is read is the run's matter
    assert gg.gradients(a.read(0), other) == [None]
    assert gg.gradients(a.size(), x) == [None]
    (slope,) = gg.gradients(a.stack(), x)
    assert gg.gradients(slope, x) == [None]


def test_an_element_that_does_not_depend_on_x_has_a_gradient_of_zero(run, x):
    a = array(3, clear_after_read=False, element_shape=[]).write(0, x).write(1, 2.0)
    found = run([gg.gradients(a.read(k), x)[0] for k in range(3)], {x: 1.0})
    assert numbers(found) == [1.0, 0.0, 0.0]


def test_stops(run, x):
    y = x * x
    a = array(2, clear_after_read=False).write(0, y).write(1, x)
    first, second = a.read(0), a.read(1)
    total = first * second
    assert run(gg.gradients(total, [x, y]), {x: 3.0}) == [27.0, 3.0]
    assert run(gg.gradients(total, [x, y], stop_gradients=[y]), {x: 3.0}) == [9.0, 3.0]
    assert run(gg.gradients(total, [x, first], stop_gradients=[first]), {x: 3.0}) == [9.0, 3.0]
    assert run(gg.gradients(a.read(0) * gg.stop_gradient(a.read(1)), x), {x: 3.0}) == [18.0]


def test_complex_numbers(run):
    z = gg.placeholder(gg.complex128, [])
    y = gg.TensorArray(gg.complex128, 1).write(0, z * z).read(0)
    ours = run(gg.gradients(y, z, grad_ys=gg.ones([], gg.complex128))[0], {z: 1.0 + 2.0j})
    leaf = torch.tensor(1.0 + 2.0j, dtype=torch.complex128, requires_grad=True)
    (theirs,) = torch.autograd.grad(leaf * leaf, leaf, torch.ones((), dtype=torch.complex128))
    assert ours == theirs.item()


def test_explain_finds_the_way_through_an_array(x):
    a = array(2, element_shape=[]).write(0, x * 2).write(1, gg.floor(x))
    assert gg.explain(a.stack(), x)[0].connected
    lost = gg.explain(array(1).write(0, gg.floor(x)).read(0), x)[0]
    assert not lost.connected and lost.breaks[0].op.type == "Floor"


# -- loops, branches, functions along an axis -----------------------------------------------------------------


def powers(x, count):
    """x, x**2, ... written by a loop that reads what it wrote last."""
    a = array(count, clear_after_read=False).write(0, x)
    n = count if isinstance(count, int) else count
    return gg.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, a.read(i - 1) * x)), [1, a])[1]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_loop_that_reads_what_it_wrote(run, x, count):
    y = powers(x, count).stack().sum()
    at, k = 0.8, np.arange(1, count + 1)
    want = [(at**k).sum(), (k * at ** (k - 1)).sum(), (k * (k - 1) * at ** (k - 2.0)).sum()]
    assert numbers(run(orders_of(y, x, 2), {x: at})) == pytest.approx(want, rel=1e-12)


def test_a_number_of_rounds_known_in_the_run(run, x):
    n = gg.placeholder(gg.int32, [])
    y = gg.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, x * i.to(gg.float64))), [0, array(n)])[1]
    stacked = y.stack()
    assert run(stacked, {x: 2.0, n: 4}).tolist() == [0.0, 2.0, 4.0, 6.0]
    slope = gg.gradients(stacked, x)[0]
    assert run(slope, {x: 2.0, n: 4}) == 6.0
    assert run([stacked, slope], {x: 2.0, n: 0})[0].shape == (0,)
    assert run(slope, {x: 2.0, n: 0}) == 0.0


def test_no_round_gives_what_was_written_before(run, x):
    a = array(2, element_shape=[]).write(0, x)
    w = gg.constant(3.0, gg.float64)
    y = gg.while_loop(lambda i, a: i < 0, lambda i, a: (i + 1, a.write(1, w)), [0, a])[1].stack()
    assert numbers(run(gg.gradients(y, [x, w]), {x: 2.0})) == [1.0, 0.0]


def test_a_dynamic_array_grows_in_a_loop(run, x):
    y = gg.while_loop(
        lambda i, s, a: s < 40.0, lambda i, s, a: (i + 1, s * x, a.write(i, s)), [0, x, array(0, dynamic_size=True)]
    )[2]
    stacked, slope = y.stack(), gg.gradients(y.stack(), x)[0]
    assert run([stacked, y.size()], {x: 3.0})[0].tolist() == [3.0, 9.0, 27.0]
    assert run(slope, {x: 3.0}) == 1 + 6 + 27


def test_an_array_in_a_nest_of_loop_variables(run, x):
    state = {"rows": array(3), "count": (0, x)}
    found = gg.while_loop(
        lambda s: s["count"][0] < 3,
        lambda s: {"rows": s["rows"].write(s["count"][0], s["count"][1]),
                   "count": (s["count"][0] + 1, s["count"][1] * 2)},
        [state],
    )  # fmt: skip
    assert run(found["rows"].stack(), {x: 1.0}).tolist() == [1.0, 2.0, 4.0]


def test_a_loop_in_a_loop(run, x):
    def row(i, a):
        inner = gg.while_loop(
            lambda j, b: j < 3, lambda j, b: (j + 1, b.write(i * 3 + j, x ** (i + j).to(gg.float64))), [0, a]
        )[1]
        return i + 1, inner

    y = gg.while_loop(lambda i, a: i < 2, row, [0, array(6)])[1].stack()
    assert run(y, {x: 2.0}).tolist() == [1.0, 2.0, 4.0, 2.0, 4.0, 8.0]
    at = 2.0
    want = sum((i + j) * at ** (i + j - 1) for i in range(2) for j in range(3))
    assert run(gg.gradients(y, x)[0], {x: at}) == pytest.approx(want)


def test_the_shape_of_elements_is_known_after_the_loop(x):
    y = gg.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, a.write(i, gg.stack([x, x]))), [0, array(2)])[1]
    assert y.element_shape.as_list() == [2] and y.stack().shape.as_list() == [2, 2]


def test_shape_invariants_leave_an_array_as_it_is(run, x):
    shapes = [gg.TensorShape([]), gg.TensorShape(None)]
    y = gg.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, a.write(i, x)), [0, array(2)], shape_invariants=shapes)
    assert run(y[1].stack(), {x: 2.0}).tolist() == [2.0, 2.0]


def test_no_gradient_passes_a_loop_without_back_prop(run, x):
    y = gg.while_loop(lambda i, a: i < 1, lambda i, a: (i + 1, a.write(i, x)), [0, array(1)], back_prop=False)[1]
    assert gg.gradients(y.stack(), x) == [None]
    assert run(y.stack(), {x: 2.0}).tolist() == [2.0]


@pytest.mark.parametrize("taken", [True, False])
def test_a_branch_writes_or_does_not(run, x, taken):
    p = gg.placeholder(gg.bool, [])
    a = array(2, element_shape=[]).write(0, x)
    y = gg.cond(p, lambda: a.write(1, x * x), lambda: a).stack()
    found, slope = run([y, gg.gradients(y, x)[0]], {x: 3.0, p: taken})
    assert found.tolist() == [3.0, 9.0 if taken else 0.0] and slope == (7.0 if taken else 1.0)


def test_a_branch_inside_a_loop_chooses_what_is_written(run, x):
    def body(i, a):
        return i + 1, gg.cond(i % 2 < 1, lambda: a.write(i, x * 2), lambda: a.write(i, x**2))

    y = gg.while_loop(lambda i, a: i < 4, body, [0, array(4)])[1].stack()
    assert run(y, {x: 3.0}).tolist() == [6.0, 9.0, 6.0, 9.0]
    assert run(orders_of(y, x, 2)[1:], {x: 3.0}) == [16.0, 4.0]


def test_an_array_made_in_a_branch(run, x):
    p = gg.placeholder(gg.bool, [])
    y = gg.cond(p, lambda: array(1).write(0, x), lambda: array(2).write(1, x * 2)).stack()
    assert run(y, {x: 3.0, p: True}).tolist() == [3.0]
    assert run(y, {x: 3.0, p: False}).tolist() == [0.0, 6.0]
    with pytest.raises(ValueError, match="result 0 of true_fn"):
        gg.cond(p, lambda: array(1), lambda: x)


def test_inside_functions_along_an_axis(run):
    rows = gg.constant([1.0, 2.0], gg.float64)
    table = array(3, clear_after_read=False).unstack(gg.constant([5.0, 6.0, 7.0], gg.float64))
    y = gg.map_fn(lambda r: array(2).write(0, r).write(1, table.read(2) * r).stack(), rows)
    assert run(y).tolist() == [[1.0, 7.0], [2.0, 14.0]]
    assert run(gg.gradients(y, rows)[0]).tolist() == [8.0, 8.0]
    z = gg.scan(lambda s, r: s + array(2).write(0, r).write(1, r * r).stack(), rows, gg.zeros([2], gg.float64))
    assert run(z).tolist() == [[1.0, 1.0], [3.0, 5.0]]
    state = gg.foldl(lambda s, r: (s[0] + 1, s[1].write(s[0], r * r)), rows, (gg.constant(0), array(2)))
    stacked = state[1].stack()
    assert run([stacked, gg.gradients(stacked, rows)[0]])[0].tolist() == [1.0, 4.0]
    assert run(gg.gradients(stacked, rows)[0]).tolist() == [2.0, 4.0]


def test_a_function_along_an_axis_gives_no_arrays():
    with pytest.raises(TypeError, match="a TensorArray can't be stacked"):
        gg.map_fn(lambda r: array(1).write(0, r), gg.ones([2], gg.float64))
    with pytest.raises(TypeError, match="a TensorArray has no first axis"):
        gg.map_fn(lambda r: r, array(2))


def test_gradients_inside_a_loop_that_writes(run, x):
    def body(i, z, a):
        slope = gg.gradients((z - x) ** 2, z)[0]
        return i + 1, z - 0.25 * slope, a.write(i, z)

    y = gg.while_loop(lambda i, z, a: i < 3, body, [0, gg.constant(0.0, gg.float64), array(3)])[2].stack()
    assert run(y, {x: 8.0}).tolist() == [0.0, 4.0, 6.0]
    assert run(gg.gradients(y, x)[0], {x: 8.0}) == 0.5 + 0.75


# -- errors -------------------------------------------------------------------------------------------------


def failing(run, fetch, match):
    with pytest.raises(gg.errors.InvalidArgumentError, match=match) as caught:
        run(fetch)
    return caught.value


def test_errors_of_a_run_name_the_operation_and_the_line(run):
    a = array(3, element_shape=[])
    error = failing(run, a.read(5, name="too_far"), "Tried to read from index 5 but array size is: 3")
    assert error.op.name == "too_far" and "test_tensor_arrays.py" in str(error)
    failing(run, a.write(3, 1.0).size(), "write to index 3 but array size is: 3 and the array is not resizeable")
    failing(run, a.write(0, 1.0).write(0, 2.0).size(), "index 0 because it has already been written to")
    failing(run, array(3).stack(), "the shape of the zeros to be read is not known")
    failing(run, array(-1).size(), "Size should be >= 0")


def test_an_error_inside_a_loop_names_its_operation(run):
    y = gg.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a.write(0, 1.0)), [0, array(3)])[1]
    error = failing(run, y.size(), "index 0 because it has already been written to")
    assert error.op.type == "TensorArrayWrite"


def test_an_element_is_read_once_unless_told_otherwise(run):
    for clear in (None, True):
        a = array(2, clear_after_read=clear).unstack(gg.constant([1.0, 2.0], gg.float64))
        first = a.read(0)
        failing(run, [first, a.read(0)], "Could not read index 0 twice")
        failing(run, [first, a.stack()], "Could not read index 0 twice")
        assert run([first, a.read(1)]) == [1.0, 2.0]  # another run, another array
    with gg.control_dependencies([first]):
        failing(run, a.write(0, 3.0).size(), "already been (read|written)")


def test_what_can_be_told_while_recording(x):
    with pytest.raises(ValueError, match="`size` must be provided"):
        gg.TensorArray(gg.float64)
    with pytest.raises(TypeError, match="dtype is torch.float64 but the value to write"):
        array(1).write(0, gg.constant(1))
    with pytest.raises(ValueError, match=r"Inconsistent shapes at index 1: saw \[2\] but expected \[\]"):
        array(2).write(0, x).write(1, gg.stack([x, x]))
    with pytest.raises(ValueError, match=r"Inconsistent shapes at index 0: saw \[\] but expected \[3\]"):
        array(2, element_shape=[3]).write(0, x)
    with pytest.raises(ValueError, match="is a single number: it has no rows"):
        array(2).unstack(x)
    with pytest.raises(ValueError, match="stack\\(\\) puts them together"):
        array(2).write(0, x).concat()
    with pytest.raises(TypeError, match="index is 1.5, not an integer"):
        array(2).read(1.5)


def test_a_loop_hands_on_an_array_of_the_same_size():
    with pytest.raises(ValueError, match="loop variable 1 is an array of another size"):
        gg.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, array(3)), [0, array(2)])
    with pytest.raises(TypeError, match="loop variable 1"):
        gg.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, a.flow), [0, array(2)])


def test_an_array_of_another_graph(x):
    a = array(1)
    with gg.Graph().as_default():
        y = gg.constant(1.0, gg.float64)
        with pytest.raises(ValueError, match="belong to different graphs"):
            a.write(0, y)


def test_what_is_no_tensor_says_so(run):
    a = array(1)
    with pytest.raises(TypeError, match="a fetch is a tensor"):
        run(a)
    with pytest.raises(TypeError, match="TensorArray"):
        gg.gradients(a.write(0, 1.0), a)


# -- eager mode -----------------------------------------------------------------------------------------------


def test_eager_mode_acts_on_torch_tensors():
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    with gg.eager_execution():
        a = array(3, clear_after_read=False)
        for k in range(3):
            a = a.write(k, x**k)
        y = a.stack()
        assert a.read(torch.tensor(2)).item() == 4.0 and a.size().item() == 3
        assert a.gather([1, 0]).tolist() == [2.0, 1.0]
        a.write(0, 5.0)  # TF2's array changes in place, and may be written to again
        assert a.read(0).item() == 5.0
        b = array(2, infer_shape=False).split(y, [1, 2])
        assert b.concat().tolist() == [1.0, 2.0, 4.0] and b.flow is None
        assert array(3).scatter([1], y[:1]).unstack(y[1:1]).read(1).item() == 1.0
        assert array(3).unstack(y).identity().close() is None
    assert torch.autograd.grad(y.sum(), x)[0].item() == 5.0
    with gg.eager_execution(), pytest.raises(ValueError, match="Could not read index 0 twice"):
        (lambda c: (c.read(0), c.read(0)))(array(1).write(0, 1.0))
