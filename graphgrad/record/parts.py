"""The parts of a module that is being recorded: their paths, and the names of what they own."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator

import torch

from ..graph.scopes import legal_name
from .variable import names


class Calls(threading.local):
    """The modules being called on this thread, outermost first, and the paths of all modules inside the first."""

    def __init__(self) -> None:
        self.modules: list[torch.nn.Module] = []
        self.paths: dict[int, str] = {}


calls = Calls()


def parts_of(module: torch.nn.Module) -> dict[str, torch.nn.Module]:
    """Path -> the module and every module inside it, each once, in torch's order."""
    found: dict[str, torch.nn.Module] = {}
    seen: set[torch.nn.Module] = set()
    pending: list[tuple[str, torch.nn.Module | None]] = [(legal_name(type(module).__name__.lower()), module)]
    while pending:
        path, part = pending.pop()
        if part is None or part in seen:
            continue
        seen.add(part)
        found[path] = part
        inside = part._modules
        if inside:
            pending += [(f"{path}.{name}", child) for name, child in reversed(inside.items())]
    return found


@contextlib.contextmanager
def named(parts: dict[str, torch.nn.Module], scope: str) -> Iterator[None]:
    """While a module is called, these parts of it, their parameters and their buffers have names."""
    outer = calls.paths, names.parameters, names.buffers
    paths: dict[int, str] = {}
    owned: dict[int, str] = {}
    kept: dict[int, str] = {}
    for path, part in parts.items():
        paths[id(part)] = path
        for tensors, known in ((part._parameters, owned), (part._buffers, kept)):
            for name, tensor in tensors.items():
                if tensor is not None and id(tensor) not in known:
                    known[id(tensor)] = scope + scope_name(f"{path}.{name}")
    calls.paths, names.parameters, names.buffers = outer[0] | paths, outer[1] | owned, outer[2] | kept
    try:
        yield
    finally:
        calls.paths, names.parameters, names.buffers = outer


def scope_of(module: torch.nn.Module) -> str:
    """The path of a module as seen from the one that calls it, as a name scope."""
    now = calls.__dict__
    paths, callers = now["paths"], now["modules"]
    return _within(paths.get(id(module), ""), paths.get(id(callers[-1]), "") if callers else "")


@functools.lru_cache(4096)
def _within(path: str, caller: str) -> str:
    if caller:
        path = path[len(caller) + 1 :] if path.startswith(f"{caller}.") else path.rpartition(".")[2]
    return scope_name(path)


@functools.lru_cache(4096)
def scope_name(path: str) -> str:
    """A dotted path as the name of a scope."""
    return legal_name(path).replace(".", "/")
