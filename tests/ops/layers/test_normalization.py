"""Batch normalization: values, running averages and gradients, beside numpy."""

import numpy as np
import pytest

import graphgrad as gg

ROWS = np.random.RandomState(0).randn(8, 3) * 2 + 1
IMAGES = np.random.RandomState(1).randn(2, 4, 5, 3) * 2 + 1


def normalized(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + epsilon)


@pytest.mark.parametrize("x", [ROWS, IMAGES], ids=["rows", "images"])
@pytest.mark.parametrize("fed", [False, True])
def test_training(x, fed):
    training = gg.placeholder(gg.bool, []) if fed else True
    y = gg.layers.batch_normalization(gg.constant(x), training=training)
    updates = gg.get_collection(gg.GraphKeys.UPDATE_OPS)
    gamma, beta, mean, variance = gg.global_variables()
    feeds = {training: True} if fed else {}
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        found, *_ = session.run([y, *updates], feeds)
        averages = session.run([mean, variance])
    axes = tuple(range(x.ndim - 1))
    count = x.size // 3
    np.testing.assert_allclose(found, normalized(x), atol=1e-9)
    np.testing.assert_allclose(averages[0], 0.01 * x.mean(axes))
    taken = x.var(axes) * (count / (count - 1) if x.ndim == 4 else 1)  # of images TF1 takes the unbiased variance
    np.testing.assert_allclose(averages[1], 0.99 + 0.01 * taken)
    assert gg.trainable_variables() == [gamma, beta]


def test_the_fused_kernel_is_for_images():
    y = gg.layers.batch_normalization(gg.constant(IMAGES), training=True, fused=False, momentum=0.9)
    updates = gg.get_collection(gg.GraphKeys.UPDATE_OPS)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        _, (_, variance) = session.run([y, updates])
    np.testing.assert_allclose(variance, 0.9 + 0.1 * IMAGES.var((0, 1, 2)))
    with pytest.raises(ValueError, match="fused"):
        gg.layers.batch_normalization(gg.constant(ROWS), fused=True)


@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("x", [ROWS, IMAGES], ids=["rows", "images"])
def test_inference(x, fed):
    training = gg.placeholder(gg.bool, []) if fed else False
    y = gg.layers.batch_normalization(gg.constant(x), training=training, epsilon=0.1)
    gamma, beta, mean, variance = gg.global_variables()
    updates = gg.get_collection(gg.GraphKeys.UPDATE_OPS)
    assert len(updates) == (2 if fed else 0)
    values = dict(zip((gamma, beta, mean, variance), np.random.rand(4, 3) + 0.5, strict=True))
    feeds = {training: False} if fed else {}
    with gg.Session() as session:
        for variable, value in values.items():
            variable.load(value, session)
        found, *_ = session.run([y, *updates], feeds)
        after = session.run([mean, variance])
    g, b, m, v = values.values()
    np.testing.assert_allclose(found, (x - m) / np.sqrt(v + 0.1) * g + b)
    np.testing.assert_allclose(after, [m, v])


@pytest.mark.parametrize("fed", [False, True])
def test_the_gradient_goes_through_mean_and_variance(fed):
    x = gg.placeholder(gg.float64, [8, 3])
    training = gg.placeholder(gg.bool, []) if fed else True
    weights = np.random.rand(8, 3)
    loss = gg.reduce_sum(gg.layers.batch_normalization(x, training=training) * weights)
    (g,) = gg.gradients(loss, x)
    feeds = {training: True} if fed else {}
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        found = session.run(g, {x: ROWS, **feeds})
    wanted = np.empty_like(ROWS)
    for place in np.ndindex(ROWS.shape):
        step = np.zeros_like(ROWS)
        step[place] = 1e-6
        wanted[place] = ((normalized(ROWS + step) - normalized(ROWS - step)) * weights).sum() / 2e-6
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("options", [{"center": False}, {"scale": False}, {"center": False, "scale": False}], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_without_beta_or_gamma(run, options, training):
    y = gg.layers.batch_normalization(gg.constant(ROWS), training=training, **options)
    assert len(gg.trainable_variables()) == 2 - len(options)
    wanted = normalized(ROWS) if training else ROWS / np.sqrt(1.001)
    np.testing.assert_allclose(run(y), wanted, atol=1e-9)


def test_another_axis(run):
    y = gg.layers.batch_normalization(gg.constant(IMAGES.transpose(0, 3, 1, 2)), axis=1, training=True)
    np.testing.assert_allclose(run(y).transpose(0, 2, 3, 1), normalized(IMAGES), atol=1e-9)


def test_a_training_step_runs_the_updates():
    x = gg.placeholder(gg.float32, [None, 3])
    layer = gg.layers.BatchNormalization(momentum=0.5, name="bn")
    loss = gg.reduce_mean(gg.square(layer(x, training=True)))
    with gg.control_dependencies(gg.get_collection(gg.GraphKeys.UPDATE_OPS)):
        step = gg.train.GradientDescentOptimizer(0.1).minimize(loss)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        for _ in range(20):
            session.run(step, {x: ROWS})
        mean, gamma = session.run([layer.moving_mean, layer.gamma])
    np.testing.assert_allclose(mean, ROWS.mean(0), rtol=1e-4)
    assert (np.abs(gamma) < 1).all()
    assert layer.updates == gg.get_collection(gg.GraphKeys.UPDATE_OPS)
    assert [each.op.name for each in layer.non_trainable_variables] == ["bn/moving_mean", "bn/moving_variance"]


@pytest.mark.parametrize("options", [{"renorm": True}, {"virtual_batch_size": 2}, {"axis": [1, 2]}], ids=str)
def test_what_is_refused(options):
    with pytest.raises(NotImplementedError):
        gg.layers.batch_normalization(gg.constant(ROWS), **options)
