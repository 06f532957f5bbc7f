"""What recurrent cells share: a step `(inputs, state) -> (output, state)`, and the state that it starts from."""

from __future__ import annotations

from typing import Any

import torch

from ...ground.spec import as_dtype
from ...record.dims import Dim
from ...record.infer import rebuild
from ..array import zeros
from ..layers.layer import Layer
from ..scopes import VariableScope, variable_scope


class RNNCell(Layer):
    """A step of a recurrent network: `output, state = cell(inputs, state)`.

    A subclass has `state_size` and `output_size`, makes its variables in `build(shape)` with `add_weight`, and
    computes a step in `call(inputs, state)`. Those of old scripts, which override `__call__`, work as well.

    >>> import graphgrad as gg
    >>> class Sum(gg.nn.rnn_cell.RNNCell):
    ...     state_size = output_size = 3
    ...     def call(self, inputs, state):
    ...         return inputs + state, inputs + state
    >>> outputs, last = gg.nn.dynamic_rnn(Sum(), gg.ones([1, 2, 3]), dtype=gg.float32)
    >>> with gg.Session() as sess:
    ...     sess.run(last)
    array([[2., 2., 2.]], dtype=float32)
    """

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        """A step.

        Args:
            inputs: [batch, size].
            state: a nest like `state_size`, of [batch, size] each.
            scope: the variable scope of its variables; that of its name if None.

        Returns:
            The output and the next state.
        """
        if scope is not None and self._scope is None:
            self._scope = scope if isinstance(scope, VariableScope) else _opened(scope)
        return super().__call__(inputs, state=state)

    @property
    def state_size(self) -> Any:
        """The size of the state, or a nest of sizes."""
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        """The size of the output."""
        raise NotImplementedError

    def zero_state(self, batch_size: Any, dtype: Any = torch.float32) -> Any:
        """A state of zeros.

        Args:
            batch_size: a number, a symbolic size or a scalar tensor.
            dtype: its dtype.

        >>> import graphgrad as gg
        >>> gg.nn.rnn_cell.GRUCell(4).zero_state(2, gg.float32)
        <Tensor 'zeros:0' float32[2, 4]>
        """
        return zero_state(self.state_size, batch_size, dtype)

    get_initial_state = zero_state


def _opened(scope: Any) -> VariableScope:
    with variable_scope(scope) as found:
        return found


def zero_state(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros for a nest of sizes, each of which may be a number or a list of them."""

    def one(size: Any) -> Any:
        sizes = list(size) if isinstance(size, (list, tuple, torch.Size)) else [size]
        return zeros([batch_size, *sizes], as_dtype(dtype))

    return rebuild(state_size, one)


def batch_of(inputs: torch.Tensor, axis: int = 0) -> int | Dim:
    """The number of examples: a number, or a symbolic size."""
    size: int | Dim = inputs.shape[axis]
    return size if isinstance(size, Dim) else int(size)


def check_cell(cell: Any, what: str = "cell") -> None:
    """`TypeError` for what is no cell: an object with sizes that can be called."""
    if not callable(cell) or not hasattr(cell, "state_size") or not hasattr(cell, "output_size"):
        raise TypeError(f"{what} is {cell!r}, not an RNNCell: it needs state_size, output_size and a step to call")
