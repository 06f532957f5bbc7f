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


def test_a_function_along_an_axis_assigns_nothing():
    v = gg.Variable(1.0)
    with pytest.raises(ValueError, match="fn assigns Variable.*use while_loop"):
        gg.map_fn(lambda row: v.assign_add(row), gg.ones([2]))
