"""Losses, beside numpy; the rules of weights and reductions are checked on every loss."""

import numpy as np
import pytest

import graphgrad as gg

Y = np.random.RandomState(0).rand(4, 3).astype(np.float32)
P = np.random.RandomState(1).rand(4, 3).astype(np.float32)
X = np.random.RandomState(2).randn(4, 3).astype(np.float32)
ONE_HOT = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]


def log_softmax(x):
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cross_entropy(y, p):
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


SMOOTH = ONE_HOT * 0.9 + 0.1 / 3
# name -> the loss with weights and a reduction, and the losses that it weighs
LOSSES = {
    "absolute_difference": (lambda **o: gg.losses.absolute_difference(Y, P, **o), np.abs(P - Y)),
    "mean_squared_error": (lambda **o: gg.losses.mean_squared_error(Y, P, **o), (P - Y) ** 2),
    "log_loss": (
        lambda **o: gg.losses.log_loss(Y, P, epsilon=1e-3, **o),
        -Y * np.log(P + 1e-3) - (1 - Y) * np.log(1 - P + 1e-3),
    ),
    "huber_loss": (
        lambda **o: gg.losses.huber_loss(Y, 3 * P, delta=0.7, **o),
        np.where(np.abs(3 * P - Y) < 0.7, (3 * P - Y) ** 2 / 2, 0.7 * np.abs(3 * P - Y) - 0.7**2 / 2),
    ),
    "hinge_loss": (lambda **o: gg.losses.hinge_loss(ONE_HOT, X, **o), np.maximum(0, 1 - (2 * ONE_HOT - 1) * X)),
    "cosine_distance": (
        lambda **o: gg.losses.cosine_distance(Y, P, axis=1, **o), 1 - (Y * P).sum(1, keepdims=True),
    ),
    "sigmoid_cross_entropy": (
        lambda **o: gg.losses.sigmoid_cross_entropy(ONE_HOT, X, label_smoothing=0.1, **o),
        cross_entropy(ONE_HOT * 0.9 + 0.05, sigmoid(X)),
    ),
    "softmax_cross_entropy": (
        lambda **o: gg.losses.softmax_cross_entropy(ONE_HOT, X, label_smoothing=0.1, **o),
        -(SMOOTH * log_softmax(X)).sum(-1),
    ),
    "sparse_softmax_cross_entropy": (
        lambda **o: gg.losses.sparse_softmax_cross_entropy([0, 2, 1, 1], X, **o),
        -log_softmax(X)[range(4), [0, 2, 1, 1]],
    ),
}  # fmt: skip
REDUCTIONS = {
    "none": lambda losses, w: losses * w,
    "weighted_sum": lambda losses, w: (losses * w).sum(),
    "weighted_mean": lambda losses, w: (losses * w).sum() / w.sum() if w.sum() else 0,
    "weighted_sum_over_batch_size": lambda losses, w: (losses * w).sum() / losses.size,
    "weighted_sum_by_nonzero_weights": lambda losses, w: (losses * w).sum() / (w != 0).sum() if (w != 0).any() else 0,
}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss(run, name, reduction):
    function, losses = LOSSES[name]
    rows = np.array([1.0, 0.0, 2.0, 0.5], np.float32)
    for weights in (1.0, 2.5, 0.0, rows if losses.ndim == 1 else rows[:, None], np.ones_like(losses)):
        full = np.broadcast_to(weights, losses.shape)
        found = run(function(weights=weights, reduction=reduction))
        np.testing.assert_allclose(found, REDUCTIONS[reduction](losses, full), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_listed_in_their_scope(name):
    function, _ = LOSSES[name]
    first, second = function(), function(scope="own")
    function(loss_collection=None)
    function(loss_collection="other")
    assert gg.losses.get_losses() == [first, second]
    assert gg.losses.get_losses("own") == [second]
    assert second.op.name.startswith("own/") and first.op.name.startswith(name.split("_")[0])


def test_the_default_counts_nonzero_weights(run):
    weights = np.array([[1.0], [0.0], [2.0], [0.5]], np.float32)
    found = run(gg.losses.mean_squared_error(Y, P, weights))
    assert found == pytest.approx(((P - Y) ** 2 * weights).sum() / 9)


@pytest.mark.parametrize("weights", [1.0, np.array([[1.0], [0.0], [2.0], [0.5]], np.float32)], ids=["scalar", "rows"])
def test_mean_pairwise_squared_error(run, weights):
    d = P - Y
    pairs = [(d[:, i] - d[:, j]) ** 2 for i in range(3) for j in range(3) if i != j]
    wanted = (np.mean(pairs, 0)[:, None] * weights).sum()
    assert run(gg.losses.mean_pairwise_squared_error(Y, P, weights)) == pytest.approx(wanted, rel=1e-5)
    assert run(gg.losses.mean_pairwise_squared_error(Y, P, 0.0)) == 0
    assert len(gg.losses.get_losses()) == 2


def test_labels_and_weights_of_sparse_losses_may_have_an_axis_more(run):
    weights = np.array([1.0, 0.0, 2.0, 0.5], np.float32)
    flat = gg.losses.sparse_softmax_cross_entropy([0, 2, 1, 1], X, weights)
    column = gg.losses.sparse_softmax_cross_entropy([[0], [2], [1], [1]], X, weights[:, None])
    np.testing.assert_allclose(*run([flat, column]))


def test_no_gradient_flows_to_labels():
    labels, x = gg.constant(ONE_HOT), gg.constant(X)
    gradients = gg.gradients(gg.losses.softmax_cross_entropy(labels, x), [labels, x])
    assert [g is None for g in gradients] == [True, False]


def test_the_gradient_with_all_weights_zero_is_zero(run):
    x = gg.constant(P)
    loss = gg.losses.mean_squared_error(Y, x, np.zeros((4, 1), np.float32), reduction=gg.losses.Reduction.MEAN)
    assert run(gg.gradients(loss, x)[0]).tolist() == np.zeros((4, 3)).tolist()


def test_weights_and_labels_may_be_fed(run):
    y, w = gg.placeholder(gg.float32, [None, 3]), gg.placeholder(gg.float32, [None, 1])
    loss = gg.losses.absolute_difference(y, P, w)
    rows = np.array([[1.0], [0.0], [0.0], [0.0]], np.float32)
    assert run(loss, {y: Y, w: rows}) == pytest.approx(np.abs(P - Y)[0].mean())


def test_the_dtype_of_losses_stays(run):
    found = run(gg.losses.compute_weighted_loss(gg.constant(np.array([1.0, 2.0]))))
    assert (found, found.dtype) == (1.5, np.float64)


def test_totals(run):
    assert run(gg.losses.get_regularization_loss()) == 0.0
    a = gg.losses.absolute_difference([1.0], [3.0])
    gg.losses.add_loss(gg.constant(10.0))
    gg.losses.add_loss(gg.constant(99.0), loss_collection=None)
    gg.add_to_collection(gg.GraphKeys.REGULARIZATION_LOSSES, gg.constant(100.0))
    gg.add_to_collection(gg.GraphKeys.REGULARIZATION_LOSSES, gg.constant(200.0))
    assert run(gg.losses.get_total_loss()) == 312.0
    assert run(gg.losses.get_total_loss(add_regularization_losses=False, name="sum")) == 12.0
    assert run(gg.losses.get_total_loss(scope="absolute", add_regularization_losses=False)) == run(a)
    assert run(gg.losses.get_regularization_loss()) == 300.0
    assert len(gg.losses.get_regularization_losses()) == 2


BAD = {
    "can't be broadcast": lambda: gg.losses.mean_squared_error(Y, P, np.ones(4)),
    r"can't be broadcast to TensorShape\(\[4, 3\]\)": lambda: gg.losses.mean_squared_error(Y, P, np.ones((2, 3))),
    "reduction is 'sum'": lambda: gg.losses.mean_squared_error(Y, P, reduction="sum"),
    "predictions of shape": lambda: gg.losses.mean_squared_error(Y, P[:2]),
    "must not be None": lambda: gg.losses.mean_squared_error(None, P),
    "logits of shape": lambda: gg.losses.softmax_cross_entropy(ONE_HOT[:, :2], X),
    "needs an axis": lambda: gg.losses.cosine_distance(Y, P),
}


@pytest.mark.parametrize("says", BAD)
def test_what_cannot_be(says):
    with pytest.raises(ValueError, match=says):
        BAD[says]()
