"""Batch norm and instance norm: the numbers, the gradients and the running statistics of eager torch."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import graphgrad as gg

DATA = np.random.default_rng(0).normal(size=(5, 3, 4)).astype(np.float32)


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [None, 3, 4], name="x")


def test_batch_norm_in_eval_mode(x, run):
    mean, var, weight = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 4.0, 9.0]), torch.tensor([1.0, 2.0, 3.0])
    y = F.batch_norm(x, mean, var, weight)
    wanted = F.batch_norm(torch.from_numpy(DATA), mean, var, weight)
    np.testing.assert_allclose(run(y, {x: DATA}), wanted.numpy(), rtol=1e-6)


@pytest.mark.parametrize("function", [F.batch_norm, F.instance_norm])
def test_without_running_statistics_only_the_batch_counts(x, run, function):
    switch = {"training": True} if function is F.batch_norm else {"use_input_stats": True}
    y = function(x, None, None, **switch)
    wanted = function(torch.from_numpy(DATA), None, None, **switch)
    np.testing.assert_allclose(run(y, {x: DATA}), wanted.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.BatchNorm1d(3),
        lambda: nn.BatchNorm1d(3, momentum=0.4, eps=0.1),
        lambda: nn.BatchNorm1d(3, affine=False),
        lambda: nn.BatchNorm1d(3, momentum=None),
        lambda: nn.InstanceNorm1d(3, track_running_stats=True),
        lambda: nn.InstanceNorm1d(3, affine=True, track_running_stats=True),
    ],
    ids=["batch", "options", "plain", "plain average", "instance", "affine instance"],
)
def test_each_run_that_uses_the_output_updates_the_statistics_once(x, make):
    module = make()
    eager = copy.deepcopy(module)
    y = module(x)
    loss = (y**3).sum()
    slope = gg.gradients(loss, x)
    with gg.Session() as session:
        for step in range(3):
            found, gradient = session.run([y, slope], {x: DATA + step})
            leaf = torch.from_numpy(DATA + step).requires_grad_()
            wanted = eager(leaf)
            np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-5, atol=1e-5)
            want = torch.autograd.grad((wanted**3).sum(), leaf)[0]
            np.testing.assert_allclose(gradient[0], want.numpy(), rtol=1e-3, atol=1e-3)
        for name, value in session.state_dict(module).items():
            torch.testing.assert_close(value, eager.state_dict()[name], rtol=1e-5, atol=1e-6)
        assert module.state_dict()["num_batches_tracked"] == 0


def test_a_run_of_something_else_leaves_the_statistics_alone(x):
    module = nn.BatchNorm1d(3)
    module(x)
    other = x * 2.0
    with gg.Session() as session:
        session.run(other, {x: DATA})
        assert session.state_dict(module)["num_batches_tracked"] == 0


def test_two_calls_update_one_after_the_other(x):
    module = nn.BatchNorm1d(3)
    eager = copy.deepcopy(module)
    first, second = module(x), module(x * 2.0)
    with gg.Session() as session:
        session.run([first, second], {x: DATA})
        session.run(second, {x: DATA})
        values = session.state_dict(module)
    for factor in (1, 2, 2):
        eager(torch.from_numpy(DATA) * factor)
    for name, value in eager.state_dict().items():
        torch.testing.assert_close(values[name], value, rtol=1e-5, atol=1e-6)


def test_training_and_evaluation_share_the_statistics(x):
    module = nn.BatchNorm1d(3)
    eager = copy.deepcopy(module)
    evaluated = module.eval()(x)
    trained = module.train()(x)
    again = module.eval()(x)
    assert sum(v.name.startswith("batchnorm1d/running_mean") for v in gg.global_variables()) == 1
    with gg.Session() as session:
        before = session.run(evaluated, {x: DATA})
        np.testing.assert_allclose(before, eager.eval()(torch.from_numpy(DATA)).detach().numpy(), rtol=1e-6)
        session.run(trained, {x: DATA})
        eager.train()(torch.from_numpy(DATA))
        wanted = eager.eval()(torch.from_numpy(DATA)).detach().numpy()
        for tower in (evaluated, again):
            np.testing.assert_allclose(session.run(tower, {x: DATA}), wanted, rtol=1e-5, atol=1e-6)


def test_a_batch_norm_called_as_a_function_keeps_its_statistics(x):
    mean, var = torch.zeros(3), torch.ones(3)
    y = F.batch_norm(x, mean, var, training=True)
    eager = torch.zeros(3), torch.ones(3)
    F.batch_norm(torch.from_numpy(DATA), *eager, training=True)
    with gg.Session() as session:
        session.run(y, {x: DATA})
        found = session.run(gg.global_variables())
    for have, want in zip(found, eager, strict=True):
        np.testing.assert_allclose(have, want.numpy(), rtol=1e-5)
    assert mean.tolist() == [0, 0, 0]


def test_the_program_runs_without_a_session(x):
    module = nn.BatchNorm1d(3)
    y = module(x)
    with gg.Session() as session:
        text = session.source(y, [x])
    assert "batch_norm_training(" in text
