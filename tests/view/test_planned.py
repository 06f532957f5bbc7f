"""The rows of a plan against the program that the session would run: its order, and where it deletes what."""

import re
from typing import Any

import pytest

import graphgrad as gg
from graphgrad.graph.operation import Operation, Role
from graphgrad.plan.plan import plan
from graphgrad.plan.steps import Plan
from graphgrad.run.emit import Program, emit
from graphgrad.view.planned import Planned, plan_graph, planned
from tests.view.pictures import deep, higher, stopped, trained


def program(made: Plan) -> Program:
    return emit(made)


def order(found: Planned) -> list[Operation]:
    return [row.op for row in found.rows if row.number]


PLANS: list[Any] = [trained, stopped, lambda: asked(higher(2)), lambda: asked(deep(2))]


def asked(each: Any) -> Plan:
    """The plan of the gradients of a question, everything fed that must be."""
    grads = [g for g in gg.gradients(*each[:2]) if g is not None]
    feeds = [op.values[0] for op in grads[0].graph.get_operations() if op.role is Role.PLACEHOLDER]
    return plan([g._value for g in grads], (), feeds)


@pytest.mark.parametrize("make", PLANS)
def test_steps_are_numbered_in_the_order_of_the_program(make: Any) -> None:
    made = make()
    found = planned(made)
    assert [row.number for row in found.rows if row.number] == list(range(1, len(order(found)) + 1))
    seen = [op for op in program(made).ops if op is not None]
    lines = list(dict.fromkeys(seen))
    mine = [op for op in order(found) if op in lines]  # updates in place share a line
    assert [op for op in lines if op in mine] == mine
    assert set(lines) <= set(order(found)) | {value.op for value in made.fetches}


@pytest.mark.parametrize("make", PLANS)
def test_values_die_where_the_program_deletes_them(make: Any) -> None:
    made = make()
    written = program(made)
    found = planned(made)
    deleted: dict[str, Operation | None] = {}
    for text, op in zip(written.text.splitlines(), written.ops, strict=False):
        for names in re.findall(r"(?:;|^ +) ?del ([\w, ]+)", text.partition("  #")[0]):
            deleted |= dict.fromkeys(names.split(", "), op)
    by_name = {re.sub(r"\W", "_", life.value.op.name): life for life in found.lives if len(life.value.op.values) == 1}
    compared = 0
    for name, op in deleted.items():
        life = by_name.get(name)
        if life is not None and op is not None and life.value.op.role is not Role.GRADIENT:
            assert found.rows[life.died].op is op, name
            compared += 1
    assert compared >= 3
    stay = set(made.fetches)
    assert {life.value for life in found.lives if life.stays == "fetched"} == stay & {one.value for one in found.lives}
    assert not {name for name in deleted if name in by_name and by_name[name].stays}


def test_what_a_sweep_needs_is_kept_for_it() -> None:
    x = gg.placeholder(gg.float32, [3], name="x")
    h = gg.exp(x, name="h")  # its derivative is its own output
    y = gg.reduce_sum(gg.sin(h, name="s"), name="y")
    made = plan([gg.gradients(y, x)[0]._value], (), [x._value])
    found = planned(made)
    lives = {life.value.op.name: life for life in found.lives}
    sweep = next(n for n, row in enumerate(found.rows) if row.kind == "sweep")
    assert lives["h"].held == sweep > lives["h"].died and lives["s"].held == -1 and lives["y"].died == sweep


def test_an_update_in_place_and_one_that_makes_a_new_value() -> None:
    made = trained()
    rows = planned(made).rows
    updates = [row for row in rows if row.kind == "update"]
    assert len(updates) == 4 and all("in place" in row.tags for row in updates)
    assert [row.key for row in rows[-4:]] == [row.key for row in updates]
    v = gg.Variable(1.0, name="v")
    change = v.assign(v * 2.0)
    found = planned(plan([change._value], (), ()))
    assert [row.tags for row in found.rows if row.op.role is Role.ASSIGN] == [("new value", "fetched")]
    assert next(life for life in found.lives if life.value.op.role is Role.ASSIGN).stays


def test_sweeps_tell_what_they_differentiate_and_stops_where_they_hold() -> None:
    found = planned(stopped())
    rows = {row.key: row for row in found.rows}
    assert rows["c"].tags == ("stop", "stop in sweep 1", "taped")
    assert [row.note for row in found.rows if row.kind == "sweep"] == [
        "d loss / d a, b", "d loss / d a", "d sum / d a",
    ]  # fmt: skip
    names = [[found.rows[n].key for n in path] for _, path in found.spans]
    assert names[1] == ["b", "c", "mul", "add", "loss"] and "c" not in names[0]
    assert "gradients/vjp" in names[2] and "differentiated again" in rows["gradients/vjp"].tags


def test_equal_operations_are_one_step_that_names_the_others() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.add(gg.sin(x, name="one"), gg.sin(x, name="two"), name="y")
    rows = {row.key: row for row in planned(plan([y._value], (), [x._value])).rows}
    assert "two" not in rows and rows["one"].tags == ("also two",)
    assert rows["x"].number == 0 and rows["x"].tags == ("fed",) and rows["y"].tags == ("fetched",)


def test_a_fed_intermediate_that_a_gradient_passes_runs_and_is_marked() -> None:
    x = gg.constant(2.0, name="x")
    h = gg.sin(x, name="h")
    (g,) = gg.gradients(h * h, x)
    rows = {row.key: row for row in planned(plan([g._value], (), [h._value])).rows}
    assert rows["h"].number and "fed" in rows["h"].tags


def test_the_graph_of_a_plan() -> None:
    made = stopped()
    graph = plan_graph(made)
    steps = [step for _, step in graph.nodes(data="step")]
    assert steps == list(range(len(graph))) and graph.nodes["a"]["roles"] == ("placeholder", "x", "fed")
    assert graph.nodes["mul"]["type"] == "4: Mul" and graph.nodes["c"]["roles"][0] == "stop"
    assert graph.nodes["add"]["dies"] == ("mul:0",) and graph.nodes["gradients/vjp"]["dies"] == ()
    order = {key: n for n, key in enumerate(graph)}
    assert all(order[a] < order[b] for a, b in graph.edges()) and graph.number_of_edges() > len(graph)


def test_nothing_to_run() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    found = planned(plan([x._value], (), [x._value]))
    assert [row.key for row in found.rows] == ["x"] and found.spans == []
