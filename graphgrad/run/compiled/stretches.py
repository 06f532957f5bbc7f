"""A flat graph cut into stretches that a compiler takes whole, and what stays eager between them.

What is eager keeps its order; what is not runs as early as it can, so that few and long stretches remain.
"""

from __future__ import annotations

import operator
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Node
from torch.fx.node import map_aggregate

from ...graph.operation import Role
from .cleaning import families, written_by
from .flat import Flat, Made, is_random
from .made import Sized, valued
from .stretch import Stretch, computing, is_view

_aten = torch.ops.aten

# New memory with unspecified numbers, of the shape of another tensor: of that tensor nothing else is needed.
_LIKE = (_aten.empty_like.default, _aten.new_empty.default, _aten.new_empty_strided.default)

# Fewer kernels than this are not worth a compiler.
_FEWEST = 2

# A compiler's time grows a little faster than a stretch, but a cut between forward and backward costs every run: all
# that the one keeps for the other becomes tensors.
_LONGEST = 4000

# Says why a node stays eager; '' if it need not.
Choice = Callable[[Flat, Node], str]


@dataclass(slots=True)
class Unit:
    """Nodes that go together: one kernel, or the kernels of one random call.

    Attributes:
        eager: why they stay eager; '' if they need not.
        after: the units that come before.
    """

    nodes: list[Node]
    eager: str
    after: set[int] = field(default_factory=set)


def _empty(made: Made, device: str = "") -> torch.Tensor:
    return torch.empty_strided(made.shape, made.stride, dtype=made.dtype, device=device or made.device)


# -- what can't be compiled ---------------------------------------------------------------------------


def eager_reason(flat: Flat, node: Node) -> str:
    """Why no compiler takes a node; '' if one may."""
    if not isinstance(node.target, torch._ops.OpOverload) and node.target is not operator.getitem:
        return "it is a call of Python code"
    if node in flat.drew or is_random(node):
        return "it draws numbers"
    made = [*_made(node), *(each for given in node.all_input_nodes for each in _made(given))]
    if any(each is None for each in made):
        return "its tensors are not blocks of memory of known shape"
    if node.target is not operator.getitem and not _shaped(node):
        return "torch does not know its shapes beforehand"
    if any(each.dtype.is_complex for each in made):
        return "its numbers are complex"
    if node in flat.dtypes and _floating(node) and not any(map(_floating, node.all_input_nodes)):
        return "it was recorded under another default dtype"
    return ""


_known: dict[Any, bool] = {}


def _shaped(node: Node) -> bool:
    """Whether a node's kernel can be called on tensors without memory, as compilers do."""
    kernel = node.target
    if kernel not in _known:
        args, kwargs = torch.fx.map_arg((node.args, node.kwargs), lambda each: _empty(each.meta["made"].now, "meta"))
        try:
            with torch.no_grad():
                kernel(*valued(args), **valued(kwargs))  # type: ignore[operator]
        except Exception:  # not implemented, in one of several ways
            _known[kernel] = not node.all_input_nodes
        else:
            _known[kernel] = True
    return _known[kernel]


def _made(node: Node) -> list[Any]:
    """What is known of the tensors of a node; of several, only those that are read count."""
    if "made" not in node.meta:  # it gives none: None stands for something else than a tensor
        returns = getattr(node.target, "_schema", None) is None or node.target._schema.returns  # type: ignore[union-attr]
        return [None] if returns else []
    made = node.meta["made"]
    if not isinstance(made, list):
        return [made]
    return [user.meta.get("made") for user in node.users if user.target is operator.getitem]


def _floating(node: Node) -> bool:
    return any(each is not None and each.dtype.is_floating_point for each in _made(node))


# -- cutting ------------------------------------------------------------------------------------------


def parts(flat: Flat, choose: Choice = eager_reason) -> list[Unit | Stretch]:
    """The flat graph as stretches and the eager units between them, in an order that gives the same numbers.

    Args:
        flat: a cleaned flat graph; calls in it that return what they write to, and new memory, are made plainer.
        choose: which nodes stay eager.
    """
    _plain(flat)
    found: list[Unit | Stretch] = []
    needed = set(next(iter(reversed(flat.graph.nodes))).all_input_nodes)
    views = _Views(flat, choose)
    for piece in reversed(list(_pieces(flat, _units(flat, choose)))):
        if isinstance(piece, Unit) and needed.isdisjoint(piece.nodes) and all(map(_shows, piece.nodes)):
            continue  # views that those who need them make themselves
        part = piece if isinstance(piece, Unit) else views.stretch(piece, needed)
        needed.update(part.inputs if isinstance(part, Stretch) else _read(part.nodes))
        found.append(part)
    return found[::-1]


def _pieces(flat: Flat, units: list[Unit]) -> Iterator[Unit | list[Node]]:
    """The eager units and, in lists, the kernels between them, in order."""
    waiting = deque(number for number, unit in enumerate(units) if unit.eager)
    rest = [number for number, unit in enumerate(units) if not unit.eager]
    done: set[int] = set()
    while waiting or rest:
        while waiting and units[waiting[0]].after <= done:
            done.add(waiting[0])
            yield units[waiting.popleft()]
        ready: list[int] = []
        blocked: list[int] = []
        for number in rest:
            free = units[number].after <= done
            (ready if free else blocked).append(number)
            done.update((number,) if free else ())
        rest = blocked
        yield from _long([units[number].nodes for number in ready])


def _plain(flat: Flat) -> None:
    """Who reads what a kernel has written to reads the tensor itself; new memory needs no other tensor."""
    for node in list(flat.graph.nodes):
        if len(written := written_by(node)) == 1 and node.args[:1] == (written[0],) and _returns_self(node):
            node.replace_all_uses_with(written[0])
        made = node.meta.get("made")
        if node.target in _LIKE and isinstance(made, Made) and node.all_input_nodes:
            node.target = _aten.empty_strided.default
            node.args = (list(made.shape), list(made.stride))
            node.kwargs = {"dtype": made.dtype, "device": made.device}


def _returns_self(node: Node) -> bool:
    returns = node.target._schema.returns  # type: ignore[union-attr]
    return len(returns) == 1 and returns[0].alias_info is not None and returns[0].alias_info.is_write


def _units(flat: Flat, choose: Choice) -> list[Unit]:
    """The units of a flat graph, each with those that it must come after."""
    units: list[Unit] = []
    home: dict[Node, int] = {}
    for nodes in _together(flat):
        eager = next(filter(None, (choose(flat, node) for node in nodes)), "")
        parent = home.get(nodes[0].args[0]) if nodes[0].target is operator.getitem else None  # type: ignore[arg-type]
        if parent is not None:  # a part of several results is made where they are
            units[parent].nodes += nodes
            home |= dict.fromkeys(nodes, parent)
            continue
        if nodes[0].target is _aten.empty_strided.default and any(choose(flat, user) for user in nodes[0].users):
            eager = "it is memory for an eager kernel"
        home |= dict.fromkeys(nodes, len(units))
        units.append(Unit(nodes, eager))
    _order(flat, units, home)
    return units


def _together(flat: Flat) -> Iterator[list[Node]]:
    """The kernels one by one, but those of a random call from the first to the last that draws together."""
    nodes = [node for node in flat.graph.nodes if node.op == "call_function"]
    last: dict[Any, int] = {flat.draws[node]: place for place, node in enumerate(nodes) if node in flat.drew}
    place = 0
    while place < len(nodes):
        end = last.get(flat.draws.get(nodes[place]), place) if nodes[place] in flat.drew else place
        yield nodes[place : end + 1]
        place = end + 1


def _order(flat: Flat, units: list[Unit], home: dict[Node, int]) -> None:
    """What a unit reads comes before it; so do the earlier readers of what it writes to, and the earlier writers."""
    family = families(flat)
    written = {family[each] for node in home for each in written_by(node)}
    readers: dict[Node, list[int]] = {}
    writer: dict[Node, int] = {}
    for node, number in home.items():
        after = units[number].after
        after.update(home[given] for given in node.all_input_nodes if given in home)
        writes = {family[each] for each in written_by(node)}
        for kin in {family[given] for given in node.all_input_nodes} & written:
            if kin in writer:
                after.add(writer[kin])
            if kin in writes:
                after.update(readers.pop(kin, ()))
                writer[kin] = number
            else:
                readers.setdefault(kin, []).append(number)
        after.discard(number)


def _long(ready: list[list[Node]]) -> Iterator[Unit | list[Node]]:
    pieces: list[list[Node]] = []
    for nodes in ready:
        if not pieces or len(pieces[-1]) + len(nodes) > _LONGEST:
            pieces.append([])
        pieces[-1] += nodes
    for some in pieces:
        yield Unit(some, "too few kernels beside it") if len(computing(some)) < _FEWEST else some


def _read(nodes: Sequence[Node]) -> list[Node]:
    """What they read or write to that none of them makes."""
    inside = set(nodes)
    return list(dict.fromkeys(given for node in nodes for given in node.all_input_nodes if given not in inside))


def _shows(node: Node) -> bool:
    """Whether a node is a view, or one of several."""
    if node.target is operator.getitem:
        (node,) = node.all_input_nodes
    return node.op == "call_function" and is_view(node)


class _Views:
    """Which views a stretch makes itself in place of being given them.

    A compiler takes the tensors that it is given for different memory: beside a view of a variable that is made
    elsewhere, a write to the variable would come at any time.
    """

    def __init__(self, flat: Flat, choose: Choice) -> None:
        self.flat, self.choose, self.family = flat, choose, families(flat)
        self.written = {self.family[each] for node in flat.graph.nodes for each in written_by(node)}
        self.sizes = sizes_of(flat)

    def stretch(self, piece: list[Node], needed: set[Node]) -> Unit | Stretch:
        """A piece as a stretch that gives what is needed; eager where it would see what it writes to twice."""
        views = dict.fromkeys(view for given in _read(piece) for view in self._above(given))
        nodes = [*views, *piece]
        inputs = _read(nodes)
        seen = [self.family[given] for given in inputs]
        if any(seen.count(self.family[each]) > 1 for node in piece for each in written_by(node)):
            return Unit(piece, "it writes to memory that it is given twice")
        outputs = [node for node in piece if node in needed]
        sizes = self.sizes if any(map(_sized, (*nodes, *inputs))) else {}
        return Stretch(nodes, inputs, outputs, {node: self.flat.ops.get(node) for node in nodes}, sizes)

    def _above(self, node: Node) -> list[Node]:
        """The views from memory that is there in any case, or that is written to, down to a node."""
        views: list[Node] = []
        while _shows(node) and not self.choose(self.flat, node):
            views.append(node)
            (node,) = node.all_input_nodes
        return views[::-1] if node.op != "call_function" or self.family[node] in self.written else []


def sizes_of(flat: Flat) -> dict[str, int]:
    """Name -> size, as it was when it was traced."""
    feeds = flat.graph.find_nodes(op="placeholder") if flat.sizes else []
    return {name: valued(feeds[feed].meta["made"].shape[axis]) for name, (feed, axis) in flat.sizes.items()}


def _sized(node: Node) -> bool:
    """Whether a number that depends on sizes is among its arguments, or in what is known of its tensor."""
    found = False

    def look(each: Any) -> Any:
        nonlocal found
        found = found or isinstance(each, Sized)
        return each

    made = node.meta.get("made")
    known = [(tuple(each.shape), each.stride) for each in (made if isinstance(made, list) else [made]) if each]
    map_aggregate((node.args, node.kwargs, tuple(known)), look)
    return found


# -- joining ------------------------------------------------------------------------------------------


def joined(flat: Flat, found: Sequence[Unit | Stretch], functions: dict[Stretch, Any]) -> Flat:
    """A flat graph of these parts, in which functions stand for stretches; one without runs kernel by kernel."""
    made = Flat(fetched=flat.fetched, sizes=dict(flat.sizes))
    old = list(flat.graph.nodes)
    of: dict[Node, Node] = {}

    def copy(node: Node) -> None:
        new = of[node] = made.graph.node_copy(node, of.__getitem__)
        new.meta["made"] = node.meta.get("made")
        made.ops[new] = flat.ops.get(node)
        tables: list[tuple[dict[Node, Any], dict[Node, Any]]]
        tables = [(flat.draws, made.draws), (flat.dtypes, made.dtypes), (flat.constants, made.constants)]
        for before, after in tables:
            if node in before:
                after[new] = before[node]
        if node in flat.drew:
            made.drew.add(new)

    for node in old:
        if node.op in ("placeholder", "get_attr"):
            copy(node)
    for part in found:
        if isinstance(part, Stretch) and part in functions:
            sizes = [Sized(name, size) for name, size in part.sizes.items()]
            call = made.graph.call_function(functions[part], (*sizes, *[of[node] for node in part.inputs]))  # type: ignore[arg-type]
            call.meta["made"] = [node.meta.get("made") for node in part.outputs]
            made.ops[call] = None
            for place, node in enumerate(part.outputs):
                op = flat.ops.get(node)
                name = op.name if op is not None and op.role is not Role.GRADIENT else _kernel(node)
                of[node] = taken = made.graph.create_node(
                    "call_function", operator.getitem, (call, place), {}, re.sub(r"\W", "_", name)
                )
                taken.meta["made"], made.ops[taken] = node.meta.get("made"), op
        else:
            for node in part.nodes:
                copy(node)
    copy(old[-1])
    return made


def _kernel(node: Node) -> str:
    """The name of a kernel."""
    own = node.args[0] if node.target is operator.getitem else node
    return str(getattr(getattr(own, "target", None), "_opname", "part"))


def copied(flat: Flat) -> Flat:
    """A flat graph of its own with the same kernels."""
    return joined(flat, [Unit([node for node in flat.graph.nodes if node.op == "call_function"], "")], {})
