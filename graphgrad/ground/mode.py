"""Whether gg's functions record or act at once, per thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class _Mode(threading.local):
    def __init__(self) -> None:
        self.eager = _always_eager


_always_eager = False
_mode = _Mode()


def executing_eagerly() -> bool:
    """Whether gg's functions act at once, on torch tensors.

    >>> import graphgrad as gg
    >>> gg.executing_eagerly()
    False
    """
    return _mode.eager


@contextlib.contextmanager
def eager_execution() -> Iterator[None]:
    """A block in which gg's functions act at once, on torch tensors.

    >>> import graphgrad as gg
    >>> with gg.eager_execution():
    ...     gg.reduce_sum(gg.constant([1.0, 2.0]))
    tensor(3.)
    """
    outer = _mode.eager
    _mode.eager = True
    try:
        yield
    finally:
        _mode.eager = outer


def enable_eager_execution() -> None:
    """Let gg's functions act at once from here on, on this thread and on those started later."""
    global _always_eager
    _always_eager = True
    _mode.eager = True


def disable_eager_execution() -> None:
    """Let gg's functions record again from here on, on this thread and on those started later.

    >>> import graphgrad as gg
    >>> gg.enable_eager_execution()
    >>> gg.disable_eager_execution()
    >>> gg.constant(1.0)
    <Tensor 'Const:0' float32[]>
    """
    global _always_eager
    _always_eager = False
    _mode.eager = False
