# %% [markdown]
# # A physics-informed network in TF1 style
#
# A physics-informed network is a network whose loss is a differential equation. TensorFlow 1 was where many of them
# were written, because a graph makes partial derivatives easy to say: `tf.gradients(u, x)` is another tensor, to be
# differentiated again. This tutorial solves Burgers' equation that way,
#
# ```text
# u_t + u u_x = viscosity u_xx    for -1 < x < 1 and 0 < t < 1
# u(0, x) = -sin(pi x),           u(t, -1) = u(t, 1) = 0
# ```
#
# and compares the answer with the exact one. The viscosity here is 0.1 / pi, ten times that of the paper of
# Raissi, Perdikaris and Karniadakis, so that it learns in seconds; `examples/burgers_pinn.py` has the paper's, with its
# shock. L-BFGS is scipy's: the extra `scipy`.

# %%
import re
import tempfile
from pathlib import Path

import numpy as np

import graphgrad as tf

tf.set_random_seed(0)
rng = np.random.default_rng(0)
viscosity = 0.1 / np.pi

# %% [markdown]
# ## Placeholders and a network
#
# A placeholder stands for numbers that a run is fed: here the points, as two columns, of which there may be any number.
# t and x are placeholders of their own, and not two columns of one, so that each can be differentiated by.

# %%
t = tf.placeholder(tf.float64, [None, 1], name="t")
x = tf.placeholder(tf.float64, [None, 1], name="x")

sizes = [2, 16, 16, 1]
weights, biases = [], []
for rows, columns in zip(sizes[:-1], sizes[1:], strict=True):
    start = tf.truncated_normal([rows, columns], stddev=np.sqrt(2 / (rows + columns)), dtype=tf.float64)
    weights.append(tf.Variable(start, name="weight"))
    biases.append(tf.Variable(tf.zeros([1, columns], dtype=tf.float64), name="bias"))


def network(t, x):
    h = tf.concat([2.0 * t - 1.0, x], axis=1)
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        h = tf.tanh(tf.matmul(h, weight) + bias)
    return tf.matmul(h, weights[-1]) + biases[-1]


u = network(t, x)

# %% [markdown]
# ## Partial derivatives
#
# `tf.gradients` sums over the rows of u. A row of u depends on the same row of t and x alone, so the sum has one
# summand, and row i of the gradient is the derivative at point i. Nothing is computed yet: `u_xx` is a tensor of the
# graph, and which derivatives exist is already known.

# %%
u_t, u_x = tf.gradients(u, [t, x])
u_xx = tf.gradients(u_x, x)[0]
residual = u_t + u * u_x - viscosity * u_xx

print(u_xx)
assert u_xx.shape.as_list() == [None, 1]
assert tf.gradients(x * x, t) == [None]  # no x depends on t: the derivative is partial

# %% [markdown]
# Are they right? Finite differences say so.

# %%
sess = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1))
sess.run(tf.global_variables_initializer())

points = rng.uniform([0, -1], [1, 1], size=(5, 2))
step = 1e-4


def at(points):
    return {t: points[:, :1], x: points[:, 1:]}


middle, left, right = (sess.run(u, at(points + [0, each])) for each in (0, -step, step))
found = sess.run([u_x, u_xx], at(points))
np.testing.assert_allclose(found[0], (right - left) / (2 * step), rtol=1e-5, atol=1e-7)
np.testing.assert_allclose(found[1], (right - 2 * middle + left) / step**2, rtol=1e-4, atol=1e-5)

# %% [markdown]
# A graph can be asked what it will do. The program of a run that fetches the residual calls torch's autograd twice:
# once for `u_t` and `u_x` together, once for `u_xx`. The network itself is there once.

# %%
program = sess.source(residual, [t, x])
print(program[:600])
assert len(re.findall(r"torch\.autograd\.grad\(", program)) == 2
assert len(re.findall(r"torch\.tanh\(", program)) == 2  # one for each hidden layer

# %% [markdown]
# ## The loss
#
# Inside, the residual shall be 0. On the edge, u shall be what is given. The points of the edge are fed through
# placeholders of their own, and the same weights make a second network of them.

# %%
edge_t = tf.placeholder(tf.float64, [None, 1], name="edge_t")
edge_x = tf.placeholder(tf.float64, [None, 1], name="edge_x")
edge_u = tf.placeholder(tf.float64, [None, 1], name="edge_u")

on_the_edge = tf.reduce_mean(tf.square(network(edge_t, edge_x) - edge_u))
loss = tf.reduce_mean(tf.square(residual)) + 10.0 * on_the_edge

n = 40
edge = np.concatenate([
    np.stack([np.zeros(n), np.linspace(-1, 1, n)], axis=1),  # t = 0
    np.stack([np.linspace(0, 1, n), np.full(n, -1.0)], axis=1),
    np.stack([np.linspace(0, 1, n), np.full(n, 1.0)], axis=1),
])  # fmt: skip
given = np.where(edge[:, :1] == 0, -np.sin(np.pi * edge[:, 1:]), 0.0)
inside = rng.uniform([0, -1], [1, 1], size=(600, 2))
feed = {**at(inside), edge_t: edge[:, :1], edge_x: edge[:, 1:], edge_u: given}

# %% [markdown]
# Every weight has to be reached by both parts. If one were not, its gradient would be `None`, and that is known before
# anything runs. The last bias is in no derivative of u, and yet the residual depends on it: by the factor u of `u u_x`.

# %%
for part in (residual, on_the_edge):
    assert all(each.connected for each in tf.explain(part, weights))
print(tf.explain(residual, biases[-1]))
assert tf.gradients([u_t, u_x, u_xx], biases[-1]) == [None]

# %% [markdown]
# ## L-BFGS
#
# `ScipyOptimizerInterface` gives scipy's L-BFGS-B the loss and its gradient as functions of all the weights in one
# vector. `loss_callback` is called after each evaluation with the values of `fetches`. The session's variables are set
# at the end.

# %%
lbfgs = tf.contrib.opt.ScipyOptimizerInterface(
    loss, method="L-BFGS-B", options={"maxiter": 800, "maxfun": 800, "maxcor": 50, "ftol": 0.0, "gtol": 1e-8}
)
losses = []
lbfgs.minimize(sess, feed, fetches=[loss], loss_callback=losses.append)
print(f"{len(losses)} evaluations: loss {losses[0]:.2e} -> {losses[-1]:.2e}")
assert sess.run(loss, feed) < 1e-3 * losses[0]

# %% [markdown]
# ## Beside the exact solution
#
# The transform of Cole and Hopf makes a heat equation of Burgers', so that u is a quotient of two Gaussian integrals,
# which Gauss-Hermite quadrature computes to many digits.

# %%
z, quadrature = np.polynomial.hermite.hermgauss(80)


def exact(t, x):
    y = x[..., None] - 2 * np.sqrt(viscosity * t)[..., None] * z
    heat = quadrature * np.exp(-np.cos(np.pi * y) / (2 * np.pi * viscosity))
    return -(np.sin(np.pi * y) * heat).sum(axis=-1) / heat.sum(axis=-1)


grid_t, grid_x = np.meshgrid(np.linspace(0.01, 1, 60), np.linspace(-1, 1, 101), indexing="ij")
wanted = exact(grid_t, grid_x)
found = sess.run(u, {t: grid_t.reshape(-1, 1), x: grid_x.reshape(-1, 1)}).reshape(grid_t.shape)
error = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
print(f"relative error in the L2 norm: {error:.1e}")
assert error < 5e-2

# %% [markdown]
# ## Pictures
#
# The wave steepens as it goes: the slope at x = 0 grows until the viscosity holds it. It is a derivative that the graph
# has already.

# %%
import matplotlib.pyplot as plt

now = np.linspace(-1, 1, 101)[:, None]
figure, (shape, slope) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
steepest = []
for time in (0.0, 0.25, 0.5, 1.0):
    there = {t: np.full_like(now, time), x: now}
    shape.plot(now, sess.run(u, there), label=f"t = {time}")
    steepest.append(sess.run(u_x, there).min())
    slope.plot(now, sess.run(u_x, there))
    if time:
        shape.plot(now[::5], exact(np.full_like(now[::5], time), now[::5]), "k.", markersize=3)
shape.set(xlabel="x", ylabel="u", title="the network, and the exact solution (dots)")
slope.set(xlabel="x", ylabel="u_x", title="its derivative, from the same graph")
shape.legend()
assert steepest[1] < steepest[0] < 0

# %% [markdown]
# The graph of the residual, too, can be drawn: forward down on the left, the first derivatives up, and `u_xx` in the
# lanes to their right. `gg.plot` needs no matplotlib for that.

# %%
folder = tempfile.TemporaryDirectory()
picture = tf.plot(u_x, x)
picture.save(Path(folder.name) / "u_xx.svg")
print(picture)
assert {node["lane"] for node in picture.graph.nodes.values()} == {0, 1, 2, 3}

# %%
plt.close(figure)
sess.close()
folder.cleanup()
