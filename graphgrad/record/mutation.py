"""Calls that turn out to change their arguments: they work on copies, and the handles move to these."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from .aliasing import change
from .canonical import canonical
from .inplace import changeable
from .record import changing, is_read, record

Path = tuple[Any, ...]


class OnCopies:
    """A callable whose arguments at some places are copied first; it gives its result and the copies."""

    def __init__(self, target: Any, paths: tuple[Path, ...]) -> None:
        self._target = target
        self._paths = paths
        self.__name__ = canonical(target).name

    def __call__(self, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        whole: Any = [list(args), dict(kwargs)]
        copies = [_get(whole, path).clone() for path in self._paths]
        for path, copy in zip(self._paths, copies, strict=True):
            whole = _put(whole, path, copy)
        return self._target(*whole[0], **whole[1]), copies


_on_copies = functools.cache(OnCopies)


def record_changes(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], reads: Sequence[int]) -> Any:
    """Record a call that changes what it reads at these positions."""
    whole = [list(args), dict(kwargs)]
    places = list(_places(whole, ()))
    paths = tuple(places[position] for position in reads)
    tensors = [changeable(_get(whole, path)) for path in paths]
    result, copies = record(_on_copies(func, paths), args, kwargs)
    for tensor, copy in zip(tensors, copies, strict=True):
        change(tensor, copy)
    return result


def _places(nest: Any, path: Path) -> Iterator[Path]:
    """Where in a nest the recorder reads something, in its order."""
    if is_read(nest):
        yield path
    elif isinstance(nest, (tuple, list)):
        for number, item in enumerate(nest):
            yield from _places(item, (*path, number))
    elif type(nest) is slice:
        for name in ("start", "stop", "step"):
            yield from _places(getattr(nest, name), (*path, name))
    elif type(nest) is dict:
        for key, item in nest.items():
            yield from _places(item, (*path, key))


def _get(nest: Any, path: Path) -> Any:
    for step in path:
        nest = nest[step]
    return nest


def _put(nest: Any, path: Path, new: Any) -> Any:
    """A copy of the nest with another item at one place."""
    if not path:
        return new
    if isinstance(nest, dict):
        return {key: _put(item, path[1:], new) if key == path[0] else item for key, item in nest.items()}
    return type(nest)(_put(item, path[1:], new) if n == path[0] else item for n, item in enumerate(nest))


changing.append(record_changes)
