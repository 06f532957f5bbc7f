"""Peers in a process and a virtual environment of their own, measured round by round with graphgrad.

A peer is a subprocess that answers one line of JSON with another: which task to measure, and the seconds it took
per unit. Between its turns it waits, so the rounds stay interleaved.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from room import roomy

FRAMEWORKS = ("tensorflow", "jax")


class Peer:
    """A running peer.

    Attributes:
        name: the framework and its version.
        words: task -> what the framework calls it.
    """

    def __init__(self, python: str, framework: str, threads: int) -> None:
        server = Path(__file__).with_name(f"peer_{framework}.py")
        self._process = subprocess.Popen(
            [python, str(server), str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        hello = self._read()
        self.name: str = hello["name"]
        self.words: dict[str, str] = hello["words"]

    def ask(self, task: str, **details: Any) -> float:
        """Seconds per unit of one sample of the task."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"task": task, **details}) + "\n")
        self._process.stdin.flush()
        return float(self._read()["seconds"])

    def timer(self, task: str, **details: Any) -> Callable[[], float]:
        """The task as a timer for `measure.interleave`."""
        return lambda: self.ask(task, **details)

    def close(self) -> None:
        """End the subprocess."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"it ended with status {self._process.wait()}"}
        if "error" in answer:
            raise RuntimeError(f"the peer failed: {answer['error']}")
        return dict(answer)


@contextlib.contextmanager
def connected(python: str | None, threads: int) -> Iterator[list[Peer]]:
    """The peers that this interpreter has installed; none if there is no interpreter."""
    found: list[Peer] = []
    try:
        for framework in FRAMEWORKS if python else ():
            if has(str(python), framework):
                found.append(Peer(str(python), framework, threads))
        yield found
    finally:
        for peer in found:
            peer.close()


def has(python: str, module: str) -> bool:
    """Whether that interpreter can find a module."""
    script = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", script], check=False).returncode == 0


def serve(name: str, words: dict[str, str], tasks: dict[str, Callable[..., float]]) -> None:
    """The peer's side: answer on standard output until the input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a framework prints is no answer
    print(json.dumps({"name": name, "words": words}), file=answers, flush=True)
    for line in sys.stdin:
        details = json.loads(line)
        try:
            answer: dict[str, Any] = {"seconds": roomy(partial(tasks[details.pop("task")], **details))}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
