"""A linear recurrent network whose time is a `tf.while_loop`, trained to recover the system that made its data.

    s[t + 1] = A s[t] + B x[t],   y[t] = C s[t + 1]

Gradients through the loop are compared with those of the same network unrolled, for several lengths of one graph, and
with the closed form: the derivative of y[T] by x[t] is C A^(T - t) B. Then Adam learns A, B and C from inputs and
outputs alone. The state of a system may be written in any basis, so that A itself cannot be recovered; its impulse
response C A^k B and the eigenvalues of A can, and they are what is compared.
"""

import argparse
import sys

import numpy as np
from claims import Claim, report

import graphgrad as tf

STATES, INPUTS, OUTPUTS = 3, 2, 2
CONFIG = tf.ConfigProto(intra_op_parallelism_threads=1)

# A slow oscillation and a decay: eigenvalues 0.9 exp(+-0.6 i) and 0.5.
A = np.zeros((3, 3))
A[:2, :2] = 0.9 * np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])
A[2, 2] = 0.5
B = np.array([[1.0, 0.0], [0.0, 0.5], [1.0, -1.0]])
C = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, -0.5]])


def step(system, state, now):
    """The next state and its output."""
    a, b, c = system
    state = tf.matmul(state, a, transpose_b=True) + tf.matmul(now, b, transpose_b=True)
    return state, tf.matmul(state, c, transpose_b=True)


def looped(x, y, system):
    """The mean squared error of all outputs, and the last output; x and y are [time, batch, ...], of any length."""
    length, batch = tf.shape(x)[0], tf.shape(x)[1]

    def advance(t, state, output, squares):
        state, output = step(system, state, x[t])
        return t + 1, state, output, squares + tf.reduce_sum(tf.square(output - y[t]))

    start = [tf.zeros(tf.stack([batch, size]), dtype=tf.float64) for size in (STATES, OUTPUTS)]
    variables = [0, *start, tf.constant(0.0, tf.float64)]
    _, _, last, squares = tf.while_loop(lambda t, *_: t < length, advance, variables)
    return squares / tf.cast(tf.size(y), tf.float64), last


def unrolled(x, y, system, length):
    """The mean squared error without a loop, for one length."""
    state = tf.zeros(tf.stack([tf.shape(x)[1], STATES]), dtype=tf.float64)
    outputs = []
    for t in range(length):
        state, output = step(system, state, x[t])
        outputs.append(output)
    return tf.reduce_mean(tf.square(tf.stack(outputs) - y))


def simulate(x):
    """What the true system answers, by numpy."""
    state, outputs = np.zeros((x.shape[1], STATES)), []
    for now in x:
        state = state @ A.T + now @ B.T
        outputs.append(state @ C.T)
    return np.stack(outputs)


def response(a, b, c, steps=20):
    """The impulse response: C A^k B for k = 0, 1, ..."""
    return np.stack([c @ np.linalg.matrix_power(a, k) @ b for k in range(steps)])


class Network:
    """The recurrent network, its loss, and the gradients through its loop."""

    def __init__(self):
        start = tf.random_normal_initializer(stddev=0.3)
        shapes = {"a": [STATES, STATES], "b": [STATES, INPUTS], "c": [OUTPUTS, STATES]}
        self.system = [tf.get_variable(k, shape, tf.float64, initializer=start) for k, shape in shapes.items()]
        self.x = tf.placeholder(tf.float64, [None, None, INPUTS], name="x")
        self.y = tf.placeholder(tf.float64, [None, None, OUTPUTS], name="y")
        self.loss, self.last = looped(self.x, self.y, self.system)
        self.rate = tf.placeholder(tf.float64, [], name="rate")
        self.train = tf.train.AdamOptimizer(self.rate).minimize(self.loss)

    def difference_from_unrolled(self, sess, rng, length):
        """The largest relative difference of a gradient through the loop from that through the unrolled graph."""
        by_loop = tf.gradients(self.loss, [*self.system, self.x])
        by_hand = tf.gradients(unrolled(self.x, self.y, self.system, length), [*self.system, self.x])
        x = rng.normal(size=(length, 4, INPUTS))
        found, wanted = sess.run([by_loop, by_hand], {self.x: x, self.y: simulate(x)})
        return max(np.abs(f - w).max() / np.abs(w).max() for f, w in zip(found, wanted, strict=True))

    def difference_from_closed_form(self, sess, rng, length):
        """The same for the derivative of the last output by every input."""
        slope = tf.gradients(self.last[0, 1], self.x)[0]
        x = rng.normal(size=(length, 1, INPUTS))
        found, (a, b, c) = sess.run([slope, self.system], {self.x: x, self.y: simulate(x)})
        wanted = response(a, b, c, length)[::-1, 1]
        return np.abs(found[:, 0] - wanted).max() / np.abs(wanted).max()


def learn(sess, network, rng, steps):
    """Train on fresh sequences, of growing length."""
    for step in range(steps):
        x = rng.normal(size=(5 + 15 * step // steps, 16, INPUTS))
        feed = {network.x: x, network.y: simulate(x), network.rate: 0.02 * 0.02 ** (step / steps)}
        loss, _ = sess.run([network.loss, network.train], feed)
        if step % (steps // 5) == 0:
            print(f"step {step}: {len(x)} time steps, loss {loss:.2e}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a shorter training, with a wider bound")
    quick = parser.parse_args(arguments).quick
    steps, bound = (800, 5e-2) if quick else (4000, 1e-4)

    rng = np.random.default_rng(0)
    tf.set_random_seed(0)
    network = Network()
    with tf.Session(config=CONFIG) as sess:
        sess.run(tf.global_variables_initializer())
        unequal = max(network.difference_from_unrolled(sess, rng, length) for length in (2, 7, 20))
        off = network.difference_from_closed_form(sess, rng, 15)
        learn(sess, network, rng, steps)
        a, b, c = sess.run(network.system)
    wanted, found = response(A, B, C), response(a, b, c)
    poles = [np.sort_complex(np.linalg.eigvals(each)) for each in (A, a)]
    print("eigenvalues", *poles[1].round(4), "of", *poles[0].round(4))
    return report([
        Claim("gradients through the loop, beside the unrolled graph", unequal, most=1e-10),
        Claim("d y[T] / d x[t], beside C A^(T - t) B", off, most=1e-10),
        Claim("relative error of the impulse response", np.linalg.norm(found - wanted) / np.linalg.norm(wanted),
              most=bound),
        Claim("largest error of an eigenvalue", np.abs(poles[0] - poles[1]).max(), most=bound),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
