# %% [markdown]
# # Your first graph
#
# graphgrad turns PyTorch calls into a graph. Nothing is computed while you write it down; a session computes
# what you ask for, later, as often as you like. This tutorial records a few operations, looks at the graph,
# runs parts of it, trains a variable, and reads the program that a run executes.

# %%
import networkx as nx
import numpy as np
import torch

import graphgrad as gg

# %% [markdown]
# ## Record
#
# A placeholder stands for a tensor that every run is fed. It is a `torch.Tensor` without numbers, so torch's
# own functions, methods and modules take it, and each call becomes an operation of the graph. Shapes and
# dtypes are known at once. A size of `None` may differ from run to run.

# %%
x = gg.placeholder(gg.float32, [None, 3], name="x")
w = gg.constant([[1.0], [2.0], [3.0]], name="w")
y = torch.tanh(x @ w)
loss = (y**2).mean()
print(y, loss, sep="\n")

assert isinstance(y, torch.Tensor)
assert y.shape.as_list() == [None, 1]
assert loss.dtype is torch.float32

# %% [markdown]
# A call that can't work fails on your own line, before any data exists.

# %%
try:
    w @ w
except ValueError as error:
    print(error)
    assert "matmul" in str(error)
else:
    raise AssertionError("[3, 1] @ [3, 1] must not be recorded")

# %% [markdown]
# ## Look
#
# The graph is a networkx graph: a node per operation, an edge per read. Each operation knows the torch
# callable behind it and the line of yours that recorded it.

# %%
graph = gg.get_default_graph()
for op in graph.get_operations():
    print(op.describe())

assert nx.has_path(graph.nx, "x", loss.op.name)
assert nx.is_directed_acyclic_graph(graph.nx)
assert graph.nx.nodes["x"]["op"] is x.op
assert "torch.tanh" in y.op.where()

# %% [markdown]
# ## Run
#
# A session runs what you fetch, and only that. A fetch is a tensor, or any nest of tensors; a feed is a number,
# a list, an array or a torch tensor. You may feed any tensor, not only placeholders: what is above it is cut off.

# %%
session = gg.Session()
rows = np.ones([2, 3], np.float32)
values = session.run({"y": y, "loss": loss}, feed_dict={x: rows})
print(values)

np.testing.assert_allclose(values["y"], np.tanh(rows @ [[1.0], [2.0], [3.0]]), rtol=1e-6)
assert session.run(loss, {y: [[2.0], [4.0]]}) == 10.0  # x need not be fed: y is

# %% [markdown]
# ## Differentiate
#
# `gradients()` adds the derivatives to the graph. They are tensors like any others: fetch them, compute with
# them, differentiate them again.

# %%
(slope,) = gg.gradients(loss, w)
(curvature,) = gg.gradients(slope, w)
got, bent = session.run([slope, curvature], {x: rows})
print(slope, got.ravel(), bent.ravel())

eager = torch.tensor([[1.0], [2.0], [3.0]], requires_grad=True)
wanted = torch.autograd.grad((torch.tanh(torch.tensor(rows) @ eager) ** 2).mean(), eager)[0]
np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-5)

# %% [markdown]
# ## Keep state
#
# A variable's value lives in the session. An optimizer's `minimize` is an operation that changes it.

# %%
weights = gg.Variable(np.zeros([3, 1], np.float32), name="weights")
target = gg.placeholder(gg.float32, [None, 1], name="target")
error = ((x @ weights - target) ** 2).mean()
step = gg.train.GradientDescentOptimizer(0.1).minimize(error)

random = np.random.default_rng(0)
data = random.normal(size=[64, 3]).astype(np.float32)
truth = data @ np.array([[1.0], [-2.0], [0.5]], np.float32)
session.run(gg.global_variables_initializer())
for _ in range(200):
    session.run(step, {x: data, target: truth})
learned = session.run(weights).ravel()
print(learned)

np.testing.assert_allclose(learned, [1.0, -2.0, 0.5], atol=1e-3)

# %% [markdown]
# ## Read the program
#
# What a run executes is ordinary PyTorch, a line per operation, and you can read it.

# %%
program = session.source(step, [x, target])
print(program)

assert "torch.autograd.grad(" in program
session.close()
