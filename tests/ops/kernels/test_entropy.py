"""Activations, losses and affine maps, against numpy."""

import math

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

A = np.array([[1.0, -2.0, 0.5], [0.25, 4.0, -1.0]])
P = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
W, B = np.array([[1.0, -1.0], [0.5, 2.0], [-3.0, 0.25]]), np.array([0.1, -0.2])


def log_softmax(a, axis=-1):
    return a - np.log(np.exp(a).sum(axis, keepdims=True))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def crossed(p, a):
    return -p * np.log(sigmoid(a)) - (1 - p) * np.log(1 - sigmoid(a))


CASES = {
    "nn.crelu": Case(
        lambda tf, x: tf.nn.crelu(x), (A,), lambda a: np.concatenate([np.maximum(a, 0), np.maximum(-a, 0)], -1)
    ),
    "nn.swish": Case(lambda tf, x: tf.nn.swish(x), (A,), lambda a: a * sigmoid(a)),
    "nn.softmax_cross_entropy_with_logits_v2": Case(
        lambda tf, p, x: tf.nn.softmax_cross_entropy_with_logits_v2(p, x),
        (P, A),
        lambda p, a: -(p * log_softmax(a)).sum(-1),
    ),
    "nn.softmax_cross_entropy_with_logits": Case(
        lambda tf, x: tf.nn.softmax_cross_entropy_with_logits(labels=P.T, logits=x, dim=0),
        (A.T.copy(),),
        lambda a: -(P.T * log_softmax(a, 0)).sum(0),
    ),
    "nn.sparse_softmax_cross_entropy_with_logits": Case(
        lambda tf, k, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=k, logits=x),
        (np.int32([2, 0]), A),
        lambda k, a: -log_softmax(a)[[0, 1], k],
        unknown=False,
    ),
    "nn.sparse_softmax_cross_entropy_with_logits of a grid": Case(
        lambda tf, k, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=k, logits=x),
        (np.int32([[2, 0]]), A[None].copy()),
        lambda k, a: -log_softmax(a)[[[0]], [[0, 1]], k],
        unknown=False,
    ),
    "nn.sigmoid_cross_entropy_with_logits": Case(
        lambda tf, p, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=x), (P, A), crossed
    ),
    "nn.weighted_cross_entropy_with_logits": Case(
        lambda tf, p, x: tf.nn.weighted_cross_entropy_with_logits(p, x, 3.0),
        (P, A),
        lambda p, a: -3 * p * np.log(sigmoid(a)) - (1 - p) * np.log(1 - sigmoid(a)),
    ),
    "nn.log_poisson_loss": Case(lambda tf, p, x: tf.nn.log_poisson_loss(p, x), (P, A), lambda p, a: np.exp(a) - a * p),
    "nn.log_poisson_loss in full": Case(
        lambda tf, p, x: tf.nn.log_poisson_loss(p, x, True),
        (np.array([0.5, 3.0]), np.array([0.1, 0.2])),
        lambda p, a: np.exp(a) - a * p + np.array([0, 3 * math.log(3) - 3 + 0.5 * math.log(6 * math.pi)]),
    ),
    "nn.l2_loss": Case(lambda tf, x: tf.nn.l2_loss(x), (A,), lambda a: (a**2).sum() / 2),
    "nn.bias_add": Case(lambda tf, x, b: tf.nn.bias_add(x, b), (A, A[0]), lambda a, b: a + b, unknown=False),
    "nn.bias_add NCHW": Case(
        lambda tf, x, b: tf.nn.bias_add(x, b, "NCHW"),
        (A.reshape(1, 2, 3, 1), B),
        lambda a, b: a + b[:, None, None],
        unknown=False,
    ),
    "nn.xw_plus_b": Case(lambda tf, x, w, b: tf.nn.xw_plus_b(x, w, b), (A, W, B), lambda a, w, b: a @ w + b),
    "nn.relu_layer": Case(
        lambda tf, x, w, b: tf.nn.relu_layer(x, w, b), (A, W, B), lambda a, w, b: np.maximum(a @ w + b, 0)
    ),
    "nn.embedding_lookup": Case(
        lambda tf, x, i: tf.nn.embedding_lookup(x, i), (W, np.int32([[2], [0]])), lambda a, i: a[i]
    ),
    "nn.embedding_lookup of a vector": Case(
        lambda tf, x, i: tf.nn.embedding_lookup(x, i), (W[:, 0].copy(), np.int32([[2], [0]])), lambda a, i: a[i]
    ),
    "nn.embedding_lookup max_norm": Case(
        lambda tf, x, i: tf.nn.embedding_lookup(x, i, max_norm=1.0),
        (W, np.int32([2, 0])),
        lambda a, i: a[i] / np.maximum(np.linalg.norm(a[i], axis=1, keepdims=True), 1.0),
    ),
}


def test_labels_get_a_gradient_from_the_second_version_only():
    labels, logits = gg.constant(P), gg.constant(A)
    first = gg.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    second = gg.nn.softmax_cross_entropy_with_logits_v2(labels, logits)
    assert gg.gradients(first, labels) == [None] and gg.gradients(second, labels)[0] is not None


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="same shape"):
        gg.nn.sigmoid_cross_entropy_with_logits(labels=gg.ones([2]), logits=gg.ones([2, 1]))
    with pytest.raises(ValueError, match="do not fit"):
        gg.nn.sparse_softmax_cross_entropy_with_logits(labels=[0], logits=gg.ones([2, 3]))
    with pytest.raises(ValueError, match="does not fit"):
        gg.nn.bias_add(gg.ones([2, 3]), gg.ones([2]))
    with pytest.raises(ValueError, match="list of numbers"):
        gg.nn.bias_add(gg.ones([2, 3]), gg.ones([1, 3]))


@pytest.mark.parametrize("shape", [(4,), (4, 2, 3), (4, 0)])
def test_a_table_of_any_rank_is_looked_up(run, shape):
    table = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    ids = [[3, 0], [1, 1]]
    x = gg.constant(table)
    rows = gg.nn.embedding_lookup(x, ids)
    assert rows.shape.as_list() == [2, 2, *shape[1:]]
    value, slope = run([rows, gg.gradients(rows, x)[0]])
    np.testing.assert_array_equal(value, table[ids])
    np.testing.assert_array_equal(
        slope, np.broadcast_to(np.float32([1, 2, 0, 1]).reshape(4, *[1] * (len(shape) - 1)), shape)
    )


def test_ids_are_integers():
    with pytest.raises(TypeError, match="ids are integers"):
        gg.nn.embedding_lookup(gg.zeros([4, 2]), gg.constant([1.0]))
