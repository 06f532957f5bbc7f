"""The short cut of plain layers: the same operations as torch's own way, and only where nobody looks."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import graphgrad as gg
from graphgrad.record import layers


class Around(nn.Module):
    """A model with one layer in it."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


FLOATS, INDICES = (gg.float32, [2, 4]), (gg.int64, [2, 3])
LAYERS = {
    "Linear": (nn.Linear(4, 3), FLOATS),
    "Linear without bias": (nn.Linear(4, 3, bias=False), FLOATS),
    "LayerNorm": (nn.LayerNorm(4), FLOATS),
    "LayerNorm without bias": (nn.LayerNorm(4, eps=0.25, bias=False), FLOATS),
    "LayerNorm without weights": (nn.LayerNorm(4, elementwise_affine=False), FLOATS),
    "Embedding": (nn.Embedding(5, 4), INDICES),
    "Embedding with padding": (nn.Embedding(5, 4, padding_idx=1, scale_grad_by_freq=True), INDICES),
    "Dropout": (nn.Dropout(0.25), FLOATS),
    "Dropout in eval mode": (nn.Dropout(0.25).eval(), FLOATS),
    "ReLU": (nn.ReLU(), FLOATS),
    "ReLU in place": (nn.ReLU(inplace=True), FLOATS),
    "SiLU": (nn.SiLU(), FLOATS),
    "GELU": (nn.GELU(), FLOATS),
    "GELU by tanh": (nn.GELU(approximate="tanh"), FLOATS),
    "Tanh": (nn.Tanh(), FLOATS),
}


def recorded(module, given):
    """Every operation of the module's graph, as far as two graphs can be compared."""
    with gg.Graph().as_default() as graph:
        module(gg.placeholder(given[0], given[1]))
    return [
        (op.name, op.type, op.target, str(op.args), str(op.kwargs), [value.name for value in op.reads])
        for op in graph.get_operations()
    ]


@pytest.fixture
def taken(monkeypatch):
    """How many layers have taken the short cut."""
    found = []
    original = layers.record_plain

    def spy(graph, layer, what):
        found.append(layer)
        return original(graph, layer, what)

    monkeypatch.setattr(importlib.import_module("graphgrad.record.modules"), "record_plain", spy)
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_the_short_cut_records_what_forward_records(name, taken, monkeypatch):
    layer, given = LAYERS[name]
    short = recorded(Around(layer), given)
    assert taken == [layer]
    monkeypatch.setattr(layers, "PLAIN", {})
    assert recorded(Around(layer), given) == short
    assert taken == [layer]


def test_every_layer_of_the_table_is_tested():
    assert {type(layer) for layer, _ in LAYERS.values()} == set(layers.PLAIN)


def hooked(layer):
    layer.register_forward_hook(lambda module, args, result: result * 2.0)


def hooked_before(layer):
    layer.register_forward_pre_hook(lambda module, args: (args[0] * 2.0,))


def own_forward(layer):
    layer.forward = lambda x: x * 3.0


def with_buffer(layer):
    layer.register_buffer("seen", torch.zeros(()))


def without_weight(layer):
    weight = layer.weight
    del layer.weight
    layer.weight = weight.detach() * 2.0


@pytest.mark.parametrize("change", [hooked, hooked_before, own_forward, with_buffer, without_weight])
def test_a_layer_that_somebody_changed_goes_torch_s_way(change, taken):
    layer = nn.Linear(4, 4)
    change(layer)
    model = Around(layer)
    x = gg.placeholder(gg.float32, [2, 4])
    y = model(x)
    assert taken == []
    numbers = torch.randn(2, 4)
    with gg.Session(outputs="torch") as session:
        torch.testing.assert_close(session.run(y, {x: numbers}), model(numbers).detach())


def test_subclasses_and_patched_classes_go_torch_s_way(taken, monkeypatch):
    class Twice(nn.Linear):
        def forward(self, x):
            return super().forward(x) * 2.0

    x = gg.placeholder(gg.float32, [2, 4])
    Around(Twice(4, 4))(x)
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: x * 5.0)
    y = Around(nn.Linear(4, 4))(x)
    assert taken == [] and y.op.type == "Mul"


def test_global_hooks_and_other_modes_are_honoured(taken):
    x = gg.placeholder(gg.float32, [2, 4])
    seen = []
    handle = nn.modules.module.register_module_forward_hook(lambda module, args, result: seen.append(module))
    try:
        model = Around(nn.Linear(4, 4))
        model(x)
    finally:
        handle.remove()
    assert taken == [] and seen == [model.layer, model]
    with torch.device("cpu"):
        model(x)
    assert taken == []
    model(x)
    assert taken == [model.layer]


def test_the_outermost_layer_and_layers_with_options_go_torch_s_way(taken):
    x = gg.placeholder(gg.float32, [2, 4])
    nn.Linear(4, 4)(x)

    class Named(Around):
        def forward(self, x):
            return self.layer(input=x)

    Named(nn.Linear(4, 4))(x)
    assert taken == []


def test_a_failure_leaves_scope_and_mode_as_they_were(taken):
    graph = gg.get_default_graph()
    x = gg.placeholder(gg.float32, [2, 3])
    with pytest.raises(gg.errors.RecordingError, match="linear"):
        Around(nn.Linear(4, 4))(x)
    assert taken and graph.context.scope == "" and torch._C._len_torch_function_stack() == 0
    with gg.Graph().as_default():
        assert (gg.placeholder(gg.float32, [2]) * 2.0).name == "mul:0"


def test_a_function_in_the_place_of_torch_s_is_recorded_from_the_inside(taken, monkeypatch):
    scale = nn.Parameter(torch.tensor(2.0))
    original = nn.functional.linear
    monkeypatch.setattr(nn.functional, "linear", lambda *args: original(*args) * scale)
    y = Around(nn.Linear(4, 2))(gg.placeholder(gg.float32, [2, 4]))
    assert taken == [] and y.op.type == "Mul" and gg.gradients(y.sum(), scale) != [None]


def test_an_attribute_that_hides_a_parameter_is_what_forward_reads(taken):
    layer = nn.Linear(2, 2, bias=False)
    object.__setattr__(layer, "weight", torch.full((2, 2), 2.0))
    x = gg.placeholder(gg.float32, [1, 2])
    y = Around(layer)(x)
    assert taken == [] and gg.Session().run(y, {x: [[1.0, 1.0]]}).tolist() == [[4.0, 4.0]]


PATCHED = """
import torch
original = torch.nn.Linear.forward
torch.nn.Linear.forward = lambda self, x: original(self, x) * 2
tanh = torch.tanh
torch.tanh = lambda x: tanh(x) * 3
import graphgrad as gg
model = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Tanh())
x = gg.placeholder(gg.float32, [1, 4])
data = torch.randn(1, 4)
torch.testing.assert_close(torch.from_numpy(gg.Session().run(model(x), {x: data})), model(data).detach())
"""


def test_patches_from_before_the_import_count():
    subprocess.run([sys.executable, "-c", PATCHED], check=True, cwd=Path(gg.__file__).parents[1])
