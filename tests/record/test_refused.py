"""Calls that the recorder treats by hand: moves, batch norm, and questions that need a value."""

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2, 3])


DATA = np.float32([[1.5, 2, 3], [4, 5, 6]])

CASTS = {
    "a dtype": lambda x: x.to(torch.float64),
    "a keyword": lambda x: x.to(dtype=torch.float64),
    "another symbolic tensor": lambda x: x.to(gg.zeros([1], gg.float64)),
    "a plain tensor": lambda x: x.to(torch.zeros(1, dtype=torch.float64)),
    "device and dtype": lambda x: x.to("cpu", torch.float64),
    "device, dtype, non_blocking": lambda x: x.to(torch.device("cpu"), torch.float64, non_blocking=True),
    "double": lambda x: x.double(),
    "type": lambda x: x.type(torch.float64),
}


@pytest.mark.parametrize("name", CASTS)
def test_the_spellings_of_a_cast(x, run, name):
    y = CASTS[name](x)
    assert y.dtype is torch.float64
    assert run(y, {x: DATA}).dtype == np.float64
    assert run(gg.gradients(y, x)[0], {x: DATA}).tolist() == np.ones((2, 3)).tolist()


@pytest.mark.parametrize(
    "move", [lambda x: x.to("cuda:1"), lambda x: x.cuda(1), lambda x: x.to(1), lambda x: x.to("cuda:1", gg.float64)]
)
def test_a_move_records_where_to(x, move):
    y = move(x)
    assert y.op.device == "cuda:1" and y.device == torch.device("cuda:1") and y.shape == [2, 3]


def test_a_move_to_the_processor(x, run):
    for y in (x.cpu(), x.to("cpu"), x.to(torch.device("cpu"))):
        assert y.op.device == "cpu" and run(y, {x: DATA}).tolist() == DATA.tolist()


def test_a_move_carries_the_gradient(x, run):
    assert run(gg.gradients(x.cpu() * 3.0, x)[0], {x: DATA}).tolist() == np.full((2, 3), 3.0).tolist()


def test_a_move_to_nowhere_is_the_tensor_itself(x):
    assert x.to() is x and x.to(non_blocking=True) is x


def test_a_copy(x, run):
    y = x.to(torch.float32, copy=True)
    assert y is not x and run(y, {x: DATA}).tolist() == DATA.tolist()


def test_an_unknown_device_is_refused(x):
    with pytest.raises(ValueError, match="is not a device"):
        x.to("tpu9")


# -- questions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        lambda x: torch.equal(x, x),
        lambda x: x.equal(torch.ones(2, 3)),
        lambda x: torch.ones(2, 3).equal(x),
        lambda x: torch.allclose(x, x),
        lambda x: x.allclose(x),
        lambda x: torch.is_nonzero(x[0, 0]),
        lambda x: x[0, 0].is_nonzero(),
    ],
)
def test_a_question_about_values_says_that_there_are_none(x, question):
    with pytest.raises(gg.errors.NoValueError, match="has no value yet: torch"):
        question(x)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's, of what it imports there
def test_forward_mode_is_refused(x):
    with torch.autograd.forward_ad.dual_level(), pytest.raises(gg.errors.RecordingError, match="forward-mode"):
        torch.autograd.forward_ad.make_dual(x, torch.ones(2, 3))
