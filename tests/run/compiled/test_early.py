"""Updates that are moved to where their gradients are, beside the same run without that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.fx import Node

import graphgrad as gg
from graphgrad.run.compiled.early import update_early
from graphgrad.run.compiled.flat import Flat
from tests.run.compiled.sketch import Sketch

aten = torch.ops.aten

SIDE = 256  # a matrix of these is 256 KB


@pytest.fixture(autouse=True)
def graph() -> Iterator[None]:
    with gg.Graph().as_default():
        yield


@pytest.fixture
def sketch() -> Sketch:
    return Sketch()


def names(flat: Flat) -> list[str]:
    return [node.target._opname for node in flat.graph.nodes if node.op == "call_function"]


def layers(number: int = 4, side: int = SIDE) -> tuple[Any, Any, list[Any]]:
    """A feed, a loss and the weights of as many layers."""
    torch.manual_seed(0)
    x = gg.placeholder(gg.float32, [8, side])
    weights = [gg.Variable(torch.randn(side, side) / side**0.5) for _ in range(number)]
    y = x
    for weight in weights:
        y = gg.tanh(y @ weight)
    return x, gg.reduce_sum(y * y), weights


OPTIMIZERS: dict[str, Callable[[], gg.train.Optimizer]] = {
    "descent": lambda: gg.train.GradientDescentOptimizer(0.01),
    "momentum": lambda: gg.train.MomentumOptimizer(0.01, 0.9),
    "Adam": lambda: gg.train.AdamOptimizer(0.01),
    "Adagrad": lambda: gg.train.AdagradOptimizer(0.01),
    "RMSProp": lambda: gg.train.RMSPropOptimizer(0.01),
}

# What updates, and how often it is called: once by those whose places need each other, through lists that are computed
# first or through a count of steps that torch's kernel may write to.
CALLS = {
    "descent": ("torch._foreach_sub_(", 4), "momentum": ("torch._fused_sgd_(", 4), "Adam": ("torch._fused_adam_(", 4),
    "Adagrad": ("torch._fused_adagrad_(", 1), "RMSProp": ("torch._foreach_sub_(", 1),
}  # fmt: skip


def course(fetches: Any, x: Any, passes: gg.Passes, compile: str = "trace") -> tuple[list[Any], str]:
    """What three runs give and leave, and the last program."""
    torch.manual_seed(1)
    with gg.Session(compile=compile, passes=passes) as session:
        session.run(gg.global_variables_initializer())
        found = [session.run(fetches, {x: torch.randn(8, SIDE)}) for _ in range(3)]
        text = session.source(fetches, {x: torch.randn(8, SIDE)})
        return [*found, *session.run(gg.global_variables())], text


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return one is other or np.array_equal(one, other)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_number_changes(name: str) -> None:
    x, loss, _ = layers()
    fetches = [loss, OPTIMIZERS[name]().minimize(loss)]
    early, text = course(fetches, x, gg.Passes())
    assert equal(early, course(fetches, x, gg.Passes(early=False))[0])
    assert equal(early, course(fetches, x, gg.Passes(), "")[0])
    update, calls = CALLS[name]
    assert text.count(update) == calls


def peak(passes: gg.Passes) -> int:
    """The most bytes that a step of Adam has at a time, beside its variables."""
    with gg.Graph().as_default() as graph:
        x, loss, _ = layers(8)
        step = gg.train.AdamOptimizer(0.01).minimize(loss)
        session = gg.Session(graph, compile="trace", passes=passes)
        session.run(gg.global_variables_initializer())
        run, data = session.make_callable(step, [x]), torch.ones(8, SIDE)
        run(data)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        run(data)
    events = profile.profiler.kineto_results.events()
    live = most = 0
    for _, change in sorted((each.start_ns(), each.nbytes()) for each in events if each.name() == "[memory]"):
        live += change
        most = max(most, live)
    return most


def test_gradients_are_freed_one_after_the_other() -> None:
    matrix = 4 * SIDE * SIDE
    assert peak(gg.Passes(early=False)) >= 8 * matrix
    assert peak(gg.Passes()) <= 3 * matrix


def test_small_updates_stay_together() -> None:
    x, loss, _ = layers(side=SIDE)
    biases = [gg.Variable(torch.zeros(SIDE)) for _ in range(5)]
    loss = loss + gg.reduce_sum(gg.add_n([gg.sin(bias) for bias in biases]) * x)
    step = gg.train.GradientDescentOptimizer(0.01).minimize(loss, var_list=biases)
    _, text = course(step, x, gg.Passes())
    assert text.count("torch._foreach_sub_(") == 1


def test_a_gradient_that_all_need_waits_for_all() -> None:
    """Clipping by the norm of all gradients needs all of them."""
    x, loss, weights = layers()
    optimizer = gg.train.GradientDescentOptimizer(0.01)
    slopes, _ = gg.clip_by_global_norm(gg.gradients(loss, weights), 0.5)
    fetches = [loss, optimizer.apply_gradients(zip(slopes, weights, strict=True)), *slopes]
    assert equal(course(fetches, x, gg.Passes())[0], course(fetches, x, gg.Passes(early=False))[0])


def test_a_run_that_fails_later_leaves_all_variables_as_they_were() -> None:
    """The first layer looks up rows on the way back, at places that the run is given."""
    x, loss, weights = layers()
    places = gg.placeholder(gg.int64, [2])
    step = gg.train.GradientDescentOptimizer(0.01).minimize(loss)
    (slope,) = gg.gradients(loss, weights[0])
    with gg.Session(compile="trace") as session:
        session.run(gg.global_variables_initializer())
        fetches = [step, gg.gather(slope, places)]
        session.run(fetches, {x: torch.ones(8, SIDE), places: [0, 1]})
        before = session.run(weights)
        with pytest.raises(gg.errors.InvalidArgumentError, match="out of range|out of bounds"):
            session.run(fetches, {x: torch.ones(8, SIDE), places: [0, SIDE]})
        assert equal(session.run(weights), before)
        assert "without compile=" not in str(session.report())


# -- on graphs by hand ----------------------------------------------------------------------------------


def step(sketch: Sketch, between: Any) -> tuple[list[Node], Flat]:
    """Two variables whose gradients come one after the other, with something in between."""
    v, w = sketch.given(SIDE, SIDE), sketch.given(SIDE, SIDE)
    one = sketch.call(aten.sin.default, v)
    for kernel in between:
        kernel(v, w)
    other = sketch.call(aten.mm.default, w, w)
    update = sketch.flat.graph.call_function(aten._foreach_sub_.List, ([v, w], [one, other]))
    return [v, w, one, other, update], sketch.flat


def updated(flat: Flat) -> list[str]:
    update_early(flat)
    flat.graph.lint()
    return names(flat)


def test_an_update_comes_after_the_last_who_reads_the_variable(sketch: Sketch) -> None:
    _, flat = step(
        sketch, [lambda v, w: sketch.call(aten.cos.default, v), lambda v, w: sketch.call(aten.exp.default, w)]
    )
    sketch.returning()
    assert updated(flat) == ["sin", "cos", "_foreach_sub_", "exp", "mm", "_foreach_sub_"]


def test_an_update_does_not_come_before_what_may_fail(sketch: Sketch) -> None:
    _, flat = step(sketch, [lambda v, w: _inverse(sketch, w)])
    sketch.returning()
    assert updated(flat) == ["sin", "inverse", "_foreach_sub_", "mm", "_foreach_sub_"]


def _inverse(sketch: Sketch, w: Node) -> None:
    node = sketch.flat.graph.call_function(aten.inverse.default, (w,))
    sketch._note(node, torch.ones(SIDE, SIDE))


def test_an_update_comes_after_who_writes_to_its_gradient(sketch: Sketch) -> None:
    v, w = sketch.given(SIDE, SIDE), sketch.given(SIDE, SIDE)
    one = sketch.call(aten.sin.default, v)
    sketch.call(aten.exp.default, w)
    sketch.call(aten.mul_.Tensor, one, 2.0)
    other = sketch.call(aten.mm.default, w, w)
    sketch.flat.graph.call_function(aten._foreach_sub_.List, ([v, w], [one, other]))
    assert updated(sketch.returning()) == ["sin", "exp", "mul_", "_foreach_sub_", "mm", "_foreach_sub_"]


def test_an_update_by_another_variable_stays(sketch: Sketch) -> None:
    v, w = sketch.given(SIDE, SIDE), sketch.given(SIDE, SIDE)
    one = sketch.call(aten.sin.default, v)
    other = sketch.call(aten.mm.default, w, w)
    sketch.flat.graph.call_function(aten._foreach_sub_.List, ([v, w], [one, v]))
    assert updated(sketch.returning(other)) == ["sin", "mm", "_foreach_sub_"]


def test_an_update_does_not_come_before_a_draw(sketch: Sketch) -> None:
    _, flat = step(sketch, [lambda v, w: sketch.call(aten.bernoulli.p, w, 0.5)])
    sketch.returning()
    assert updated(flat) == ["sin", "bernoulli", "_foreach_sub_", "mm", "_foreach_sub_"]


def test_two_places_of_the_same_memory_are_updated_together(sketch: Sketch) -> None:
    v = sketch.given(SIDE, SIDE)
    one = sketch.call(aten.sin.default, v)
    turned = sketch.call(aten.t.default, v)
    other = sketch.call(aten.mm.default, one, one)
    sketch.flat.graph.call_function(aten._foreach_sub_.List, ([v, turned], [one, other]))
    sketch.call(aten.exp.default, other)
    assert updated(sketch.returning()) == ["sin", "t", "mm", "_foreach_sub_", "exp"]


def test_the_rate_is_computed_at_the_front(sketch: Sketch) -> None:
    v, w, power = sketch.given(SIDE, SIDE), sketch.given(SIDE, SIDE), sketch.given()
    one = sketch.call(aten.sin.default, v)
    other = sketch.call(aten.mm.default, w, w)
    rate = sketch.call(aten.sqrt.default, sketch.call(aten.rsub.Scalar, power, 1.0))
    sketch.flat.graph.call_function(aten._foreach_mul_.Tensor, ([v, w], rate))
    sketch.flat.graph.call_function(aten._foreach_sub_.List, ([v, w], [one, other]))
    found = updated(sketch.returning())
    assert found == ["rsub", "sqrt", "sin", "_foreach_mul_", "_foreach_sub_", "mm", "_foreach_mul_", "_foreach_sub_"]
