"""A GPT of unknown batch size and unknown length."""

import numpy as np
import pytest
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg
from tests.models.compare import compare, placeholder
from tests.models.gpt import GPT

SIZES = {"static": (), "unknown batch": (0,), "unknown length": (1,), "unknown both": (0, 1)}
MASKS = pytest.mark.parametrize("mask", ["stored", "made", "kernel"])


def tokens(rows=2, length=6):
    return np.random.randint(0, 11, (rows, length))


@pytest.mark.parametrize("size", SIZES)
@MASKS
def test_scores(mask, size):
    compare(GPT(mask).double(), [tokens()], [SIZES[size]])


@MASKS
def test_training_to_guess_the_next_token(mask):
    def loss(module, given, wanted):
        scores = module(given)
        return F.cross_entropy(scores.view(-1, scores.size(-1)), wanted.reshape(-1))

    compare(GPT(mask).double(), [tokens(), tokens()], [(0, 1), (0, 1)], call=loss)


@MASKS
def test_one_graph_runs_texts_of_any_length(mask):
    model = GPT(mask)
    x = placeholder(tokens(), (0, 1))
    y = model(x)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        for rows, length in ((1, 1), (3, 8), (2, 5)):
            assert session.run(y, {x: tokens(rows, length)}).shape == (rows, length, 11)


@MASKS
def test_a_token_does_not_see_the_next_ones(run, mask):
    x = placeholder(tokens(), (0, 1))
    y = GPT(mask)(x)
    data = tokens()
    other = data.copy()
    other[:, -1] = (other[:, -1] + 1) % 11
    first, second = run(y, {x: data}), run(y, {x: other})
    assert (first[:, :-1] == second[:, :-1]).all() and (first[:, -1] != second[:, -1]).any()


def test_tied_weights_are_one_variable():
    model = GPT("kernel")
    model(placeholder(tokens()))
    assert len(gg.trainable_variables()) == len(list(model.parameters()))
