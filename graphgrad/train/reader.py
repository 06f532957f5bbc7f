"""Checkpoints as names and arrays, whoever wrote them."""

from __future__ import annotations

import os
from typing import Any

import torch

from ..ground.spec import dtype_name, format_shape
from .bundle import Bundle
from .checkpoints import SUFFIX, checkpoint_exists, latest_checkpoint
from .safetensors import SafetensorsFile


def open_checkpoint(path: Any) -> SafetensorsFile | Bundle:
    """The file of a checkpoint: of a `Saver`, of TensorFlow, or any safetensors file by its whole name.

    Raises:
        ValueError: if there is none.
    """
    prefix = os.fspath(path)
    if os.path.isfile(prefix + SUFFIX):
        return SafetensorsFile(prefix + SUFFIX)
    if os.path.isfile(prefix + ".index"):
        return Bundle(prefix)
    if os.path.isfile(prefix):
        return Bundle(prefix.removesuffix(".index")) if prefix.endswith(".index") else SafetensorsFile(prefix)
    raise ValueError(f"{prefix!r} is not a checkpoint: there is neither {prefix}{SUFFIX} nor {prefix}.index")


class CheckpointReader:
    """The variables of a checkpoint by name.

    Args:
        filename: the checkpoint's path as `Saver.save` returned it, or a safetensors file.

    Raises:
        ValueError: if there is none, or it is damaged.

    >>> import graphgrad as gg, os, tempfile
    >>> w = gg.Variable([1.0, 2.0], name="w")
    >>> with gg.Session() as sess, tempfile.TemporaryDirectory() as folder:
    ...     sess.run(gg.global_variables_initializer())
    ...     reader = gg.train.NewCheckpointReader(gg.train.Saver().save(sess, os.path.join(folder, "model")))
    ...     reader.get_variable_to_shape_map(), reader.get_tensor("w")
    ({'w': [2]}, array([1., 2.], dtype=float32))
    """

    def __init__(self, filename: Any) -> None:
        self._file = open_checkpoint(filename)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Names to shapes."""
        return {name: list(self._file.shape(name)) for name in self._file.names()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """Names to torch dtypes; 'string' for texts."""
        return {name: self._file.dtype(name) for name in self._file.names()}

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a variable of this name."""
        return tensor_str in self._file.entries

    def get_tensor(self, tensor_str: str) -> Any:
        """A variable's value: an array, or a torch tensor where numpy lacks the dtype; `KeyError` without it."""
        if not self.has_tensor(tensor_str):
            raise KeyError(f"{self._file.path} has no variable {tensor_str!r}")
        value = self._file.read(tensor_str)
        try:
            return value.numpy() if isinstance(value, torch.Tensor) else value
        except TypeError:
            return value

    def debug_string(self) -> bytes:
        """A line for each variable: name, dtype and shape."""
        file = self._file
        kinds = {name: file.dtype(name) for name in file.names()}
        lines = [f"{name!r} ({kind if isinstance(kind, str) else dtype_name(kind)}) {format_shape(file.shape(name))}"
                 for name, kind in kinds.items()]  # fmt: skip
        return "\n".join(lines).encode()


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """A reader of a checkpoint, or of the newest one in a folder.

    Raises:
        ValueError: if there is none.

    >>> import graphgrad as gg
    >>> try:
    ...     gg.train.load_checkpoint("no such folder")
    ... except ValueError as error:
    ...     print(str(error).partition(":")[0])
    'no such folder' is not a checkpoint
    """
    path = os.fspath(ckpt_dir_or_file)
    if os.path.isdir(path) and not checkpoint_exists(path):
        found = latest_checkpoint(path)
        if found is None:
            raise ValueError(f"the folder {path!r} lists no checkpoint that exists")
        path = found
    return CheckpointReader(path)


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """The value of one variable of a checkpoint, or of the newest one in a folder; `w` and `w:0` are one name.

    Raises:
        KeyError: if it has no such variable.
        ValueError: if there is no such checkpoint.
    """
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """The names and shapes of a checkpoint's variables, by name.

    Raises:
        ValueError: if there is no such checkpoint.
    """
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())
