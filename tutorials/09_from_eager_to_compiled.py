# %% [markdown]
# # From eager to compiled: read the program you run
#
# A run is a Python program, and `session.source` shows it. This tutorial follows one training step up the tiers: as it
# was recorded, then traced into one flat program without autograd, then fused into machine code. At every tier the
# program can be read, the report says what was done and what was not, and the numbers are compared.

# %%
import numpy as np
import torch
import torch.nn.functional as F

import graphgrad as gg

gg.set_random_seed(0)

# %% [markdown]
# ## A training step
#
# Two layers with dropout between them, a loss, and gradient descent.

# %%
x = gg.placeholder(gg.float32, [None, 4], name="x")
labels = gg.placeholder(gg.int64, [None], name="labels")
first = gg.Variable(np.random.default_rng(0).normal(size=(4, 8)), dtype=gg.float32, name="first")
second = gg.Variable(np.random.default_rng(1).normal(size=(8, 3)), dtype=gg.float32, name="second")

hidden = F.dropout(torch.tanh(x @ first), 0.25)
loss = F.cross_entropy(hidden @ second, labels)
step = gg.train.GradientDescentOptimizer(0.1).minimize(loss)

draw = np.random.default_rng(2)
batch = {x: draw.normal(size=(6, 4)), labels: draw.integers(0, 3, 6)}


def course(session, steps=5):
    """The losses of some steps, from the initial values on."""
    session.run(gg.global_variables_initializer())
    return [float(session.run([loss, step], batch)[0]) for _ in range(steps)]


# %% [markdown]
# ## As recorded
#
# Without `compile=`, the program has a line for each operation. Its gradients are one call of `torch.autograd.grad`,
# and every line ends with the line of yours that recorded it.

# %%
plain = gg.Session(compile="")
recorded = course(plain)
text = plain.source([loss, step], batch)
print(text)
assert "torch.autograd.grad" in text and "# " in text  # each line ends with yours

# %% [markdown]
# ## Traced
#
# `compile="trace"` runs that program once on copies of the variables, writes down each kernel that torch reaches,
# forward and backward alike, and runs the list from then on. There is no tape, and no `autograd` in the text: backward
# kernels stand there as `tanh_backward` and its like, and updates are the last lines. What is left between two kernels
# is a line of Python, so this pays most where kernels are small.

# %%
traced = gg.Session(compile="trace")
losses = course(traced)
text = traced.source([loss, step], batch)
print(text)
print(traced.report())
assert "autograd.grad" not in text and "tanh_backward" in text
assert losses == recorded, "the same bits, dropout included"

# %% [markdown]
# ## What can't be traced
#
# An operation that must look at a number to go on stays as it is, between flat stretches, and the report names it and
# its line. Nothing else changes.

# %%
s = gg.placeholder(gg.float32, [], name="s")
branch = gg.cond(s > 0, lambda: s * 2.0, lambda: s * 3.0, name="branch")
assert [float(traced.run(branch, {s: at})) for at in (1.0, -1.0)] == [2.0, -3.0]
last = traced.report()[-1]
print(last.how, "|", last.op.name)
assert last.op is branch.op and "as numbers tell it to" in last.how

# %% [markdown]
# ## Fused
#
# `compile="inductor"` gives the flat program to torch's Inductor, which writes C++ and calls a compiler: seconds at the
# first run of a kind of feeds, and about one when an earlier process has left it in the cache on disk. So here it gets
# a small graph. Where there is no C++ compiler the session runs the trace, and the report says what to install.

# %%
wave = torch.exp(torch.sin(s) * 0.5)
(slope,) = gg.gradients(wave, s)
fused = gg.Session(compile="inductor")
value = float(fused.run(slope, {s: 0.3}))
print(fused.report())
print(fused.source(slope, [s]))
expected = 0.5 * np.cos(0.3) * np.exp(0.5 * np.sin(0.3))
assert abs(value - expected) < 1e-6, "fused kernels may differ in the last bits"

# %% [markdown]
# ## Or let it decide
#
# `compile="auto"` begins as recorded. A run moves up when its calls have taken as long as the next tier is expected to
# take to make; Inductor then works in another process. `GRAPHGRAD_COMPILE=auto` chooses it for a script that you do not
# edit, and `gg.Session(compile="cudagraph")` is for CUDA. The page on tiers has the rules.

# %%
rising = gg.Session(compile="auto")
assert course(rising) == recorded
print(rising.report())
for session in (plain, traced, fused, rising):
    session.close()
