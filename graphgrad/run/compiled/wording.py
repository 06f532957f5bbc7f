"""Numbers that depend on sizes: from torch's symbols to text, and from text to numbers or to nodes of a graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import torch

from ...ground.optional import optional
from .flat import Untraceable
from .made import Sized

_NAMES = {"math": math, "max": max, "min": min, "float": float, "int": int, "abs": abs, "__builtins__": {}}

# What they are for numbers that are not known yet.
_SYMBOLIC = {
    "math": SimpleNamespace(trunc=torch.sym_int, sqrt=getattr(torch, "_sym_sqrt", None)),
    "max": torch.sym_max, "min": torch.sym_min, "float": torch.sym_float, "int": torch.sym_int, "abs": abs,
    "__builtins__": {},
}  # fmt: skip


class Wording:
    """Symbolic numbers as text.

    Args:
        sizes: name -> the size that it is now.
    """

    def __init__(self, sizes: dict[str, int]) -> None:
        self.sizes = sizes
        self.printer = optional("torch.utils._sympy.printers", "test").PythonPrinter()

    def guard(self, env: Any) -> tuple[Callable[..., bool], str]:
        """What torch had to know, as a function of the sizes, and as text."""
        for symbol, now in env.replacements.items():
            if not now.free_symbols:
                raise Untraceable(f"it can only be done with a size of {now}", None)
            if str(symbol) not in self.sizes:
                raise Untraceable("a size has no name", None)
        text = " and ".join(dict.fromkeys(f"({self.printer.doprint(each.expr)})" for each in env.guards)) or "True"
        holds: Callable[..., bool] = evaluated(f"lambda {', '.join(self.sizes)}: {text}", {})
        if not holds(**self.sizes):
            raise Untraceable("the sizes do not fit what torch knows of them", None)
        return holds, text

    def sized(self, number: Any, value: Any) -> Sized:
        """A symbolic number that has a value now."""
        text = self.printer.doprint(number.node.expr)
        found = Sized(text, evaluated(text, self.sizes))
        if type(found.value) is not type(value) or found.value != value:
            raise Untraceable(f"a number is {value}, not {text}", None)
        return found


def evaluated(text: str, sizes: Mapping[str, Any], symbolic: bool = False) -> Any:
    """What a text means for these sizes.

    Args:
        symbolic: whether sizes are torch's symbols, or stand for nodes of a torch.fx graph.

    Raises:
        Untraceable: if it can't be worked out.
    """
    try:
        return eval(text, dict(_SYMBOLIC if symbolic else _NAMES), dict(sizes))  # noqa: S307
    except Exception as error:
        raise Untraceable(f"a number is {text}", None) from error
