"""BatchNorm in training mode: its running statistics are state of the graph, updated by the runs that compute it."""

import copy

import pytest
import torch
from torch import nn

import graphgrad as gg
from tests.models.compare import close, compare, normal, placeholder, score

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
KINDS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
DIMENSIONS = pytest.mark.parametrize("axes", KINDS)
BATCH = pytest.mark.parametrize("unknown", [(), (0,)], ids=["static", "unknown batch"])
OPTIONS = pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.3}, {"momentum": None}, {"affine": False}, {"eps": 0.1}], ids=str
)


def layer(axes=1, **options):
    return KINDS[axes](3, **options).double()


def data(axes=1, rows=6):
    return normal(rows, 3, *[4] * axes) * 2 + 1


def statistics(name):
    """The variable that holds a statistic of the only normalisation of the default graph."""
    (found,) = [variable for variable in gg.global_variables() if f"/{name}" in variable.name]
    return found


def agree(session, eager):
    for name in STATISTICS:
        close(session.run(statistics(name)), getattr(eager, name), 1e-10, name)


@BATCH
@OPTIONS
@DIMENSIONS
def test_outputs_gradients_and_training(axes, options, unknown):
    convolution = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1](2, 3, 1)
    compare(nn.Sequential(convolution, layer(axes, **options)).double(), [normal(6, 2, *[4] * axes)], [unknown])


@BATCH
@OPTIONS
@DIMENSIONS
def test_each_run_updates_the_statistics_once(axes, options, unknown):
    module = layer(axes, **options)
    eager = copy.deepcopy(module)
    x = placeholder(data(axes), unknown)
    y = module(x)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        for rows in (6, 6, 6 if unknown == () else 9):
            batch = data(axes, rows)
            close(session.run(y, {x: batch}), eager(torch.from_numpy(batch)), 1e-10, "output")
            agree(session, eager)


def test_a_run_that_needs_no_output_updates_nothing():
    module = layer()
    x = placeholder(data())
    module(x)
    other = x * 2
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        session.run(other, {x: data()})
        agree(session, module)


def test_one_update_a_run_whoever_reads_the_output():
    module = layer()
    eager = copy.deepcopy(module)
    x, batch = placeholder(data()), data()
    y = module(x)
    loss = score([y])
    fetches = [y, loss, y * 2, *gg.gradients(loss, list(module.parameters()))]
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        session.run(fetches, {x: batch})
        eager(torch.from_numpy(batch))
        agree(session, eager)


def test_two_calls_are_two_updates():
    module = layer()
    eager = copy.deepcopy(module)
    x, batch = placeholder(data()), data()
    y = module(module(x))
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        close(session.run(y, {x: batch}), eager(eager(torch.from_numpy(batch))), 1e-10, "output")
        agree(session, eager)


def test_eval_mode_reads_what_training_mode_left():
    module = layer()
    eager = copy.deepcopy(module)
    x, batch = placeholder(data()), data()
    trained = module.train()(x)
    judged = module.eval()(x)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        for _ in range(3):
            session.run(trained, {x: batch})
            eager(torch.from_numpy(batch))
        close(session.run(judged, {x: batch}), eager.eval()(torch.from_numpy(batch)), 1e-10, "output in eval mode")
        agree(session, eager)


def test_a_step_of_training_updates_weights_and_statistics():
    module = layer()
    eager = copy.deepcopy(module)
    x, batch = placeholder(data(), (0,)), data()
    step = gg.train.GradientDescentOptimizer(0.1).minimize(score([module(x)]))
    optimizer = torch.optim.SGD(eager.parameters(), lr=0.1)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        for _ in range(3):
            session.run(step, {x: batch})
            optimizer.zero_grad()
            score([eager(torch.from_numpy(batch))]).backward()
            optimizer.step()
        agree(session, eager)
        for name, parameter in eager.named_parameters():
            (found,) = [variable for variable in gg.trainable_variables() if variable.op.name.endswith(name)]
            close(session.run(found), parameter, 1e-10, name)


def test_statistics_have_names_and_are_not_trainable():
    module = layer()
    module(placeholder(data()))
    weights = {f"batchnorm1d/{name}:0" for name in ("weight", "bias")}
    assert {variable.name for variable in gg.trainable_variables()} == weights
    kept = {f"batchnorm1d/{name}:0" for name in STATISTICS}
    assert {variable.name for variable in gg.global_variables()} == weights | kept


def test_sessions_and_the_module_have_statistics_of_their_own():
    module = layer()
    before = copy.deepcopy(module.state_dict())
    x, batch = placeholder(data()), data()
    y = module(x)
    with gg.Session() as one, gg.Session() as other:
        for session in (one, other):
            session.run(gg.global_variables_initializer())
        one.run(y, {x: batch})
        assert one.run(statistics("num_batches_tracked")) == 1
        assert other.run(statistics("num_batches_tracked")) == 0
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), f"recording and running changed {name} of the module"


def test_batch_norm_of_rows():
    compare(nn.Sequential(nn.Linear(4, 3), layer()).double(), [normal(6, 4)], [(0,)])


def test_instance_norm_with_running_statistics():
    module = nn.InstanceNorm1d(3, track_running_stats=True).double()
    eager = copy.deepcopy(module)
    batch = normal(2, 3, 5)
    x = placeholder(batch, (0,))
    y = module(x)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        close(session.run(y, {x: batch}), eager(torch.from_numpy(batch)), 1e-10, "output")
        for name in ("running_mean", "running_var"):
            close(session.run(statistics(name)), getattr(eager, name), 1e-10, name)
