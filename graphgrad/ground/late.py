"""Packages that are always installed, but take long to import: they are imported when something in them is used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any


class Late:
    """Stands for a module until it is needed."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(importlib.import_module(self.__name__), name)
        self.__dict__[name] = found  # the next look-up finds it here
        return found

    def __repr__(self) -> str:
        return f"<{self.__name__}, imported when used>"


if TYPE_CHECKING:
    import networkx as networkx  # noqa: PLC0414  this module hands it out
else:
    networkx = Late("networkx")
