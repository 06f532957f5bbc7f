"""What is in a scope, arranged once for all scopes that look alike."""

import pytest

import graphgrad as gg
from graphgrad.view import interior
from graphgrad.view.gradient_graph import gradient_graph
from graphgrad.view.interior import Interiors
from graphgrad.view.layout import mirror_layout
from graphgrad.view.nesting import Unit
from tests.view.pictures import deep


def scope(*widths: float) -> Unit:
    """A scope of nodes in one row, as wide as that to each side."""
    found = Unit()
    found.children = [Unit(key=f"n{n}", parent=found, left=each, right=each) for n, each in enumerate(widths)]
    return found


def filled(*widths: float, label: float = 0.0) -> Unit:
    found = scope(*widths)
    Interiors().fill(found, found.children, label)
    return found


def test_nodes_of_a_row_stand_side_by_side() -> None:
    found = filled(10.0, 30.0)
    assert [unit.place for unit in found.children] == [0.0, 60.0]
    assert (found.left, found.right) == (22.0, 102.0)


def test_a_name_takes_its_room() -> None:
    found = filled(10.0, label=200.0)
    assert (found.left, found.right) == (190.0, 22.0)  # it ends at the right side of the node


def test_equal_scopes_are_arranged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    arranged = []
    monkeypatch.setattr(interior, "arrange", lambda items, arrange=interior.arrange: arranged.append(arrange(items)))
    interiors = Interiors()
    for widths in ((10.0, 30.0), (10.0, 30.0), (10.0, 31.0)):
        found = scope(*widths)
        interiors.fill(found, found.children, 0.0)
        assert [unit.place for unit in found.children] == [0.0, 30.0 + widths[1]]
    assert len(arranged) == 2


def test_blocks_that_repeat_are_translations_of_one_another() -> None:
    boxes = mirror_layout(deep(9).graph).boxes
    parts = ("norm/layer_norm", "up/linear", "relu", "down/linear", "add")
    shapes = set()
    for block in range(9):
        places = [boxes[f"deep/blocks/{block}/{part}"] for part in parts]
        shapes.add(tuple((round(box.x - places[0].x, 6), round(box.y - places[0].y, 6)) for box in places))
    assert len(shapes) == 1


def test_a_value_enters_above_what_reads_it_first() -> None:
    x = gg.constant(1.0, name="x")
    with gg.name_scope("scope"):
        y = gg.sin(gg.cos(gg.sin(x, name="a"), name="b"), name="c")
    boxes = mirror_layout(gradient_graph(y, x)).boxes
    assert len({boxes[key].x for key in ("x", "scope/a", "scope/b", "scope/c")}) == 1
