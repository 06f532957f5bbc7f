"""Learning-rate schedules against the formulas of TF1's documentation, in numpy."""

import math

import numpy as np
import pytest

import graphgrad as gg

STEPS = np.arange(0, 60)


def capped(n, limit):
    return np.minimum(n, limit)


def polynomial(n, steps, cycle, power):
    if cycle:
        steps = steps * np.maximum(1, np.ceil(n / steps))
    else:
        n = np.minimum(n, steps)
    return (0.1 - 0.01) * (1 - n / steps) ** power + 0.01


def restarts(n, first, longer, lower, alpha):
    """Period by period, as the paper describes it."""
    rates = []
    for step in n:
        length, scale, begin = float(first), 1.0, 0.0
        while step >= begin + length:
            begin, length, scale = begin + length, length * longer, scale * lower
        wave = 0.5 * scale * (1 + math.cos(math.pi * (step - begin) / length))
        rates.append(0.1 * ((1 - alpha) * wave + alpha))
    return rates


def linear_cosine(n, steps, periods, alpha, beta):
    n = capped(n, steps)
    line, wave = (steps - n) / steps, 0.5 * (1 + np.cos(np.pi * 2 * periods * n / steps))
    return 0.1 * ((alpha + line) * wave + beta)


train = gg.train
SCHEDULES = {
    "exponential": (lambda n: train.exponential_decay(0.1, n, 7, 0.9), lambda n: 0.1 * 0.9 ** (n / 7)),
    "exponential stairs": (
        lambda n: train.exponential_decay(0.1, n, 7, 0.9, staircase=True),
        lambda n: 0.1 * 0.9 ** (n // 7),
    ),
    "natural": (lambda n: train.natural_exp_decay(0.1, n, 7, 0.5), lambda n: 0.1 * np.exp(-0.5 * n / 7)),
    "natural stairs": (
        lambda n: train.natural_exp_decay(0.1, n, 7, 0.5, staircase=True),
        lambda n: 0.1 * np.exp(-0.5 * (n // 7)),
    ),
    "inverse": (lambda n: train.inverse_time_decay(0.1, n, 7, 0.5), lambda n: 0.1 / (1 + 0.5 * n / 7)),
    "inverse stairs": (
        lambda n: train.inverse_time_decay(0.1, n, 7, 0.5, staircase=True),
        lambda n: 0.1 / (1 + 0.5 * (n // 7)),
    ),
    "piecewise": (
        lambda n: train.piecewise_constant(n, [5, 20], [1.0, 0.5, 0.1]),
        lambda n: np.select([n <= 5, n <= 20], [1.0, 0.5], 0.1),
    ),
    "polynomial": (
        lambda n: train.polynomial_decay(0.1, n, 20, 0.01, power=0.5),
        lambda n: polynomial(n, 20, False, 0.5),
    ),
    "polynomial cycle": (
        lambda n: train.polynomial_decay(0.1, n, 20, 0.01, power=2.0, cycle=True),
        lambda n: polynomial(n, 20, True, 2.0),
    ),
    "cosine": (
        lambda n: train.cosine_decay(0.1, n, 30, alpha=0.2),
        lambda n: 0.1 * (0.8 * 0.5 * (1 + np.cos(np.pi * capped(n, 30) / 30)) + 0.2),
    ),
    "restarts": (
        lambda n: train.cosine_decay_restarts(0.1, n, 8, t_mul=2.0, m_mul=0.8, alpha=0.1),
        lambda n: restarts(n, 8, 2.0, 0.8, 0.1),
    ),
    "even restarts": (
        lambda n: train.cosine_decay_restarts(0.1, n, 8, t_mul=1.0, m_mul=0.8),
        lambda n: restarts(n, 8, 1.0, 0.8, 0.0),
    ),
    "linear cosine": (
        lambda n: train.linear_cosine_decay(0.1, n, 30, num_periods=1.5, alpha=0.1, beta=0.01),
        lambda n: linear_cosine(n, 30, 1.5, 0.1, 0.01),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("dtype", [gg.int64, gg.int32, gg.float32], ids=str)
def test_a_schedule_follows_its_formula(name, dtype):
    make, formula = SCHEDULES[name]
    step = gg.placeholder(dtype, [])
    rate = make(step)
    assert rate.dtype is gg.float32 and rate.shape == ()
    with gg.Session() as sess:
        found = [sess.run(rate, {step: n}) for n in STEPS]
    np.testing.assert_allclose(found, formula(STEPS), rtol=2e-5, atol=1e-8)


def test_noise_of_a_noisy_schedule():
    step = gg.placeholder(gg.int64, [])
    plain = train.linear_cosine_decay(0.1, step, 30, beta=0.01)
    noisy = train.noisy_linear_cosine_decay(0.1, step, 30, initial_variance=4.0, variance_decay=1.0, beta=0.01)
    with gg.Session() as sess:
        wanted = sess.run(plain, {step: 3})
        drawn = np.array([sess.run(noisy, {step: 3}) for _ in range(2000)])
    wave = 0.5 * (1 + math.cos(math.pi * 3 / 30))
    assert drawn.mean() == pytest.approx(wanted, abs=0.01)
    assert drawn.std() == pytest.approx(0.1 * math.sqrt(4.0 / 4) * wave, rel=0.1)


def test_arguments_that_are_tensors():
    step = gg.constant(7, gg.int64)
    steps, decay = gg.constant(14), gg.constant(0.25)
    rates = [
        train.exponential_decay(gg.constant(0.5), step, steps, decay),
        train.cosine_decay(0.5, step, steps),
        train.piecewise_constant(step, [gg.constant(6, gg.int64)], [0.5, gg.constant(0.25)]),
        train.polynomial_decay(0.5, step, steps, gg.constant(0.1), gg.constant(1.0)),
    ]
    with gg.Session() as sess:
        np.testing.assert_allclose(sess.run(rates), [0.25, 0.25, 0.25, 0.3], rtol=1e-6)


def test_the_rate_of_a_training_step_is_that_of_the_step_before_it_counts():
    w = gg.Variable(0.0)
    step = train.create_global_step()
    rate = train.piecewise_constant(step, [0, 1], [1.0, 10.0, 100.0])
    update = train.GradientDescentOptimizer(rate).minimize(w * 1.0, global_step=step)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        values = [(sess.run(update), sess.run(w).item())[1] for _ in range(3)]
    assert values == [-1, -11, -111]


def test_schedules_in_eager_mode():
    with gg.eager_execution():
        assert float(train.exponential_decay(0.5, 10, 10, 0.5)) == 0.25


def test_names_of_the_operations():
    step = gg.placeholder(gg.int64, [])
    assert train.cosine_decay(0.1, step, 10).name.startswith("CosineDecay/")
    assert train.cosine_decay(0.1, step, 10, name="rate").name.startswith("rate/")


def test_what_is_refused():
    step = gg.placeholder(gg.int64, [])
    with pytest.raises(ValueError, match="global_step is None"):
        train.exponential_decay(0.1, None, 10, 0.5)
    with pytest.raises(ValueError, match="2 boundaries need 3 values, not 2"):
        train.piecewise_constant(step, [1, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="must rise"):
        train.piecewise_constant(step, [2, 1], [0.1, 0.2, 0.3])
