"""Recurrent networks beside each other and beside steps written out."""

import numpy as np
import pytest

import graphgrad as gg

cells = gg.nn.rnn_cell
X = np.random.RandomState(0).randn(3, 5, 2).astype(np.float32)
LENGTHS = [5, 2, 0]


def run(fetches, feeds=None):
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        return sess.run(fetches, feeds)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
@pytest.mark.parametrize("kind", ["LSTMCell", "GRUCell"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_the_loop_is_the_steps(kind, lengths, known):
    x = gg.placeholder(gg.float32, [3, 5, 2] if known else [None, None, 2])
    cell = getattr(cells, kind)(4)
    looped, state = gg.nn.dynamic_rnn(cell, x, lengths, dtype=gg.float32)
    steps = [x[:, time] for time in range(5)]
    with gg.variable_scope("again"):
        listed, last = gg.nn.static_rnn(cell, steps, dtype=gg.float32, sequence_length=lengths)
    assert len(gg.trainable_variables()) == (2 if kind == "LSTMCell" else 4)
    weights = gg.trainable_variables()
    (first, second) = (gg.gradients(gg.reduce_sum(each**2), weights) for each in (looped, gg.stack(listed, 1)))
    found = run({"a": (looped, state, first), "b": (gg.stack(listed, 1), last, second)}, {x: X})
    for one, other in zip(*(list(flat(found[key])) for key in "ab"), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)
    outputs = found["a"][0]
    assert outputs.shape == (3, 5, 4)
    if lengths:
        assert not outputs[1, 2:].any() and not outputs[2].any() and outputs[0].all()
        h = found["a"][1].h if kind == "LSTMCell" else found["a"][1]
        np.testing.assert_array_equal(h, np.stack([outputs[0, 4], outputs[1, 1], np.zeros(4)]))


def flat(nest):
    for item in nest:
        if isinstance(item, (list, tuple)):
            yield from flat(item)
        else:
            yield item


def test_time_first_and_a_first_state():
    cell = cells.BasicRNNCell(4)
    start = gg.ones([3, 4])
    one, _ = gg.nn.dynamic_rnn(cell, gg.constant(X), initial_state=start)
    with gg.variable_scope("again"):
        other, _ = gg.nn.dynamic_rnn(
            cell, gg.constant(X.transpose(1, 0, 2)), initial_state=start, time_major=True, scope="more"
        )
        zero, _ = gg.nn.dynamic_rnn(cell, gg.constant(X), dtype=gg.float32)
    first, second, third = run([one, other, zero])
    np.testing.assert_array_equal(first, second.transpose(1, 0, 2))
    assert np.abs(first[:, 0] - third[:, 0]).min() > 0
    with pytest.raises(ValueError, match="dtype"):
        gg.nn.dynamic_rnn(cell, gg.constant(X))
    with pytest.raises(ValueError, match="vector of integers"):
        gg.nn.dynamic_rnn(cell, gg.constant(X), [1.0, 2.0, 3.0], dtype=gg.float32)
    with pytest.raises(TypeError, match="a list with a tensor for each step"):
        gg.nn.static_rnn(cell, gg.constant(X), dtype=gg.float32)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
def test_both_ways(lengths):
    pair = cells.GRUCell(4), cells.GRUCell(4)
    x = gg.constant(X)
    (ahead, back), (last, first) = gg.nn.bidirectional_dynamic_rnn(*pair, x, lengths, dtype=gg.float32)
    names = [each.name for each in gg.trainable_variables()]
    assert names[0] == "bidirectional_rnn/fw/gru_cell/gates/kernel:0"
    assert names[4] == "bidirectional_rnn/bw/gru_cell/gates/kernel:0"
    with gg.variable_scope("again"):
        steps = [x[:, time] for time in range(5)]
        outputs, end, start = gg.nn.static_bidirectional_rnn(*pair, steps, dtype=gg.float32, sequence_length=lengths)
    found = run([gg.concat([ahead, back], 2), gg.stack(outputs, 1), last, end, first, start])
    for one, other in zip(found[::2], found[1::2], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    backward = found[0][:, :, 4:]
    np.testing.assert_array_equal(backward[0, 0], found[4][0])  # its last step is the first one


def test_a_network_learns_to_count():
    rng = np.random.RandomState(0)
    data = rng.randint(0, 2, (64, 6, 1)).astype(np.float32)
    gg.set_random_seed(0)
    x = gg.placeholder(gg.float32, [None, None, 1])
    _, state = gg.nn.dynamic_rnn(cells.LSTMCell(8), x, dtype=gg.float32)
    loss = gg.reduce_mean((gg.layers.dense(state.h, 1)[:, 0] - gg.reduce_sum(x, [1, 2])) ** 2)
    train = gg.train.AdamOptimizer(0.05).minimize(loss)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        for _ in range(250):
            sess.run(train, {x: data})
        assert sess.run(loss, {x: data}) < 0.05
