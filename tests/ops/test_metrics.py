"""Metrics over several runs, beside numpy over all of their data."""

import numpy as np
import pytest

import graphgrad as gg

BATCHES = [np.array([1.0, 2.0, 3.0]), np.array([10.0]), np.array([4.0, 5.0])]


def over(metric, placeholders, batches):
    """The values that the updates gave, and the value at the end."""
    value, update = metric
    with gg.Session() as session:
        session.run(gg.local_variables_initializer())
        assert session.run(value) == 0
        given = [session.run(update, dict(zip(placeholders, batch, strict=True))) for batch in batches]
        assert session.run(value) == session.run(value)
        return given, session.run(value)


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [None])


def test_mean(x):
    given, value = over(gg.metrics.mean(x), [x], [[batch] for batch in BATCHES])
    wanted = [np.concatenate(BATCHES[: n + 1]).mean() for n in range(3)]
    np.testing.assert_allclose(given, wanted)
    assert value == given[-1]


def test_a_weighted_mean(x):
    w = gg.placeholder(gg.float32, [None])
    weights = [np.array([1.0, 0.0, 2.0]), np.array([0.5]), np.array([0.0, 0.0])]
    _, value = over(gg.metrics.mean(x, w), [x, w], zip(BATCHES, weights, strict=True))
    np.testing.assert_allclose(value, np.average(np.concatenate(BATCHES), weights=np.concatenate(weights)))


LABELS = [np.array([1, 0, 1, 1]), np.array([0, 0])]
FOUND = [np.array([1, 1, 0, 1]), np.array([0, 1])]
WANTED = {"accuracy": 3 / 6, "precision": 2 / 4, "recall": 2 / 3}


@pytest.mark.parametrize("name", WANTED)
def test_shares(name):
    y, p = (gg.placeholder(gg.int32, [None]) for _ in range(2))
    _, value = over(getattr(gg.metrics, name)(y, p), [y, p], zip(LABELS, FOUND, strict=True))
    assert value == pytest.approx(WANTED[name])
    assert [each.op.name.partition("/")[0] for each in gg.local_variables()] == [name] * 2


@pytest.mark.parametrize("name", WANTED)
def test_weighted_shares(name):
    y, p, w = gg.placeholder(gg.int32, [4]), gg.placeholder(gg.int32, [4]), np.array([3.0, 1.0, 0.0, 1.0])
    _, value = over(getattr(gg.metrics, name)(y, p, weights=w), [y, p], [(LABELS[0], FOUND[0])])
    assert value == pytest.approx({"accuracy": 4 / 5, "precision": 4 / 5, "recall": 1.0}[name])


def test_mean_squared_error(x):
    _, value = over(gg.metrics.mean_squared_error(x, 2 * x), [x], [[batch] for batch in BATCHES])
    assert value == pytest.approx((np.concatenate(BATCHES) ** 2).mean())


def test_metrics_are_listed_with_the_local_variables(x):
    value, update = gg.metrics.mean(x, metrics_collections="m", updates_collections=["u", "v"], name="loss")
    assert (gg.get_collection("m"), gg.get_collection("u"), gg.get_collection("v")) == ([value], [update], [update])
    assert [each.op.name for each in gg.local_variables()] == ["loss/total", "loss/count"]
    assert gg.get_collection(gg.GraphKeys.METRIC_VARIABLES) == gg.local_variables()
    assert gg.global_variables() == gg.trainable_variables() == []


def test_weights_must_fit(x):
    with pytest.raises(ValueError, match="can't be broadcast"):
        gg.metrics.mean(x, np.ones((2, 2)))
