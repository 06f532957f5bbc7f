"""`gg.gfile`: TF1's functions of files, for those on this machine.

What fails is an error of Python's and one of TF1's family at once: a file that is missing is a `FileNotFoundError` and
a `gg.errors.NotFoundError`.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
from collections.abc import Iterator
from typing import Any

from ..ground.errors import AlreadyExistsError, NotFoundError, OpError, PermissionDeniedError

PathLike = str | bytes | os.PathLike[str]


# Python's kind of error -> TF1's, which is one of Python's kind as well.
_KINDS: tuple[tuple[type[OSError], type[OpError]], ...] = (
    (FileNotFoundError, NotFoundError),
    (FileExistsError, AlreadyExistsError),
    (PermissionError, PermissionDeniedError),
)


@contextlib.contextmanager
def _as_tf1() -> Iterator[None]:
    """A block, or a function, whose errors of files are of TF1's family, too."""
    try:
        yield
    except OSError as error:
        kind = next((ours for pythons, ours in _KINDS if type(error) is pythons), None)
        if kind is None:
            raise
        made: Any = kind(str(error))
        made.errno, made.strerror, made.filename = error.errno, error.strerror, error.filename
        raise made from error


def _path(name: PathLike) -> str:
    text = os.fsdecode(name)
    if "://" in text:
        raise NotImplementedError(f"{text}: only files on this machine; fsspec opens others")
    return text


def Exists(filename: PathLike) -> bool:  # noqa: N802
    """Whether there is a file or folder of this name."""
    return os.path.exists(_path(filename))


def IsDirectory(dirname: PathLike) -> bool:  # noqa: N802
    """Whether there is a folder of this name."""
    return os.path.isdir(_path(dirname))


@_as_tf1()
def MkDir(dirname: PathLike) -> None:  # noqa: N802
    """Make a folder, whose parent must be there."""
    os.mkdir(_path(dirname))


@_as_tf1()
def MakeDirs(dirname: PathLike) -> None:  # noqa: N802
    """Make a folder and those above it; nothing happens if it is there."""
    os.makedirs(_path(dirname), exist_ok=True)


def Glob(filename: PathLike | list[PathLike]) -> list[str]:  # noqa: N802
    """The files that match a pattern, or any of some patterns, in order.

    >>> from graphgrad.platform import gfile
    >>> gfile.Glob("no/such/folder/*")
    []
    """
    patterns = filename if isinstance(filename, list) else [filename]
    return sorted(found for pattern in patterns for found in glob.glob(_path(pattern)))


@_as_tf1()
def ListDirectory(dirname: PathLike) -> list[str]:  # noqa: N802
    """The names of what is in a folder."""
    return sorted(os.listdir(_path(dirname)))


@_as_tf1()
def Remove(filename: PathLike) -> None:  # noqa: N802
    """Delete a file."""
    os.remove(_path(filename))


@_as_tf1()
def DeleteRecursively(dirname: PathLike) -> None:  # noqa: N802
    """Delete a folder and all that is in it."""
    shutil.rmtree(_path(dirname))


@_as_tf1()
def Copy(oldpath: PathLike, newpath: PathLike, overwrite: bool = False) -> None:  # noqa: N802
    """Copy a file; `FileExistsError` if the new one is there and is not to be overwritten."""
    _refuse_existing(newpath, overwrite)
    shutil.copyfile(_path(oldpath), _path(newpath))


@_as_tf1()
def Rename(oldname: PathLike, newname: PathLike, overwrite: bool = False) -> None:  # noqa: N802
    """Move a file; `FileExistsError` if the new one is there and is not to be overwritten."""
    _refuse_existing(newname, overwrite)
    os.replace(_path(oldname), _path(newname))


def _refuse_existing(name: PathLike, overwrite: bool) -> None:
    if not overwrite and os.path.exists(_path(name)):
        raise FileExistsError(17, "file already exists", _path(name))


class FileStatistics:
    """What `Stat` says of a file.

    Attributes:
        length: its bytes.
        mtime_nsec: when it was last written, in nanoseconds since 1970.
        is_directory: whether it is a folder.
    """

    def __init__(self, length: int, mtime_nsec: int, is_directory: bool) -> None:
        self.length, self.mtime_nsec, self.is_directory = length, mtime_nsec, is_directory


@_as_tf1()
def Stat(filename: PathLike) -> FileStatistics:  # noqa: N802
    """The size, the time and the kind of a file."""
    found = os.stat(_path(filename))
    return FileStatistics(found.st_size, found.st_mtime_ns, IsDirectory(filename))


def Walk(top: PathLike, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:  # noqa: N802
    """Each folder below `top` with the names of the folders and files in it; a folder before those in it, or after."""
    for folder, folders, files in os.walk(_path(top), topdown=in_order):
        folders.sort()
        yield folder, folders, sorted(files)


class GFile:
    r"""An open file, with Python's methods and TF1's: texts by default, bytes with a `b` in the mode.

    Args:
        name: the file's name.
        mode: 'r', 'w', 'a', 'rb', 'wb', 'ab', or with a '+'.

    >>> from graphgrad.platform import gfile
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with gfile.GFile(os.path.join(folder, "a.txt"), "w") as file:
    ...         file.write("two\nlines\n")
    ...     gfile.GFile(os.path.join(folder, "a.txt")).readlines()
    ['two\n', 'lines\n']
    """

    def __init__(self, name: PathLike, mode: str = "r") -> None:
        self.name, self.mode = _path(name), mode
        self._opened: Any = None
        if mode[0] in "wa":
            self._file()  # made at once, as an open file of Python's would be

    @_as_tf1()
    def _file(self) -> Any:
        if self._opened is None:
            binary = "b" in self.mode
            self._opened = open(self.name, self.mode, encoding=None if binary else "utf-8")  # noqa: SIM115
        return self._opened

    def read(self, n: int = -1) -> Any:
        """The next n characters or bytes; all that are left for -1. A file that is read whole is closed."""
        found = self._file().read(n)
        if n == -1 and self.mode.rstrip("bU") == "r":
            self.close()
        return found

    def readline(self) -> Any:
        """The next line, with its end."""
        return self._file().readline()

    def readlines(self) -> list[Any]:
        """All lines that are left, with their ends."""
        found: list[Any] = self._file().readlines()
        self.close()
        return found

    def write(self, file_content: Any) -> None:
        """Write a text, or bytes."""
        self._file().write(file_content)

    def seek(self, offset: int, whence: int = 0) -> None:
        """Go to a place in the file."""
        self._file().seek(offset, whence)

    def tell(self) -> int:
        """The place in the file."""
        return int(self._file().tell())

    @_as_tf1()
    def size(self) -> int:
        """The file's bytes."""
        self.flush()
        return os.path.getsize(self.name)

    def flush(self) -> None:
        """Write what is held back."""
        if self._opened is not None:
            self._opened.flush()

    def close(self) -> None:
        """Close the file; the next reading opens it anew."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *failure: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._file()
        finally:
            self.close()

    def __del__(self) -> None:
        if getattr(self, "_opened", None) is not None:
            self._opened.close()


FastGFile = GFile
Open = GFile

# The names that `tf.io.gfile` has for them.
exists, isdir, mkdir, makedirs, listdir, remove = Exists, IsDirectory, MkDir, MakeDirs, ListDirectory, Remove
rmtree, copy, rename, stat, walk = DeleteRecursively, Copy, Rename, Stat, Walk
