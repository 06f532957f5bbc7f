"""What a name or an object means in a graph."""

import pytest

import graphgrad as gg


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2], name="x")


def test_names_tensors_operations_and_variables(x):
    graph, v = gg.get_default_graph(), gg.Variable([1.0, 2.0], name="v")
    for thing in ("x:0", b"x:0", x):
        assert graph.as_graph_element(thing) is x
    for thing in ("x", b"x", x.op):
        assert graph.as_graph_element(thing) is x.op
    assert graph.as_graph_element(v).op is v.op


def test_an_object_may_say_what_it_means(x):
    class Wrapped:
        def _as_graph_element(self):
            return x

    assert gg.get_default_graph().as_graph_element(Wrapped()) is x


@pytest.mark.parametrize(
    ("thing", "options", "error"),
    [
        ("nobody", {}, KeyError),
        ("nobody:0", {}, KeyError),
        ("x:0:0", {}, ValueError),
        ("x", {"allow_operation": False}, ValueError),
        ("x:0", {"allow_tensor": False}, ValueError),
        ("x", {"allow_tensor": False, "allow_operation": False}, ValueError),
        (3.0, {}, TypeError),
        (None, {}, TypeError),
    ],
    ids=str,
)
def test_what_is_refused(x, thing, options, error):
    with pytest.raises(error):
        gg.get_default_graph().as_graph_element(thing, **options)


def test_what_is_of_another_graph_is_refused(x):
    with pytest.raises(ValueError, match="another graph"):
        gg.Graph().as_graph_element(x)


def test_control_inputs(x):
    with gg.control_dependencies([x, "x", "x:0", x.op]):
        waiting = gg.no_op()
    assert list(waiting.control_inputs) == [x.op]
    with pytest.raises(TypeError, match="control input"), gg.control_dependencies([3.0]):
        pass
