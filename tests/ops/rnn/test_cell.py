"""Cells of one's own, in the new way and in that of old scripts."""

import numpy as np
import pytest

import graphgrad as gg

RNNCell = gg.nn.rnn_cell.RNNCell


class Old(RNNCell):
    """A cell as scripts of 2016 write it."""

    def __init__(self, units):
        self._units = units

    @property
    def state_size(self):
        return self._units

    @property
    def output_size(self):
        return self._units

    def __call__(self, inputs, state, scope=None):
        with gg.variable_scope(scope or type(self).__name__):
            w = gg.get_variable("w", [self._units], initializer=gg.constant_initializer(2.0))
            after = state + inputs * w
        return after, after


def test_an_old_cell_along_time():
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    outputs, last = gg.nn.dynamic_rnn(Old(2), gg.constant(x), dtype=gg.float32)
    steps, end = gg.nn.static_rnn(Old(2), list(gg.unstack(gg.constant(x), axis=1)), dtype=gg.float32, scope="static")
    assert [each.name for each in gg.trainable_variables()] == ["rnn/Old/w:0", "static/Old/w:0"]
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        found, final, more, done = sess.run([outputs, last, gg.stack(steps, 1), end])
    np.testing.assert_allclose(found, 2 * np.cumsum(x, 1))
    np.testing.assert_allclose(more, found)
    np.testing.assert_allclose(final, found[:, -1])
    np.testing.assert_allclose(done, final)


def test_the_scope_of_a_cell():
    one, other = gg.nn.rnn_cell.BasicRNNCell(2), gg.nn.rnn_cell.BasicRNNCell(2, name="mine")
    x, state = gg.ones([1, 2]), gg.zeros([1, 2])
    one(x, state, "given")
    one(x, state)
    other(x, state)
    names = [each.name for each in gg.trainable_variables()]
    assert names == ["given/kernel:0", "given/bias:0", "mine/kernel:0", "mine/bias:0"]


def test_zero_states():
    cell = gg.nn.rnn_cell.MultiRNNCell([gg.nn.rnn_cell.LSTMCell(3), gg.nn.rnn_cell.GRUCell(2)])
    batch = gg.shape(gg.placeholder(gg.float32, [None, 1], name="x"))[0]
    (c, h), last = cell.zero_state(batch, gg.float64)
    with gg.Session() as sess:
        values = sess.run([c, h, last], {"x:0": np.zeros((4, 1))})
    assert [value.shape for value in values] == [(4, 3), (4, 3), (4, 2)]
    assert values[0].dtype == np.float64 and not any(value.any() for value in values)


@pytest.mark.parametrize("wrong", [3, "cell", gg.tanh, RNNCell], ids=["number", "text", "function", "class"])
def test_what_is_no_cell(wrong):
    if wrong is RNNCell:
        with pytest.raises(NotImplementedError):
            RNNCell().state_size  # noqa: B018
        return
    with pytest.raises(TypeError, match="not an RNNCell"):
        gg.nn.dynamic_rnn(wrong, gg.ones([1, 2, 3]), dtype=gg.float32)
