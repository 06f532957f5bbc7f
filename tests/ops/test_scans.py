"""map_fn, scan, foldl and foldr beside Python's own loop over rows."""

import numpy as np
import pytest
import torch

import graphgrad as gg

ROWS = np.array([[0.3, -1.2], [0.8, 0.5], [-0.4, 1.1]])


@pytest.fixture
def x():
    return gg.placeholder(gg.float64, [None, 2], name="x")


@pytest.fixture
def w():
    return gg.placeholder(gg.float64, [], name="w")


def mapped(function, x, w):
    return torch.stack([function(row, w) for row in x])


def folded(function, x, w, start, reverse=False):
    states = []
    state = start
    for row in reversed(list(x)) if reverse else x:
        state = function(state, row, w)
        states.append(state)
    return states[::-1] if reverse else states


def step(state, row, w):
    return torch.sin(state * w) + row * state


def along(row, w):
    return torch.exp(row * w).sum() * row


def check(run, y, feeds, by_hand):
    """The value, gradients to x and w of order 1, and those of their sum, agree with torch's."""
    x, w = feeds
    given = {x: ROWS, w: 0.7}
    first = gg.gradients(y, [x, w])
    second = gg.gradients([gg.reduce_sum(each) for each in first], [x, w])
    found = run([y, first, second], given)
    leaves = [torch.tensor(ROWS, requires_grad=True), torch.tensor(0.7, dtype=torch.float64, requires_grad=True)]
    value = by_hand(*leaves)
    one = torch.autograd.grad(value.sum(), leaves, create_graph=True)
    two = torch.autograd.grad(sum(each.sum() for each in one), leaves)
    torch.testing.assert_close(torch.as_tensor(found[0]), value.detach())
    torch.testing.assert_close([torch.as_tensor(each) for each in found[1]], [each.detach() for each in one])
    torch.testing.assert_close([torch.as_tensor(each) for each in found[2]], list(two))


def test_map_fn(run, x, w):
    check(run, gg.map_fn(lambda row: along(row, w), x), (x, w), lambda x, w: mapped(along, x, w))


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_from_a_start(run, x, w, reverse):
    start = gg.ones([2], gg.float64)
    y = gg.scan(lambda state, row: step(state, row, w), x, start, reverse=reverse)
    one = torch.ones(2, dtype=torch.float64)
    check(run, y, (x, w), lambda x, w: torch.stack(folded(step, x, w, one, reverse)))


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_from_its_first_item(run, x, w, reverse):
    y = gg.scan(lambda state, row: step(state, row, w), x, reverse=reverse)

    def by_hand(x, w):
        if reverse:
            return torch.stack([*folded(step, x[:-1], w, x[-1], True), x[-1]])
        return torch.stack([x[0], *folded(step, x[1:], w, x[0])])

    check(run, y, (x, w), by_hand)


@pytest.mark.parametrize(("fold", "reverse"), [(gg.foldl, False), (gg.foldr, True)])
@pytest.mark.parametrize("start", [True, False])
def test_folds(run, x, w, fold, reverse, start):
    one = gg.ones([2], gg.float64) if start else None
    y = fold(lambda state, row: step(state, row, w), x, one)

    def by_hand(x, w):
        if start:
            return folded(step, x, w, torch.ones(2, dtype=torch.float64), reverse)[0 if reverse else -1]
        first, rest = (x[-1], x[:-1]) if reverse else (x[0], x[1:])
        return folded(step, rest, w, first, reverse)[0 if reverse else -1]

    check(run, y, (x, w), by_hand)


# -- nests ----------------------------------------------------------------------------------------------


def test_nests_of_items_and_of_results(run):
    a, b = gg.constant([1.0, 2.0]), gg.constant([[3.0], [4.0]])
    found = gg.map_fn(lambda item: {"sum": item[0] + item[1], "items": (item[0],)}, (a, b))
    values = run(found)
    assert values["sum"].tolist() == [[4.0], [6.0]] and values["items"][0].tolist() == [1.0, 2.0]
    assert [each.tolist() for each in run(gg.gradients(found["sum"], [a, b]))] == [[1, 1], [[1], [1]]]
    assert gg.gradients(found["items"][0], b) == [None]


def test_nests_of_states(run):
    x = gg.constant([1.0, 2.0, 3.0])
    total, largest = gg.scan(
        lambda state, item: (state[0] + item, torch.maximum(state[1], item * 2.0)), x, (gg.zeros([]), gg.zeros([]))
    )
    assert [each.tolist() for each in run([total, largest])] == [[1, 3, 6], [2, 4, 6]]
    assert run(gg.gradients(total, x)[0]).tolist() == [3, 2, 1]
    assert run(gg.gradients(largest, x)[0]).tolist() == [2, 2, 2]
    last = gg.foldl(lambda state, item: {"a": state["a"] * item}, x, {"a": gg.ones([])})
    assert run([last["a"], gg.gradients(last["a"], x)[0].sum()]) == [6.0, 11.0]


# -- None or not ----------------------------------------------------------------------------------------


def test_none_ness(run):
    x, w, n = gg.constant([1.0, 2.0]), gg.constant(3.0), gg.constant([1, 2])
    assert gg.gradients(gg.map_fn(lambda row: w * 2.0, x), x) == [None]
    assert gg.gradients(gg.map_fn(lambda row: gg.stop_gradient(row), x), x) == [None]
    assert gg.gradients(gg.map_fn(lambda row: gg.cast(row, gg.int32), x), x) == [None]
    assert gg.gradients(gg.map_fn(lambda k: k * 2, n), n) == [None]
    assert gg.gradients(gg.map_fn(lambda row: row * w, x, back_prop=False), [x, w]) == [None, None]
    assert gg.gradients(gg.scan(lambda s, row: row * 1.0, x, w), w) == [None]
    assert gg.gradients(gg.foldl(lambda s, row: s * w, x, gg.ones([])), x) == [None]
    (g,) = gg.gradients(gg.foldl(lambda s, row: row, x, w), w)  # no row at all: the start itself
    assert run(g) == 0.0


def test_no_items_at_all(run, x, w):
    nothing = np.zeros((0, 2))
    m = gg.map_fn(lambda row: row * w, x)
    f = gg.foldl(lambda state, row: state * gg.reduce_sum(row), x, w)
    found = run([m, f, gg.gradients(m, [x, w]), gg.gradients(f, [x, w])], {x: nothing, w: 2.0})
    assert found[0].shape == (0, 2) and found[0].dtype == np.float64 and found[1] == 2.0
    assert found[2][0].shape == (0, 2) and found[2][1] == 0.0
    assert found[3][0].shape == (0, 2) and found[3][1] == 1.0


def test_shapes(x):
    assert gg.map_fn(lambda row: row, x)._value.spec.shape == (None, 2)
    assert gg.map_fn(gg.reduce_sum, x)._value.spec.shape == (None,)
    assert gg.scan(lambda s, row: s + row, gg.ones([4, 3]))._value.spec.shape == (4, 3)
    assert gg.foldl(lambda s, row: s + row, x)._value.spec.shape == (2,)
    assert gg.map_fn(lambda row: row, gg.placeholder(gg.float32, None))._value.spec.shape is None


def test_items_of_unknown_shape(run):
    x = gg.placeholder(gg.float64, None)
    y = gg.map_fn(lambda row: row * 2.0, x)
    assert run([y, gg.gradients(y, x)[0]], {x: ROWS})[1].tolist() == [[2, 2]] * 3


def test_results_of_items_and_of_variables_share_no_memory():
    v = gg.Variable([1.0, 2.0])
    y, z = gg.map_fn(lambda row: row, v), gg.foldl(lambda s, row: s, v, v)
    with gg.Session(outputs="torch") as session:
        session.run(v.initializer)
        for each in session.run([y, z]):
            each.add_(10.0)
        assert session.run(v).tolist() == [1.0, 2.0]


# -- nested ---------------------------------------------------------------------------------------------


def test_a_loop_in_a_map(run, x, w):
    def power(row):
        return gg.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * w + row), [0, row])[1]

    check(run, gg.map_fn(power, x), (x, w), lambda x, w: (x * w + x) * w + x)


def test_a_map_in_a_map(run):
    x = gg.constant([[1.0, 2.0], [3.0, 4.0]])
    y = gg.map_fn(lambda row: gg.map_fn(lambda item: item**3, row), x)
    (g,) = gg.gradients(y, x)
    found = run([y, g, *gg.gradients(g, x)])
    assert [each.tolist() for each in found] == [[[1, 8], [27, 64]], [[3, 12], [27, 48]], [[6, 12], [18, 24]]]


def test_a_jacobian_by_map(run):
    x = gg.constant([1.0, 2.0, 3.0], gg.float64)
    y = x**2 * gg.reduce_sum(x)
    rows = gg.map_fn(lambda k: gg.gradients(gg.reduce_sum(x**2 * gg.reduce_sum(x) * k), x)[0], gg.constant(np.eye(3)))
    leaf = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(lambda x: x**2 * x.sum(), leaf)
    assert run(rows).tolist() == expected.tolist() and run(y).tolist() == [6, 24, 54]


def test_a_jacobian_by_a_map_of_gradients(run):
    x = gg.constant([1.0, 2.0, 3.0], gg.float64)
    y = x**2
    rows = gg.map_fn(lambda k: gg.gradients(gg.reduce_sum(y * k), x)[0], gg.constant(np.eye(3)))
    np.testing.assert_array_equal(run(rows), np.diag([2.0, 4.0, 6.0]))


# -- names, random, errors ------------------------------------------------------------------------------


def test_names():
    x = gg.ones([2])
    assert gg.map_fn(lambda row: row, x).op.name == "map"
    assert gg.map_fn(lambda row: row, x, name="each").op.name == "each"
    assert gg.scan(lambda s, row: s, x, gg.ones([])).op.name == "scan"
    assert [gg.foldl(lambda s, r: s, x).op.name, gg.foldr(lambda s, r: s, x).op.name] == ["foldl", "foldr"]


def test_every_item_draws_anew():
    y = gg.map_fn(lambda row: row + gg.random_normal([]), gg.zeros([4]))
    with gg.Session() as session:
        assert len(set(session.run(y).tolist() + session.run(y).tolist())) == 8


def test_errors(x):
    with pytest.raises(TypeError, match="fn is 1, not a function"):
        gg.map_fn(1, x)
    with pytest.raises(ValueError, match=r"(?s)single value.*test_scans\.py"):
        gg.map_fn(lambda row: row, gg.constant(1.0))
    with pytest.raises(ValueError, match="elems is empty"):
        gg.map_fn(lambda row: row, [])
    with pytest.raises(ValueError, match=r"different numbers of items: ones.*\[2\], .*\[3\]"):
        gg.map_fn(lambda item: item[0], (gg.ones([2]), gg.ones([3])))
    with pytest.raises(TypeError, match=r"(?s)dtype says torch\.int32.*test_scans\.py"):
        gg.map_fn(lambda row: row, x, dtype=gg.int32)
    with pytest.raises(ValueError, match="fn returned 2 tensors, dtype has 1"):
        gg.map_fn(lambda row: (row, row), x, dtype=gg.float64)
    with pytest.raises(ValueError, match="body returned"):
        gg.scan(lambda s, row: (s, row), x)
    with pytest.raises(TypeError, match="float64.*body returned float32"):
        gg.scan(lambda s, row: gg.cast(s, gg.float32), x)
    with pytest.raises(ValueError, match=r"shape \[2\], body returned \[4\]"):
        gg.foldl(lambda s, row: gg.concat([s, row], 0), x)


def test_items_that_turn_out_to_differ_in_number(x):
    y = gg.map_fn(lambda item: item[0] + item[1], (x, gg.placeholder(gg.float64, [None, 2], name="z")))
    with gg.Session() as session, pytest.raises(gg.errors.InvalidArgumentError, match=r"numbers of items: \[2, 3\]"):
        session.run(y, {x: ROWS, "z:0": ROWS[:2]})


ITEMS = np.array([1.0, 2.0, 3.0])


@pytest.fixture
def counted():
    """A variable and the items 1, 2, 3."""
    return gg.Variable(np.float64(10.0)), gg.placeholder(gg.float64, [None])


def assigning(run_this, rows, v, data=ITEMS):
    """What a run gives, and the variable after it."""
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        return sess.run(run_this, {rows: data}), float(sess.run(v))


def test_a_variable_is_assigned_once_an_item(counted):
    v, rows = counted
    y = gg.map_fn(lambda row: v.assign_add(row) * row, rows)  # as TF1 run with parallel_iterations=1
    assert assigning(y, rows, v)[0].tolist() == [11.0, 26.0, 48.0]
    assert assigning(y, rows, v)[1] == 16.0
    found, after = assigning(y, rows, v, np.zeros(0))
    assert found.shape == (0,) and after == 10.0


@pytest.mark.parametrize(
    ("walk", "want"),
    [
        (lambda fn, rows, start: gg.scan(fn, rows, start), [11.0, 24.0, 40.0]),
        (lambda fn, rows, start: gg.scan(fn, rows, start, reverse=True), [44.0, 28.0, 13.0]),
        (lambda fn, rows, start: gg.foldl(fn, rows, start), 40.0),
        (lambda fn, rows, start: gg.foldr(fn, rows, start), 44.0),
    ],
    ids=["scan", "reversed scan", "foldl", "foldr"],
)
def test_a_state_beside_a_variable(counted, walk, want):
    v, rows = counted
    y = walk(lambda state, row: state + v.assign_add(row), rows, gg.constant(0.0, gg.float64))
    found, after = assigning(y, rows, v)
    assert np.asarray(found).tolist() == want and after == 16.0


def test_gradients_pass_what_a_variable_was_assigned(counted):
    v, rows = counted
    y = gg.map_fn(lambda row: v.assign_add(row) * row, rows)
    first = gg.gradients(y, rows)[0]
    second = gg.gradients(first[0], rows)[0]
    (g, h), _ = assigning([first, second], rows, v)

    leaf = torch.tensor(ITEMS, requires_grad=True)
    by_hand = ((10.0 + leaf.cumsum(0)) * leaf).sum()
    (want,) = torch.autograd.grad(by_hand, leaf, create_graph=True)
    np.testing.assert_allclose(g, want.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(h, torch.autograd.grad(want[0], leaf)[0].numpy(), rtol=1e-12)


def test_a_read_of_the_variable_sees_the_item_before(counted):
    v, rows = counted

    def fn(row):
        before = v.read_value()
        with gg.control_dependencies([before, v.assign(row * 2)]):
            return gg.identity(before)

    found, after = assigning(gg.map_fn(fn, rows), rows, v)
    assert found.tolist() == [10.0, 2.0, 4.0] and after == 6.0


def test_batch_norm_keeps_its_statistics_item_by_item():
    norm, eager = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    data = np.random.default_rng(0).normal(size=(3, 4, 2)).astype(np.float32)
    rows = gg.placeholder(gg.float32, [None, 4, 2])
    y = gg.map_fn(norm, rows)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        found = sess.run(y, {rows: data})
        state = sess.state_dict(norm)
    want = torch.stack([eager(torch.from_numpy(row)) for row in data])
    np.testing.assert_allclose(found, want.detach().numpy(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(state, eager.state_dict())
