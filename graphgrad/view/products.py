"""The gradient graph as `gradients()` decides it: a vector-Jacobian product per operation on the path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, TypeAlias

from ..autodiff.adjoint import AnyValue, Cotangent, GradientCall, Node, Product, adjoint, derivative_of, expand
from ..autodiff.arguments import Question
from ..autodiff.causes import cut_kind, is_ruled
from ..autodiff.gradients import reached
from ..autodiff.reach import Reach
from ..graph.operation import Operation, Role, Value
from ..graph.walk import between
from ..ground.late import networkx
from ..ground.spec import IntSpec

Graph: TypeAlias = "networkx.MultiDiGraph[str]"
Group = tuple[Value, ...]


class _Nodes:
    """The nodes that exist: who gives which value, who belongs to which call, in which order, in which lane.

    `tops` has the lane in which each call turns back; that of the call in question, which is no operation, at None.
    """

    def __init__(self) -> None:
        self.makers: dict[AnyValue, Node] = {}
        self.owner: dict[Node, Operation | None] = {}
        self.lanes: dict[Node, int] = {}
        self.tops: dict[Operation | None, int] = {}

    def register(self, ops: Sequence[Operation]) -> list[Node]:
        """Operations as nodes, a gradient operation as its adjoint nodes; the calls that they go through, too.

        The oldest are first: which lane an operation is in depends on the calls before it.
        """
        found = {op: self._register(op) for op in sorted({*ops, *_calls(ops)}, key=attrgetter("id"))}
        return [node for op in ops for node in found[op]]

    def _register(self, op: Operation) -> list[Node]:
        return self.register_call(op, op.payload, adjoint(op)) if op.role is Role.GRADIENT else self.enter([op], op, 0)

    def register_call(self, owner: Operation | None, call: GradientCall, products: Sequence[Product]) -> list[Node]:
        """The adjoint nodes of a call; they turn back at the last lane that its path uses."""
        ends = [step.node for step in call.path] + [self.maker(y) for y in call.ys]
        last = max((self._lane(node) for node in ends), default=0)
        self.tops[owner] = 2 * last + 1
        return self.enter(products, owner, 2 * last + 1)

    def enter(self, nodes: Sequence[Node], owner: Operation | None, top: int) -> list[Node]:
        """Note nodes as they are; products go to the lane that is as far from `top` as their mirror from 0."""
        for node in nodes:
            if node not in self.owner:
                self.makers.update((value, node) for value in node.values)
                self.owner[node] = owner
                self.lanes[node] = (
                    top - self._lane(self.mirror(node)) if isinstance(node, Product) else self._lane(node)
                )
        return list(nodes)

    def _lane(self, node: Node) -> int:
        if isinstance(node, Product) or node in self.lanes:
            return self.lanes[node]
        if not self.tops:
            return 0
        pending = [node]
        while pending:  # what it reads may not be in the picture, and come from a gradient all the same
            op = pending[-1]
            sources = {value.op for value in op.reads}
            unknown = [source for source in sources if source not in self.tops and source not in self.lanes]
            pending += unknown
            if not unknown:
                lanes = [self.tops[source] + 1 if source in self.tops else self.lanes[source] for source in sources]
                self.lanes[pending.pop()] = max(lanes, default=0)
        return self.lanes[node]

    def maker(self, value: AnyValue) -> Node:
        """The node that gives a value; for the ones at the start of a gradient, that of their y."""
        found = self.makers.get(value)
        if found is None:
            found = value.op if isinstance(value, Value) else self.maker(value.of)
        return found

    def mirror(self, product: Product) -> Node:
        """What a product differentiates; for a sum or a result, what gives the value in question."""
        if product.node is not None:
            return product.node
        value = product.values[0]
        of = value.of if isinstance(value, Cotangent) else value.op.payload.xs[value.index][0]
        return self.maker(of)


class Builder:
    """The making of one gradient graph.

    Attributes:
        graph: the gradient graph, once it is built.
        found: what a gradient reaches.
        steps: node -> its step on the path.
        keys: node -> its key in the graph.
        call: the call that gradients() would make.
    """

    def __init__(self, asked: Question) -> None:
        self.asked = asked
        self.ys, self.groups, self.stops = asked.ys, asked.groups, asked.stops
        self.xs = {value for group in asked.groups for value in group}
        self.nodes = _Nodes()
        self.keys: dict[Node, str] = {}
        self.graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()

    def build(self) -> networkx.MultiDiGraph[str]:
        self.found = reached(self.asked)
        self.steps = {step.node: step for step in self.found.path}
        crossed = sorted(between({x.op for x in self.xs}, {y.op for y in self.ys}), key=attrgetter("id"))
        inside = _inside(self.nodes.register(crossed), self.xs, self.ys)
        older = self._shown(inside)
        call = self.call = _call(self.ys, self.groups, self.stops, self.found)
        products = expand(call, [Cotangent(group[0].spec, group[0]) for group in call.xs])
        self.nodes.register_call(None, call, products)
        results = _results(products, call)
        for node in [*older, *products]:
            self._add(node, results.get(node, ""))
        for node in [*older, *products]:
            self._connect(node)
        self._mark(inside)
        return self.graph

    def _shown(self, inside: list[Node]) -> list[Node]:
        """What lies between xs and ys, the ends, and what the path reads, in a topological order."""
        shown = set(inside)
        for group in self.groups:
            ends = [self.nodes.maker(value) for value in group]
            shown.update([node for node in ends if node in shown] or ends[:1])
        shown.update(self.nodes.maker(y) for y in self.ys)
        pending = [node for node in shown if node in self.steps or isinstance(node, Product)]
        while pending:
            for other in self._beside(pending.pop()):
                if other not in shown:
                    shown.add(other)
                    if isinstance(other, Product):
                        pending.append(other)
        known = {node: n for n, node in enumerate(self.nodes.owner)}
        ops = sorted((node for node in shown if isinstance(node, Operation)), key=attrgetter("id"))
        for op in ops:
            if op not in known:
                self.nodes.enter([op], op, 0)
        return sorted(shown, key=lambda node: self._age(node, known))

    def _age(self, node: Node, known: dict[Node, int]) -> tuple[int, int]:
        owner = node if isinstance(node, Operation) else self.nodes.owner[node]
        assert owner is not None
        return owner.id, known.get(node, 0)

    def _beside(self, node: Node) -> Iterator[Node]:
        if isinstance(node, Product):
            yield self.nodes.mirror(node)
            yield from (self.nodes.maker(value) for value in _depends(node))
        else:
            yield from (self.nodes.maker(value) for value in node.reads)

    # -- nodes and edges --------------------------------------------------------------------------

    def _add(self, node: Node, x: str) -> None:
        if isinstance(node, Operation):
            key, found = node.name, _operation(node)
        else:
            mirror = self.keys[self.nodes.mirror(node)]
            key, found = _product(node, x, mirror, self.graph.nodes[mirror]["type"])
        self.keys[node] = self._unique(key)
        self.graph.add_node(
            self.keys[node],
            **found,
            roles=(),
            on_path=node in self.steps or self.nodes.owner[node] is None,
            lane=self.nodes.lanes[node],
            outputs=tuple([repr(value.spec) for value in node.values]),
        )

    def _unique(self, key: str) -> str:
        found, n = key, 1
        while found in self.graph:
            n += 1
            found = f"{key} [{n}]"
        return found

    def _connect(self, node: Node) -> None:
        if isinstance(node, Operation):
            step = self.steps.get(node)
            for position, value in enumerate(node.reads):
                carries = step is not None and position in step.inputs
                self._edge(self.nodes.maker(value), node, "forward", value, carries, input=position)
            return
        for saved in dict.fromkeys(_depends(node)):
            self._edge(self.nodes.maker(saved), node, "saved", saved)
        for cotangent in node.reads[_width(node) :]:
            source = self.nodes.makers.get(cotangent)
            inside = isinstance(source, Product) and self.nodes.owner[source] is self.nodes.owner[node]
            self._edge(self.nodes.maker(cotangent), node, "cotangent" if inside else "seed", cotangent)

    def _edge(self, source: Node, node: Node, kind: str, value: AnyValue, carries: bool = True, **more: int) -> None:
        if source in self.keys:
            self.graph.add_edge(
                self.keys[source], self.keys[node], kind=kind, value=name_of(value), spec=repr(value.spec),
                carries=carries, **more,
            )  # fmt: skip

    # -- marks ------------------------------------------------------------------------------------

    def _mark(self, inside: list[Node]) -> None:
        roles: dict[Node, dict[str, None]] = {node: {} for node in self.keys}
        for group in self.groups:
            connected = any(value in self.found.live for value in group)
            for node in (self.nodes.maker(value) for value in group):
                if node in roles:
                    roles[node].update({"x": None} if connected else {"x": None, "unconnected": None})
        for y in self.ys:
            roles[self.nodes.maker(y)]["y"] = None
        for node in self.keys:
            if any(value in self.stops for value in node.values):
                roles[node]["stop"] = None
        severed = any("unconnected" in found for found in roles.values())
        for node in inside:
            # Most derivatives do not depend on most of what they read; it matters where an x is lost by it.
            # A rule answers for what its function computed, and gives the gradient past it.
            told = isinstance(node, Operation) and not (is_ruled(node) and node in self.steps)
            cut = self._cut(node) if severed or told else ""
            if cut and "stop" not in roles[node]:
                roles[node][cut] = None
        for node, found in roles.items():
            self.graph.nodes[self.keys[node]]["roles"] = tuple(found)

    def _cut(self, node: Node) -> str:
        """Why a gradient that could go on from this node to an x ends here; '' if none does."""
        if isinstance(node, Product) and node in self.steps:
            return ""
        derivative = derivative_of(node)
        passed = {
            i for k, value in enumerate(node.values) if value in self.found.useful for i in derivative.connects[k]
        }
        if all(i in passed for i, read in enumerate(node.reads) if read in self.found.useful):
            return ""
        if all(isinstance(value.spec, IntSpec) for value in node.values):
            return ""  # a size: nobody expects a gradient of it
        return cut_kind(node)


def _calls(ops: Sequence[Operation]) -> set[Operation]:
    """The gradient operations among some, and those that they go through."""
    found: set[Operation] = set()
    pending = [op for op in ops if op.role is Role.GRADIENT]
    while pending:
        op = pending.pop()
        if op not in found:
            found.add(op)
            pending += op.payload.through
    return found


def _call(ys: list[Value], groups: list[Group], stops: frozenset[Value], found: Reach) -> GradientCall:
    """The call that gradients() would make of what `reach` found, with ones as the start of each y."""
    start = tuple([y for y in ys if y in found.live and y.spec.differentiable])
    connected = [group for group in groups if group[0].spec.differentiable and any(v in found.live for v in group)]
    xs = tuple(dict.fromkeys(connected))
    return GradientCall(start, (None,) * len(start), xs, stops, found.path, "default", False, False)


def _results(products: Sequence[Product], call: GradientCall) -> dict[Node, str]:
    """The products that give the results of a call, with the names of their xs."""
    last = products[len(products) - len(call.xs) :]
    return {product: group[0].name for product, group in zip(last, call.xs, strict=True)}


def _inside(nodes: list[Node], xs: set[Value], ys: list[Value]) -> list[Node]:
    """The nodes that lie downstream of an x and upstream of a y, by what they read."""
    down: set[AnyValue] = set(xs)
    below: list[Node] = []
    for node in nodes:
        if any(read in down for read in node.reads):
            down.update(node.values)
            below.append(node)
    up: set[AnyValue] = set(ys)
    inside: list[Node] = []
    for node in reversed(below):
        if any(value in up for value in node.values):
            up.update(node.reads)
            inside.append(node)
    return inside[::-1]


def _width(product: Product) -> int:
    """How many of a product's reads are values of what it differentiates; cotangents follow."""
    return 0 if product.node is None else len(product.node.reads) + len(product.node.values)


def _depends(product: Product) -> list[AnyValue]:
    """The values that a derivative depends on; the cotangents, which it always does, are left out."""
    derivative = product.derivative
    found = {i for k in range(len(product.values)) for i in derivative.connects[k]}
    return [product.reads[i] for i in sorted(found) if i < _width(product)]


def _operation(op: Operation) -> dict[str, Any]:
    return {"kind": "forward", "op": op, "name": op.name, "type": op.type, "mirror": None}


def _product(product: Product, x: str, mirror: str, type: str) -> tuple[str, dict[str, Any]]:
    """The key and the first attributes of a product; `type` is that of what it mirrors."""
    value = product.values[0]
    found = {"kind": "adjoint", "op": product.op, "name": product.op.name, "type": f"∂ {type}", "mirror": mirror}
    if isinstance(value, Value):
        x = value.op.payload.xs[value.index][0].name
        found |= {"kind": "gradient", "name": value.name, "type": nabla(x)}
        return f"gradient({value.name})", found
    if x:
        found |= {"kind": "gradient", "name": x.removesuffix(":0"), "type": nabla(x)}
        return f"gradient({x})", found
    if product.node is None:
        return f"sum({name_of(value.of)})", found | {"kind": "sum", "type": "+"}
    return f"d({mirror})", found


def nabla(x: str) -> str:
    """The type of the node of an x's gradient: `∇ w` of `layer/w:0`."""
    return f"∇ {x.rpartition('/')[2].removesuffix(':0')}"


def name_of(value: AnyValue) -> str:
    """The name of a value, `d(w:0)` for a cotangent."""
    return value.name if isinstance(value, Value) else f"d({name_of(value.of)})"
