"""Stretches that are launched as a whole: all but the capture itself, with a stand-in that repeats on fixed memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.run.compiled import cudagraph
from graphgrad.run.compiled.cudagraph import Captured, outside
from graphgrad.run.compiled.stretch import Stretch
from graphgrad.run.compiled.stretches import parts
from tests.run.compiled.test_stretches import Sketch

aten = torch.ops.aten


class StandIn:
    """Captures on the CPU: what was done is done again, and its results go to where the first ones were."""

    def __init__(self) -> None:
        self.captures = self.warmups = 0

    def capture(self, work: Callable[[], Any]) -> Callable[[], None]:
        self.captures += 1
        stretch = self.captured
        kept = [each.clone() for each in stretch.buffers]  # a capture computes nothing
        work()
        results = list(stretch.results)
        for buffer, value in zip(stretch.buffers, kept, strict=True):
            buffer.copy_(value)

        def replay() -> None:
            made = stretch.stretch.eager(*stretch.buffers)
            for result, value in zip(results, made, strict=True):
                result.copy_(value)

        return replay

    def warm(self, work: Callable[[], Any]) -> None:
        self.warmups += 1
        for _ in range(3):
            work()

    def of(self, stretch: Stretch) -> Captured:
        self.captured = Captured(stretch, 0, self.capture, self.warm)
        return self.captured


def update() -> Stretch:
    """v += x, and the new v times 2, by way of a view of v."""
    sketch = Sketch()
    x, v = sketch.given(2), sketch.given(2)
    view = sketch.call(aten.view.default, v, [1, 2])
    sketch.call(aten.add_.Tensor, view, x)
    (stretch,) = parts(sketch.returning(sketch.call(aten.mul.Tensor, v, 2.0)))
    assert isinstance(stretch, Stretch)
    return stretch


def call(captured: Captured, x: torch.Tensor, v: torch.Tensor) -> list[float]:
    places = {True: v, False: x}
    given = [places[place in captured.fixed] for place in range(len(captured.stretch.inputs))]
    with torch.no_grad():
        return captured(*given)[0].tolist()  # type: ignore[no-any-return]


def test_a_variable_is_updated_in_its_own_memory_once_a_run() -> None:
    stand_in = StandIn()
    captured = stand_in.of(update())
    x, v = torch.tensor([1.0, 2.0]), torch.zeros(2)
    assert call(captured, x, v) == [2.0, 4.0] and v.tolist() == [1.0, 2.0]
    assert call(captured, 10 * x, v) == [22.0, 44.0] and v.tolist() == [11.0, 22.0]
    assert stand_in.captures == stand_in.warmups == 1 and x.tolist() == [1.0, 2.0]


def test_results_outlive_the_next_run() -> None:
    sketch = Sketch()
    x = sketch.given(2)
    (stretch,) = parts(sketch.returning(sketch.call(aten.exp.default, sketch.call(aten.sin.default, x))))
    assert isinstance(stretch, Stretch)
    captured = StandIn().of(stretch)
    (first,) = captured(torch.zeros(2))
    captured(torch.ones(2))
    assert first.tolist() == [1.0, 1.0]


def test_a_variable_in_other_memory_is_captured_again_and_at_last_given_up() -> None:
    stand_in = StandIn()
    captured = stand_in.of(update())
    x = torch.ones(2)
    kept = [torch.zeros(2) for _ in range(6)]  # alive, so that no two share an address
    for v in kept:
        assert call(captured, x, v) == [2.0, 2.0] and v.tolist() == [1.0, 1.0]
    assert stand_in.captures == captured.captures == 4


def test_kernels_on_the_cpu_are_outside() -> None:
    sketch = Sketch()
    node = sketch.call(aten.sin.default, sketch.given(2))
    assert outside(sketch.flat, node) == "it is on cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
def test_without_cuda_the_session_is_refused() -> None:
    with pytest.raises(RuntimeError, match="use 'inductor' or 'trace'"):
        gg.Session(compile="cudagraph")


def test_a_run_on_the_cpu_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphgrad.run.compiled.choice.missing", str)
    x = gg.placeholder(gg.float32, [], name="x")
    with gg.Session(compile="cudagraph") as session:
        assert session.run(gg.exp(gg.sin(x)), {x: 0.0}) == 1.0
        assert "it is on cpu" in str(session.report())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA")
def test_a_step_on_cuda_takes_the_same_course() -> None:
    x = gg.placeholder(gg.float32, [3, 2], name="x")
    w = gg.Variable(gg.ones([2, 1]))
    loss = gg.reduce_sum(torch.tanh(x @ w) ** 2)
    step = gg.train.GradientDescentOptimizer(0.1).minimize(loss)
    courses = []
    for compile in ("", "cudagraph"):
        with gg.Session(device="cuda", compile=compile) as session:
            session.run(gg.global_variables_initializer())
            courses.append([session.run([loss, step], {x: torch.ones(3, 2).numpy()})[0] for _ in range(4)])
    assert courses[1] == pytest.approx(courses[0]) and cudagraph.missing() == ""
