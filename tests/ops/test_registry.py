"""The registry, gradient_override_map and prevent_gradient."""

import itertools

import numpy as np
import pytest
import torch

import graphgrad as gg

_numbers = itertools.count()


def registered(rule):
    """The name under which the rule was registered: one of its own, since the registry outlives a test."""
    name = f"TestGradient{next(_numbers)}"
    assert gg.RegisterGradient(name)(rule) is rule
    return name


def mapped(op_type, name):
    return gg.get_default_graph().gradient_override_map({op_type: name})


def halved(op, upstream):
    return upstream * 0.5 * op.inputs[0]


# -- the registry ---------------------------------------------------------------------------------------


def test_names_are_strings():
    for register in (gg.RegisterGradient, gg.NotDifferentiable, gg.NoGradient, gg.no_gradient):
        with pytest.raises(TypeError, match="op_type must be a string"):
            register(3)


def test_a_name_is_registered_once():
    name = registered(halved)
    for again in (lambda: gg.RegisterGradient(name)(halved), lambda: gg.NotDifferentiable(name)):
        with pytest.raises(KeyError, match="Registering two gradient with name"):
            again()
    other = f"TestGradient{next(_numbers)}"
    gg.no_gradient(other)
    with pytest.raises(KeyError, match="Registering two gradient with name"):
        gg.RegisterGradient(other)(halved)


@pytest.mark.parametrize(
    "name",
    "Relu MatMul Identity Floor Round Sign Square AddV2 BiasAdd Select Softmax LeakyRelu Cast ConcatV2 PyFunc "
    "Conv2D MaxPool Cond While StopGradient Transpose Permute".split(),
)
def test_types_that_exist_are_taken(name):
    with pytest.raises(KeyError, match="choose another name"):
        gg.RegisterGradient(name)(halved)


def test_every_type_that_is_recorded_is_taken():
    x = gg.constant([[1.0, 2.0], [3.0, 4.0]])
    results = [x @ x, x.T, x + 1, x[0], gg.nn.relu(x), x.sum(), gg.cast(x, gg.int32), gg.function(gg.sin)(x)]
    gg.gradients(gg.cond(x[0, 0] > 0, lambda: x, lambda: results[4]), x)
    for op_type in {op.type for op in gg.get_default_graph().get_operations()}:
        with pytest.raises(KeyError, match="choose another name"):
            gg.RegisterGradient(op_type)(halved)


# -- the map --------------------------------------------------------------------------------------------


def test_only_operations_made_inside(run):
    name = registered(halved)
    x = gg.constant(4.0)
    before = gg.square(x)
    with mapped("Square", name):
        inside = gg.square(x)
        of_before = gg.gradients(before, x)[0]
    after = gg.square(x)
    found = [*gg.gradients(inside, x), of_before, *gg.gradients(after, x), inside]
    assert run(found) == [2.0, 8.0, 8.0, 16.0]


def test_maps_nest_and_end(run):
    one, two = registered(lambda op, g: g * 1.0), registered(lambda op, g: g * 2.0)
    x = gg.constant(4.0)
    with mapped("Square", one):
        with mapped("Square", two):
            inner = gg.square(x)
        with mapped("Square", "Square"):
            own = gg.square(x)
        with mapped("Exp", two):
            outer = gg.square(x)
        with pytest.raises(ZeroDivisionError), mapped("Square", two):
            raise ZeroDivisionError
        last = gg.square(x)
    assert run([gg.gradients(y, x)[0] for y in (inner, own, outer, last)]) == [2.0, 8.0, 1.0, 1.0]


def test_the_map_is_the_graph_s(run):
    name = registered(lambda op, g: g * 2.0)
    other = gg.Graph()
    x = gg.constant(4.0)
    with other.gradient_override_map({"Square": name}):
        y = gg.square(x)
    assert run(gg.gradients(y, x)[0]) == 8.0


def test_wrong_maps():
    graph = gg.get_default_graph()
    for wrong in ([("Square", "X")], "Square", {"Square": 3}, {3: "Square"}):
        with pytest.raises(TypeError), graph.gradient_override_map(wrong):
            pass
    with graph.gradient_override_map({}):
        assert gg.square(gg.constant(1.0)).op.type == "Square"


def test_unknown_types_are_ignored_and_case_counts(run):
    x = gg.constant([[4.0]])
    with gg.get_default_graph().gradient_override_map({"Matmul": "Nobody", "NoSuchType": "Nobody"}):
        y = gg.matmul(x, x)
    assert run(gg.gradients(y, x)[0]).tolist() == [[8.0]]


def test_an_unregistered_name_fails_when_differentiated(run):
    x = gg.constant(4.0)
    with mapped("Square", "NobodyKnowsThis"):
        y = gg.square(x)
    assert run(y) == 16.0
    assert gg.gradients(y, y) != [None] and gg.gradients(gg.stop_gradient(y), x) == [None]
    with pytest.raises(LookupError, match="'NobodyKnowsThis', which gradient_override_map names for Square"):
        gg.gradients(y + 1.0, x)


def test_a_type_that_passes_no_gradient():
    name = f"TestGradient{next(_numbers)}"
    gg.NotDifferentiable(name)
    x = gg.constant(4.0)
    with mapped("Square", name):
        y = gg.square(x)
    assert gg.gradients(y, x) == [None]
    assert gg.gradients(y + x, x) != [None]


@pytest.mark.parametrize(
    ("op_type", "function"),
    [
        ("Sign", gg.sign), ("Round", gg.round), ("Rint", gg.round), ("Floor", gg.floor), ("Relu", gg.nn.relu),
        ("Identity", gg.identity), ("Relu", torch.relu), ("Relu", lambda x: x.relu()),
        ("Maximum", lambda x: gg.maximum(x, 0.0)),
        ("Transpose", lambda x: gg.transpose(x, [0])), ("ClipByValue", lambda x: gg.clip_by_value(x, 0.0, 1.0)),
        ("AddV2", lambda x: x + 1.0), ("Softmax", gg.nn.softmax), ("Max", lambda x: gg.reduce_max(x, 0)),
    ],
)  # fmt: skip
def test_types_by_their_name_in_tf(run, op_type, function):
    def rule(op, upstream):
        return [upstream * 0.0 + 7.0 * gg.ones_like(each) if n == 0 else None for n, each in enumerate(op.inputs)]

    x = gg.constant([0.3, -0.6])
    with mapped(op_type, registered(rule)):
        y = function(x)
    plain = function(x)
    found = run([y, plain, gg.gradients(y, x)[0]])
    np.testing.assert_array_equal(found[0], found[1])
    assert found[2].tolist() == [7.0, 7.0]


def test_the_operation_keeps_name_and_type(run):
    name = registered(lambda op, upstream: upstream * 3.0)
    x = gg.constant([1.0, -1.0])
    with gg.name_scope("net"), mapped("Relu", name):
        y = gg.nn.relu(x, name="act")
        z = gg.nn.relu(x, name="act")
    assert (y.op.type, y.name, z.name) == ("Relu", "net/act:0", "net/act_1:0")
    graph = gg.get_default_graph()
    assert graph.get_tensor_by_name("net/act:0") is y
    found = run(gg.gradients(graph.get_tensor_by_name("net/act_1:0"), x)[0])
    assert found.tolist() == [3.0, 3.0]


def test_orders_go_through_the_rule_where_it_reads_the_output(run):
    # g = upstream * output; the output inside the rule is that of the operation with the rule, as in TF1
    name = registered(lambda op, upstream: upstream * op.outputs[0])
    x = gg.placeholder(gg.float64, [])
    with mapped("Square", name):
        y = gg.square(x)
    first = gg.gradients(y, x)[0]
    second = gg.gradients(first, x)[0]
    third = gg.gradients(second, x)[0]
    assert run([y, first, second, third], {x: 3.0}) == [9.0, 9.0, 9.0, 9.0]
    assert run([first], {x: 3.0, y: 5.0}) == [5.0]


def test_guided_backpropagation(run):
    def guided(op, upstream):
        return gg.where(upstream > 0, gg.where(op.outputs[0] > 0, upstream, gg.zeros_like(upstream)), upstream * 0.0)

    x = gg.constant([1.0, -1.0, 2.0])
    with mapped("Relu", registered(guided)):
        y = gg.nn.relu(x)
    assert run(gg.gradients(y, x, grad_ys=[np.float32([5, 6, -7])])[0]).tolist() == [5.0, 0.0, 0.0]


def test_several_inputs_and_outputs(run):
    def rule(op, *upstream):
        assert len(op.inputs) == 1 and len(op.outputs) == 2
        return upstream[0] + 10.0 * upstream[1]

    x = gg.constant([[1.0, 2.0], [3.0, 4.0]])
    with mapped("Unpack", registered(rule)), pytest.raises(ValueError, match=r"gives float32\[2\] for Const:0"):
        gg.unstack(x)
    product = registered(lambda op, upstream: (None, upstream * 2.0))
    a, b = gg.constant([[1.0]]), gg.constant([[5.0]])
    with mapped("MatMul", product):
        y = gg.matmul(a, b)
    assert gg.gradients(y, a) == [None]
    assert run(gg.gradients(y, b)[0]).tolist() == [[2.0]]


def test_wrong_counts():
    name = registered(lambda op, upstream: upstream)
    x = gg.constant([[1.0]])
    with mapped("MatMul", name), pytest.raises(ValueError, match="returned 1 gradients for 2 inputs of mat"):
        gg.matmul(x, x)


def test_a_rule_may_use_its_own_type(run):
    x = gg.constant(3.0)
    with mapped("Square", registered(lambda op, upstream: gg.square(op.inputs[0]) * upstream)):
        y = gg.square(x)
        first = gg.gradients(y, x)[0]
    assert run([first, gg.gradients(first, x)[0]]) == [9.0, 6.0]


def test_operations_without_inputs_or_gradient(run):
    with gg.get_default_graph().gradient_override_map({"Const": "Nobody", "RandomUniform": "Nobody", "Rand": "Nobody"}):
        x = gg.constant(3.0) + gg.random_uniform([])
    assert run(x) >= 3.0
    with torch.no_grad(), mapped("Square", registered(lambda op, upstream: upstream)):
        y = gg.square(gg.constant(3.0))
    assert gg.gradients(y, y.op.inputs[0]) == [None]


def test_integers_in_and_out(run):
    name = registered(lambda op, upstream: upstream)
    x = gg.constant(3.5)
    with mapped("Cast", name):
        y = gg.cast(x, gg.int32)
    assert run(y) == 3 and gg.gradients(gg.cast(y, gg.float32), x) == [None]


def test_inside_branches(run):
    x = gg.placeholder(gg.float32, [])
    with mapped("Square", registered(lambda op, upstream: upstream * 5.0)):
        y = gg.cond(x > 0, lambda: gg.square(x), lambda: x * 2.0)
    gradient = gg.gradients(y, x)[0]
    assert run(gradient, {x: 3.0}) == 5.0 and run(gradient, {x: -3.0}) == 2.0


def test_py_func_with_a_gradient(run):
    name = registered(lambda op, upstream: upstream * 2.0 * op.inputs[0])
    x = gg.constant([3.0, 4.0])
    with gg.get_default_graph().gradient_override_map({"PyFunc": name}):
        y = gg.py_func(np.square, [x], gg.float32, name="mine")
    y.set_shape([2])
    first = gg.gradients(y, x)[0]
    assert (y.op.type, y.name) == ("PyFunc", "mine:0")
    assert [each.tolist() for each in run([y, first, *gg.gradients(first, x)])] == [[9.0, 16.0], [6.0, 8.0], [2.0, 2.0]]


def test_rules_of_the_map_in_a_module(run):
    layer = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    x = gg.placeholder(gg.float32, [None, 2])
    with mapped("Relu", registered(lambda op, upstream: upstream * 0.0)):
        y = layer(x)
    data = np.ones([1, 2], np.float32)
    assert run(gg.gradients(y, layer[0].bias)[0], {x: data}).tolist() == [0.0, 0.0]
    np.testing.assert_allclose(run(y, {x: data}), layer(torch.ones(1, 2)).detach().numpy(), rtol=1e-6)


# -- prevent_gradient -----------------------------------------------------------------------------------


def test_prevent_gradient(run):
    x = gg.constant(3.0)
    y = gg.prevent_gradient(x * x, message="use the other loss", name="shut")
    assert run(y) == 9.0 and y.op.name == "shut"
    with pytest.raises(LookupError, match="use the other loss"):
        gg.gradients(y * 2.0, x)
    with pytest.raises(LookupError, match="ruled out"):
        gg.gradients(gg.prevent_gradient(x), x)
    assert run(gg.gradients(y, y)[0]) == 1.0
    assert gg.gradients(y * 2.0, x, stop_gradients=y) == [None]
    with gg.eager_execution(), pytest.raises(RuntimeError, match="needs a graph"):
        gg.prevent_gradient(torch.tensor(1.0))
