"""Fetches: a nest taken apart, and put together again."""

import collections
from typing import NamedTuple

import pytest
import torch

import graphgrad as gg
from graphgrad.plan.fetches import Fetches, key_of


class Pair(NamedTuple):
    one: object
    other: object


@pytest.fixture
def ab():
    return gg.constant(1.0, name="a"), gg.constant(2.0, name="b")


def taken(nest):
    return Fetches(gg.get_default_graph(), nest)


def test_values_are_listed_once_in_order(ab):
    a, b = ab
    found = taken([b, {"again": b, "first": a}, (b,)])
    assert [value.name for value in found.values] == ["b:0", "a:0"]
    assert found.build([20, 10]) == [20, {"again": 20, "first": 10}, (20,)]


def test_operations_and_none_give_none(ab):
    a, _ = ab
    found = taken([a.op, None, a, a.op])
    assert list(found.operations) == [a.op] and found.build([1]) == [None, None, 1, None]


def test_names(ab):
    a, b = ab
    found = taken({"tensor": "a:0", "operation": "b"})
    assert [value.name for value in found.values] == ["a:0"] and list(found.operations) == [b.op]


@pytest.mark.parametrize(
    "shape",
    [
        lambda a, b: a,
        lambda a, b: [a, [b]],
        lambda a, b: (a, (b, ())),
        lambda a, b: Pair(a, [b]),
        lambda a, b: {"x": a, 3: (b,)},
        lambda a, b: collections.OrderedDict(z=a, y=b),
        lambda a, b: collections.defaultdict(list, x=a),
        lambda a, b: [],
    ],
)
def test_any_nest_is_rebuilt_with_its_types(ab, shape):
    a, b = ab
    wanted = shape(1.0, 2.0)
    found = taken(shape(a, b)).build([1.0, 2.0])
    assert found == wanted and type(found) is type(wanted)


def test_a_repeated_value_is_a_copy_each_time(ab):
    a, _ = ab
    first, second = taken([a, a]).build([array := [1, 2]])
    assert first is array and second == array and second is not array


def test_building_twice_gives_two_nests(ab):
    found = taken(collections.defaultdict(list, x=ab[0]))
    one, other = found.build([1]), found.build([2])
    assert one["x"] == 1 and other["x"] == 2


def test_keys_tell_nests_apart(ab):
    a, b = ab
    nests = [a, [a], (a,), [a, b], [b, a], {"x": a}, {"y": a}, Pair(a, b), (a, b), a.op, "a", "a:0", None, [None]]
    assert len({key_of(nest) for nest in nests}) == len(nests)
    assert key_of([a, {"x": b}]) == key_of([a, {"x": b}])


def test_a_variable_and_its_tensor_are_one_key():
    v = gg.Variable(1.0)
    assert key_of([v]) == key_of([v.graph.get_tensor_by_name("Variable:0")])


@pytest.mark.parametrize("fetch", [1.0, print, torch.ones(1), {1, 2}, b"a"], ids=repr)
def test_what_is_no_fetch(fetch):
    with pytest.raises(TypeError, match="a fetch is a tensor"):
        key_of([fetch])


@pytest.mark.parametrize("name", ["missing", "missing:0", "a:1", "a:x"])
def test_a_name_that_is_not_there(ab, name):
    with pytest.raises(ValueError, match=name):
        taken([name])


def test_another_graphs_tensor(ab):
    with gg.Graph().as_default():
        stranger = gg.constant(1.0, name="stranger")
    for fetch in (stranger, stranger.op):
        with pytest.raises(ValueError, match="stranger.* belongs to another graph"):
            taken(fetch)
