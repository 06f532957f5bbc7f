"""Random numbers: their distributions, shapes and what stays fixed."""

import numpy as np
import pytest

import graphgrad as gg


def test_random_gamma(run):
    alpha = gg.constant([0.5, 3.0])
    draws = gg.random_gamma([20_000], alpha, beta=2.0)
    found = run(draws)
    assert found.shape == (20_000, 2)
    np.testing.assert_allclose(found.mean(0), [0.25, 1.5], rtol=0.05)
    np.testing.assert_allclose(found.var(0), [0.125, 0.75], rtol=0.1)
    # the mean of gamma(alpha) / beta is alpha / beta, so its derivative is 1 / beta
    np.testing.assert_allclose(run(gg.gradients(draws, alpha)[0]) / 20_000, [0.5, 0.5], rtol=0.1)


def test_random_poisson(run):
    found = run(gg.random_poisson([1.5, 40.0], [20_000]))
    assert found.dtype == np.float32 and found.shape == (20_000, 2) and (found == np.round(found)).all()
    np.testing.assert_allclose(found.mean(0), [1.5, 40.0], rtol=0.05)
    np.testing.assert_allclose(found.var(0), [1.5, 40.0], rtol=0.1)


@pytest.mark.parametrize("function", [gg.multinomial, gg.random.categorical])
def test_classes_are_drawn_with_their_probabilities(run, function):
    found = run(function(np.log([[0.1, 0.6, 0.3], [1.0, 1e-9, 1e-9]]), 10_000))
    assert found.shape == (2, 10_000) and found.dtype == np.int64
    np.testing.assert_allclose(np.bincount(found[0]) / 10_000, [0.1, 0.6, 0.3], atol=0.03)
    assert (found[1] == 0).all()


def test_random_shuffle(run):
    found = run(gg.random_shuffle(gg.reshape(gg.range(400), [200, 2])))
    assert (found[:, 1] - found[:, 0] == 1).all() and sorted(found[:, 0]) == list(range(0, 400, 2))
    assert found[:, 0].tolist() != list(range(0, 400, 2))


def test_random_crop(run):
    data = np.arange(60).reshape(10, 6)
    starts = set()
    with gg.Session() as session:
        block = gg.random_crop(gg.constant(data), [2, 6])
        for _ in range(40):
            found = session.run(block)
            starts.add(int(found[0, 0]) // 6)
            assert (found == data[found[0, 0] // 6 :][:2]).all()
    assert len(starts) > 4 and max(starts) <= 8
    with pytest.raises(ValueError, match="does not fit"):
        gg.random_crop(gg.ones([2, 2]), [3, 2])
    with pytest.raises(ValueError, match="one size per axis"):
        gg.random_crop(gg.ones([2, 2]), [1])


def test_random_integers_of_bounds_in_the_run(run):
    high = gg.placeholder(gg.int64, [])
    found = run(gg.random_uniform([3000], 2, high, gg.int64), {high: 5})
    assert found.dtype == np.int64 and set(found.tolist()) == {2, 3, 4}


@pytest.mark.parametrize("name", ["random_normal", "truncated_normal"])
def test_scales_may_be_tensors(run, name):
    found = run(getattr(gg, name)([20_000, 2], [0.0, 10.0], gg.constant([1.0, 2.0])))
    np.testing.assert_allclose(found.mean(0), [0, 10], atol=0.1)
    assert name == "random_normal" or np.abs(found - [0, 10]).max() <= 4


def test_a_shape_that_the_run_computes(run):
    shape = gg.placeholder(gg.int32, [2])
    for make in (gg.random_normal, gg.random_uniform, gg.truncated_normal):
        draw = make(shape)
        assert draw.shape.as_list() == [None, None] and run(draw, {shape: [2, 5]}).shape == (2, 5)


def test_dropout_with_a_noise_shape(run):
    x = gg.constant(np.ones((300, 4), np.float32))
    found = run(gg.nn.dropout(x, keep_prob=0.25, noise_shape=[300, 1]))
    assert (found == found[:, :1]).all() and set(np.unique(found)) == {0.0, 4.0}
    assert 0.15 < (found[:, 0] > 0).mean() < 0.35


def test_dropout_of_a_rate_in_the_run(run):
    rate, x = gg.placeholder(gg.float32, []), gg.constant(np.ones(1000, np.float32))
    y = gg.nn.dropout(x, rate=rate)
    assert (run(y, {rate: 0.0}) == 1).all()
    found = run(y, {rate: 0.5})
    assert set(np.unique(found)) == {0.0, 2.0} and 0.4 < (found > 0).mean() < 0.6


@pytest.mark.parametrize("name", ["random_flip_left_right", "random_flip_up_down"])
def test_images_are_flipped_half_of_the_time(run, name):
    data = np.arange(4.0).reshape(2, 2, 1)
    found = run(getattr(gg.image, name)(np.stack([data] * 400)))
    other = data[:, ::-1] if name.endswith("right") else data[::-1]
    flipped = [np.array_equal(image, other) for image in found]
    assert all(np.array_equal(image, data) or was for image, was in zip(found, flipped, strict=True))
    assert 0.4 < np.mean(flipped) < 0.6


@pytest.mark.parametrize("name", ["brightness", "contrast", "hue", "saturation"])
def test_images_adjusted_at_random(run, name):
    image = np.float32([[[0.2, 0.5, 0.7], [0.1, 0.4, 0.3]]])
    bounds = {"brightness": [0.2], "hue": [0.1]}.get(name, [0.5, 1.5])
    with gg.Session() as session:
        draw = getattr(gg.image, f"random_{name}")(gg.constant(image), *bounds)
        one, other = session.run(draw), session.run(draw)
    assert one.shape == image.shape and not np.array_equal(one, other) and np.abs(one - image).max() < 0.6
    bad = [-1.0] if len(bounds) == 1 else [1.5, 0.5]
    with pytest.raises(ValueError, match="must be"):
        getattr(gg.image, f"random_{name}")(image, *bad)
