"""A session for notebooks and shells."""

from __future__ import annotations

from typing import Any

from .session import Session


class InteractiveSession(Session):
    """A Session that is the default one from its creation until it is closed; arguments as of `gg.Session`.

    >>> import graphgrad as gg
    >>> session = gg.InteractiveSession()
    >>> gg.constant(2.0).eval()
    np.float32(2.0)
    >>> session.close()
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._default = self.as_default()
        self._default.__enter__()

    def close(self) -> None:
        """End the session; it is no longer the default one."""
        if not self._closed:
            self._default.__exit__(None, None, None)
        super().close()
