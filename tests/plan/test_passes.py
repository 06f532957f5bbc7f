"""The passes: each changes no number, each does something, and each can be switched off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

import graphgrad as gg
from graphgrad.plan.passes import NAMES, as_passes
from tests.replay import Replay
from tests.strategies import Case, cases

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=25)


def bits(results: Any) -> list[bytes]:
    return [np.asarray(each).tobytes() for each in results if each is not None]


def off(*names: str) -> gg.Passes:
    return gg.Passes(**dict.fromkeys(names, False))


@pytest.mark.parametrize("compile", ["", "trace"])
@pytest.mark.parametrize("names", [*[(name,) for name in NAMES], NAMES], ids=[*NAMES, "all"])
def test_random_programs_give_the_same_bits_without_a_pass(names: tuple[str, ...], compile: str) -> None:
    @patient
    @given(cases())
    def check(case: Case) -> None:
        replay = Replay(case)
        fetches = [replay.values[n] for n in case.fetches]
        with replay.graph.as_default():
            initializer = gg.global_variables_initializer()
        with gg.Session(replay.graph, passes=off(*names), compile=compile) as session:
            session.run(initializer)
            assert bits(session.run(fetches, replay.feeds)) == bits(replay.session.run(fetches, replay.feeds))

    check()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "optimizer",
    [gg.train.GradientDescentOptimizer(0.1), gg.train.MomentumOptimizer(0.1, 0.9), gg.train.AdamOptimizer(0.1)],
    ids=["descent", "momentum", "adam"],
)
def test_training_takes_the_same_course_without_a_pass(name: str, optimizer: Any) -> None:
    gg.set_random_seed(1)
    x = gg.placeholder(gg.float32, [None, 4])
    with gg.recompute():
        hidden = torch.tanh(torch.nn.functional.linear(x, gg.Variable(np.eye(4), dtype=gg.float32)))
        hidden = gg.nn.dropout(hidden, 0.7) * (gg.constant(2.0) * 3.0)
    loss = gg.reduce_mean((hidden @ gg.Variable(np.ones((4, 2)), dtype=gg.float32)) ** 2)
    step = optimizer.minimize(loss)
    batches = np.random.default_rng(0).normal(size=(4, 5, 4))
    courses = []
    for passes in (gg.Passes(), off(name)):
        with gg.Session(passes=passes) as session:
            session.run(gg.global_variables_initializer())
            course = [session.run([loss, step], {x: batch})[0] for batch in batches]
            courses.append(bits([*course, *session.run(gg.global_variables())]))
    assert courses[0] == courses[1] and len(set(courses[0][:4])) == 4


# -- each pass does something ---------------------------------------------------------------------------


def texts(fetches: Any, feeds: Any, name: str) -> tuple[str, str]:
    """The program with all passes, and without one."""
    return gg.Session().source(fetches, feeds), gg.Session(passes=off(name)).source(fetches, feeds)


def test_prune_computes_the_gradients_that_are_asked_for() -> None:
    x, w = gg.placeholder(gg.float32, [2], name="x"), gg.placeholder(gg.float32, [2], name="w")
    by_x, _ = gg.gradients(x * w, [x, w])
    one, both = texts(by_x, [x, w], "prune")
    assert "[mul], [x]," in one and "[mul], [x, w]," in both


def test_merge_computes_twins_once() -> None:
    x = gg.placeholder(gg.float32, [2])
    merged, apart = texts([gg.sin(x), gg.sin(x)], [x], "merge")
    assert (merged.count("torch.sin("), apart.count("torch.sin(")) == (1, 2)


def test_fold_leaves_constants_out_of_the_program() -> None:
    x = gg.placeholder(gg.float32, [2])
    folded, apart = texts(x * gg.exp(gg.sin(gg.constant([1.0, 2.0]))), [x], "fold")
    assert "torch.exp" not in folded and "torch.sin" not in folded
    assert apart.count("torch.exp(") == apart.count("torch.sin(") == 1
    assert folded.count("\n") == apart.count("\n") - 2


def test_no_grad_keeps_what_nothing_is_differentiated_by_off_the_tape() -> None:
    x = gg.placeholder(gg.float32, [2])
    (slope,) = gg.gradients(gg.sin(x), x)
    aside, taped = texts([slope, gg.exp(x)], [x], "no_grad")
    assert aside.count("set_grad(True)") == taped.count("set_grad(True)") == 1
    before = [text[: text.index("torch.exp(")].rindex("set_grad") for text in (aside, taped)]
    assert aside[before[0] :].startswith("set_grad(False)") and taped[before[1] :].startswith("set_grad(True)")


def test_donate_updates_variables_in_place() -> None:
    v = gg.Variable([1.0])
    donated, renamed = texts(v.assign_add([1.0]).op, [], "donate")
    assert ".add_(" in donated and ".add_(" not in renamed


def test_donate_lets_fused_kernels_change_variables_in_place() -> None:
    v = gg.Variable([1.0])
    donated, renamed = texts(gg.train.AdamOptimizer(0.1).minimize(v * v), [], "donate")
    assert "in_place(" in donated and "in_place(" not in renamed


def test_foreach_updates_variables_together() -> None:
    step = gg.train.GradientDescentOptimizer(0.1).minimize(gg.Variable(1.0) * gg.Variable(2.0))
    together, apart = texts(step, [], "foreach")
    assert (together.count("torch._foreach_sub_("), together.count(".sub_(")) == (1, 0)
    assert (apart.count("torch._foreach_sub_("), apart.count(".sub_(")) == (0, 2)


def test_free_deletes_at_the_last_use() -> None:
    x = gg.placeholder(gg.float32, [2])
    freed, kept = texts(gg.sin(gg.cos(x)), [x], "free")
    assert freed.count("; del ") == 2 and "; del " not in kept


def test_recompute_makes_a_function_of_what_is_computed_again() -> None:
    x = gg.placeholder(gg.float32, [2])
    with gg.recompute():
        y = gg.exp(gg.sin(x))
    again, once = texts(gg.gradients(y, x), [x], "recompute")
    assert "run.again(" in again and "run.again(" not in once


def test_passes_hold_for_compiled_runs_too() -> None:
    x = gg.placeholder(gg.float32, [2])
    (slope,) = gg.gradients(gg.exp(gg.sin(x)) * gg.exp(gg.sin(x)), x)
    lines = []
    for passes in (gg.Passes(), off("merge", "prune", "free")):
        with gg.Session(compile="trace", passes=passes) as session:
            session.run(slope, {x: [1.0, 2.0]})
            lines.append(session.source(slope, [x]))
    assert lines[0].count("exp(") < lines[1].count("exp(")
    assert "; del " in lines[0] and "; del " not in lines[1]


# -- the switches ---------------------------------------------------------------------------------------


def test_a_switch_is_a_bool_of_a_known_name() -> None:
    with pytest.raises(TypeError, match="Passes.fold is True or False, got 1"):
        gg.Passes(fold=1)
    with pytest.raises(TypeError, match="fuse"):
        gg.Passes(fuse=False)
    with pytest.raises(TypeError, match=r"write passes=gg.Passes\(fold=False\)"):
        gg.Session(passes={"fold": False})


def test_tensorflow_s_optimizer_options_switch_merging_and_folding() -> None:
    def config(**options: Any) -> gg.ConfigProto:
        return gg.ConfigProto(graph_options=gg.GraphOptions(optimizer_options=gg.OptimizerOptions(**options)))

    level = gg.OptimizerOptions.L0
    x = gg.placeholder(gg.float32, [2])
    fetches = [gg.sin(x) * gg.exp(gg.constant(1.0)), gg.sin(x)]
    for options, sines, exponents in (
        ({}, 1, 0),
        ({"opt_level": level}, 2, 1),
        ({"opt_level": level, "do_constant_folding": True}, 2, 0),
        ({"opt_level": level, "do_common_subexpression_elimination": True}, 1, 1),
    ):
        text = gg.Session(config=config(**options)).source(fetches, [x])
        assert (text.count("torch.sin("), text.count("torch.exp(")) == (sines, exponents)
    text = gg.Session(config=config(opt_level=level), passes=gg.Passes()).source(fetches, [x])
    assert (text.count("torch.sin("), text.count("torch.exp(")) == (1, 0)


def test_what_watches_see_is_carried_out_where_it_stands() -> None:
    asked = as_passes(None).watched(in_place=False)
    assert [name for name in NAMES if not getattr(asked, name)] == ["fold", "donate", "recompute"]
