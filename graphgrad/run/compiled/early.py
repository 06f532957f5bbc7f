"""Updates in place as soon as their gradients are there, and not at the end of the run: the gradients are then freed.

A training step as it is recorded has all its gradients in memory before the first variable changes. In a flat graph it
is known who reads a variable last, so that its update can come right after, while the rest of the backward pass is
still to be done. Only where nothing in between can fail: an error leaves all variables as they were.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Node

from .cleaning import families, written_by
from .flat import Flat, Made, is_random
from .rows import ELEMENTWISE
from .stretch import is_view

_aten = torch.ops.aten

# So many bytes of gradients are worth a call of their own: about what the call costs is what their update costs.
_WORTH = 2**17

# What updates lists of tensors one by one: a part of the lists can be updated by itself.
_LISTS = ("aten::_foreach_", "aten::_fused_sgd", "aten::_fused_adam", "aten::_fused_adagrad", "graphgrad_rate::")

# What can't fail once its arguments have the right shapes, beside elementwise kernels and views. Places in a tensor
# that come from numbers were looked up on the way forward.
_SAFE = frozenset((
    "mm", "addmm", "bmm", "baddbmm", "sum", "mean", "amax", "amin", "cat", "stack", "clone", "copy_", "fill_", "zero_",
    "_to_copy", "full", "full_like", "empty", "empty_like", "empty_strided", "zeros", "new_zeros", "new_empty",
    "new_empty_strided", "new_full", "constant_pad_nd", "select_backward", "slice_backward", "arange",
    "convolution", "convolution_backward", "_softmax", "_log_softmax", "_softmax_backward_data",
    "_log_softmax_backward_data", "nll_loss_backward", "nll_loss2d_backward", "embedding_dense_backward",
    "native_layer_norm_backward", "native_group_norm_backward", "native_batch_norm_backward",
    "max_pool2d_with_indices_backward", "avg_pool2d_backward", "_adaptive_avg_pool2d_backward",
    "_scaled_dot_product_flash_attention_for_cpu_backward", "upsample_nearest2d_backward",
    "upsample_bilinear2d_backward", "native_dropout_backward", "linalg_vector_norm", "var", "var_mean",
))  # fmt: skip


@dataclass(slots=True)
class _Lane:
    """What is done to one variable, and to what belongs to it: a place in the lists of one or more updates.

    Attributes:
        parts: (update, place in its lists).
        after: the place in the graph of the last node that must come before.
        worth: the bytes of what is freed after it.
        fixed: whether it has to stay where it is.
    """

    parts: list[tuple[Node, int]] = field(default_factory=list)
    after: int = -1
    worth: int = 0
    fixed: bool = False


def update_early(flat: Flat) -> None:
    """Move updates of variables on the CPU before kernels that do not need the old values."""
    updates = [node for node in flat.graph.nodes if _is_update(node)]
    if not updates:
        return
    _bring_forward(flat, updates)
    places = {node: place for place, node in enumerate(flat.graph.nodes)}
    nodes = list(places)
    first = places[updates[0]]
    barrier = max((place for place, node in enumerate(nodes[:first]) if not _safe(flat, node)), default=-1)
    last = max((place for place, node in enumerate(nodes[:first]) if node.op == "call_function"), default=-1)
    moved: dict[tuple[Node, int], None] = {}
    for lanes in _buckets(_lanes(flat, updates, places), barrier):
        place = max(barrier, *(lane.after for lane in lanes))
        if place < last:
            parts = sorted((part for lane in lanes for part in lane.parts), key=lambda part: (places[part[0]], part[1]))
            _split_off(flat, parts, nodes[place])
            moved.update(dict.fromkeys(parts))
    for update in updates:
        _keep(flat, update, [place for place in range(_length(update)) if (update, place) not in moved])


def _buckets(lanes: Sequence[_Lane], barrier: int) -> Iterator[list[_Lane]]:
    """The lanes that can move, in the order in which they can, together as long as they free little."""
    bucket: list[_Lane] = []
    for lane in sorted((lane for lane in lanes if not lane.fixed), key=lambda lane: max(lane.after, barrier)):
        bucket.append(lane)
        if sum(each.worth for each in bucket) >= _WORTH:
            yield bucket
            bucket = []


# -- which updates there are --------------------------------------------------------------------------


def _is_update(node: Node) -> bool:
    """Whether a node updates lists of tensors of the CPU, each place of the lists by itself."""
    schema = getattr(node.target, "_schema", None)
    if schema is None or not schema.name.startswith(_LISTS) or not schema.is_mutable or schema.returns:
        return False
    lengths = {len(each) for each in _values(node) if isinstance(each, (list, tuple)) and each}
    return len(lengths) == 1 and all(_on_cpu(each) for each in node.all_input_nodes) and all(map(_scalar, _alone(node)))


def _values(node: Node) -> list[Any]:
    return [*node.args, *node.kwargs.values()]


def _alone(node: Node) -> list[Node]:
    """The tensors that all places of an update share."""
    return [each for each in _values(node) if isinstance(each, Node)]


def _length(update: Node) -> int:
    return max(len(each) for each in _values(update) if isinstance(each, (list, tuple)))


def _on_cpu(node: Node) -> bool:
    made = node.meta.get("made")
    return isinstance(made, Made) and made.device.type == "cpu"


def _scalar(node: Node) -> bool:
    return isinstance(node.meta.get("made"), Made) and not node.meta["made"].shape


# -- what can be in between ---------------------------------------------------------------------------


def _safe(flat: Flat, node: Node) -> bool:
    """Whether a node can't fail, and may come after an update."""
    if node.op != "call_function" or node.target is operator.getitem:
        return True
    if node in flat.draws or node in flat.drew or is_random(node) or not isinstance(node.target, torch._ops.OpOverload):
        return False
    if node.target._opname in _SAFE or is_view(node):
        return True
    made = node.meta.get("made")
    floating = isinstance(made, Made) and (made.dtype.is_floating_point or made.dtype is torch.bool)
    return floating and (torch.Tag.pointwise in node.target.tags or node.target in ELEMENTWISE)


def _bring_forward(flat: Flat, updates: Sequence[Node]) -> None:
    """What computes the numbers of updates, such as a learning rate, to the front, where it depends on no more."""
    family = families(flat)
    order = list(flat.graph.nodes)
    front = next((node for node in order if node.op == "call_function"), None)
    wanted = dict.fromkeys(node for update in updates for node in (*_alone(update), *_constants(update)))
    written: set[Node] = set()
    ancestors = _ancestors(wanted)
    ahead = True
    for node in order:
        if node is front:
            ahead = False
        if node.op == "get_attr" and node in ancestors and not ahead:
            front.prepend(node)  # type: ignore[union-attr]
        elif node.op == "call_function" and node in ancestors and node is not front:
            early = all(given.op != "call_function" or given in ancestors for given in node.all_input_nodes)
            if early and _small(node) and _safe(flat, node) and not written_by(node) and written.isdisjoint(
                family[given] for given in node.all_input_nodes
            ):  # fmt: skip
                front.prepend(node)  # type: ignore[union-attr]
            else:
                ancestors.discard(node)
        elif node is front:
            ancestors.discard(node)
        written.update(family[each] for each in written_by(node))


def _constants(update: Node) -> list[Node]:
    """The small tensors in an update's lists that are made for it, such as a count of steps."""
    listed = (item for each in _values(update) if isinstance(each, (list, tuple)) for item in each)
    return [item for item in listed if isinstance(item, Node) and item.op == "call_function" and _scalar(item)]


def _ancestors(nodes: Any) -> set[Node]:
    """Small tensors of which these are computed, and these."""
    found: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found and node.op != "placeholder" and _small(node):
            found.add(node)
            waiting += node.all_input_nodes
    return found


def _small(node: Node) -> bool:
    made = node.meta.get("made")
    return isinstance(made, Made) and not made.shape and node.target is not operator.getitem


# -- lanes --------------------------------------------------------------------------------------------


def _lanes(flat: Flat, updates: Sequence[Node], places: dict[Node, int]) -> list[_Lane]:
    """What is updated together, each with the place after which that can be."""
    family = families(flat)
    first, final = places[updates[0]], places[updates[-1]]
    touched: dict[Node, list[int]] = {}
    written: dict[Node, list[int]] = {}
    own = set(updates)
    for node, place in places.items():
        if node.op == "output" or node in own:
            continue
        for kin in {family[node], *(family[given] for given in node.all_input_nodes)}:
            touched.setdefault(kin, []).append(place)
        for kin in {family[each] for each in written_by(node)}:
            written.setdefault(kin, []).append(place)
    lanes = _connected(updates, family)
    owner = {kin: lane for lane in lanes for part in lane.parts for kin in _written(*part, family)}
    for lane in lanes:
        writes = {kin for part in lane.parts for kin in _written(*part, family)}
        for update, place in lane.parts:
            for each in (*_elements(update, place), *_alone(update)):
                kin = family[each]
                if (other := owner.get(kin, lane)) is not lane:  # which of the two comes first matters
                    lane.fixed = other.fixed = True
                lane.after = max(lane.after, places[each])
                seen = touched if kin in writes else written
                lane.fixed |= any(first < when < final for when in seen.get(kin, ()))
                lane.after = max((lane.after, *(when for when in seen.get(kin, ()) if when < first)))
        lane.worth = _worth(lane)
    return lanes


def _connected(updates: Sequence[Node], family: dict[Node, Node]) -> list[_Lane]:
    """The places of the updates' lists, those together that write to the same memory."""
    lanes: dict[Node, _Lane] = {}
    for update in updates:
        for place in range(_length(update)):
            writes = _written(update, place, family)
            lane = _Lane()
            for other in {id(lanes[kin]): lanes[kin] for kin in writes if kin in lanes}.values():
                lane.parts += other.parts
            lane.parts.append((update, place))
            lanes.update(dict.fromkeys((kin for part in lane.parts for kin in _written(*part, family)), lane))
    return list({id(lane): lane for lane in lanes.values()}.values())


def _elements(update: Node, place: int) -> list[Node]:
    """The tensors at a place of an update's lists."""
    lists = (each for each in _values(update) if isinstance(each, (list, tuple)) and each)
    return [each[place] for each in lists if isinstance(each[place], Node)]


def _written(update: Node, place: int, family: dict[Node, Node]) -> list[Node]:
    """The memory that an update writes to at a place."""
    found = []
    for number, argument in enumerate(update.target._schema.arguments):  # type: ignore[union-attr]
        if argument.alias_info is not None and argument.alias_info.is_write:
            given = update.args[number] if number < len(update.args) else update.kwargs.get(argument.name)
            if isinstance(given, (list, tuple)) and given and isinstance(given[place], Node):
                found.append(family[given[place]])
    return found


def _worth(lane: _Lane) -> int:
    """The bytes of what a lane reads that is no variable."""
    found = {each for part in lane.parts for each in _elements(*part) if each.op == "call_function"}
    return sum(made.shape.numel() * made.dtype.itemsize for made in (each.meta["made"].now for each in found))


# -- moving -------------------------------------------------------------------------------------------


def _split_off(flat: Flat, parts: Sequence[tuple[Node, int]], after: Node) -> None:
    """These places of updates as updates of their own behind a node, in their order."""
    chosen: dict[Node, list[int]] = {}
    for update, place in parts:
        chosen.setdefault(update, []).append(place)
    for update, some in chosen.items():
        with flat.graph.inserting_after(after):
            made = flat.graph.call_function(update.target, *_narrowed(update, some))  # type: ignore[arg-type]
        flat.ops[made] = flat.ops.get(update)
        if update in flat.dtypes:
            flat.dtypes[made] = flat.dtypes[update]
        after = made


def _narrowed(update: Node, some: Sequence[int]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    def narrow(each: Any) -> Any:
        return [each[place] for place in some] if isinstance(each, (list, tuple)) and each else each

    return tuple(map(narrow, update.args)), {name: narrow(each) for name, each in update.kwargs.items()}


def _keep(flat: Flat, update: Node, some: Sequence[int]) -> None:
    """Only these places of an update."""
    if not some:
        flat.graph.erase_node(update)
    elif len(some) < _length(update):
        update.args, update.kwargs = _narrowed(update, some)
