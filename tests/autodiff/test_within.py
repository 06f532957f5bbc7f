"""inside(): what the bodies of one operation do between an output and what is read."""

import pytest
import torch

import graphgrad as gg
from graphgrad.autodiff.explain import _Search
from graphgrad.autodiff.within import has_bodies, inside


@pytest.fixture
def x():
    return gg.constant(1.0, name="x")


def asked(y, k=None):
    """Per kind of answer the names of the reads, and the cuts with theirs."""
    op = y._value.op
    answer = inside(op, y._value.index if k is None else k, range(len(op.reads)), _Search)

    def names(positions):
        return {op.reads[i].op.name for i in positions}

    cuts = {(inner.name, kind): names(positions) for (inner, kind), (_, positions, _) in answer.cuts.items()}
    return names(answer.passed), names(answer.choosing), cuts


def test_only_recorded_branches_and_loops_have_bodies(x):
    y = gg.cond(x > 0, lambda: x, lambda: x)
    assert has_bodies(y.op) and not has_bodies(x.op) and not has_bodies(gg.gradients(y, x)[0].op)


def test_branches(x):
    w = gg.constant(2.0, name="w")
    p = gg.greater(x, 0.0, name="p")
    y = gg.cond(p, lambda: (x * 2.0, w), lambda: (gg.floor(x, name="f"), w))
    assert asked(y[0]) == ({"x"}, {"p"}, {("f", "no derivative"): {"x"}})
    assert asked(y[1]) == ({"w"}, {"p"}, {})


def test_loops_decide_by_what_their_condition_reads_directly_or_not(x):
    a, b, c = (gg.constant(number, name=name) for number, name in ((1.0, "a"), (2.0, "b"), (3.0, "c")))
    *_, z = gg.while_loop(
        lambda s, t, z: s < c, lambda s, t, z: (t + 1.0, t * 2.0, z * x), [a, b, gg.ones([], name="z")]
    )
    passed, choosing, cuts = asked(z)
    assert (passed, choosing, cuts) == ({"x", "z"}, {"a", "b", "c"}, {})


def test_a_cut_is_told_once_however_many_rounds_there_are(x):
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y + torch.floor(x)), [0, x * 1.0])
    _, _, cuts = asked(y)
    assert cuts == {("floor", "no derivative"): {"x"}}
    (op, _), (told, _, minor) = next(iter(inside(y.op, 1, [2], _Search).cuts.items()))
    assert (op.name, told.tensor, minor) == ("floor", "floor:0", False) and op.graph is not y.graph
    assert told.reason.startswith("inside while: ")


def test_breaks_of_two_branches_are_not_in_series() -> None:
    p, x = gg.placeholder(gg.bool, [], name="p"), gg.placeholder(gg.float32, [3], name="x")
    (verdict,) = gg.explain(gg.cond(p, lambda: gg.stop_gradient(x), lambda: gg.floor(x)), x).verdicts
    assert verdict.note == "every path is cut, at these 2 places"


def test_a_branch_that_lacks_a_derivative_leaves_the_others_theirs() -> None:
    p, x = gg.placeholder(gg.bool, [], name="p"), gg.placeholder(gg.float32, [3], name="x")
    w = gg.placeholder(gg.float32, [3], name="w")
    y = gg.cond(p, lambda: torch.special.zeta(w, 2.0), lambda: x * 3.0)
    assert gg.explain(y, x)[0].symbol == "✓"
    with gg.Session() as session:
        (slope,) = session.run(gg.gradients(y, x), {p: False, x: [1.0, 2.0, 3.0], w: [2.0] * 3})
    assert slope.tolist() == [3.0] * 3
    with pytest.raises(LookupError, match="special_zeta"):
        gg.gradients(y, w)
