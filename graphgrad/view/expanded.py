"""The gradient graph as it runs: the kernels of the backward pass in place of the vector-Jacobian products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..autodiff.adjoint import GradientCall, Product
from ..graph.operation import Operation, Role, Value
from ..ground.late import networkx
from .backward import Backward, Entry
from .products import Builder, Graph
from .traced import Trace, trace


def expanded(builder: Builder) -> Graph:
    """The gradient graph of what a builder was asked, with the kernels that autograd runs.

    Raises:
        RuntimeError: if an operation can't run without data.
    """
    products = builder.build()
    asked = dict.fromkeys([*builder.ys, *(value for group in builder.groups for value in group)])
    outer = _apart(builder.call, next(iter(asked)).op.graph.get_operations()[-1])
    owners = [builder.nodes.owner[node] for node in builder.keys if isinstance(node, Product)]
    calls = dict.fromkeys([outer, *(owner for owner in owners if owner is not None)])
    inner = [value for value in asked if value.op.role is Role.GRADIENT or value in builder.ys]
    traces = trace([*outer.values, *inner] if owners else [])
    return _Expansion(builder, products, traces[0], Backward(traces, calls, outer)).build()


def _apart(call: GradientCall, newest: Operation) -> Operation:
    """A gradient operation that is in no graph: it reads values of one, which does not know of it."""
    op = Operation()
    op.graph, op.id, op.name, op.type, op.role = newest.graph, newest.id + 1, "gradients", "Gradients", Role.GRADIENT
    op.target, op.controls, op.device, op.signature, op.code, op.lasti = None, (), "", None, None, 0
    op._args, op._kwargs, op._reads, op.payload, op.sources = (), {}, call.ys, call, 0
    op._values = tuple([Value.of(op, k, group[0].spec) for k, group in enumerate(call.xs)])
    return op


class _Expansion:
    """The making of one graph: the operations as in the graph of products, and the backward passes."""

    def __init__(self, builder: Builder, products: Graph, trace: Trace, backward: Backward) -> None:
        self.builder, self.products, self.trace, self.backward = builder, products, trace, backward
        self.outer = backward.outer
        self.entries = backward.entries
        self.forward = sorted(self._forward(), key=lambda op: op.id)

    def build(self) -> Graph:
        lanes, on_path, roles = self._lanes(), self._on_path(), self._roles()
        nodes: list[tuple[int, int, Operation | Entry]] = [(op.id, 0, op) for op in self.forward]
        nodes += [(entry.call.id, n, entry) for n, entry in enumerate(self.entries.values())]
        graph: Graph = networkx.MultiDiGraph()
        for _, _, node in sorted(nodes, key=lambda item: item[:2]):
            key, attributes = self._operation(node) if isinstance(node, Operation) else self._entry(node, graph)
            graph.add_node(
                key, **attributes, roles=tuple(roles.get(key, ())), on_path=key in on_path, lane=lanes[key],
                outputs=node.outputs if isinstance(node, Entry) else tuple([repr(value.spec) for value in node.values]),
            )  # fmt: skip
        for source, target, attributes in self._reads():
            if source in graph:
                graph.add_edge(source, target, **attributes)
        for edge in self.backward.edges:
            graph.add_edge(edge.source, edge.target, kind=edge.kind, value=edge.value, spec=edge.spec, carries=True)
        return graph

    def _operation(self, op: Operation) -> tuple[str, dict[str, Any]]:
        return op.name, {"kind": "forward", "op": op, "name": op.name, "type": op.type, "mirror": None}

    def _entry(self, entry: Entry, graph: Graph) -> tuple[str, dict[str, Any]]:
        op = graph.nodes[entry.mirror]["op"]
        found = {"kind": entry.kind, "op": op, "name": entry.name or op.name, "type": entry.type}
        return entry.key, found | {"mirror": entry.mirror}

    def _forward(self) -> dict[Operation, None]:
        """The operations to show: those of the graph of products, and what the backward passes refer to."""
        found = {node["op"]: None for _, node in self.products.nodes(data=True) if node["kind"] == "forward"}
        found.update(self.backward.forward)
        ran = {step.op for step in self.trace.plan.steps}
        for call in self.backward.calls:
            found.update(dict.fromkeys(op for op in call.payload.operations if op in ran))
        return found

    def _reads(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """The edges between operations, and from results to the operations that read them."""
        for op in self.forward:
            step = self.builder.steps.get(op)
            for position, value in enumerate(op.reads):
                carries = step is not None and position in step.inputs
                found = {"kind": "forward", "value": value.name, "spec": repr(value.spec), "carries": carries}
                yield self.backward.key_of(value), op.name, found | {"input": position}

    def _lanes(self) -> dict[str, int]:
        """Which lane each node is in: a backward pass turns back at the last one that it comes from."""
        nodes = self.builder.nodes
        lanes: dict[str, int] = {}
        for op in self.forward:
            below = [nodes.tops[v.op] + 1 if v.op in nodes.tops else lanes.get(v.op.name, 0) for v in op.reads]
            lanes[op.name] = nodes.lanes.get(op, max(below, default=0))
        for entry in self.entries.values():  # in the order in which they ran, results last
            top = nodes.tops[None if entry.call is self.outer else entry.call]
            lanes[entry.key] = top - lanes[entry.mirror]
        return lanes

    def _on_path(self) -> set[str]:
        """The keys of what the gradient passes on its way to those that were asked for."""
        found = {op.name for op in self.builder.steps if isinstance(op, Operation)} | self.backward.passed(self.outer)
        for node, key in self.builder.keys.items():  # results of other calls that it goes through
            if node in self.builder.steps and self.products.nodes[key]["kind"] == "gradient":
                found.add(key)
        own = {key for key, entry in self.entries.items() if entry.call is self.outer}
        into: dict[str, list[str]] = {}
        for edge in self.backward.edges:
            if edge.source in own:
                into.setdefault(edge.target, []).append(edge.source)
        pending = [key for key in own if self.entries[key].kind == "gradient"]
        while pending:
            key = pending.pop()
            found.add(key)
            pending += [source for source in into.get(key, ()) if source not in found]
        return found

    def _roles(self) -> dict[str, tuple[str, ...]]:
        """The marks of the graph of products; where a gradient ends, on the first kernel of such a product."""
        kernels: dict[tuple[Operation, str], list[str]] = {}
        results: dict[Operation, list[str]] = {}
        for key, entry in self.entries.items():
            if entry.kind == "adjoint":
                kernels.setdefault((entry.call, entry.mirror), []).append(key)
            elif entry.kind == "gradient":
                results.setdefault(entry.call, []).append(key)
        found: dict[str, tuple[str, ...]] = {}
        stand_ins: dict[str, list[str]] = {}
        for product, key in self.builder.keys.items():
            node = self.products.nodes[key]
            stand_ins[key] = [key]
            if node["kind"] == "adjoint":
                call = self.builder.nodes.owner[product] or self.outer
                own = [other for mirror in stand_ins[node["mirror"]] for other in kernels.get((call, mirror), ())]
                stand_ins[key] = own or results.get(call, [])  # a derivative that hands on what it gets has no kernel
            for other in stand_ins[key][:1]:
                found[other] = tuple(dict.fromkeys((*found.get(other, ()), *node["roles"])))
        return found
