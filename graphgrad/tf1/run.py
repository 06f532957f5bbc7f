"""Running a TF1 script as it is."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from .python2 import parse
from .report import python2_remarks
from .served import serving


class Python2Error(Exception):
    """A script that only Python 2 understands; the message has a line per place."""


def run_script(script: Path, arguments: Sequence[str] = ()) -> int:
    """Run a script as `__main__` with `tensorflow` served from graphgrad.

    Its folder is the first that it imports from, and `sys.argv` is the script and its arguments.

    Args:
        script: the file.
        arguments: the words after the script.

    Returns:
        The exit code that the script asks for: 0 if it just ends.

    Raises:
        FileNotFoundError: if there is no such file.
        Python2Error: if it is written in Python 2.
        Exception: whatever the script raises.
    """
    if not script.is_file():
        raise FileNotFoundError(2, "no such file", str(script))
    _refuse_python2(script)
    words, places = sys.argv, list(sys.path)
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.resolve().parent))
    try:
        with serving():
            runpy.run_path(str(script), run_name="__main__")
    except SystemExit as end:
        return _code(end.code)
    finally:
        sys.argv, sys.path[:] = words, places
    return 0


def _refuse_python2(script: Path) -> None:
    """`Python2Error` if a line can't be parsed for being Python 2, in the script or in what it imports beside it."""
    source = script.read_bytes()
    try:
        compile(source, str(script), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        _, remarks = parse(source.decode("utf-8", "replace"))
        if any(not remark.text.startswith("can't be parsed") for remark in remarks):
            raise Python2Error(
                f"{script} is written in Python 2; 2to3 or futurize turn most of it into Python 3:\n"
                + python2_remarks(script)
            ) from None


def _code(asked: object) -> int:
    """The exit code of `sys.exit(asked)`, as Python understands it."""
    if asked is None:
        return 0
    if isinstance(asked, int):
        return asked
    sys.stderr.write(f"{asked}\n")
    return 1
