"""One program for feeds of many sizes: the numbers of a plain session, from one trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.run.compiled.cleaning import clean
from graphgrad.run.compiled.flat import Untraceable, flatten
from graphgrad.run.compiled.inductor import missing
from graphgrad.run.compiled.made import Sized
from graphgrad.run.compiled.sizes import Guard, differing, generalized
from graphgrad.run.compiled.tier import Tier
from graphgrad.run.compiled.writing import write
from graphgrad.run.emit import emit
from tests.replay import Replay
from tests.run.compiled.test_tier import bits, classifier, ways
from tests.strategies import Case, cases

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=15)


def program(fetches: Sequence[Any], *feeds: Any) -> Any:
    return emit(plan(tuple(each._value for each in fetches), (), tuple(each._value for each in feeds)))


def tiers(session: gg.Session) -> list[Tier]:
    return [each.program.call for each in session._prepared.values() if isinstance(each.program.call, Tier)]


def compared(fetches: Any, feeds: Sequence[dict[Any, Any]], made: int) -> list[str]:
    """Run in a plain session and in one with symbolic sizes, which may make so many programs; what it reports."""
    with gg.Session(compile="") as plain, gg.Session(compile="trace", dynamic=True) as session:
        for fed in feeds:
            assert bits(session.run(fetches, fed)) == bits(plain.run(fetches, fed))
        (tier,) = tiers(session)
        assert len({id(kind) for kind in tier.kinds.values()}) == made
        return ways(session)


def rows(*sizes: int, width: int = 4) -> list[np.ndarray[Any, Any]]:
    generator = np.random.default_rng(0)
    return [generator.normal(size=(size, width)).astype(np.float32) for size in sizes]


def test_training_takes_the_same_course_from_one_program() -> None:
    gg.set_random_seed(1)
    x, labels, loss, step = classifier()
    generator = np.random.default_rng(0)
    batches = [(each, generator.integers(0, 3, len(each))) for each in rows(5, 7, 5, 64, 2, 13)]
    courses = []
    for options in ({"compile": ""}, {"compile": "trace", "dynamic": True}):
        with gg.Session(**options) as session:
            session.run(gg.global_variables_initializer())
            courses.append([session.run([loss, step], {x: a, labels: b})[0] for a, b in batches])
            courses[-1] += session.run(gg.trainable_variables())
            if options["compile"]:
                (kind,) = {id(each): each for each in tiers(session)[1].kinds.values()}.values()
                assert kind.refused is None and ways(session)[1].startswith("flat, for feeds of all sizes")
    assert bits(courses[0]) == bits(courses[1])


def of_means(x: Any) -> Any:
    return gg.reduce_mean(gg.square(x))


def of_reshaping(x: Any) -> Any:
    return gg.reduce_sum(gg.sin(x.reshape(-1, 2)).reshape(x.shape[0], -1) * gg.range(4.0))


def of_attention(x: Any) -> Any:
    return gg.reduce_sum(F.softmax(x @ x.T, -1) @ x)


def of_joining(x: Any) -> Any:
    return gg.reduce_sum(torch.cat([x, gg.ones_like(x)], 0)[1:] ** 2)


def of_shifting(x: Any) -> Any:
    return gg.reduce_sum(x[:-1] * x[1:]) + gg.reduce_mean(gg.cumsum(x, 0))


def of_filling(x: Any) -> Any:
    return gg.reduce_sum(x * torch.full((x.shape[0], 1), 2.0)) / x.shape[0]


@pytest.mark.parametrize("function", [of_means, of_reshaping, of_attention, of_joining, of_shifting, of_filling])
def test_sizes_go_through_all_kinds_of_calls(function: Callable[[Any], Any]) -> None:
    x = gg.placeholder(gg.float32, [None, 4], name="x")
    y = function(x)
    (how,) = compared([y, *gg.gradients(y, x)], [{x: each} for each in rows(6, 3, 4, 5, 11)], 1)
    assert how.startswith("flat, for feeds of all sizes")


def test_one_row_and_no_row_have_programs_of_their_own() -> None:
    x = gg.placeholder(gg.float32, [None, 4], name="x")
    y = gg.reduce_sum(x * gg.reduce_sum(x, 0), 0)
    compared([y, *gg.gradients(y, x)], [{x: each} for each in rows(3, 1, 0, 5, 1, 0)], 3)


def test_equal_sizes_are_one_size_and_others_are_another_program() -> None:
    x, y = (gg.placeholder(gg.float32, [None, 4], name=name) for name in "xy")
    z = torch.cat([x, y])
    a, b, c, d = rows(3, 5, 3, 5)
    how = compared([z, *gg.gradients(z, [x, y])], [{x: a, y: c}, {x: b, y: d}, {x: a, y: b}, {x: b, y: a}], 2)
    assert how[0].startswith("flat, for 2 kinds")


def test_broadcasting_between_feeds_is_not_mistaken() -> None:
    x, y = gg.placeholder(gg.float32, [None, 4], name="x"), gg.placeholder(gg.float32, [None, 4], name="y")
    z = gg.reduce_sum(x * y, 1)
    three, five, one = rows(3, 5, 1)
    feeds = [{x: three, y: three}, {x: five, y: five}, {x: three, y: one}, {x: one, y: five}, {x: five, y: one}]
    compared([z, *gg.gradients(z, [x, y])], feeds, 3)


def test_a_choice_by_size_is_guarded() -> None:
    class Choosing(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
            return tensor * 2.0 if tensor.shape[0] > 6 else tensor * 3.0

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient

    x = gg.placeholder(gg.float32, [None, 4], name="x")
    y = gg.record(Choosing.apply, x)
    compared([y], [{x: each} for each in rows(3, 5, 6, 7, 9, 2)], 2)


def test_a_size_that_has_to_be_known_has_a_program_for_each() -> None:
    class Counting(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
            return tensor * torch.tensor([float(n) for n in range(4)]) + sum(1.0 for _ in range(tensor.shape[0]))

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient

    x = gg.placeholder(gg.float32, [None, 4], name="x")
    how = compared([gg.record(Counting.apply, x)], [{x: each} for each in rows(3, 5, 3)], 2)
    assert how[0].startswith("flat, for 2 kinds") and "can only be done with a size of" in how[1]


def test_operations_that_stay_as_they_are_have_a_program_for_each_size() -> None:
    x = gg.placeholder(gg.float32, [None, 4], name="x")
    y = gg.cond(gg.reduce_sum(x) > 0, lambda: x * 2.0, lambda: x)
    how = compared([y], [{x: each} for each in rows(3, 5, 3)], 2)
    assert any("stay as they are" in each for each in how)


def test_another_order_in_memory_is_put_right_before() -> None:
    x = gg.placeholder(gg.float32, [None, None], name="x")
    y = gg.reduce_sum(gg.sin(x).reshape(-1)[:2])
    a, b = torch.randn(3, 4), torch.randn(5, 6)
    compared([y], [{x: a}, {x: b}, {x: a.T}, {x: b}], 1)


def test_variables_of_another_layout_are_looked_at() -> None:
    v = gg.Variable(np.arange(6.0).reshape(2, 3), dtype=gg.float32)
    x, turned = gg.placeholder(gg.float32, [None], name="x"), gg.placeholder(gg.float32, [3, 2], name="turned")
    assign = v.assign(gg.transpose(turned))
    flat = v.reshape(-1)[:2] * gg.reduce_sum(x)
    with gg.Session(compile="trace", dynamic=True) as session:
        session.run(v.initializer)
        assert session.run(flat, {x: np.ones(3)}).tolist() == [0, 3]
        session.run(assign.op, {turned: np.arange(6.0).reshape(3, 2)})
        assert session.run(flat, {x: np.ones(2)}).tolist() == [0, 4]
        assert session.run(flat, {x: np.ones(4)}).tolist() == [0, 8]


needs_a_compiler = pytest.mark.skipif(bool(missing()), reason=missing() or "there is one")


@needs_a_compiler
def test_inductor_compiles_once_for_all_sizes() -> None:
    gg.set_random_seed(1)
    x, labels, loss, step = classifier()
    generator = np.random.default_rng(0)
    batches = [(each, generator.integers(0, 3, len(each))) for each in rows(5, 7, 64, 2, 300)]
    courses = []
    for options in ({"compile": ""}, {"compile": "inductor", "dynamic": True}):
        with gg.Session(**options) as session:
            session.run(gg.global_variables_initializer())
            courses.append([session.run([loss, step], {x: a, labels: b})[0] for a, b in batches])
            if options["compile"]:
                (kind,) = {id(each): each for each in tiers(session)[1].kinds.values()}.values()
                assert kind.refused is None
                assert ways(session)[2].startswith("flat, for feeds of all sizes")
                assert any(each.startswith("Inductor: 1 stretch") for each in ways(session))
    np.testing.assert_allclose(courses[1], courses[0], rtol=1e-5)


@needs_a_compiler
def test_a_size_that_inductors_code_is_not_for_has_code_of_its_own() -> None:
    # It sums few numbers at once and many in parts, and says up to where its choice is right.
    x = gg.placeholder(gg.float32, [None, 4], name="x")
    y = gg.reduce_sum(gg.tanh(x.reshape(-1) * 0.5))
    feeds = [{x: each} for each in rows(6, 40, 5000, 9, 7000)]
    with gg.Session(compile="") as plain, gg.Session(compile="inductor", dynamic=True) as session:
        for fed in feeds:
            np.testing.assert_allclose(session.run(y, fed), plain.run(y, fed), rtol=1e-4)
        (tier,) = tiers(session)
        assert len({id(kind) for kind in tier.kinds.values()}) == 2
        assert [guard.admits([torch.ones(5000, 4)]) for guard, _ in tier.sized] == [False, True]


@needs_a_compiler
def test_an_error_in_code_for_all_sizes_names_the_operation() -> None:
    x, place = gg.placeholder(gg.float32, [None, 4], name="x"), gg.placeholder(gg.int64, [None], name="place")
    y = gg.reduce_sum(gg.tanh(gg.gather(x * 2.0, place)) * 3.0)
    with gg.Session(compile="inductor", dynamic=True) as session:
        assert session.run(y, {x: np.zeros((3, 4)), place: [0, 2]}) == 0
        with pytest.raises(gg.errors.OpError, match=r"[Gg]ather"):
            session.run(y, {x: np.zeros((5, 4)), place: [0, 7, 1, 1]})
        assert session.run(y, {x: np.zeros((6, 4)), place: [0, 2, 5]}) == 0


@patient
@given(cases())
def test_random_programs_give_the_same_bits(case: Case) -> None:
    replay = Replay(case)
    fetches = [replay.values[n] for n in case.fetches]
    with replay.graph.as_default():
        initializer = gg.global_variables_initializer()
    with (
        gg.Session(replay.graph, compile="trace", dynamic=True) as session,
        gg.Session(replay.graph, compile="") as plain,
    ):
        plain.run(initializer)
        session.run(initializer)
        expected = plain.run(fetches, replay.feeds)
        for _ in range(2):
            assert bits(session.run(fetches, replay.feeds)) == bits(expected)


def test_numbers_of_the_graph_become_expressions() -> None:
    x = gg.placeholder(gg.float32, [None, 4], name="x")
    traced = program([gg.reduce_mean(x), *gg.gradients(gg.reduce_mean(x), x)], x)
    feeds = [torch.ones(5, 4)]
    flat = flatten(traced, feeds, [], ())
    guard = generalized(flat, traced, feeds, [], ())
    assert list(guard.places.values()) == [(0, 0)] and flat.sizes == guard.places
    (name,) = guard.places
    found = {each for node in flat.graph.nodes for each in leaves(node.args) if isinstance(each, Sized)}
    assert Sized(name, 5) in found and {each.value for each in found} == {5, 20}
    clean(flat)
    written = write(flat, traced)
    assert written.call([torch.ones(8, 4)], [], written.constants, None)[0][1].tolist() == [[1 / 32] * 4] * 8
    assert f"{name} = feeds[0].shape[0]" in written.text


def leaves(nest: Any) -> list[Any]:
    return [each for item in nest for each in leaves(item)] if isinstance(nest, (tuple, list)) else [nest]


def test_a_guard_admits_what_fits() -> None:
    guard = Guard({"n": (0, 0)}, (("n", 4), ("n",)), lambda n: n < 9, "n < 9")
    assert guard.admits([torch.ones(5, 4), torch.ones(5)])
    for wrong in ([(5, 4), (6,)], [(5, 3), (5,)], [(1, 4), (1,)], [(9, 4), (9,)], [(5, 4), (5, 1)], [(5,), (5,)]):
        assert not guard.admits([torch.ones(shape) for shape in wrong])
    assert not guard.admits([torch.ones(4, 5).T, torch.ones(5)])


def test_a_program_that_is_wrong_at_other_sizes_is_found_out() -> None:
    x = gg.placeholder(gg.float32, [None], name="x")
    traced = program([gg.reduce_mean(x)], x)
    feeds = [torch.arange(5.0)]
    flat = flatten(traced, feeds, [], ())
    fixed = write(flat, traced)
    guard = Guard({"n": (0, 0)}, (("n",),), lambda n: True, "True")
    assert differing(traced, traced, guard, feeds, [], ()) is None
    assert differing(fixed, traced, guard, feeds, [], ()) is None  # a mean is of any size
    half = program([gg.reduce_sum(x) / 5.0], x)
    assert differing(half, traced, guard, feeds, [], ()) == "at other sizes it gives other numbers"


def test_rounding_is_no_difference_where_it_may_be() -> None:
    x = gg.placeholder(gg.float32, [None], name="x")
    traced, rounded = program([gg.exp(x)], x), program([gg.exp(x) * 1.00001], x)
    wrong, longer = program([gg.exp(x) * 1.01], x), program([gg.concat([gg.exp(x), [1.0]], 0)], x)
    guard = Guard({"n": (0, 0)}, (("n",),), lambda n: True, "True")
    feeds = [torch.tensor([1.0, float("nan"), float("inf"), 2.0])]

    def found(other: Any, exact: bool) -> bool:
        return differing(other, traced, guard, feeds, [], (), exact) is not None

    assert [found(rounded, exact) for exact in (True, False)] == [True, False]
    assert found(wrong, False) and found(longer, False)


def test_a_guard_is_narrowed() -> None:
    guard = Guard({"n": (0, 0)}, (("n",),), lambda n: n < 9, "n < 9")
    assert guard.narrowed([]) is guard
    less = guard.narrowed([lambda n: n > 3, lambda n: n != 5])
    assert [n for n in range(2, 12) if less.admits([torch.ones(n)])] == [4, 6, 7, 8]


def test_a_trace_with_fixed_sizes_only_is_refused() -> None:
    x = gg.placeholder(gg.float32, [None], name="x")
    traced = program([gg.sin(x)], x)
    for feed in (torch.ones(1), torch.ones(0)):
        with pytest.raises(Untraceable, match="programs of their own"):
            generalized(flatten(traced, [feed], [], ()), traced, [feed], [], ())
