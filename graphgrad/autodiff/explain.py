"""Why is my gradient None? Every place between ys and xs at which a gradient is cut, found in two sweeps for all xs.

The sweep from the ys back answers what does not depend on an x: how far each value is from a y, over
connected operations and over any. The sweep from the xs forward carries one bit per x, and so finds which
cuts lie below which x. Both are linear in the operations between them, however many xs there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ..graph.operation import Operation, Value
from ..graph.walk import between
from ..ground.spec import IntSpec
from . import arguments
from .adjoint import AnyValue, Cotangent, Node, derivative_of
from .causes import is_detached, is_quiet, is_ruled, never, reason
from .reach import candidates
from .verdict import SHOWN, Break, Verdict
from .verdict import Explanation as Explanation
from .within import has_bodies, inside


def explain(ys: Any, xs: Any, stop_gradients: Any = None) -> Explanation:
    """Why each x is connected to the ys, or why not.

    Nothing is added to the graph, and an operation whose gradient torch lacks is a reason, not an error.

    Args:
        ys, xs, stop_gradients: as in `gradients`.

    Returns:
        An `Explanation`: print it, draw its `tree()`, show it in a notebook, or read its `verdicts`.

    Raises:
        ValueError: for arguments that can't be right (`ArgumentTypeError` where their kind is wrong).

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> k = gg.cast(x, gg.int32, name="k")
    >>> y = gg.multiply(gg.cast(k, gg.float32, name="back"), 3.0, name="y")
    >>> answer = gg.explain(y, x)
    >>> answer[0].connected, answer[0].breaks[0].kind, answer[0].breaks[0].op.name
    (False, 'integer', 'k')
    >>> print(answer.tree())  # doctest: +ELLIPSIS
    y
    │  back
    │  k
    │  ✗ cut in k: integer tensors are constants   <doctest...>:1
    └─ ✗ x   every path is cut here
    """
    asked = arguments.question(ys, xs, stop_gradients)
    if asked.graph is None:
        raise ValueError("explain() needs at least one tensor of a graph")
    search = _Search(asked.ys, asked.groups, asked.stops)
    names = [getattr(x, "name", None) or group[0].name for x, group in zip(asked.x_items, asked.groups, strict=True)]
    return Explanation([search.verdict(position, name) for position, name in enumerate(names)])


@dataclass(slots=True)
class _Cut:
    """A value that passes no gradient on to some of what it was computed from, for one reason.

    Attributes:
        told: the break that the user sees.
        below: a bit per x that a gradient is lost for.
        minor: whether a connected x need not know: a derivative that does not depend on an input, a size.
        onward: the names on the way from there to a y, once they are asked for.
    """

    told: Break
    below: int
    value: AnyValue
    minor: bool
    onward: list[str] = field(default_factory=list)


# Where it is, and of which kind -> a cut.
_Found: TypeAlias = dict[tuple[Node, int, str], _Cut]


class _Search:
    """The answers for one set of ys, xs and stops."""

    def __init__(self, ys: list[Value], groups: list[tuple[Value, ...]], stops: Set[Value]) -> None:
        self.ys, self.groups, self.stops = ys, groups, stops
        self.nodes = list(candidates(ys, [value for group in groups for value in group]))
        self.maker: dict[AnyValue, tuple[int, Node]] = {}
        # The next value on the shortest way to a y, and its length: over what is connected, and over anything.
        self.open: dict[AnyValue, tuple[int, AnyValue | None]] = dict.fromkeys(ys, (0, None))
        self.way: dict[AnyValue, tuple[int, AnyValue | None]] = dict.fromkeys(ys, (0, None))
        self.near: dict[AnyValue, tuple[int, Value]] = {}
        self.own: dict[AnyValue, int] = {}
        for position, group in enumerate(groups):
            for value in group:
                self.own[value] = self.own.get(value, 0) | 1 << position
        self.down = dict(self.own)
        self._labels: dict[AnyValue, str] = {}
        self._back()
        self.cuts = self._forth()
        self._after = self._downstream()

    # -- the two sweeps ---------------------------------------------------------------------------

    def _back(self) -> None:
        """From the ys: `open`, `way`, and the nearest value downstream that is connected."""
        opened, way, near = self.open, self.way, self.near
        for position in range(len(self.nodes) - 1, -1, -1):
            node = self.nodes[position]
            derivative, reads = derivative_of(node), node.reads
            for k, value in enumerate(node.values):
                self.maker[value] = position, node
                if value not in way:
                    continue
                _relax(way, reads, way[value][0] + 1, value)
                if value in opened and value not in self.stops:
                    missing = derivative.missing
                    passed = [reads[i] for i in derivative.connects[k] if not missing or (k, i) not in missing]
                    _relax(opened, passed, opened[value][0] + 1, value)
                if value in opened and isinstance(value, Value) and value.spec.differentiable:
                    _relax(near, reads, 1, value)
                elif value in near:
                    _relax(near, reads, near[value][0] + 1, near[value][1])

    def _forth(self) -> list[_Cut]:
        """From the xs: which of them each value depends on, and the cuts on the way, oldest first."""
        down, found = self.down, _Found()
        for node in self.nodes:
            reads = node.reads
            bits = 0
            for read in reads:
                bits |= down.get(read, 0)
            if not bits:
                continue
            if has_bodies(node):
                self._note_inside(found, node)
                continue
            derivative = derivative_of(node)
            for k, value in enumerate(node.values):
                if value not in self.way:
                    continue
                down[value] = down.get(value, 0) | bits
                if len(derivative.connects[k]) < len(reads) or derivative.missing or value in self.stops:
                    for i, read in enumerate(reads):
                        if read in down:
                            self._note(found, node, k, i)
        return list(found.values())

    def _note_inside(self, found: _Found, op: Operation) -> None:
        """Add the reasons that lie in the bodies of a branch or a loop."""
        reads, down = op.reads, self.down
        wanted = [i for i, read in enumerate(reads) if read in down]
        for k, value in enumerate(op.values):
            if value not in self.way:
                continue
            answer = inside(op, k, wanted, _Search)
            for i in sorted(answer.passed | answer.choosing):
                down[value] = down.get(value, 0) | down[reads[i]]
                if value in self.stops or i in answer.choosing:
                    self._note(found, op, k, i)
            for (inner, kind), (told, positions, minor) in answer.cuts.items():
                lost = sorted({self._label(reads[i]) for i in positions})
                told = replace(told, label=self._label(value), lost=lost)
                cut = found[inner, op.id, f"{kind} {k}"] = _Cut(told, 0, value, minor)
                for i in positions:
                    cut.below |= down[reads[i]]

    def _note(self, found: _Found, node: Node, k: int, i: int) -> None:
        """Add the reasons why a gradient of output k does not go on to read i."""
        value, read = node.values[k], node.reads[i]
        for kind, first in self._reasons(node, k, i):
            below = self.own.get(read, 0) if first else self.down[read]
            if kind == "no derivative" and is_ruled(node):
                below = self._beside(node, k, read)
            if not below:
                continue
            cut = found.get((node, k, kind))
            if cut is None:
                op = node if isinstance(node, Operation) else node.op
                said, hint = reason(kind, node, k, i)
                tensor = read if kind == "integer" and value.spec.differentiable else value  # an x of integers
                told = Break(kind, op, _name(tensor), hint, said, self._label(value), [])
                minor = isinstance(value.spec, IntSpec) or (
                    kind == "no derivative" and (node is not op or has_bodies(node))
                )
                cut = found[node, k, kind] = _Cut(told, 0, value, minor)
            cut.below |= below
            label = self._label(read)
            if label not in cut.told.lost:
                cut.told.lost.append(label)

    def _beside(self, node: Node, k: int, read: AnyValue) -> int:
        """The xs that a read depends on by ways that pass no input for which the user's rule gives a gradient."""
        passed = {node.reads[i] for i in derivative_of(node).connects[k]}
        pending, seen, below = [read], set(passed), 0
        while pending:
            value = pending.pop()
            if value not in seen and value in self.down:
                seen.add(value)
                below |= self.own.get(value, 0)
                pending += self.maker[value][1].reads if value in self.maker else ()
        return below

    def _reasons(self, node: Node, k: int, i: int) -> Iterator[tuple[str, bool]]:
        """The kinds of break, each with whether it counts for an x itself only: others were told of it upstream."""
        value, read = node.values[k], node.reads[i]
        derivative = derivative_of(node)
        real = read.spec.differentiable
        if value in self.stops:
            yield "stop", not (real or value.spec.differentiable)
        if has_bodies(node):
            if i not in derivative.connects[k]:
                yield "no derivative", False
        elif not value.spec.differentiable:
            yield "integer", not real
        elif i in derivative.connects[k]:
            if (k, i) in derivative.missing:
                yield "not implemented", False
        else:
            detached, quiet = is_detached(node), is_quiet(node)
            if detached:
                yield "stop_gradient", False
            if quiet:
                yield "no_grad", real and isinstance(read, Value) and is_quiet(read.op)
            if not real:
                yield "integer", True
            elif not (detached or quiet) or (quiet and not detached and never(node)):
                yield "no derivative", False

    def _downstream(self) -> set[Operation]:
        """The operations of those xs that no way leads from, where they are computed from the ys."""
        lost = {value.op for group in self.groups if self.way.keys().isdisjoint(group) for value in group}
        makers = {y.op for y in self.ys}
        return between(makers, lost) - makers if lost else set()

    # -- one x ------------------------------------------------------------------------------------

    def verdict(self, position: int, name: str) -> Verdict:
        group, bit = self.groups[position], 1 << position
        start = min((value for value in group if value in self.open), key=lambda v: self.open[v][0], default=None)
        cuts = [cut for cut in self.cuts if cut.below & bit and not (start is not None and cut.minor)]
        sizes = [cut for cut in cuts if isinstance(cut.value.spec, IntSpec)]
        if len(sizes) < len(cuts):
            cuts = [cut for cut in cuts if not isinstance(cut.value.spec, IntSpec)]  # nobody expects a gradient there
        breaks, routes = [cut.told for cut in cuts], self._routes(cuts, bit)
        if start is not None:
            way = self._follow(self.open, start)
            path = [value.op.name if isinstance(value, Value) else self._label(value) for value in way]
            note = "cut on this path, connected on another" if breaks else "connected"
            return Verdict(name, True, breaks, path, note, "", [self._label(v) for v in way], routes)
        if breaks:
            near = min((self.near[v] for v in group if v in self.near), key=lambda n: n[0], default=None)
            nearest = "" if near is None else near[1].name
            return Verdict(name, False, breaks, [], _count(breaks, routes), nearest, [], routes)
        if any(value.op in self._after for value in group):
            return Verdict(name, False, note="it is computed from the ys, not the ys from it")
        return Verdict(name, False, note="no operation leads from it to the ys at all")

    def _routes(self, cuts: list[_Cut], bit: int) -> list[list[str]]:
        """Ways from x to a y that between them pass the first of these cuts."""
        by_label: dict[str, list[Break]] = {}
        for cut in cuts:
            by_label.setdefault(cut.told.label, []).append(cut.told)
        routes: list[list[str]] = []
        passed: set[int] = set()
        for cut in cuts[:SHOWN]:
            if id(cut.told) in passed:
                continue
            route = self._through(cut, bit)
            routes.append(route)
            for before, after in zip(route, route[1:], strict=False):
                if after in by_label:
                    passed.update(id(each) for each in by_label[after] if before in each.lost)
        return routes

    def _through(self, cut: _Cut, bit: int) -> list[str]:
        """A way from the x of this bit to a y through a cut; back to x it takes the longest step at each point."""
        down, own, maker, lost = self.down, self.own, self.maker, cut.told.lost
        below = [read for read in maker[cut.value][1].reads if down.get(read, 0) & bit and self._label(read) in lost]
        value = min(below, key=self._age)
        found = [self._label(value)]
        while not own.get(value, 0) & bit:
            reads = [read for read in maker[value][1].reads if down.get(read, 0) & bit]
            value = reads[0] if len(reads) == 1 else min(reads, key=self._age)
            found.append(self._label(value))
        if not cut.onward:
            cut.onward = [self._label(each) for each in self._follow(self.way, cut.value)]
        return found[::-1] + cut.onward

    def _age(self, value: AnyValue) -> int:
        return self.maker[value][0] if value in self.maker else -1

    def _follow(self, way: dict[AnyValue, tuple[int, AnyValue | None]], start: AnyValue) -> list[AnyValue]:
        found = [start]
        while (step := way[found[-1]][1]) is not None:
            found.append(step)
        return found

    def _label(self, value: AnyValue) -> str:
        """Its name on a route. Each operation adds a gradient of what it reads, so those are named by both."""
        found = self._labels.get(value)
        if found is None:
            found = _name(value)
            if isinstance(value, Cotangent) and value in self.maker:
                node = self.maker[value][1]
                assert not isinstance(node, Operation)
                found += f" in {node.op.name}" if node.node is not None else ", summed"
            self._labels[value] = found
        return found


def _relax(table: dict[Any, Any], reads: Any, length: int, value: AnyValue) -> None:
    """Note for each read that the value is so far away, unless something nearer is known."""
    for read in reads:
        known = table.get(read)
        if known is None or length < known[0]:
            table[read] = length, value


def _name(value: AnyValue) -> str:
    if isinstance(value, Cotangent):
        return f"the gradient of {_name(value.of)}"
    return value.name


def _count(breaks: list[Break], routes: list[list[str]]) -> str:
    """How many places there are, and whether they lie one behind the other."""
    if len(breaks) == 1:
        return "every path is cut here"
    places = len({(each.op, each.tensor) for each in breaks})
    if places == 1:
        return f"every path is cut here, for {len(breaks)} reasons"
    apart = any(each.within for each in breaks)  # in one branch or in several, of which a run takes one
    if len(routes) == 1 and len(breaks) <= SHOWN and not apart:
        return f"every path is cut, at these {places} places one after the other"
    return f"every path is cut, at these {places} places"
