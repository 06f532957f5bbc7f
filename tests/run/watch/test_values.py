"""Values: the figures of forward values and gradients, beside numbers known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float64, [2], name="x")


def watched(fetches: Any, feeds: Any) -> gg.watch.Values:
    watch = gg.watch.Values()
    initializer = gg.global_variables_initializer()
    with gg.Session() as session:
        session.run(initializer)
        session.run(fetches, feeds, watch=watch)
    return watch


def test_a_loss_and_its_gradients(x: Any) -> None:
    w = gg.Variable(np.array([3.0, 4.0]), name="w")
    h = gg.multiply(w, x, name="h")
    loss = gg.reduce_sum(h * h, name="loss")
    (g,) = gg.gradients(loss, w)
    found = watched(g, {x: [1.0, 2.0]}).measures
    norms = {(value.name, call and call.name): figures.norm for (value, call), figures in found.items()}
    assert norms["loss:0", None] == 3.0**2 + 8.0**2
    assert norms["h:0", "gradients/vjp"] == pytest.approx(2 * np.hypot(3, 8))
    assert norms["w:0", "gradients/vjp"] == pytest.approx(np.hypot(6, 32)) == norms["gradients/vjp:0", None]
    assert norms["w:0", None] == 5.0


def test_every_call_has_figures_of_its_own(x: Any) -> None:
    y = x * x
    one, two = gg.gradients(y, x, name="one")[0], gg.gradients(3.0 * y, x, name="two")[0]
    found = watched([one, two], {x: [1.0, 1.0]}).measures
    assert found[y._value, one.op].high == 1.0 and found[y._value, two.op].high == 3.0


def test_outputs_are_told_apart_and_read_together(x: Any) -> None:
    top, low = torch.unbind(x)
    found = watched([top, low], {x: [3.0, -4.0]})
    assert [found.measures[each._value, None].low for each in (top, low)] == [3.0, -4.0]
    reading = found.readings()[top.op, None]
    assert reading.text == "5.0e+00" and "norm 5" in reading.detail


def test_integers_sizes_and_merged_operations(x: Any) -> None:
    rows = gg.placeholder(gg.float64, [None], name="rows")
    size = gg.shape(rows)[0]
    one, two = gg.sin(x), gg.sin(x)
    found = watched([one, two, size, x > 0], {x: [1.0, 2.0], rows: [1.0]}).measures
    assert found[one._value, None] == found[two._value, None]


def test_readings_have_levels_and_alarms(x: Any) -> None:
    zero, small, large = gg.multiply(x, 0.0, name="zero"), x * 1e-3, x * 1e3
    bad = gg.log(gg.minimum(x, 0.0))
    found = watched([zero, small, large, bad, gg.exp(large)], {x: [1.0, 2.0]}).readings()
    assert (found[zero.op, None].alarm, found[zero.op, None].text) == ("zero", "0")
    assert found[bad.op, None].alarm == "inf"
    assert 0 < found[x.op, None].level < found[large.op, None].level == 1.0
    assert found[small.op, None].text == "2.2e-03"


def test_it_keeps_what_was_measured_last(x: Any) -> None:
    watch = gg.watch.Values()
    y = gg.exp(x)
    with gg.Session() as session:
        session.run(y, {x: [0.0, 0.0]}, watch=watch)
        session.run(x * 2.0, {x: [5.0, 5.0]}, watch=watch)
    assert watch.measures[x._value, None].low == 5.0 and watch.measures[y._value, None].low == 1.0
    watch.reset()
    assert watch.measures == {} and "no values yet" in str(watch) and watch.readings() == {}


def test_what_was_measured_before_a_failure_stays(x: Any) -> None:
    watch = gg.watch.Values()
    y = gg.log(x)
    with gg.Session() as session, pytest.raises(gg.watch.NonFiniteError):
        session.run(y, {x: [0.0, 1.0]}, watch=[watch, gg.watch.NaN()])
    assert watch.measures[x._value, None].zeros == 1


def test_a_notebook_shows_a_table(x: Any) -> None:
    html = watched(gg.exp(x, name="y"), {x: [0.0, 1.0]})._repr_html_()
    assert html.count("<tr>") == 3 and "y:0" in html
