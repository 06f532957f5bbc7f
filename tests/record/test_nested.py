"""Bodies: a function recorded as a graph of its own, and the operation that calls it."""

import pytest
import torch

import graphgrad as gg
from graphgrad.graph.lint import lint
from graphgrad.ground.spec import declared
from graphgrad.record.infer import Leaf
from graphgrad.record.nested import Nested, assigned_in, promote, state_in, structured, trace

SCALAR = declared((), torch.float32)


@pytest.fixture
def graph():
    return gg.get_default_graph()


def test_a_traced_function_has_arguments_captures_and_outputs(graph):
    x = gg.constant(2.0, name="x")
    body = trace(graph, lambda a, b: (a * x, {"b": b}), [SCALAR, SCALAR], ["a", "b"])
    assert [value.name for value in body.inputs] == ["a:0", "b:0"]
    assert body.captured == (x._value,)
    assert [value.name for value in body.placeholders] == ["a:0", "b:0", "x:0"]
    assert [value.name for value in body.outputs] == ["mul:0", "b:0"]
    assert body.outputs[1] is body.inputs[1]
    product, rest = body.structure
    assert (type(product), product.index) == (Leaf, 0) and rest["b"].index == 1
    assert lint(body.graph) == [] and len(graph) == 1


def test_what_a_function_returns_without_having_made_it_is_captured(graph):
    x, v = gg.constant(2.0, name="x"), gg.Variable(1.0, name="v")
    body = trace(graph, lambda: [x, v, x], (), ())
    assert [value.op.type for value in body.outputs] == ["Capture"] * 3
    assert body.captured == (x._value, v._value) and body.outputs[0] is body.outputs[2]


def test_sizes_are_values_too(graph):
    x = gg.placeholder(gg.float32, [None, 3])
    body = trace(graph, lambda: x.shape[0], (), ())
    assert len(body.outputs) == 1 and len(body.captured) == 1


def test_none_and_operations_are_no_outputs(graph):
    body = trace(graph, lambda: (None, gg.no_op()), (), ())
    assert body.outputs == () and body.structure[0] is None


def test_a_python_object_is_no_result(graph):
    with pytest.raises(TypeError, match="returned 'text', which is no tensor"):
        trace(graph, lambda: "text", (), ())


def test_whether_a_body_draws_or_attends(graph):
    q = gg.ones([1, 1, 2, 2])
    plain = trace(graph, lambda: q * 2.0, (), ())
    drawing = trace(graph, lambda: gg.random_normal([2]), (), ())
    attending = trace(graph, lambda: torch.nn.functional.scaled_dot_product_attention(q, q, q), (), ())
    assert [(body.random, body.attention) for body in (plain, drawing, attending)] == [
        (False, False), (True, False), (False, True),
    ]  # fmt: skip
    signature = Nested([], [], None, (plain, drawing))
    assert signature.random and not signature.attention
    inner = trace(graph, lambda: gg.cond(q[0, 0, 0, 0] > 0, lambda: gg.random_normal([]), lambda: gg.zeros([])), (), ())
    assert inner.random


def test_a_program_is_made_once_per_kind(graph):
    body = trace(graph, lambda a: a * 2.0, [SCALAR], ["a"])
    assert body.program(False, "cpu") is body.program(False, "cpu")
    assert body.program(True, "cpu") is not body.program(False, "cpu")
    assert body.program(False, "cpu")(torch.tensor(3.0)) == (torch.tensor(6.0),)


def test_the_value_of_a_variable_at_the_end_of_a_body(graph):
    v, w = gg.Variable(1.0, name="v"), gg.Variable(1.0, name="w")
    body = trace(graph, lambda: v.assign_add(2.0), (), ())
    assert assigned_in([body, body]) == [v.state]
    assert state_in(graph, v.state) is v._value
    assert state_in(body.graph, v.state) is body.graph.assigned[v.state] is body.outputs[0]
    assert state_in(body.graph, w.state) is body.graph.captures[w._value]


def test_a_capture_becomes_an_argument(graph):
    x = gg.constant(2.0)
    body = trace(graph, lambda a: a * x, [SCALAR], ["a"])
    inside = body.graph.captures[x._value]
    promote(body, x._value)
    assert body.inputs[1] is inside and body.captured == ()
    assert body.program(False, "cpu")(torch.tensor(3.0), torch.tensor(5.0)) == (torch.tensor(15.0),)


def test_buffers_are_after_a_trace_what_they_were_before(graph):
    norm = torch.nn.BatchNorm1d(2)
    x = gg.ones([3, 2])
    norm.eval()(x)
    norm.train()
    before = [variable._value for variable in gg.global_variables()]
    body = trace(graph, lambda: norm(x), (), ())
    assert [state.name.rpartition("/")[2] for state in assigned_in([body])] == [
        "num_batches_tracked", "running_mean", "running_var",
    ]  # fmt: skip
    assert [variable._value for variable in gg.global_variables()][: len(before)] == before
    assert all(op.graph is graph for variable in gg.global_variables() for op in [variable.op])


def test_buffers_are_what_they_were_after_an_error_too(graph):
    norm = torch.nn.BatchNorm1d(2)
    x = gg.ones([3, 2])

    def failing():
        norm(x)
        raise KeyError

    with pytest.raises(KeyError):
        trace(graph, failing, (), ())
    assert all(variable.op.graph is graph for variable in gg.global_variables())


def test_structured(graph):
    x = gg.constant(1.0)
    nest = structured({"a": Leaf(0), "b": (None, Leaf(1))}, [x._value, (x + 1)._value])
    assert nest["a"] is x and nest["b"][0] is None and nest["b"][1].op.type == "Add"


def test_an_operation_with_bodies_is_an_operation_like_any_other(graph):
    x = gg.constant(2.0, name="x")
    y = gg.cond(x > 0, lambda: x * 2.0, lambda: x, name="choice")
    op = y.op
    assert (op.type, op.role.value, [value.name for value in op.reads]) == ("Cond", "call", ["gt:0", "x:0"])
    assert op.traceback[0].endswith("test_nested.py")
    assert "choice" in repr(op) and [body.outputs[0].name for body in op.signature.bodies] == ["mul:0", "x:0"]
    assert graph.nx.number_of_edges("x", "choice") == 1
