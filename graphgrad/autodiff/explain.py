"""Why is my gradient None? The breaks between ys and xs, each with its op and the user's line."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

from ..graph.operation import Operation, Value
from ..graph.walk import between
from ..ground.errors import message
from . import arguments
from .adjoint import AnyValue, Cotangent, Node, derivative_of
from .reach import Reach, candidates, reach


@dataclass(frozen=True)
class Break:
    """A place where a gradient on its way back to an x is lost.

    Attributes:
        kind: 'stop', 'integer', 'stop_gradient', 'no_grad', 'no derivative'.
        op: the operation at which it happens.
        tensor: the name of the tensor that does not let it through.
        hint: what to do.
    """

    kind: str
    op: Operation
    tensor: str
    hint: str

    def __str__(self) -> str:
        return message(f"{_SAYS[self.kind]} ({self.tensor})", self.op, self.hint)


_SAYS = {
    "stop": "it is in stop_gradients",
    "integer": "integer tensors are constants",
    "stop_gradient": "it is the output of stop_gradient or detach",
    "no_grad": "it was recorded under torch.no_grad()",
    "no derivative": "nothing flows through this operation: its derivative does not depend on that input",
}
_HINTS = {
    "stop": "leave it out of stop_gradients",
    "integer": "differentiate before the cast, or unconnected_gradients='zero'",
    "stop_gradient": "use the tensor that went into it",
    "no_grad": "record it outside torch.no_grad()",
    "no derivative": "a differentiable operation in its place, or unconnected_gradients='zero'",
}


@dataclass
class Verdict:
    """The answer for one x.

    Attributes:
        x: its name.
        connected: whether some y depends on it.
        breaks: if it is unconnected, every place where a path from a y to it is cut; empty if no path exists.
        path: if it is connected, the names of the operations on a shortest path from x to a y.
        note: a sentence for what is not a break (no path at all, x downstream of the ys).
        nearest: for an unconnected x, the tensor closest to it that the ys are still connected to.
    """

    x: str
    connected: bool
    breaks: list[Break] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    note: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        if self.connected:
            return f"{self.x} is connected: {' -> '.join(self.path)}"
        lines = [f"no gradient reaches {self.x}: {self.note}"]
        lines += [str(each) for each in self.breaks]
        if self.nearest:
            lines.append(f"  nearest  {self.nearest} is still connected")
        return "\n".join(lines)


@dataclass
class Explanation:
    """What `gg.explain` returns: a verdict per x; prints as text."""

    verdicts: list[Verdict]

    def __str__(self) -> str:
        return "\n".join(str(verdict) for verdict in self.verdicts)

    __repr__ = __str__

    def __getitem__(self, position: int) -> Verdict:
        return self.verdicts[position]

    def __len__(self) -> int:
        return len(self.verdicts)


def explain(ys: Any, xs: Any, stop_gradients: Any = None) -> Explanation:
    """Why each x is connected to the ys, or why not.

    Args:
        ys, xs, stop_gradients: as in `gradients`.

    Returns:
        An `Explanation`: print it, or read its `verdicts`.

    >>> import graphgrad as gg
    >>> x = gg.constant(2.0, name="x")
    >>> y = gg.cast(gg.cast(x, gg.int32, name="k"), gg.float32) * 3.0
    >>> answer = gg.explain(y, x)
    >>> answer[0].connected, answer[0].breaks[0].kind, answer[0].breaks[0].op.name
    (False, 'integer', 'k')
    """
    asked = arguments.question(ys, xs, stop_gradients)
    if asked.graph is None:
        raise ValueError("explain() needs at least one tensor of a graph")
    verdicts = [_verdict(asked.ys, group, x, asked.stops) for x, group in zip(asked.x_items, asked.groups, strict=True)]
    return Explanation(verdicts)


def _verdict(ys: list[Value], group: tuple[Value, ...], x: Any, stops: Set[Value]) -> Verdict:
    name = getattr(x, "name", None) or group[0].name
    found = reach(ys, group, stops)
    if any(value in found.live for value in group):
        return Verdict(name, True, path=_shortest(found, ys, group))
    breaks = _breaks(ys, group, stops, found)
    if breaks:
        note = "every path is cut here" if len(breaks) == 1 else f"every path is cut, at these {len(breaks)} places"
        return Verdict(name, False, breaks, note=note, nearest=_nearest(breaks, ys, stops))
    ops, sinks = {value.op for value in group}, {y.op for y in ys}
    if between(sinks, ops):
        return Verdict(name, False, note="it is computed from the ys, not the ys from it")
    return Verdict(name, False, note="no operation leads from it to the ys at all")


def _breaks(ys: list[Value], group: tuple[Value, ...], stops: Set[Value], found: Reach) -> list[Break]:
    """Where a gradient would have to pass and can't, seen from x: the first cut on every path."""
    nodes = list(candidates(ys, group))
    wanted: set[AnyValue] = set(ys)
    for node in reversed(nodes):
        if any(value in wanted for value in node.values):
            wanted.update(node.reads)
    breaks: list[Break] = []
    for node in nodes:
        if not any(value in wanted for value in node.values):
            continue
        for position, read in enumerate(node.reads):
            if read not in found.useful or not is_lost(node, position, found.useful):
                continue
            op = node if isinstance(node, Operation) else node.op
            kind = break_kind(node, read, stops)
            broken = Break(kind, op, _name(node.values[0]), _HINTS[kind])
            if broken not in breaks:
                breaks.append(broken)
    return breaks


def is_lost(node: Node, position: int, useful: set[AnyValue]) -> bool:
    """Whether a gradient for this read gets lost at the node: none of its outputs passes one on."""
    derivative = derivative_of(node)
    return not any(value in useful and position in derivative.of(k) for k, value in enumerate(node.values))


def break_kind(node: Node, read: AnyValue, stops: Set[Value]) -> str:
    if any(value in stops for value in node.values):
        return "stop"
    return cut_kind(node) if read.spec.differentiable else "integer"


def cut_kind(node: Node) -> str:
    """Why no gradient passes a node, whatever the stops."""
    if not any(value.spec.differentiable for value in node.values):
        return "integer"
    if isinstance(node, Operation) and node.type == "StopGradient":
        return "stop_gradient"
    if isinstance(node, Operation) and node.signature is not None and not node.signature.modes.grad:
        return "no_grad"
    return "no derivative"


def _nearest(breaks: list[Break], ys: list[Value], stops: Set[Value]) -> str:
    """The oldest tensor just after a break that the ys are still connected to."""
    for each in sorted(breaks, key=lambda b: b.op.id):
        for value in each.op.values:
            pending, seen = [value], set()
            while pending:
                candidate = pending.pop(0)
                if candidate in seen:
                    continue
                seen.add(candidate)
                if candidate.spec.differentiable and candidate in reach(ys, [candidate], stops).live:
                    return candidate.name
                if len(seen) < 64:
                    pending += [v for reader in candidate.readers for v in reader.values]
    return ""


def _name(value: AnyValue) -> str:
    if isinstance(value, Cotangent):
        return f"the gradient of {_name(value.of)}"
    return value.name


def _shortest(found: Reach, ys: list[Value], group: tuple[Value, ...]) -> list[str]:
    """The names along a path with the fewest operations from x to a y."""
    came: dict[AnyValue, AnyValue | None] = dict.fromkeys(group)
    length: dict[AnyValue, int] = dict.fromkeys(group, 0)
    for step in found.path:
        for k in step.outputs:
            value = step.node.values[k]
            reads = [step.node.reads[i] for i in step.inputs if step.node.reads[i] in length]
            if reads:
                best = min(reads, key=lambda read: length[read])
                if value not in length:
                    came[value], length[value] = best, length[best] + 1
    end: AnyValue | None = min((y for y in ys if y in length), key=lambda y: length[y], default=None)
    names: list[str] = []
    while end is not None:
        names.append(end.op.name if isinstance(end, Value) else _name(end))
        end = came[end]
    return names[::-1]
