"""Cells made of cells."""

import numpy as np
import pytest

import graphgrad as gg

cells = gg.nn.rnn_cell


def run(fetches):
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        return sess.run(fetches)


@pytest.mark.parametrize("as_tuple", [True, False])
def test_a_stack_is_one_cell_after_the_other(as_tuple):
    first, second = cells.GRUCell(4), cells.BasicRNNCell(3)
    stack = cells.MultiRNNCell([first, second], state_is_tuple=as_tuple)
    x, h, g = gg.ones([2, 5]), gg.ones([2, 4]) * 0.5, gg.ones([2, 3]) * 0.25
    output, state = stack(x, (h, g) if as_tuple else gg.concat([h, g], 1))
    middle, _ = first(x, h)
    wanted, _ = second(middle, g)
    found, after, inner, right = run([output, state, middle, wanted])
    np.testing.assert_array_equal(found, right)
    joined = np.concatenate(after, 1) if as_tuple else after
    np.testing.assert_array_equal(joined, np.c_[inner, right])
    names = [each.name for each in stack.trainable_weights]
    assert names[0] == "multi_rnn_cell/cell_0/gru_cell/gates/kernel:0" and len(names) == len(stack.variables) == 6
    assert names[-1] == "multi_rnn_cell/cell_1/basic_rnn_cell/bias:0"
    assert stack.output_size == 3 and stack.state_size == ((4, 3) if as_tuple else 7)


def test_what_can_not_be_stacked():
    with pytest.raises(ValueError, match="at least one"):
        cells.MultiRNNCell([])
    with pytest.raises(TypeError, match="not an RNNCell"):
        cells.MultiRNNCell([3])
    with pytest.raises(ValueError, match="one tensor"):
        cells.MultiRNNCell([cells.LSTMCell(3)], state_is_tuple=False)
    with pytest.raises(ValueError, match="state of 2 parts"):
        cells.MultiRNNCell([cells.GRUCell(3)])(gg.ones([1, 2]), (gg.ones([1, 3]), gg.ones([1, 3])))


class Echo(cells.RNNCell):
    """Gives back what it is given, and adds one to its state."""

    state_size = cells.LSTMStateTuple(1000, 1000)
    output_size = 1000

    def call(self, inputs, state):
        return inputs, cells.LSTMStateTuple(state.c + 1, state.h + 1)


def dropped(**options):
    cell = cells.DropoutWrapper(Echo(), seed=1, **options)
    outputs, state = gg.nn.dynamic_rnn(cell, gg.ones([2, 3, 1000]), dtype=gg.float32)
    return run([outputs, state])


def test_dropout_of_outputs_inputs_and_states():
    outputs, state = dropped(output_keep_prob=0.5)
    assert set(np.unique(outputs)) == {0, 2} and abs(outputs.mean() - 1) < 0.1
    assert (state.h == 3).all()
    assert any((outputs[:, 0] != outputs[:, 1]).ravel())  # each step draws its own
    assert set(np.unique(dropped(input_keep_prob=gg.constant(0.25))[0])) == {0, 4}
    _, state = dropped(state_keep_prob=0.5)
    assert (state.c == 3).all() and set(np.unique(state.h)) == {0, 2, 6, 14}  # ((1 / .5 + 1) / .5 + 1) / .5


def test_the_same_elements_in_all_steps():
    outputs, _ = dropped(output_keep_prob=0.5, variational_recurrent=True, dtype=gg.float32)
    assert set(np.unique(outputs)) == {0, 2}
    assert (outputs == outputs[:1, :1]).all()
    _, state = dropped(state_keep_prob=0.5, variational_recurrent=True, dtype=gg.float32)
    assert set(np.unique(state.h)) == {0, 14} and (state.c == 3).all()
    outputs, _ = dropped(input_keep_prob=0.5, variational_recurrent=True, dtype=gg.float32, input_size=1000)
    assert (outputs == outputs[:1, :1]).all()


def test_what_dropout_needs():
    for options, text in (
        ({"input_keep_prob": 0.0}, "not in"), ({"variational_recurrent": True}, "dtype"),
        ({"variational_recurrent": True, "dtype": gg.float32, "input_keep_prob": 0.5}, "input_size"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=text):
            cells.DropoutWrapper(Echo(), **options)
    with pytest.raises(NotImplementedError, match="visitor"):
        cells.DropoutWrapper(Echo(), dropout_state_filter_visitor=print)


def test_residuals_and_devices():
    cell = cells.GRUCell(3)
    x, state = gg.ones([2, 3]), gg.zeros([2, 3])
    plain, _ = cell(x, state)
    added, _ = cells.ResidualWrapper(cell)(x, state)
    halved, _ = cells.ResidualWrapper(cell, lambda i, o: (i + o) / 2)(x, state)
    placed, _ = cells.DeviceWrapper(cell, "/cpu:0")(x, state)
    one, two, three, four = run([plain, added, halved, placed])
    np.testing.assert_array_equal(two, one + 1)
    np.testing.assert_array_equal(three, two / 2)
    np.testing.assert_array_equal(four, one)
    assert placed.op.device == "cpu"
    wrapped = cells.DeviceWrapper(cell, "/cpu:0")
    assert len(wrapped.variables) == len(wrapped.trainable_variables) == 4 and wrapped.state_size == 3
    with pytest.raises(ValueError, match="as large as the inputs"):
        cells.ResidualWrapper(cells.GRUCell(4))(x, gg.zeros([2, 4]))
