"""BodyGraph: what comes in from the graphs around it, and what does not get out."""

import pytest

import graphgrad as gg
from graphgrad.graph.body import body_of, current_body, encloses, home, original, root_of, tracing
from graphgrad.graph.lint import lint


@pytest.fixture
def graph():
    return gg.get_default_graph()


def test_a_capture_is_made_once_and_has_the_name_of_what_it_stands_for(graph):
    x = gg.constant(1.0, name="x")
    with body_of(graph) as body:
        first, second = x + 1.0, x * 2.0
        assert first.graph is body and second.graph is body
        inside = body.captures[x._value]
        assert body.capture(x._value) is inside and body.capture(inside) is inside
    assert list(body.captures) == [x._value] and inside.name == "x:0"
    assert [op.name for op in graph.get_operations()] == ["x"]
    assert lint(body) == []


def test_a_value_from_further_out_is_captured_by_every_body_between(graph):
    x = gg.constant(1.0, name="x")
    with body_of(graph) as middle, body_of(middle) as inner:
        y = x + 1.0
    assert y.graph is inner
    assert list(middle.captures) == [x._value] and list(inner.captures) == [middle.captures[x._value]]
    assert original(inner.capture(x._value)) is x._value and len(inner.captures) == 1
    assert original(y._value) is y._value


def test_values_of_other_graphs_are_refused(graph):
    x = gg.constant(1.0)
    with body_of(graph) as first:
        y = x + 1.0
    with body_of(graph) as second, pytest.raises(ValueError, match="another graph: a branch or body can't read it"):
        second.capture(y._value)
    with gg.Graph().as_default() as other, body_of(other) as third, pytest.raises(ValueError, match="another graph"):
        third.capture(x._value)
    assert first is not second


def test_roots_and_enclosure(graph):
    with body_of(graph) as middle, body_of(middle) as inner:
        assert root_of(inner) is graph and root_of(graph) is graph
        assert encloses(graph, inner) and encloses(middle, inner) and not encloses(inner, middle)
        assert current_body() is inner
        assert home(graph) is inner and home(middle) is inner and home(inner) is inner
        assert home(gg.Graph()) is not inner
    assert current_body() is None and tracing.bodies == 0 and home(graph) is graph


def test_an_error_inside_leaves_no_body_open(graph):
    with pytest.raises(KeyError), body_of(graph):
        raise KeyError
    assert tracing.bodies == 0 and gg.get_default_graph() is graph


def test_collections_variables_and_the_seed_are_those_of_the_outermost(graph):
    gg.set_random_seed(5)
    with body_of(graph) as middle, body_of(middle) as inner:
        inner.add_to_collection("found", 1)
        assert inner.parameters is graph.parameters and inner.seed == 5
    assert graph.get_collection("found") == [1]


def test_operations_outside_that_a_body_waits_for(graph):
    x = gg.constant(1.0, name="x")
    with body_of(graph) as body:
        y = x + 1.0
        with gg.control_dependencies([x, y]):
            z = y * 2.0
    assert list(body.waits) == [x.op] and z.op.control_inputs == (y.op,)


def test_a_complete_body_takes_no_more_operations(graph):
    x = gg.constant(1.0)
    with body_of(graph) as body:
        y = x + 1.0
    with pytest.raises(RuntimeError, match="Sin reads a tensor from inside a branch or body that is complete"):
        gg.sin(y)
    assert body.capture(gg.constant(2.0)._value).op.type == "Capture"  # whoever calls it may hand in more
