"""TF1's recurrent cells, with its variables, their names and their first values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from ..initializers import Ones, Zeros
from ..layers.layer import channels
from .cell import RNNCell

Activation = Callable[[Any], Any]


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM: its memory and its output.

    Attributes:
        c: the memory, [batch, units].
        h: the output, [batch, units].
    """

    c: Any
    h: Any

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of both."""
        if self.c.dtype is not self.h.dtype:
            raise TypeError(f"c is {self.c.dtype} and h is {self.h.dtype}")
        found: torch.dtype = self.c.dtype
        return found


class _OneState(RNNCell):
    """A cell whose state is its output."""

    def __init__(
        self, num_units: int, activation: Activation | None = None, reuse: Any = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, _reuse=reuse)
        self._units = int(num_units)
        self._activation = activation or torch.tanh

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._units


class BasicRNNCell(_OneState):
    """The plainest cell: `output = state = activation(concat(inputs, state) @ kernel + bias)`.

    Args:
        num_units: the size of output and state.
        activation: tanh if None.
        reuse: whether its variables are there already.
        name: the name of its scope, `basic_rnn_cell` if None.
        dtype: the dtype of its variables; that of the first input if None.

    >>> import graphgrad as gg
    >>> cell = gg.nn.rnn_cell.BasicRNNCell(4)
    >>> output, state = cell(gg.ones([2, 3]), cell.zero_state(2, gg.float32))
    >>> output.shape, [each.name for each in cell.variables]
    (TensorShape([2, 4]), ['basic_rnn_cell/kernel:0', 'basic_rnn_cell/bias:0'])
    """

    def build(self, shape: list[int | None]) -> None:
        """Make the variables."""
        rows = channels(shape, -1, self) + self._units
        self.kernel = self.add_weight("kernel", [rows, self._units])
        self.bias = self.add_weight("bias", [self._units], initializer=Zeros)

    def call(self, inputs: Any, state: Any = None, **options: Any) -> Any:
        """A step."""
        output = self._activation(torch.cat([inputs, state], 1) @ self.kernel + self.bias)
        return output, output


class GRUCell(_OneState):
    """Gated recurrent units, with the reset gate before the product, as TF1 has them; torch's has it after.

    Args:
        num_units: the size of output and state.
        activation: of the candidate; tanh if None.
        reuse: whether its variables are there already.
        kernel_initializer, bias_initializer: first values; by default those of the scope, and ones for the gates'
            biases and zeros for the candidate's.
        name: the name of its scope, `gru_cell` if None.
        dtype: the dtype of its variables; that of the first input if None.
    """

    def __init__(
        self, num_units: int, activation: Activation | None = None, reuse: Any = None, kernel_initializer: Any = None,
        bias_initializer: Any = None, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(num_units, activation, reuse, name, dtype)
        self._initializers = kernel_initializer, bias_initializer

    def build(self, shape: list[int | None]) -> None:
        """Make the variables."""
        rows, units = channels(shape, -1, self) + self._units, self._units
        first, bias = self._initializers
        self.gates = self.add_weight("gates/kernel", [rows, 2 * units], initializer=first)
        self.gates_bias = self.add_weight("gates/bias", [2 * units], initializer=Ones if bias is None else bias)
        self.candidate = self.add_weight("candidate/kernel", [rows, units], initializer=first)
        self.candidate_bias = self.add_weight("candidate/bias", [units], initializer=Zeros if bias is None else bias)

    def call(self, inputs: Any, state: Any = None, **options: Any) -> Any:
        """A step."""
        gates = torch.sigmoid(torch.cat([inputs, state], 1) @ self.gates + self.gates_bias)
        reset, update = gates.chunk(2, 1)
        mixed = torch.cat([inputs, reset * state], 1) @ self.candidate + self.candidate_bias
        output = update * state + (1 - update) * self._activation(mixed)
        return output, output


class LSTMCell(RNNCell):
    """Long short-term memory, with peepholes, a projection and clipping if asked for.

    The variables `kernel` and `bias` have the gates in TF1's order: input, candidate, forget, output.

    Args:
        num_units: the size of the memory.
        use_peepholes: whether the gates see the memory, over the variables `w_f_diag`, `w_i_diag`, `w_o_diag`.
        cell_clip: the memory is clipped to plus and minus this.
        initializer: the first values of matrices; those of the scope if None.
        num_proj: the size of the output, which a matrix then makes of the units.
        proj_clip: the projected output is clipped to plus and minus this.
        num_unit_shards, num_proj_shards: must be None: variables have one part.
        forget_bias: what is added to the bias of the forget gate.
        state_is_tuple: whether the state is an `LSTMStateTuple`, or c and h side by side in one tensor.
        activation: tanh if None.
        reuse: whether its variables are there already.
        name: the name of its scope, `lstm_cell` if None.
        dtype: the dtype of its variables; that of the first input if None.

    >>> import graphgrad as gg
    >>> cell = gg.nn.rnn_cell.LSTMCell(4, num_proj=2)
    >>> output, state = cell(gg.ones([5, 3]), cell.zero_state(5, gg.float32))
    >>> output.shape, state.c.shape, state.h.shape
    (TensorShape([5, 2]), TensorShape([5, 4]), TensorShape([5, 2]))
    """

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None, initializer: Any = None,
        num_proj: int | None = None, proj_clip: float | None = None, num_unit_shards: None = None,
        num_proj_shards: None = None, forget_bias: float = 1.0, state_is_tuple: bool = True,
        activation: Activation | None = None, reuse: Any = None, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, _reuse=reuse)
        if num_unit_shards is not None or num_proj_shards is not None:
            raise NotImplementedError("variables in several parts do not exist: leave num_..._shards out")
        self._units, self._output = int(num_units), int(num_proj or num_units)
        self._projected = num_proj is not None
        self._peepholes = bool(use_peepholes)
        self._clips = cell_clip, proj_clip
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._tuple = bool(state_is_tuple)
        self._activation = activation or torch.tanh

    @property
    def state_size(self) -> Any:
        """The sizes of memory and output, as an `LSTMStateTuple` or added up."""
        return LSTMStateTuple(self._units, self._output) if self._tuple else self._units + self._output

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._output

    def build(self, shape: list[int | None]) -> None:
        """Make the variables."""
        rows, units, first = channels(shape, -1, self) + self._output, self._units, self._initializer
        self.kernel = self.add_weight("kernel", [rows, 4 * units], initializer=first)
        self.bias = self.add_weight("bias", [4 * units], initializer=Zeros)
        if self._peepholes:
            names = ("w_f_diag", "w_i_diag", "w_o_diag")
            self.peepholes = [self.add_weight(name, [units], initializer=first) for name in names]
        if self._projected:
            self.projection = self.add_weight("projection/kernel", [units, self._output], initializer=first)

    def call(self, inputs: Any, state: Any = None, **options: Any) -> Any:
        """A step."""
        c, h = state if self._tuple else (state[:, : self._units], state[:, self._units :])
        i, j, f, o = (torch.cat([inputs, h], 1) @ self.kernel + self.bias).chunk(4, 1)
        f = f + self._forget_bias
        if self._peepholes:
            f, i = f + self.peepholes[0] * c, i + self.peepholes[1] * c
        c = _clipped(torch.sigmoid(f) * c + torch.sigmoid(i) * self._activation(j), self._clips[0])
        if self._peepholes:
            o = o + self.peepholes[2] * c
        h = torch.sigmoid(o) * self._activation(c)
        if self._projected:
            h = _clipped(h @ self.projection, self._clips[1])
        return h, LSTMStateTuple(c, h) if self._tuple else torch.cat([c, h], 1)


def _clipped(value: Any, limit: float | None) -> Any:
    return value if limit is None else value.clamp(-limit, limit)


class BasicLSTMCell(LSTMCell):
    """Long short-term memory without extras.

    Args:
        num_units: the size of output and memory.
        forget_bias: what is added to the bias of the forget gate.
        state_is_tuple: whether the state is an `LSTMStateTuple`, or c and h side by side in one tensor.
        activation: tanh if None.
        reuse: whether its variables are there already.
        name: the name of its scope, `basic_lstm_cell` if None.
        dtype: the dtype of its variables; that of the first input if None.
    """

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True,
        activation: Activation | None = None, reuse: Any = None, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            num_units, forget_bias=forget_bias, state_is_tuple=state_is_tuple, activation=activation, reuse=reuse,
            name=name, dtype=dtype,
        )  # fmt: skip
