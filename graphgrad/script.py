"""A function of a user's file, as a command line names it: `FILE:FUNCTION`."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .graph.graph import Graph
from .graph.operation import Operation
from .record.tensor import Tensor


class ScriptError(Exception):
    """A command line names something that can't be used; the message says what and what would do."""


def called(place: str, graph: Graph | None = None) -> Any:
    """What the function returns, called without arguments while a new graph, or the given one, is the default.

    Raises:
        ScriptError: if there is no such file or function, or it does not return.
    """
    filename, _, name = place.rpartition(":")
    if not filename or not name:
        raise ScriptError(f"{place!r} is not FILE:FUNCTION, as in model.py:loss")
    path = Path(filename)
    if not path.is_file():
        raise ScriptError(f"there is no file {filename}" if not path.exists() else f"{filename} is not a file")
    with (graph or Graph()).as_default():
        return _guarded(place, _function(path, name))


def _function(path: Path, name: str) -> Callable[[], Any]:
    """A function of a file, which is run as an import would run it."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)  # the file may import its neighbours
    try:
        found = _guarded(str(path), lambda: runpy.run_path(str(path), run_name=path.stem))
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    if name not in found:
        own = [key for key, value in found.items() if callable(value) and getattr(value, "__module__", "") == path.stem]
        raise ScriptError(f"{path} has no function {name}; it has {', '.join(sorted(own)) or 'none'}")
    function = found[name]
    if not callable(function):
        raise ScriptError(f"{name} of {path} is a {type(function).__name__}, not a function")
    return function  # type: ignore[no-any-return]


def _guarded(what: str, work: Callable[[], Any]) -> Any:
    """The result of a user's code; what it raises is told as its own failure, with the traceback as the cause."""
    try:
        return work()
    except SystemExit as error:  # a script that runs when it is imported, or reads the command line itself
        raise ScriptError(f"{what} ended the process, with exit code {error.code!r}") from None
    except Exception as error:
        said = str(error).strip()
        raise ScriptError(f"{what} raised {type(error).__name__}{': ' if said else ''}{said}") from error


def question(place: str) -> tuple[Any, ...]:
    """The (ys, xs) or (ys, xs, stop_gradients) that the function returns.

    Raises:
        ScriptError: as `called`, and for another return value.
    """
    found = called(place)
    if not isinstance(found, tuple) or len(found) not in (2, 3):
        what = f"a tuple of {len(found)}" if isinstance(found, tuple) else f"a {type(found).__name__}"
        raise ScriptError(f"{place} returned {what}; it has to return (ys, xs) or (ys, xs, stop_gradients)")
    return found


def fetched(place: str) -> tuple[Graph, Any, dict[Any, Any]]:
    """What a run is to be of: the graph, the fetches and the feed_dict, from `fetches` or `(fetches, feed_dict)`.

    Raises:
        ScriptError: as `called`, and if there is nothing to fetch in what it returns.
    """
    graph = Graph()
    found = called(place, graph)
    fetches: Any = found
    feeds: dict[Any, Any] = {}
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], dict) and not _graphs(found[1]):
        fetches, feeds = found
    graphs = _graphs(fetches)
    if len(graphs) != 1:
        what = f"a {type(found).__name__} without a tensor in it" if not graphs else "tensors of different graphs"
        raise ScriptError(f"{place} returned {what}; it has to return fetches or (fetches, feed_dict)")
    return graphs.pop(), fetches, feeds


def _graphs(nest: Any) -> set[Graph]:
    """The graphs of the tensors and operations in a nest."""
    found = set()
    pending, seen = [nest], set()
    while pending:
        item = pending.pop()
        if isinstance(item, (Tensor, Operation)):
            found.add(item.graph)
        elif isinstance(item, (list, tuple, dict)) and id(item) not in seen:
            seen.add(id(item))
            pending += item.values() if isinstance(item, dict) else item
    return found
