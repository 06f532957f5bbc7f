"""The context in which operations are created: name scope, control dependencies, device. One per thread."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from .operation import Operation

_ROOT_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*\Z")
_INNER_NAME = re.compile(r"[A-Za-z0-9_.\\/>-]*\Z")
_TF_DEVICE = re.compile(r"(?:/job:\w+)?(?:/replica:\d+)?(?:/task:\d+)?/(?:device:)?(\w+)(?::(\d+|\*))?\Z", re.I)


class Context(threading.local):
    """What `with` blocks have set on this thread. `threading.local` runs __init__ once per thread."""

    def __init__(self) -> None:
        self.scope = ""
        self.controls: tuple[Operation, ...] = ()
        self.device = ""
        self.overrides: dict[str, str] = {}


class Names:
    """Unique names, as TF1 makes them: `a`, `a_1`, and no two that differ only in case."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def unique(self, name: str, mark: bool = True) -> str:
        used = self._used
        key = name if name.islower() else name.lower()  # mostly one string for the table and the operation
        count = used.get(key)
        if count is None:
            if mark:
                used[key] = 1
            return name
        candidate = f"{key}_{count}"
        suffix = count
        while candidate in used:
            suffix += 1
            candidate = f"{key}_{suffix}"
        if mark:
            used[key] = suffix + 1
            used[candidate] = 1
        return candidate if key == name else f"{name}_{suffix}"

    def taken(self, name: str) -> str:
        """The name just so, which is in use from now on."""
        self._used.setdefault(name.lower(), 1)
        return name


def scoped(scope: str, name: str) -> str:
    """The name in a scope; one that ends in '/' is a scope's own, `with name_scope("loss") as s: identity(x, name=s)`.

    >>> scoped("loss/", "sum"), scoped("loss/", "loss/")
    ('loss/sum', 'loss/')
    """
    return name if name[-1:] == "/" else scope + name


def check_name(name: object, inner: bool) -> str:
    """A legal name of an op or scope, or `ValueError`."""
    if not isinstance(name, str):
        raise TypeError(f"a name is a str, got {name!r}")
    if not (name.isascii() and name.isalnum()) and not (_INNER_NAME if inner else _ROOT_NAME).match(name):
        raise ValueError(
            f"{name!r} is not a valid name: use letters, digits, '_', '.', '/', '-' and '>', "
            "and start with a letter, a digit or '.'"
        )
    return name


@functools.lru_cache(4096)
def legal_name(text: str) -> str:
    """The text with every character that a name can't have replaced by '_'.

    >>> legal_name("_Bl\u00f6ck 1")
    'x_Bl_ck_1'
    """
    plain = text.isascii() and text.replace(".", "_").isidentifier()
    kept = text if plain else re.sub(r"[^A-Za-z0-9_./>-]", "_", text)
    return f"x{kept}" if kept[:1] in ("_", "/", ">", "-") else kept


def as_device(name: str | torch.device | None) -> str:
    """A torch device's name from a torch or TF1 spelling; '' for anywhere.

    >>> as_device("/gpu:1"), as_device("/device:CPU:0"), as_device("cuda")
    ('cuda:1', 'cpu', 'cuda:0')
    """
    if name is None or name == "":
        return ""
    text = str(name)
    match = _TF_DEVICE.match(text)
    if match:
        kind, index = match.group(1).lower(), match.group(2) or "0"
        kind = {"gpu": "cuda"}.get(kind, kind)
        text = kind if kind == "cpu" or index == "*" else f"{kind}:{index}"
    try:
        device = torch.device(text)
    except RuntimeError as error:
        raise ValueError(f"{name!r} is not a device; try 'cpu' or 'cuda:0'") from error
    if device.type == "cpu":
        return "cpu"
    return f"{device.type}:{device.index or 0}"


class NameScope(contextlib.AbstractContextManager[str]):
    """The block of `graph.name_scope(name)`; a class, since a generator takes three times as long."""

    __slots__ = ("_graph", "_name", "_outer")

    def __init__(self, graph: Any, name: str | None) -> None:
        self._graph = graph
        self._name = name

    def __enter__(self) -> str:
        context, name = self._graph.context, self._name
        outer = self._outer = context.scope
        if not name:
            scope = ""
        elif check_name(name, bool(outer)).endswith("/"):
            scope = name
        else:
            scope = self._graph.unique_name(name) + "/"
        context.scope = scope
        return scope

    def __exit__(self, *failure: Any) -> None:
        self._graph.context.scope = self._outer
