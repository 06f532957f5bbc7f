"""Loops, branches and walks in eager mode: what TensorFlow 2 gives for the same calls, and torch's gradients."""

import pytest
import torch

import graphgrad as gg


@pytest.fixture(autouse=True)
def eagerly():
    with gg.eager_execution():
        yield


@pytest.fixture
def x():
    return torch.tensor(3.0, dtype=torch.float64, requires_grad=True)


def slope(y, x):
    return torch.autograd.grad(y.sum(), x)[0].tolist()


def test_while_loop(x):
    i, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, gg.ones([], gg.float64)])
    assert type(i) is torch.Tensor and i.item() == 3
    assert y.item() == 27.0 and slope(y, x) == 27.0


def test_while_loop_of_one_variable_or_none_or_a_nest(x):
    assert gg.while_loop(lambda y: y < 40.0, lambda y: y * y, [x]).item() == 81.0
    (y,) = gg.while_loop(lambda y: y < 40.0, lambda y: [y * y], [x], return_same_structure=True)
    assert y.item() == 81.0
    found = gg.while_loop(lambda s: s["i"] < 2, lambda s: {"i": s["i"] + 1, "y": s["y"] * x}, [{"i": 0, "y": x}])
    assert found["y"].item() == 27.0
    with pytest.raises(ValueError, match="no loop variables"):
        gg.while_loop(lambda: False, lambda: [], [])


def test_while_loop_to_a_number_of_rounds(x):
    for most in (2, torch.tensor(2)):
        assert gg.while_loop(lambda y: True, lambda y: y * 2, [x], maximum_iterations=most).item() == 12.0
    assert gg.while_loop(lambda y: False, lambda y: y * 2, [1]).item() == 1


def test_while_loop_without_back_prop(x):
    assert not gg.while_loop(lambda y: y < 5.0, lambda y: y * 2, [x], back_prop=False).requires_grad


def test_while_loop_checks_what_body_returns(x):
    with pytest.raises(ValueError, match="body returned"):
        gg.while_loop(lambda y: True, lambda y: (y, y), [x])
    with pytest.raises(TypeError, match="cond is 3"):
        gg.while_loop(3, lambda y: y, [x])


def test_while_loop_writes_to_an_array(x):
    a = gg.TensorArray(gg.float64, 3)
    _, a = gg.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a.write(i, x * i)), [torch.tensor(0), a])
    y = a.stack()
    assert y.tolist() == [0.0, 3.0, 6.0] and slope(y, x) == 3.0


def test_map_fn(x):
    rows = torch.arange(3.0, dtype=torch.float64)
    y = gg.map_fn(lambda r: r * x, rows)
    assert y.tolist() == [0.0, 3.0, 6.0] and slope(y, x) == 3.0
    pair = gg.map_fn(lambda r: (r[0] + r[1], {"first": r[0]}), (rows, rows * 10))
    assert pair[0].tolist() == [0.0, 11.0, 22.0] and pair[1]["first"].tolist() == [0.0, 1.0, 2.0]
    assert gg.map_fn(lambda r: r * 2, torch.zeros(0, 2)).shape == (0, 2)
    assert not gg.map_fn(lambda r: r * x, rows, back_prop=False).requires_grad
    with pytest.raises(TypeError, match="dtype says"):
        gg.map_fn(lambda r: r, rows, dtype=gg.int32)
    with pytest.raises(ValueError, match=r"different numbers of items: \[2, 3\]"):
        gg.map_fn(lambda r: r[0], (rows, rows[:2]))
    with pytest.raises(ValueError, match="elems is empty"):
        gg.map_fn(lambda r: r, ())


def test_scan_and_folds(x):
    rows = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert gg.scan(lambda s, r: s + r, rows).tolist() == [1.0, 3.0, 6.0]
    assert gg.scan(lambda s, r: s + r, rows, reverse=True).tolist() == [6.0, 5.0, 3.0]
    y = gg.scan(lambda s, r: s * x + r, rows, 0.0 * x)
    assert y.tolist() == [1.0, 5.0, 18.0] and slope(y, x) == 1.0 + 8.0
    assert gg.foldl(lambda s, r: 10 * s + r, rows).item() == 123.0
    assert gg.foldr(lambda s, r: 10 * s + r, rows).item() == 321.0
    assert gg.foldl(lambda s, r: s + r, rows, 4.0).item() == 10.0
    assert gg.foldl(lambda s, r: s + r, rows[:0], x).item() == 3.0
    assert gg.scan(lambda s, r: s + r, torch.zeros(0), torch.zeros(2)).shape == (0, 2)
    with pytest.raises(ValueError, match="fn returned"):
        gg.foldl(lambda s, r: (s, r), rows, 0.0)


def test_branches(x):
    assert slope(gg.cond(x > 0, lambda: x * x, lambda: -x), x) == 6.0
    pairs = [(x < 0, lambda: -x), (x > 2, lambda: x * 10)]
    assert gg.case(pairs, default=lambda: x).item() == 30.0
    assert gg.case(pairs[:1], default=lambda: x).item() == 3.0
    assert gg.case(pairs[:1]).item() == -3.0
    with pytest.raises(ValueError, match="more than one predicate"):
        gg.case([(True, lambda: x), (True, lambda: x)], exclusive=True)
    functions = [lambda: 1.0, lambda: 2.0]
    assert [gg.switch_case(torch.tensor(n), functions) for n in (0, 1, 7, -1)] == [1.0, 2.0, 2.0, 2.0]
    assert gg.switch_case(torch.tensor(7), {0: lambda: x}, default=lambda: 5.0) == 5.0
    with pytest.raises(TypeError, match="branch_index"):
        gg.switch_case(torch.tensor(0.5), functions)


def test_only_the_branch_that_is_taken_is_called():
    called = []
    gg.case(
        [(torch.tensor(True), lambda: called.append(1)), (True, lambda: called.append(2))], lambda: called.append(3)
    )
    gg.switch_case(torch.tensor(1), [lambda: called.append(4), lambda: called.append(5)])
    assert called == [1, 5]
