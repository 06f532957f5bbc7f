# %% [markdown]
# # Record your own PyTorch model
#
# A model that was written for eager PyTorch is recorded by calling it with a symbolic tensor. Nothing in it has to
# change. This tutorial records a small residual network with batch normalisation, asks what its loss owes to an
# activation along each path, cuts it with `detach` and `no_grad`, changes a tensor in place, and trains it, with
# eager PyTorch beside it as the judge.

# %%
import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import graphgrad as gg

torch.manual_seed(0)

# %% [markdown]
# ## A model in plain PyTorch
#
# It knows nothing of graphgrad. It even does what recorders dislike: an operation in place, and a layer whose
# statistics change whenever it is called.


# %%
class Block(nn.Module):
    """Adds to its input what a branch makes of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.linear = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch = F.relu(self.linear(self.norm(x)), inplace=True)
        return x + branch


class Net(nn.Module):
    """A stem, a residual block and a head: rows of 4 numbers in, scores of 3 classes out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 8)
        self.block = Block(8)
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.block(torch.tanh(self.stem(x))))


net = Net()
eager = copy.deepcopy(net)  # the judge

# %% [markdown]
# ## Record it
#
# The number of rows is `None`: each run may have another one. Operations are named after the modules that
# recorded them.

# %%
x = gg.placeholder(gg.float32, [None, 4], name="x")
target = gg.placeholder(gg.int64, [None], name="target")
scores = net(x)
loss = F.cross_entropy(scores, target)
print(scores, loss, sep="\n")

assert isinstance(scores, gg.Tensor) and scores.shape.as_list() == [None, 3]
assert scores.name == "net/head/linear:0"

# %% [markdown]
# Its parameters became variables of the graph, once each, and keep their names. They need no initializer: a session
# starts with a copy of what the module holds.

# %%
for variable in gg.trainable_variables():
    print(variable)

names = [name.replace(".", "/") for name, _ in net.named_parameters()]
assert {variable.op.name for variable in gg.trainable_variables()} == {f"net/{name}" for name in names}

random = np.random.default_rng(0)
rows = random.normal(size=[16, 4]).astype(np.float32)
classes = random.integers(0, 3, size=[16])
feed = {x: rows, target: classes}

with gg.Session() as other:
    np.testing.assert_allclose(
        other.run(loss, feed),
        F.cross_entropy(copy.deepcopy(net)(torch.tensor(rows)), torch.tensor(classes)).item(),
        rtol=1e-5,
    )
    assert other.run(scores, {x: rows[:5]}).shape == (5, 3)

# %% [markdown]
# ## Gradients of parameters
#
# `gradients()` takes the `nn.Parameter` itself where it takes a tensor.

# %%
parameters = list(net.parameters())
slopes = gg.gradients(loss, parameters)

session = gg.Session()
found = session.run(slopes, feed)
wanted = torch.autograd.grad(
    F.cross_entropy(eager(torch.tensor(rows)), torch.tensor(classes)), list(eager.parameters())
)
for have, want in zip(found, wanted, strict=True):
    np.testing.assert_allclose(have, want.numpy(), rtol=1e-4, atol=1e-6)

# %% [markdown]
# ## What does the loss owe to an activation?
#
# `hidden` is what enters the block, `branch` what the block adds to it. Every tensor of the graph can be found by its
# name, so an activation needs no hook and no change of the model.

# %%
graph = gg.get_default_graph()
hidden = graph.get_tensor_by_name("net/tanh:0")
branch = graph.get_tensor_by_name("net/block/relu:0")
for op in graph.get_operations():
    if op.name.startswith("net/block/") and op.type in ("Linear", "Relu", "Add"):
        print(op.describe())

# %% [markdown]
# The total derivative with respect to `hidden` lets a change travel along both paths: over the skip connection and
# through the branch. With the branch as a stop, it is held constant, and what remains is the part that `hidden` has by
# itself, over the skip connection. The branch, a stop that is also an x, receives its own.

# %%
(total,) = gg.gradients(loss, hidden)
over_skip, to_branch = gg.gradients(loss, [hidden, branch], stop_gradients=[branch])
(through_branch,) = gg.gradients(branch, hidden, grad_ys=to_branch)

parts = session.run([total, over_skip, through_branch], feed)
print(*(f"{name:15} {np.linalg.norm(part):.4f}" for name, part in zip(["total", "skip", "branch"], parts, strict=True)))
np.testing.assert_allclose(parts[0], parts[1] + parts[2], rtol=1e-4, atol=1e-7)

# %% [markdown]
# Eager PyTorch needs a forward pass of its own for each such question, with the cut written into it.


# %%
def eager_partial() -> torch.Tensor:
    """The loss's derivative over the skip connection alone."""
    model = copy.deepcopy(net)
    entering = torch.tanh(model.stem(torch.tensor(rows))).detach().requires_grad_()
    added = F.relu(model.block.linear(model.block.norm(entering))).detach()  # the cut
    return torch.autograd.grad(
        F.cross_entropy(model.head(entering + added), torch.tensor(classes)),
        entering,
    )[0]


np.testing.assert_allclose(parts[1], eager_partial().numpy(), rtol=1e-4, atol=1e-7)

# %% [markdown]
# In a graph the questions share one forward pass: the program has one `tanh` and one normalisation, however many
# gradients it takes.

# %%
program = session.source([total, over_skip, through_branch], feed)
print(program)

assert program.count("torch.tanh(") == 1
assert program.count("= batch_norm_training(") == 1
assert program.count("torch.autograd.grad(") == 3

# %% [markdown]
# The same question for parameters: with the branch held constant, the stem still learns over the skip connection, but
# the branch's own layer gets `None`.

# %%
stem_alone, branch_layer = gg.gradients(loss, [net.stem.weight, net.block.linear.weight], stop_gradients=[branch])
assert stem_alone is not None
assert branch_layer is None

# %% [markdown]
# ## Cuts that the model makes itself
#
# `detach` and `torch.no_grad` are recorded as the cuts that they are in eager PyTorch, and `gg.explain` tells which of
# them, on which line, took a gradient away.

# %%
frozen = net.head(hidden.detach()).sum()
with torch.no_grad():
    features = torch.tanh(hidden)
guided = net.head(features).sum()

assert gg.gradients([frozen, guided], net.stem.weight) == [None]
assert gg.gradients(frozen, net.head.weight) != [None]

for ys, kind in [(frozen, "stop_gradient"), (guided, "no_grad")]:
    (verdict,) = gg.explain(ys, net.stem.weight)
    print(verdict, end="\n\n")
    assert [each.kind for each in verdict.breaks] == [kind]

# %% [markdown]
# A count of right answers has no derivative at all: `argmax` gives integers, and integers are constants.

# %%
right = (scores.argmax(1) == target).float().mean()
print(gg.explain(right, net.head.weight))

assert gg.gradients(right, net.head.weight) == [None]
assert gg.explain(right, net.head.weight)[0].breaks[0].kind == "integer"

# %% [markdown]
# ## In place, and through a view
#
# A graph has no memory to change. An operation in place is recorded as a new tensor, and the Python object stands for
# it from there on; so do its views, and the tensor that it is a view of. What was recorded before keeps the old
# numbers.

# %%
masked = hidden * 1.0
first, second = masked.chunk(2, dim=1)
before = masked.sum()
first.zero_()  # writes into masked
masked[:, -1] += 5.0  # writes into second

left, right_half, old, new = session.run([first, second, before, masked], feed)
assert not left.any() and not new[:, :4].any()
np.testing.assert_array_equal(right_half, new[:, 4:])
values = session.run(hidden, feed)
np.testing.assert_allclose(new[:, -1], values[:, -1] + 5.0)
np.testing.assert_allclose(old, values.sum(), rtol=1e-4)

# %% [markdown]
# Gradients know what was overwritten: the zeroed half owes nothing to `hidden`.

# %%
(slope,) = session.run(gg.gradients(masked, hidden), feed)
assert (slope[:, :4] == 0).all() and (slope[:, 4:] == 1).all()

# %% [markdown]
# ## State that runs update
#
# In training mode, batch normalisation changes its running statistics. They are state of the session, as the parameters
# are: a run that computes the layer's output updates them once, whatever else it fetches, and any other run leaves
# them alone. The module itself does not change.

# %%
with gg.Session() as fresh:
    fresh.run([loss, slopes, right], feed)
    fresh.run(hidden, feed)  # does not reach the normalisation
    counted = fresh.state_dict(net)["block.norm.num_batches_tracked"]
    print("batches seen by the session", counted.item(), "by the module", net.block.norm.num_batches_tracked.item())

assert counted == 1
assert net.block.norm.num_batches_tracked == 0

# %% [markdown]
# Evaluation mode is another call of the same module. Both calls read the same parameters and statistics.

# %%
judged = net.eval()(x)
net.train()
assert len(gg.trainable_variables()) == len(parameters)

# %% [markdown]
# ## Train it
#
# `minimize` is an operation: each run of it makes one step. A new session starts from the module as it was, and so does
# a copy of it that is trained in eager PyTorch. Each batch has another size.

# %%
session.close()
session = gg.Session()
step = gg.train.GradientDescentOptimizer(0.5).minimize(loss)

eager = copy.deepcopy(net)
optimizer = torch.optim.SGD(eager.parameters(), lr=0.5)
losses = []
for count in range(40):
    batch = random.normal(size=[8 + count, 4]).astype(np.float32)
    label = (batch[:, 0] > 0).astype(np.int64) + (batch[:, 1] > 0)
    value, _ = session.run([loss, step], {x: batch, target: label})
    losses.append(value)
    optimizer.zero_grad()
    wanted = F.cross_entropy(eager(torch.tensor(batch)), torch.tensor(label))
    wanted.backward()
    optimizer.step()
    np.testing.assert_allclose(value, wanted.item(), rtol=1e-3)
print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f}")

assert losses[-1] < 0.5 * losses[0]
learned = session.state_dict(net)
for name, want in eager.state_dict().items():
    torch.testing.assert_close(learned[name], want, rtol=1e-3, atol=1e-4)

# %% [markdown]
# ## Take it home
#
# `session.state_dict` gives the values of this session under the module's own names, statistics included.
# `load_state_dict` goes the other way, into any session.

# %%
net.load_state_dict(learned)
np.testing.assert_allclose(
    session.run(judged, {x: rows}), net.eval()(torch.tensor(rows)).detach().numpy(), rtol=1e-4, atol=1e-5
)

with gg.Session() as second_session:
    second_session.load_state_dict(net, {name: torch.zeros_like(value) for name, value in learned.items()})
    assert not second_session.run(judged, {x: rows}).any()
session.close()
