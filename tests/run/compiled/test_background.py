"""Inductor in another process, which is told to be a stand-in here where its seconds would teach nothing."""

from __future__ import annotations

import io
import pickle
import sys
import threading
from typing import Any

import pytest

from graphgrad.run.compiled import background
from graphgrad.run.compiled.background import compile_apart, main
from graphgrad.run.compiled.inductor import Job, carry_out, job_of
from tests.run.compiled.test_inductor import needs_a_compiler, wave


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


@needs_a_compiler
def test_what_another_process_has_compiled_is_found_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    stretch, x = wave()
    assert waited([job_of(stretch)]) == ""
    product = carry_out(job_of(stretch))
    assert product.hit
    assert product.function(x)[0].shape == x.shape


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
