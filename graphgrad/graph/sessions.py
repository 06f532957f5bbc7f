"""The default session of each thread, as far as tensors and operations need to know it."""

from __future__ import annotations

import threading
from typing import Any


class _Sessions(threading.local):
    def __init__(self) -> None:
        self.stack: list[Any] = []


_sessions = _Sessions()


def session_stack() -> list[Any]:
    """The stack of default sessions of this thread."""
    return _sessions.stack


def get_default_session() -> Any:
    """The innermost default session of this thread, or None."""
    return _sessions.stack[-1] if _sessions.stack else None


def require_session(session: Any, what: str) -> Any:
    """The session given, or the default one; `ValueError` if there is none."""
    found = session if session is not None else get_default_session()
    if found is None:
        raise ValueError(f"no default session to {what}: use `with gg.Session():`, or pass session=")
    return found
