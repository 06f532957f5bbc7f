"""Scopes as a tree that can be opened at any place: blocks that repeat are one branch, and no choice makes a circle.

Where a scope is left and entered again, its parts are branches of their own. Among the children of each
group no reads lead in a circle; so none do among the groups that a picture shows, whichever of them are open.
"""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from ..ground.late import networkx
from .gradient_graph import Graph

# Nodes that one picture can show as they are; more children of a group become runs of neighbours.
BUDGET, CALM = 100, 60
REPEATS = 3  # so many equal blocks are one

_NUMBER = re.compile(r"_?\d+\Z")
_Item = TypeVar("_Item", bound=Hashable)


@dataclass(eq=False)
class Group:
    """A branch of the tree: what can be one node of a picture, or a box with its children.

    Attributes:
        kind: 'root' (all of a lane), 'scope', 'fold' (equal blocks) or 'run' (neighbours in topological order).
        path: the parts of the scope's name that all members share.
        title: what is written on it as one node; `label`: as a box.
        name: its title with all its scopes.
        members: the keys of all forward nodes in it, in the order of the graph.
        children: groups, and keys of nodes that are in no group below this one.
        number: its position among all groups of the graph.
    """

    kind: str
    path: tuple[str, ...]
    members: list[str]
    title: str = ""
    label: str = ""
    name: str = ""
    children: list[Group | str] = field(default_factory=list)
    number: int = -1


def forest(graph: Graph) -> list[Group]:
    """The roots of the trees, one for each lane that has forward nodes.

    Args:
        graph: a gradient graph, not collapsed.

    >>> import graphgrad as gg
    >>> h = x = gg.constant(2.0, name="x")
    >>> for _ in range(12):
    ...     with gg.name_scope("layer"):
    ...         h = gg.sin(h) * 2
    >>> [root] = forest(gg.gradient_graph(h, x))
    >>> [child if isinstance(child, str) else child.title for child in root.children]
    ['x', 'layer … layer_11 ×12']
    """
    builder = _Builder(graph)
    roots = builder.roots()
    for number, group in enumerate(groups(roots)):
        group.number = number
    return roots


def edges_of(graph: Graph) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What `graph.edges(data=True)` gives, in its order, in a third of the time."""
    for source, targets in graph.adjacency():
        for target, parallel in targets.items():
            for data in parallel.values():
                yield source, target, data


def groups(roots: Sequence[Group]) -> Iterator[Group]:
    """All groups, each before those in it."""
    pending = list(reversed(roots))
    while pending:
        group = pending.pop()
        yield group
        pending.extend(child for child in reversed(group.children) if isinstance(child, Group))


class _Builder:
    """The making of the trees of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.types: dict[str, str] = {}
        self.lanes: dict[str, int] = {}
        self.scopes: dict[str, tuple[str, ...]] = {}
        for key, node in graph.nodes(data=True):
            if node["kind"] == "forward":
                self.types[key], self.lanes[key] = node["type"], node["lane"]
                self.scopes[key] = tuple(node["name"].split("/")[:-1])
        inputs: dict[str, list[tuple[int, str]]] = {key: [] for key in self.types}
        for source, target, data in edges_of(graph):
            if data["kind"] == "forward" and self.lanes.get(source, -1) == self.lanes[target]:
                inputs[target].append((data.get("input", -1), source))
        self.reads = {key: [source for _, source in sorted(found)] for key, found in inputs.items()}
        self.order = {key: n for n, key in enumerate(self.types)}

    def roots(self) -> list[Group]:
        lanes: dict[int, list[str]] = defaultdict(list)
        for key, lane in self.lanes.items():
            lanes[lane].append(key)
        found = [Group("root", (), keys) for _, keys in sorted(lanes.items())]
        pending = list(found)
        while pending:
            group = pending.pop()
            self._fill(group)
            pending.extend(self._inner(group))
        if len(self.types) > BUDGET:
            self._calm(found)
        return found

    def _inner(self, group: Group) -> Iterator[Group]:
        for child in group.children:
            if isinstance(child, Group):
                if child.kind == "scope":
                    yield child
                else:  # the blocks in a fold, and those in a run
                    yield from self._inner(child)

    def _fill(self, group: Group) -> None:
        """Give a scope, or a root, its children."""
        depth = len(group.path)
        part = {key: self._part(key, depth) for key in group.members}
        fine = sound(group.members, part, self.reads)
        content: dict[Hashable, list[str]] = defaultdict(list)
        for key in group.members:
            content[fine[key]].append(key)
        group.children = [keys[0] if len(keys) == 1 else self._scope(keys, group) for keys in content.values()]
        self._fold(group)
        if len(group.children) > BUDGET:
            self._run(group, -(-len(group.children) // CALM))

    def _part(self, key: str, depth: int) -> Hashable:
        scope = self.scopes[key]
        return scope[depth] if len(scope) > depth else (key,)

    def _scope(self, keys: list[str], parent: Group) -> Group:
        depth = len(parent.path) + 1
        shortest = min(len(self.scopes[key]) for key in keys)
        first = self.scopes[keys[0]]
        while depth < shortest and all(self.scopes[key][depth] == first[depth] for key in keys):
            depth += 1
        path = first[:depth]
        title = "/".join(path[-2:]) if path[-1].isdigit() else path[-1]
        return Group("scope", path, keys, title, "/".join(path[len(parent.path) :]), "/".join(path))

    # -- repeats ----------------------------------------------------------------------------------

    def _fold(self, group: Group) -> None:
        """Put equal blocks among the children into one."""
        scopes = [child for child in group.children if isinstance(child, Group)]
        stems: dict[Hashable, list[Group]] = defaultdict(list)
        for child in scopes:
            stems[_stem(child, group)].append(child)
        alike: dict[Hashable, list[Group]] = defaultdict(list)
        for stem, few in stems.items():
            for child in few if len(few) >= REPEATS else ():
                alike[stem, self._form(child)].append(child)
        pattern = {child: form for form, equal in alike.items() if len(equal) >= REPEATS for child in equal}
        if not pattern:
            return
        items, reads = self._quotient(group)
        part = {item: pattern.get(item, item) if isinstance(item, Group) else item for item in items}
        content: dict[Hashable, list[Group | str]] = defaultdict(list)
        for item, fine in sound(items, part, reads).items():
            content[fine].append(item)
        children: list[Group | str] = []
        for equal in content.values():
            blocks = [item for item in equal if isinstance(item, Group)]
            children += [self._folded(blocks, group)] if len(blocks) >= REPEATS else equal
        group.children = children
        if len(children) == 1 and isinstance(children[0], Group) and group.kind == "scope":
            only = children[0]  # a scope of nothing but repeats is the fold
            group.kind, group.title, group.name, group.children = "fold", only.title, only.name, only.children
            group.label = f"{group.label} ×{len(only.children)}"

    def _form(self, child: Group) -> Hashable:
        """What is equal for equal blocks: the types of their operations, and who reads whom."""
        place = {key: n for n, key in enumerate(child.members)}
        return tuple((self.types[key], *[place.get(read, -1) for read in self.reads[key]]) for key in child.members)

    def _folded(self, blocks: list[Group], parent: Group) -> Group:
        members = sorted((key for block in blocks for key in block.members), key=self.order.__getitem__)
        inner = [block.path[len(parent.path)] for block in blocks]
        count = f"×{len(blocks)}"
        whole = sum(isinstance(child, Group) for child in parent.children) == len(blocks)
        if inner[0].isdigit() and parent.path:
            title = f"{parent.path[-1]} {count}" if whole else f"{parent.path[-1]}/{inner[0]} … {inner[-1]} {count}"
        else:
            title = f"{inner[0]} … {inner[-1]} {count}"
        name = "/".join([*parent.path, f"{inner[0]}…{inner[-1]}"])
        return Group("fold", parent.path, members, title, f"{inner[0]} … {inner[-1]} {count}", name, [*blocks])

    # -- runs -------------------------------------------------------------------------------------

    def _calm(self, roots: list[Group]) -> None:
        """Let the roots have no more children together than a picture has room for."""
        count = sum(len(root.children) for root in roots)
        if count > CALM:
            for root in roots:
                self._run(root, -(-count // max(CALM - len(roots), 1)))

    def _run(self, group: Group, share: int) -> None:
        """Put neighbours in topological order into groups of `share` children."""
        items, _ = self._quotient(group)
        children: list[Group | str] = []
        for start in range(0, len(items), share):
            few = items[start : start + share]
            children.append(self._runned(few, group) if len(few) > 1 else few[0])
        group.children = children

    def _runned(self, few: list[Group | str], parent: Group) -> Group:
        keys = [key for item in few for key in (item.members if isinstance(item, Group) else [item])]
        keys.sort(key=self.order.__getitem__)
        ends = [item.name if isinstance(item, Group) else item for item in (few[0], few[-1])]
        title = " … ".join(end.rpartition("/")[2] for end in ends)
        run = Group("run", parent.path, keys, title, title, " … ".join(ends), few)
        if len(few) > BUDGET:
            self._run(run, -(-len(few) // CALM))
        return run

    def _quotient(self, group: Group) -> tuple[list[Group | str], dict[Group | str, list[Group | str]]]:
        """The children of a group in a topological order, as they were made if possible, and who reads whom."""
        holder: dict[str, Group | str] = {}
        for child in group.children:
            holder.update(dict.fromkeys(child.members, child) if isinstance(child, Group) else {child: child})
        reads: dict[Group | str, dict[Group | str, None]] = {child: {} for child in group.children}
        for key, child in holder.items():
            reads[child].update((holder[r], None) for r in self.reads[key] if r in holder and holder[r] is not child)
        age = {c: self.order[c.members[0] if isinstance(c, Group) else c] for c in group.children}
        known = {child: list(found) for child, found in reads.items()}
        return topological(known, age.__getitem__), known


def _stem(child: Group, parent: Group) -> Hashable:
    own = child.path[len(parent.path) :]
    return (_NUMBER.sub("", own[0]), *own[1:])


def topological(reads: Mapping[_Item, Sequence[_Item]], age: Callable[[_Item], int]) -> list[_Item]:
    """The items, each after those that it reads, otherwise by age; those in a circle and after it are missing."""
    waiting = {item: len(found) for item, found in reads.items()}
    readers: dict[_Item, list[_Item]] = defaultdict(list)
    for item, found in reads.items():
        for read in found:
            readers[read].append(item)
    ready = [(age(item), n, item) for n, item in enumerate(reads) if not waiting[item]]
    heapq.heapify(ready)
    order = []
    while ready:
        *_, item = heapq.heappop(ready)
        order.append(item)
        for reader in readers[item]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, (age(reader), len(reads) + len(order), reader))
    return order


def sound(
    items: Sequence[_Item], part: Mapping[_Item, Hashable], reads: Mapping[_Item, Sequence[_Item]]
) -> dict[_Item, Hashable]:
    """The parts of the items, those cut up that would lead in a circle (a scope that is left and entered again).

    Args:
        items: in a topological order.
        part: the part of each of them.
        reads: what each reads; what is not among the items does not count.
    """
    fine = {item: part[item] for item in items}
    if sum(1 for _ in groupby(fine.values())) == len(set(fine.values())):
        return fine  # none of them is left and entered again
    rough: dict[Hashable, dict[Hashable, None]] = {part[item]: {} for item in items}
    for item in items:
        mine = part[item]
        rough[mine].update((part[read], None) for read in reads[item] if read in part and part[read] != mine)
    first = {each: n for n, each in reversed(list(enumerate(map(part.__getitem__, items))))}
    if len(topological({each: list(found) for each, found in rough.items()}, first.__getitem__)) == len(rough):
        return fine
    circle: dict[Hashable, int] = {}
    joined = networkx.DiGraph((each, read) for each, found in rough.items() for read in found)
    for n, component in enumerate(networkx.strongly_connected_components(joined)):
        if len(component) > 1:
            circle.update(dict.fromkeys(component, n))
    latest: dict[int, tuple[Hashable, int]] = {}
    for item in items:
        mine = part[item]
        if mine in circle:
            before, run = latest.get(circle[mine], (None, 0))
            latest[circle[mine]] = (mine, run + (mine != before))
            fine[item] = (mine, latest[circle[mine]][1])
    return fine
