"""Sizes with which a call works, and what that says of its result."""

import pytest
import torch

import graphgrad as gg
from graphgrad.ground.spec import declared
from graphgrad.record.search import working


def shapes_of(attempt, *shapes):
    return [found for found, _ in working([declared(shape, torch.float32) for shape in shapes], attempt)]


def test_each_unknown_size_varies_if_it_can():
    def attempt(shapes):
        (a, b), (c, d) = shapes
        if b != c:
            raise RuntimeError("inner sizes differ")
        return a, d

    found = shapes_of(attempt, [None, None], [None, 7])
    assert len({shapes[0][0] for shapes in found}) > 1
    assert len({shapes[0][1] for shapes in found}) > 1
    assert all(shapes[0][1] == shapes[1][0] for shapes in found)


def test_a_forced_size_is_found():
    def attempt(shapes):
        if shapes[0][1] not in (1, 5):
            raise ValueError("no")
        return True

    found = shapes_of(attempt, [None, None], [5])
    assert {shapes[0][1] for shapes in found} == {1, 5}


def test_nothing_works():
    def attempt(shapes):
        raise RuntimeError("never")

    assert shapes_of(attempt, [None, None], [None]) == []


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda x: x.expand(-1, 5, -1), [None, 5, None]),
        (lambda x: torch.cross(x, x, dim=-1), [None, None, 3]),
        (lambda x: x + torch.zeros(2, 3, 4), [2, 3, 4]),
        (lambda x: x @ torch.zeros(6, 2), [None, None, 2]),
        (lambda x: torch.nn.functional.layer_norm(x, (5,)), [None, None, 5]),
        (lambda x: x.view(4, -1), [4, None]),
        (lambda x: torch.nn.functional.pixel_shuffle(x[None].expand(-1, 8, -1, -1), 2), [1, 2, None, None]),
        (lambda x: x[:, :2], [None, None, None]),
        (lambda x: x.chunk(3, 1)[0], [None, None, None]),
    ],
)
def test_a_size_is_known_only_where_it_does_not_depend_on_unknown_ones(make, wanted):
    x = gg.placeholder(gg.float32, [None, None, None])
    assert make(x).shape.as_list() == wanted


@pytest.mark.parametrize("make", [lambda x: x.unbind(0), lambda x: x.split(2), lambda x: list(torch.unbind(x, 1))])
def test_a_number_of_results_that_a_run_decides_is_refused(make):
    x = gg.placeholder(gg.float32, [None, None])
    with pytest.raises(gg.errors.RecordingError, match="how many results"):
        make(x)
