"""Passes over a flat graph; each changes no number."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from ...plan.passes import ALL, Passes
from .flat import Flat, Made, is_random
from .opaque import Back, Opaque
from .rows import join_rows

_aten = torch.ops.aten

# What torch hands on as it is where autograd is off.
_WRAPS = frozenset((_aten.detach.default, _aten.alias.default, _aten.lift_fresh.default))

# What hands its input on if the result has the same shape, strides and place.
_VIEWS = frozenset((
    _aten.view.default, _aten._unsafe_view.default, _aten.expand.default, _aten.slice.Tensor, _aten.permute.default,
))  # fmt: skip

# Binary arithmetic, in which a tensor of rank 0 counts as a number beside an array of the same kind.
_ARITHMETIC = frozenset((_aten.add.Tensor, _aten.sub.Tensor, _aten.mul.Tensor, _aten.div.Tensor))

# Integers up to here are floating numbers too.
_LARGEST = 2**53


def clean(flat: Flat, passes: Passes = ALL, numbers: bool = True) -> None:
    """All passes, in order, but for those that are switched off; that of numbers is for torch's kernels one by one."""
    copy_constants(flat)
    drop_wraps(flat)
    if passes.merge:
        family = families(flat)
        join_rows(flat, family, {family[each] for node in flat.graph.nodes for each in written_by(node)})
        merge(flat)
    if passes.fold and numbers:
        hoist_numbers(flat)
    if passes.prune:
        drop_unused(flat)


def copy_constants(flat: Flat) -> None:
    """A tensor that the program has from elsewhere and writes to is made anew in each run."""
    family = families(flat)
    written = {family[arg] for node in flat.graph.nodes for arg in written_by(node)}
    for node in list(flat.constants):
        if family[node] in written:
            with flat.graph.inserting_after(node):
                copy = flat.graph.call_function(_aten.clone.default, (node,))
            copy.meta["made"], flat.ops[copy] = node.meta["made"], flat.ops.get(node)
            if node in flat.draws:
                flat.draws[copy] = flat.draws[node]
            for user in list(node.users):
                if user is not copy:
                    user.replace_input_with(node, copy)


def drop_wraps(flat: Flat) -> None:
    """Nodes that hand on the tensor that they get give way to it."""
    for node in list(flat.graph.nodes):
        if node.target in _WRAPS or (node.target in _VIEWS and _same(node)):
            node.replace_all_uses_with(node.args[0])
            flat.graph.erase_node(node)


def _same(node: Node) -> bool:
    """Whether a view is of all of its tensor, as it is."""
    before, after = node.args[0].meta.get("made"), node.meta.get("made")  # type: ignore[union-attr]
    return isinstance(before, Made) and before == after


def merge(flat: Flat) -> None:
    """Kernels that compute the same from the same are one; never random ones, nor what is written to or returned."""
    family = families(flat)
    written = {family[arg] for node in flat.graph.nodes for arg in written_by(node)}
    returned = {family[each] for each in next(iter(reversed(flat.graph.nodes))).all_input_nodes}
    seen: dict[Any, Node] = {}
    for node in list(flat.graph.nodes):
        if node.op != "call_function" or is_random(node) or written_by(node) or node in flat.draws or _opaque(node):
            continue
        if (
            family[node] in returned
            or family[node] in written
            or any(family[each] in written for each in node.all_input_nodes)
        ):
            continue
        try:
            place = flat.dtypes.get(node), flat.again.get(node)  # what is computed again is not kept meanwhile
            first = seen.setdefault((node.target, *place, _key(node.args), _key(node.kwargs)), node)
        except TypeError:  # an argument without a hash
            continue
        if first is not node:
            node.replace_all_uses_with(first)
            flat.graph.erase_node(node)


def _key(argument: Any) -> Any:
    if isinstance(argument, (tuple, list)):
        return (type(argument).__name__, *map(_key, argument))
    if isinstance(argument, dict):
        return tuple((name, _key(item)) for name, item in argument.items())
    if isinstance(argument, float):
        return (float, argument.hex())
    if isinstance(argument, complex):
        return (complex, argument.real.hex(), argument.imag.hex())
    return (type(argument), argument)


def hoist_numbers(flat: Flat) -> None:
    """Numbers in arithmetic on arrays are tensors made once: torch would make one at every call."""
    made: dict[Any, Node] = {}
    first = next(iter(flat.graph.nodes))
    for node in list(flat.graph.nodes):
        if node.target not in _ARITHMETIC or len(node.args) < 2 or type(node.args[1]) not in (int, float):
            continue
        array, number = node.args[0].meta.get("made"), node.args[1]
        if not isinstance(array, Made) or not array.shape or array.dtype not in (torch.float32, torch.float64):
            continue
        if type(number) is int and abs(number) > _LARGEST:
            continue
        key = (type(number), float(number).hex())
        if key not in made:
            tensor = torch.tensor(number, dtype=torch.float64 if type(number) is float else torch.int64)
            with flat.graph.inserting_before(first):
                made[key] = flat.graph.get_attr(f"number_{len(made)}")
            made[key].meta["made"] = Made.of(tensor)
            flat.constants[made[key]] = tensor
        node.update_arg(1, made[key])


def drop_unused(flat: Flat) -> None:
    """Nodes that nobody reads and that write to nothing."""
    for node in reversed(flat.graph.nodes):
        schema = getattr(node.target, "_schema", None)
        effect = is_random(node) or _opaque(node)  # a draw moves its stream on
        effect = effect or (schema is not None and not _pure(schema))
        if node.op in ("call_function", "get_attr") and not node.users and not effect:
            flat.graph.erase_node(node)


def _opaque(node: Node) -> bool:
    """Whether nobody knows what a node does."""
    return isinstance(node.target, (Opaque, Back))


def _pure(schema: Any) -> bool:
    return not schema.is_mutable and bool(schema.returns)


def written_by(node: Node) -> list[Node]:
    """The tensors that a node's kernel writes to."""
    schema = getattr(node.target, "_schema", None)
    return _shared_by(node, True) if schema is not None and schema.is_mutable else []


def _shown(node: Node) -> list[Node]:
    """The tensors whose memory a node's result may show."""
    if node.op != "call_function":
        return []
    schema = getattr(node.target, "_schema", None)
    if schema is None:  # getitem of several results among them
        return node.all_input_nodes
    return _shared_by(node, False) if any(each.alias_info is not None for each in schema.returns) else []


def _shared_by(node: Node, written: bool) -> list[Node]:
    """The tensors that a kernel shares with its caller, or those of them that it writes to."""
    found: list[Node] = []
    for position, argument in enumerate(node.target._schema.arguments):  # type: ignore[union-attr]
        if argument.alias_info is not None and (argument.alias_info.is_write or not written):
            given = node.args[position] if position < len(node.args) else node.kwargs.get(argument.name)
            found += [each for each in (given if isinstance(given, (tuple, list)) else (given,)) if type(each) is Node]
    return found


def families(flat: Flat) -> dict[Node, Node]:
    """Node -> one node for all that share its memory; a view is of the family of what it is a view of."""
    family: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while family[node] is not node:
            family[node] = family[family[node]]
            node = family[node]
        return node

    for node in flat.graph.nodes:
        family[node] = node
        for other in _shown(node):
            family[root(other)] = root(node)
    return {node: root(node) for node in family}
