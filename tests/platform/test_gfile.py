"""Files, in a temporary folder."""

import os

import pytest

import graphgrad as gg

gfile = gg.gfile


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_bytes(b"\x00\x01")
    return tmp_path


def test_questions(folder):
    assert gfile.Exists(folder / "a.txt") and not gfile.Exists(str(folder / "c.txt"))
    assert gfile.IsDirectory(folder / "sub") and not gfile.IsDirectory(folder / "a.txt")
    assert gfile.ListDirectory(folder) == ["a.txt", "sub"]
    assert gfile.Glob(str(folder / "*.txt")) == [str(folder / "a.txt")]
    assert gfile.Glob([str(folder / "sub" / "*"), str(folder / "*.txt")]) == [
        str(folder / "a.txt"), str(folder / "sub" / "b.txt"),
    ]  # fmt: skip
    stat = gfile.Stat(folder / "sub" / "b.txt")
    assert (stat.length, stat.is_directory) == (2, False)
    assert stat.mtime_nsec == os.stat(folder / "sub" / "b.txt").st_mtime_ns
    assert gfile.Stat(folder).is_directory
    assert list(gfile.Walk(folder)) == [(str(folder), ["sub"], ["a.txt"]), (str(folder / "sub"), [], ["b.txt"])]
    assert [each[0] for each in gfile.Walk(folder, in_order=False)] == [str(folder / "sub"), str(folder)]


def test_folders(folder):
    gfile.MakeDirs(folder / "x" / "y")
    gfile.MakeDirs(folder / "x" / "y")
    gfile.MkDir(folder / "z")
    with pytest.raises(FileExistsError):
        gfile.MkDir(folder / "z")
    gfile.DeleteRecursively(folder / "x")
    assert gfile.ListDirectory(folder) == ["a.txt", "sub", "z"]


@pytest.mark.parametrize("name", ["Copy", "Rename"])
def test_a_file_is_not_overwritten_by_chance(folder, name):
    act, old, new = getattr(gfile, name), folder / "a.txt", folder / "c.txt"
    new.write_text("")
    with pytest.raises(FileExistsError, match="already exists"):
        act(old, new)
    act(old, new, overwrite=True)
    assert new.read_text() == "one\ntwo\n"
    assert old.exists() == (name == "Copy")
    act(new, folder / "d.txt")
    gfile.Remove(folder / "d.txt")
    assert not gfile.Exists(folder / "d.txt")


def test_reading(folder):
    name = str(folder / "a.txt")
    assert gfile.GFile(name).read() == "one\ntwo\n"
    assert list(gfile.Open(name)) == gfile.FastGFile(name).readlines() == ["one\n", "two\n"]
    with gfile.GFile(name) as file:
        assert (file.readline(), file.tell(), file.read(1), file.size()) == ("one\n", 4, "t", 8)
        file.seek(1)
        assert file.readline() == "ne\n"
    assert gfile.GFile(folder / "sub" / "b.txt", "rb").read() == b"\x00\x01"


def test_writing(folder):
    name = folder / "new.txt"
    with gfile.GFile(name, "w") as file:
        assert gfile.Exists(name)
        file.write("h\u00e9")
        assert file.size() == 3
    with gfile.GFile(name, "a") as file:
        file.write("llo")
    assert gfile.GFile(name).read() == "h\u00e9llo"
    with gfile.GFile(name, "wb") as file:
        file.write(b"\xff")
        file.flush()
        assert name.read_bytes() == b"\xff"


def test_a_file_that_is_not_there(folder):
    with pytest.raises(FileNotFoundError):
        gfile.GFile(folder / "none").read()
    with pytest.raises(NotImplementedError, match="only files on this machine"):
        gfile.Exists("gs://bucket/file")


def test_errors_are_pythons_and_of_tf1s_family(tmp_path):
    missing, there = str(tmp_path / "no" / "file"), tmp_path / "there"
    there.write_text("x")
    calls = [lambda: gfile.GFile(missing).read(), lambda: gfile.Remove(missing), lambda: gfile.Stat(missing),
             lambda: gfile.GFile(missing, "w"), lambda: gfile.Copy(missing, missing),
             lambda: gfile.ListDirectory(missing),
             lambda: gfile.GFile(missing).size()]  # fmt: skip
    for call in calls:
        with pytest.raises(gg.errors.NotFoundError, match="file") as caught:
            call()
        assert isinstance(caught.value, FileNotFoundError) and caught.value.filename == missing
        assert (caught.value.errno, caught.value.error_code) == (2, 5)
    with pytest.raises(gg.errors.AlreadyExistsError, match="there"):
        gfile.MkDir(str(there))
    with pytest.raises(NotADirectoryError):  # of no kind that TF1 has
        gfile.ListDirectory(str(there))
