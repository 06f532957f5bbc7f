"""Segments, counts and parts, against sums by hand."""

import numpy as np
import pytest

import graphgrad as gg
from tests.ops.cases import (  # noqa: F401
    Case,
    test_at_once,
    test_its_gradients,
    test_with_known_sizes,
    test_with_unknown_sizes,
)

DATA = np.array([[1.0, 2.0], [3.0, -4.0], [5.0, 6.0], [-7.0, 8.5]])
IDS = np.array([0, 0, 2, 2], np.int32)
MIXED = np.array([2, 0, -1, 2], np.int32)


def groups(function, empty, ids=IDS, rows=3):
    def reference(data, ids):
        return np.stack(
            [
                function(data[ids == row], 0) if (ids == row).any() else np.full(data.shape[1:], empty)
                for row in range(rows)
            ]
        )

    return reference


LOWEST, HIGHEST = np.finfo(np.float64).min, np.finfo(np.float64).max

CASES = {
    "segment_sum": Case(lambda tf, x, i: tf.segment_sum(x, i), (DATA, IDS), groups(np.sum, 0.0)),
    "segment_mean": Case(lambda tf, x, i: tf.segment_mean(x, i), (DATA, IDS), groups(np.mean, 0.0)),
    "segment_max": Case(lambda tf, x, i: tf.segment_max(x, i), (DATA, IDS), groups(np.max, 0.0)),
    "segment_min": Case(lambda tf, x, i: tf.segment_min(x, i), (DATA, IDS), groups(np.min, 0.0)),
    "segment_prod": Case(lambda tf, x, i: tf.segment_prod(x, i), (DATA, IDS), groups(np.prod, 1.0)),
    "unsorted_segment_sum": Case(lambda tf, x, i: tf.unsorted_segment_sum(x, i, 3), (DATA, MIXED), groups(np.sum, 0.0)),
    "unsorted_segment_mean": Case(
        lambda tf, x, i: tf.unsorted_segment_mean(x, i, 3), (DATA, MIXED), groups(np.mean, 0.0)
    ),
    "unsorted_segment_max": Case(
        lambda tf, x, i: tf.unsorted_segment_max(x, i, 3), (DATA, MIXED), groups(np.max, LOWEST), slopes=False
    ),
    "unsorted_segment_min": Case(
        lambda tf, x, i: tf.unsorted_segment_min(x, i, 3), (DATA, MIXED), groups(np.min, HIGHEST), slopes=False
    ),
    "unsorted_segment_prod": Case(
        lambda tf, x, i: tf.unsorted_segment_prod(x, i, 3), (DATA, MIXED), groups(np.prod, 1.0)
    ),
    "unsorted_segment_sqrt_n": Case(
        lambda tf, x, i: tf.unsorted_segment_sqrt_n(x, i, 3),
        (DATA, MIXED),
        groups(lambda rows, axis: rows.sum(axis) / np.sqrt(len(rows)), 0.0),
    ),
    "sparse_segment_sum": Case(
        lambda tf, x, i, s: tf.sparse_segment_sum(x, i, s),
        (DATA, np.int32([3, 0, 1]), np.int32([0, 0, 1])),
        lambda x, i, s: np.stack([x[3] + x[0], x[1]]),
    ),
    "sparse_segment_mean": Case(
        lambda tf, x, i, s: tf.sparse_segment_mean(x, i, s),
        (DATA, np.int32([3, 0, 1]), np.int32([0, 0, 1])),
        lambda x, i, s: np.stack([(x[3] + x[0]) / 2, x[1]]),
    ),
    "sparse_segment_sqrt_n": Case(
        lambda tf, x, i, s: tf.sparse_segment_sqrt_n(x, i, s),
        (DATA, np.int32([3, 0, 1]), np.int32([0, 0, 1])),
        lambda x, i, s: np.stack([(x[3] + x[0]) / np.sqrt(2), x[1]]),
    ),
    "bincount": Case(
        lambda tf, x: tf.bincount(x), (np.array([1, 3, 1, 0], np.int32),), lambda a: np.int32([1, 2, 0, 1])
    ),
    "bincount of weights": Case(
        lambda tf, x, w: tf.bincount(x, w, minlength=5),
        (np.int32([1, 3, 1]), np.array([0.5, 1.0, 2.0])),
        lambda a, w: np.array([0, 2.5, 0, 1.0, 0]),
        slopes=False,
    ),
    "bincount to a length": Case(
        lambda tf, x: tf.bincount(x, maxlength=2), (np.array([1, 3, 1, 0], np.int32),), lambda a: np.int32([1, 2])
    ),
    "confusion_matrix": Case(
        lambda tf, x, y: tf.confusion_matrix(x, y),
        (np.int32([0, 1, 2, 1]), np.int32([0, 2, 2, 1])),
        lambda a, b: np.int32([[1, 0, 0], [0, 1, 1], [0, 0, 1]]),
    ),
    "confusion_matrix of classes": Case(
        lambda tf, x, y: tf.confusion_matrix(x, y, 3, tf.float64, weights=[1.0, 2.0]),
        (np.int32([0, 1]), np.int32([0, 0])),
        lambda a, b: np.array([[1.0, 0, 0], [2.0, 0, 0], [0, 0, 0]]),
    ),
    "histogram_fixed_width": Case(
        lambda tf, x: tf.histogram_fixed_width(x, [0.0, 5.0], nbins=5),
        (np.float32([-1, 0, 1.5, 2, 5, 15]),),
        lambda a: np.int32([2, 1, 1, 0, 2]),
    ),
    "histogram_fixed_width_bins": Case(
        lambda tf, x: tf.histogram_fixed_width_bins(x, [0.0, 5.0], nbins=5),
        (np.float32([-1, 0, 1.5, 2, 5, 15]),),
        lambda a: np.int32([0, 0, 1, 2, 4, 4]),
    ),
    "dynamic_partition": Case(
        lambda tf, x, p: tf.dynamic_partition(x, p, 2),
        (DATA, np.array([1, 0, 1, 1], np.int32)),
        lambda x, p: [x[p == 0], x[p == 1]],
    ),
    "dynamic_stitch": Case(
        lambda tf, x, y: tf.dynamic_stitch([[0, 2], [1, 2]], [x, y]),
        (DATA[:2], DATA[2:]),
        lambda x, y: np.stack([x[0], y[0], y[1]]),
    ),
}


def test_ids_out_of_order_fail_in_the_run(run):
    ids = gg.placeholder(gg.int32, [3])
    with pytest.raises(gg.errors.InvalidArgumentError, match="sorted"):
        run(gg.segment_sum(gg.ones([3]), ids), {ids: [1, 0, 2]})


def test_parts_out_of_range_fail_in_the_run(run):
    parts = gg.placeholder(gg.int32, [2])
    with pytest.raises(gg.errors.InvalidArgumentError, match="from 0 to 1"):
        run(gg.dynamic_partition(gg.ones([2]), parts, 2), {parts: [0, 2]})


def test_classes_out_of_range_fail_in_the_run(run):
    labels = gg.placeholder(gg.int32, [2])
    with pytest.raises(gg.errors.InvalidArgumentError, match="from 0 to 1"):
        run(gg.confusion_matrix(labels, [0, 1], 2), {labels: [0, 2]})


def test_the_number_of_segments_may_be_the_runs(run):
    count = gg.placeholder(gg.int32, [])
    found = gg.unsorted_segment_sum(gg.constant([1.0, 2.0, 3.0]), [0, 1, 0], count)
    assert found.shape.as_list() == [None]
    assert run(found, {count: 4}).tolist() == [4, 2, 0, 0]


@pytest.mark.parametrize("how", ["max", "min"])
@pytest.mark.parametrize("data", [[0.0, 0.0, 1.0, -1.0, 0.0], [2.0, 2.0, 2.0, 2.0, 2.0]], ids=["zeros", "ties"])
def test_the_gradient_of_an_extreme_is_shared_by_the_rows_that_have_it(how, data):
    x = gg.constant(data)
    sign = 1 if how == "max" else -1
    sorted_ = getattr(gg, f"segment_{how}")(sign * x, [0, 0, 1, 1, 3])
    free = getattr(gg, f"unsorted_segment_{how}")(sign * x, [0, 0, 1, 1, 3], 5)
    wanted = []
    for rows in (data[:2], data[2:4], data[4:]):
        best = [row == max(rows) for row in rows]
        wanted += [sign * each / sum(best) for each in best]
    with gg.Session() as sess:
        found, values = sess.run([[gg.gradients(each, x)[0] for each in (sorted_, free[:4])], sorted_])
    np.testing.assert_allclose(found[0], wanted)
    np.testing.assert_allclose(found[1], wanted)
    assert values[2] == 0 and values.shape == (4,)  # the segment without rows
