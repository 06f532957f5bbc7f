"""Sessions that begin, hook and end by themselves."""

import numpy as np
import pytest

import graphgrad as gg

train = gg.train


@pytest.fixture
def step():
    """An operation that counts the global step up, beside a variable that it doubles."""
    w = gg.Variable(1.0, name="w")
    counted = gg.assign_add(train.get_or_create_global_step(), 1)
    with gg.control_dependencies([counted, w.assign(w * 2.0)]):
        return gg.identity(counted, name="counted")


def w_of(session):
    return float(session.raw_session().run("w:0"))


class Notes(train.SessionRunHook):
    """Writes down what it is called for."""

    def __init__(self):
        self.said = []

    def begin(self):
        assert not gg.get_default_graph().finalized
        self.said.append("begin")

    def after_create_session(self, session, coord):
        self.said.append("created")

    def before_run(self, run_context):
        self.said.append(f"before {run_context.original_args.fetches.name}")
        return train.SessionRunArgs({"w": "w:0"})

    def after_run(self, run_context, run_values):
        self.said.append(float(run_values.results["w"]))

    def end(self, session):
        self.said.append("end")


def test_the_order_of_things(step):
    notes = Notes()
    with train.MonitoredSession(hooks=[notes, train.StopAtStepHook(num_steps=2)]) as session:
        assert gg.get_default_session() is session.raw_session() and session.graph is gg.get_default_graph()
        while not session.should_stop():
            session.run(step)
        with pytest.raises(RuntimeError, match=r"should_stop\(\) is true"):
            session.run(step)
    assert notes.said == ["begin", "created", "before counted:0", 1.0, "before counted:0", 2.0, "end"]
    assert gg.get_default_session() is None and gg.get_default_graph().finalized
    session.close()  # once more
    assert notes.said.count("end") == 1


def test_the_end_of_data_is_no_error(step):
    notes = Notes()
    with train.MonitoredSession(hooks=[notes]) as session:
        session.run(step)
        raise gg.errors.OutOfRangeError(None, None, "end of sequence")
    assert session.should_stop() and notes.said[-1] == "end"


def test_an_error_comes_out_and_ends_without_end(step):
    notes = Notes()
    with pytest.raises(ZeroDivisionError), train.MonitoredSession(hooks=[notes]):
        raise ZeroDivisionError
    assert "end" not in notes.said and gg.get_default_session() is None


def test_training_goes_on_from_the_last_checkpoint(step, tmp_path):
    folder = str(tmp_path / "new")
    for last, wanted in ((3, 8.0), (5, 32.0)):
        hooks = [train.StopAtStepHook(last_step=last)]
        with train.MonitoredTrainingSession(checkpoint_dir=folder, hooks=hooks, save_checkpoint_steps=2) as session:
            assert w_of(session) == (1.0 if last == 3 else 8.0)
            while not session.should_stop():
                session.run(step)
            assert w_of(session) == wanted
        assert train.latest_checkpoint(folder).endswith(f"model.ckpt-{last}")

    state = train.get_checkpoint_state(folder)
    assert [path.rpartition("-")[2] for path in state.all_model_checkpoint_paths] == ["0", "2", "3", "5"]


def test_a_scaffold(tmp_path):
    fed = gg.placeholder(gg.float32, [])
    v = gg.Variable(fed, name="v")
    called = []
    local = gg.get_local_variable("local", initializer=gg.constant(7.0))
    scaffold = train.Scaffold(
        init_op=v.initializer, init_feed_dict={fed: 4.0}, init_fn=lambda mine, session: called.append((mine, session))
    )
    with train.SingularMonitoredSession(scaffold=scaffold) as session:
        assert session.run([v, local]) == [4.0, 7.0]
        assert called == [(scaffold, session.raw_session())]
        assert session.run_step_fn(lambda context: context.session.run(v) + 1) == 5.0
        session.run_step_fn(lambda context: context.request_stop())
        assert session.should_stop()
    with pytest.raises(NotImplementedError, match="ready_op"):
        train.Scaffold(ready_op=v)


def test_two_hooks_that_feed():
    x = gg.placeholder(gg.float32, [], name="x")
    y = x * 2.0
    with train.MonitoredSession(hooks=[train.FeedFnHook(lambda: {x: 3.0})]) as session:
        assert session.run(y) == 6.0
        with pytest.raises(RuntimeError, match="FeedFnHook feeds"):
            session.run(y, {x: 1.0})


def test_what_is_refused():
    for options in ({"is_chief": False}, {"save_summaries_steps": 5}, {"summary_dir": "x"}):
        with pytest.raises(NotImplementedError):
            train.MonitoredTrainingSession(**options)
    with pytest.raises(NotImplementedError, match="target"):
        train.MonitoredSession(train.ChiefSessionCreator(master="grpc://somewhere"))
    with pytest.raises(NotImplementedError):
        train.SessionCreator().create_session()
    with pytest.raises(AttributeError, match="MonitoredTrainingSession"):
        train.Supervisor  # noqa: B018
    with pytest.raises(AttributeError, match="feed arrays|DataLoader"):
        train.Example  # noqa: B018


def test_values_of_a_session_without_anything():
    with train.MonitoredTrainingSession() as session:
        np.testing.assert_array_equal(session.run(gg.get_default_graph().get_operations() or None), None)
