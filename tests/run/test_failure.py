"""The error of a run names the operation that failed, innermost first, and the user's line."""

import pytest
import torch

import graphgrad as gg
from graphgrad.run.failure import failure


@pytest.fixture
def n():
    return gg.placeholder(gg.int64, [], name="n")


def failing(fetch, feeds):
    with gg.Session() as session, pytest.raises(gg.errors.InvalidArgumentError) as caught:
        session.run(fetch, feeds)
    return caught.value


def picked(x, n):
    """The n-th element: fails in the run if there is none."""
    return torch.index_select(x, 0, n.reshape(1)).sum()


def test_an_operation_outside_of_everything(n):
    y = picked(gg.ones([2]), n)
    error = failing(y, {n: 5})
    assert error.op.type == "IndexSelect" and "index out of range" in error.message
    assert "test_failure.py" in str(error) and "torch.index_select" in str(error)


def test_an_operation_in_a_branch_in_a_loop(n):
    x = gg.ones([2])

    def body(i, y):
        return i + 1, gg.cond(i > 0, lambda: picked(x * y, n), lambda: y)

    _, y = gg.while_loop(lambda i, y: i < 3, body, [0, gg.ones([])])
    for fetch in (y, gg.gradients(y, x)[0]):
        error = failing(fetch, {n: 7})
        assert error.op.type == "IndexSelect" and "torch.index_select" in str(error)


def test_an_operation_in_a_map(n):
    y = gg.map_fn(lambda row: picked(row, n), gg.ones([3, 2]))
    assert failing(y, {n: 2}).op.type == "IndexSelect"


def test_an_error_of_the_loop_itself_is_the_loops(n):
    a, b = gg.placeholder(gg.float32, [None], name="a"), gg.placeholder(gg.float32, [None], name="b")
    y = gg.map_fn(lambda item: item[0] + item[1], (a, b), name="pairs")
    assert failing(y, {a: [1.0], b: [1.0, 2.0]}).op.name == "pairs"


def test_a_body_works_again_after_an_error(n):
    x = gg.ones([2])
    y = gg.cond(n > -1, lambda: picked(x, n), lambda: x[0])
    (g,) = gg.gradients(y, x)
    with gg.Session() as session:
        for _ in range(2):
            with pytest.raises(gg.errors.InvalidArgumentError):
                session.run(g, {n: 2})
            assert torch.is_grad_enabled()
            assert session.run(g, {n: 1}).tolist() == [0.0, 1.0]


def test_memory_that_has_run_out_is_an_error_of_its_own():
    error = failure(torch.OutOfMemoryError("CUDA out of memory\nmore"))
    assert isinstance(error, gg.errors.ResourceExhaustedError) and error.op is None
    assert error.message.startswith("OutOfMemoryError: CUDA out of memory") and "more" not in error.message


def test_an_error_from_nowhere_has_no_operation():
    error = failure(ValueError(""))
    assert isinstance(error, gg.errors.InvalidArgumentError) and error.op is None
