"""Shapes that a script computes, as far as they are known when they are recorded."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.ops.sizes import ints, known, made_up, sizes, static


def listed(shape):
    return [None if not isinstance(size, int) else size for size in shape]


def test_what_scripts_write_is_known(run):
    x = gg.placeholder(gg.float32, [None, 4, 5])
    shape = gg.shape(x)
    written = {
        "stack": gg.stack([shape[0], 20]),
        "concat": gg.concat([shape[:1], [20]], 0),
        "cast": gg.cast(gg.stack([shape[0], gg.constant(20)]), gg.int64),
        "arithmetic": gg.stack([shape[0], shape[1] * shape[2]]),
        "list": [shape[0], -1],
        "prod": gg.stack([-1, gg.reduce_prod(shape[1:])]),
        "minus": [shape[0], shape[1] * 6 - 4],
        "size": [shape[0], gg.size(x) // shape[0]],
        "expand": gg.concat([gg.expand_dims(shape[0], 0), [-1]], 0),
    }
    for name, each in written.items():
        y = gg.reshape(x, each)
        assert y.shape.as_list() == [None, 20], name
        assert run(y, {x: np.ones((3, 4, 5))}).shape == (3, 20), name


def test_what_is_known_of_a_tensor():
    x = gg.placeholder(gg.float32, [None, 4])
    assert known(gg.constant([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
    assert known(gg.shape(x)[1]) == 4 and listed(known(gg.shape(x))) == [None, 4]
    assert known(gg.identity(gg.constant(3))) == 3 and known(gg.constant([1, 2, 3])[1:]) == [2, 3]
    for unknown in (gg.placeholder(gg.int32, [2]), gg.constant(1.5), gg.shape(gg.placeholder(gg.float32)), "text"):
        assert known(unknown) is None
    deep = gg.constant(1)
    for _ in range(200):
        deep = deep + 1
    assert known(deep) is None


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        (3, (3,)),
        (np.int64(3), (3,)),
        ([2, np.int64(3)], (2, 3)),
        (np.array([2, 3]), (2, 3)),
        (torch.Size([4]), (4,)),
        ([None, 2], (-1, 2)),
        (torch.tensor([2, 3]), (2, 3)),
        ([], ()),
    ],
    ids=repr,
)
def test_the_spellings_of_a_shape(shape, wanted):
    assert sizes(shape) == wanted


def test_what_is_no_shape():
    for wrong in ([1.5], gg.constant([1.0])):
        with pytest.raises(TypeError, match="integer"):
            sizes(wrong)
    with pytest.raises(ValueError, match="unknown rank"):
        sizes(gg.placeholder(gg.float32).shape)


def test_numbers_that_have_to_be_known():
    assert static(gg.constant([1, 0]), "it") == (1, 0) and static([np.int64(1), (2,)], "it") == (1, (2,))
    assert (
        static(np.array([[1, 2]]), "it") == ((1, 2),) and static(None, "it") is None and static(np.int8(3), "it") == 3
    )
    with pytest.raises(TypeError, match="the axis must be known"):
        static(gg.placeholder(gg.int32, []), "the axis")


def test_a_kernels_sizes():
    assert ints((2, 3)) == ints(torch.tensor([2, 3])) == [2, 3]
    assert made_up([0, 0]) != made_up([1, 0])
