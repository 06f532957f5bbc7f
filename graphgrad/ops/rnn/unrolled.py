"""Networks that apply a cell along time: as a loop inside the graph, or step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...ground.spec import as_dtype
from ...record.infer import leaves, rebuild
from ..array import concat, range_, reverse, reverse_sequence, stack, unstack
from ..scans import scan
from ..scopes import variable_scope
from ..sources import convert_to_tensor
from .cell import batch_of, check_cell, zero_state


def dynamic_rnn(
    cell: Any, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None,
    parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> Any:  # fmt: skip
    """A cell along the axis of time, whose length a run decides: one operation with a body, however long.

    Args:
        cell: an `RNNCell`.
        inputs: [batch, time, size], or [time, batch, size] if `time_major`; or a nest of such tensors.
        sequence_length: for each example how many steps count: after them its outputs are zeros and its state stays.
        initial_state: a nest like the cell's state; zeros if None.
        dtype: the dtype of the first state, where there is no `initial_state`.
        parallel_iterations, swap_memory: taken for TF1's sake.
        time_major: whether time is the first axis, of inputs and outputs.
        scope: the variable scope, `rnn` if None.

    Returns:
        The outputs of all steps, with the axes of the inputs, and the last state.

    Raises:
        TypeError: if the cell is none.
        ValueError: without `initial_state` and dtype.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [None, None, 3])
    >>> outputs, state = gg.nn.dynamic_rnn(gg.nn.rnn_cell.GRUCell(4), x, dtype=gg.float32)
    >>> outputs, [each.name for each in gg.trainable_variables()][0]
    (<Tensor 'rnn/transpose_1:0' float32[?, ?, 4]>, 'rnn/gru_cell/gates/kernel:0')
    """
    check_cell(cell)
    with variable_scope(scope if scope is not None else "rnn"):
        along = rebuild(inputs, lambda each: _turned(convert_to_tensor(each), time_major))
        first = next(leaves(along))
        state, output = _start(cell, batch_of(first, 1), initial_state, dtype)
        lengths = None if sequence_length is None else _lengths(sequence_length)
        times = None if lengths is None else range_(first.shape[0], dtype=lengths.dtype)

        def step(before: Any, item: Any) -> Any:
            now, more = cell(item[0], before[0])
            if lengths is not None:
                counts = item[1] < lengths
                now, more = _held(counts, now, before[1], True), _held(counts, more, before[0], False)
            return (more, now)

        elems = (along,) if lengths is None else (along, times)
        states, outputs = scan(step, elems, (state, output))
        return rebuild(outputs, lambda each: _turned(each, time_major)), rebuild(states, lambda each: each[-1])


def _turned(value: Any, time_major: bool) -> Any:
    return value if time_major else value.transpose(0, 1)


def _lengths(sequence_length: Any) -> Any:
    found = convert_to_tensor(sequence_length)
    if found.dtype.is_floating_point or found.dim() != 1:
        raise ValueError(f"sequence_length is a vector of integers, got {found!r}")
    return found


def _start(cell: Any, batch: Any, initial_state: Any, dtype: Any) -> tuple[Any, Any]:
    """The first state, and zeros like an output."""
    if initial_state is None:
        if dtype is None:
            raise ValueError("without an initial_state a recurrent network needs the dtype")
        initial_state = cell.zero_state(batch, dtype) if hasattr(cell, "zero_state") else None
        initial_state = zero_state(cell.state_size, batch, dtype) if initial_state is None else initial_state
    state = rebuild(initial_state, convert_to_tensor)
    known = as_dtype(dtype) if dtype is not None else next(leaves(state)).dtype
    return state, zero_state(cell.output_size, batch, known)


def _held(counts: Any, now: Any, before: Any, zeros: bool) -> Any:
    """What is new where a step counts; elsewhere zeros, or what was before."""
    old = iter(list(leaves(before)))

    def one(leaf: Any) -> Any:
        other = next(old)
        chosen = counts.reshape(-1, *([1] * (leaf.dim() - 1)))
        return torch.where(chosen, leaf, torch.zeros_like(leaf) if zeros else other)

    return rebuild(now, one)


def static_rnn(
    cell: Any, inputs: Sequence[Any], initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:  # fmt: skip
    """A cell along a list of inputs: as many steps in the graph as there are.

    Args:
        cell: an `RNNCell`.
        inputs: tensors [batch, size], or nests of them, one per step.
        initial_state, dtype, sequence_length: as of `dynamic_rnn`.
        scope: the variable scope, `rnn` if None.

    Returns:
        The list of outputs, and the last state.

    >>> import graphgrad as gg
    >>> cell = gg.nn.rnn_cell.BasicLSTMCell(4)
    >>> outputs, state = gg.nn.static_rnn(cell, [gg.ones([2, 3])] * 5, dtype=gg.float32)
    >>> len(outputs), outputs[-1].shape, len(gg.trainable_variables())
    (5, TensorShape([2, 4]), 2)
    """
    check_cell(cell)
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise TypeError(f"inputs is a list with a tensor for each step, got {inputs!r}")
    with variable_scope(scope if scope is not None else "rnn") as here:
        first = convert_to_tensor(next(leaves(inputs[0])))
        state, zeros = _start(cell, batch_of(first), initial_state, dtype)
        lengths = None if sequence_length is None else _lengths(sequence_length)
        outputs = []
        for time, item in enumerate(inputs):
            if time:
                here.reuse_variables()
            now, more = cell(item, state)
            if lengths is not None:
                now, more = _held(time < lengths, now, zeros, True), _held(time < lengths, more, state, False)
            outputs.append(now)
            state = more
    return outputs, state


# -- both ways ------------------------------------------------------------------------------------------


def bidirectional_dynamic_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None,
    initial_state_bw: Any = None, dtype: Any = None, parallel_iterations: int | None = None,
    swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:  # fmt: skip
    """Two cells along the axis of time, one from each end.

    Args:
        cell_fw, cell_bw: the cell that goes forward, and the one that goes backward from each example's last step.
        initial_state_fw, initial_state_bw: their first states; zeros if None.
        inputs, sequence_length, dtype, parallel_iterations, swap_memory, time_major: as of `dynamic_rnn`.
        scope: the variable scope, `bidirectional_rnn` if None; in it `fw` and `bw`.

    Returns:
        The pair of outputs, in the order of the inputs, and the pair of last states.

    >>> import graphgrad as gg
    >>> cells = [gg.nn.rnn_cell.GRUCell(4) for _ in range(2)]
    >>> outputs, states = gg.nn.bidirectional_dynamic_rnn(*cells, gg.ones([2, 5, 3]), dtype=gg.float32)
    >>> gg.concat(outputs, 2).shape
    TensorShape([2, 5, 8])
    """
    with variable_scope(scope if scope is not None else "bidirectional_rnn"):
        ways = (cell_fw, initial_state_fw, "fw"), (cell_bw, initial_state_bw, "bw")
        found = []
        for cell, state, label in ways:
            given = _backward(inputs, sequence_length, time_major) if label == "bw" else inputs
            found.append(dynamic_rnn(cell, given, sequence_length, state, dtype, None, False, time_major, label))
        (ahead, last), (back, first) = found
        return (ahead, _backward(back, sequence_length, time_major)), (last, first)


def _backward(values: Any, sequence_length: Any, time_major: bool) -> Any:
    """The steps of each example in the opposite order; those that do not count stay at the end."""
    time, batch = (0, 1) if time_major else (1, 0)

    def one(value: Any) -> Any:
        if sequence_length is None:
            return reverse(value, [time])
        return reverse_sequence(value, sequence_length, time, batch)

    return rebuild(values, one)


def static_bidirectional_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Sequence[Any], initial_state_fw: Any = None, initial_state_bw: Any = None,
    dtype: Any = None, sequence_length: Any = None, scope: Any = None,
) -> tuple[list[Any], Any, Any]:  # fmt: skip
    """Two cells along a list of inputs, one from each end; arguments as of `bidirectional_dynamic_rnn`.

    Returns:
        The list of outputs, those of both cells side by side, and the two last states.
    """
    with variable_scope(scope if scope is not None else "bidirectional_rnn"):
        ahead, last = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, "fw")
        turned = _reversed(inputs, sequence_length)
        back, first = static_rnn(cell_bw, turned, initial_state_bw, dtype, sequence_length, "bw")
        pairs = zip(ahead, _reversed(back, sequence_length), strict=True)
        return [concat(pair, 1) for pair in pairs], last, first


def _reversed(steps: Sequence[Any], sequence_length: Any) -> list[Any]:
    if sequence_length is None:
        return list(reversed(steps))
    return unstack(_backward(stack(list(steps)), sequence_length, True), len(steps))
