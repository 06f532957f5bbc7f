"""Adam and AdamW: what is not their formula, which tests/train/test_optimizers.py checks."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from tests.train.rules import FLOAT32_BETAS


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


def test_powers_of_the_betas_count_the_steps(sess):
    w = gg.Variable(1.0, name="w")
    optimizer = gg.train.AdamOptimizer(0.1)
    step = optimizer.minimize(w * w)
    sess.run(gg.global_variables_initializer())
    for _ in range(3):
        sess.run(step)
    powers = sess.run(optimizer.variables()[:2])
    np.testing.assert_allclose(powers, np.array(FLOAT32_BETAS) ** 4, rtol=1e-6)
    assert all(power.dtype == np.float32 for power in powers)


def test_the_first_step_is_as_long_as_the_rate(sess):
    w = gg.Variable([3.0, -0.001, 1e6])
    step = gg.train.AdamOptimizer(0.25).minimize(gg.reduce_sum(w * w))
    sess.run(gg.global_variables_initializer())
    before = sess.run(w)
    sess.run(step)
    np.testing.assert_allclose(before - sess.run(w), [0.25, -0.25, 0.25], rtol=1e-3)


def test_epsilon_is_added_before_the_bias_is_corrected(sess):
    """With a huge epsilon only its place matters: TF1 divides by it as it is, torch by its corrected size."""
    w = gg.Variable(np.array([1.0]))
    step = gg.train.AdamOptimizer(1.0, beta1=0.0, beta2=0.75, epsilon=1e6).minimize(gg.reduce_sum(3 * w))
    sess.run(gg.global_variables_initializer())
    sess.run(step)
    np.testing.assert_allclose(1 - sess.run(w), [np.sqrt(1 - 0.75) * 3 / 1e6], rtol=1e-5)


def test_two_steps_of_one_optimizer_in_a_run_multiply_the_powers_twice(sess):
    a, b = gg.Variable(1.0, name="w"), gg.Variable(1.0, name="w")
    optimizer = gg.train.AdamOptimizer(0.1, beta1=0.5, beta2=0.5)
    steps = [optimizer.minimize(a * a), optimizer.minimize(b * b)]
    sess.run(gg.global_variables_initializer())
    sess.run(steps)
    assert sess.run(optimizer.variables()[0]) == 0.125


def test_variables_of_several_dtypes(sess):
    dtypes = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
    variables = [gg.Variable(torch.ones(3, dtype=dtype)) for dtype in dtypes]
    loss = gg.add_n([gg.reduce_sum(variable.to(torch.float64)) for variable in variables])
    step = gg.train.AdamOptimizer(0.5).minimize(loss)
    sess.run(gg.global_variables_initializer())
    sess.run(step)
    for value in sess.run(variables):
        np.testing.assert_allclose(np.asarray(torch.as_tensor(value).double()), 0.5, rtol=1e-2)


def test_integers_and_complex_numbers_are_refused():
    z = gg.Variable(np.array([1 + 1j]))
    with pytest.raises(ValueError, match="Adam updates real floating variables, and Variable:0 is torch.complex128"):
        gg.train.AdamOptimizer(0.1).minimize(gg.reduce_sum(torch.real(z * torch.conj(z))))


def test_a_beta_that_is_a_tensor(sess):
    w = gg.Variable(1.0, name="w")
    beta = gg.constant(0.5, gg.float64)
    optimizer = gg.train.AdamOptimizer(0.1, beta1=beta)
    step = optimizer.minimize(w * w)
    sess.run(gg.global_variables_initializer())
    sess.run(step)
    assert sess.run(optimizer.variables()[0]) == 0.25


def test_only_listed_variables_decay(sess):
    a, b = gg.Variable(8.0), gg.Variable(8.0)
    optimizer = gg.train.AdamWOptimizer(weight_decay=0.5, learning_rate=1.0)
    pairs = optimizer.compute_gradients(a + b)
    steps = [
        optimizer.minimize(a + b, decay_var_list=[a]),
        optimizer.apply_gradients(pairs, decay_var_list=[]),
        optimizer.apply_gradients(pairs),
    ]
    sess.run(gg.global_variables_initializer())
    found = []
    for step in steps:
        sess.run(step)
        found.append(sess.run([a, b]))
    np.testing.assert_allclose(found, [[3, 7], [2, 6], [0, 2]], atol=1e-4)


def test_a_parameter_may_be_listed_for_decay(sess):
    layer = torch.nn.Linear(1, 1)
    loss = gg.reduce_sum(layer(gg.zeros([1, 1])))
    step = gg.train.AdamWOptimizer(0.5, 0.0).minimize(loss, decay_var_list=[layer.bias])
    sess.run(gg.global_variables_initializer())
    before = sess.run(gg.trainable_variables())
    sess.run(step)
    after = sess.run(gg.trainable_variables())
    scales = sorted(float((new / old).ravel()[0]) for new, old in zip(after, before, strict=True))
    assert scales[0] == pytest.approx(0.5)
