"""contrib's losses are those of gg.losses with the first two arguments swapped."""

import numpy as np
import pytest

import graphgrad as gg

losses = gg.contrib.losses
A = np.random.RandomState(0).rand(3, 4)
B = np.random.RandomState(1).rand(3, 4)
CALLS = {
    "softmax_cross_entropy": {"label_smoothing": 0.1},
    "sigmoid_cross_entropy": {"label_smoothing": 0.1},
    "log_loss": {"epsilon": 1e-3},
    "hinge_loss": {},
    "mean_squared_error": {},
    "absolute_difference": {},
}


@pytest.mark.parametrize("name", CALLS)
def test_labels_come_second(name, run):
    mine = getattr(losses, name)(gg.constant(A), gg.constant(B), 2.0, **CALLS[name])
    wanted = getattr(gg.losses, name)(gg.constant(B), gg.constant(A), 2.0, **CALLS[name])
    found, right = run([mine, wanted])
    np.testing.assert_allclose(found, right)
    assert losses.get_losses() == [mine, wanted]


def test_those_with_other_arguments(run):
    near = losses.cosine_distance(gg.constant(A), gg.constant(B), dim=1)
    sparse = losses.sparse_softmax_cross_entropy(gg.constant(A), [0, 2, 1])
    near, sparse = run([near, sparse])
    np.testing.assert_allclose(near, 1 - (A * B).sum(1).mean(), rtol=1e-5)
    picked = np.log(np.exp(A).sum(1)) - A[[0, 1, 2], [0, 2, 1]]
    np.testing.assert_allclose(sparse, picked.mean(), rtol=1e-5)
