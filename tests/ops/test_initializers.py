"""Initializers against the distributions that they promise."""

import math

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.ops import initializers

# The variance of a standard normal variable within two standard deviations, by its textbook formula.
DENSITY = math.exp(-2.0) / math.sqrt(2 * math.pi)
TRUNCATED_VARIANCE = 1 - 2 * 2 * DENSITY / math.erf(math.sqrt(2.0))


def test_the_constant_of_truncation():
    assert pytest.approx(math.sqrt(TRUNCATED_VARIANCE)) == initializers.TRUNCATED


def test_zeros_and_ones(run):
    assert run(gg.zeros_initializer()([2, 3])).tolist() == [[0] * 3] * 2
    found = run(gg.ones_initializer(gg.float64)([2]))
    assert (found.dtype, found.tolist()) == (np.float64, [1, 1])
    assert gg.ones_initializer()([2], dtype=gg.int32).dtype is torch.int32


CONSTANTS = [
    (3, [2], [3, 3]),
    ([1, 2, 3, 4], [2, 2], [[1, 2], [3, 4]]),
    ([[1, 2], [3, 4]], [4], [1, 2, 3, 4]),
    ([1, 2], [2, 2], [[1, 2], [2, 2]]),
    (np.arange(3.0), [3], [0, 1, 2]),
    (5, [], 5),
]


@pytest.mark.parametrize(("value", "shape", "wanted"), CONSTANTS, ids=str)
def test_a_constant(run, value, shape, wanted):
    found = run(gg.constant_initializer(value)(shape))
    assert (found.tolist(), found.dtype) == (wanted, np.float32)


def test_constants_that_cannot_be():
    with pytest.raises(ValueError, match="can't fill"):
        gg.constant_initializer([1, 2, 3])([2])
    with pytest.raises(TypeError, match="expected a value of shape"):
        gg.constant_initializer([1, 2], verify_shape=True)([2, 1])
    with pytest.raises(TypeError, match="a number, a list or an array"):
        gg.constant_initializer({})


# name -> initializer, shape, mean, variance, bound
SCALED = {
    "uniform": (gg.random_uniform_initializer(-1, 3), [200, 300], 1.0, 16 / 12, None),
    "uniform01": (gg.random_uniform_initializer(), [200, 300], 0.5, 1 / 12, None),
    "normal": (gg.random_normal_initializer(2.0, 0.5), [200, 300], 2.0, 0.25, None),
    "truncated": (gg.truncated_normal_initializer(1.0, 0.5), [200, 300], 1.0, 0.25 * TRUNCATED_VARIANCE, 1.0),
    "unit": (initializers.uniform_unit_scaling(2.0), [200, 300], 0.0, 4 / 200, None),
    "scaling": (gg.variance_scaling_initializer(3.0), [200, 300], 0.0, 3 / 200, None),
    "out": (gg.variance_scaling_initializer(mode="fan_out"), [200, 300], 0.0, 1 / 300, None),
    "untruncated": (
        gg.variance_scaling_initializer(distribution="untruncated_normal"), [200, 300], 0.0, 1 / 200, None,
    ),
    "glorot_uniform": (gg.glorot_uniform_initializer(), [200, 300], 0.0, 2 / 500, math.sqrt(6 / 500)),
    "glorot_normal": (gg.glorot_normal_initializer(), [200, 300], 0.0, 2 / 500, None),
    "he_uniform": (initializers.he_uniform(), [200, 300], 0.0, 2 / 200, math.sqrt(6 / 200)),
    "he_normal": (initializers.he_normal(), [200, 300], 0.0, 2 / 200, None),
    "lecun_uniform": (initializers.lecun_uniform(), [200, 300], 0.0, 1 / 200, math.sqrt(3 / 200)),
    "lecun_normal": (initializers.lecun_normal(), [200, 300], 0.0, 1 / 200, None),
    "filter": (gg.glorot_uniform_initializer(), [5, 5, 20, 40], 0.0, 2 / (25 * 60), math.sqrt(6 / 1500)),
    "vector": (initializers.he_uniform(), [60000], 0.0, 2 / 60000, math.sqrt(6 / 60000)),
}  # fmt: skip


@pytest.mark.parametrize("name", SCALED)
def test_a_distribution(run, name):
    initializer, shape, mean, variance, bound = SCALED[name]
    gg.set_random_seed(1)
    found = run(initializer(shape)).astype(np.float64)
    count = found.size
    assert found.shape == tuple(shape)
    assert abs(found.mean() - mean) < 5 * math.sqrt(variance / count)
    assert found.var() == pytest.approx(variance, rel=0.03)
    if bound is not None:
        assert 0.99 * bound < np.abs(found - mean).max() <= bound * (1 + 1e-6)


def test_a_seed_fixes_the_draw(run):
    draws = [run(gg.glorot_normal_initializer(seed=seed)([4, 4])) for seed in (1, 1, 2)]
    assert np.array_equal(draws[0], draws[1]) and not np.array_equal(draws[0], draws[2])


@pytest.mark.parametrize("shape", [[4, 4], [3, 7], [7, 3], [2, 3, 5]], ids=str)
def test_orthogonal(run, shape):
    found = run(gg.orthogonal_initializer(gain=2.0)(shape, gg.float64)).reshape(-1, shape[-1])
    rows, columns = found.shape
    product = found @ found.T if rows <= columns else found.T @ found
    np.testing.assert_allclose(product, 4 * np.eye(min(rows, columns)), atol=1e-12)


def test_identity(run):
    assert run(initializers.identity(gain=3.0)([2, 3])).tolist() == [[3, 0, 0], [0, 3, 0]]


BAD = [
    (lambda: gg.orthogonal_initializer()([3]), "two axes"),
    (lambda: initializers.identity()([3]), "matrices"),
    (lambda: gg.variance_scaling_initializer(0.0), "not positive"),
    (lambda: gg.variance_scaling_initializer(mode="fan"), "fan_avg"),
    (lambda: gg.variance_scaling_initializer(distribution="beta"), "distribution is 'beta'"),
]


@pytest.mark.parametrize(("make", "says"), BAD, ids=[says for _, says in BAD])
def test_what_cannot_be(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_partitions_are_refused():
    with pytest.raises(NotImplementedError, match="not partitioned"):
        gg.zeros_initializer()([2], partition_info=object())


@pytest.mark.parametrize("name", ["zeros", "constant", "random_normal", "variance_scaling", "glorot_uniform"])
def test_a_configuration_makes_an_equal_one(name):
    first = getattr(initializers, name)()
    again = type(first).from_config(first.get_config())
    assert vars(again) == vars(first)


def test_the_default_depends_on_the_dtype():
    assert isinstance(initializers.default_initializer(torch.float64), initializers.GlorotUniform)
    assert isinstance(initializers.default_initializer(torch.int32), initializers.Zeros)
