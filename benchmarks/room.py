"""Room on Python's stack, so that where a benchmark happens to sit does not matter.

CPython keeps the frames of calls in chunks of 16 KB. A loop whose calls cross the end of a chunk pays for a new chunk
and its return at every call: several microseconds each, by the luck of how deep the caller is. A frame too large for
what is left begins a larger chunk, and whatever it calls has the rest of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_WORDS = 16_000


def roomy(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call `work` with more than 100 KB of Python's stack before it."""
    return work(*arguments)


roomy.__code__ = roomy.__code__.replace(co_stacksize=_WORDS)
