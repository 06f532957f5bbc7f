"""How a TF1 name becomes a call of torch: a table row names the callable and maps the arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

from ..ground.mode import executing_eagerly
from ..record.dims import Dim
from ..record.record import first_symbolic, handlers, record
from .sources import constant, named


def apply(target: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str | None) -> Any:
    """Call a torch callable: recorded under a name if anything is symbolic or no eager mode is on."""
    if executing_eagerly() and first_symbolic((args, kwargs)) is None:
        return target(*args, **kwargs)
    if name is None and target in handlers:
        return handlers[target](*args, **kwargs)
    return record(target, args, kwargs, named(name, ""))


def tensor(value: Any, like: Any = None) -> Any:
    """A tensor as torch functions take it: numbers and arrays become constants, of the dtype of `like`."""
    if isinstance(value, (torch.Tensor, Dim)):
        return value
    dtype = like.dtype if isinstance(like, torch.Tensor) else None
    return constant(value, dtype)  # which refuses 0.5 beside integers, as TF1 does


def row(
    tf_name: str, target: Callable[..., Any], signature: str, mapping: dict[str, str] | None = None,
    tensors: int = 1, example: str = "",
) -> Callable[..., Any]:  # fmt: skip
    """A function with TF1's arguments that calls a torch callable.

    Args:
        tf_name: the function's name.
        target: the torch callable.
        signature: TF1's arguments with their defaults; `name=None` is added.
        mapping: TF1 argument -> torch argument, for those passed by keyword; others go by position.
        tensors: how many of the leading arguments are tensors; they must be given.
        example: an expression for the documentation.
    """
    renamed = mapping or {}
    parsed = _signature(f"{signature} name=None")
    names = list(parsed.parameters)

    def function(*args: Any, **kwargs: Any) -> Any:
        bound = parsed.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        first = next((given[n] for n in names[:tensors] if isinstance(given[n], torch.Tensor)), None)
        positional: list[Any] = []
        options: dict[str, Any] = {}
        for position, argument in enumerate(names[:-1]):
            value = given[argument]
            if position < tensors:
                positional.append(tensor(value, first))
            elif value is not None and argument in renamed:
                options[renamed[argument]] = tuple(value) if isinstance(value, list) else value
            elif argument not in renamed:
                positional.append(value)
        return apply(target, tuple(positional), options, given["name"])

    function.__name__ = function.__qualname__ = tf_name.rpartition(".")[2]
    function.__signature__ = parsed  # type: ignore[attr-defined]
    function.__module__ = __name__
    torch_name = f"{getattr(target, '__module__', None) or 'torch'}.{target.__name__}".replace("_operator", "operator")
    function.__doc__ = f"TF1's `{tf_name}{parsed}`, by `{torch_name}`." + (
        f"\n\n>>> import graphgrad as gg\n>>> {example}\n" if example else ""
    )
    return function


def _signature(text: str) -> inspect.Signature:
    """`'x axis=None'` as a signature."""
    parameters = []
    for part in text.split():
        argument, _, default = part.partition("=")
        value: Any = {"None": None, "True": True, "False": False, "": inspect.Parameter.empty}.get(default, default)
        if isinstance(value, str):
            value = float(value) if "." in value else int(value)
        parameters.append(inspect.Parameter(argument, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=value))
    return inspect.Signature(parameters)
