"""Sums of products of matrices as one product of longer matrices: a @ b + c @ d is [a c] @ [b; d].

The gradient of a weight that a loop uses in every round is such a sum. Its terms are short products, for each of which
the whole sum is read and written again. The numbers are added in another order, so only a tier that rounds differently
anyway may ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Graph, GraphModule, Node

from .cleaning import families, written_by
from .flat import Flat
from .made import Made

_aten = torch.ops.aten

_DTYPES = (torch.float32, torch.float64)

# Products of such a length are as fast as they get; joining more of them would only keep more memory.
_LONG = 1024


@dataclass(slots=True)
class _Sum:
    """A sum as it is found in a graph.

    Attributes:
        products: the factors of its products.
        others: its other terms.
        inside: the nodes of which nobody else reads, but for the last one.
    """

    products: list[tuple[Node, Node]] = field(default_factory=list)
    others: list[Node] = field(default_factory=list)
    inside: list[Node] = field(default_factory=list)


def join_products(module: GraphModule) -> GraphModule:
    """The module with products that are added up joined, on the CPU, where that moves less memory.

    Args:
        module: its nodes know their tensors as `meta["made"]`.
    """
    graph, taken = module.graph, set[Node]()
    family = families(Flat(graph))
    written = {family[each] for node in graph.nodes for each in written_by(node)}
    fixed = {node for node, own in family.items() if own not in written}
    for node in reversed(list(graph.nodes)):
        if node not in taken and _is_sum(node) and _made(node) is not None:
            found = _terms(graph, node, fixed)
            taken.update(found.inside)
            if len(found.products) > 1:
                _replace(graph, node, found)
    for node in reversed(list(graph.nodes)):
        if node.target is _aten.t.default and not node.users:
            graph.erase_node(node)
    module.recompile()
    return module


def _is_sum(node: Node) -> bool:
    return node.target is _aten.add.Tensor and not node.kwargs and all(type(each) is Node for each in node.args)


def _made(node: Node) -> Made | None:
    """What is known of a matrix that may be such a sum, in numbers; None of others."""
    made = node.meta.get("made")
    if not isinstance(made, Made) or len(made.shape) != 2 or made.dtype not in _DTYPES or made.device.type != "cpu":
        return None
    return made.now


def _terms(graph: Graph, root: Node, fixed: set[Node]) -> _Sum:
    """The terms of a sum, those of sums and transposed sums in it among them.

    Args:
        fixed: the tensors that nobody writes to: these can as well be read later.
    """
    made, found = root.meta["made"].now, _Sum()
    waiting: list[tuple[Node, bool]] = [(root, False)]
    while waiting:
        node, turned = waiting.pop()
        own, shape = _made(node), made.shape[::-1] if turned else made.shape
        alone = node is root or len(node.users) == 1
        given = node.all_input_nodes  # each once: two of them are two different ones
        if alone and _is_sum(node) and len(given) == 2 and all(_like(each, shape, made.dtype) for each in given):
            found.inside.append(node)
            waiting += [(each, turned) for each in reversed(given)]
            continue
        if alone and node.target is _aten.t.default and own is not None:
            found.inside.append(node)
            waiting.append((given[0], not turned))
            continue
        if (
            alone
            and node.target is _aten.mm.default
            and own is not None
            and fixed.issuperset(node.all_input_nodes)
            and _short(node)
        ):
            found.inside.append(node)
            a, b = _factors(node)
            found.products.append((_transposed(graph, root, b), _transposed(graph, root, a)) if turned else (a, b))
            continue
        found.others.append(_transposed(graph, root, node) if turned else node)
    return found


def _like(node: Any, shape: Any, dtype: torch.dtype) -> bool:
    own = _made(node)
    return own is not None and own.shape == shape and own.dtype is dtype


def _short(product: Node) -> bool:
    """Whether it takes less to copy the factors of a product than to add it to another."""
    rows, columns = product.meta["made"].now.shape
    inner: int = _factors(product)[0].meta["made"].now.shape[1]
    return bool(2 * inner * (rows + columns) <= 3 * rows * columns)


def _factors(product: Node) -> tuple[Node, Node]:
    a, b = product.args
    assert isinstance(a, Node) and isinstance(b, Node)
    return a, b


def _transposed(graph: Graph, place: Node, node: Node) -> Node:
    if node.target is _aten.t.default:
        return node.all_input_nodes[0]
    with graph.inserting_before(place):
        return _noted(graph.call_function(_aten.t.default, (node,)), node.meta["made"].now.shape[::-1], node)


def _noted(node: Node, shape: Any, like: Node) -> Node:
    """A node that knows its tensor."""
    node.meta["made"] = Made.of(torch.empty(tuple(shape), dtype=like.meta["made"].dtype))
    return node


def _replace(graph: Graph, root: Node, found: _Sum) -> None:
    """The sum by few products, in its place."""
    shape = root.meta["made"].now.shape
    with graph.inserting_before(root):
        terms = [*found.others, *(_product(graph, group, shape) for group in _groups(found.products))]
        total = terms[0]
        for term in terms[1:]:
            total = _noted(graph.call_function(_aten.add.Tensor, (total, term)), shape, root)
    root.replace_all_uses_with(total)
    for node in found.inside:
        if not node.users:
            graph.erase_node(node)


def _groups(products: list[tuple[Node, Node]]) -> list[list[tuple[Node, Node]]]:
    """The products in groups that are long enough together."""
    groups: list[list[tuple[Node, Node]]] = []
    length = _LONG
    for each in products:
        if length >= _LONG:
            groups.append([])
            length = 0
        groups[-1].append(each)
        length += each[0].meta["made"].now.shape[1]
    return groups


def _product(graph: Graph, group: list[tuple[Node, Node]], shape: Any) -> Node:
    inner = sum(a.meta["made"].now.shape[1] for a, _ in group)
    factors = []
    for axis, each in ((1, [a for a, _ in group]), (0, [b for _, b in group])):
        size = (shape[0], inner) if axis else (inner, shape[1])
        factors.append(
            each[0] if len(each) == 1 else _noted(graph.call_function(_aten.cat.default, (each, axis)), size, each[0])
        )
    return _noted(graph.call_function(_aten.mm.default, tuple(factors)), shape, group[0][0])
