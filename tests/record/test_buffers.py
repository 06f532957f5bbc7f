"""Buffers that a module changes are state of the graph, with the order of eager torch."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import graphgrad as gg


class Average(nn.Module):
    """Keeps an average, a count and a history, by every way that modules change their buffers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("average", torch.zeros(2))
        self.register_buffer("count", torch.tensor(0.0))
        self.register_buffer("history", torch.zeros(3, 2))
        self.weight = nn.Parameter(torch.tensor([1.0, 2.0]))

    def forward(self, x):
        mean = (x * self.weight).mean(0)
        with torch.no_grad():
            self.average.mul_(0.5).add_(0.5 * mean)
            self.count = self.count + 1.0
            self.history[1:] = self.history[:-1].clone()
            self.history[0] = mean
        return x * self.weight - self.average / self.count


DATA = np.float32([[1.0, 2.0], [3.0, 5.0]])


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [None, 2], name="x")


def test_buffers_follow_eager_torch_through_runs(x):
    module = Average()
    eager = copy.deepcopy(module)
    y = module(x)
    slope = gg.gradients(y, module.weight)
    assert all(isinstance(b, torch.Tensor) and not isinstance(b, gg.Tensor) for b in module.buffers())
    with gg.Session() as session:
        for step in range(3):
            value, gradient = session.run([y, slope], {x: DATA + step})
            wanted = eager(torch.from_numpy(DATA + step))
            np.testing.assert_allclose(value, wanted.detach().numpy(), rtol=1e-6)
            want = torch.autograd.grad(wanted.sum(), eager.weight)[0]
            np.testing.assert_allclose(gradient[0], want.numpy(), rtol=1e-6)
        for name, kept in session.state_dict(module).items():
            torch.testing.assert_close(kept, eager.state_dict()[name])
        module.load_state_dict(session.state_dict(module))
    torch.testing.assert_close(module.history, eager.history)


def test_a_session_can_be_given_values(x):
    module = Average()
    y = module(x)
    other = Average()
    with torch.no_grad():
        other.weight.fill_(3.0)
        other.count.fill_(9.0)
    with gg.Session() as session:
        session.load_state_dict(module, other.state_dict())
        value = session.run(y, {x: DATA})
        np.testing.assert_allclose(value, other(torch.from_numpy(DATA)).detach().numpy(), rtol=1e-6)
        with pytest.raises(KeyError, match="no parameter or buffer 'other'"):
            session.load_state_dict(module, {"other": torch.zeros(1)})
        with pytest.raises(ValueError, match="weight has shape"):
            session.load_state_dict(module, {"weight": torch.zeros(1)})


def test_a_nested_module_updates_when_its_own_output_is_used(x):
    outer = nn.Sequential(Average(), nn.Linear(2, 1))
    outer(x)
    inner = outer[0]
    hidden = next(op for op in gg.get_default_graph().get_operations() if op.type == "Linear").inputs[0]
    with gg.Session() as session:
        session.run(hidden, {x: DATA})
        assert session.state_dict(inner)["count"] == 1


def test_updates_are_in_the_collection_of_tf1(x):
    Average()(x)
    updates = gg.get_collection(gg.GraphKeys.UPDATE_OPS)
    assert {op.name.partition("/")[2].partition("/")[0] for op in updates} == {"average", "count", "history"}


def test_a_module_that_returns_nothing_new_updates_with_its_caller(x):
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.tensor(0))

        def forward(self, x):
            self.count += 1
            return x

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.counter = Counter()

        def forward(self, x):
            return self.counter(x) * 2.0

    module = Outer()
    y = module(x)
    with gg.Session() as session:
        session.run(y, {x: DATA})
        session.run(y, {x: DATA})
        assert session.state_dict(module)["counter.count"] == 2
    assert module.counter.count == 0


def test_a_buffer_in_a_branch_shows_its_own_value(x, run):
    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("open", torch.tensor(True))
            self.register_buffer("steps", torch.tensor(2))

        def forward(self, x):
            if self.open and self.steps.item() == 2:
                return x * int(self.steps)
            return x

    assert run(Gate()(x), {x: DATA}).tolist() == (2 * DATA).tolist()


def test_a_changed_buffer_in_a_branch_has_no_value(x):
    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("steps", torch.tensor(2))

        def forward(self, x):
            self.steps.add_(1)
            return x * self.steps.item()

    with pytest.raises(gg.errors.NoValueError, match="item needs one"):
        Gate()(x)


def test_a_frozen_parameter_is_state_and_not_trained(x, run):
    layer = nn.Linear(2, 1)
    layer.weight.requires_grad_(False)
    y = layer(x)
    assert [v.trainable for v in gg.global_variables()] == [False, True]
    with gg.Session() as session:
        session.load_state_dict(layer, {"weight": torch.ones(1, 2), "bias": torch.zeros(1)})
        assert session.run(y, {x: DATA}).tolist() == [[3], [8]]


def test_a_buffer_that_would_change_its_shape_is_refused(x):
    class Growing(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(1, 2))

        def forward(self, x):
            self.seen = torch.cat([self.seen, x[:1]])
            return x * 1.0

    module = Growing()
    with pytest.raises(gg.errors.RecordingError, match="the buffer growing/seen is"):
        module(x)
    assert module.seen.shape == (1, 2) and type(module.seen) is torch.Tensor
