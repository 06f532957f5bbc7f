"""Other spellings of an operator: method, in place, operator, alias."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from tests.conformance.recorded import Function
from tests.conformance.samples import Sample


def variants(sample: Sample) -> Iterator[tuple[str, Function]]:
    """The name and the callable of each other spelling that this sample suits."""
    entry = sample.entry
    if not isinstance(sample.args[0], torch.Tensor):
        return
    yield from _spellings("", entry, sample)
    for alias in entry.aliases:
        yield f"alias {alias.name}", alias.op
        yield from _spellings(f"alias {alias.name} ", alias, sample)
    if entry.operator_variant is not None and entry.operator_variant is not entry.op and not sample.kwargs:
        yield "operator", entry.operator_variant
    if entry.inplace_operator_variant is not None and not sample.kwargs and not sample.broadcasts:
        yield "in-place operator", _on_clone(entry.inplace_operator_variant)


def _spellings(prefix: str, spelled: Any, sample: Sample) -> Iterator[tuple[str, Function]]:
    if spelled.method_variant is not None and spelled.method_variant is not sample.entry.op:
        yield f"{prefix}method", _called_as_method(spelled.method_variant)
    if spelled.inplace_variant is not None and not sample.broadcasts:
        yield f"{prefix}in place", _on_clone(_called_as_method(spelled.inplace_variant))


def _called_as_method(method: Any) -> Function:
    """`x.name(...)`, as a user writes it, where the variant is a method of `torch.Tensor`."""
    name = getattr(method, "__name__", "")
    if getattr(torch.Tensor, name, None) is not method:
        return method  # type: ignore[no-any-return]

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(x, name)(*args, **kwargs)

    return call


def _on_clone(function: Function) -> Function:
    """What an in-place call returns, and what its tensor has become."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        copy = x.clone()
        result = function(copy, *args, **kwargs)
        return [result, copy]

    return call
