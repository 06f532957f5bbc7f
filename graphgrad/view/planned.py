"""The plan of a run as rows in the order in which they run, with the life of each value; and as a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..autodiff.adjoint import PathStep, Product, adjoint
from ..autodiff.reach import restricted
from ..graph.operation import Operation, Role, Value
from ..ground.late import networkx
from ..plan.steps import Plan, Step, Sweep
from .forward import ROLES, add_operation, add_read
from .gradient_graph import Graph

NAMES = 3  # of xs and ys that a sweep's line tells


@dataclass
class Row:
    """One line of a plan.

    Attributes:
        number: its place in the order of the run; 0 for what is fed.
        key: unique: the name of its operation, of the fed tensor where one is fed.
        kind: 'feed', 'step', 'sweep' (a call of `torch.autograd.grad`) or 'update' (a variable, in place).
        note: what it is about: its name, or what a sweep differentiates.
        tags: what there is to say of it, as 'taped' or 'in place'.
        reads, gives: values, those that stand for equal ones in the place of these.
    """

    number: int
    op: Operation
    key: str
    kind: str
    note: str
    tags: tuple[str, ...] = ()
    reads: tuple[Value, ...] = ()
    gives: tuple[Value, ...] = ()

    @property
    def title(self) -> str:
        """The type of its operation."""
        return {"ReadVariable": "Variable", "Const": "Constant"}.get(self.op.type, self.op.type)

    @property
    def roles(self) -> tuple[str, ...]:
        """What decides its form, and its tags."""
        form = "placeholder" if self.kind == "feed" else ROLES.get(self.op.role, "")
        return ((form,) if form else ()) + self.tags


@dataclass
class Life:
    """How long a value is there, in positions of rows.

    Attributes:
        born, uses, died: where it comes from, is read, and is read last.
        held: the last sweep whose derivative depends on it; until then the tape may keep it.
        stays: where it goes at the end, 'fetched' or 'assigned'; '' if it dies.
        borrowed: whether its memory is not the run's own: fed, a variable's or a constant.
    """

    value: Value
    born: int
    uses: list[int] = field(default_factory=list)
    held: int = -1
    stays: str = ""
    borrowed: bool = False

    @property
    def died(self) -> int:
        return max([self.born, *self.uses])

    @property
    def end(self) -> int:
        """The last row at which it takes memory."""
        return max(self.died, self.held)


@dataclass
class Planned:
    """A plan to draw.

    Attributes:
        rows: in the order in which they run, the fed values first.
        lives: in the order of birth.
        spans: per sweep, its row, and the rows of what it differentiates.
    """

    rows: list[Row]
    lives: list[Life]
    spans: list[tuple[int, list[int]]]


def planned(plan: Plan) -> Planned:
    """The rows of a plan, and what becomes of the values."""
    rows = list(_rows(plan))
    lives = _lives(plan, rows)
    place = {row.op: n for n, row in enumerate(rows) if row.kind != "feed"}
    spans = []
    for op, sweep in plan.sweeps.items():
        path = _path(sweep)
        ops = [step.node for step in path if isinstance(step.node, Operation)]
        passed = ops + [older for older in sweep.call.through if any(isinstance(step.node, Product) for step in path)]
        spans.append((place[op], sorted(place[each] for each in passed if each in place)))
    return Planned(rows, list(lives.values()), spans)


def _path(sweep: Sweep) -> list[PathStep]:
    """The part of its call's path that a sweep walks."""
    if len(sweep.groups) == len(sweep.call.xs):
        return sweep.call.path
    return restricted(sweep.call.path, {value for group in sweep.groups for value in group})


# -- rows -----------------------------------------------------------------------------------------


def _rows(plan: Plan) -> Iterator[Row]:
    passed = {step.op.values[index] for step in plan.steps for index in step.fed}
    in_place = {update.op for update in plan.updates if update.donated}
    fetched, also = set(plan.fetches), _merged(plan)
    for value in plan.feeds:
        if value not in passed:
            name = value.name.removesuffix(":0")
            tags = ("x", "fed") if value in plan.roots else ("fed",)
            yield Row(0, value.op, name, "feed", name, tags, (), (value,))
    number, last = 0, []
    for step in plan.steps:
        if step.op in in_place:
            last.append(step)
        elif step.op.role is not Role.GROUP:
            number += 1
            yield _row(plan, number, step, fetched, also)
    for step in last:
        number += 1
        reads = tuple(plan.same.get(value, value) for value in step.op.reads)
        yield Row(number, step.op, step.op.name, "update", step.op.payload.name, ("in place",), reads)


def _merged(plan: Plan) -> dict[Value, list[str]]:
    """By value, the names of the equal ones that it stands for."""
    found: dict[Value, list[str]] = {}
    for value, kept in plan.same.items():
        found.setdefault(kept, []).append(value.name.removesuffix(":0"))
    return found


def _row(plan: Plan, number: int, step: Step, fetched: set[Value], also: dict[Value, list[str]]) -> Row:
    op, given = step.op, set(plan.feeds)
    tags = list(_tags(plan, step))
    gives = [value for n, value in enumerate(op.values) if value not in given or n in step.fed]
    if op.role is Role.GRADIENT:
        sweep = plan.sweeps[op]
        gives = [value for value in gives if value.index in sweep.outputs]
        reads = [*sweep.ys, *(seed for seed in sweep.seeds if seed is not None), *(v for g in sweep.groups for v in g)]
        kind, note = "sweep", _sweep_note(sweep)
    else:
        kind, note, reads = "step", op.name, list(op.reads)
        if (earlier := plan.versions.get(op)) is not None:
            reads.append(earlier.values[0])
    if op.role is Role.ASSIGN:
        note = op.payload.name
    if names := [name for value in gives for name in also.get(value, ())]:
        tags.append(f"also {_few(names)}")
    if any(value in fetched for value in gives):
        tags.append("fetched")
    seen = tuple(dict.fromkeys(plan.same.get(value, value) for value in reads))
    return Row(number, op, op.name, kind, note, tuple(tags), seen, tuple(gives))


def _tags(plan: Plan, step: Step) -> Iterator[str]:
    if step.gates:
        sweeps = sorted({number + 1 for gate in step.gates.values() for number in gate})
        yield "stop"
        yield f"stop in sweep {_few([str(number) for number in sweeps])}"
    if step.roots:
        yield "x"
    if step.fed:
        yield "fed"
    if step.tape:
        yield "taped"
    if getattr(step.op.signature, "random", False):
        yield "random"
    if step.op.role is Role.ASSIGN:
        yield "new value"
    if step.op in plan.sweeps:
        yield f"sweep {plan.sweeps[step.op].number + 1}"
        if plan.sweeps[step.op].create:
            yield "differentiated again"


def _sweep_note(sweep: Sweep) -> str:
    """`d loss / d w, b`, in short."""
    ys = [y.name.removesuffix(":0").rpartition("/")[2] for y in sweep.ys]
    xs = [group[0].name.removesuffix(":0").rpartition("/")[2] for group in sweep.groups]
    return f"d {_few(ys)} / d {_few(xs)}"


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= NAMES else f"{', '.join(names[:NAMES])}, … {len(names)} in all"


# -- lives ----------------------------------------------------------------------------------------


def _lives(plan: Plan, rows: list[Row]) -> dict[Value, Life]:
    found: dict[Value, Life] = {}
    for n, row in enumerate(rows):
        for value in row.gives:
            borrowed = row.kind == "feed" or row.op.role in (Role.READ, Role.CONSTANT)
            found[value] = Life(value, n, borrowed=borrowed)
        for value in row.reads:
            if value in found:
                found[value].uses.append(n)
    for value in plan.fetches:
        if value in found:
            found[value].stays = "fetched"
    for update in plan.updates:
        if not update.donated and update.op.values[0] in found:
            found[update.op.values[0]].stays = "assigned"
    place = {row.op: n for n, row in enumerate(rows) if row.kind == "sweep"}
    for op, sweep in plan.sweeps.items():
        for value in _needed(op, sweep):
            life = found.get(plan.same.get(value, value))
            if life is not None:
                life.held = max(life.held, place[op])
    return found


def _needed(op: Operation, sweep: Sweep) -> Iterator[Value]:
    """The values that the derivatives of a sweep depend on."""
    walked = {step.node for step in _path(sweep)}
    for product in adjoint(op):
        if product.node is None or product.node not in walked:
            continue
        width = len(product.node.reads) + len(product.node.values)
        positions = {i for connected in product.derivative.connects for i in connected if i < width}
        yield from (value for i in sorted(positions) if isinstance(value := product.reads[i], Value))


# -- the graph ------------------------------------------------------------------------------------


def plan_graph(plan: Plan) -> Graph:
    """A plan as a graph: what is fed and each step as forward nodes, in the order in which they run.

    Besides the attributes that `gradient_graph` documents, a node has `step`, its number (0 for what is fed), and
    `dies`, the names of the values that are not needed after it.
    """
    found = planned(plan)
    graph: Graph = networkx.MultiDiGraph()
    dying: dict[int, list[str]] = {}
    for life in found.lives:
        if not life.stays and not life.borrowed:
            dying.setdefault(life.end, []).append(life.value.name)
    maker: dict[Value, str] = {}
    for n, row in enumerate(found.rows):
        title = f"{row.number}: {row.op.type}" if row.number else row.op.type
        taped = "taped" in row.tags or row.kind in ("feed", "sweep", "update")
        add_operation(
            graph, row.op, row.key, row.roles, type=title, on_path=taped, step=row.number, dies=tuple(dying.get(n, ())),
            outputs=tuple(_specs(row)),
        )  # fmt: skip
        for position, value in enumerate(row.reads):
            if value in maker:
                add_read(graph, maker[value], row.key, value, position, carries=taped)
        maker.update(dict.fromkeys(row.gives, row.key))
    return graph


def _specs(row: Row) -> Iterable[str]:
    return (repr(value.spec) for value in row.gives)
