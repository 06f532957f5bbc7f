"""A run as data: what is taped, gated, owned, in which order, and what becomes of the variables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType

from ..autodiff.adjoint import derivative_of
from ..autodiff.reach import reach
from ..graph.operation import Operation, Role, Value
from ..graph.walk import upstream
from ..ground.spec import ArraySpec
from ..record.infer import Signature
from ..record.variable import State
from .fold import foldable
from .merge import merge
from .passes import ALL, Passes
from .segments import segments
from .select import Asked, Selection, select
from .steps import Plan, Step, Sweep, Update


def plan(
    fetches: Sequence[Value], operations: Sequence[Operation], feeds: Sequence[Value], through: bool = False,
    apart: frozenset[Value] = frozenset(), passes: Passes = ALL,
) -> Plan:  # fmt: skip
    """The plan of a run.

    Args:
        fetches: the values to return, each once.
        operations: operations to run for their effect.
        feeds: the values that the caller provides.
        through: whether the caller is on autograd's tape, and its gradients pass from the fetches to the feeds.
        apart: feeds that come with an autograd node of their own, that no other feed depends on.
        passes: what is done to make it cheaper.
    """
    selection = select(fetches, operations, frozenset(feeds), passes.prune)
    planned = _Planner(selection, tuple(fetches), tuple(feeds), through, passes).plan()
    planned.apart = apart - planned.fans.keys()
    return planned


class _Planner:
    def __init__(
        self, selection: Selection, fetches: tuple[Value, ...], feeds: tuple[Value, ...], through: bool, passes: Passes
    ) -> None:
        self.through = through
        self.passes = passes
        self.selection = selection
        self.fetches = fetches
        self.feeds = feeds
        self.feed_number = {value: number for number, value in enumerate(feeds)}
        self.order = sorted(selection.operations, key=attrgetter("id"))
        asked = selection.asked
        self.asked: list[tuple[Operation, Asked]] = [(op, asked[op]) for op in self.order if op in asked]
        self.tape: set[Operation] = set()
        self.created: set[Operation] = set()
        self.xs: set[Value] = set()
        self.stops: dict[Value, list[int]] = defaultdict(list)
        for number, (_, one) in enumerate(self.asked):
            self.tape |= one.operations
            self.created |= one.through
            self.xs.update(value for group in one.groups for value in group)
            for value in one.call.stops:
                self.stops[value].append(number)
        self.identity = self.xs.union(self.stops, feeds)
        for _, one in self.asked:
            self.identity.update(one.ys)
            self.identity.update(seed for seed in one.seeds if seed is not None)
        if through:
            self._open()

    def _open(self) -> None:
        """Tape what lies between the fetches and the feeds, gradients that were asked for in between included."""
        given = [value for value in self.feeds if value.spec.differentiable]
        try:
            nodes = [step.node for step in reach(self.fetches, given, frozenset()).path]
        except LookupError:  # for one of the ways; whether a gradient takes it is the caller's business
            nodes = [op for op in self.order if op.role is Role.CALL]
        self.tape.update(node for node in nodes if isinstance(node, Operation))
        self.created.update(
            value.op for node in nodes if not isinstance(node, Operation) for value in node.values
            if isinstance(value, Value)
        )  # fmt: skip
        self.identity.update(self.fetches)

    def plan(self) -> Plan:
        same = self.same = merge(self.order, self.tape, self.identity) if self.passes.merge else {}
        once = foldable(self.order, self.tape, self.identity, same, self.fetches) if self.passes.fold else {}
        self.folded = once
        self.beside = set() if self.passes.no_grad or self.through else self._beside()
        versions = self._versions()
        fans, aliases = self._fans()
        carries: set[Value] = set()
        steps: list[Step] = []
        fed_roots = frozenset(
            v for v in self.feeds if v in self.xs and v not in self.selection.passes and v.spec.differentiable
        )
        carries.update(fed_roots)
        if self.through:
            carries.update(value for value in self.feeds if value.spec.differentiable)
        for op in self.order:
            if op.values and all(value in same for value in op.values):
                continue
            steps.append(self._step(op, carries, fans))
        stretches: list[tuple[int, int]] = []
        if self.passes.recompute and self.tape:
            steps, stretches = segments(self.order[0].graph, steps, versions)
        updates = self._updates(versions)
        shared, cloned = self._exports(updates)
        return Plan(
            feeds=self.feeds,
            roots=fed_roots,
            fans={value: fans[value] for value in fed_roots if value in fans},
            states=self._states(updates),
            steps=steps,
            sweeps=self._sweeps(),
            same=same,
            versions=versions,
            aliases=aliases,
            fetches=tuple(same.get(value, value) for value in self.fetches),
            shared=shared,
            cloned=cloned,
            updates=updates,
            random=any(getattr(step.op.signature, "random", False) for step in steps),
            through=self.through,
            passes=self.passes,
            segments=stretches,
            folding=plan(tuple(self.folded), (), (), passes=replace(self.passes, fold=False)) if self.folded else None,
        )

    # -- the tape ---------------------------------------------------------------------------------

    def _beside(self) -> set[Operation]:
        """Operations that no gradient starts from or passes, so that it makes no difference if autograd sees them."""
        above = upstream([y.op for _, one in self.asked for y in one.ys])
        plain = {op for op in self.order if op.role is Role.CALL and type(op.signature) is Signature}
        return {op for op in plain if not hasattr(op.target, "in_place")}.difference(above)

    def _step(self, op: Operation, carries: set[Value], fans: dict[Value, int]) -> Step:
        """One operation's place on the tape; `carries` grows by its outputs that require a gradient."""
        step = Step(op)
        produced = False
        carried = any(read in carries for read in op.reads)
        if op.role is Role.CALL and carried:
            produced = op in self.tape
            step.tape = produced or op in self.beside
            step.math = produced and bool(self.created) and op.signature.attention
        elif op.role is Role.GRADIENT:
            produced = op in self.created
        own: list[int] = []
        started: list[int] = []
        begun: list[int] = []
        cut: list[int] = []
        roots: list[int] = []
        for index, value in self._computed(op):
            if value in self.selection.passes:
                step.fed[index] = self.feed_number[value]
            carrying = produced and value.spec.differentiable and self._connects(op, index, carries)
            if carrying and self.through and value in self.xs:
                started.append(index)
            elif carried and value.spec.differentiable and self._shares_node(op, index):
                if carrying and op.role is Role.GRADIENT and value not in self.identity:
                    begun.append(index)
                elif carrying:
                    own.append(index)
                elif value not in self.xs and not _made_by_torch(op):
                    cut.append(index)
            if value in self.xs and not carrying and value.spec.differentiable:
                roots.append(index)
                carries.add(value)
            if carrying:
                carries.add(value)
                if value in self.stops:
                    step.gates[index] = tuple(self.stops[value])
            if value in fans and value in carries:
                step.fans[index] = fans[value]
        step.own, step.started, step.begun = tuple(own), tuple(started), tuple(begun)
        step.cut, step.roots = tuple(cut), tuple(roots)
        return step

    def _computed(self, op: Operation) -> list[tuple[int, Value]]:
        """The outputs that this run computes, and that no feed replaces for good."""
        wanted = self.selection.asked[op].outputs if op.role is Role.GRADIENT else range(len(op.values))
        outputs = [(index, op.values[index]) for index in wanted]
        return [(k, value) for k, value in outputs if value not in self.feed_number or value in self.selection.passes]

    def _connects(self, op: Operation, index: int, carries: set[Value]) -> bool:
        """Whether autograd will see this output as depending on something that is differentiated."""
        if op.role is Role.GRADIENT:
            return True  # or not, if it is a constant: the run looks
        reads = op.reads
        return any(reads[position] in carries for position in derivative_of(op).of(index))

    def _shares_node(self, op: Operation, index: int) -> bool:
        """Whether this output might be the same tensor as an input or another output."""
        if op.role is Role.GRADIENT:
            return True
        if op.signature is None or isinstance(op.values[index].spec, ArraySpec):
            return False
        alias = op.signature.aliases[index]
        return alias is not None and op.reads[alias].spec == op.values[index].spec

    def _fans(self) -> tuple[dict[Value, int], dict[tuple[Operation, int], int]]:
        """Values whose gradients are summed in another order than torch's: a separate alias per reader."""
        if all(one.call.aggregation == "default" for _, one in self.asked):
            return {}, {}
        edges: dict[Value, set[tuple[Operation, int]]] = defaultdict(set)
        wanted: set[Value] = set()
        for _, one in self.asked:
            reads = [
                (step.node.reads[position], (step.node, position))
                for step in one.path
                if isinstance(step.node, Operation)
                for position in step.inputs
            ]
            for value, edge in reads:
                edges[value].add(edge)
            if one.call.aggregation != "default":
                counts = Counter(value for value, _ in reads)
                wanted.update(value for value, readers in counts.items() if readers > 2)  # two terms have one sum
        aliases: dict[tuple[Operation, int], int] = {}
        for value in wanted:
            readers = sorted(edges[value], key=lambda edge: (edge[0].id, edge[1]))
            aliases.update({edge: number for number, edge in enumerate(readers)})
        fans = {value: len(edges[value]) for value in wanted}
        return fans, aliases

    def _sweeps(self) -> dict[Operation, Sweep]:
        last = len(self.asked) - 1
        return {
            op: Sweep(
                number=number,
                call=one.call,
                outputs=one.outputs,
                ys=one.ys,
                seeds=one.seeds,
                groups=one.groups,
                create=op in self.created,
                retain=number < last or self.through,
            )
            for number, (op, one) in enumerate(self.asked)
        }

    # -- variables --------------------------------------------------------------------------------

    def _versions(self) -> dict[Operation, Operation]:
        """What a read or an updating assign sees: the assigns that come before it."""
        versions: dict[Operation, Operation] = {}
        latest: dict[State, Operation] = {}
        for op in self.order:
            if op.role is Role.READ and op.payload.buffer:
                if op.payload in latest:
                    versions[op] = latest[op.payload]
            elif op.role is Role.READ and op.controls:
                before = {older.id: older for older in self._assigns_above(op)}
                if before:
                    versions[op] = before[max(before)]
            elif op.role is Role.ASSIGN:
                if op.target is not None and op.payload in latest:
                    versions[op] = latest[op.payload]
                latest[op.payload] = op
        return versions

    def _assigns_above(self, op: Operation) -> Iterable[Operation]:
        selected = self.selection.operations
        return [older for older in upstream([op]) if older.role is Role.ASSIGN and older.payload is op.payload
                and older in selected]  # fmt: skip

    def _updates(self, versions: dict[Operation, Operation]) -> list[Update]:
        assigns: dict[State, list[Operation]] = defaultdict(list)
        for op in self.order:
            if op.role is Role.ASSIGN:
                assigns[op.payload].append(op)
        fetched = set(self.fetches)
        fetched_memory = {_root(value, self.same) for value in fetched}
        seen_by_reads = set(versions.values())
        lonely = {
            state: ops[0] for state, ops in assigns.items() if len(ops) == 1 and ops[0] not in seen_by_reads
            and ops[0].values[0] not in fetched and not self._readers(ops[0].values[0])
        }  # fmt: skip
        kernels = self._kernels(lonely, assigns, versions) if self.passes.donate else set()
        updates = []
        sources: set[Value] = set()
        for state, ops in assigns.items():
            last = ops[-1]
            result = last.values[0]
            source = self.same.get(last.reads[0], last.reads[0])  # equal initial values are computed once
            shared = source in sources or _root(source, self.same) in fetched_memory
            copied = result in fetched_memory or (last.target is None and (not self._fresh(source) or shared))
            sources.add(source)
            kernel = source.op if source.op in kernels else None
            in_place = self.passes.donate and state in lonely and last.target is not None and _apart(source)
            updates.append(Update(state, last, kernel is not None or in_place, copied, kernel))
        return updates

    def _readers(self, value: Value) -> list[Operation]:
        """The operations of this run that read a value."""
        return [reader for reader in value.readers if reader in self.selection.operations]

    def _kernels(
        self, lonely: Mapping[State, Operation], assigns: Mapping[State, Sequence[Operation]],
        versions: Mapping[Operation, Operation],
    ) -> set[Operation]:  # fmt: skip
        """The kernels that may change variables themselves, at the end of the run, in place of making new tensors.

        Each of their values is only assigned to the variable that it was computed from, whose old one nobody needs
        then. What else they read is no variable that this run changes.
        """
        kept = {*self.fetches, *self.feeds, *self.same, *self.same.values()}

        def replaces(op: Operation, old: Value, new: Value) -> bool:
            read, assign = old.op, lonely.get(old.op.payload) if old.op.role is Role.READ else None
            alone = assign is not None and assign.target is None and self._readers(new) == [assign]
            known = read not in versions and old not in self.feed_number
            return alone and known and new not in kept and read.device == op.device

        def stays(other: Value) -> bool:
            root = _root(other, self.same).op
            return _apart(other) or (root.role is Role.READ and root.payload not in assigns)

        return {
            op for op in self.order
            if op.role is Role.CALL and hasattr(op.target, "in_place")
            and all(replaces(op, old, new) for old, new in zip(op.reads, op.values, strict=False))
            and all(stays(other) for other in op.reads[len(op.values) :])
        }  # fmt: skip

    def _fresh(self, value: Value) -> bool:
        """Whether its operation allocates its memory in each run."""
        if value.op.role is not Role.CALL or value in self.folded:
            return False
        return value.op.signature is None or value.op.signature.aliases[value.index] is None

    def _states(self, updates: list[Update]) -> tuple[State, ...]:
        states: dict[State, None] = {}
        for op in self.order:
            if op.role is Role.READ or (op.role is Role.ASSIGN and op.target is not None):
                states.setdefault(op.payload)
        return tuple(states)

    def _exports(self, updates: list[Update]) -> tuple[tuple[int, ...], frozenset[int]]:
        """Fetches whose memory may be shared, and those that an in-place update would change."""
        roots = [_root(value, self.same) for value in self.fetches]
        memories = [_memory(root, self.same) for root in roots]
        readers = Counter(memories)
        assigned = {update.op.values[0] for update in updates} | {_root(update.op.reads[0]) for update in updates}
        arrays = any(isinstance(root.spec, ArraySpec) for root in roots)  # they may hold whatever else is fetched
        shared = tuple(
            number
            for number, value in enumerate(self.fetches)
            if arrays or not self._fresh(roots[number]) or readers[memories[number]] > 1 or value in assigned
        )
        donated = {update.state for update in updates if update.donated}
        cloned = frozenset(
            number for number in shared if donated and roots[number].op.role in (Role.READ, Role.GRADIENT, Role.ASSIGN)
        )
        return shared, cloned


def _root(value: Value, same: Mapping[Value, Value] = MappingProxyType({})) -> Value:
    """The value whose memory this one may share; `same` are the values that stand for equal ones."""
    value = same.get(value, value)
    while value.op.role is Role.CALL and value.op.signature is not None:
        position = value.op.signature.aliases[value.index]
        if position is None:
            break
        value = value.op.reads[position]
        value = same.get(value, value)
    return value


def _memory(root: Value, same: Mapping[Value, Value]) -> Value:
    """The value whose memory this root may share: what was assigned is the variable's new value."""
    while root.op.role is Role.ASSIGN and root.op.target is None:
        root = _root(root.op.reads[0], same)
    return root


def _apart(value: Value) -> bool:
    """Whether it surely shares no memory with a variable, so that variables may change while it is needed."""
    op = _root(value).op
    return _made_by_torch(op) if op.role is Role.GRADIENT else op.role in (Role.CALL, Role.CONSTANT, Role.PLACEHOLDER)


def _made_by_torch(op: Operation) -> bool:
    """Whether this is a gradients() call whose results are no tensors that are there already."""
    return op.role is Role.GRADIENT and op.payload.made_by_torch
