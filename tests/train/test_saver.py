"""`Saver`: values out and in again, old files deleted, nothing half done, errors that say what does not fit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.train import Saver, latest_checkpoint
from graphgrad.train.safetensors import SafetensorsFile, write_tensors

DATA = Path(__file__).parent / "data"


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


@pytest.fixture
def w():
    return gg.Variable([1.0, 2.0], name="w")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "model")


def start(sess):
    sess.run(gg.global_variables_initializer())


def files(path):
    return sorted(os.listdir(os.path.dirname(path)))


# -- out and in -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", ["numpy", "torch"])
def test_values_come_back(path, outputs):
    dtypes = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int32, torch.bool, torch.complex128]
    first = [torch.randn(2, 3, dtype=torch.complex128).to(torch.complex128) for _ in dtypes]
    values = [(value if dtype.is_complex else value.real).to(dtype) for value, dtype in zip(first, dtypes, strict=True)]
    variables = [gg.Variable(value, name=f"v{number}") for number, value in enumerate(values)]
    scalar = gg.Variable(3, name="scalar")
    with gg.Session(outputs=outputs) as sess:
        start(sess)
        assert Saver().save(sess, path) == path
    with gg.Session(outputs="torch") as sess:
        Saver().restore(sess, path)
        assert all(torch.equal(a, b) for a, b in zip(sess.run(variables), values, strict=True))
        assert sess.run(scalar) == 3


def test_training_goes_on_as_if_it_had_not_stopped(sess, path):
    v = gg.Variable(np.linspace(-1, 1, 5))
    step = gg.train.get_or_create_global_step()
    update = gg.train.AdamOptimizer(0.1).minimize(gg.reduce_sum(v**4 - v), global_step=step)
    saver = Saver()
    start(sess)
    for _ in range(3):
        sess.run(update)
    saver.save(sess, path, global_step=step)
    ends = []
    for _ in range(2):
        with gg.Session() as other:
            saver.restore(other, f"{path}-3")
            for _ in range(3):
                other.run(update)
            ends.append(other.run([v, step]))
    for _ in range(3):
        sess.run(update)
    for end in ends:
        np.testing.assert_array_equal(end[0], sess.run(v))
        assert end[1] == 6


def test_all_variables_are_saved_as_of_one_moment(sess, w, path):
    other = gg.Variable([5, 6], name="other", trainable=False)
    layer = torch.nn.BatchNorm1d(2)
    layer(gg.ones([3, 2]))
    start(sess)
    Saver().save(sess, path)
    names = SafetensorsFile(f"{path}.safetensors").names()
    assert names == sorted(variable.state.name for variable in gg.global_variables())
    assert "other" in names and len(names) == 7 and other.op.name == "other"


def test_saving_runs_no_updates_of_a_module(sess, path):
    layer = torch.nn.BatchNorm1d(2)
    y = layer(gg.ones([3, 2]))
    saver = Saver()
    saver.save(sess, path)
    found = SafetensorsFile(f"{path}.safetensors")
    counts = [found.read(name).item() for name in found.names() if name.endswith("num_batches_tracked")]
    assert counts == [0]
    sess.run(y)
    saver.save(sess, path)
    (name,) = [name for name in found.names() if name.endswith("num_batches_tracked")]
    assert SafetensorsFile(f"{path}.safetensors").read(name).item() == 1


def test_a_list_and_a_dict_of_variables(sess, w, path):
    v = gg.Variable([3.0], name="v")
    start(sess)
    Saver([w]).save(sess, path)
    assert SafetensorsFile(f"{path}.safetensors").names() == ["w"]
    Saver({"renamed/w": w, "v": v}).save(sess, path)
    assert SafetensorsFile(f"{path}.safetensors").names() == ["renamed/w", "v"]
    sess.run([w.assign([0.0, 0.0]).op, v.assign([0.0]).op])
    Saver({"renamed/w": w}).restore(sess, path)
    assert [value.tolist() for value in sess.run([w, v])] == [[1, 2], [0]]


def test_swapping_two_variables_by_a_dict(sess, path):
    a, b = gg.Variable(1.0, name="a"), gg.Variable(2.0, name="b")
    start(sess)
    Saver().save(sess, path)
    Saver({"a": b, "b": a}).restore(sess, path)
    assert sess.run([a, b]) == [2, 1]


def test_averages_take_the_place_of_variables(sess, w, path):
    averages = gg.train.ExponentialMovingAverage(0.5)
    update = averages.apply([w])
    start(sess)
    sess.run(w.assign([3.0, 4.0]).op)
    sess.run(update)
    Saver().save(sess, path)
    Saver(averages.variables_to_restore()).restore(sess, path)
    assert sess.run(w).tolist() == [2, 3]


def test_variables_that_come_later_are_not_saved(sess, w, path):
    early, late = Saver(), Saver(defer_build=True)
    v = gg.Variable(1.0, name="v")
    start(sess)
    early.save(sess, path)
    assert SafetensorsFile(f"{path}.safetensors").names() == ["w"]
    late.save(sess, path)
    assert SafetensorsFile(f"{path}.safetensors").names() == ["v", "w"] and v.op.name == "v"


def test_restoring_into_a_finalized_graph_adds_no_operation(sess, w, path):
    saver = Saver()
    start(sess)
    gg.get_default_graph().finalize()
    saver.save(sess, path)
    saver.restore(sess, path)


def test_restored_values_are_the_variables_own(sess, w, path):
    start(sess)
    Saver().save(sess, path)
    Saver().restore(sess, path)
    sess.run(w.assign_add([1.0, 1.0]).op)
    assert SafetensorsFile(f"{path}.safetensors").read("w").tolist() == [1, 2]
    step = gg.train.MomentumOptimizer(1.0, 0.9).minimize(gg.reduce_sum(w * w), var_list=[w])
    start(sess)
    Saver([w]).restore(sess, path)
    sess.run(step)
    assert sess.run(w).tolist() == [-1, -2]


# -- modules and other writers --------------------------------------------------------------------------


def test_a_state_dict_that_was_saved_as_safetensors(sess, path):
    trained, layer = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    y = layer(gg.ones([1, 2]))
    write_tensors(f"{path}.safetensors", dict(trained.state_dict()))
    Saver(dict(layer.named_parameters())).restore(sess, f"{path}.safetensors")
    np.testing.assert_allclose(sess.run(y), trained(torch.ones(1, 2)).detach().numpy(), rtol=1e-6)


def test_buffers_of_a_state_dict(sess, path):
    trained, layer = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    trained(torch.randn(5, 2))
    y = layer.eval()(gg.ones([3, 2]))
    write_tensors(f"{path}.safetensors", dict(trained.state_dict()))
    used = {name: tensor for name, tensor in layer.state_dict(keep_vars=True).items() if "num" not in name}
    Saver(used).restore(sess, path)
    np.testing.assert_allclose(sess.run(y), trained.eval()(torch.ones(3, 2)).detach().numpy(), rtol=1e-5)


def test_a_module_reads_what_was_saved(sess, path):
    layer, other = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    layer(gg.ones([1, 2]))
    Saver(dict(layer.named_parameters())).save(sess, path)
    file = SafetensorsFile(f"{path}.safetensors")
    other.load_state_dict({name: file.read(name) for name in file.names()})
    assert torch.equal(other.weight, layer.weight)


def test_a_checkpoint_of_tensorflow_goes_on_training(sess):
    """Names, slots and powers are TF1's, so that the next step is the fourth one of TensorFlow's own session."""
    w = gg.Variable(np.zeros((2, 2), np.float32), name="w")
    step = gg.train.get_or_create_global_step()
    update = gg.train.AdamOptimizer(0.1).minimize(gg.reduce_sum(w * w), global_step=step)
    Saver().restore(sess, str(DATA / "model.ckpt-3"))
    sess.run(update)
    exact = gg.Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    again = gg.train.AdamOptimizer(0.1).minimize(gg.reduce_sum(exact * exact), var_list=[exact])
    with gg.Session() as other:
        start(other)
        for _ in range(4):
            other.run(again)
        np.testing.assert_allclose(sess.run(w), other.run(exact), rtol=1e-6)
    assert sess.run(step) == 4


# -- names and numbers of files -------------------------------------------------------------------------


def test_paths_with_step_numbers(sess, w, path):
    step = gg.Variable(12, trainable=False, name="step")
    start(sess)
    assert Saver().save(sess, path, global_step=7) == f"{path}-7"
    assert Saver().save(sess, path, global_step=np.int64(8)) == f"{path}-8"
    assert Saver().save(sess, path, global_step=step) == f"{path}-12"
    assert Saver(pad_step_number=True).save(sess, path, global_step=step) == f"{path}-00000012"
    names = ["checkpoint", "model-00000012.safetensors", "model-12.safetensors", "model-7.safetensors"]
    assert files(path) == [*names, "model-8.safetensors"]
    assert latest_checkpoint(os.path.dirname(path)) == f"{path}-00000012"


def test_old_checkpoints_are_deleted(sess, w, path):
    saver = Saver(max_to_keep=2)
    start(sess)
    for step in (1, 2, 3, 2, 4):
        saver.save(sess, path, global_step=step)
    assert saver.last_checkpoints == [f"{path}-2", f"{path}-4"]
    assert files(path) == ["checkpoint", "model-2.safetensors", "model-4.safetensors"]
    state = gg.train.get_checkpoint_state(os.path.dirname(path))
    assert state.all_model_checkpoint_paths == saver.last_checkpoints


@pytest.mark.parametrize("keep", [0, None])
def test_all_checkpoints_are_kept(sess, w, path, keep):
    saver = Saver(max_to_keep=keep)
    start(sess)
    for step in range(7):
        saver.save(sess, path, global_step=step)
    assert len(files(path)) == 8 and saver.last_checkpoints == []
    assert latest_checkpoint(os.path.dirname(path)) == f"{path}-6"


def test_one_checkpoint_of_some_hours_is_kept(sess, w, path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("graphgrad.train.saver.time.time", lambda: now[0])
    saver = Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1.0)
    start(sess)
    for step in range(1, 10):
        now[0] += 1500
        saver.save(sess, path, global_step=step)
    # The first after each full hour: 4600 <= 2500 + 1500 k and so on.
    assert files(path) == ["checkpoint", *(f"model-{step}.safetensors" for step in (3, 5, 8, 9))]


def test_checkpoints_of_an_earlier_process_are_recovered(sess, w, path):
    start(sess)
    first = Saver(max_to_keep=2)
    for step in (1, 2):
        first.save(sess, path, global_step=step)
    saver = Saver(max_to_keep=2)
    saver.recover_last_checkpoints([*first.last_checkpoints, f"{path}-none"])
    assert saver.last_checkpoints == [f"{path}-1", f"{path}-2"]
    saver.save(sess, path, global_step=3)
    assert files(path) == ["checkpoint", "model-2.safetensors", "model-3.safetensors"]
    saver.set_last_checkpoints_with_time([(f"{path}-9", 1.0)])
    assert saver.last_checkpoints == [f"{path}-9"]


def test_no_list_of_checkpoints(sess, w, path):
    start(sess)
    saver = Saver(max_to_keep=1)
    for step in (1, 2):
        saver.save(sess, path, global_step=step, write_state=False)
    assert files(path) == ["model-1.safetensors", "model-2.safetensors"]
    saver.save(sess, path, latest_filename="newest")
    assert latest_checkpoint(os.path.dirname(path), "newest") == path


def test_relative_paths(sess, w, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start(sess)
    assert Saver().save(sess, "model") == "model" and latest_checkpoint(".") == os.path.join(".", "model")
    os.mkdir("run")
    Saver(save_relative_paths=True).save(sess, str(tmp_path / "run" / "model"))
    os.rename("run", "moved")
    assert latest_checkpoint("moved") == os.path.join("moved", "model")
    Saver().restore(sess, latest_checkpoint("moved"))


# -- nothing half done ----------------------------------------------------------------------------------


WRITER = """
import sys
import numpy as np
import graphgrad as gg

v = gg.Variable(np.zeros(1_000_000), name="v")
w = gg.Variable(np.zeros(1_000_000), name="w")
step = gg.train.create_global_step()
count = gg.group(v.assign_add(np.ones(())), w.assign_sub(np.ones(())), step.assign_add(1))
saver = gg.train.Saver(max_to_keep=2)
with gg.Session() as sess:
    sess.run(gg.global_variables_initializer())
    while True:
        sess.run(count)
        saver.save(sess, sys.argv[1], global_step=step)
        print(sess.run(step), flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.007, 0.011])
def test_a_process_that_is_killed_leaves_a_whole_checkpoint(path, delay):
    """Killed at some point of saving sixteen megabytes; what the folder lists is whole and not older than told."""
    root = Path(gg.__file__).parents[1]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, cwd=root, text=True
    )  # fmt: skip
    for _ in range(2):
        told = int(writer.stdout.readline())
    time.sleep(delay)
    writer.send_signal(signal.SIGKILL)
    told = max([told, *map(int, writer.stdout.read().split())])
    writer.wait()
    writer.stdout.close()
    found = latest_checkpoint(os.path.dirname(path))
    v, w = gg.Variable(np.ones(1_000_000), name="v"), gg.Variable(np.ones(1_000_000), name="w")
    step = gg.train.create_global_step()
    with gg.Session() as sess:
        Saver().restore(sess, found)
        count = int(sess.run(step))
        assert count >= told and found == f"{path}-{count}"
        assert (sess.run(v) == count).all() and (sess.run(w) == -count).all()


def test_a_save_that_fails_leaves_the_old_checkpoint(sess, w, path, monkeypatch):
    saver = Saver()
    start(sess)
    saver.save(sess, path)
    sess.run(w.assign([7.0, 7.0]).op)

    def broken(*_):
        raise OSError("no space left")

    monkeypatch.setattr("graphgrad.train.atomic.os.fsync", broken)
    with pytest.raises(OSError, match="no space left"):
        saver.save(sess, path)
    assert files(path) == ["checkpoint", "model.safetensors"]
    saver.restore(sess, path)
    assert sess.run(w).tolist() == [1, 2]


def test_a_restore_that_fails_changes_nothing(sess, path):
    a, b = gg.Variable([1.0], name="a"), gg.Variable([2.0], name="b")
    start(sess)
    write_tensors(f"{path}.safetensors", {"a": torch.tensor([5.0]), "b": torch.ones(3)})
    with pytest.raises(ValueError, match="does not fit 1 of 2 variables"):
        Saver().restore(sess, path)
    assert [value.tolist() for value in sess.run([a, b])] == [[1], [2]]


# -- what does not fit ----------------------------------------------------------------------------------


def test_everything_that_does_not_fit_is_listed(sess, path):
    for name, value in {"layer/w": np.zeros((2, 3)), "layer/b": np.zeros(3), "n": 0, "fine": 1.0, "far": 2.0}.items():
        gg.Variable(value, name=name)
    saved = {"layer/w": torch.zeros(3, 2, dtype=torch.float64), "layer/bias": torch.zeros(3), "n": torch.tensor(0.5)}
    write_tensors(f"{path}.safetensors", {**saved, "fine": torch.tensor(1.0)})
    with pytest.raises(ValueError) as caught:
        Saver().restore(sess, path)
    assert str(caught.value).splitlines() == [
        f"{path}.safetensors does not fit 4 of 5 variables:",
        "  layer/w: float64[2, 3] is float64[3, 2] there",
        "  layer/b: float64[3] is not there; did you mean 'layer/bias'?",
        "  n: int32[] is float32[] there",
        "  far: float32[] is not there",
    ]


def test_the_name_in_the_file_is_told_where_it_differs(sess, w, path):
    write_tensors(f"{path}.safetensors", {"theirs": torch.zeros(3)})
    with pytest.raises(ValueError, match=r"w: float32\[2\] is float32\[3\] there as 'theirs'"):
        Saver({"theirs": w}).restore(sess, path)
    with pytest.raises(ValueError, match=r"w: float32\[2\] is not there as 'other'"):
        Saver({"other": w}).restore(sess, path)


def test_texts_of_tensorflow_do_not_fit(sess, w):
    with pytest.raises(ValueError, match=r"w: float32\[2\] is string\[1, 3\] there"):
        Saver({"kinds/string": w}).restore(sess, str(DATA / "kinds.ckpt"))


def test_a_partial_restore(sess, w, path):
    v = gg.Variable([3.0], name="v")
    start(sess)
    write_tensors(f"{path}.safetensors", {"w": torch.tensor([8.0, 9.0]), "unused": torch.ones(1)})
    saver = Saver()
    with pytest.raises(ValueError, match="v: .* is not there"):
        saver.restore(sess, path)
    saver.restore(sess, path, partial=True)
    assert [value.tolist() for value in sess.run([w, v])] == [[8, 9], [3]]


def test_another_shape_with_as_many_elements(sess, path):
    v = gg.Variable(np.zeros((2, 3), np.float32), name="v")
    write_tensors(f"{path}.safetensors", {"v": torch.arange(6.0)})
    Saver(reshape=True).restore(sess, path)
    assert sess.run(v).tolist() == [[0, 1, 2], [3, 4, 5]]
    write_tensors(f"{path}.safetensors", {"v": torch.arange(5.0)})
    with pytest.raises(ValueError, match="does not fit"):
        Saver(reshape=True).restore(sess, path)


def test_paths_that_lead_nowhere(sess, w, path, tmp_path):
    start(sess)
    with pytest.raises(ValueError, match="is not a checkpoint"):
        Saver().restore(sess, path)
    with pytest.raises(ValueError, match="latest_checkpoint"):
        Saver().restore(sess, latest_checkpoint(str(tmp_path)))
    with pytest.raises(ValueError, match="does not exist"):
        Saver().save(sess, str(tmp_path / "none" / "model"))
    with pytest.raises(ValueError, match="a name without folders"):
        Saver().save(sess, path, latest_filename="a/b")


def test_what_is_no_session(w, path):
    with pytest.raises(TypeError, match="not a Session"):
        Saver().save("sess", path)
    with gg.Session(gg.Graph()) as other, pytest.raises(ValueError, match="w belongs to another graph"):
        Saver([w]).save(other, path)


def test_a_variable_without_a_value(sess, w, path):
    with pytest.raises(gg.errors.FailedPreconditionError, match="w has no value yet"):
        Saver().save(sess, path)
    assert files(path) == []


def test_what_is_nothing_to_save(sess, path):
    with pytest.raises(ValueError, match="no variables to save"):
        Saver()
    saver = Saver(allow_empty=True)
    assert saver.save(sess, path) is None and files(path) == []
    saver.restore(sess, path)


def test_lists_that_are_none(w):
    for given in (w, "w", 3):
        with pytest.raises(TypeError, match="a list or dict of variables"):
            Saver(given)
    with pytest.raises(TypeError, match="neither a variable nor a parameter"):
        Saver([gg.zeros([2])])
    with pytest.raises(ValueError, match="max_to_keep is -1"):
        Saver(max_to_keep=-1)
    assert Saver([w, w]).last_checkpoints == []
