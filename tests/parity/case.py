"""A case: one piece of TF1 graph code that is given TensorFlow or graphgrad as its module `tf`.

Neither TensorFlow, nor graphgrad, nor pytest is imported here: the cases are read by two interpreters, and each has
only one of the libraries.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.parity import cases as _cases


@dataclass(frozen=True)
class Case:
    """What one case is and how exactly its numbers have to agree.

    Attributes:
        name: `module/function`, or `module/function[key]`.
        function: given the module, returns what is to be compared: tensors, which are fetched, and plain values.
        tolerance: the relative difference that is allowed, and the absolute one.
        loops_v2: whether TensorFlow runs it with its newer loops and branches, which have second derivatives.
        needs: a package that TensorFlow needs for it, beside its own.
    """

    name: str
    function: Callable[[Any], Any]
    tolerance: float = 1e-5
    loops_v2: bool = False
    needs: str | None = None


CASES: dict[str, Case] = {}


def case(**options: Any) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Makes a case of the decorated function of one argument, the module."""

    def decorate(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        _add(Case(f"{_module(function)}/{function.__name__}", function, **options))
        return function

    return decorate


def each_of(table: Mapping[str, Any], **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a case per row of `table` of the decorated function, given the module and the row's value."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for key, row in table.items():

            def one(tf: Any, row: Any = row) -> Any:
                return function(tf, row)

            _add(Case(f"{_module(function)}/{function.__name__}[{key}]", one, **options))
        return function

    return decorate


def all_cases() -> dict[str, Case]:
    """The cases of every module of `cases/`, by name."""
    for module in pkgutil.iter_modules(_cases.__path__):
        importlib.import_module(f"{_cases.__name__}.{module.name}")
    return dict(sorted(CASES.items()))


def _add(new: Case) -> None:
    if new.name in CASES:
        raise ValueError(f"two cases are named {new.name}")
    CASES[new.name] = new


def _module(function: Callable[..., Any]) -> str:
    return function.__module__.rpartition(".")[2]
