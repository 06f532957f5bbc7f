"""A physics-informed network for Burgers' equation, trained by L-BFGS, beside the exact solution.

    u_t + u u_x = (0.01 / pi) u_xx   on -1 < x < 1, 0 < t < 1,   u(0, x) = -sin(pi x),   u(t, -1) = u(t, 1) = 0

The network gives u(t, x). Its partial derivatives are `tf.gradients`, once for u_t and u_x and twice for u_xx, and the
loss asks that the equation holds at points inside (Raissi, Perdikaris, Karniadakis, "Physics-informed neural networks",
2019). The values on the edge are not asked for but built in: u = -sin(pi x) + t (1 - x^2) network(t, x), as Lagaris,
Likas and Fotiadis did in 1998. A shock forms at x = 0, thinner than the distance of the points; so each round of L-BFGS
takes new ones, more of them where the equation is violated.

`--quick` has five times the viscosity, so that the shock is thicker and a short training finds it.

The reference is the transform of Cole and Hopf, which makes a heat equation of it: u is a quotient of two integrals.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from claims import Claim, report

import graphgrad as tf

NODES = 120
LAYERS = (2, 20, 20, 20, 1)
BATCH = 500  # points of a step of Adam


@dataclass(frozen=True)
class Budget:
    """The viscosity, steps of Adam, rounds of L-BFGS, its points and its evaluations in a round, and the claim."""

    viscosity: float
    adam: int
    rounds: int
    points: int
    evaluations: int
    error: float


FULL = Budget(viscosity=0.01 / np.pi, adam=1500, rounds=5, points=2500, evaluations=500, error=3e-2)
QUICK = Budget(viscosity=0.05 / np.pi, adam=300, rounds=2, points=800, evaluations=250, error=5e-2)


def exact(t, x, viscosity):
    """The solution at t > 0, by Gauss-Hermite quadrature; t and x are arrays of one shape."""
    z, weight = np.polynomial.hermite.hermgauss(NODES)
    y = x[..., None] - 2 * np.sqrt(viscosity * t)[..., None] * z
    heat = weight * np.exp(-np.cos(np.pi * y) / (2 * np.pi * viscosity))
    return -(np.sin(np.pi * y) * heat).sum(axis=-1) / heat.sum(axis=-1)


class PhysicsInformedNN:
    """The network, the equation and the loss."""

    def __init__(self, viscosity):
        self.viscosity = viscosity
        pairs = list(zip(LAYERS[:-1], LAYERS[1:], strict=True))
        self.weights = [tf.Variable(self.xavier(*pair)) for pair in pairs]
        self.biases = [tf.Variable(tf.zeros([1, size], dtype=tf.float64)) for _, size in pairs]
        self.t = tf.placeholder(tf.float64, [None, 1], name="t")
        self.x = tf.placeholder(tf.float64, [None, 1], name="x")
        self.u = -tf.sin(np.pi * self.x) + self.t * (1.0 - tf.square(self.x)) * self.network(self.t, self.x)
        self.f = self.residual(self.u)
        self.loss = tf.reduce_mean(tf.square(self.f))

    @staticmethod
    def xavier(rows, columns):
        return tf.truncated_normal([rows, columns], stddev=np.sqrt(2 / (rows + columns)), dtype=tf.float64)

    def network(self, t, x):
        h = tf.concat([2.0 * t - 1.0, x], axis=1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = tf.tanh(tf.matmul(h, weight) + bias)
        return tf.matmul(h, self.weights[-1]) + self.biases[-1]

    def residual(self, u):
        """What is left of the equation: 0 where u solves it."""
        u_t, u_x = tf.gradients(u, [self.t, self.x])
        u_xx = tf.gradients(u_x, self.x)[0]
        return u_t + u * u_x - self.viscosity * u_xx

    def at(self, points):
        """The feeds of points, one a row."""
        return {self.t: points[:, :1], self.x: points[:, 1:]}


def scattered(rng, count):
    """Points anywhere, one a row: the columns are t and x."""
    return rng.uniform([0.0, -1.0], [1.0, 1.0], size=(count, 2))


def where_it_is_wrong(sess, model, rng, count):
    """Points drawn with a probability that grows with the residual there."""
    candidates = scattered(rng, 20 * count)
    wrong = np.abs(sess.run(model.f, model.at(candidates)))[:, 0]
    chance = wrong / wrong.mean() + 1.0
    return candidates[rng.choice(len(candidates), size=count, replace=False, p=chance / chance.sum())]


def relative_error(sess, model):
    """Of u on a fine grid, in the L2 norm."""
    t, x = np.meshgrid(np.linspace(0.02, 1, 50), np.linspace(-1, 1, 256), indexing="ij")
    found = sess.run(model.u, model.at(np.stack([t.ravel(), x.ravel()], axis=1))).reshape(t.shape)
    wanted = exact(t, x, model.viscosity)
    return np.linalg.norm(found - wanted) / np.linalg.norm(wanted)


def train(sess, model, budget, rng):
    """Adam finds the valley, L-BFGS its floor."""
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(5e-3, step, budget.adam, 0.1)
    adam = tf.train.AdamOptimizer(rate).minimize(model.loss, global_step=step)
    options = {"maxiter": budget.evaluations, "maxfun": budget.evaluations, "maxcor": 100, "ftol": 0.0, "gtol": 1e-10}
    lbfgs = tf.contrib.opt.ScipyOptimizerInterface(model.loss, method="L-BFGS-B", options=options)

    sess.run(tf.global_variables_initializer())
    for _ in range(budget.adam):
        sess.run(adam, model.at(scattered(rng, BATCH)))
    print(f"Adam: relative error {relative_error(sess, model):.1e}")
    for number in range(budget.rounds):
        losses = []
        points = where_it_is_wrong(sess, model, rng, budget.points)
        lbfgs.minimize(sess, model.at(points), fetches=[model.loss], loss_callback=losses.append)
        print(f"L-BFGS, round {number + 1}: {len(losses)} evaluations, loss {losses[0]:.1e} -> {losses[-1]:.1e}, "
              f"relative error {relative_error(sess, model):.1e}")  # fmt: skip


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a shorter training, with a wider bound")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    budget = QUICK if given.quick else FULL

    tf.set_random_seed(given.seed)
    model = PhysicsInformedNN(budget.viscosity)
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as sess:
        train(sess, model, budget, np.random.default_rng(given.seed))
        error = relative_error(sess, model)
    return report([Claim("relative L2 error of u against Cole-Hopf", error, most=budget.error)])


if __name__ == "__main__":
    sys.exit(main())
