"""Rows that were computed one by one, made one kernel again.

Where torch's `vmap` has no rule for a kernel, it calls it for each row of a stack: a Jacobian through tanh is hundreds
of calls.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from .flat import Flat, is_random
from .made import Made

_aten = torch.ops.aten

# Elementwise kernels that torch does not tag as such.
ELEMENTWISE = frozenset((
    _aten.elu_backward.default, _aten.hardshrink_backward.default, _aten.hardsigmoid_backward.default,
    _aten.hardswish_backward.default, _aten.hardtanh_backward.default, _aten.leaky_relu_backward.default,
    _aten.log_sigmoid_backward.default, _aten.mish_backward.default, _aten.ones_like.default,
    _aten.silu_backward.default, _aten.softplus_backward.default, _aten.softshrink_backward.default,
    _aten.threshold_backward.default, _aten.zeros_like.default,
))  # fmt: skip

# Where oneDNN takes it over, it wants its arguments to be of the same shape.
_OF_ONE_SHAPE = frozenset((_aten.gelu_backward.default,))


def join_rows(flat: Flat, family: dict[Node, Node], written: set[Node]) -> None:
    """A stack of one elementwise kernel on all rows of a tensor, in order, is that kernel on the tensor.

    Only where all is laid out row after row: there the kernel takes the same way through each row, to the last bit.

    Args:
        family: node -> one node for all that share its memory.
        written: those of the families that a kernel writes to.
    """
    for stack in flat.graph.find_nodes(op="call_function", target=_aten.stack.default):
        parts = stack.args[0]
        if stack.args[1:] not in ((), (0,)) or stack.kwargs or not _alike(flat, stack, parts):
            continue
        columns = list(zip(*(part.args for part in parts), strict=True))
        wholes = [_whole(column) for column in columns]
        if not any(wholes) or not all(whole or _fixed(column) for whole, column in zip(wholes, columns, strict=True)):
            continue
        args = [whole or column[0] for whole, column in zip(wholes, columns, strict=True)]
        read = [each for each in args if isinstance(each, Node)]
        if any(family[each] in written or not _plain(each) for each in read):
            continue
        if _made(parts[0], args) == stack.meta["made"]:
            family[_replaced(flat, stack, parts, args)] = family[stack]


def _alike(flat: Flat, stack: Node, parts: Any) -> bool:
    """Whether the parts of a stack are the same elementwise kernel, called for this stack alone."""
    first = parts[0]
    kernel, again = first.target, flat.again.get(stack)
    if not isinstance(kernel, torch._ops.OpOverload) or is_random(first) or kernel._schema.is_mutable:
        return False
    if kernel in _OF_ONE_SHAPE:
        return False
    if (torch.Tag.pointwise not in kernel.tags and kernel not in ELEMENTWISE) or len(kernel._schema.returns) != 1:
        return False
    return all(
        part.target is kernel
        and [*part.users] == [stack]
        and len(part.args) == len(first.args)
        and part.kwargs == first.kwargs
        and not any(isinstance(each, Node) for each in part.kwargs.values())
        and flat.dtypes.get(part) is flat.dtypes.get(first)
        and flat.again.get(part) == again
        and part not in flat.draws
        for part in parts
    )


def _whole(column: tuple[Any, ...]) -> Node | None:
    """The tensor whose rows these are, all of them, in order, each as large as what is computed of it."""
    first = column[0]
    if not isinstance(first, Node) or first.target is not _aten.select.int:
        return None
    tensor = first.args[0]
    assert isinstance(tensor, Node)
    if any(
        not isinstance(each, Node) or each.target is not _aten.select.int or each.args != (tensor, 0, place)
        for place, each in enumerate(column)
    ):
        return None
    made = tensor.meta["made"]
    return tensor if isinstance(made, Made) and made.shape[0] == len(column) else None


def _fixed(column: tuple[Any, ...]) -> bool:
    """Whether all parts are given the same."""
    first = column[0]
    if isinstance(first, Node):
        return all(each is first for each in column)
    return all(type(each) is type(first) and repr(each) == repr(first) for each in column)


def _plain(node: Node) -> bool:
    """Whether a tensor lies in memory row after row, its sizes known."""
    made = node.meta["made"]
    if not isinstance(made, Made) or any(type(each) is not int for each in (*made.shape, *made.stride)):
        return False
    return made.stride == torch.empty(made.shape, device="meta").stride()


def _made(part: Node, args: list[Any]) -> Made | None:
    """What the kernel would make of these; None if its rows would not be those of the stack."""
    own, kernel = part.meta["made"], part.target
    wholes = [each for each, row in zip(args, part.args, strict=True) if each is not row]
    fixed = [each for each, row in zip(args, part.args, strict=True) if each is row and isinstance(each, Node)]
    if not isinstance(own, Made) or any(len(each.meta["made"].shape) != len(own.shape) + 1 for each in wholes):
        return None
    if any(len(each.meta["made"].shape) > len(own.shape) for each in fixed):
        return None
    given = [_sketched(each) if isinstance(each, Node) else each for each in args]
    found = Made.of(kernel(*given, **part.kwargs))  # type: ignore[operator]
    return found and Made(found.shape, found.stride, found.offset, found.dtype, own.device)


def _sketched(node: Node) -> torch.Tensor:
    """A tensor without numbers."""
    made = node.meta["made"]
    return torch.empty_strided(made.shape, made.stride, dtype=made.dtype, device="meta")


def _replaced(flat: Flat, stack: Node, parts: Any, args: list[Any]) -> Node:
    """The kernel on whole tensors, in the stack's place; what nobody reads any more is gone."""
    part = parts[0]
    with flat.graph.inserting_before(stack):
        joined = flat.graph.call_function(part.target, tuple(args), part.kwargs)
    joined.meta["made"], flat.ops[joined] = stack.meta["made"], flat.ops.get(part)
    if part in flat.dtypes:
        flat.dtypes[joined] = flat.dtypes[part]
    if part in flat.again:
        flat.again[joined] = flat.again[part]
    stack.replace_all_uses_with(joined)
    flat.graph.erase_node(stack)
    rows = [each for part in parts for each in part.all_input_nodes if each.target is _aten.select.int]
    for each in dict.fromkeys((*parts, *rows)):
        if not each.users:
            flat.graph.erase_node(each)
    return joined
