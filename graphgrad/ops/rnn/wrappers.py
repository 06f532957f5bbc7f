"""Cells made of cells: a stack of them, and those that change what goes in or comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ...graph.graph import device as on_device
from ...ground.spec import as_dtype
from ...record.infer import leaves, rebuild
from .. import nn
from ..random import random_uniform
from ..scopes import variable_scope
from .cell import RNNCell, check_cell
from .cells import LSTMStateTuple


class MultiRNNCell(RNNCell):
    """Cells on top of each other: the output of one is the input of the next.

    Args:
        cells: the cells, the lowest first; each an object of its own.
        state_is_tuple: whether the state is a tuple of theirs, or all side by side in one tensor.

    >>> import graphgrad as gg
    >>> cell = gg.nn.rnn_cell.MultiRNNCell([gg.nn.rnn_cell.GRUCell(size) for size in (4, 3)])
    >>> output, state = cell(gg.ones([2, 5]), cell.zero_state(2, gg.float32))
    >>> output.shape, [each.name for each in gg.trainable_variables()][::4]
    (TensorShape([2, 3]), ['multi_rnn_cell/cell_0/gru_cell/gates/kernel:0', \
'multi_rnn_cell/cell_1/gru_cell/gates/kernel:0'])
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True) -> None:
        super().__init__()
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"cells is a list of at least one cell, got {cells!r}")
        for cell in cells:
            check_cell(cell, "one of the cells")
        self._cells = list(cells)
        self._tuple = bool(state_is_tuple)
        if not state_is_tuple and any(not isinstance(cell.state_size, int) for cell in cells):
            raise ValueError("state_is_tuple=False needs cells whose state is one tensor")

    @property
    def state_size(self) -> Any:
        """The state sizes of the cells, as a tuple or added up."""
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """The output size of the topmost."""
        return self._cells[-1].output_size

    def call(self, inputs: Any, state: Any = None, **options: Any) -> Any:
        """A step of each."""
        parts = state if self._tuple else torch.split(state, [cell.state_size for cell in self._cells], 1)
        if len(parts) != len(self._cells):
            raise ValueError(f"{len(self._cells)} cells got a state of {len(parts)} parts")
        found = []
        for number, (cell, part) in enumerate(zip(self._cells, parts, strict=True)):
            with variable_scope(f"cell_{number}"):
                inputs, after = cell(inputs, part)
            found.append(after)
        return inputs, tuple(found) if self._tuple else torch.cat(found, 1)

    @property
    def trainable_weights(self) -> Any:
        """The trainable variables of all cells that are layers."""
        return [each for cell in self._cells for each in getattr(cell, "trainable_weights", ())]

    trainable_variables = trainable_weights

    @property
    def variables(self) -> Any:
        """The variables of all cells that are layers."""
        return [each for cell in self._cells for each in getattr(cell, "variables", ())]

    weights = variables


class _Wrapper(RNNCell):
    """A cell that hands on to another one, whose variables are all that it has."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        check_cell(cell)
        self._cell = cell

    @property
    def state_size(self) -> Any:
        """That of the cell inside."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """That of the cell inside."""
        return self._cell.output_size

    @property
    def variables(self) -> Any:
        """Those of the cell inside."""
        return getattr(self._cell, "variables", [])

    weights = variables

    @property
    def trainable_variables(self) -> Any:
        """Those of the cell inside."""
        return getattr(self._cell, "trainable_variables", [])

    trainable_weights = trainable_variables

    def zero_state(self, batch_size: Any, dtype: Any = torch.float32) -> Any:
        """That of the cell inside."""
        return self._cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        """A step of the cell inside."""
        return self._cell(inputs, state) if scope is None else self._cell(inputs, state, scope)


class DropoutWrapper(_Wrapper):
    """Dropout of what a cell takes and gives; of an LSTM's state only h is dropped, never the memory.

    Args:
        cell: the cell.
        input_keep_prob, output_keep_prob, state_keep_prob: how much is kept: numbers or scalar tensors.
        variational_recurrent: whether all steps of a run, and all examples, drop the same elements.
        input_size: the size of the inputs, for `variational_recurrent` with an `input_keep_prob` below 1.
        dtype: the dtype of inputs and outputs, for `variational_recurrent`.
        seed: of the draws.
        dropout_state_filter_visitor: must be None.

    Raises:
        ValueError: for a probability that is none, or a size or dtype that is missing.
    """

    def __init__(
        self, cell: Any, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False, input_size: Any = None, dtype: Any = None, seed: int | None = None,
        dropout_state_filter_visitor: None = None,
    ) -> None:  # fmt: skip
        super().__init__(cell)
        if dropout_state_filter_visitor is not None:
            raise NotImplementedError("dropout_state_filter_visitor: write a cell that drops what you want dropped")
        kept = {"input": input_keep_prob, "output": output_keep_prob, "state": state_keep_prob}
        for what, keep in kept.items():
            if not isinstance(keep, torch.Tensor) and not 0 < keep <= 1:
                raise ValueError(f"{what}_keep_prob is {keep}, not in (0, 1]")
        self._kept, self._seed = kept, seed
        self._noise: dict[str, Any] = {}
        if variational_recurrent:
            self._draw(input_size, dtype)

    def _draw(self, input_size: Any, dtype: Any) -> None:
        """The noise that all steps share."""
        if dtype is None:
            raise ValueError("variational_recurrent needs the dtype")
        sizes = {"input": input_size, "output": self._cell.output_size, "state": self._cell.state_size}
        for what, size in sizes.items():
            if _certain(self._kept[what]):
                continue
            if size is None:
                raise ValueError("variational_recurrent with an input_keep_prob below 1 needs the input_size")
            self._noise[what] = rebuild(size, lambda one: random_uniform([1, one], dtype=as_dtype(dtype)))

    def _dropped(self, what: str, value: Any, noise: Any) -> Any:
        keep = self._kept[what]
        if noise is None:
            return nn.dropout(value, keep, seed=self._seed)
        return value / keep * torch.floor(noise + keep)

    def _state(self, state: Any, noise: Any) -> Any:
        if isinstance(state, LSTMStateTuple):
            return LSTMStateTuple(state.c, self._dropped("state", state.h, None if noise is None else noise.h))
        if isinstance(state, (list, tuple)):
            masks = [None] * len(state) if noise is None else noise
            return type(state)(self._state(part, mask) for part, mask in zip(state, masks, strict=True))
        return self._dropped("state", state, noise)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        """A step of the cell inside, between dropouts."""
        if not _certain(self._kept["input"]):
            inputs = self._dropped("input", inputs, self._noise.get("input"))
        output, state = super().__call__(inputs, state, scope)
        if not _certain(self._kept["state"]):
            state = self._state(state, self._noise.get("state"))
        if not _certain(self._kept["output"]):
            output = self._dropped("output", output, self._noise.get("output"))
        return output, state


def _certain(keep: Any) -> bool:
    return not isinstance(keep, torch.Tensor) and keep == 1


class ResidualWrapper(_Wrapper):
    """A cell whose inputs are added to its outputs.

    Args:
        cell: the cell, with outputs as large as its inputs.
        residual_fn: called with inputs and outputs instead; their sum if None.
    """

    def __init__(self, cell: Any, residual_fn: Callable[[Any, Any], Any] | None = None) -> None:
        super().__init__(cell)
        self._combined = residual_fn or _sum

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        """A step of the cell inside, and the sum."""
        output, state = super().__call__(inputs, state, scope)
        return self._combined(inputs, output), state


def _sum(inputs: Any, output: Any) -> Any:
    for one, other in zip(leaves(inputs), leaves(output), strict=True):
        if one.shape.as_list()[1:] != other.shape.as_list()[1:]:
            raise ValueError(f"a residual needs outputs as large as the inputs, got {one.shape} and {other.shape}")
    return inputs + output


class DeviceWrapper(_Wrapper):
    """A cell whose operations run on a device.

    Args:
        cell: the cell.
        device: the device, in torch's or TF1's spelling.
    """

    def __init__(self, cell: Any, device: Any) -> None:
        super().__init__(cell)
        self._device = device

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        """A step of the cell inside, on the device."""
        with on_device(self._device):
            return super().__call__(inputs, state, scope)
