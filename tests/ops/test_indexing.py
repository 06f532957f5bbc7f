"""Which form of where, and slices with corners of all kinds."""

import numpy as np
import pytest

import graphgrad as gg

A = np.arange(12.0).reshape(3, 4)


def test_both_forms_of_where(run):
    rows = gg.where([True, False, True], gg.constant(A), gg.constant(-A))
    np.testing.assert_allclose(run(rows), A * np.array([[1], [-1], [1]]))
    columns = gg.where_v2([True, False, True, False], gg.constant(A), gg.constant(-A))
    np.testing.assert_allclose(run(columns), A * np.array([1, -1, 1, -1]))
    assert run(gg.where(gg.constant(A) > 9.0)).tolist() == [[2, 2], [2, 3]]
    assert run(gg.where_v2([True, False])).tolist() == [[0]]
    with pytest.raises(ValueError, match="both"):
        gg.where([True], [1.0])


def test_where_stops_what_is_not_chosen(run):
    x = gg.constant([4.0, 1.0])
    (grad,) = gg.gradients(gg.where(x > 2.0, x * x, x), x)
    assert run(grad).tolist() == [8, 1]


def test_slices(run):
    x, k = gg.constant(A), gg.placeholder(gg.int32, [])
    for begin in ([k, 0], gg.stack([k, 0]), [gg.constant(1), 0]):
        assert run(gg.slice(x, begin, [1, 4]), {k: 1}).tolist() == A[1:2].tolist()
    assert run(gg.slice(x, [0, 1], [-1, gg.shape(x)[1] - 2])).shape == (3, 2)
    with pytest.raises(gg.errors.InvalidArgumentError):
        run(gg.slice(x, [k, 0], [1, 4]), {k: 3})


def test_the_name_given_is_the_results():
    assert gg.slice(A, [0, 0], [1, 1], name="cut").name == "cut:0"
    assert gg.gather(A, [0], name="rows").name == "rows:0" and gg.boolean_mask(A, [True] * 3).name == "boolean_mask:0"
    assert gg.parallel_stack([[1.0], [2.0]], name="both").name == "both:0"


def test_parts_have_unknown_sizes(run):
    x, parts = gg.placeholder(gg.float32, [None, 2]), gg.placeholder(gg.int32, [None])
    found = gg.dynamic_partition(x, parts, 3)
    assert [each.shape.as_list() for each in found] == [[None, 2]] * 3
    assert [each.tolist() for each in run(found, {x: [[1, 2], [3, 4]], parts: [2, 0]})] == [[[3, 4]], [], [[1, 2]]]
