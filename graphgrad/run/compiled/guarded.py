"""Kernels that look up places by number, as operations that no compiler opens.

Inductor's own code for them ends the process at a place that is not there, where torch raises an error. As an
operation of a library of its own, each of them is called as it is, in the middle of compiled code.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch.fx import GraphModule

_aten = torch.ops.aten

_LOOKUPS = (
    _aten.embedding.default, _aten.embedding_dense_backward.default, _aten.gather.default, _aten.index.Tensor,
    _aten.index_select.default, _aten.take.default, _aten.nll_loss_forward.default, _aten.nll_loss_backward.default,
    _aten.nll_loss2d_forward.default, _aten.nll_loss2d_backward.default, _aten.index_put.default,
    _aten._index_put_impl.default, _aten.index_add.default, _aten.index_copy.default, _aten.index_fill.int_Scalar,
    _aten.index_fill.int_Tensor, _aten.scatter.src, _aten.scatter.value, _aten.scatter.reduce,
    _aten.scatter.value_reduce, _aten.scatter_add.default, _aten.scatter_reduce.two,
)  # fmt: skip

_NAME = "graphgrad_lookups"

# What each of them is when it writes to its first argument.
_IN_PLACE = {
    f"{kernel._opname}_.{kernel._overloadname}": kernel for kernel in _LOOKUPS
}  # fmt: skip


@functools.cache
def _operations() -> dict[Any, Any]:
    """Kernel -> the operation that calls it."""
    library = torch.library.Library(_NAME, "FRAGMENT")  # type: ignore[no-untyped-call]
    found = {}
    for kernel in _LOOKUPS:
        name = f"{kernel._opname}_{kernel._overloadname}"
        _, arguments = str(kernel._schema).split("(", 1)
        library.define(f"{name}({arguments}")  # type: ignore[no-untyped-call]
        library.impl(name, functools.partial(_call, kernel), "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
        found[kernel] = getattr(getattr(torch.ops, _NAME), name).default
    _kept.append(library)
    return found


_kept: list[Any] = []  # a library's operations go with it


def _call(kernel: Any, *args: Any, **kwargs: Any) -> Any:
    return kernel(*args, **kwargs)


def guard(module: GraphModule) -> GraphModule:
    """The module with such operations in the place of its lookups."""
    operations = _operations()
    for node in list(module.graph.nodes):
        if node.target in operations:
            node.target = operations[node.target]
        elif (kernel := _IN_PLACE.get(_name(node.target))) is not None:
            with module.graph.inserting_before(node):
                computed = module.graph.call_function(operations[kernel], node.args, node.kwargs)
            node.target, node.args, node.kwargs = _aten.copy_.default, (node.args[0], computed), {}
    module.recompile()
    return module


def install() -> None:
    """Make the operations known to torch, as a module that has been guarded elsewhere needs."""
    _operations()


def _name(target: Any) -> str:
    if not isinstance(target, torch._ops.OpOverload) or target.namespace != "aten":
        return ""
    return f"{target._opname}.{target._overloadname}"
