"""Recurrent layers and their cells."""

import numpy as np
import pytest
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import graphgrad as gg
from tests.models.compare import compare, normal

KINDS = pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
OPTIONS = {
    "plain": {},
    "two layers": {"num_layers": 2},
    "both directions": {"bidirectional": True},
    "batch first": {"batch_first": True},
    "everything": {"num_layers": 2, "bidirectional": True, "batch_first": True, "bias": False},
}


def layer(kind, **options):
    return getattr(nn, kind)(3, 4, **options).double()


@pytest.mark.parametrize("known", [True, False], ids=["static", "unknown batch"])
@pytest.mark.parametrize("options", OPTIONS)
@KINDS
def test_recurrent_layers(kind, options, known):
    chosen = OPTIONS[options]
    batch = 0 if chosen.get("batch_first") else 1
    shape = (2, 5, 3) if batch == 0 else (5, 2, 3)
    compare(layer(kind, **chosen), [normal(*shape)], [() if known else (batch,)])


@pytest.mark.parametrize(
    ("kind", "option"), [("RNN", {"nonlinearity": "relu"}), ("LSTM", {"proj_size": 2}), ("GRU", {"dropout": 0.5})]
)
def test_options_of_one_kind(kind, option):
    compare(layer(kind, num_layers=2, **option).eval(), [normal(5, 2, 3)], [(1,)])


def with_state(module, x, *state):
    return module(x, state if len(state) > 1 else state[0])


def states(kind):
    return 2 if kind == "LSTM" else 1


@pytest.mark.parametrize("known", [True, False], ids=["static", "unknown batch"])
@KINDS
def test_a_first_state(kind, known):
    arrays = [normal(5, 2, 3), *[normal(1, 2, 4)] * states(kind)]
    compare(layer(kind), arrays, [() if known else (1,)] * len(arrays), call=with_state)


@KINDS
def test_a_sequence_without_a_batch(kind):
    compare(layer(kind), [normal(5, 3)])


@pytest.mark.parametrize("known", [True, False], ids=["static", "unknown batch"])
@KINDS
def test_cells(kind, known):
    cell = getattr(nn, f"{kind}Cell")(3, 4).double()
    arrays = [normal(5, 3), *[normal(5, 4)] * states(kind)]
    compare(cell, arrays[:1], [() if known else (0,)])
    compare(cell, arrays, [() if known else (0,)] * len(arrays), call=with_state)


@KINDS
def test_a_cell_in_a_loop_over_known_steps(kind):
    def unroll(module, x):
        state = None
        for step in range(5):
            state = module(x[step], state)
        return state

    compare(getattr(nn, f"{kind}Cell")(3, 4).double(), [normal(5, 2, 3)], [(1,)], call=unroll)


@KINDS
def test_dropout_between_layers_draws_anew(run, kind):
    data = np.ones((5, 2, 3))
    x = gg.placeholder(gg.float64, data.shape)
    y = layer(kind, num_layers=2, dropout=0.5)(x)[0]
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        first, second = session.run(y, {x: data}), session.run(y, {x: data})
    assert (first != second).any()


# -- packed sequences --------------------------------------------------------------------------------------


def packed(lengths, ordered):
    def call(module, x):
        y, state = module(pack_padded_sequence(x, lengths, enforce_sorted=ordered))
        return pad_packed_sequence(y)[0], state

    return call


@pytest.mark.parametrize("ordered", [True, False])
@KINDS
def test_packed_sequences_of_known_lengths(kind, ordered):
    lengths = [5, 3] if ordered else [3, 5]
    compare(layer(kind), [normal(5, 2, 3)], call=packed(lengths, ordered))


@pytest.mark.parametrize("ordered", [True, False])
def test_lengths_that_a_run_decides_are_refused(ordered):
    x = gg.placeholder(gg.float64, [5, 2, 3])
    lengths = gg.placeholder(gg.int64, [2])
    with pytest.raises((ValueError, TypeError), match="pack_padded_sequence|no value yet"):
        packed(lengths, ordered)(layer("GRU"), x)


def test_pad_sequence():
    def pad(module, one, other):
        return nn.utils.rnn.pad_sequence([module(one), module(other)], batch_first=True)

    compare(nn.Linear(3, 2).double(), [normal(5, 3), normal(3, 3)], call=pad)
