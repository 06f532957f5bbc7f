"""The steps of recurrent cells, beside numpy and torch's own cells."""

import numpy as np
import pytest
import torch

import graphgrad as gg

cells = gg.nn.rnn_cell
X = np.random.RandomState(0).randn(5, 3)
H = np.random.RandomState(1).randn(5, 4)
C = np.random.RandomState(2).randn(5, 4)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def stepped(cell, state):
    """Output, state and variables of a step, with random biases so that none is a zero."""
    output, after = cell(gg.constant(X), state)
    rng = np.random.RandomState(3)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        first = {each.name: sess.run(each) for each in cell.variables}
        values = {name: value + 0.1 * rng.randn(*value.shape) for name, value in first.items()}
        sess.load({each: values[each.name] for each in cell.variables})
        found, after = sess.run([output, after])
    return found, after, values, first


def test_the_plain_cell():
    output, state, v, first = stepped(cells.BasicRNNCell(4), gg.constant(H))
    k, b = v["basic_rnn_cell/kernel:0"], v["basic_rnn_cell/bias:0"]
    np.testing.assert_allclose(output, np.tanh(np.c_[X, H] @ k + b))
    np.testing.assert_array_equal(output, state)
    assert not first["basic_rnn_cell/bias:0"].any() and k.dtype == np.float64


def test_gated_units_as_tf1_has_them():
    output, state, v, first = stepped(cells.GRUCell(4), gg.constant(H))
    gates = sigmoid(np.c_[X, H] @ v["gru_cell/gates/kernel:0"] + v["gru_cell/gates/bias:0"])
    r, u = gates[:, :4], gates[:, 4:]
    candidate = np.tanh(np.c_[X, r * H] @ v["gru_cell/candidate/kernel:0"] + v["gru_cell/candidate/bias:0"])
    np.testing.assert_allclose(output, u * H + (1 - u) * candidate)
    np.testing.assert_array_equal(output, state)
    assert (first["gru_cell/gates/bias:0"] == 1).all() and not first["gru_cell/candidate/bias:0"].any()


@pytest.mark.parametrize("kind", ["BasicLSTMCell", "LSTMCell"])
def test_long_short_term_memory_as_torchs(kind):
    scope = "basic_lstm_cell" if kind == "BasicLSTMCell" else "lstm_cell"
    output, state, v, _ = stepped(
        getattr(cells, kind)(4, forget_bias=0.5), cells.LSTMStateTuple(gg.constant(C), gg.constant(H))
    )
    k, b = v[f"{scope}/kernel:0"], v[f"{scope}/bias:0"]
    order = np.r_[0:4, 8:12, 4:8, 12:16]  # torch has input, forget, candidate, output
    b = b + np.r_[np.zeros(8), np.full(4, 0.5), np.zeros(4)]
    own = torch.nn.LSTMCell(3, 4, dtype=torch.float64)
    with torch.no_grad():
        own.weight_ih.copy_(torch.tensor(k[:3, order].T))
        own.weight_hh.copy_(torch.tensor(k[3:, order].T))
        own.bias_ih.copy_(torch.tensor(b[order]))
        own.bias_hh.zero_()
        h, c = own(torch.tensor(X), (torch.tensor(H), torch.tensor(C)))
    np.testing.assert_allclose(output, h.numpy())
    np.testing.assert_allclose(state.c, c.numpy())
    np.testing.assert_array_equal(state.h, output)


def test_peepholes_projection_and_clipping():
    cell = cells.LSTMCell(4, True, 0.5, num_proj=2, proj_clip=0.1)
    h0 = H[:, :2]
    output, state, v, _ = stepped(cell, cells.LSTMStateTuple(gg.constant(C), gg.constant(h0)))
    i, j, f, o = np.split(np.c_[X, h0] @ v["lstm_cell/kernel:0"] + v["lstm_cell/bias:0"], 4, 1)
    f_diag, i_diag, o_diag = (v[f"lstm_cell/w_{gate}_diag:0"] for gate in "fio")
    c = sigmoid(f + 1 + f_diag * C) * C + sigmoid(i + i_diag * C) * np.tanh(j)
    c = np.clip(c, -0.5, 0.5)
    h = np.clip((sigmoid(o + o_diag * c) * np.tanh(c)) @ v["lstm_cell/projection/kernel:0"], -0.1, 0.1)
    np.testing.assert_allclose(state.c, c)
    np.testing.assert_allclose(output, h)
    assert cell.output_size == 2 and cell.state_size == (4, 2)


def test_a_state_in_one_piece():
    cell = cells.BasicLSTMCell(4, state_is_tuple=False, name="mine")
    output, state, v, _ = stepped(cell, gg.constant(np.c_[C, H]))
    i, j, f, o = np.split(np.c_[X, H] @ v["mine/kernel:0"] + v["mine/bias:0"], 4, 1)
    c = sigmoid(f + 1) * C + sigmoid(i) * np.tanh(j)
    np.testing.assert_allclose(state, np.c_[c, sigmoid(o) * np.tanh(c)])
    np.testing.assert_array_equal(output, state[:, 4:])
    assert cell.state_size == 8


def test_another_activation_and_what_is_refused():
    output, _, v, _ = stepped(cells.BasicRNNCell(4, gg.nn.relu), gg.constant(H))
    np.testing.assert_allclose(
        output, np.maximum(np.c_[X, H] @ v["basic_rnn_cell/kernel:0"] + v["basic_rnn_cell/bias:0"], 0)
    )
    with pytest.raises(NotImplementedError, match="shards"):
        cells.LSTMCell(4, num_unit_shards=2)
    with pytest.raises(TypeError, match="c is"):
        cells.LSTMStateTuple(gg.ones([1], gg.float32), gg.ones([1], gg.float64)).dtype  # noqa: B018
    assert cells.LSTMStateTuple(gg.ones([1]), gg.ones([1])).dtype is gg.float32
