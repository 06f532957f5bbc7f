"""Walks: what lies upstream, and between; confined, and without recursion."""

import random

import networkx
import pytest

import graphgrad as gg
from graphgrad.graph.operation import Role
from graphgrad.graph.walk import between, upstream


def names(operations):
    return {op.name for op in operations}


@pytest.fixture
def diamond():
    x = gg.placeholder(gg.float32, [], name="x")
    a, b = gg.exp(x, name="a"), gg.sin(x, name="b")
    y = gg.add(a, b, name="y")
    gg.cos(y, name="after")
    gg.tan(gg.constant(1.0, name="c"), name="aside")
    return gg.get_default_graph().get_operation_by_name


def test_upstream_includes_where_it_starts(diamond):
    assert names(upstream([diamond("y")])) == {"x", "a", "b", "y"}
    assert names(upstream([diamond("a"), diamond("aside")])) == {"x", "a", "c", "aside"}
    assert upstream([]) == set()


def test_upstream_follows_control_inputs():
    a = gg.no_op("a")
    with gg.control_dependencies([a]):
        b = gg.no_op("b")
    assert names(upstream([b])) == {"a", "b"}


def test_upstream_may_be_stopped(diamond):
    found = upstream([diamond("y")], lambda op: op.name == "a" or op.role is Role.PLACEHOLDER)
    assert names(found) == {"x", "a", "b", "y"}
    assert names(upstream([diamond("y")], lambda op: op.name in "ab")) == {"a", "b", "y"}


def test_between_is_what_lies_on_a_path(diamond):
    assert names(between([diamond("x")], [diamond("y")])) == {"x", "a", "b", "y"}
    assert names(between([diamond("a")], [diamond("after")])) == {"a", "y", "after"}
    assert names(between([diamond("y")], [diamond("y")])) == {"y"}


def test_between_is_empty_where_no_path_is(diamond):
    assert between([diamond("y")], [diamond("x")]) == set()
    assert between([diamond("c")], [diamond("y")]) == set()
    assert between([], [diamond("y")]) == between([diamond("x")], []) == set()


def test_control_edges_are_no_path():
    a = gg.constant(1.0, name="a")
    with gg.control_dependencies([a]):
        b = gg.constant(1.0, name="b")
    assert between([a.op], [b.op]) == set()


@pytest.mark.parametrize("seed", range(30))
def test_between_agrees_with_networkx_on_random_graphs(seed):
    choose = random.Random(seed)
    tensors = [gg.placeholder(gg.float32, []) for _ in range(3)]
    for _ in range(25):
        tensors.append(choose.choice(tensors) + choose.choice(tensors))
    view = gg.get_default_graph().nx
    sources = {t.op for t in choose.sample(tensors, choose.randint(1, 4))}
    sinks = {t.op for t in choose.sample(tensors, choose.randint(1, 4))}
    below = set().union(*({op.name} | networkx.descendants(view, op.name) for op in sources))
    above = set().union(*({op.name} | networkx.ancestors(view, op.name) for op in sinks))
    assert names(between(sources, sinks)) == below & above


def test_a_long_chain_needs_no_recursion():
    x = y = gg.placeholder(gg.float32, [])
    for _ in range(20_000):
        y = y + 1.0
    assert len(between([x.op], [y.op])) == len(upstream([y.op])) == 20_001
