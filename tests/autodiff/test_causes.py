"""Why no gradient passes a node."""

import pytest
import torch

import graphgrad as gg
from graphgrad.autodiff.causes import cut_kind, is_detached, is_quiet, is_ruled, never


@gg.custom_gradient
def tripled(x):
    """A function whose gradient is said to be three; what it captures gets none."""
    return gg.exp(x) * scale(), lambda d: 3.0 * d


def scale():
    return gg.get_default_graph().get_tensor_by_name("w:0")


@pytest.fixture
def x():
    gg.constant(2.0, name="w")
    return gg.constant([1.0], name="x")


def test_kinds_of_cuts(x):
    with torch.no_grad():
        quiet = gg.exp(x)
    nodes = [gg.cast(x, gg.int32), gg.stop_gradient(x), quiet, gg.floor(x)]
    assert [cut_kind(node.op) for node in nodes] == ["integer", "stop_gradient", "no_grad", "no derivative"]


def test_what_an_operation_is(x):
    stopped, floored, ruled, plain = gg.stop_gradient(x), gg.floor(x), tripled(x), gg.sin(x)
    assert [is_detached(each.op) for each in (stopped, plain)] == [True, False]
    assert [never(each.op) for each in (floored, plain)] == [True, False]
    assert [is_ruled(each.op) for each in (ruled, plain)] == [True, False]
    with torch.no_grad():
        assert is_quiet(gg.sin(x).op) and not is_quiet(plain.op)


def test_a_rule_that_gives_a_gradient_cuts_no_other_way(x):
    y = tripled(gg.cos(x, name="c"))
    (verdict,) = gg.explain(y, x)
    assert verdict.connected and verdict.breaks == []
    with gg.Session() as sess:
        assert sess.run(gg.gradients(y, x))[0] == pytest.approx(-3 * torch.sin(torch.ones(1)).numpy())


def test_what_a_function_captures_is_cut_by_its_rule(x):
    w = scale()
    (verdict,) = gg.explain(tripled(x), w)
    (cut,) = verdict.breaks
    assert not verdict.connected and cut.kind == "no derivative"
    assert "the rule that was written for its gradient gives none for that" in str(verdict)
    assert "what the function only captures, make its argument" in str(verdict)


def test_an_argument_that_is_captured_too_is_cut_there(x):
    c = gg.cos(x, name="c")
    beside = gg.custom_gradient(lambda z: (z * gg.sin(c), lambda d: d))
    (verdict,) = gg.explain(beside(gg.identity(c, name="same")), x)
    assert verdict.connected and [cut.kind for cut in verdict.breaks] == ["no derivative"]


def test_a_picture_marks_a_rule_only_where_an_x_is_lost_by_it(x):
    y = tripled(x)
    assert gg.gradient_graph(y, x).nodes[y.op.name]["roles"] == ("y",)
    assert gg.gradient_graph(y, [x, scale()]).nodes[y.op.name]["roles"] == ("y", "no derivative")
