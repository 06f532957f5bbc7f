"""Watching a run: what makes a NaN, what the values are, where time and memory go."""

from .nan import Finding, NaN, NonFiniteError
from .profile import Profile
from .values import Values
from .watcher import Watch

__all__ = ["Finding", "NaN", "NonFiniteError", "Profile", "Values", "Watch"]
