"""Tensors inside nests of tuples, lists and dictionaries: copied, replaced, laid side by side."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch


class Disagreement(AssertionError):
    """graphgrad and eager torch differ; the message begins with what differs."""


def replaced(nest: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """The nest with every tensor changed, the same tensor in the same way."""
    seen: dict[int, Any] = {}

    def visit(item: Any) -> Any:
        if isinstance(item, torch.Tensor):
            if id(item) not in seen:
                seen[id(item)] = change(item)
            return seen[id(item)]
        if type(item) in (list, tuple):
            return type(item)(visit(each) for each in item)
        if type(item) is dict:
            return {key: visit(each) for key, each in item.items()}
        if type(item) is slice:
            return slice(visit(item.start), visit(item.stop), visit(item.step))
        return item

    return visit(nest)


def tensors(nest: Any) -> list[torch.Tensor]:
    """The tensors in a nest, each once."""
    found: list[torch.Tensor] = []
    replaced(nest, found.append)
    return found


def twin(tensor: torch.Tensor, grad: bool) -> torch.Tensor:
    """A copy with memory of its own and the same strides, a leaf of autograd's graph if `grad` asks for it."""
    plain = tensor.detach()
    made: torch.Tensor = copy.deepcopy(plain) if plain.layout is torch.strided else plain.clone()
    return made.requires_grad_(grad and tensor.requires_grad)


def side_by_side(have: Any, want: Any, where: str = "result") -> Iterator[tuple[str, Any, Any]]:
    """The leaves of two results in pairs; `Disagreement` where their nests differ."""
    if isinstance(want, (tuple, list)):
        plain = tuple if isinstance(want, torch.Size) else type(want)
        if not isinstance(have, plain) or len(have) != len(want):
            raise Disagreement(f"structure: {where} is a {_kind(have)}, in torch a {_kind(want)}")
        for place, pair in enumerate(zip(have, want, strict=True)):
            yield from side_by_side(*pair, f"{where}[{place}]")
    elif isinstance(want, dict):
        if not isinstance(have, dict) or have.keys() != want.keys():
            raise Disagreement(f"structure: {where} is a {_kind(have)}, in torch a {_kind(want)}")
        for key in want:
            yield from side_by_side(have[key], want[key], f"{where}[{key!r}]")
    else:
        yield where, have, want


def _kind(nest: Any) -> str:
    return f"{type(nest).__name__} of {len(nest)}" if isinstance(nest, (tuple, list, dict)) else type(nest).__name__
