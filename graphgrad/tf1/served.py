"""The modules that are served under the name `tensorflow`: graphgrad's names at TF1's places."""

from __future__ import annotations

import contextlib
import difflib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

import graphgrad

from .refused import INSTEAD, instead

VERSION = "1.15.0"  # what scripts compare

# Where scripts of the time reached into TF1's insides -> the public module (or modules) with these names.
_INSIDES: dict[str, tuple[str, ...]] = {
    "python": ("",),
    "python.framework.ops": ("",),
    "python.framework.dtypes": ("",),
    "python.framework.errors": ("errors",),
    "python.framework.random_seed": ("",),
    "python.framework.constant_op": ("",),
    "python.framework.tensor_shape": ("",),
    "python.ops": ("",),
    "python.ops.array_ops": ("",),
    "python.ops.check_ops": ("",),
    "python.ops.clip_ops": ("",),
    "python.ops.control_flow_ops": ("",),
    "python.ops.functional_ops": ("",),
    "python.ops.gradients": ("",),
    "python.ops.gradients_impl": ("",),
    "python.ops.init_ops": ("", "initializers"),
    "python.ops.linalg_ops": ("", "linalg"),
    "python.ops.logging_ops": ("",),
    "python.ops.math_ops": ("",),
    "python.ops.nn": ("nn",),
    "python.ops.nn_ops": ("nn",),
    "python.ops.random_ops": ("",),
    "python.ops.script_ops": ("",),
    "python.ops.state_ops": ("",),
    "python.ops.tensor_array_ops": ("",),
    "python.ops.variable_scope": ("",),
    "python.ops.variables": ("",),
    "python.client.session": ("",),
    "python.client.timeline": ("timeline",),
    "python.layers.base": ("layers",),
    "python.layers.layers": ("layers",),
    "python.layers.core": ("layers",),
    "python.platform.app": ("app",),
    "python.platform.flags": ("flags",),
    "python.platform.gfile": ("gfile",),
    "python.platform.test": ("test",),
    "python.platform.tf_logging": ("logging",),
    "python.summary.summary": ("summary",),
    "python.training.moving_averages": ("train",),
    "python.training.optimizer": ("train",),
    "python.training.training": ("train",),
    "contrib.layers.python.layers": ("contrib.layers",),
    "contrib.layers.python.layers.initializers": ("contrib.layers",),
    "contrib.layers.python.layers.layers": ("contrib.layers",),
    "contrib.layers.python.layers.regularizers": ("contrib.layers",),
    "contrib.framework": ("contrib.framework", ""),
    "contrib.framework.python.ops": ("contrib.framework",),
    "contrib.framework.python.ops.variables": ("contrib.framework", ""),
    "contrib.rnn.python.ops.rnn_cell": ("contrib.rnn",),
    "python.ops.rnn": ("nn",),
    "python.ops.rnn_cell": ("nn.rnn_cell",),
    "python.ops.rnn_cell_impl": ("nn.rnn_cell",),
    "io.gfile": ("gfile",),
    "initializers": ("initializers", ""),
    "compat": ("compat", ""),
}


_OWN: dict[str, dict[str, Any]] = {
    "": {
        "__version__": VERSION, "VERSION": VERSION, "GIT_VERSION": VERSION, "string": str,
        "double": graphgrad.float64, "half": graphgrad.float16,
    },
}  # fmt: skip


def plain(path: str) -> str:
    """A path without the `compat.v1` that newer scripts put before it, as often as they do."""
    while path == "compat.v1" or path.startswith("compat.v1."):
        path = path[len("compat.v1.") :]
    return path


def _public(path: str) -> types.ModuleType | None:
    """The module of graphgrad that has the names of a TF1 module."""
    found: Any = graphgrad
    for part in path.split(".") if path else ():
        listed = found.__all__ if found is graphgrad else dir(found)
        found = getattr(found, part, None) if part in listed else None
        if not isinstance(found, types.ModuleType):
            return None
    return found  # type: ignore[no-any-return]


def _sources(path: str) -> list[types.ModuleType]:
    found = [_public(each) for each in _INSIDES.get(path, (path,))]
    return [module for module in found if module is not None]


def is_module(path: str) -> bool:
    """Whether there is a module of this path: one with names, or one on the way to such a module."""
    path = plain(path)
    if path in _OWN or _sources(path):
        return True
    return any(known.startswith(f"{path}.") for known in _INSIDES)


class Missing(AttributeError):
    """A TF1 name that graphgrad does not have; the message has the nearest names and what to use instead."""


def missing(path: str, names: Sequence[str] = ()) -> str:
    """What to say of a TF1 name that graphgrad does not have."""
    hint = instead(path) or next((use for known, use in INSTEAD.items() if known.startswith(f"{path}.")), "")
    near = [] if hint else difflib.get_close_matches(path.rpartition(".")[2], names, 3)
    told = f"; instead: {hint}" if hint else f"; near it: {', '.join(near)}" if near else ""
    return f"graphgrad has no tensorflow.{path}{told}"


def _names(module: types.ModuleType) -> list[str]:
    if module is graphgrad:
        return list(graphgrad.__all__)
    return [name for name in getattr(module, "__all__", dir(module)) if not name.startswith("_")]


class Served(types.ModuleType):
    """A module named as one of TensorFlow's, with names of graphgrad's."""

    def __init__(self, fullname: str) -> None:
        super().__init__(fullname, f"{fullname}, served by graphgrad.")
        self.__path__: list[str] = []
        self.__dict__["_path"] = plain(fullname.partition(".")[2])

    def __getattr__(self, name: str) -> Any:
        path = self.__dict__["_path"]
        own = _OWN.get(path, {})
        if name in own:
            return own[name]
        if name.startswith("__"):
            raise AttributeError(name)
        inner = f"{path}.{name}" if path else name
        if inner == "compat.v1" or (inner != path and is_module(inner)):
            return _module(f"{self.__name__}.{name}")
        known: list[str] = []
        for source in _sources(path):
            listed = _names(source)
            if name in listed:
                return getattr(source, name)
            known += listed
        raise Missing(missing(inner, known))

    def __dir__(self) -> list[str]:
        path = self.__dict__["_path"]
        return sorted({name for source in _sources(path) for name in _names(source)} | _OWN.get(path, {}).keys())


def _module(fullname: str) -> types.ModuleType:
    """The served module: that of `sys.modules` if it is there."""
    found = sys.modules.get(fullname)
    if isinstance(found, Served):
        return found
    made = Served(fullname)
    made.__spec__ = importlib.machinery.ModuleSpec(fullname, _Finder(), is_package=True)
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.modules[fullname] = made
    return made


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tensorflow` and what is below it."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        top, _, inner = fullname.partition(".")
        if top != "tensorflow":
            return None
        if inner != "compat.v1" and not is_module(inner):
            raise ModuleNotFoundError(missing(plain(inner)), name=fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return Served(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is left to do: its names are looked up."""


@contextlib.contextmanager
def serving() -> Iterator[types.ModuleType]:
    """A block in which `import tensorflow` gets graphgrad's names; a real TensorFlow is hidden for as long.

    >>> with serving():
    ...     import tensorflow as tf
    ...     from tensorflow.python.framework import ops
    >>> tf.nn.relu, ops.get_default_graph() is tf.get_default_graph()
    (<function relu at ...>, True)
    """
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "tensorflow"}
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield _module("tensorflow")
    finally:
        sys.meta_path.remove(finder)
        for name in list(sys.modules):
            if name.partition(".")[0] == "tensorflow":
                del sys.modules[name]
        sys.modules.update(hidden)


def supported(path: str) -> bool:
    """Whether graphgrad has what a chain of names after `tensorflow.` stands for.

    The chain is followed through modules and classes; what comes after a value is the value's own.

    >>> supported("nn.relu"), supported("GraphKeys.LOSSES"), supported("estimator.Estimator")
    (True, True, False)
    """
    found: Any = Served("tensorflow")
    for part in plain(path).split("."):
        if not isinstance(found, (types.ModuleType, type)):
            return True
        try:
            found = getattr(found, part)
        except AttributeError:
            return False
    return True
