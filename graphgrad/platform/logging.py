"""`gg.logging`: TF1's logging over Python's, by the logger `graphgrad`."""

from __future__ import annotations

import itertools
import logging
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

DEBUG = logging.DEBUG
INFO = logging.INFO
WARN = logging.WARNING
ERROR = logging.ERROR
FATAL = logging.CRITICAL

_counts: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)
_lock = threading.Lock()


class _Handler(logging.StreamHandler[Any]):
    """Writes to what is `sys.stderr` at the moment."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        """`StreamHandler` sets it once; the property decides."""


def _logger() -> logging.Logger:
    """The library's logger; where nobody has set up logging it writes to stderr."""
    logger = logging.getLogger("graphgrad")
    with _lock:
        if not logger.hasHandlers():
            logger.addHandler(_Handler())
            logger.propagate = False
            logger.setLevel(WARN)
    return logger


def get_verbosity() -> int:
    """The lowest level that is written: `gg.logging.WARN` at first."""
    return _logger().getEffectiveLevel()


def set_verbosity(v: int | str) -> None:
    """Set the lowest level that is written: `gg.logging.INFO`, or its name.

    >>> import graphgrad as gg
    >>> gg.logging.set_verbosity(gg.logging.ERROR)
    >>> gg.logging.warn("nobody reads this")
    >>> gg.logging.set_verbosity(gg.logging.WARN)
    """
    _logger().setLevel(v)


def log(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Write a message of a level; `args` fill its `%s` and the like."""
    _logger().log(level, msg, *args, **kwargs)


def debug(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Write a message for those who look for a mistake."""
    _logger().debug(msg, *args, **kwargs)


def info(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Write what is good to know."""
    _logger().info(msg, *args, **kwargs)


def warning(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Write what may be wrong."""
    _logger().warning(msg, *args, **kwargs)


def error(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Write what is wrong."""
    _logger().error(msg, *args, **kwargs)


def fatal(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Write what is so wrong that the program can't go on; it is the caller's to end it."""
    _logger().critical(msg, *args, **kwargs)


warn = warning


def vlog(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    """`log`, under the name for levels of detail."""
    log(level, msg, *args, **kwargs)


def log_if(level: int, msg: Any, condition: bool, *args: Any) -> None:
    """Write a message if a condition holds."""
    if condition:
        log(level, msg, *args)


def log_every_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Write a message at the first of every n calls with it."""
    log_if(level, msg, next(_counts[str(msg)]) % n == 0, *args)


def log_first_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Write a message at the first n calls with it."""
    log_if(level, msg, next(_counts[str(msg)]) < n, *args)


def flush() -> None:
    """Write what is held back."""
    for handler in _logger().handlers:
        handler.flush()
