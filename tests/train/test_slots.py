"""Variables beside variables."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.train.slots import create_filled_slot, create_slot, first_value, variable_of


def test_the_variable_that_is_meant():
    v, layer = gg.Variable(1.0), torch.nn.Linear(1, 1)
    graph = gg.get_default_graph()
    layer(gg.ones([1, 1]))
    assert variable_of(v, graph) is v
    assert variable_of(layer.weight, graph).name == "linear/weight:0"
    with pytest.raises(TypeError, match="neither a variable nor a parameter"):
        variable_of(torch.ones(1), graph)


def test_a_filled_slot(run):
    for fill, dtype in ((0.0, "float64"), (0.1, "float32"), (1.0, "int32")):
        v = gg.Variable(np.ones((2, 3), dtype))
        value = run(create_filled_slot(v, fill, "slot"))
        assert value.dtype == dtype and value.shape == (2, 3) and (value == np.array(fill, dtype)).all()


def test_filled_slots_of_one_shape_do_not_share_memory():
    v = gg.Variable([1.0, 2.0])
    slots = [create_filled_slot(v, 0.0, "slot") for _ in range(2)]
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(slots[0].assign_add([1.0, 1.0]).op)
        assert [value.tolist() for value in sess.run(slots)] == [[1, 1], [0, 0]]


def test_a_filled_slot_keeps_no_copy_of_its_first_value():
    v = gg.Variable(np.zeros((100, 100)))
    before = gg.get_default_graph().get_operations()
    create_filled_slot(v, 0.0, "slot")
    added = gg.get_default_graph().get_operations()[len(before) :]
    assert not [op for op in added if op.type == "Const"]


def test_names_and_scopes_of_slots():
    with gg.name_scope("model"):
        v = gg.Variable(1.0, name="w")
        x = gg.constant(1.0, name="x")
    with gg.name_scope("training"):
        names = [create_slot(v, 0.0, "s").name, create_slot(v, 0.0, "s").name, create_slot(x, 0.0, "s").name]
    assert names == ["model/w/s:0", "model/w/s_1:0", "model/x/s:0"]


def test_slots_inside_a_variable_scope_have_its_name_too():
    # The names that TensorFlow 2.21's compat.v1 gave to the same program.
    with gg.variable_scope("outer"):
        k = gg.get_variable("k", [2])
        loss = gg.reduce_sum(k * k, name="Sum")
        gg.train.AdamOptimizer().minimize(loss)
        average = gg.train.ExponentialMovingAverage(0.9)
        average.apply([k])
        average.apply([loss])
    gg.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    assert [each.op.name.removesuffix("/read") for each in gg.global_variables()] == [
        "outer/k", "outer/beta1_power", "outer/beta2_power", "outer/outer/k/Adam", "outer/outer/k/Adam_1",
        "outer/outer/k/ExponentialMovingAverage", "outer/outer/Sum/ExponentialMovingAverage", "outer/k/Momentum",
    ]  # fmt: skip


def test_a_slot_lives_in_the_graph_and_on_the_device_of_its_owner():
    with gg.Graph().as_default() as graph, gg.device("cuda:1"):
        v = gg.Variable(1.0)
    slot = create_slot(v, 0.0, "s")
    assert slot.graph is graph and slot.op.device == "cuda:1"


def test_the_first_value(run):
    v = gg.Variable([1.0, 2.0])
    weight = torch.nn.Parameter(torch.ones(2))
    gg.ones([2]) * weight
    assert run(first_value(v)).tolist() == [1, 2]
    assert first_value(gg.trainable_variables()[1]) is weight
