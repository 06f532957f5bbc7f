# %% [markdown]
# # Total and partial derivatives
#
# When one tensor is computed from another, "the derivative with respect to both" can mean two things. The total
# derivative lets a change travel along every path; the partial derivative holds some tensors constant. In eager
# code you choose while computing. In a graph you choose afterwards, as often as you like.

# %%
import torch

import graphgrad as gg

# %% [markdown]
# ## The smallest example
#
# `b` is made of `a`. A change of `a` by one changes `a + b` by three: by one directly, by two through `b`.

# %%
a = gg.constant(0.0, name="a")
b = 2 * a
total = gg.gradients(a + b, [a, b])
partial = gg.gradients(a + b, [a, b], stop_gradients=[a, b])

session = gg.Session()
print("total", session.run(total), "partial", session.run(partial))
assert session.run(total) == [3.0, 1.0]
assert session.run(partial) == [1.0, 1.0]

# %% [markdown]
# `stop_gradients` are constants *for this call only*. Nothing flows through them, but a stop that is itself
# an x still receives its partial derivative. The graph is untouched, so calls with other stops can follow.

# %% [markdown]
# ## The same choice while building
#
# `gg.stop_gradient` cuts for good. Where both are used, whichever comes first on the way back counts.

# %%
a2 = gg.stop_gradient(gg.constant(0.0))
b2 = gg.stop_gradient(a2 * 2)
cut = gg.gradients(a2 + b2, [a2, b2])
assert session.run(cut) == [1.0, 1.0]

# %% [markdown]
# ## A cost, its weights and a bias that depends on them

# %%
Ws = gg.constant(0.0, name="Ws")
bs = 2 * Ws
cost = Ws + bs
dCost_dW, dCost_db = gg.gradients(cost, [Ws, bs])
assert session.run([dCost_dW, dCost_db]) == [3.0, 1.0]

# %% [markdown]
# ## An inner activation of a network
#
# How much does the loss depend on the hidden layer itself, and how much of the first weight's gradient passes
# through it? With `hidden` as a stop, the first layer gets only what does *not* pass through it: here nothing
# at all, and the answer is `None`, not zero.

# %%
x = gg.placeholder(gg.float32, [None, 4], name="x")
first, second = torch.nn.Linear(4, 8), torch.nn.Linear(8, 1)
hidden = torch.relu(first(x))
loss = (second(hidden) ** 2).mean()

through_hidden = gg.gradients(loss, [hidden, first.weight])
held = gg.gradients(loss, [hidden, first.weight], stop_gradients=[hidden])
print(through_hidden, held)
assert through_hidden[1] is not None
assert held[0] is not None and held[1] is None

# %% [markdown]
# ## Why None?
#
# A gradient is None exactly if no y depends on that x, whatever the numbers. That is decided when you call
# `gradients()`, and `gg.explain` says why.

# %%
answer = gg.explain(loss, first.weight, stop_gradients=[hidden])
print(answer)
assert answer[0].breaks[0].kind == "stop"

rounded = torch.round(hidden) * 2
answer = gg.explain(rounded.sum(), x)
print(answer)
assert not answer[0].connected
assert answer[0].breaks[0].op.type == "Round"

# %% [markdown]
# If zeros are what you need, ask for them.

# %%
(zeros,) = gg.gradients(loss, first.weight, stop_gradients=[hidden], unconnected_gradients="zero")
assert not session.run(zeros).any()

# %% [markdown]
# ## Many cuts, one forward pass
#
# Calls with different stops that are fetched together share one evaluation of the graph. The program shows it:
# each forward operation stands there once, and a stopped tensor carries a gate that is shut in one sweep.

# %%
calls = [gg.gradients(loss, [x, hidden], stop_gradients=stops) for stops in ([], [hidden])]
program = session.source(calls, [x])
print(program)
assert program.count("torch.relu(") == 1
assert program.count("torch.autograd.grad(") == 2
assert program.count("run.gate(") == 1
session.close()
