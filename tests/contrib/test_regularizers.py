"""Regularizers and initializers of contrib."""

import math

import numpy as np
import pytest

import graphgrad as gg

W = np.random.RandomState(0).randn(3, 4)
contrib = gg.contrib.layers


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: contrib.l1_regularizer(0.3), 0.3 * np.abs(W).sum()),
        (lambda: contrib.l2_regularizer(0.3), 0.15 * (W**2).sum()),
        (lambda: contrib.l1_l2_regularizer(0.3, 0.5), 0.3 * np.abs(W).sum() + 0.25 * (W**2).sum()),
        (lambda: contrib.sum_regularizer([contrib.l1_regularizer(0.3), None]), 0.3 * np.abs(W).sum()),
    ],
    ids=["l1", "l2", "both", "sum"],
)
def test_a_regularizer(run, make, wanted):
    assert run(make()(gg.constant(W))) == pytest.approx(wanted)


def test_a_scale_of_zero_gives_nothing():
    for make in (contrib.l1_regularizer, contrib.l2_regularizer):
        assert make(0.0)(gg.constant(W)) is None
    assert contrib.sum_regularizer([contrib.l1_regularizer(0.0)])(gg.constant(W)) is None


@pytest.mark.parametrize("scale", [1, -0.5])
@pytest.mark.parametrize("make", [contrib.l1_regularizer, contrib.l2_regularizer])
def test_a_scale_that_cannot_be(make, scale):
    with pytest.raises(ValueError, match="scale is"):
        make(scale)


def test_apply_regularization(run):
    a, b = gg.constant([1.0, 2.0]), gg.constant([3.0])
    total = contrib.apply_regularization(contrib.l2_regularizer(2.0), [a, b])
    assert gg.get_collection(gg.GraphKeys.REGULARIZATION_LOSSES) == [total]
    gg.add_to_collection(gg.GraphKeys.WEIGHTS, b)
    assert run([total, contrib.apply_regularization(contrib.l2_regularizer(2.0))]) == [14.0, 9.0]
    assert run(contrib.apply_regularization(contrib.l2_regularizer(0.0), [a])) == 0.0
    with pytest.raises(ValueError, match="has to give a scalar"):
        contrib.apply_regularization(gg.abs, [a])


def test_nothing_to_regularize():
    with pytest.raises(ValueError, match="no weights"):
        contrib.apply_regularization(contrib.l2_regularizer(1.0))


DENSITY = math.exp(-2.0) / math.sqrt(2 * math.pi)
SHARE = 1 - 4 * DENSITY / math.erf(math.sqrt(2.0))  # what the truncation leaves of the variance


@pytest.mark.parametrize(
    ("make", "variance"),
    [
        (lambda: contrib.xavier_initializer(), 2 / 500),
        (lambda: contrib.xavier_initializer(uniform=False), 1.3 * 2 / 500 * SHARE),
        (lambda: contrib.xavier_initializer_conv2d(), 2 / 500),
        (lambda: contrib.variance_scaling_initializer(), 1.3 * 2 / 200 * SHARE),
        (lambda: contrib.variance_scaling_initializer(1.0, "FAN_OUT", True), 1 / 300),
    ],
    ids=["xavier", "normal xavier", "conv2d", "default", "uniform"],
)
def test_an_initializer(run, make, variance):
    gg.set_random_seed(2)
    found = run(make()([200, 300])).astype(np.float64)
    assert found.var() == pytest.approx(variance, rel=0.03)
    assert abs(found.mean()) < 5 * math.sqrt(variance / found.size)


def test_an_initializer_that_cannot_be():
    with pytest.raises(TypeError, match="FAN_AVG"):
        contrib.variance_scaling_initializer(mode="fan_in")
    with pytest.raises(TypeError, match="makes floats"):
        contrib.xavier_initializer(dtype=gg.int32)
