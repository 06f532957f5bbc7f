"""Recording leaves a module as it was, and loses no change of its state, whoever makes it."""

import threading

import numpy as np
import pytest
import torch
from torch import nn

import graphgrad as gg

DATA = np.float32([1.0, 2.0])


class Counter(nn.Module):
    """Counts its calls in a buffer that it replaces."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.tensor(0.0))

    def forward(self, x=None):
        self.count = self.count + 1.0
        return self.count * 1.0 if x is None else x * self.count

    def add(self, amount):
        self.count = self.count + amount.sum()


class Around(nn.Module):
    """A module whose forward is given; it has a counter."""

    def __init__(self, forward):
        super().__init__()
        self.counter = Counter()
        self.chosen = forward

    def forward(self, x):
        return self.chosen(self, x)


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2], name="x")


def method(module, x):
    module.counter.add(x)
    return x * module.counter.count


def without_arguments(module, x):
    return x * module.counter()


def twice(module, x):
    return module.counter(module.counter(x))


@pytest.mark.parametrize("forward", [method, without_arguments, twice])
def test_a_change_is_seen_whoever_makes_it(x, forward):
    module, eager = Around(forward), Around(forward)
    y = module(x)
    assert type(module.counter.count) is torch.Tensor
    with gg.Session() as session:
        for _ in range(3):
            np.testing.assert_allclose(session.run(y, {x: DATA}), eager(torch.from_numpy(DATA)).numpy())
        assert session.state_dict(module)["counter.count"] == eager.counter.count
    assert module.counter.count == 0


def test_a_module_that_calls_itself(x):
    class Recursive(Counter):
        def forward(self, x, depth=2):
            self.count = self.count + 1.0
            return self(x, depth - 1) * self.count if depth else x

    module, eager = Recursive(), Recursive()
    y = module(x)
    with gg.Session() as session:
        for _ in range(2):
            np.testing.assert_allclose(session.run(y, {x: DATA}), eager(torch.from_numpy(DATA)).numpy())
    assert module.count == 0


def test_a_module_called_by_recorded_code_with_plain_data(x):
    module, eager = Counter(), Counter()
    y = gg.record(lambda x: x + module(torch.ones(2)), x)
    with gg.Session() as session:
        for _ in range(2):
            np.testing.assert_allclose(
                session.run(y, {x: DATA}), (torch.from_numpy(DATA) + eager(torch.ones(2))).numpy()
            )
    assert module.count == 0


def test_a_module_that_its_caller_does_not_own(x):
    parts = [nn.Linear(2, 2), Counter()]
    module = Around(lambda m, x: parts[1](parts[0](x)))
    y = module(x)
    with gg.Session() as session:
        first, second = session.run(y, {x: DATA}), session.run(y, {x: DATA})
    np.testing.assert_allclose(second, 2 * first, rtol=1e-6)


def test_a_forward_that_fails_leaves_the_module_as_it_was(x):
    def forward(module, x):
        module.counter.count += 1.0
        module.counter.count = module.counter.count * 2.0
        raise ZeroDivisionError

    module = Around(forward)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            module(x)
    assert type(module.counter.count) is torch.Tensor and module.counter.count == 0
    module.chosen = lambda m, x: m.counter(x)
    with gg.Session() as session:
        assert session.run(module(x), {x: DATA}).tolist() == [1, 2]


def test_state_that_is_no_buffer_is_refused(x):
    def forward(module, x):
        module.hidden = module.hidden * 0.5 + x
        return module.hidden

    module = Around(forward)
    module.hidden = torch.zeros(2)
    with pytest.raises(gg.errors.RecordingError, match="register_buffer"):
        module(x)
    assert type(module.hidden) is torch.Tensor


def test_an_activation_may_be_kept_as_an_attribute(x, run):
    def forward(module, x):
        module.activation = x * 2.0
        return module.activation + 1.0

    module = Around(forward)
    module(x)
    assert run(module.activation, {x: DATA}).tolist() == [2, 4]


def test_a_generator_is_refused(x):
    def forward(module, x):
        yield x

    with pytest.raises(gg.errors.RecordingError, match="generator"):
        Around(forward)(x)


def test_a_question_about_a_changed_buffer_is_refused_in_later_calls_too(x):
    class Initialised(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("done", torch.tensor(0))

        def forward(self, x):
            if self.done.item() == 0:
                self.done.fill_(1)
            return x * 2.0

    module = Initialised()
    module(x)
    with pytest.raises(gg.errors.NoValueError):
        module(x * 2.0)


def test_buffers_change_under_control_dependencies_too(x):
    module = nn.BatchNorm1d(2)
    batch = gg.placeholder(gg.float32, [3, 2])
    with gg.control_dependencies([x.op]):
        y = module(batch)
    with gg.Session() as session:
        session.run(y, {batch: np.ones((3, 2)), x: DATA})
        assert session.state_dict(module)["num_batches_tracked"] == 1


def test_a_module_that_was_changed_after_recording(x):
    layer = nn.Linear(2, 1)
    y = layer(x)
    layer.double()
    with gg.Session() as session, pytest.raises(gg.errors.FailedPreconditionError, match="was float32.*float64"):
        session.run(y, {x: DATA})


def test_threads_may_record_the_same_module():
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))
    names, failures = [], []

    def work():
        try:
            with gg.Graph().as_default() as graph, gg.Session() as session:
                x = gg.placeholder(gg.float32, [3, 2])
                y = module(x)
                session.run(y, {x: np.eye(3, 2)})
                names.append(sorted(variable.name for variable in graph.get_collection("variables")))
                assert session.state_dict(module)["1.num_batches_tracked"] == 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(each == names[0] for each in names) and module[1].num_batches_tracked == 0
