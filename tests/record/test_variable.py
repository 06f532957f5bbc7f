"""Variables: reads, assigns, and parameters that become variables."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.graph.operation import Role
from graphgrad.record.variable import Variable, captured, may_equal


@pytest.fixture
def v():
    return gg.Variable([1.0, 2.0], name="v")


# -- reads ----------------------------------------------------------------------------------------------


def test_a_variable_is_the_tensor_of_its_read(v):
    assert isinstance(v, gg.Tensor) and v.op.role is Role.READ and v.name == "v:0"
    assert v.shape == [2] and v.dtype is torch.float32
    assert repr(v) == "<Variable 'v:0' float32[2]>"


def test_uses_share_a_read(v):
    y, z = v * 2, torch.sin(v)
    assert y.op.reads[0] is z.op.reads[0] is v._value


def test_uses_inside_control_dependencies_read_anew(v):
    with gg.control_dependencies([gg.no_op("first")]):
        y = v * 2
    assert y.op.reads[0] is not v._value
    assert [op.name for op in y.op.reads[0].op.controls] == ["first"]


def test_a_new_read_is_an_ordinary_tensor_named_after_the_variable(v):
    with gg.name_scope("elsewhere"):
        read = v.read_value()
    assert type(read) is gg.Tensor and read.name == "v/read:0"
    assert type(v.value()) is gg.Tensor
    assert v.state.reads == [v._value, read._value, v.state.reads[2]]


def test_its_handle_is_the_variable_itself(v):
    assert v.op.outputs == (v,) and v.graph.get_tensor_by_name("v:0") is v


# -- assigns --------------------------------------------------------------------------------------------


def test_assigns_give_the_new_value(v):
    with gg.Session() as session:
        session.run(v.initializer)
        assert session.run(v.assign([5.0, 6.0])).tolist() == [5, 6]
        assert session.run(v.assign_add([1.0, 1.0])).tolist() == [6, 7]
        assert session.run(v.assign_sub([2.0, 2.0])).tolist() == [4, 5]
        assert session.run(v.assign_sub([2.0, 2.0], alpha=0.5)).tolist() == [3, 4]
        assert session.run(v.assign_add(10.0)).tolist() == [13, 14]


def test_the_types_and_names_of_assigns(v):
    assert [op.type for op in (v.assign(v * 1).op, v.assign_add(v * 1).op, v.assign_sub(v * 1).op)] == [
        "Assign",
        "AssignAdd",
        "AssignSub",
    ]
    assert v.assign([1.0, 1.0], name="set").name == "set:0"


@pytest.mark.parametrize("value", [[1.0], [[1.0, 2.0]], 3.0, np.ones(3)], ids=repr)
def test_a_value_of_another_shape_is_refused(v, value):
    with pytest.raises(ValueError, match=r"does not fit the variable's \[2\]"):
        v.assign(value)


def test_an_update_does_not_broadcast_but_for_scalars(v):
    for update in (v.assign_add, v.assign_sub):
        with pytest.raises(ValueError, match="does not fit"):
            update([1.0])
        with pytest.raises(ValueError, match="does not fit"):
            update([[1.0, 1.0], [1.0, 1.0]])


def test_a_tensor_of_another_dtype_is_refused_and_numbers_are_converted(v):
    with pytest.raises(gg.errors.ArgumentTypeError, match=r"cast it with \.to\(variable\.dtype\)"):
        v.assign(gg.ones([2], gg.float64))
    assert v.assign(np.ones(2)).op.reads[0].spec.dtype is torch.float32
    assert v.assign(torch.ones(2, dtype=torch.float64)).op.reads[0].spec.dtype is torch.float32


@pytest.mark.parametrize("value", [1.5, [0.5], np.float64(2.5)], ids=repr)
def test_a_fraction_does_not_become_an_integer(value):
    k = gg.Variable(np.zeros(np.shape(value), np.int32))
    for assign in (k.assign, k.assign_add, k.assign_sub):
        with pytest.raises((TypeError, ValueError)):
            assign(value)


def test_a_tensor_of_another_graph_is_refused(v):
    with gg.Graph().as_default():
        stranger = gg.ones([2], name="stranger")
    with pytest.raises(ValueError, match="stranger:0 and the variable v belong to different graphs"):
        v.assign(stranger)


def test_a_value_of_unknown_shape_may_fit(v):
    x = gg.placeholder(gg.float32, [None])
    update = v.assign(x)
    with gg.Session() as session:
        assert session.run(update, {x: [3, 4]}).tolist() == [3, 4]
        with pytest.raises(gg.errors.InvalidArgumentError, match="shape"):
            session.run(update, {x: [3, 4, 5]})


@pytest.mark.parametrize("how", ["assign", "assign_add", "assign_sub"])
@pytest.mark.parametrize("fed", [np.ones((3, 2)), np.ones(3), np.ones(1)], ids=lambda fed: str(fed.shape))
@pytest.mark.parametrize("fetched", [True, False])
def test_a_variable_keeps_its_shape_whatever_a_run_brings(v, how, fed, fetched):
    other, x = gg.Variable([1.0, 1.0]), gg.placeholder(gg.float32)
    first, update = other.assign_add([1.0, 1.0]), getattr(v, how)(x)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        with pytest.raises(gg.errors.InvalidArgumentError):
            session.run([first, update] if fetched else [first.op, update.op], {x: fed})
        assert [each.tolist() for each in session.run([v, other])] == [[1, 2], [1, 1]]


def test_a_scalar_may_be_added_by_a_run(v):
    x = gg.placeholder(gg.float32, [])
    with gg.Session() as session:
        session.run(v.initializer)
        session.run(v.assign_add(x).op, {x: 5.0})
        assert session.run(v).tolist() == [6, 7]


def test_a_variable_may_be_assigned_another(v):
    w = gg.Variable([7.0, 8.0])
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert session.run(v.assign(w)).tolist() == [7, 8]


@pytest.mark.parametrize(
    ("shape", "wanted", "fits"),
    [
        ((2,), (2,), True),
        ((None,), (2,), True),
        (None, (2,), True),
        ((2,), None, True),
        ((3,), (2,), False),
        ((), (2,), False),
    ],
)
def test_shapes_that_may_be_equal(shape, wanted, fits):
    assert may_equal(shape, wanted) is fits


# -- initial values -------------------------------------------------------------------------------------


def test_the_initial_value(v):
    with gg.Session() as session:
        assert session.run(v.initial_value).tolist() == [1, 2]


# -- parameters -----------------------------------------------------------------------------------------


def test_a_parameter_is_captured_once_per_graph():
    weight, graph = torch.nn.Parameter(torch.ones(2)), gg.get_default_graph()
    state = captured(graph, weight)
    assert captured(graph, weight) is state
    assert captured(gg.Graph(), weight) is not state
    variable = state.variable
    assert variable.initial_value is weight and variable.initializer is None and variable.trainable


def test_the_variable_of_a_parameter_is_made_when_asked_for_and_is_one(v):
    weight, graph = torch.nn.Parameter(torch.ones(2)), v.graph
    v * weight
    last = gg.Variable([1.0], name="last")
    first, second, third = gg.global_variables()
    assert first is v and third is last
    assert second is graph.get_tensor_by_name(second.name) is second.op.outputs[0]
    assert second is captured(graph, weight).variable
    assert [each.name for each in gg.trainable_variables()] == [v.name, second.name, last.name]


def test_the_tensor_of_a_parameter_by_name_is_its_variable():
    weight = torch.nn.Parameter(torch.ones(2))
    y = gg.placeholder(gg.float32, [2]) * weight
    by_name = y.graph.get_tensor_by_name(y.op.inputs[1].name)
    assert by_name is y.op.inputs[1] is gg.trainable_variables()[0]
    assert isinstance(by_name, Variable)


def test_a_captured_parameter_is_no_part_of_a_scope_or_an_order():
    weight = torch.nn.Parameter(torch.ones(2))
    x = gg.placeholder(gg.float32, [2])
    with gg.name_scope("layer"), gg.control_dependencies([gg.no_op()]):
        x * weight
    (variable,) = gg.trainable_variables()
    assert variable.name == "parameter:0" and variable.op.control_inputs == ()


def test_two_parameters_that_come_and_go_are_two_variables():
    x = gg.placeholder(gg.float32, [2])
    results = [x * torch.nn.Parameter(torch.full((2,), float(n))) for n in range(10)]
    assert len(gg.trainable_variables()) == 10
    with gg.Session() as session:
        found = session.run(results, {x: [1, 1]})
    assert [each.tolist() for each in found] == [[n, n] for n in range(10)]


def test_a_tensor_with_a_history_names_its_parameter():
    layer = torch.nn.Linear(2, 3)
    x = gg.placeholder(gg.float32, [3])
    with pytest.raises(ValueError, match=r"a parameter of shape \[3, 2\]") as caught:
        x * layer.weight.sum(1)
    assert "detach" in str(caught.value) and "gg.record" in str(caught.value)


def test_a_tensor_with_a_history_of_a_recorded_module_names_it():
    layer = torch.nn.Linear(2, 3)
    layer(gg.placeholder(gg.float32, [1, 2]))
    with pytest.raises(ValueError, match="linear/weight"):
        gg.placeholder(gg.float32, [3]) * layer.weight.sum(1)


def test_what_a_variable_cannot_do(v):
    for call in (lambda: float(v), lambda: v.numpy(), lambda: bool(v)):
        with pytest.raises(TypeError, match="no value yet"):
            call()


def test_assigns_take_tf1s_arguments_in_tf1s_order():
    v = gg.Variable([1.0, 2.0])
    for method, wanted in (("assign", [3.0, 3.0]), ("assign_add", [4.0, 5.0]), ("assign_sub", [-2.0, -1.0])):
        new = getattr(v, method)([3.0, 3.0], True, f"my_{method}")
        op = getattr(v, method)([3.0, 3.0], False, None, False)
        assert new.op.name == f"my_{method}" and isinstance(op, gg.Operation)
        for fetch in (new, op):
            with gg.Session() as sess:
                sess.run(v.initializer)
                answer = sess.run(fetch)
                assert (answer is None) if fetch is op else (answer.tolist() == wanted)
                assert sess.run(v).tolist() == wanted
