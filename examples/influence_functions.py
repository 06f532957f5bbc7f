"""Influence functions: what a trained model would have said without one of its examples, without training again.

Without example i, the optimum of a regularised logistic regression moves by about H^-1 grad l_i / n, so that the loss
on a test set moves by `grad L . H^-1 grad l_i / n` (Koh and Liang, "Understanding black-box predictions via influence
functions", 2017). H is never built: conjugate gradients need only products H v, and such a product is `tf.gradients`
twice, the gradient of (gradient . v). The references: the Hessian in closed form, and 60 models that were really
trained without one example each.
"""

import argparse
import sys

import numpy as np
from claims import Claim, report
from scipy.sparse.linalg import LinearOperator, cg

import graphgrad as tf

DECAY = 1e-2
CONFIG = tf.ConfigProto(intra_op_parallelism_threads=1)


def data(rng, examples, features):
    """Two overlapping clouds, with a tenth of the labels wrong: rows and labels of 0 and 1."""
    label = rng.integers(0, 2, size=examples)
    row = rng.normal(size=(examples, features)) + 0.6 * (2 * label[:, None] - 1) / np.sqrt(features / 4)
    wrong = rng.uniform(size=examples) < 0.1
    return row, np.where(wrong, 1 - label, label).astype(np.float64)


class LogisticRegression:
    """The model, its losses, and a Hessian-vector product of the training loss."""

    def __init__(self, features):
        self.rows = tf.placeholder(tf.float64, [None, features], name="rows")
        self.labels = tf.placeholder(tf.float64, [None], name="labels")
        self.share = tf.placeholder(tf.float64, [None], name="share")  # of each example in the loss
        self.v = tf.placeholder(tf.float64, [features], name="v")
        self.w = tf.Variable(tf.zeros([features], dtype=tf.float64), name="w")

        logits = tf.reduce_sum(self.rows * self.w, axis=1)
        self.losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=self.labels, logits=logits)
        self.test_loss = tf.reduce_mean(self.losses)
        self.loss = tf.reduce_sum(self.share * self.losses) + 0.5 * DECAY * tf.reduce_sum(tf.square(self.w))
        (slope,) = tf.gradients(self.loss, self.w)
        (self.product,) = tf.gradients(tf.reduce_sum(slope * self.v), self.w)
        (self.test_slope,) = tf.gradients(self.test_loss, self.w)
        # One row per example: the gradient of its own loss.
        self.slopes = tf.map_fn(self.slope_of_one, (self.rows, self.labels), dtype=tf.float64)
        self.fit = tf.contrib.opt.ScipyOptimizerInterface(
            self.loss, method="L-BFGS-B", options={"ftol": 0.0, "gtol": 1e-9, "maxiter": 500}
        )

    def slope_of_one(self, example):
        row, label = example
        logit = tf.reduce_sum(row * self.w)
        return tf.gradients(tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=logit), self.w)[0]


def hessian(rows, w):
    """In closed form: X' diag(p (1 - p)) X / n + the decay."""
    p = 1 / (1 + np.exp(-rows @ w))
    return rows.T @ (rows * (p * (1 - p))[:, None]) / len(rows) + DECAY * np.eye(len(w))


def influences(sess, model, train, test):
    """By how much the test loss would grow without each training example, to first order; and the Hessian's action."""
    product = sess.make_callable(model.product, [model.v, *train])

    def multiply(v):
        return product(v, *train.values())

    size = model.v.shape[0].value
    test_slope = sess.run(model.test_slope, test)
    found, code = cg(LinearOperator((size, size), multiply, dtype=np.float64), test_slope, rtol=1e-10)
    if code:
        raise RuntimeError(f"conjugate gradients did not converge: {code}")
    slopes = sess.run(model.slopes, train)
    return slopes @ found / len(slopes), multiply


def retrained(sess, model, train, test, left_out):
    """By how much the test loss grows when a model is trained without each of the examples `left_out`."""
    start = sess.run(model.test_loss, test)
    changes = []
    for example in left_out:
        share = train[model.share].copy()
        share[example] = 0.0
        model.fit.minimize(sess, {**train, model.share: share})
        changes.append(sess.run(model.test_loss, test) - start)
    return np.array(changes)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer examples, fewer models trained again")
    quick = parser.parse_args(arguments).quick
    examples, features, again, slack = (300, 6, 20, 0.25) if quick else (400, 12, 60, 0.15)

    rng = np.random.default_rng(0)
    model = LogisticRegression(features)
    train_rows, train_labels = data(rng, examples, features)
    test_rows, test_labels = data(rng, 200, features)
    train = {model.rows: train_rows, model.labels: train_labels, model.share: np.full(examples, 1 / examples)}
    test = {model.rows: test_rows, model.labels: test_labels}

    with tf.Session(config=CONFIG) as sess:
        sess.run(tf.global_variables_initializer())
        model.fit.minimize(sess, train)
        predicted, multiply = influences(sess, model, train, test)
        v = rng.normal(size=features)
        exact = hessian(train_rows, sess.run(model.w)) @ v
        error = np.abs(multiply(v) - exact).max() / np.abs(exact).max()

        # The examples that matter, for better and for worse, and some from between.
        order = np.argsort(predicted)
        left_out = order[np.unique(np.linspace(0, examples - 1, again).astype(int))]
        actual = retrained(sess, model, train, test, left_out)
    guessed = predicted[left_out]
    for place in (0, len(left_out) // 2, -1):
        print(f"without example {left_out[place]:3d}: {guessed[place]:+.2e} predicted, {actual[place]:+.2e} trained")
    return report([
        Claim("relative error of H v", error, most=1e-10),
        Claim("correlation with models trained again", np.corrcoef(guessed, actual)[0, 1], least=0.97),
        Claim("slope of the line through both", np.polyfit(guessed, actual, 1)[0], least=1 - slack, most=1 + slack),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
