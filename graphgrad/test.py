"""`gg.test`: TF1's test cases, over Python's unittest."""

from __future__ import annotations

import contextlib
import tempfile
import unittest
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from .graph.graph import Graph, reset_default_graph
from .record.tensor import Tensor
from .run.session import Session

main = unittest.main


class TestCase(unittest.TestCase):
    """A test case with a fresh default graph for every test, sessions, and comparisons of arrays."""

    __test__ = False  # pytest collects those that users derive from it

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__test__ = cls.__dict__.get("__test__", True)

    def setUp(self) -> None:  # noqa: N802
        """Start with an empty default graph."""
        reset_default_graph()

    @contextlib.contextmanager
    def session(self, graph: Graph | None = None, config: Any = None, use_gpu: bool = False, **_: Any) -> Iterator[Any]:
        """A block with a session, of a GPU if there is one and it is asked for."""
        device = "cuda:0" if use_gpu and is_gpu_available() else None
        with Session(graph, device=device) as found:
            yield found

    cached_session = session

    def test_session(self, *args: Any, **options: Any) -> Any:
        """`session`, under the name of the time; as a test, which its name makes it, it is skipped."""
        if self.id().endswith(".test_session"):
            self.skipTest("a way to open a session, not a test")
        return self.session(*args, **options)

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors in the default session, or in one of their own."""
        if isinstance(tensors, Tensor):
            return tensors.eval()
        if isinstance(tensors, Mapping):
            return {key: self.evaluate(each) for key, each in tensors.items()}
        if isinstance(tensors, (list, tuple)):
            return type(tensors)(self.evaluate(each) for each in tensors)
        return tensors

    def get_temp_dir(self) -> str:
        """A folder of this test, deleted after it."""
        if not hasattr(self, "_folder"):
            self._folder = tempfile.TemporaryDirectory()
            self.addCleanup(self._folder.cleanup)
        return self._folder.name

    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:  # noqa: N802
        """Fail unless two arrays have one shape and equal elements; NaNs equal one another."""
        np.testing.assert_array_equal(_array(a), _array(b), err_msg=msg or "", strict=False)
        self.assertEqual(_array(a).shape, _array(b).shape, msg)

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None) -> None:  # noqa: N802
        """Fail unless two arrays, or nests of them, are close: |a - b| <= atol + rtol * |b|."""
        if isinstance(a, Mapping):
            self.assertEqual(sorted(a), sorted(b), msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, msg)
            return
        if isinstance(a, (list, tuple)) and not _is_array(a):
            self.assertEqual(len(a), len(b), msg)
            for one, other in zip(a, b, strict=True):
                self.assertAllClose(one, other, rtol, atol, msg)
            return
        self.assertEqual(_array(a).shape, _array(b).shape, msg)
        np.testing.assert_allclose(_array(a), _array(b), rtol, atol, err_msg=msg or "")

    def assertNotAllClose(self, a: Any, b: Any, **options: Any) -> None:  # noqa: N802
        """Fail if they are close."""
        try:
            self.assertAllClose(a, b, **options)
        except AssertionError:
            return
        self.fail("the two are close at all elements")

    def assertNotAllEqual(self, a: Any, b: Any) -> None:  # noqa: N802
        """Fail if they are equal."""
        self.assertFalse(np.array_equal(_array(a), _array(b)), "the two are equal at all elements")

    def assertNear(self, f1: float, f2: float, err: float, msg: Any = None) -> None:  # noqa: N802
        """Fail unless two numbers differ by at most `err`."""
        told = "" if msg is None else f": {msg}"
        self.assertTrue(abs(f1 - f2) <= err, f"{f1} and {f2} differ by more than {err}{told}")

    def assertArrayNear(self, farray1: Sequence[float], farray2: Sequence[float], err: float, msg: Any = None) -> None:  # noqa: N802
        """Fail unless two lists of numbers differ by at most `err` at each place."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for one, other in zip(farray1, farray2, strict=True):
            self.assertNear(float(one), float(other), err, msg)

    def assertShapeEqual(self, np_array: Any, tf_tensor: Any, msg: Any = None) -> None:  # noqa: N802
        """Fail unless a tensor has an array's shape."""
        self.assertEqual(list(np.shape(np_array)), list(tf_tensor.get_shape()), msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:  # noqa: N802
        """Fail unless an array has this dtype."""
        self.assertEqual(_array(target).dtype, np.dtype(expected_dtype))

    def assertAllGreater(self, a: Any, comparison_target: float) -> None:  # noqa: N802
        """Fail unless all elements are greater."""
        self.assertTrue(bool((_array(a) > comparison_target).all()), f"not all greater than {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: float) -> None:  # noqa: N802
        """Fail unless all elements are less."""
        self.assertTrue(bool((_array(a) < comparison_target).all()), f"not all less than {comparison_target}")

    def assertAllInRange(self, target: Any, lower_bound: float, upper_bound: float) -> None:  # noqa: N802
        """Fail unless all elements lie in the interval, ends included."""
        found = _array(target)
        inside = (found >= lower_bound) & (found <= upper_bound)
        self.assertTrue(bool(inside.all()), f"not all between {lower_bound} and {upper_bound}")


def _is_array(nest: Any) -> bool:
    """Whether a list is one array, and not a nest of several."""
    try:
        return np.asarray(nest).dtype != object
    except ValueError:
        return False


def _array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, Tensor):
        value = value.eval()
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether torch finds a CUDA device."""
    return torch.cuda.is_available()


def is_built_with_cuda() -> bool:
    """Whether torch was built for CUDA."""
    return torch.version.cuda is not None


def gpu_device_name() -> str:
    """The name of the first GPU, '' if there is none."""
    return "/device:GPU:0" if is_gpu_available() else ""
