"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """A file to write; it takes the place of `path` when the block ends well.

    It is written beside `path` under a hidden name that ends in `.partial`, and has reached the disk before it is
    renamed. A block that raises removes it; a process that is killed leaves it behind, and `path` as it was.
    """
    folder, name = os.path.split(path)
    number, beside = tempfile.mkstemp(".partial", f".{name}.", folder or ".")
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())  # a temporary file is nobody else's to read
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    _settle(folder or ".")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _settle(folder: str) -> None:
    """Let the new name reach the disk, too; not every system can."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
