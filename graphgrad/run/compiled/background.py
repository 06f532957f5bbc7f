"""Inductor in another process, which fills its cache on disk.

Beside a process that runs, neither Python's lock nor torch's random generators, which Inductor puts back as they
were, can be shared. So the other process compiles; this one then finds all in the cache.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch

from ...ground.optional import optional
from .inductor import Job, carry_out

_ROOT = Path(__file__).parents[3]

# One at a time: a compiler takes a core and its memory.
_turn = threading.Lock()

# So much nicer than the process that it compiles for.
_NICER = 5


def compile_apart(jobs: list[Job], done: Callable[[str], None]) -> threading.Thread:
    """Have jobs compiled beside this process, which may end meanwhile.

    Args:
        jobs: what to compile.
        done: called on another thread with '', or with what went wrong.
    """
    thread = threading.Thread(target=_compile, args=(jobs, done), name="graphgrad compiles", daemon=True)
    thread.start()
    return thread


def _compile(jobs: list[Job], done: Callable[[str], None]) -> None:
    with _turn:
        try:
            wrong = _in_child(pickle.dumps(jobs))
            if not wrong:
                with contextlib.suppress(Warning):  # where warnings are errors, it is imported later
                    optional("torch._inductor.compile_fx", "torch")  # a second or so, here and not between runs
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
    done(wrong)


def _in_child(payload: bytes) -> str:
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryFile() as said:  # a pipe would stay open as long as the compiler's own processes
        child = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve()"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said,
            env={**os.environ, "PYTHONPATH": path, "GRAPHGRAD_COMPILE": ""},
        )  # fmt: skip
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError), child.stdin:  # open: its end says that this process has ended
            child.stdin.write(len(payload).to_bytes(8, "little") + payload)
            child.stdin.flush()
            child.wait()
        code = child.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    return "" if code == 0 else (lines[-1] if lines else f"the compiling process ended with {code}")


def main(source: BinaryIO, leave: Callable[[int], Any] = os._exit) -> None:
    """What the other process does."""
    size = int.from_bytes(source.read(8), "little")
    jobs: list[Job] = pickle.loads(source.read(size))
    threading.Thread(target=_watch, args=(source, leave), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICER)
    for job in jobs:
        torch.set_num_threads(job.threads)
        carry_out(job)


def _watch(source: BinaryIO, leave: Callable[[int], Any]) -> None:
    """End when the process that asked has ended."""
    source.read(1)
    leave(1)


def serve() -> None:
    """The whole life of the other process."""
    code = 0
    try:
        main(sys.stdin.buffer)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        code = 1
    os._exit(code)  # at once: a thread waits for more on stdin
