"""What recorded code may ask while it is recorded: values made of constants, and sizes that a run checks."""

import numpy as np
import pytest
import torch
from torch import nn

import graphgrad as gg


def rows(x):
    return x.shape[0]


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [None, 3], name="x")


@pytest.fixture
def z():
    return gg.placeholder(gg.float32, [None, 3], name="z")


FEED = np.ones((4, 3), np.float32)


# -- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        lambda mask: bool((mask == mask.tril()).all()),
        lambda mask: mask.sum().item() == 6,
        lambda mask: int(mask.sum()) == 6,
        lambda mask: torch.equal(mask, mask.clone()),
        lambda mask: mask.tolist()[0] == [1, 0, 0],
        lambda mask: mask.numpy()[2, 0] == 1,
        lambda mask: torch.is_nonzero(mask[0, 0]),
        lambda mask: float(mask[0, 0]) == 1.0,
    ],
)
def test_a_tensor_of_constants_has_a_value_where_code_is_recorded(x, run, question):
    def model(x):
        mask = torch.tril(torch.ones(3, 3))
        return x @ mask if question(mask) else x

    wanted = FEED @ np.tril(np.ones((3, 3)))
    np.testing.assert_allclose(run(gg.record(model, x), {x: FEED}), wanted)


def test_outside_recorded_code_even_a_constant_has_no_value(x):
    with pytest.raises(gg.errors.NoValueError):
        bool(gg.constant(1.0) > 0)


@pytest.mark.parametrize("hidden", [lambda x: x.sum(), lambda x: torch.rand(3).sum(), lambda x: torch.ones(rows(x))])
def test_what_a_run_decides_has_no_value(x, hidden):
    with pytest.raises(gg.errors.NoValueError):
        gg.record(lambda x: bool(hidden(x).sum() > 0), x)


def test_the_value_of_a_parameter_is_not_baked_in(x):
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return x * self.scale.item()

    with pytest.raises(gg.errors.NoValueError, match="scale"):
        Scaled()(x)


def test_unbound_methods_have_no_value_either(x):
    for method in (torch.Tensor.item, torch.Tensor.tolist, torch.Tensor.__bool__, torch.Tensor.numpy):
        with pytest.raises(gg.errors.NoValueError):
            method(x.sum())


# -- sizes ------------------------------------------------------------------------------------------------


def test_a_comparison_of_sizes_is_checked_in_every_run(x, z, run):
    def model(a, b):
        if rows(a) != rows(b):
            raise ValueError("different batches")
        return (a + b).sum()

    y = gg.record(model, x, z)
    assert run(y, {x: FEED, z: FEED}) == 24
    with pytest.raises(gg.errors.InvalidArgumentError, match=r"is True; this run has 4 == 5(.|\n)*test_known"):
        run(y, {x: FEED, z: np.ones((5, 3))})


def test_a_size_is_taken_to_be_larger_than_one(x, run):
    y = gg.record(lambda x: x * 2.0 if rows(x) > 1 else x, x)
    assert run(y, {x: FEED}).sum() == 24
    with pytest.raises(gg.errors.InvalidArgumentError, match="this run has 1 > 1"):
        run(y, {x: FEED[:1]})


def test_the_check_runs_with_the_result_only(x, run):
    other = x * 3.0
    gg.record(lambda x: x * 2.0 if rows(x) > 1 else x, x)
    assert run(other, {x: FEED[:1]}).sum() == 9


def test_the_same_size_of_the_same_tensor_needs_no_check(x):
    before = {op.type for op in gg.get_default_graph().get_operations()}
    gg.record(lambda x: x * 2.0 if x.shape[0] == x.size(0) else x, x)
    assert "CheckSizes" not in {op.type for op in gg.get_default_graph().get_operations()} - before


def test_a_comparison_that_no_typical_size_answers_is_refused(x):
    with pytest.raises(gg.errors.NoValueError, match="depends on the size"):
        gg.record(lambda x: x if rows(x) <= 1024 else x * 2.0, x)


def test_sizes_have_no_answer_in_a_plain_script(x, z):
    with pytest.raises(gg.errors.NoValueError):
        bool(rows(x) == rows(z))
    assert (rows(x) == None) is False  # noqa: E711


def test_shapes_are_compared_size_by_size(x, z, run):
    y = gg.record(lambda a, b: a + b if a.shape == b.shape else a, x, z)
    assert run(y, {x: FEED, z: FEED}).sum() == 24
    with pytest.raises(gg.errors.InvalidArgumentError):
        run(y, {x: FEED, z: FEED[:1]})
