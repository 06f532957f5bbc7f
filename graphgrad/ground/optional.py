"""The one door for packages that are not always there: imported when first needed, with a clear error if missing."""

from __future__ import annotations

import importlib
from typing import Any


def optional(module: str, extra: str) -> Any:
    """A module of an optional package.

    Args:
        module: its full name.
        extra: the extra of graphgrad that installs it.

    Raises:
        ImportError: if it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"this needs {package}: pip install 'graphgrad[{extra}]'") from error
