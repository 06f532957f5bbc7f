"""The driver's side of the pipe: a worker process that makes a row's work and gives a sample when asked."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

import numpy as np
from environments import HERE, surroundings

START = 120.0  # seconds that a framework may take to be imported


class Refused(Exception):
    """A worker that has no such work, failed at it, or took too long."""


class Worker:
    """A process with one framework and one of its tiers.

    Attributes:
        name: the framework and its version, as it says itself.
    """

    def __init__(self, framework: str, tier: str, python: str, threads: int) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="peers-"))
        self._errors = (self._scratch / "errors").open("w+")
        self._process = subprocess.Popen(
            [python, str(HERE / f"work_{framework}.py"), str(threads), tier],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env=surroundings(framework, threads, self._scratch),
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        assert self._process.stdout is not None
        self._listener = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        self._listener.start()
        try:
            self.name: str = self._read(START)["name"]
        except Refused:
            self.close()
            raise

    def ask(self, patience: float, **order: Any) -> dict[str, Any]:
        """The answer to an order; `Refused` if it fails or takes longer than `patience`, in seconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read(patience)

    def close(self) -> None:
        """End the process and remove its caches."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(BrokenPipeError):  # of what the process did not read any more
                if stream is not None:
                    stream.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put("")

    def _read(self, patience: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=patience)
        except queue.Empty:
            raise Refused(f"not done after {patience:.0f} s") from None
        if not line:
            self._errors.seek(0)
            last = (self._errors.read().strip().splitlines() or ["no message"])[-1]
            raise Refused(f"ended with status {self._process.wait()}: {last}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer


def unpacked(text: str) -> list[np.ndarray]:
    """The arrays that a worker packed as text."""
    with np.load(io.BytesIO(base64.b64decode(text))) as found:
        return [found[name] for name in found.files]
