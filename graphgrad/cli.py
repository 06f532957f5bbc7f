"""The command `graphgrad`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import Session, __version__, debugprint, explain, global_variables, plot, watch
from .doctor import report
from .ground.errors import OpError
from .ground.progress import steps
from .script import ScriptError, called, fetched, question
from .tf1.report import report as tf1_report
from .tf1.run import Python2Error, run_script
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
    if isinstance(sys.stdout, io.TextIOWrapper):  # a tree has lines that not every terminal can show
        sys.stdout.reconfigure(errors="replace")
    try:
        given.run(given)
    except ScriptError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        parser.error(str(error))
    except OSError as error:
        if error.filename is None or given.run is _tf1:  # not a file of ours: a closed pipe, say, or the script's
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
    _more_commands(command)
    ported = command("tf1", "run a TF1 script as it is, with tensorflow served from graphgrad", _tf1)
    ported.add_argument("--report", action="store_true", help="list what is not supported, and run nothing")
    ported.add_argument("script", metavar="SCRIPT", type=Path)
    ported.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="what the script is given")
    command("doctor", "show what this installation has", lambda given: print(report()))
    return parser


def _more_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The commands that take what a function returns as it is."""
    printed = command("print", "print the operations that compute what a function returns, as a tree", _print)
    printed.add_argument(
        "place", metavar="FILE:FUNCTION", help="returns a tensor, or any list, tuple or dict of them, as (ys, xs)"
    )
    printed.add_argument("--depth", metavar="N", type=_count, help="how many levels to show (default: all)")
    printed.add_argument("--lines", action="store_true", help="show the file and line of each operation")
    profiled = command(
        "profile", "run what a function returns, and show the time and memory of each operation", _profile
    )
    profiled.add_argument("place", metavar="FILE:FUNCTION", help="returns fetches or (fetches, feed_dict)")
    profiled.add_argument(
        "--runs", metavar="N", type=_count, default=1,
        help="how many runs to measure, after one that is not (default: %(default)s)",
    )  # fmt: skip
    profiled.add_argument("--trace", metavar="OUT.json", type=Path, help="write a Chrome trace of the last run")


def _count(text: str) -> int:
    """A number of an option: at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _print(given: argparse.Namespace) -> None:
    found = called(given.place)
    try:
        debugprint(found, depth=given.depth, lines=given.lines)
    except (TypeError, ValueError) as error:
        raise ScriptError(f"{given.place}: {error}") from None


def _profile(given: argparse.Namespace) -> None:
    if given.trace is not None and given.trace.suffix != ".json":
        raise ScriptError(f"a Chrome trace is a .json file, got {str(given.trace)!r}")
    graph, fetches, feeds = fetched(given.place)
    profile = watch.Profile()
    with graph.as_default():
        variables = global_variables()  # their own initializers, so that a finalized graph can be run, too
    try:
        with Session(graph) as session:
            session.run([each.initializer for each in variables if each.initializer is not None])
            session.run(fetches, feeds)  # the first run prepares
            for _ in steps(range(given.runs), "runs"):
                session.run(fetches, feeds, watch=profile)
    except (OpError, LookupError, TypeError, ValueError) as error:
        raise ScriptError(f"{given.place}: {error}") from None
    print(profile)
    if given.trace is not None:
        print(profile.save(given.trace))


def _tf1(given: argparse.Namespace) -> None:
    if not given.script.is_file():
        raise ScriptError(f"there is no file {given.script}")
    if given.report:
        text, good = tf1_report(given.script)
        print(text)
        raise SystemExit(not good)
    try:
        code = run_script(given.script, given.arguments)
    except Python2Error as error:
        raise ScriptError(str(error)) from None
    if code:
        raise SystemExit(code)


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
