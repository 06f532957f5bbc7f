"""`gg.nn` has the functions of all its parts."""

import pytest

import graphgrad as gg
from graphgrad.ops import nn, rnn


def test_its_parts():
    assert gg.nn.relu is nn.relu and gg.nn.rnn_cell is rnn
    assert set(nn.__all__) < set(gg.nn.__all__) and all(hasattr(gg.nn, name) for name in gg.nn.__all__)
    assert len(gg.nn.__all__) == len(set(gg.nn.__all__))


def test_contrib_has_the_same_cells():
    assert gg.contrib.rnn.BasicLSTMCell is gg.nn.rnn_cell.BasicLSTMCell
    assert gg.contrib.rnn.static_rnn is gg.nn.static_rnn


def test_other_names_have_neighbours():
    with pytest.raises(AttributeError, match="dynamic_rnn"):
        gg.nn.raw_rnn  # noqa: B018
    with pytest.raises(AttributeError, match="the nearest names are relu"):
        gg.nn.relux  # noqa: B018
