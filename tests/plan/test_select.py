"""Selection: back from the fetches, cut at the feeds, pruned to the gradients asked for."""

import pytest
import torch

import graphgrad as gg
from graphgrad.plan.select import select


def selected(fetches=(), operations=(), feeds=()):
    return select([each._value for each in fetches], operations, frozenset(each._value for each in feeds))


def names(selection):
    return {op.name for op in selection.operations}


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2], name="x")


def test_back_from_the_fetches(x):
    a = gg.exp(x, name="a")
    gg.sin(a, name="unused")
    assert names(selected([a])) == {"x", "a"}


def test_operations_run_with_what_they_read_and_wait_for(x):
    a, b = gg.exp(x, name="a"), gg.no_op("b")
    done = gg.group(a, b, name="done")
    assert names(selected(operations=[done])) == {"x", "a", "b", "done"}


def test_a_feed_is_not_computed_even_if_an_operation_of_the_same_runs(x):
    p, q = torch.split(x, 1)
    y = gg.add(p, q, name="y")
    assert names(selected([y], feeds=[p, q])) == {"y"}
    assert names(selected([y], feeds=[p])) == {"x", "split", "y"}


def test_a_gradient_needs_its_ys_and_xs_and_no_more(x):
    h = gg.exp(x, name="h")
    y = gg.sin(h, name="y")
    (g,) = gg.gradients(y, h)
    assert names(selected([g])) == {"x", "h", "y", g.op.name}
    assert names(selected([g], feeds=[h])) == {"y", g.op.name}


def test_a_y_that_leads_to_no_x_asked_for_is_left_out(x):
    w = gg.placeholder(gg.float32, [2], name="w")
    left, right = gg.exp(x, name="left"), gg.sin(w, name="right")
    by_x, by_w = gg.gradients([left, right], [x, w])
    found = selected([by_x])
    assert names(found) == {"x", "left", by_x.op.name}
    asked = found.asked[by_x.op]
    assert asked.outputs == (0,) and asked.ys == (left._value,) and [s.node.name for s in asked.path] == ["left"]
    assert names(selected([by_x, by_w])) == {"x", "w", "left", "right", by_x.op.name}


def test_a_gated_call_needs_everything(x):
    w = gg.placeholder(gg.float32, [2], name="w")
    by_x, _ = gg.gradients([gg.exp(x, name="left"), gg.sin(w, name="right")], [x, w], gate_gradients=True)
    assert "right" in names(selected([by_x])) and selected([by_x]).asked[by_x.op].outputs == (0, 1)


def test_an_operation_of_a_gradient_needs_all_of_its_outputs(x):
    w = gg.placeholder(gg.float32, [2], name="w")
    by_x, _ = gg.gradients([gg.exp(x), gg.sin(w)], [x, w])
    assert selected(operations=[by_x.op]).asked[by_x.op].outputs == (0, 1)


def test_a_seed_is_needed(x):
    seed = gg.placeholder(gg.float32, [2], name="seed")
    (g,) = gg.gradients(gg.exp(x), x, grad_ys=[seed])
    assert "seed" in names(selected([g])) and selected([g]).asked[g.op].seeds == (seed._value,)


def test_a_second_gradient_needs_the_first(x):
    (first,) = gg.gradients(gg.exp(x, name="y"), x)
    (second,) = gg.gradients(first, x)
    found = selected([second])
    assert names(found) == {"x", "y", first.op.name, second.op.name}
    assert found.asked[first.op].outputs == (0,)


def test_a_fed_gradient_is_not_computed(x):
    (g,) = gg.gradients(gg.exp(x), x)
    assert names(selected([gg.sin(g, name="s")], feeds=[g])) == {"s"}


def test_a_feed_that_a_gradient_passes_is_computed_as_well(x):
    h = gg.exp(x, name="h")
    (g,) = gg.gradients(gg.sin(h, name="y"), x)
    found = selected([g], feeds=[x, h])
    assert found.passes == {h._value} and "h" in names(found)


def test_a_feed_beside_the_path_is_not(x):
    c = gg.exp(gg.placeholder(gg.float32, [2], name="unfed"), name="c")
    (g,) = gg.gradients(gg.multiply(x, c, name="y"), x)
    found = selected([g], feeds=[x, c])
    assert found.passes == set() and names(found) == {"y", g.op.name}


def test_a_fed_stop_is_not_passed(x):
    h = gg.exp(x, name="h")
    (g,) = gg.gradients(h * x, x, stop_gradients=[h])
    assert selected([g], feeds=[x, h]).passes == set()


def test_a_long_chain_needs_no_recursion(x):
    y = x
    for _ in range(20_000):
        y = y + 1.0
    assert len(selected([y]).operations) == 20_001
