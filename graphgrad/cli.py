"""The command `graphgrad`."""

from __future__ import annotations

import argparse
import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import __version__, explain, plot
from .doctor import report
from .script import ScriptError, question
from .tour import tour


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: the words after `graphgrad`; those of this process if None.

    Returns:
        0 if all went well. A command line that can't be right ends the process with exit code 2 and a message.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        given.run(given)
    except ScriptError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        parser.error(str(error))
    except OSError as error:
        if error.filename is None:  # not a file of ours: a closed pipe, say
            raise
        parser.error(f"can't write to {error.filename}: {error.strerror}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="graphgrad", description="Symbolic graphs and gradients over PyTorch.")
    parser.add_argument("--version", action="version", version=f"graphgrad {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, about: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=about, description=about.capitalize() + ".")
        found.set_defaults(run=run)
        return found

    about = "see in a few seconds what graphgrad does: record, differentiate, train, explain, draw"
    folder = command("tour", about, lambda given: tour(_writable(given.out)))
    folder.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("graphgrad-tour"),
        help="where the page and the picture go (default: %(default)s)",
    )
    plotted = command("plot", "draw the gradient graph of what a function returns", _plot)
    plotted.add_argument(
        "--out", metavar="PICTURE", type=Path, default=Path("gradient.html"),
        help="the suffix says how: .svg, .html, .png, .pdf, .dot, .mmd, .pbtxt (default: %(default)s)",
    )  # fmt: skip
    explained = command("explain", "say for each x why it is connected to the ys or not", _explain)
    for one in (plotted, explained):
        one.add_argument("place", metavar="FILE:FUNCTION", help="returns (ys, xs) or (ys, xs, stop_gradients)")
    command("doctor", "show what this installation has", lambda given: print(report()))
    return parser


def _plot(given: argparse.Namespace) -> None:
    picture = _asked(plot, given.place)
    try:
        print(picture.save(given.out))
    except (ValueError, ImportError) as error:
        raise ScriptError(str(error)) from None


def _explain(given: argparse.Namespace) -> None:
    print(_asked(explain, given.place))


def _asked(ask: Callable[..., Any], place: str) -> Any:
    """What `plot` or `explain` answers to the question that a function returns."""
    asked = question(place)
    try:
        return ask(*asked)
    except (LookupError, TypeError, ValueError) as error:
        raise ScriptError(f"{place}: {error}") from None


def _writable(folder: Path) -> Path:
    """The folder, made if need be; `OSError` before any work is done if nothing can be written there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, "permission denied", str(folder))
    return folder
