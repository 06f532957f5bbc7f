"""A file is replaced whole or not at all."""

import os
import stat

import pytest

from graphgrad.train.atomic import replacing


def test_a_file_is_there_when_the_block_ends(tmp_path):
    path = tmp_path / "file"
    with replacing(str(path)) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["file"]


def test_a_file_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with replacing("file") as file:
        file.write(b"new")
    assert os.listdir() == ["file"]


def test_a_block_that_raises_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(KeyError), replacing(str(path)) as file:
        file.write(b"half of the n")
        raise KeyError
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_others_may_read_what_the_umask_allows(tmp_path):
    before = os.umask(0o027)
    try:
        with replacing(str(tmp_path / "file")) as file:
            file.write(b"new")
    finally:
        assert os.umask(before) == 0o027
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(str(tmp_path / "none" / "file")):
        raise AssertionError("the block is not entered")
