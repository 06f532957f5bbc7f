"""Losses over classes that are drawn, beside the formulas in numpy; and the draws beside their distributions."""

import numpy as np
import pytest

import graphgrad as gg

CLASSES, SIZE = 30, 4
W = np.random.RandomState(0).randn(CLASSES, SIZE)
B = np.random.RandomState(1).randn(CLASSES)
X = np.random.RandomState(2).randn(3, SIZE)
LABELS = np.array([[4], [7], [4]])


def drawn_by_hand(labels):
    """Classes, and numbers of times that they are expected, which a sampler may have given."""
    rng = np.random.RandomState(3)
    return np.array([2, 4, 20, 9]), rng.rand(*labels.shape) + 0.1, rng.rand(4) + 0.1


def logits(labels, values, remove):
    drawn, true, sampled = values
    near = np.einsum("bs,bts->bt", X, W[labels]) + B[labels] - np.log(true)
    far = X @ W[drawn].T + B[drawn] - np.log(sampled)
    if remove:
        far = np.where((labels[:, :, None] == drawn).any(1), -np.inf, far)
    return near, far


@pytest.mark.parametrize("remove", [False, True])
@pytest.mark.parametrize("labels", [LABELS, np.array([[4, 1], [7, 9], [4, 2]])], ids=["one", "two"])
def test_the_losses(labels, remove):
    values = drawn_by_hand(labels)
    count = labels.shape[1]
    weights, biases, x = gg.constant(W), gg.constant(B), gg.constant(X)
    given = (weights, biases, labels, x, 4, CLASSES, count, values, remove)
    nce, softmax = gg.nn.nce_loss(*given), gg.nn.sampled_softmax_loss(*given)
    with gg.Session() as sess:
        first, second = sess.run([nce, softmax])
    near, far = logits(labels, values, remove)
    wanted = (np.logaddexp(0, near) - near / count).sum(1) + np.logaddexp(0, far).sum(1)
    np.testing.assert_allclose(first, wanted)
    both = np.c_[near, far]
    np.testing.assert_allclose(second, np.log(np.exp(both).sum(1)) - near.mean(1))
    assert all(each is not None for each in gg.gradients(nce, [weights, biases, x]))


def test_a_loss_with_its_own_sampler_gets_smaller():
    gg.set_random_seed(1)
    w, b = gg.Variable(W.astype(np.float32)), gg.Variable(B.astype(np.float32))
    loss = gg.reduce_mean(gg.nn.nce_loss(w, b, LABELS, gg.constant(X, gg.float32), 5, CLASSES))
    train = gg.train.GradientDescentOptimizer(0.5).minimize(loss)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        before = np.mean([sess.run(loss) for _ in range(20)])
        for _ in range(50):
            sess.run(train)
        assert np.mean([sess.run(loss) for _ in range(20)]) < before / 2


SAMPLERS = {
    "log_uniform": np.log((np.arange(10) + 2) / (np.arange(10) + 1)) / np.log(11),
    "uniform": np.full(10, 0.1),
    "fixed_unigram": np.r_[0, np.arange(1, 10) ** 0.5] / (np.arange(1, 10) ** 0.5).sum(),
}


def sampler(name, count, unique):
    call = getattr(gg.nn, f"{name}_candidate_sampler")
    more = {"distortion": 0.5, "num_reserved_ids": 1, "unigrams": list(range(1, 10))} if name == "fixed_unigram" else {}
    return call([[3], [1]], 1, count, unique, 10, seed=4, **more)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_distribution_of_draws(name):
    chances = SAMPLERS[name]
    with gg.Session() as sess:
        drawn, true, expected = sess.run(sampler(name, 20000, False))
    found = np.bincount(drawn, minlength=10) / 20000
    assert np.abs(found - chances).max() < 0.015  # over four standard deviations
    np.testing.assert_allclose(true, 20000 * chances[[[3], [1]]], rtol=1e-5)
    np.testing.assert_allclose(expected, 20000 * chances[drawn], rtol=1e-5)


@pytest.mark.parametrize("name", SAMPLERS)
def test_draws_without_repeats(name):
    chances = SAMPLERS[name]
    draw = sampler(name, 4, True)
    seen = np.zeros(10)
    with gg.Session() as sess:
        for _ in range(300):
            drawn, true, expected = sess.run(draw)
            assert len(set(drawn)) == 4
            # The number of tries t follows from one expectation, 1 - (1 - p)^t, and gives the others.
            tries = np.log1p(-true[0, 0]) / np.log1p(-chances[3]) if true[0, 0] != np.float32(4 * chances[3]) else None
            if tries is not None:
                assert tries > 3.99
                np.testing.assert_allclose(expected, 1 - (1 - chances[drawn]) ** tries, rtol=1e-3)
            seen[drawn] += 1
    assert seen.sum() == 1200 and seen[0] == (0 if name == "fixed_unigram" else seen[0])
    assert np.corrcoef(seen, chances)[0, 1] > 0.9 if name != "uniform" else seen.min() > 80


def test_all_classes_and_too_many():
    with gg.Session() as sess:
        assert sorted(sess.run(sampler("log_uniform", 10, True))[0]) == list(range(10))
        with pytest.raises(gg.errors.InvalidArgumentError, match="only 9 can be drawn"):
            sess.run(sampler("fixed_unigram", 10, True))


def test_arguments_that_do_not_fit():
    with pytest.raises(ValueError, match="num_true is 1"):
        gg.nn.uniform_candidate_sampler([[1, 2]], 1, 2, True, 10)
    with pytest.raises(NotImplementedError, match="vocab_file"):
        gg.nn.fixed_unigram_candidate_sampler([[1]], 1, 2, True, 10, vocab_file="words")
    with pytest.raises(ValueError, match="there are 2 classes"):
        gg.nn.fixed_unigram_candidate_sampler([[1]], 1, 2, True, 10, unigrams=[1.0, 2.0])


def test_accidental_hits():
    rows, places, weights = gg.nn.compute_accidental_hits([[1, 2], [3, 4]], [4, 1, 7, 3], 2)
    with gg.Session() as sess:
        rows, places, weights = sess.run([rows, places, weights])
    assert list(zip(rows, places, strict=True)) == [(0, 1), (1, 0), (1, 3)]
    assert (weights == np.finfo(np.float32).min).all()
