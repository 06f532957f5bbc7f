"""The command `graphgrad`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from . import __version__
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
        tour(_writable(given.out))
    except OSError as error:
        if error.filename is None:  # not a file of ours: a closed pipe, say
            raise
        parser.error(f"can't write to {error.filename}: {error.strerror}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="graphgrad", description="Symbolic graphs and gradients over PyTorch.")
    parser.add_argument("--version", action="version", version=f"graphgrad {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    about = "see in a few seconds what graphgrad does: record, differentiate, train, explain, draw"
    command = commands.add_parser("tour", help=about, description=about.capitalize() + ".")
    command.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("graphgrad-tour"),
        help="where the page and the picture go (default: %(default)s)",
    )
    return parser


def _writable(folder: Path) -> Path:
    """The folder, made if need be; `OSError` before any work is done if nothing can be written there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, "permission denied", str(folder))
    return folder
