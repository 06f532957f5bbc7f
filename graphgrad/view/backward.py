"""The nodes and edges of the backward passes that a traced run went through."""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..graph.operation import Operation, Role, Value
from ..ground.spec import dtype_name, format_shape
from .products import nabla
from .traced import WRAPS, Kernel, Maker, Trace

# How a gradient is handed out, on the line of its gradient operation; and how torch adds cotangents.
_HANDED = (WRAPS, "aten.view", "aten._to_copy")
_ADDS = ("aten.add", "aten.add_")


@dataclass(eq=False)
class Entry:
    """A node of a backward pass.

    Attributes:
        kind, type, mirror, outputs: as `gradient_graph` describes them.
        call: the gradient operation whose backward pass it belongs to.
        name: for a result, that of the tensor that it is or belongs to; '' for the others.
    """

    key: str
    kind: str
    type: str
    mirror: str
    call: Operation
    outputs: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class Edge:
    """An edge that ends in one, as `gradient_graph` describes them."""

    source: str
    target: str
    kind: str
    value: str
    spec: str


class Backward:
    """The backward passes of some gradient operations.

    Args:
        traces: a run, and perhaps the same one with other sizes.
        calls: the gradient operations; `outer` is the last of them, whose results are named after their xs.

    Attributes:
        entries: key -> node, in the order in which they ran, the results of each pass after its kernels.
        edges: what they read.
        forward: the operations that they differentiate or read.
        keys: the key of each kernel.
    """

    def __init__(self, traces: Sequence[Trace], calls: Collection[Operation], outer: Operation) -> None:
        self.traces, self.calls, self.outer = traces, calls, outer
        self.trace = traces[0]
        self.entries: dict[str, Entry] = {}
        self.edges: dict[Edge, None] = {}
        self.forward: dict[Operation, None] = {}
        self.keys: dict[Kernel, str] = {}
        self._value_of: dict[int, Value] = {}
        self._ends: dict[tuple[Any, int], Value] = {}
        for value, tensor in sorted(self.trace.values.items(), key=lambda item: item[0].op.id):
            self._value_of.setdefault(id(tensor), value)
            if tensor.grad_fn is not None:
                self._ends.setdefault((tensor.grad_fn, tensor.output_nr), value)
        # Of a tensor: the kernel of a backward pass that gave it, what it is inside an operation, what it wraps.
        self._gave: dict[int, Kernel] = {}
        self._inside: dict[int, tuple[Operation, str]] = {}
        self._wrapped: dict[int, torch.Tensor] = {}
        self._sums = self._summed()
        self._results: dict[Value, str] = {}
        for value in sorted(self.trace.values, key=lambda value: value.op.id):
            if value.op in self.calls:
                self._results[value] = self._result_key(value)
        for n, kernel in enumerate(self.trace.kernels):
            if kernel.op is None or kernel.op.role is not Role.GRADIENT:
                self._note_inside(kernel)
            elif kernel.op in self.calls:
                self._add(n, kernel)
        for value in self._results:
            self._add_result(value)
        self.entries = dict(sorted(self.entries.items(), key=lambda item: item[1].call.id))

    def key_of(self, value: Value) -> str:
        """The key of the node that gives a value."""
        if value.op not in self.calls:
            self.forward.setdefault(value.op)
            return value.op.name
        return self._results.get(value, f"gradient({value.name})")

    def made_by(self, maker: Value | Maker) -> str | None:
        """The key of what made an autograd node."""
        if isinstance(maker, Operation):
            self.forward.setdefault(maker)
            return maker.name
        if isinstance(maker, Value):
            return self.key_of(maker)
        return None if maker is None else self.keys.get(maker)

    def passed(self, call: Operation) -> set[str]:
        """The keys of the kernels of other backward passes that this one differentiates."""
        makers = [self.trace.maker(visit) for visit in self.trace.visits.get(call, ())]
        return {self.keys[maker] for maker in makers if isinstance(maker, Kernel) and maker in self.keys}

    # -- who gave what ----------------------------------------------------------------------------

    def _summed(self) -> dict[Kernel, Value | Maker]:
        """The sums that torch makes between two autograd nodes, and what they are the gradient of."""
        arrived: dict[int, Value | Maker] = {}
        for visits in self.trace.visits.values():
            for visit in visits:
                for number, tensor in enumerate(visit.arrived):
                    value = self._ends.get((visit.node, number))
                    arrived.setdefault(id(tensor), self.trace.maker(visit) if value is None else value)
        for x, result in self.trace.results:
            if id(x) in self._value_of:
                arrived.setdefault(id(result), self._value_of[id(x)])
        found: dict[Kernel, Value | Maker] = {}
        for kernel in reversed(self.trace.kernels):
            if kernel.visit is not None and not kernel.inside and kernel.type in _ADDS:
                found[kernel] = arrived.get(id(kernel.gives[0]))
                for term in kernel.reads:  # of three terms two are added first, and that arrives nowhere
                    arrived.setdefault(id(term), found[kernel])
        return found

    def _source(self, tensor: torch.Tensor, call: Operation) -> tuple[str, str, str] | None:
        """The node that gave a tensor to a backward pass, the kind of the edge, and what travels."""
        seeds = self.trace.plan.sweeps[call].seeds
        while True:
            kernel, value = self._gave.get(id(tensor)), self._value_of.get(id(tensor))
            if kernel is not None and kernel.op is call:
                return self.keys[kernel], "cotangent", self._label(kernel, tensor)
            if value is not None and value.op is not call:
                return self.key_of(value), "seed" if value in seeds else "saved", value.name
            if kernel is not None:
                return self.keys[kernel], "saved", self._label(kernel, tensor)
            if id(tensor) in self._inside:
                op, label = self._inside[id(tensor)]
                self.forward.setdefault(op)
                return op.name, "saved", label
            if id(tensor) not in self._wrapped:
                return None
            tensor = self._wrapped[id(tensor)]

    def _label(self, kernel: Kernel, tensor: torch.Tensor) -> str:
        """What a kernel's output is called: by its place, if there are several."""
        places = [id(each) for each in kernel.gives]
        return self.keys[kernel] + (f":{places.index(id(tensor))}" if len(places) > 1 else "")

    def _x(self, result: Value) -> Value:
        """What a result is the gradient of."""
        found: Value = result.op.payload.xs[result.index][0]
        return found

    def _result_key(self, value: Value) -> str:
        key = f"gradient({self._x(value).name if value.op is self.outer else value.name})"
        return _unique(key, self._results.values())

    # -- nodes and edges --------------------------------------------------------------------------

    def _note_inside(self, kernel: Kernel) -> None:
        """What an operation of the forward part makes, perhaps for its derivative only."""
        for n, tensor in enumerate(kernel.gives):
            if kernel.type == WRAPS:
                self._wrapped[id(tensor)] = kernel.reads[0]
            elif kernel.op is not None:
                self._inside[id(tensor)] = kernel.op, f"{kernel.op.name} {kernel.type}:{n}"

    def _add(self, n: int, kernel: Kernel) -> None:
        assert kernel.op is not None
        if kernel.type == WRAPS or (not kernel.sweeping and kernel.type in _HANDED):
            self._wrapped[id(kernel.gives[0])] = kernel.reads[0]
            value = self._value_of.get(id(kernel.gives[0]))
            if value is not None and value.op is kernel.op:
                self.keys[kernel] = self.key_of(value)
            return
        mirror, added = self._mirror(kernel)
        key = _unique(f"sum({added})" if added else f"d({mirror}) {kernel.type}", self.entries)
        kind, type = ("sum", "+") if added else ("adjoint", kernel.type)
        outputs = [self._spec([trace.kernels[n].gives[k] for trace in self.traces]) for k in range(len(kernel.gives))]
        self.keys[kernel] = key
        self.entries[key] = Entry(key, kind, type, mirror, kernel.op, tuple(outputs))
        seen: set[int] = set()
        for k, tensor in enumerate(kernel.reads):
            found = self._source(tensor, kernel.op)
            if found is None or (found[1] == "saved" and id(tensor) in seen):
                continue
            seen.add(id(tensor))
            if kernel.visit is None and kernel.type not in _ADDS:
                found = found[0], "seed", found[2]  # the ones at a y
            spec = self._spec([trace.kernels[n].reads[k] for trace in self.traces])
            self._connect(found, key, f"d({added})" if added else self._arrived(kernel, tensor), spec)
        self._gave.update((id(tensor), kernel) for tensor in kernel.gives)

    def _add_result(self, value: Value) -> None:
        tensors = [trace.values[value] for trace in self.traces]
        key, x = self.key_of(value), self._x(value)
        name = x.name.removesuffix(":0") if value.op is self.outer else value.name
        self.entries[key] = Entry(key, "gradient", nabla(x.name), self.key_of(x), value.op, (repr(value.spec),), name)
        found = self._source(tensors[0], value.op)
        if found is not None:
            source, kind, name = found
            self._connect((source, "seed" if kind == "saved" else kind, name), key, f"d({x.name})", repr(value.spec))

    def _connect(self, source: tuple[str, str, str], target: str, cotangent: str, spec: str) -> None:
        key, kind, name = source
        self.edges.setdefault(Edge(key, target, kind, (kind == "cotangent" and cotangent) or name, spec))

    def _arrived(self, kernel: Kernel, tensor: torch.Tensor) -> str:
        """The cotangent that a kernel reads, by the name of its value; '' for what the derivative itself made."""
        if kernel.visit is not None and kernel.inside:
            for number, gradient in enumerate(kernel.visit.arrived):
                value = self._ends.get((kernel.visit.node, number))
                if gradient is tensor and value is not None:
                    return f"d({value.name})"
        return ""

    def _mirror(self, kernel: Kernel) -> tuple[str, str]:
        """The key of what a kernel differentiates, and for a sum of cotangents the name of their value."""
        assert kernel.op is not None
        key = None
        if kernel in self._sums:
            target = self._sums[kernel]
            key = self.made_by(target)
            if key is not None:
                return key, target.name if isinstance(target, Value) else key
        elif kernel.visit is not None and kernel.inside:
            key = self.made_by(self.trace.maker(kernel.visit))
        elif not kernel.sweeping and kernel.type in _ADDS:  # the gradients of several reads of one variable
            group = self._variable(kernel.op, kernel.reads)
            return self.key_of(group[0]), group[0].name
        elif kernel.reads and id(kernel.reads[0]) in self._value_of:  # the ones at a y
            key = self.key_of(self._value_of[id(kernel.reads[0])])
        return key or self.key_of(self.trace.plan.sweeps[kernel.op].ys[0]), ""

    def _variable(self, call: Operation, terms: Sequence[torch.Tensor]) -> tuple[Value, ...]:
        """The reads of the variable whose gradients these are, or sums of them."""
        known = {id(result): self._value_of[id(x)] for x, result in self.trace.results if id(x) in self._value_of}
        read = next(known[id(term)] for term in reversed(terms) if id(term) in known)
        found: tuple[Value, ...] = next(group for group in call.payload.xs if read in group)
        return found

    def _spec(self, tensors: Sequence[torch.Tensor]) -> str:
        """What is known of an output in text, with a question mark for each size in which the runs differ."""
        dtype, shapes = dtype_name(tensors[0].dtype), [tuple(tensor.shape) for tensor in tensors]
        if len({len(shape) for shape in shapes}) > 1:
            return f"{dtype}[...]"
        return dtype + format_shape(each[0] if len(set(each)) == 1 else None for each in zip(*shapes, strict=True))


def _unique(key: str, taken: Container[str]) -> str:
    found, n = key, 1
    while found in taken:
        n += 1
        found = f"{key} [{n}]"
    return found
