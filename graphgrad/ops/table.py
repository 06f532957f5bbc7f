"""How a TF1 name becomes a call of torch: a table row names the callable and maps the arguments."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..graph.operation import Role
from ..ground.mode import executing_eagerly
from ..ground.spec import as_dtype, declared
from ..record.dims import Dim
from ..record.record import first_symbolic, handlers, record
from ..record.tensor import Tensor
from .sizes import sizes, static
from .sources import constant, holds_symbolic, named, packed

_PACKAGE = __name__.partition(".")[0]


def apply(target: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str | None) -> Any:
    """Call a torch callable: recorded under a name if anything is symbolic or no eager mode is on."""
    if executing_eagerly() and first_symbolic((args, kwargs)) is None:
        return target(*args, **kwargs)
    if name is None and target in handlers:
        return handlers[target](*args, **kwargs)
    return record(target, args, kwargs, named(name, ""))


def seeded(result: Any, seed: int | None) -> Any:
    """Give the operation its own seed instead of its place in the graph."""
    if seed is not None and not executing_eagerly():
        (result[0] if isinstance(result, (list, tuple)) else result).op.payload = int(seed)
    return result


def loosened(result: Any, *deciding: Any) -> Any:
    """The results of a call whose number of rows the run decides, unless these tensors are constants.

    What a kernel gives for made-up data may be as long by chance as for other data.
    """
    open_ended = any(isinstance(each, Tensor) and each.op.role is not Role.CONSTANT for each in deciding)
    for each in result if isinstance(result, (list, tuple)) else [result]:
        if open_ended and isinstance(each, Tensor) and each._value.spec.shape:
            each._value.spec = declared((None, *each._value.spec.shape[1:]), each.dtype)
    return result


def tensor(value: Any, like: Any = None) -> Any:
    """A tensor as torch functions take it: numbers and arrays become constants, of the dtype of `like`."""
    if isinstance(value, (torch.Tensor, Dim)):
        return value
    dtype = like.dtype if isinstance(like, torch.Tensor) else None
    if holds_symbolic(value):
        return packed(value, dtype)
    return constant(value, dtype)  # which refuses 0.5 beside integers, as TF1 does


def tensors(values: Any) -> list[Any]:
    """Tensors of a list, in which numbers take the dtype of the first tensor."""
    items = list(values) if isinstance(values, (list, tuple)) else [values]
    like = next((item for item in items if isinstance(item, torch.Tensor)), None)
    return [tensor(item, like) for item in items]


def _own(value: Any, like: Any) -> Any:
    return None if value is None else tensor(value)


def _beside(value: Any, like: Any) -> Any:
    return None if value is None else tensor(value, like)


# What a letter after an argument's name says about it.
_KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "t": _beside,  # a tensor; numbers take the dtype of the first tensor among such arguments
    "i": _own,  # a tensor of its own dtype: indices, labels, lengths
    "l": lambda value, like: tensors(value),
    "s": lambda value, like: None if value is None else sizes(value),
    "n": lambda value, like: static(value, "this argument"),  # known when it is recorded: axes, paddings
    "d": lambda value, like: None if value is None else as_dtype(value),
    "": lambda value, like: tuple(value) if isinstance(value, list) else value,
}


def row(
    tf_name: str, target: Callable[..., Any], signature: str, mapping: Mapping[str, str] | None = None,
    tensors: int | None = None, example: str = "", fixed: tuple[Any, ...] = (), rows: str = "",
) -> Callable[..., Any]:  # fmt: skip
    """A function with TF1's arguments that calls a torch callable.

    Args:
        tf_name: the function's name.
        target: the torch callable.
        signature: TF1's arguments with their defaults; `name=None` is added if it is not there. A letter says what
            an argument is: `x:t` a tensor, `indices:i` a tensor whose dtype is its own, `values:l` a list of
            tensors, `shape:s` sizes, `axis:n` numbers known when it is recorded, `dtype:d` a dtype. `hint:_` is
            taken and not passed on: TF1's advice to itself. `dim:n>axis` is another spelling of axis. Arguments called
            name and seed are the operation's, not the callable's.
        mapping: TF1 argument -> torch argument, for those passed by keyword if they are not None; others go by
            position.
        tensors: how many of the leading arguments are tensors, where no letter says so: 1 if not given.
        example: an expression for the documentation.
        rows: the arguments that decide how many rows the result has, if their values and not their shapes do.
        fixed: further arguments of the callable, at the end, that TF1's function does not have.
    """
    plan = _Row(signature, mapping or {}, tensors, target, fixed, rows)
    if (getattr(target, "__module__", None) or "").startswith(_PACKAGE):
        plan.default_name = tf_name.rpartition(".")[2]

    def function(*args: Any, **kwargs: Any) -> Any:
        return plan.call(plan.bind(args, kwargs))

    function.__name__ = function.__qualname__ = tf_name.rpartition(".")[2]
    function.__signature__ = plan.signature  # type: ignore[attr-defined]
    function.__module__ = __name__
    function.__doc__ = _explained(tf_name, target, plan.signature, example)
    return function


def _explained(tf_name: str, target: Callable[..., Any], signature: inspect.Signature, example: str) -> str:
    module = getattr(target, "__module__", None) or "torch"
    if module.startswith(_PACKAGE):
        told = f"{inspect.getdoc(target)}\n\nTF1's `{tf_name}{signature}`."
    else:
        torch_name = f"{module}.{target.__name__}".replace("_operator", "operator")
        told = f"TF1's `{tf_name}{signature}`, by `{torch_name}`."
    return told + (f"\n\n>>> import graphgrad as gg\n>>> {example}\n" if example else "")


class _Row:
    """A signature, parsed once."""

    def __init__(
        self, text: str, mapping: Mapping[str, str], count: int | None, target: Callable[..., Any],
        fixed: tuple[Any, ...], rows: str,
    ) -> None:  # fmt: skip
        self.target = target
        self.fixed = fixed
        self.rows = rows.split()
        self.default_name: str | None = None
        self.older: dict[str, str] = {}
        self.steps: list[tuple[str, str, str | None]] = []  # argument, its kind, the torch keyword
        parameters = []
        lettered = any(":" in part.partition("=")[0] for part in text.split())
        parts = text.split() if any(part.startswith("name=") for part in text.split()) else [*text.split(), "name=None"]
        for position, part in enumerate(parts):
            left, _, default = part.partition("=")
            label, _, newer = left.partition(">")
            argument, _, kind = label.partition(":")
            if newer:
                self.older[argument] = newer
                default = "None"
            elif argument not in ("name", "seed") and kind != "_":
                if not lettered:
                    kind = "t" if position < (1 if count is None else count) else ""
                self.steps.append((argument, kind, mapping.get(argument)))
            parameters.append(
                inspect.Parameter(argument, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=_default(default))
            )
        self.signature = inspect.Signature(parameters)
        self.like = [argument for argument, kind, _ in self.steps if kind == "t"]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name, the older spellings under the newer ones."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        for older, newer in self.older.items():
            if given[older] is not None:
                given[newer] = given[older]
        return given

    def call(self, given: dict[str, Any]) -> Any:
        first = next((given[n] for n in self.like if isinstance(given[n], torch.Tensor)), None)
        positional: list[Any] = []
        options: dict[str, Any] = {}
        for argument, kind, keyword in self.steps:
            value = _KINDS[kind](given[argument], first)
            if keyword is None:
                positional.append(value)
            elif value is not None:
                options[keyword] = value
        name = self.default_name if given["name"] is None else given["name"]
        result = apply(self.target, (*positional, *self.fixed), options, name)
        return seeded(loosened(result, *(given[each] for each in self.rows)), given.get("seed"))


def _default(text: str) -> Any:
    """A default value: a literal, or a word such as a dtype's name."""
    if not text:
        return inspect.Parameter.empty
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text
