"""Means, variances and what is normalised by them, against numpy."""

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

A = np.sin(np.arange(48.0) * 1.7).reshape(2, 3, 4, 2)
SCALE, SHIFT = np.array([1.5, -0.5]), np.array([0.25, 2.0])
WEIGHTS = np.array([[1.0, 2.0], [0.5, 0.0], [3.0, 1.0]])
FLAT = np.array([[1.0, -2.0], [0.25, 4.0], [3.0, 1.0]])


def normalized(a, mean, var, offset, scale, eps=1e-3):
    return (a - mean) / np.sqrt(var + eps) * scale + offset


def weighted(a, w):
    mean = (w * a).sum(0) / w.sum(0)
    return [mean, (w * (a - mean) ** 2).sum(0) / w.sum(0)]


def lrn(a, radius, bias, alpha, beta):
    found = np.empty_like(a)
    for c in range(a.shape[-1]):
        near = a[..., max(c - radius, 0) : c + radius + 1]
        found[..., c] = a[..., c] / (bias + alpha * (near**2).sum(-1)) ** beta
    return found


def fused(a, scale, shift):
    mean, var = a.mean((0, 1, 2)), a.var((0, 1, 2))
    return [normalized(a, mean, var, shift, scale), mean, var * 24 / 23]


CASES = {
    "nn.moments": Case(
        lambda tf, x: list(tf.nn.moments(x, [0, 1, 2])), (A,), lambda a: [a.mean((0, 1, 2)), a.var((0, 1, 2))]
    ),
    "nn.moments keepdims": Case(
        lambda tf, x: list(tf.nn.moments(x, 1, keep_dims=True)),
        (FLAT,),
        lambda a: [a.mean(1, keepdims=True), a.var(1, keepdims=True)],
    ),
    "nn.weighted_moments": Case(lambda tf, x, w: list(tf.nn.weighted_moments(x, [0], w)), (FLAT, WEIGHTS), weighted),
    "nn.sufficient_statistics": Case(
        lambda tf, x: list(tf.nn.sufficient_statistics(x, [0]))[:3],
        (FLAT,),
        lambda a: [np.float64(3), a.sum(0), (a**2).sum(0)],
    ),
    "nn.normalize_moments": Case(
        lambda tf, s, q: list(tf.nn.normalize_moments(tf.constant(3.0, tf.float64), s, q, None)),
        (FLAT.sum(0), (FLAT**2).sum(0)),
        lambda s, q: [FLAT.mean(0), FLAT.var(0)],
    ),
    "nn.normalize_moments with a shift": Case(
        lambda tf, s, q: list(
            tf.nn.normalize_moments(tf.constant(3.0, tf.float64), s, q, tf.constant(1.0, tf.float64))
        ),
        ((FLAT - 1).sum(0), ((FLAT - 1) ** 2).sum(0)),
        lambda s, q: [FLAT.mean(0), FLAT.var(0)],
    ),
    "nn.batch_normalization": Case(
        lambda tf, x, m, v: tf.nn.batch_normalization(x, m, v, SHIFT, SCALE, 1e-3),
        (FLAT, FLAT.mean(0), FLAT.var(0)),
        lambda a, m, v: normalized(a, m, v, SHIFT, SCALE),
    ),
    "nn.batch_normalization without offset and scale": Case(
        lambda tf, x, m, v: tf.nn.batch_normalization(x, m, v, None, None, 1e-3),
        (FLAT, FLAT.mean(0), FLAT.var(0)),
        lambda a, m, v: normalized(a, m, v, 0, 1),
    ),
    "nn.fused_batch_norm": Case(
        lambda tf, x, s, o: list(tf.nn.fused_batch_norm(x, s, o))[:3],
        (A, SCALE, SHIFT),
        fused,
        unknown=False,
        close=1e-5,
    ),
    "nn.fused_batch_norm of given moments": Case(
        lambda tf, x, s, o: tf.nn.fused_batch_norm(
            x, s, o, tf.constant([0.5, 1.0], tf.float64), tf.constant([2.0, 3.0], tf.float64), is_training=False
        )[0],
        (A, SCALE, SHIFT),
        lambda a, s, o: normalized(a, np.array([0.5, 1.0]), np.array([2.0, 3.0]), o, s),
        unknown=False,
        close=1e-5,
    ),
    "nn.lrn": Case(
        lambda tf, x: tf.nn.lrn(x, 1, 1.0, 0.5, 0.75),
        (A.reshape(1, 2, 3, 8),),
        lambda a: lrn(a, 1, 1.0, 0.5, 0.75),
        unknown=False,
    ),
    "nn.local_response_normalization": Case(
        lambda tf, x: tf.nn.local_response_normalization(x),
        (A.reshape(1, 2, 3, 8),),
        lambda a: lrn(a, 5, 1, 1, 0.5),
        unknown=False,
    ),
}


def test_nchw_is_nhwc_transposed(run):
    usual = gg.nn.fused_batch_norm(A, SCALE, SHIFT)[0]
    other = gg.nn.fused_batch_norm(A.transpose(0, 3, 1, 2), SCALE, SHIFT, data_format="NCHW")[0]
    np.testing.assert_allclose(run(usual).transpose(0, 3, 1, 2), run(other))


def test_a_running_average(run):
    _, mean, variance = gg.nn.fused_batch_norm(A, SCALE, SHIFT, [1.0, 1.0], [2.0, 2.0], exponential_avg_factor=0.25)
    np.testing.assert_allclose(run(mean), 0.75 + 0.25 * A.mean((0, 1, 2)))
    np.testing.assert_allclose(run(variance), 1.5 + 0.25 * A.var((0, 1, 2)) * 24 / 23)


def test_moments_are_needed_outside_of_training():
    with pytest.raises(ValueError, match="is_training"):
        gg.nn.fused_batch_norm(A, SCALE, SHIFT, is_training=False)
    with pytest.raises(ValueError, match="CHWN"):
        gg.nn.fused_batch_norm(A, SCALE, SHIFT, data_format="CHWN")
