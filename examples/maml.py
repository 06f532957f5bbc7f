"""Model-agnostic meta-learning of sine waves: weights from which one step of gradient descent learns a new wave.

A task is a sine wave of its own amplitude and phase, known at ten points. The inner step is `tf.gradients` of the loss
at those points; the outer loss is that of the adapted weights at ten other points, and its gradient goes *through* the
inner step, so that it contains second derivatives (Finn, Abbeel, Levine, "Model-agnostic meta-learning", 2017). With
`tf.stop_gradient` around the inner gradients the second derivatives are gone: that is first-order MAML.

Two references: finite differences of the outer loss, and for a linear model of one weight the closed form, which has a
factor (1 - 2 rate mean(x^2)) that the first order lacks.
"""

import argparse
import sys

import numpy as np
from claims import Claim, report

import graphgrad as tf

RATE = 0.1  # of the inner step
WIDTH = 40
POINTS = 10
CONFIG = tf.ConfigProto(intra_op_parallelism_threads=1)


def adapted(loss, weights, first_order=False):
    """The weights after one step down `loss`."""
    slopes = tf.gradients(loss, weights)
    if first_order:
        slopes = [tf.stop_gradient(slope) for slope in slopes]
    return [weight - RATE * slope for weight, slope in zip(weights, slopes, strict=True)]


class Regression:
    """A network of two hidden layers, the same for every task: [tasks, points, 1] -> [tasks, points, 1]."""

    def __init__(self):
        sizes = [1, WIDTH, WIDTH, 1]
        self.weights = []
        for number, (rows, columns) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
            start = tf.random_normal_initializer(stddev=np.sqrt(2 / rows))
            self.weights.append(tf.get_variable(f"w{number}", [rows, columns], tf.float64, initializer=start))
            self.weights.append(
                tf.get_variable(f"b{number}", [columns], tf.float64, initializer=tf.zeros_initializer())
            )
        shape = [None, POINTS, 1]
        self.x, self.y, self.new_x, self.new_y = (
            tf.placeholder(tf.float64, shape, name=name) for name in ("x", "y", "new_x", "new_y")
        )

    @staticmethod
    def loss(x, y, weights):
        """Of one task."""
        h = x
        for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            h = tf.nn.tanh(tf.matmul(h, weight) + bias)
        return tf.reduce_mean(tf.square(tf.matmul(h, weights[-2]) + weights[-1] - y))

    def outer_losses(self, first_order=False):
        """Of each task: the loss at its new points, before the inner step and after it."""

        def task(given):
            x, y, new_x, new_y = given
            after = adapted(self.loss(x, y, self.weights), self.weights, first_order)
            return self.loss(new_x, new_y, self.weights), self.loss(new_x, new_y, after)

        given = (self.x, self.y, self.new_x, self.new_y)
        return tf.map_fn(task, given, dtype=(tf.float64, tf.float64))

    def tasks(self, rng, count):
        """Feeds: sine waves of any amplitude and phase."""
        amplitude = rng.uniform(0.5, 3.0, size=(count, 1, 1))
        phase = rng.uniform(0.0, np.pi, size=(count, 1, 1))
        x, new_x = rng.uniform(-3.0, 3.0, size=(2, count, POINTS, 1))
        y, new_y = (amplitude * np.sin(each - phase) for each in (x, new_x))
        return {self.x: x, self.y: y, self.new_x: new_x, self.new_y: new_y}


def error_in_closed_form(rng):
    """For y = w x, of both orders: the largest relative error of the outer gradient."""
    x, y, new_x, new_y = rng.normal(size=(4, POINTS))
    w = tf.Variable(np.float64(0.7))
    found = []
    for first_order in (False, True):
        (after,) = adapted(tf.reduce_mean(tf.square(w * x - y)), [w], first_order)
        found.append(tf.gradients(tf.reduce_mean(tf.square(after * new_x - new_y)), w)[0])
    with tf.Session() as sess:
        sess.run(w.initializer)
        second, first = sess.run(found)
    moved = 0.7 - RATE * np.mean(2 * x * (0.7 * x - y))
    outer = np.mean(2 * new_x * (moved * new_x - new_y))
    return max(abs(second / (outer * (1 - RATE * np.mean(2 * x * x))) - 1), abs(first / outer - 1))


class Learner:
    """One order of MAML: its losses, its outer gradient, its training."""

    def __init__(self, model, first_order):
        self.model = model
        self.losses = model.outer_losses(first_order)
        self.outer = tf.reduce_mean(self.losses[1])
        optimizer = tf.train.AdamOptimizer(3e-3)
        pairs = optimizer.compute_gradients(self.outer, model.weights)
        self.slopes = [slope for slope, _ in pairs]
        self.step = optimizer.apply_gradients(pairs)

    def gradient(self, sess, feed):
        """The outer gradient, packed."""
        return np.concatenate([slope.reshape(-1) for slope in sess.run(self.slopes, feed)])

    def slope_by_differences(self, sess, feed, along, step=1e-5):
        """The derivative of the outer loss along a direction, without derivatives; the weights stay as they were."""
        start = sess.run(self.model.weights)
        ends = []
        for signed in (step, -step, 0.0):
            moved = 0
            for weight, value in zip(self.model.weights, start, strict=True):
                way = along[moved : moved + value.size].reshape(value.shape)
                weight.load(value + signed * way, sess)
                moved += value.size
            ends.append(sess.run(self.outer, feed))
        return (ends[0] - ends[1]) / (2 * step)

    def train(self, sess, steps):
        """From fresh weights, on the same tasks each time."""
        sess.run(tf.global_variables_initializer())
        rng = np.random.default_rng(0)
        for _ in range(steps):
            sess.run(self.step, self.model.tasks(rng, 8))

    def gain(self, sess, feed):
        """By which factor one inner step cuts the mean loss of tasks, and what is left of it."""
        before, after = sess.run(self.losses, feed)
        return before.mean() / after.mean(), after.mean()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a shorter training, with a wider bound")
    quick = parser.parse_args(arguments).quick
    steps, factor, lead = (250, 1.5, 1.2) if quick else (1500, 5.0, 2.0)

    tf.set_random_seed(0)
    model = Regression()
    maml, first = Learner(model, first_order=False), Learner(model, first_order=True)
    rng = np.random.default_rng(1)
    test, few = model.tasks(rng, 400), model.tasks(rng, 4)
    with tf.Session(config=CONFIG) as sess:
        sess.run(tf.global_variables_initializer())
        untrained, _ = maml.gain(sess, test)
        along = rng.normal(size=sum(weight.shape.num_elements() for weight in model.weights))
        whole, part = maml.gradient(sess, few), first.gradient(sess, few)
        differences = maml.slope_by_differences(sess, few, along)
        maml.train(sess, steps)
        trained, left = maml.gain(sess, test)
        first.train(sess, steps)
        _, left_by_first = first.gain(sess, test)
    print(f"mean squared error of new tasks after one step: {left:.3f}, of first-order MAML {left_by_first:.3f}")
    return report([
        Claim("outer gradients of a linear model, beside the closed form", error_in_closed_form(rng), most=1e-12),
        Claim("outer gradient, beside finite differences", abs(whole @ along / differences - 1), most=1e-5),
        Claim("part of it that the first order lacks", np.linalg.norm(whole - part) / np.linalg.norm(whole), least=0.1),
        Claim("factor by which one step cuts the loss, untrained", untrained, most=1.5),
        Claim("factor by which one step cuts the loss, trained", trained, least=factor),
        Claim("loss of first-order MAML, in losses of MAML", left_by_first / left, least=lead),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
