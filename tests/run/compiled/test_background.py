"""Inductor in another process, which is told to be a stand-in here where its seconds would teach nothing."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from graphgrad.run.compiled import background
from graphgrad.run.compiled.background import compile_apart, main
from graphgrad.run.compiled.inductor import Job
from tests.house.source import ROOT
from tests.run.compiled.test_inductor import needs_a_compiler


def waited(jobs: list[Job], seconds: float = 300.0) -> str:
    """What the other process says."""
    told: list[str] = []
    over = threading.Event()

    def done(wrong: str) -> None:
        told.append(wrong)
        over.set()

    assert compile_apart(jobs, done).daemon, "an exit must not wait for it"
    assert over.wait(seconds)
    return told[0]


# In a process of its own: under pytest, which listens to all that torch logs, Inductor names things differently.
ALONE = """
from tests.run.compiled.test_background import waited
from tests.run.compiled.test_inductor import wave
from graphgrad.run.compiled.inductor import carry_out, job_of

stretch, x = wave()
print(waited([job_of(stretch)]), carry_out(job_of(stretch)).hit)
"""


@needs_a_compiler
def test_what_another_process_has_compiled_is_found_here(tmp_path: Path) -> None:
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", ALONE], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True"], done.stderr[-2000:]


def test_what_goes_wrong_there_is_said_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited([Job(b"no pickle", [], 1)]).startswith("UnpicklingError")
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert waited([]).startswith("FileNotFoundError")


def test_the_other_process_compiles_each_job_with_as_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, int]] = []
    monkeypatch.setattr(background.torch, "set_num_threads", lambda count: done.append(("threads", count)))
    monkeypatch.setattr(background, "carry_out", lambda job: done.append(("job", job.threads)))
    monkeypatch.setattr(background.os, "nice", lambda more: more)
    payload = pickle.dumps([Job(b"", [], 3), Job(b"", [], 4)])
    left = threading.Event()
    main(io.BytesIO(len(payload).to_bytes(8, "little") + payload), lambda code: left.set())
    assert done == [("threads", 3), ("job", 3), ("threads", 4), ("job", 4)]
    assert left.wait(10), "it ends when the process that asked has ended"
