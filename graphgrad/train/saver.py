"""`Saver`: the variables of a session into a file, and back."""

from __future__ import annotations

import difflib
import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..graph.graph import Graph, get_default_graph
from ..ground.spec import dtype_name, format_shape
from ..ops.variables import global_variables
from ..record.variable import State
from ..run.session import Session
from .checkpoints import SUFFIX, get_checkpoint_mtimes, remove_checkpoint, update_checkpoint_state
from .reader import open_checkpoint
from .safetensors import write_tensors
from .slots import variable_of
from .steps import global_step as steps_taken


class Saver:
    """Saves variables to safetensors files and restores them; keeps the newest few.

    A checkpoint is one file, written aside and then renamed: a process that is killed leaves the last one whole.

    Args:
        var_list: variables or parameters; or a dict of them by the names that they have in files. All variables
            of the default graph if None, as many as there are now.
        reshape: whether to restore values of another shape with as many elements.
        max_to_keep: how many of the newest checkpoints stay; None or 0 for all.
        keep_checkpoint_every_n_hours: one of this many hours stays for good, whatever `max_to_keep` is.
        allow_empty: whether there may be no variables, so that nothing is saved.
        defer_build: whether `var_list=None` means the variables that there are when first saved or restored.
        pad_step_number: whether step numbers have eight digits in names.
        save_relative_paths: whether the `checkpoint` file lists paths from its own folder, which then may move.
        sharded, name, restore_sequentially, write_version: make no difference: there is one file, read in one go.

    Raises:
        ValueError: if there is nothing to save, or two variables have one name.
        TypeError: for what is no variable.

    >>> import graphgrad as gg, os, tempfile
    >>> w = gg.Variable([1.0, 2.0], name="w")
    >>> saver = gg.train.Saver()
    >>> with gg.Session() as sess, tempfile.TemporaryDirectory() as folder:
    ...     sess.run(gg.global_variables_initializer())
    ...     path = saver.save(sess, os.path.join(folder, "model"), global_step=7)
    ...     sess.run(w.assign([0.0, 0.0]).op)
    ...     saver.restore(sess, gg.train.latest_checkpoint(folder))
    ...     os.path.basename(path), sess.run(w)
    ('model-7', array([1., 2.], dtype=float32))
    """

    def __init__(
        self, var_list: Sequence[Any] | Mapping[str, Any] | None = None, reshape: bool = False, sharded: bool = False,
        max_to_keep: int | None = 5, keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None,
        restore_sequentially: bool = False, *, defer_build: bool = False, allow_empty: bool = False,
        write_version: Any = None, pad_step_number: bool = False, save_relative_paths: bool = False,
    ) -> None:  # fmt: skip
        if max_to_keep is not None and max_to_keep < 0:
            raise ValueError(f"max_to_keep is {max_to_keep}; use 0 or None to keep all")
        self._var_list = var_list
        self._reshape = bool(reshape)
        self._max_to_keep = max_to_keep or 0
        self._every = keep_checkpoint_every_n_hours * 3600
        self._next_kept = time.time() + self._every
        self._allow_empty = bool(allow_empty)
        self._step_format = "{}-{:08d}" if pad_step_number else "{}-{}"
        self._relative = bool(save_relative_paths)
        self._last: list[tuple[str, float]] = []
        self._states: dict[str, State] | None = None
        if not defer_build:
            self.build()

    def build(self) -> None:
        """Choose the variables now, if `defer_build` has put it off; calling it again does nothing."""
        if self._states is None:
            given = global_variables() if self._var_list is None else self._var_list
            self._states = _named(given, get_default_graph())
            if not self._states and not self._allow_empty:
                raise ValueError("no variables to save: the graph has none, or var_list is empty")

    def _chosen(self, sess: Any) -> dict[str, State]:
        if not isinstance(sess, Session):
            raise TypeError(f"sess is {sess!r}, not a Session")
        if self._states is None:
            with sess.graph.as_default():
                self.build()
        states = self._states or {}
        for state in states.values():
            if state.graph is not sess.graph:
                raise ValueError(f"the variable {state.name} belongs to another graph than the session's")
        return states

    # -- saving ---------------------------------------------------------------------------------------

    def save(
        self, sess: Any, save_path: Any, global_step: Any = None, latest_filename: str | None = None,
        meta_graph_suffix: str = "meta", write_meta_graph: bool = True, write_state: bool = True,
        strip_default_attrs: bool = False,
    ) -> str | None:  # fmt: skip
        """Write the variables' values, all from one moment between runs, to `<save_path>-<step>.safetensors`.

        Args:
            sess: the session that has the values.
            save_path: the path, without an ending.
            global_step: the step's number, or the variable that counts; without one the path is as given.
            latest_filename: the name of the file that lists the checkpoints, `checkpoint` if None.
            write_state: whether that file is written, and old checkpoints are deleted.
            meta_graph_suffix, write_meta_graph, strip_default_attrs: make no difference: a checkpoint has values
                only, and the program that records the graph is the graph's description.

        Returns:
            The path without ending, for `restore`; None if there are no variables and that is allowed.

        Raises:
            FailedPreconditionError: if a variable has no value yet.
            ValueError: if the folder does not exist.
        """
        states = self._chosen(sess)
        listing = latest_filename or "checkpoint"
        if os.path.split(listing)[0]:
            raise ValueError(f"latest_filename is a name without folders, got {latest_filename!r}")
        path = str(os.fspath(save_path))
        if global_step is not None:
            number = isinstance(global_step, (int, np.integer))
            path = self._step_format.format(path, int(global_step) if number else steps_taken(sess, global_step))
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            raise ValueError(f"the folder {folder!r} does not exist: checkpoints can't be saved there")
        if not states:
            return None
        write_tensors(path + SUFFIX, _values(sess, states))
        if write_state:
            self._list(path, listing)
        return path

    def _list(self, path: str, listing: str) -> None:
        """Note the new checkpoint, and only then delete what is one too many."""
        old: list[tuple[str, float]] = []
        if self._max_to_keep:
            self._last = [item for item in self._last if item[0] != path] + [(path, time.time())]
            old, self._last = self._last[: -self._max_to_keep], self._last[-self._max_to_keep :]
        paths, times = [item[0] for item in self._last], [item[1] for item in self._last]
        folder = os.path.dirname(path)
        if self._relative:
            path, *paths = (os.path.relpath(each, folder or ".") for each in (path, *paths))
        update_checkpoint_state(folder, path, paths, listing, times)
        for each, written in old:
            if written > self._next_kept:
                self._next_kept += self._every
            else:
                remove_checkpoint(each)

    @property
    def last_checkpoints(self) -> list[str]:
        """The checkpoints that have been saved and not deleted, oldest first."""
        return [path for path, _ in self._last]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Sequence[tuple[str, float]]) -> None:
        """Say which checkpoints there are, oldest first, and when each was written: for `max_to_keep`."""
        self._last = [(str(path), float(written)) for path, written in last_checkpoints_with_time]

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[str]) -> None:
        """Say which checkpoints there are, oldest first, after a restart; those that do not exist are left out."""
        for path in checkpoint_paths:
            self._last += [(path, written) for written in get_checkpoint_mtimes([path])]

    # -- restoring ------------------------------------------------------------------------------------

    def restore(self, sess: Any, save_path: Any, *, partial: bool = False) -> None:
        """Give the variables the values of a checkpoint: all of them, or none if anything does not fit.

        Args:
            sess: the session that gets the values; its variables need no initializer then.
            save_path: a path that `save` returned, a checkpoint of TensorFlow (format V2), or a safetensors file,
                such as a `state_dict` that was saved as one.
            partial: whether variables that the checkpoint does not have keep the values that they have.

        Raises:
            ValueError: if there is no such checkpoint, or it lacks variables or has them in other shapes or dtypes;
                the message lists them all.
        """
        states = self._chosen(sess)
        if save_path is None:
            raise ValueError("there is no checkpoint to restore: latest_checkpoint() found none")
        if not states:
            return
        file = open_checkpoint(save_path)
        found = {name: state for name, state in states.items() if name in file.entries or not partial}
        free = [name for name in file.names() if name not in states]
        complaints = [_complaint(file, name, state, self._reshape, free) for name, state in found.items()]
        if any(complaints):
            wrong = [line for line in complaints if line]
            raise ValueError("\n".join([f"{file.path} does not fit {len(wrong)} of {len(found)} variables:", *wrong]))
        sess.load({state: _shaped(file.read(name), state) for name, state in found.items()})


def _named(var_list: Any, graph: Graph) -> dict[str, State]:
    """The variables by the names that they have in files."""
    if isinstance(var_list, Mapping):
        return {str(name): variable_of(item, graph).state for name, item in var_list.items()}
    if not isinstance(var_list, (list, tuple, set, frozenset)):
        raise TypeError(f"var_list is a list or dict of variables, got {var_list!r}")
    states: dict[str, State] = {}
    for item in var_list:
        state = variable_of(item, graph).state
        if states.setdefault(state.name, state) is not state:
            raise ValueError(f"two variables are named {state.name}")
    return states


def _values(sess: Session, states: Mapping[str, State]) -> dict[str, torch.Tensor]:
    """The values, all from one run."""
    fetched = sess.run({name: f"{state.name}:0" for name, state in states.items()})
    return {
        name: value if isinstance(value, torch.Tensor) else torch.from_numpy(np.asarray(value))
        for name, value in fetched.items()
    }


def _shaped(value: torch.Tensor, state: State) -> torch.Tensor:
    """A value in the shape of its variable, which may be any if it was made with `validate_shape=False`."""
    return value if state.spec.shape is None else value.reshape(state.spec.in_world(0))


def _complaint(file: Any, name: str, state: State, reshape: bool, free: list[str]) -> str:
    """What keeps a variable from being restored, an empty text if nothing does; `free` are names of no variable."""
    variable = f"  {state.name}: {state.spec!r}"
    if name not in file.entries:
        near = difflib.get_close_matches(name, free, 1)
        return f"{variable} is not there{f' as {name!r}' if name != state.name else ''}" + (
            f"; did you mean {near[0]!r}?" if near else ""
        )
    shape, dtype = file.shape(name), file.dtype(name)
    wanted = state.spec.in_world(0)
    fits = state.spec.shape is None or shape == wanted or (reshape and math.prod(shape) == math.prod(wanted))
    if fits and dtype is state.spec.dtype:
        return ""
    kind = dtype if isinstance(dtype, str) else dtype_name(dtype)
    return f"{variable} is {kind}{format_shape(shape)} there{f' as {name!r}' if name != state.name else ''}"
