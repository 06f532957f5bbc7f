"""What each hook does."""

import logging

import numpy as np
import pytest

import graphgrad as gg
from graphgrad.train import hooks

train = gg.train


@pytest.fixture
def logged(monkeypatch):
    """The lines that are logged."""
    lines = []

    class Ear(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    before = gg.logging.get_verbosity()
    logger = logging.getLogger("graphgrad")
    monkeypatch.setattr(logger, "handlers", [Ear()])
    monkeypatch.setattr(logger, "propagate", False)
    gg.logging.set_verbosity(gg.logging.INFO)
    yield lines
    gg.logging.set_verbosity(before)


def counter():
    return gg.assign_add(train.get_or_create_global_step(), 1)


def run(fetches, count, *more):
    with train.MonitoredSession(hooks=[*more]) as session:
        for _ in range(count):
            if session.should_stop():
                break
            session.run(fetches)
        return session.raw_session().run("global_step:0") if train.get_global_step() is not None else None


def test_a_timer_of_steps():
    timer = train.SecondOrStepTimer(every_steps=3)
    due = []
    for step in range(8):
        if timer.should_trigger_for_step(step):
            due.append(step)
            timer.update_last_triggered_step(step)
    assert due == [0, 3, 6] and timer.last_triggered_step() == 6
    assert timer.update_last_triggered_step(8)[1] == 2


def test_a_timer_of_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(hooks.time, "time", lambda: now[0])
    timer = train.SecondOrStepTimer(every_secs=2.0)
    assert timer.should_trigger_for_step(0) and timer.update_last_triggered_step(0) == (None, None)
    assert not timer.should_trigger_for_step(1)
    now[0] = 102.0
    assert timer.should_trigger_for_step(1) and not timer.should_trigger_for_step(0)
    assert timer.update_last_triggered_step(1) == (2.0, 1)
    with pytest.raises(ValueError, match="not both"):
        train.SecondOrStepTimer(1.0, 1)


def test_stopping():
    assert run(counter(), 10, train.StopAtStepHook(num_steps=4)) == 4
    with pytest.raises(ValueError, match="either num_steps or last_step"):
        train.StopAtStepHook(1, 2)
    with gg.Graph().as_default(), pytest.raises(RuntimeError, match="no global step"):
        train.StopAtStepHook(1).begin()


def test_saving(tmp_path):
    step = counter()
    run(step, 5, train.CheckpointSaverHook(str(tmp_path), save_steps=2))
    found = train.get_checkpoint_state(str(tmp_path)).all_model_checkpoint_paths
    assert [path.rpartition("/")[2] for path in found] == [f"model.ckpt-{n}" for n in (0, 2, 4, 5)]
    with pytest.raises(NotImplementedError, match="listeners"):
        train.CheckpointSaverHook(str(tmp_path), listeners=[1])
    with pytest.raises(ValueError, match="either a saver or a scaffold"):
        train.CheckpointSaverHook(str(tmp_path), saver=1, scaffold=1)


def test_logging(logged):
    step = counter()
    loss = gg.cast(step, gg.float32) * 0.5
    hook = train.LoggingTensorHook({"loss": loss, "a": step}, every_n_iter=2, at_end=True)
    run(step, 4, hook)
    assert logged[0] == "a = 1, loss = 0.5" and logged[1].startswith("a = 3, loss = 1.5 (")
    assert logged[2].startswith("a = 5, loss = 2.5") and len(logged) == 3  # the end runs it once more


def test_logging_in_ones_own_words(logged):
    x = gg.constant(2.0, name="x")
    hook = train.LoggingTensorHook(["x:0"], every_n_iter=1, formatter=lambda values: f"so: {values['x:0']}")
    run(x, 1, hook)
    assert logged == ["so: 2.0"]
    for options in ({}, {"every_n_iter": 1, "every_n_secs": 1.0}, {"every_n_iter": 0}):
        with pytest.raises(ValueError):
            train.LoggingTensorHook([x], **options)


def test_a_loss_that_is_no_number():
    step = counter()
    loss = gg.log(2.5 - gg.cast(step, gg.float32))
    with pytest.raises(train.NanLossDuringTrainingError, match="NaN loss during training"):
        run(loss, 5, train.NanTensorHook(loss))


def test_a_loss_that_is_no_number_may_be_the_end(logged):
    step = counter()
    loss = gg.log(2.5 - gg.cast(step, gg.float32))
    assert run(loss, 5, train.NanTensorHook(loss, fail_on_nan_loss=False)) == 3
    assert logged == ["Model diverged with loss = NaN."]


def test_counting_and_final_values(logged):
    step = counter()
    final = train.FinalOpsHook({"v": gg.constant(3.0)})
    run(step, 5, train.StepCounterHook(every_n_steps=2), final)
    assert [line.split(":")[0] for line in logged] == ["global_step/sec"] * 2
    assert final.final_ops_values == {"v": np.float32(3.0)}
    with pytest.raises(NotImplementedError, match="FileWriter"):
        train.StepCounterHook(output_dir="x")
