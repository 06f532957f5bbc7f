"""What operations on tensor arrays take as an index, and when a tensor has its memory to itself."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.ops.array_calls import has_own_memory, index_of, integers, merged


@pytest.mark.parametrize("index", [3, np.int32(3), np.int64(3)], ids=["int", "int32", "int64"])
def test_an_index_that_is_a_number(index):
    assert index_of(index, "index") == 3


def test_an_index_that_is_a_tensor():
    t = gg.placeholder(gg.int32, [])
    assert index_of(t, "index") is t._value
    with pytest.raises(TypeError, match="index is .* not an integer"):
        index_of(gg.constant(1.0), "index")
    with pytest.raises(TypeError, match="size is 1.5, not an integer"):
        index_of(1.5, "size")
    with pytest.raises(ValueError, match="has to be a single number"):
        index_of(gg.constant([1, 2]), "index")


def test_indices_are_integers():
    t = gg.constant([1, 2])
    assert integers(t) is t._value
    assert integers([]).spec.dtype is torch.int64
    with pytest.raises(TypeError, match="are not integers"):
        integers([1.0])


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (None, (2,), ((2,),)),
        ((2,), None, ((2,),)),
        ((None, 3), (2, None), ([2, 3],)),
        ((2,), (3,), None),
        ((2,), (2, 1), None),
        (None, None, (None,)),
    ],
)
def test_what_two_shapes_tell_together(one, other, both):
    assert merged(one, other) == both


def test_only_what_an_operation_computes_has_memory_of_its_own():
    x = gg.placeholder(gg.float32, [2, 2])
    assert has_own_memory((x * 2)._value)
    for shared in (x, gg.constant([1.0]), x.t(), x[0], gg.Variable([1.0])):
        value = shared.read() if isinstance(shared, gg.Variable) else shared._value
        assert not has_own_memory(value)
