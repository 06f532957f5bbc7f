"""Results: arrays that share memory with nothing else, in the kind that was asked for."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.run.results import convert


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2], name="x")


def converted(tensors, outputs, feeds=(), state=(), constants=(), numpy=True):
    """What fetching these tensors gives if the program returned these outputs."""
    planned = plan(tuple(tensor._value for tensor in tensors), (), ())
    return convert(planned.shared, list(outputs), feeds, state, constants, numpy)


def test_arrays_scalars_and_dtypes_that_numpy_lacks(x):
    outputs = [torch.ones(2), torch.tensor(3), torch.ones(2, dtype=torch.bfloat16), 5]
    found = converted([x * 2, x * 3, x * 4, x * 5], outputs)
    assert type(found[0]) is np.ndarray and type(found[1]) is np.int64 and type(found[2]) is torch.Tensor
    assert found[3] == 5 and type(found[3]) is np.int64


def test_torch_tensors_are_detached(x):
    with_history = torch.ones(2, requires_grad=True) * 2
    (found,) = converted([x * 2], [with_history], numpy=False)
    assert type(found) is torch.Tensor and not found.requires_grad
    assert converted([x * 2], [5], numpy=False)[0].tolist() == 5


def test_a_fresh_result_is_not_copied(x):
    tensor = torch.ones(2)
    (found,) = converted([x * 2], [tensor])
    assert np.shares_memory(found, tensor.numpy())


@pytest.mark.parametrize("kind", ["feeds", "state", "constants"])
def test_what_lives_longer_than_the_run_is_copied(x, kind):
    kept = torch.ones(4)
    (found,) = converted([x], [kept[1:3]], **{kind: [kept]})
    assert not np.shares_memory(found, kept.numpy()) and found.tolist() == [1, 1]


def test_of_two_results_in_one_memory_one_is_copied(x):
    tensor = torch.ones(2)
    one, other = converted([y := x * 2, y[:1]], [tensor, tensor[:1]])
    assert not np.shares_memory(one, other)


def test_an_expanded_result_gets_memory_of_its_own(x):
    (found,) = converted([x[:1].expand(3)], [torch.ones(1).expand(3)])
    found[0] = 5.0
    assert found.tolist() == [5, 1, 1]


def test_conjugate_and_negative_views_are_resolved(x):
    z = torch.tensor([1 + 2j])
    found = converted([x * 2, x * 3], [z.conj(), z.conj().imag])
    assert found[0].tolist() == [1 - 2j] and found[1].tolist() == [-2]


def test_zeros_without_memory_become_zeros(x):
    zeros = torch._efficientzerotensor((2,))
    (found,) = converted([x * 2], [zeros])
    assert found.tolist() == [0, 0] and found.flags.writeable


def test_results_are_writable(x):
    with gg.Session() as session:
        for fetch in (x, x * 2, x[:1], gg.constant([1.0]), *gg.gradients(x * x, x), *gg.gradients(x, x)):
            assert session.run(fetch, {x: [1, 2]}).flags.writeable


def test_a_sparse_result_stays_a_torch_tensor(x):
    sparse = torch.eye(2).to_sparse()
    (found,) = converted([x * 2], [sparse])
    assert isinstance(found, torch.Tensor) and found.to_dense().tolist() == [[1, 0], [0, 1]]


def test_an_empty_result(x):
    with gg.Session() as session:
        found = session.run([x[:0], x[2:]], {x: [1, 2]})
    assert [each.shape for each in found] == [(0,), (0,)]


def test_what_is_assigned_and_the_equal_value_beside_it_share_no_memory() -> None:
    a, b = gg.placeholder(gg.float32, [2]), gg.placeholder(gg.float32, [2])
    v = gg.Variable([0.0, 0.0])
    with gg.Session() as session:
        assigned, beside = session.run([v.assign(a + b), a + b], {a: [1.0, 2.0], b: [3.0, 4.0]})
        assigned += 100.0
        assert beside.tolist() == [4.0, 6.0] and session.run(v).tolist() == [4.0, 6.0]
