"""What a run hands to its watches, and which watches it takes."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.run.watch.watcher import Recorder, as_watches


class Diary(gg.watch.Watch):
    """Writes down everything that it is told, in order."""

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []

    def recorder(self) -> Recorder:
        return _Writer(self.lines)

    def readings(self) -> dict[Any, Any]:
        return {}


class _Writer(Recorder):
    cotangents = adjoints = True

    def __init__(self, lines: list[tuple[Any, ...]]) -> None:
        self.lines = lines

    def start(self) -> None:
        self.lines.append(("start",))

    def stop(self) -> None:
        self.lines.append(("stop",))

    def fed(self, place: Any, tensor: Any) -> None:
        self.lines.append(("fed", place.op.name))

    def enter(self, place: Any) -> None:
        self.lines.append(("enter", place.op.name))

    def leave(self, place: Any, values: Any, reads: Any) -> None:
        self.lines.append(("leave", place.op.name))

    def cotangent(self, place: Any, index: int, call: Any, gradient: Any) -> None:
        assert not gradient.requires_grad
        self.lines.append(("cotangent", place.op.name, call.name))

    def adjoint_enter(self, place: Any, call: Any) -> None:
        self.lines.append(("adjoint of", place.op.name, call.name))

    def adjoint_leave(self, place: Any, order: int, call: Any, outgoing: Any, incoming: Any) -> None:
        self.lines.append(("adjoint done", place.op.name, order))


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float64, [2], name="x")


def seen(fetches: Any, feeds: Any) -> list[tuple[Any, ...]]:
    diary = Diary()
    with gg.Session() as session:
        session.run(fetches, feeds, watch=diary)
    return diary.lines


def test_forward_and_backward_in_the_order_of_execution(x: Any) -> None:
    (g,) = gg.gradients(gg.exp(x, name="y"), x, name="g")
    assert seen(g, {x: [0.0, 1.0]}) == [
        ("start",), ("fed", "x"), ("enter", "y"), ("leave", "y"), ("enter", "g/vjp"),
        ("cotangent", "y", "g/vjp"), ("adjoint of", "y", "g/vjp"), ("adjoint done", "y", 1),
        ("cotangent", "x", "g/vjp"), ("leave", "g/vjp"), ("stop",),
    ]  # fmt: skip


def test_a_derivative_of_a_derivative_belongs_to_the_operation(x: Any) -> None:
    (g,) = gg.gradients(gg.exp(x, name="y"), x, name="g")
    (h,) = gg.gradients(g, x, name="h")
    lines = seen(h, {x: [0.0, 1.0]})
    done = [line for line in lines[lines.index(("enter", "h/vjp")) :] if line[0] == "adjoint done"]
    assert ("adjoint done", "y", 2) in done and ("adjoint done", "y", 1) in done


def test_what_a_composite_operation_is_made_of_belongs_to_it(x: Any) -> None:
    matrix = gg.reshape(x, [1, 2])
    loss = torch.nn.functional.cross_entropy(matrix, gg.constant([1], gg.int64))
    lines = seen(gg.gradients(loss, x), {x: [0.0, 1.0]})
    parts = [line[1] for line in lines if line[0] == "adjoint done"]
    assert parts.count(loss.op.name) >= 2 and set(parts) == {loss.op.name, matrix.op.name}


def test_a_stop_hides_what_does_not_pass(x: Any) -> None:
    h = gg.exp(x, name="h")
    y = gg.add(h, x, name="y")
    lines = seen(gg.gradients(y, x, stop_gradients=[h], name="g"), {x: [0.0, 1.0]})
    assert ("cotangent", "x", "g/vjp") in lines and ("cotangent", "h", "g/vjp") not in lines
    lines = seen(gg.gradients(y, [x, h], stop_gradients=[h], name="g"), {x: [0.0, 1.0]})
    assert ("cotangent", "h", "g_1/vjp") in lines


def test_a_run_that_fails_is_over_all_the_same(x: Any) -> None:
    y = gg.reshape(x, [2]) @ gg.placeholder(gg.float64, [None], name="w")
    diary = Diary()
    with gg.Session() as session, pytest.raises(gg.errors.InvalidArgumentError) as caught:
        session.run(y, {x: [0.0, 1.0], "w:0": np.ones(3)}, watch=diary)
    assert caught.value.op is y.op and diary.lines[-1] == ("stop",)


def test_a_user_who_has_metadata_on_nodes_and_anomaly_mode(x: Any) -> None:
    y = gg.exp(x)
    with gg.Session() as session, torch.autograd.set_detect_anomaly(True):
        assert session.run(gg.gradients(y, x), {x: [0.0, 0.0]}, watch=Diary())[0].tolist() == [1.0, 1.0]


def test_a_custom_function_of_the_user(x: Any) -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, value: Any) -> Any:
            ctx.variable = 1
            return value * 2

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            return gradient * 2

    y = Double.apply(x)
    lines = seen(gg.gradients(y, x), {x: [0.0, 1.0]})
    assert ("adjoint done", y.op.name, 1) in lines


class Memory(Diary):
    """Notes which tensors are alive."""

    def recorder(self) -> Recorder:
        refs: list[Any] = []
        self.refs = refs

        class Noting(_Writer):
            def leave(self, place: Any, values: Any, reads: Any) -> None:
                refs.extend(weakref.ref(value) for value in values)

        return Noting(self.lines)


def test_nothing_of_the_run_stays_alive(x: Any) -> None:
    y = gg.sin(gg.exp(x))
    (g,) = gg.gradients(y, x)
    (h,) = gg.gradients(g, x)
    memory = Memory()
    gc.collect()
    gc.disable()
    try:
        with gg.Session() as session:
            session.run(h, {x: [0.0, 1.0]}, watch=[memory, gg.watch.NaN(), gg.watch.Values()])
        assert len(memory.refs) == 4 and [ref() for ref in memory.refs] == [None] * 4
    finally:
        gc.enable()


def test_two_threads_share_a_session_and_a_watch(x: Any) -> None:
    v = gg.Variable(np.ones(2), name="v")
    g = gg.gradients(gg.reduce_sum(gg.exp(x) * v), v)[0]
    watch = gg.watch.Values()
    wrong: list[Any] = []
    with gg.Session() as session:
        session.run(v.initializer)

        def work(number: float) -> None:
            for _ in range(20):
                found = session.run(g, {x: [number, number]}, watch=watch)
                if not np.allclose(found, np.exp(number)):
                    wrong.append(found)

        threads = [threading.Thread(target=work, args=(number,)) for number in (0.0, 1.0)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert wrong == [] and watch.measures[x._value, None].low in (0.0, 1.0)


@pytest.mark.parametrize(
    "watch", [gg.watch.NaN, 1, [gg.watch.NaN(), None], {"a": gg.watch.NaN()}], ids=["class", "number", "list", "dict"]
)
def test_what_is_no_watch(watch: Any) -> None:
    with gg.Session() as session, pytest.raises(TypeError, match="watch is a gg.watch.NaN, Values or Profile"):
        session.run(gg.constant(1.0), watch=watch)


def test_watches_are_taken_once_and_those_of_time_last() -> None:
    values, profile = gg.watch.Values(), gg.watch.Profile()
    assert as_watches([profile, values, profile]) == [values, profile]
    assert as_watches(None) == as_watches([]) == []
    with gg.Session() as session:
        assert session.run(gg.constant(1.0), watch=[]) == 1.0


def test_a_watched_run_refuses_what_a_plain_one_refuses(x: Any) -> None:
    watch = gg.watch.Values()
    with gg.Session() as session:
        with pytest.raises(TypeError, match="not a dict"):
            session.run(x, [1.0], watch=watch)
        with pytest.raises(gg.errors.InvalidArgumentError, match="must be fed"):
            session.run(x, watch=watch)
    with pytest.raises(RuntimeError, match="closed Session"):
        session.run(x, {x: [1.0, 2.0]}, watch=watch)
