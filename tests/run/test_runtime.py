"""What programs call: gates, fans, streams, straight-through values, checks."""

import numpy as np
import pytest
import torch

from graphgrad.run.runtime import (
    Run,
    Streams,
    begun,
    check_shape,
    default_dtype,
    math_attention,
    overwrite,
    own,
    straight_through,
)


@pytest.fixture
def x():
    return torch.tensor([1.0, 2.0], requires_grad=True)


# -- gates and fans -------------------------------------------------------------------------------------


def test_a_gate_is_shut_in_its_sweeps_only(x):
    run = Run()
    y = x * 3.0
    run.gate(y, (1,))
    z = y.sum()
    found = []
    for run.sweep in (0, 1, 2):
        found.append(torch.autograd.grad(z, x, retain_graph=True, allow_unused=True)[0])
    assert [each is None for each in found] == [False, True, False]


TERMS = [30.0, 7.0, 1e8, -2e7, -1e8, 3.0, 7.0]


def fanned(orders, sweep):
    run = Run(orders)
    leaf = torch.tensor(1.0, requires_grad=True)
    aliases = run.fan(leaf * 1.0, len(TERMS))
    y = torch.stack([alias * term for alias, term in zip(aliases, TERMS, strict=True)]).sum()
    run.sweep = sweep
    return float(torch.autograd.grad(y, leaf)[0])


def total(terms):
    found = np.float32(terms[0])
    for term in terms[1:]:
        found = np.float32(found + np.float32(term))
    return float(found)


def pairwise(terms):
    terms = [np.float32(term) for term in terms]
    while len(terms) > 1:
        pairs = [np.float32(a + b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
    return float(terms[0])


def test_a_fan_sums_in_the_order_of_the_sweep():
    orders = ("default", "accumulate", "tree")
    assert [fanned(orders, n) for n in range(3)] == [total(TERMS[::-1]), total(TERMS), pairwise(TERMS)]
    assert len({fanned(orders, n) for n in range(3)}) == 3


def test_readers_without_a_gradient_do_not_count(x):
    run = Run(("tree",))
    run.sweep = 0
    first, _, third = run.fan(x * 1.0, 3)
    assert torch.autograd.grad((first * 2.0 + third * 5.0).sum(), x)[0].tolist() == [7, 7]


def test_a_fan_is_differentiated_twice(x):
    run = Run(("tree",))
    run.sweep = 0
    a, b, c = run.fan(x * 1.0, 3)
    (g,) = torch.autograd.grad((a * b * c).sum(), x, create_graph=True)
    assert torch.autograd.grad(g.sum(), x)[0].tolist() == [6, 12]


def test_a_run_without_streams_calls_at_once():
    assert Run().draw(3, lambda: 5 - 2) == 3


# -- fed values -----------------------------------------------------------------------------------------


def test_straight_through_is_the_fed_value_forward_and_the_computed_one_backward(x):
    fed = torch.tensor([10.0, 20.0])
    y = straight_through(x * 3.0, fed)
    assert y.tolist() == [10, 20]
    assert torch.autograd.grad((y * y).sum(), x)[0].tolist() == [60, 120]


def test_overwrite_replaces_what_the_derivative_reads(x):
    y = overwrite(torch.exp(x), torch.tensor([10.0, 20.0]))
    assert y.tolist() == [10, 20]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [10, 20]


def test_overwrite_leaves_the_fed_tensor_alone_and_checks_its_shape(x):
    fed = torch.tensor([10.0, 20.0])
    y = overwrite(torch.exp(x), fed)
    y.data.zero_()
    assert fed.tolist() == [10, 20]
    with pytest.raises(ValueError, match=r"the fed value has shape \[3\], the operation gives \[2\]"):
        overwrite(torch.exp(x), torch.ones(3))


# -- checks and modes -----------------------------------------------------------------------------------


def test_check_shape():
    t = torch.ones(2, 3)
    assert check_shape(t, (2, 3)) is t
    with pytest.raises(ValueError, match=r"shape \[2, 3\] is assigned to a variable of shape \[3\]"):
        check_shape(t, (3,))


def test_default_dtype_is_put_back():
    with default_dtype(torch.float64):
        assert torch.get_default_dtype() is torch.float64
    with pytest.raises(KeyError), default_dtype(torch.float64):
        raise KeyError
    assert torch.get_default_dtype() is torch.float32


def test_math_attention_can_be_differentiated_twice():
    q = torch.rand(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    with math_attention():
        y = torch.nn.functional.scaled_dot_product_attention(q, q, q)
    (g,) = torch.autograd.grad(y.sum(), q, create_graph=True)
    assert torch.autograd.grad(g.sum(), q)[0].abs().sum() > 0


def test_programs_find_own_here(x):
    assert own(x, x) is not x


# -- streams --------------------------------------------------------------------------------------------


def drawn(streams, operation, seed=None):
    return streams.draw(operation, lambda: torch.rand(3), seed).tolist()


def test_a_stream_advances_and_repeats_with_its_seed():
    one, other = Streams(1), Streams(1)
    first = [drawn(one, 5) for _ in range(3)]
    assert first == [drawn(other, 5) for _ in range(3)]
    assert len(set(map(tuple, first))) == 3


def test_streams_do_not_disturb_each_other():
    one, other = Streams(1), Streams(1)
    drawn(one, 9)
    assert drawn(one, 5) == drawn(other, 5) != drawn(other, 9)


def test_another_seed_is_another_stream():
    assert drawn(Streams(1), 5) != drawn(Streams(2), 5)


def test_the_seed_of_an_operation_counts_in_its_place():
    assert drawn(Streams(1), 5, seed=3) == drawn(Streams(1), 6, seed=3) != drawn(Streams(1), 3)
    assert drawn(Streams(None), 5, seed=3) == drawn(Streams(None), 5, seed=3)
    assert drawn(Streams(None), 5) != drawn(Streams(None), 5)


def test_neighbouring_seeds_and_streams_are_unrelated():
    found = [tuple(drawn(Streams(seed), stream)) for seed in range(-3, 5) for stream in range(8)]
    assert len(set(found)) == len(found)


def test_the_global_generator_is_put_back_whatever_happens():
    state = torch.get_rng_state()
    drawn(Streams(1), 5)
    with pytest.raises(KeyError):
        Streams(1).draw(5, lambda: {}["missing"], None)
    assert torch.equal(torch.get_rng_state(), state)


def test_numbers_are_spread_over_streams():
    streams = Streams(3)
    found = np.array([drawn(streams, stream)[0] for stream in range(2000)])
    assert abs(found.mean() - 0.5) < 0.03 and abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.08


def test_begun_starts_the_tape_only_where_there_is_none():
    taped = torch.ones(2, requires_grad=True) * 2
    assert begun(taped) is taped
    plain = torch.ones(2)
    found = begun(plain)
    assert found.requires_grad and found.data_ptr() == plain.data_ptr() and not plain.requires_grad
