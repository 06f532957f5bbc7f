"""`gg.app`: TF1's entry point of a script: parses the flags, calls `main`, ends the process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import flags

__all__ = ["flags", "run"]


def run(main: Callable[[list[str]], Any] | None = None, argv: Sequence[str] | None = None) -> NoReturn:
    """Parse the flags, call `main` with what is left of the command line, and end the process with its result.

    Args:
        main: a function of the list of the program's name and the words that are no flags; `main` of the script
            that was started if None.
        argv: the program's name and its arguments; `sys.argv` if None.

    Raises:
        SystemExit: always: with what `main` returns, or 1 for a command line that can't be right.

    >>> import graphgrad as gg
    >>> try:
    ...     gg.app.run(lambda words: print(words), ["prog", "data.txt"])
    ... except SystemExit as end:
    ...     print(end.code)
    ['prog', 'data.txt']
    None
    """
    words = list(sys.argv if argv is None else argv)
    if {"-h", "--help", "-helpfull", "--helpfull", "-help"} & set(words[1:]) and "help" not in flags.FLAGS:
        sys.stdout.write(f"{sys.modules['__main__'].__doc__ or words[0]}\n\nflags:\n{flags.FLAGS.get_help()}\n")
        raise SystemExit(1)
    try:
        rest = flags.FLAGS(words)
        flags.check_required()
    except flags.Error as error:
        flags.fail(str(error))
    found = getattr(sys.modules["__main__"], "main", None) if main is None else main
    if found is None:
        raise TypeError("app.run() calls main of the script that was started, which has none")
    raise SystemExit(found(rest))
