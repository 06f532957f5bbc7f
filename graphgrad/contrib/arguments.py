"""`arg_scope`: a block in which some functions have other defaults."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
Scope = dict[str, dict[str, Any]]  # a function's key -> its defaults


class _Scopes(threading.local):
    """The open blocks of a thread, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Scope] = [{}]


_scopes = _Scopes()


def _key(function: Any) -> str:
    known: str = getattr(function, "_arg_scope_key", "")
    return known


def add_arg_scope(func: Function) -> Function:
    """A function that takes defaults from the `arg_scope` around a call.

    >>> from graphgrad import contrib
    >>> @contrib.framework.add_arg_scope
    ... def area(width, height=1):
    ...     return width * height
    >>> with contrib.framework.arg_scope([area], height=3):
    ...     area(2), area(2, height=5)
    (6, 10)
    """

    @functools.wraps(func)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        defaults = _scopes.stack[-1].get(_key(scoped))
        return func(*args, **({**defaults, **kwargs} if defaults else kwargs))

    scoped._arg_scope_key = f"{func.__module__}.{func.__qualname__}"  # type: ignore[attr-defined]
    return scoped  # type: ignore[return-value]


def has_arg_scope(func: Any) -> bool:
    """Whether a function takes defaults from an `arg_scope`."""
    return bool(_key(func))


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The names of a function's arguments that have a default, and so may be given by an `arg_scope`."""
    code, inner = None, func
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    code = inner.__code__
    count = len(inner.__defaults__ or ())
    return tuple(code.co_varnames[code.co_argcount - count : code.co_argcount])


def current_arg_scope() -> Scope:
    """The defaults at this point; `arg_scope(them)` sets them again elsewhere."""
    return _scopes.stack[-1]


@contextlib.contextmanager
def arg_scope(list_ops_or_scope: Sequence[Any] | Scope, **kwargs: Any) -> Iterator[Scope]:
    """A block in which these functions have these defaults, on top of those of the blocks around.

    Args:
        list_ops_or_scope: functions that `add_arg_scope` made, such as those of `contrib.layers`; or the scope that
            another block gave, which then holds instead of the blocks around.
        kwargs: the defaults.

    Raises:
        ValueError: for a scope and defaults together, or a function that takes no part.
        TypeError: for anything else.

    >>> import graphgrad as gg
    >>> slim = gg.contrib.slim
    >>> with slim.arg_scope([slim.conv2d, slim.fully_connected], activation_fn=gg.nn.elu):
    ...     slim.conv2d(gg.ones([1, 8, 8, 3]), 4, 3).op.type
    'Elu'
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError("arg_scope takes the scope of another block, or functions and defaults; not both")
        now = dict(list_ops_or_scope)
    elif isinstance(list_ops_or_scope, (list, tuple, set)):
        now = dict(_scopes.stack[-1])
        for function in list_ops_or_scope:
            if not has_arg_scope(function):
                raise ValueError(f"{getattr(function, '__name__', function)!r} is not decorated with @add_arg_scope")
            now[_key(function)] = {**now.get(_key(function), {}), **kwargs}
    else:
        raise TypeError(f"arg_scope takes a list of functions or the scope of a block, got {list_ops_or_scope!r}")
    _scopes.stack.append(now)
    try:
        yield now
    finally:
        _scopes.stack.pop()
