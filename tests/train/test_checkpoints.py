"""The `checkpoint` file in TF1's format, and the files of a checkpoint."""

import os

import pytest

from graphgrad.train import checkpoints
from graphgrad.train.checkpoints import (
    checkpoint_exists,
    get_checkpoint_mtimes,
    get_checkpoint_state,
    latest_checkpoint,
    remove_checkpoint,
    update_checkpoint_state,
)


def make(folder, *names):
    paths = []
    for name in names:
        (folder / f"{name}.safetensors").write_bytes(b"")
        paths.append(str(folder / name))
    return paths


def test_a_file_that_tensorflow_wrote(tmp_path):
    (tmp_path / "checkpoint").write_text(
        'model_checkpoint_path: "model.ckpt-2"\n'
        'all_model_checkpoint_paths: "/elsewhere/model.ckpt-1"\n'
        'all_model_checkpoint_paths: "model.ckpt-2"\n'
        "all_model_checkpoint_timestamps: 1577836800.25\n"
        "all_model_checkpoint_timestamps: 1.5778e9\n"
        "last_preserved_timestamp: 1577836000.0\n"
    )
    state = get_checkpoint_state(str(tmp_path))
    assert state.model_checkpoint_path == str(tmp_path / "model.ckpt-2")
    assert state.all_model_checkpoint_paths == ["/elsewhere/model.ckpt-1", str(tmp_path / "model.ckpt-2")]
    assert state.all_model_checkpoint_timestamps == [1577836800.25, 1577800000.0]
    assert state.last_preserved_timestamp == 1577836000.0


def test_what_is_written_has_tensorflows_form(tmp_path):
    one, two = make(tmp_path, "model-1", "model-2")
    update_checkpoint_state(str(tmp_path), two, [one, two], None, [1.0, 2.5], 0.5)
    assert (tmp_path / "checkpoint").read_text() == (
        f'model_checkpoint_path: "{two}"\n'
        f'all_model_checkpoint_paths: "{one}"\nall_model_checkpoint_paths: "{two}"\n'
        "all_model_checkpoint_timestamps: 1.0\nall_model_checkpoint_timestamps: 2.5\nlast_preserved_timestamp: 0.5\n"
    )


def test_the_newest_checkpoint(tmp_path):
    folder = str(tmp_path)
    assert latest_checkpoint(folder) is None
    one, two = make(tmp_path, "model-1", "model-2")
    update_checkpoint_state(folder, one)
    assert latest_checkpoint(folder) == one
    update_checkpoint_state(folder, two, [one], "other")
    assert (latest_checkpoint(folder), latest_checkpoint(folder, "other")) == (one, two)
    assert get_checkpoint_state(folder, "other").all_model_checkpoint_paths == [one, two]
    os.remove(f"{one}.safetensors")
    assert latest_checkpoint(folder) is None


def test_a_relative_folder_may_move(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("run")
    make(tmp_path / "run", "model-1")
    update_checkpoint_state("run", os.path.join("run", "model-1"))
    assert 'model_checkpoint_path: "model-1"' in (tmp_path / "run" / "checkpoint").read_text()
    os.rename("run", "moved")
    assert latest_checkpoint("moved") == os.path.join("moved", "model-1")


@pytest.mark.parametrize("name", ['a "b" \\c', "näme 名", "tab\tline\nend", "it's", "\x7f\udcff"])
def test_any_name_comes_back(tmp_path, name):
    update_checkpoint_state(str(tmp_path), name)
    assert get_checkpoint_state(str(tmp_path)).model_checkpoint_path == os.path.join(str(tmp_path), name)
    assert len((tmp_path / "checkpoint").read_bytes().splitlines()) == 2


def test_escapes_that_others_write(tmp_path):
    (tmp_path / "checkpoint").write_text("model_checkpoint_path: '/a\\n\\x41\\101\\303\\244\\'\\\\b'")
    assert get_checkpoint_state(str(tmp_path)).model_checkpoint_path == "/a\nAAä'\\b"


def test_files_that_say_nothing_or_nonsense(tmp_path):
    assert get_checkpoint_state(str(tmp_path / "none")) is None
    (tmp_path / "checkpoint").write_text("")
    assert get_checkpoint_state(str(tmp_path)) is None
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "a\n')
    with pytest.raises(ValueError, match="a line that can't be read"):
        get_checkpoint_state(str(tmp_path))


def test_which_checkpoints_exist(tmp_path):
    (path,) = make(tmp_path, "model-1")
    (tmp_path / "tf.ckpt.index").write_bytes(b"")
    assert checkpoint_exists(path) and checkpoint_exists(tmp_path / "tf.ckpt")
    assert not checkpoint_exists(tmp_path / "model") and not checkpoint_exists(tmp_path)


def test_when_checkpoints_were_written(tmp_path):
    one, two = make(tmp_path, "model-1", "model-2")
    os.utime(f"{one}.safetensors", (5, 10))
    os.utime(f"{two}.safetensors", (5, 20))
    assert get_checkpoint_mtimes([one, str(tmp_path / "none"), two]) == [10, 20]


def test_a_removed_checkpoint_leaves_its_neighbours(tmp_path):
    one, ten, odd = make(tmp_path, "model-1", "model-10", "mod[ab]")
    for name in (
        "tf.index",
        "tf.meta",
        "tf.data-00000-of-00001",
        "tf.data-readme",
        "tf2.index",
        "moda.data-00000-of-00001",
    ):
        (tmp_path / name).write_bytes(b"")
    for path in (one, odd, str(tmp_path / "tf"), str(tmp_path / "none")):
        remove_checkpoint(path)
    left = {"model-10.safetensors", "tf.data-readme", "tf2.index", "moda.data-00000-of-00001"}
    assert set(os.listdir(tmp_path)) == left and checkpoint_exists(ten)


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="1 times for 2 checkpoints"):
        update_checkpoint_state(str(tmp_path), "b", ["a"], None, [1.0])
    with pytest.raises(ValueError, match="both"):
        update_checkpoint_state(str(tmp_path), str(tmp_path / "checkpoint"))


def test_the_file_is_replaced_whole(tmp_path, monkeypatch):
    update_checkpoint_state(str(tmp_path), "one")

    def broken(*_):
        raise OSError("no space left")

    monkeypatch.setattr("graphgrad.train.atomic.os.fsync", broken)
    with pytest.raises(OSError, match="no space left"):
        update_checkpoint_state(str(tmp_path), "two")
    assert checkpoints.get_checkpoint_state(str(tmp_path)).model_checkpoint_path == str(tmp_path / "one")
