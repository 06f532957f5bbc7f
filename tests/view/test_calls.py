"""Which recorded call a picture shows, by what was asked."""

from typing import Any

import graphgrad as gg
from graphgrad.autodiff.arguments import question
from graphgrad.view.calls import Calls, same
from graphgrad.view.gradient_graph import gradient_graph
from tests.view.pictures import higher


def parts() -> tuple[Any, Any, Any, Any]:
    x, w = gg.constant(2.0, name="x"), gg.constant(3.0, name="w")
    y = gg.multiply(gg.sin(x, name="s"), w, name="y")
    return x, w, y, gg.exp(x, name="other")


def test_ys_and_stops_decide() -> None:
    x, w, y, other = parts()
    s = y.op.inputs[0]
    calls = [gg.gradients(y, x)[0].op, gg.gradients(other, x)[0].op, gg.gradients(y, [s, w], stop_gradients=[s])[0].op]
    assert same(question(y, x, None), calls) is calls[0]
    assert same(question(other, x, None), calls) is calls[1]
    assert same(question(y, w, [s]), calls) is calls[2]
    assert same(question(y, x, [w]), calls) is None
    assert same(question(y, x, None), calls[1:]) is None
    assert same(question(y, x, None), []) is None


def test_more_ys_than_asked_is_another_gradient() -> None:
    x, _, y, other = parts()
    both, one = gg.gradients([y, other], x)[0].op, gg.gradients(y, x)[0].op
    assert same(question(y, x, None), [both]) is None
    assert same(question([y, other], x, None), [both, one]) is both


def test_ys_that_no_x_reaches_do_not_count() -> None:
    x, w, y, other = parts()
    call = gg.gradients([y, other], w)[0].op  # other does not depend on w
    assert same(question([y, other], w, None), [call]) is call


def test_the_most_xs_in_common_and_then_the_latest() -> None:
    x, w, y, _ = parts()
    first, both, last = gg.gradients(y, x)[0].op, gg.gradients(y, [x, w])[0].op, gg.gradients(y, x)[0].op
    assert same(question(y, [x, w], None), [last, both, first]) is both
    assert same(question(y, x, None), [first, last]) is last
    assert same(question(y, x, None), [last, first]) is last


def test_nodes_of_older_calls_are_told_from_those_that_are_drawn() -> None:
    ys, xs, _ = higher(2)
    graph, asked = gradient_graph(ys, xs), question(ys, xs, None)
    calls = Calls(graph, asked)
    assert sorted(calls.results.values()) == ["gradient(w:0)", "gradient(x:0)"]
    first = gg.get_default_graph().get_operation_by_name("gradients/vjp")
    assert set(calls.recorded.values()) == {first}
    adjoint = {key for key, node in graph.nodes(data=True) if node["kind"] != "forward"}
    assert calls.own.isdisjoint(calls.recorded) and calls.own | set(calls.recorded) == adjoint
    assert calls.recorded["gradient(gradients/vjp:0)"] is first and "d(d(mul))" in calls.own


def test_an_x_that_is_a_gradient() -> None:
    x = gg.constant(2.0, name="x")
    (g,) = gg.gradients(gg.sin(x), x)
    y = g * g
    calls = Calls(gradient_graph(y, g), question(y, g, None))
    assert list(calls.results.values()) == ["gradient(gradients/vjp:0) [2]"]
    assert calls.own >= {"gradient(gradients/vjp:0) [2]", "d(mul)"}
