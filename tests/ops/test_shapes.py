"""Shapes as data."""

import numpy as np
import pytest

import graphgrad as gg


def test_a_declared_shape():
    shape = gg.TensorShape([None, 3, -1])
    assert shape.as_list() == [None, 3, None] and shape.ndims == 3 and not shape.is_fully_defined()
    assert shape[1].value == 3 and shape[:2].as_list() == [None, 3] and shape.num_elements() is None
    assert gg.TensorShape([2, 3]).num_elements() == 6 and gg.TensorShape(4).as_list() == [4]
    assert gg.TensorShape([]).as_list() == [] and gg.TensorShape(None).ndims is None
    assert "3" in repr(shape)


def test_shapes_of_tensors_are_shapes():
    x = gg.placeholder(gg.float32, gg.TensorShape([None, 3]))
    assert isinstance(x.shape, gg.TensorShape) and isinstance(gg.placeholder(gg.float32).shape, gg.TensorShape)
    assert not isinstance([1, 2], gg.TensorShape) and gg.TensorShape(x.shape).as_list() == [None, 3]


def test_two_shapes():
    shape = gg.TensorShape([None, 3])
    assert shape.merge_with([2, None]).as_list() == [2, 3] and shape.merge_with(None) is shape
    assert shape.is_compatible_with([7, 3]) and not shape.is_compatible_with([7, 4]) and shape.is_compatible_with(None)
    assert shape.concatenate([5]).as_list() == [None, 3, 5] and shape.concatenate(None).ndims is None
    assert shape.with_rank(2) is shape
    with pytest.raises(ValueError, match="not compatible"):
        shape.merge_with([2])
    with pytest.raises(ValueError, match="rank 3"):
        shape.with_rank(3)
    with pytest.raises(ValueError, match=">= 0"):
        gg.TensorShape([-2])


def test_broadcast_static_shape():
    assert gg.broadcast_static_shape([2, 1, 4], [3, 1]).as_list() == [2, 3, 4]
    assert gg.broadcast_static_shape([None, 1], [3]).as_list() == [None, 3]
    assert gg.broadcast_static_shape(None, [3]).ndims is None
    with pytest.raises(ValueError, match="Incompatible"):
        gg.broadcast_static_shape([2], [3])


def test_broadcast_dynamic_shape_of_what_does_not_fit(run):
    left, right = gg.placeholder(gg.int32, [1]), gg.placeholder(gg.int32, [2])
    found = gg.broadcast_dynamic_shape(left, right)
    assert run(found, {left: [3], right: [2, 1]}).tolist() == [2, 3]
    with pytest.raises(gg.errors.InvalidArgumentError, match="incompatible"):
        run(found, {left: [3], right: [2, 2]})


def test_shape_n(run):
    found = run(gg.shape_n([gg.ones([2]), gg.ones([3, 1])], gg.int64))
    assert [each.tolist() for each in found] == [[2], [3, 1]] and found[0].dtype == np.int64


def test_ensure_shape(run):
    x = gg.placeholder(gg.float32, [None, None])
    y = gg.ensure_shape(x, [None, 3])
    assert y.shape.as_list() == [None, 3] and run(y, {x: np.ones((2, 3))}).shape == (2, 3)
    with pytest.raises(gg.errors.InvalidArgumentError, match="not compatible"):
        run(y, {x: np.ones((2, 4))})
    with pytest.raises(ValueError, match="not compatible"):
        gg.ensure_shape(gg.ones([2, 4]), [None, 3])
    assert gg.ensure_shape(x, None) is x
