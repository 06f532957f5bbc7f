"""gg.test: its comparisons pass where they should, and fail where they should."""

import unittest

import numpy as np
import pytest

import graphgrad as gg


class Case(gg.test.TestCase):
    """A test case as TF1 scripts write them; pytest runs it as it stands."""

    def test_square(self):
        with self.test_session() as sess:
            x = gg.placeholder(gg.float32, [2])
            self.assertAllClose([1.0, 4.0], sess.run(x * x, {x: [1.0, 2.0]}))
            self.assertAllEqual(gg.constant([1, 2]), [1, 2])
            self.assertEqual(self.evaluate({"a": [gg.constant(3), 4]}), {"a": [3, 4]})

    def test_the_graph_is_new(self):
        self.assertEqual(len(gg.get_default_graph()), 0)
        with open(f"{self.get_temp_dir()}/a", "w"):
            pass


CASE = gg.test.TestCase()
SAME = [
    lambda: CASE.assertAllEqual([[1, 2]], np.array([[1, 2]])),
    lambda: CASE.assertAllEqual([np.nan], [np.nan]),
    lambda: CASE.assertAllClose({"a": 1.0, "b": [2.0, 3.0]}, {"b": [2.0, 3.0 + 1e-7], "a": 1.0}),
    lambda: CASE.assertAllClose([np.ones(2), np.ones(3)], [np.ones(2), np.ones(3)]),
    lambda: CASE.assertAllClose([100.0], [101.0], rtol=0.02),
    lambda: CASE.assertNotAllClose([1.0], [1.1]),
    lambda: CASE.assertNotAllEqual([1], [2]),
    lambda: CASE.assertNear(1.0, 1.1, 0.2),
    lambda: CASE.assertArrayNear([1.0, 2.0], [1.1, 2.1], 0.2),
    lambda: CASE.assertShapeEqual(np.ones((2, 3)), gg.ones([2, 3])),
    lambda: CASE.assertDTypeEqual(np.ones(2, np.float32), np.float32),
    lambda: CASE.assertAllGreater([1, 2], 0),
    lambda: CASE.assertAllLess([1, 2], 3),
    lambda: CASE.assertAllInRange([1, 2], 1, 2),
]
DIFFERENT = [
    lambda: CASE.assertAllEqual([1, 2], [1, 3]),
    lambda: CASE.assertAllEqual([1, 1], 1),
    lambda: CASE.assertAllClose({"a": 1.0}, {"b": 1.0}),
    lambda: CASE.assertAllClose([np.ones(2), np.ones(3)], [np.ones(2)]),
    lambda: CASE.assertAllClose([1.0], [1.0, 1.0]),
    lambda: CASE.assertAllClose([1.0], [1.001]),
    lambda: CASE.assertAllClose([1.0], [np.nan]),
    lambda: CASE.assertNotAllClose([1.0], [1.0]),
    lambda: CASE.assertNotAllEqual([1], [1]),
    lambda: CASE.assertNear(1.0, 1.3, 0.2),
    lambda: CASE.assertArrayNear([1.0], [1.0, 1.0], 0.2),
    lambda: CASE.assertShapeEqual(np.ones((3, 2)), gg.ones([2, 3])),
    lambda: CASE.assertDTypeEqual(np.ones(2, np.float64), np.float32),
    lambda: CASE.assertAllGreater([1, 2], 1),
    lambda: CASE.assertAllLess([1, 3], 3),
    lambda: CASE.assertAllInRange([1, 3], 1, 2),
]


@pytest.mark.parametrize("number", range(len(SAME)))
def test_what_holds(number):
    SAME[number]()


@pytest.mark.parametrize("number", range(len(DIFFERENT)))
def test_what_does_not_hold(number):
    with pytest.raises(AssertionError):
        DIFFERENT[number]()


def test_what_the_machine_has():
    available = gg.test.is_gpu_available()
    assert gg.test.gpu_device_name() == ("/device:GPU:0" if available else "")
    assert gg.test.is_built_with_cuda() or not available
    assert gg.test.main is unittest.main
