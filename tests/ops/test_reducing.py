"""Axes of reductions in all their spellings."""

import numpy as np
import pytest

import graphgrad as gg

A = np.array([[1.5, -2.0, 0.5], [4.0, 0.25, -1.0]])
NUMPY = {
    "reduce_sum": np.sum,
    "reduce_mean": np.mean,
    "reduce_max": np.max,
    "reduce_min": np.min,
    "reduce_prod": np.prod,
    "reduce_logsumexp": lambda a, axis, keepdims: np.log(np.sum(np.exp(a), axis=axis, keepdims=keepdims)),
}


@pytest.mark.parametrize("name", NUMPY)
@pytest.mark.parametrize("spelling", ["axis", "reduction_indices", "tensor", "array"])
def test_an_axis(run, name, spelling):
    axis = {"tensor": gg.constant([1]), "array": np.array([1])}.get(spelling, [1])
    key = "reduction_indices" if spelling == "reduction_indices" else "axis"
    keep = "keep_dims" if spelling == "reduction_indices" else "keepdims"
    found = run(getattr(gg, name)(gg.constant(A), **{key: axis, keep: True}))
    np.testing.assert_allclose(found, NUMPY[name](A, axis=1, keepdims=True))


def test_an_axis_that_the_run_computes_is_refused():
    with pytest.raises(TypeError, match="must be known"):
        gg.reduce_sum(gg.ones([2, 2]), axis=gg.placeholder(gg.int32, []))


@pytest.mark.parametrize("name", sorted(NUMPY))
def test_gradients(run, name):
    x = gg.constant(A)
    found = run(gg.gradients(getattr(gg, name)(x, 1), x)[0])
    function = NUMPY[name]
    for place in np.ndindex(A.shape):
        moved = [A.copy(), A.copy()]
        moved[0][place] += 1e-6
        moved[1][place] -= 1e-6
        up, down = (function(each, axis=1, keepdims=False).sum() for each in moved)
        assert found[place] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_sums_that_do_not_fit():
    for bad in ([], "no list"):
        with pytest.raises(ValueError, match="at least one"):
            gg.accumulate_n(bad)
    with pytest.raises(ValueError, match="tensor_dtype"):
        gg.accumulate_n([gg.ones([2])], tensor_dtype=gg.int32)
    x = gg.placeholder(gg.float32, [None])
    assert gg.accumulate_n([x, x], shape=[3]).shape.as_list() == [3]
