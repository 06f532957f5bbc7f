"""What branches, loops and scans do in a run, called directly on torch tensors."""

import pytest
import torch

import graphgrad as gg
from graphgrad.ground.spec import declared
from graphgrad.record.flow import Branches, Loop, Scan
from graphgrad.record.nested import trace
from graphgrad.record.record import record

SCALAR = declared((), torch.float64)
VECTOR = declared((None,), torch.float64)
COUNT = declared((), torch.int64)


def tensor(value, **options):
    return torch.tensor(value, dtype=torch.float64, **options)


def body(function, specs=()):
    return trace(gg.get_default_graph(), function, specs, [f"a{n}" for n in range(len(specs))])


@pytest.fixture
def branches():
    """The first returns what it reads, the second twice as much."""
    x = gg.constant(0.0, gg.float64)
    return Branches((body(lambda: [x]), body(lambda: [x * 2.0])), places=((1,), (1,)))


def power(maximum=None):
    """(count, y) -> (count + 1, y * x) while count < 3."""
    x = gg.constant(0.0, gg.float64)
    condition = body(lambda i, y: i < 3, [COUNT, SCALAR])
    rounds = body(lambda i, y: (i + 1, y * x), [COUNT, SCALAR])
    return Loop(condition, rounds, 2, maximum, places=((), (2,)))


# -- branches -------------------------------------------------------------------------------------------


def test_a_true_bool_chooses_the_first_body(branches):
    assert branches(torch.tensor(True), tensor(3.0)) == (tensor(3.0),)
    assert branches(torch.tensor(False), tensor(3.0)) == (tensor(6.0),)


@pytest.mark.parametrize(("number", "want"), [(0, 3.0), (1, 6.0), (2, 6.0), (-1, 6.0)])
def test_a_number_chooses_its_body_or_the_last(branches, number, want):
    assert branches(torch.tensor(number), tensor(3.0)) == (tensor(want),)


def test_results_have_memory_of_their_own(branches):
    given = tensor([1.0, 2.0])
    (found,) = branches(torch.tensor(True), given)
    assert found.data_ptr() != given.data_ptr()
    x = gg.constant([0.0, 0.0], gg.float64)
    twice = Branches((body(lambda: (lambda y: [y, y[:1]])(x * 2.0)),), places=((1,),))
    a, b = twice(torch.tensor(0), given)
    assert a.untyped_storage().data_ptr() != b.untyped_storage().data_ptr()


def test_gradients_pass_through_the_body(branches):
    x = tensor(3.0, requires_grad=True)
    (y,) = branches(torch.tensor(False), x)
    assert torch.autograd.grad(y, x) == (tensor(2.0),)
    with torch.no_grad():
        assert not branches(torch.tensor(False), x)[0].requires_grad


def test_a_result_that_may_be_connected_is_on_the_tape():
    x = gg.constant(2.0, gg.float64)
    y = gg.cond(x > 0, lambda: x * 2.0, lambda: gg.constant(7.0, gg.float64))
    gg.gradients(y, x)  # asks what is connected
    leaf = tensor(-1.0, requires_grad=True)
    (found,) = y.op.target(torch.tensor(False), leaf)
    assert found.requires_grad and float(found.detach()) == 7.0
    assert torch.autograd.grad(found, leaf, allow_unused=True) == (None,)


# -- loops ----------------------------------------------------------------------------------------------


def test_a_loop_runs_until_its_condition_fails():
    assert power()(torch.tensor(0), tensor(1.0), tensor(2.0)) == (torch.tensor(3), tensor(8.0))
    assert power()(torch.tensor(5), tensor(1.0), tensor(2.0)) == (torch.tensor(5), tensor(1.0))


@pytest.mark.parametrize(("maximum", "want"), [(0, 1.0), (2, 4.0), (9, 8.0)])
def test_a_loop_runs_so_many_rounds_at_most(maximum, want):
    assert power(maximum)(torch.tensor(0), tensor(1.0), tensor(2.0))[1] == tensor(want)


def test_a_loop_on_the_tape():
    x, start = tensor(2.0, requires_grad=True), tensor(1.0, requires_grad=True)
    _, y = power()(torch.tensor(0), start, x)
    first = torch.autograd.grad(y, [x, start], create_graph=True)
    assert first == (tensor(12.0), tensor(8.0))
    assert torch.autograd.grad(first[0], [x, start]) == (tensor(12.0), tensor(12.0))


def test_the_condition_is_off_the_tape():
    seen = []

    def spy(y):
        seen.append(torch.is_grad_enabled())
        return y.clone()

    condition = body(lambda y: record(spy, (y,), {}) < 3.0, [SCALAR])
    rounds = body(lambda y: [y * 2.0], [SCALAR])
    seen.clear()
    loop = Loop(condition, rounds, 1, places=((), ()))
    x = tensor(1.0, requires_grad=True)
    (y,) = loop(x)
    assert torch.autograd.grad(y, x) == (tensor(4.0),)
    assert seen == [False, False, False] and torch.is_grad_enabled()


# -- scans ----------------------------------------------------------------------------------------------


def sums(last=False, reverse=False):
    step = body(lambda s, item: [s + item, (s + item) * 1.0], [SCALAR, SCALAR])
    step.outputs = step.outputs[:1] if last else step.outputs
    return Scan(step, 1, 1, last, reverse, places=((),))


def test_a_scan_stacks_or_hands_on():
    rows = tensor([1.0, 2.0, 3.0])
    assert sums()(tensor(0.0), rows)[0].tolist() == [1, 3, 6]
    assert sums(reverse=True)(tensor(0.0), rows)[0].tolist() == [6, 5, 3]
    assert sums(last=True)(tensor(0.0), rows) == (tensor(6.0),)


def test_a_scan_of_nothing_has_the_shape_that_is_known():
    (found,) = sums()(tensor(0.0), tensor([]))
    assert (found.shape, found.dtype) == ((0,), torch.float64)
    rows = body(lambda row: [torch.stack([row, row])], [VECTOR])
    (found,) = Scan(rows, 0, 1, False, places=((),))(torch.zeros(0, 4, dtype=torch.float64))
    assert found.shape == (0, 2, 0)  # the row's size is not known without a row


def test_a_scan_on_the_tape():
    rows = tensor([1.0, 2.0, 3.0], requires_grad=True)
    (found,) = sums()(tensor(0.0), rows)
    assert torch.autograd.grad(found.sum(), rows)[0].tolist() == [3, 2, 1]


def test_items_of_different_number():
    step = body(lambda a, b: [a + b], [SCALAR, SCALAR])
    with pytest.raises(ValueError, match=r"different numbers of items: \[2, 3\]"):
        Scan(step, 0, 2, False, places=((),))(tensor([1.0, 2.0]), tensor([1.0, 2.0, 3.0]))
