"""The ends of wires."""

import graphgrad as gg
from graphgrad.view.geometry import Wire
from graphgrad.view.gradient_graph import gradient_graph
from graphgrad.view.layout import mirror_layout


def wires_of(ys: object, xs: object) -> list[Wire]:
    return mirror_layout(gradient_graph(ys, xs)).wires


def test_two_reads_of_one_value_end_apart() -> None:
    x = gg.constant(2.0, name="x")
    reads = [wire for wire in wires_of(x * x, x) if wire.data["kind"] == "forward"]
    assert len(reads) == 2
    assert reads[0].points[0] == reads[1].points[0]
    assert reads[0].points[-1] != reads[1].points[-1]


def test_the_gradient_turns_round_at_y() -> None:
    x = gg.constant(2.0, name="x")
    (turn,) = [wire for wire in wires_of(gg.sin(x, name="y"), x) if wire.data["kind"] == "seed"]
    assert (turn.source, turn.target, turn.bend) == ("y", "d(y)", "u")
    assert turn.points[0][1] == turn.points[1][1]


def test_saved_values_cross_sideways() -> None:
    x = gg.constant(2.0, name="x")
    (saved,) = [wire for wire in wires_of(gg.sin(x, name="y"), x) if wire.data["kind"] == "saved"]
    assert (saved.source, saved.target, saved.bend) == ("x", "d(y)", "h")
    assert saved.points[0][0] < saved.points[1][0]


def test_outputs_leave_apart_and_in_order_of_where_they_go() -> None:
    x = gg.constant([[1.0, 2.0]], name="x")
    left, right = x.unbind(1)
    wires = {wire.target: wire for wire in wires_of(gg.sin(left, name="a") + gg.cos(right, name="b"), x)}
    assert (wires["a"].points[0][0] < wires["b"].points[0][0]) == (wires["a"].points[1][0] < wires["b"].points[1][0])
    assert wires["a"].points[0] != wires["b"].points[0]


def test_many_gradients_into_one_sum_share_their_end() -> None:
    x = gg.constant(2.0, name="x")
    ends = {
        wire.points[-1] for wire in wires_of(gg.add_n([gg.sin(x) for _ in range(20)]), x) if wire.target == "sum(x:0)"
    }
    assert len(ends) == 1
