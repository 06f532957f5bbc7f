"""Which rule stands for which callable, and which callables are cheap on tensors without memory as they are."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode

from ..canonical import Attribute
from . import elementwise, joining, layers, products, reductions
from .results import Rule

# Views, casts and copies: on meta tensors they run in C++ alone, draw nothing and change nothing.
_NATIVE = frozenset(
    "reshape view view_as reshape_as transpose t permute swapaxes swapdims movedim expand expand_as unsqueeze "
    "squeeze flatten unflatten narrow select chunk split unbind diagonal broadcast_to to type_as float double half "
    "bfloat16 long int short bool contiguous clone detach".split()
)
_ATTRIBUTES = frozenset(("T", "mT", "H", "mH"))


def _collected() -> dict[Any, Rule]:
    """The rules by callable, in every namespace that has it."""
    found: dict[Any, Rule] = {}
    everywhere = (elementwise.RULES, reductions.RULES, products.RULES, joining.RULES, layers.RULES)
    for space in (torch, torch.Tensor, torch.special):
        for rules in everywhere:
            names = [name for name in rules if hasattr(space, name) and (space is torch.Tensor or name[0] != "_")]
            found.update({getattr(space, name): rules[name] for name in names})
    for rules in (elementwise.ACTIVATIONS, reductions.FUNCTIONAL, joining.FUNCTIONAL, layers.FUNCTIONAL):
        found.update({getattr(F, name): rule for name, rule in rules.items()})
    return {**found, **elementwise.OPERATORS, **products.LINEAR, torch._C._nn.gelu: elementwise.ACTIVATIONS["gelu"]}


def _item(input: Any, index: Any) -> Any:
    """A view by numbers and slices, as torch makes it."""
    parts = index if type(index) is tuple else (index,)
    basic = all(part is None or part is Ellipsis or type(part) is int or type(part) is slice for part in parts)
    return input[index] if basic and type(input) is torch.Tensor else NotImplemented


RULES = _collected() | {torch.Tensor.__getitem__: _item}
NATIVE = frozenset(
    found for space in (torch, torch.Tensor) for name in _NATIVE if callable(found := getattr(space, name, None))
)


def answer(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call gives on meta tensors, as far as it is in the tables; `NotImplemented` where it is not."""
    if _native(target):
        return target(*args, **kwargs)
    try:
        rule = RULES.get(target)
    except TypeError:  # a callable that can't be hashed
        return NotImplemented
    if rule is None:
        return NotImplemented
    try:
        return rule(*args, **kwargs)
    except TypeError:  # arguments that the rule does not know
        return NotImplemented


def _native(target: Any) -> bool:
    if type(target) is Attribute:
        return target.__name__ in _ATTRIBUTES
    return type(target) in _CALLABLES and target in NATIVE


def smooth(target: Any, tensors: int) -> bool:
    """Whether a gradient reaches all that a call reads and that can have one, from each output that can have one.

    Args:
        target: what is called; the tables know it.
        tensors: how many tensors it reads: of a second one, views and casts (`x.view_as(y)`) take the form alone.
    """
    if _native(target):
        return tensors == 1 and target not in _CUTS
    return True


class Ruling(TorchFunctionMode):
    """Lets rules answer for the torch functions that a Python function calls on meta tensors.

    Attributes:
        strange: whether it called something that is in no table.
    """

    def __init__(self) -> None:
        super().__init__()
        self.strange = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        found = answer(func, args, kwargs)
        if found is not NotImplemented:
            return found
        self.strange = self.strange or getattr(func, "__name__", "") not in _QUESTIONS
        return func(*args, **kwargs)


# What a function asks about a tensor without computing anything.
_QUESTIONS = frozenset(
    ("dim", "size", "numel", "stride", "is_floating_point", "is_complex", "is_contiguous", "__get__", "__len__")
)
_CALLABLES = frozenset(map(type, NATIVE))
_CUTS = frozenset((torch.detach, torch.Tensor.detach))
