"""Stretches through Inductor. It works for seconds, so each test that asks it to is worth its while."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import graphgrad as gg
from graphgrad.run.compiled import inductor
from graphgrad.run.compiled.inductor import Compiled, Product, carry_out, job_of, missing
from graphgrad.run.compiled.stretch import Stretch
from graphgrad.run.compiled.stretches import parts
from tests.run.compiled.test_stretches import Sketch

aten = torch.ops.aten

needs_a_compiler = pytest.mark.skipif(bool(missing()), reason=missing() or "there is one")


@pytest.fixture
def session() -> Iterator[gg.Session]:
    with gg.Session(compile="inductor") as made:
        yield made


def wave() -> tuple[Stretch, torch.Tensor]:
    """A stretch that gives sin(x) and exp(sin(x)), and an input."""
    sketch = Sketch()
    x = sketch.given(2, 3)
    sine = sketch.call(aten.sin.default, x)
    (stretch,) = parts(sketch.returning(sine, sketch.call(aten.exp.default, sine)))
    assert isinstance(stretch, Stretch)
    return stretch, torch.linspace(-1, 1, 6).reshape(2, 3)


@needs_a_compiler
def test_a_stretch_is_compiled_once_and_then_found() -> None:
    stretch, x = wave()
    first, second = carry_out(job_of(stretch)), carry_out(job_of(stretch))
    assert second.hit
    for product in (first, second):
        sine, power = Compiled(stretch, product, 0)(x)
        torch.testing.assert_close(sine, x.sin())
        torch.testing.assert_close(power, x.sin().exp())
    code = "".join(Path(name).read_text("utf-8") for name in second.files)
    assert "sin" in code


@needs_a_compiler
def test_every_product_reads_the_old_value_of_what_a_step_updates() -> None:
    # A draw cuts the program: the second stretch writes to the weights and reads what the first has seen of them.
    gg.set_random_seed(3)
    generator = np.random.default_rng(0)
    h = gg.constant(generator.normal(size=(256, 64)).astype("float32"))
    weights = [gg.Variable(generator.normal(size=(64, 64)).astype("float32") / 8) for _ in range(4)]
    for weight in weights:
        h = torch.tanh(F.linear(h, weight, gg.Variable(np.zeros(64, "float32"))))
    h = h * torch.bernoulli(torch.sigmoid(h))
    step = gg.train.GradientDescentOptimizer(10.0).minimize((h * h).mean())
    found = {}
    for tier in ("", "inductor"):
        with gg.Session(compile=tier) as session:
            session.run(gg.global_variables_initializer())
            session.run(step)
            found[tier] = session.run(weights)
    for usual, compiled in zip(found[""], found["inductor"], strict=True):
        np.testing.assert_allclose(compiled, usual, rtol=1e-5, atol=1e-6)


@needs_a_compiler
def test_a_training_step_with_dropout_and_lookups_takes_the_same_course() -> None:
    gg.set_random_seed(1)
    words = gg.placeholder(gg.int64, [None], name="words")
    labels = gg.placeholder(gg.int64, [None], name="labels")
    table = gg.Variable(np.random.default_rng(0).normal(size=(7, 5)), dtype=gg.float32)
    hidden = F.dropout(torch.tanh(gg.gather(table, words)), 0.5)
    loss = F.cross_entropy(hidden, labels)
    step = gg.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    feeds = {words: [1, 2, 6, 1], labels: [0, 4, 2, 1]}
    courses: list[Any] = []
    for compile in ("", "inductor"):
        with gg.Session(compile=compile) as session:
            session.run(gg.global_variables_initializer())
            courses.append([session.run([loss, step], feeds)[0] for _ in range(3)] + [session.run(table)])
            if compile:
                text, report = session.source([loss, step], feeds), str(session.report())
                with pytest.raises(gg.errors.InvalidArgumentError, match="index") as caught:
                    session.run([loss, step], {words: [1, 2, 7, 1], labels: [0, 4, 2, 1]})
    for plain, fused in zip(*courses, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-5, atol=1e-6)
    assert len({float(each) for each in courses[1][:3]}) == 3
    assert "compiled by Inductor" in text and "def stretch_0(" in text and "run.draw(" in text
    assert "Inductor: " in report and "it draws numbers" in report
    assert "not by Inductor: it reads neither feeds nor variables" in report
    assert caught.value.op is not None and caught.value.op.name == "gather"


def test_without_a_compiler_kernels_run_one_by_one(session: gg.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphgrad.run.compiled.backends.missing", lambda: "install g++")
    x = gg.placeholder(gg.float32, [], name="x")
    assert session.run(gg.gradients(x * x * x, x)[0], {x: 2.0}) == 12.0
    assert "not by Inductor: install g++" in str(session.report())


@pytest.mark.parametrize(
    ("found", "asked", "says"), [("", "", "apt install g++"), ("", "mine", "mine"), ("g++", "", "")]
)
def test_what_is_missing_is_named(found: str, asked: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", asked)
    monkeypatch.setattr(shutil, "which", lambda name: name if name == found else None)
    text = inductor.missing.__wrapped__()
    assert says in text and bool(text) == bool(says)


def test_a_failure_of_inductor_is_reported_and_the_run_goes_on(
    session: gg.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(job: Any) -> Product:
        raise RuntimeError("no such instruction\nand more")

    monkeypatch.setattr("graphgrad.run.compiled.backends.missing", str)
    monkeypatch.setattr("graphgrad.run.compiled.backends.carry_out", fail)
    x = gg.placeholder(gg.float32, [2], name="x")
    assert session.run(gg.exp(gg.sin(x)), {x: [0.0, 0.0]}).tolist() == [1.0, 1.0]
    assert "2 kernels not by Inductor: RuntimeError: no such instruction" in str(session.report())


def test_results_that_only_the_compiler_shares_are_parted() -> None:
    stretch, x = wave()

    def sloppy(given: torch.Tensor) -> list[torch.Tensor]:
        made = given.sin()
        return [made, made]

    first, second = Compiled(stretch, Product(sloppy, False, 0.0, ()), 0)(x)
    assert first.data_ptr() != second.data_ptr() and torch.equal(first, second)


def test_code_that_fails_where_kernels_do_not_keeps_its_error() -> None:
    stretch, x = wave()

    def broken(given: torch.Tensor) -> list[torch.Tensor]:
        raise RuntimeError("bad code")

    with pytest.raises(RuntimeError, match="bad code"):
        Compiled(stretch, Product(broken, False, 0.0, ()), 0)(x)
