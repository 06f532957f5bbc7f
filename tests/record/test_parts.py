"""Paths and names of a module's parts."""

from torch import nn

import graphgrad as gg
from graphgrad.record.parts import calls, named, parts_of, scope_name
from graphgrad.record.variable import names


def test_parts_come_in_torch_s_order_and_once():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(nn.Sequential(shared, nn.ReLU()), shared, nn.Sequential(nn.Tanh()))
    model.nothing = None
    model.register_module("none", None)
    want = [f"sequential.{path}" if path else "sequential" for path, _ in model.named_modules()]
    found = parts_of(model)
    assert list(found) == want and list(found.values()) == list(model.modules())


def test_a_module_inside_itself_ends():
    model = nn.Sequential(nn.ReLU())
    model.add_module("itself", model)
    assert list(parts_of(model)) == ["sequential", "sequential.0"]


def test_names_hold_inside_the_block_and_shared_tensors_have_the_first():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))
    model[2].weight = model[0].weight
    with named(parts_of(model), "outer/"):
        assert calls.paths[id(model[1])] == "sequential.1"
        assert names.parameters[id(model[2].weight)] == "outer/sequential/0/weight"
        assert names.buffers[id(model[1].running_mean)] == "outer/sequential/1/running_mean"
    assert not calls.paths and not names.parameters and not names.buffers


def test_scopes_follow_the_caller():
    model = nn.Sequential(nn.Sequential(nn.ReLU()), nn.ReLU())
    y = model(gg.placeholder(gg.float32, [2]))
    assert y.op.name == "sequential/1/relu"
    assert any(op.name == "sequential/0/0/relu" for op in y.graph.get_operations())
    assert scope_name("a.b.c") == "a/b/c"
