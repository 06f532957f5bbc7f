"""A Wasserstein GAN with gradient penalty learns eight Gaussians on a circle.

The critic's loss holds a gradient: the penalty is the square of (|grad D(x)| - 1) at points between real and generated
ones, and `tf.gradients` of that loss differentiates the norm of a gradient (Gulrajani et al., "Improved training of
Wasserstein GANs", 2017). What is reached is measured without the critic, on fresh samples: the Wasserstein distance of
projections in many directions (scipy computes it exactly in one dimension), how many of the eight Gaussians are found,
and how long the critic's gradient is. The penalty's own gradient is compared with one that numpy finds without a graph.
"""

import argparse
import sys

import numpy as np
from claims import Claim, report
from scipy.stats import wasserstein_distance

import graphgrad as tf

MODES, SPREAD = 8, 0.1
NOISE, WIDTH, BATCH = 4, 64, 128
PENALTY, CRITIC_STEPS = 1.0, 3
CONFIG = tf.ConfigProto(intra_op_parallelism_threads=1)


def real(rng, count):
    """Samples of eight Gaussians on a circle of radius 1.5."""
    angle = 2 * np.pi * rng.integers(0, MODES, size=count) / MODES
    centre = 1.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (centre + SPREAD * rng.normal(size=(count, 2))).astype(np.float32)


def layers(x, sizes):
    """A network of dense layers in the current variable scope."""
    for number, size in enumerate(sizes):
        last = number == len(sizes) - 1
        x = tf.layers.dense(x, size, activation=None if last else tf.nn.leaky_relu, name=f"layer_{number}")
    return x


def generator(noise):
    with tf.variable_scope("generator", reuse=tf.AUTO_REUSE):
        return layers(noise, [WIDTH, WIDTH, 2])


def critic(x):
    with tf.variable_scope("critic", reuse=tf.AUTO_REUSE):
        return layers(x, [WIDTH, WIDTH, 1])


class WGAN:
    """Both networks, the losses and the training operations."""

    def __init__(self):
        self.noise = tf.placeholder(tf.float32, [None, NOISE], name="noise")
        self.real = tf.placeholder(tf.float32, [None, 2], name="real")
        self.mix = tf.placeholder(tf.float32, [None, 1], name="mix")
        self.fake = generator(self.noise)
        self.between = self.mix * self.real + (1.0 - self.mix) * self.fake
        (slope,) = tf.gradients(critic(self.between), self.between)
        self.norm = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=1) + 1e-12)
        self.penalty = tf.reduce_mean(tf.square(self.norm - 1.0))
        self.distance = tf.reduce_mean(critic(self.real)) - tf.reduce_mean(critic(self.fake))

        self.of_critic = tf.trainable_variables("critic")
        self.rate = tf.placeholder(tf.float32, [], name="rate")
        self.train_critic = tf.train.AdamOptimizer(self.rate, beta1=0.5, beta2=0.9).minimize(
            PENALTY * self.penalty - self.distance, var_list=self.of_critic
        )
        self.train_generator = tf.train.AdamOptimizer(self.rate, beta1=0.5, beta2=0.9).minimize(
            -tf.reduce_mean(critic(self.fake)), var_list=tf.trainable_variables("generator")
        )

    def feed(self, rng, count):
        noise, mix = rng.normal(size=(count, NOISE)), rng.uniform(size=(count, 1))
        return {self.noise: noise.astype(np.float32), self.real: real(rng, count), self.mix: mix.astype(np.float32)}

    def step(self, sess, rng, rate):
        for _ in range(CRITIC_STEPS):
            sess.run(self.train_critic, {**self.feed(rng, BATCH), self.rate: rate})
        noise = rng.normal(size=(BATCH, NOISE)).astype(np.float32)
        sess.run(self.train_generator, {self.noise: noise, self.rate: rate})


def distance(found, wanted, directions=32):
    """The Wasserstein distance of two samples in the plane, the mean over projections."""
    angle = np.pi * np.arange(directions) / directions
    ways = np.stack([np.cos(angle), np.sin(angle)])
    return np.mean([wasserstein_distance(*pair) for pair in zip((found @ ways).T, (wanted @ ways).T, strict=True)])


def modes_found(found):
    """How many Gaussians have at least a quarter of their share of the samples within four deviations."""
    angle = 2 * np.pi * np.arange(MODES) / MODES
    centres = 1.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    near = np.linalg.norm(found[:, None] - centres, axis=2) < 4 * SPREAD
    return int((near.mean(axis=0) > 0.25 / MODES).sum())


def slope_of_penalty(between, kernels, biases, along, step=1e-6):
    """The derivative of the penalty along a change of the kernels, without a graph: by numpy, in float64.

    A leaky relu's slope is 1 or 0.2, and which of them does not change with a small step, or jumps, where nothing has a
    derivative. So the pattern is that of the weights as they are, and the rest is a product of matrices.
    """
    first = between @ kernels[0] + biases[0]
    patterns = [np.where(first > 0, 1.0, 0.2)]
    patterns.append(np.where((first * patterns[0]) @ kernels[1] + biases[1] > 0, 1.0, 0.2))
    ends = []
    for signed in (step, -step):
        one, two, three = (kernel + signed * way for kernel, way in zip(kernels, along, strict=True))
        slope = ((three.T * patterns[1]) @ two.T * patterns[0]) @ one.T
        ends.append(np.mean((np.linalg.norm(slope, axis=1) - 1.0) ** 2))
    return (ends[0] - ends[1]) / (2 * step)


def error_of_penalty(sess, model, feed, rng):
    """The graph's derivative of the penalty along a random direction, beside that."""
    kernels, biases = model.of_critic[::2], model.of_critic[1::2]
    values = sess.run([model.between, kernels, biases, tf.gradients(model.penalty, kernels)], feed)
    between, kernels, biases, slopes = (np.float64(values[0]), *([np.float64(v) for v in each] for each in values[1:]))
    along = [rng.normal(size=slope.shape) for slope in slopes]
    wanted = slope_of_penalty(between, kernels, biases, along)
    return abs(sum(np.sum(slope * way) for slope, way in zip(slopes, along, strict=True)) / wanted - 1)


def train(sess, model, rng, steps, feed, fresh):
    """Alternate both trainings, at a falling rate."""
    for step in range(steps):
        model.step(sess, rng, 2e-3 * 0.05 ** (step / steps))
        if (step + 1) % (steps // 4) == 0:
            print(f"step {step + 1}: distance {distance(sess.run(model.fake, feed), fresh):.3f}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a shorter training, with wider bounds")
    quick = parser.parse_args(arguments).quick
    steps, most, modes, slack = (400, 0.35, 4, 0.5) if quick else (4000, 0.08, MODES, 0.1)

    rng = np.random.default_rng(0)
    tf.set_random_seed(0)
    model = WGAN()
    fresh, feed = real(rng, 4000), model.feed(rng, 4000)
    with tf.Session(config=CONFIG) as sess:
        sess.run(tf.global_variables_initializer())
        error = error_of_penalty(sess, model, feed, rng)
        untrained = distance(sess.run(model.fake, feed), fresh)
        train(sess, model, rng, steps, feed, fresh)
        found, norm = sess.run([model.fake, model.norm], feed)
    print(f"two samples of the same Gaussians are {distance(real(rng, 4000), fresh):.3f} apart")
    return report([
        Claim("gradient of the penalty, beside numpy", error, most=1e-3),
        Claim("Wasserstein distance to fresh samples, untrained", untrained, least=0.7),
        Claim("Wasserstein distance to fresh samples, trained", distance(found, fresh), most=most),
        Claim("Gaussians found, of eight", modes_found(found), least=modes),
        Claim("mean length of the critic's gradient", norm.mean(), least=1 - slack, most=1 + slack),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
