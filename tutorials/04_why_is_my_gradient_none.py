# %% [markdown]
# # Why is my gradient None?
#
# `gradients()` answers `None` for an x if no y depends on it. That is read off the graph, before any number exists,
# and `gg.explain` says where the dependence ends and on which line of yours. This tutorial goes through the causes, one
# by one: a small model that has it, what `explain` says, and a way out with the gradient that then arrives.
#
# | it says | you wrote | way out |
# |---|---|---|
# | integer tensors are constants | `argmax`, a cast to integers | a loss on the scores |
# | nothing flows through this operation | `round`, `floor`, `ceil` | a straight-through estimate |
# | it is detached | `detach()`, `.data` | the tensor before it |
# | it was recorded under torch.no_grad() | `with torch.no_grad():` | freeze by not asking |
# | it is the output of stop_gradient | `gg.stop_gradient(...)` | the tensor before it |
# | it is in stop_gradients | `stop_gradients=[...]` | a second call |
# | torch has no gradient for ... | `torch.special.zeta`, for one | another formula |
# | the derivative ... is constant in it | a second derivative of something linear | zeros |
# | it is computed from the ys | x and y the wrong way round | swap them |
# | no operation leads from it to the ys | another tensor with the same numbers | the tensor that was used |

# %%
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import graphgrad as gg

torch.manual_seed(0)
session = gg.Session()


def kinds(ys: Any, x: Any, stops: Any = None) -> list[str]:
    """The kinds of break between one x and the ys."""
    return [each.kind for each in gg.explain(ys, x, stops)[0].breaks]


# %% [markdown]
# ## Integers
#
# A classifier, and how often it is right. You may want to maximise that, but `argmax` gives integers, and integers are
# constants: a small change of the weights changes none of them.


# %%
class Encoder(nn.Linear):
    """A layer of its own class: operations and parameters are named after it."""


class Head(nn.Linear):
    """The same for the layer that gives scores."""


x = gg.placeholder(gg.float32, [None, 4], name="x")
labels = gg.placeholder(gg.int64, [None], name="labels")
encoder, head = Encoder(4, 8), Head(8, 3)
hidden = torch.tanh(encoder(x))
scores = head(hidden)
right = (scores.argmax(1) == labels).float().mean()

assert gg.gradients(right, head.weight) == [None]
answer = gg.explain(right, head.weight)
print(answer)

# %% [markdown]
# The answer names the tensor, the line and what to try. `nearest` is where the trail begins again: what the ys still
# depend on, as near to x as there is. A tree shows the whole way, from y at the top down to x.

# %%
print(answer.tree())
assert kinds(right, head.weight) == ["integer"]
assert answer[0].breaks[0].op.type == "ArgMax"

# %% [markdown]
# The way out is a loss on the scores themselves. Here and below, eager PyTorch or a formula says whether the numbers
# are right.

# %%
loss = F.cross_entropy(scores, labels)
(slope,) = gg.gradients(loss, head.weight)

rows, classes = torch.randn(6, 4), torch.tensor([0, 2, 1, 1, 0, 2])
feed = {x: rows, labels: classes}


def eager_hidden() -> torch.Tensor:
    """The activations in eager PyTorch."""
    return torch.tanh(encoder(rows))


(wanted,) = torch.autograd.grad(F.cross_entropy(head(eager_hidden()), classes), head.weight)
np.testing.assert_allclose(session.run(slope, feed), wanted, rtol=1e-4, atol=1e-6)

# %% [markdown]
# An x may be the integer. There is no gradient for word numbers; there is one for the vectors that they look up.

# %%
words = gg.placeholder(gg.int64, [None], name="words")
vectors = nn.Embedding(10, 4)(words)
mood = torch.tanh(vectors).sum()
print(gg.explain(mood, words))
assert kinds(mood, words) == ["integer"]

found, value = session.run([gg.gradients(mood, vectors)[0], vectors], {words: [3, 1, 3]})
np.testing.assert_allclose(found, 1 - np.tanh(value) ** 2, rtol=1e-4, atol=1e-6)

# %% [markdown]
# ## Steps: round, floor, sign
#
# These give floating numbers, but they are flat wherever they have a derivative. Eager PyTorch returns zeros for
# `round`, and a model that doesn't learn; graphgrad says `None`. Here activations are rounded to quarters.

# %%
rounded = torch.round(hidden * 4) / 4
print(gg.explain(rounded.sum(), x))

for flat in (torch.floor, torch.ceil, torch.trunc):
    assert gg.gradients(flat(hidden), x) == [None] and kinds(flat(hidden), x) == ["no derivative"]
assert gg.gradients(rounded.sum(), x) == [None] and kinds(rounded.sum(), x) == ["no derivative"]

# %% [markdown]
# `sign` counts as connected: torch has a gradient for it, and it is zero everywhere. `explain` tells what depends on
# what, not how much. If it finds nothing and the numbers are zero, look for a `sign` or for a `relu` that is never on.

# %%
signs = torch.sign(hidden)
print(gg.explain(signs, x))
assert gg.explain(signs, x)[0].connected
assert not session.run(gg.gradients(signs, x)[0], {x: rows}).any()

# %% [markdown]
# The usual way out is the straight-through estimate: the value of the rounded tensor, the gradient of the one before.

# %%
through = hidden + (rounded - hidden).detach()
steps, smooth = gg.gradients(head(through)[:, 0], hidden)[0], gg.gradients(head(hidden)[:, 0], hidden)[0]

same, value, found, wanted = session.run([rounded, through, steps, smooth], feed)
np.testing.assert_allclose(value, same, atol=1e-6)
np.testing.assert_allclose(found, wanted, rtol=1e-6)
assert found.any()

# %% [markdown]
# ## detach
#
# A `detach()` that remained from the days when the encoder was not trained. `.data` does the same.

# %%
features = hidden.detach()
probe = F.cross_entropy(head(features), labels)
answer = gg.explain(probe, encoder.weight)
print(answer)
assert gg.gradients(probe, encoder.weight) == [None]
assert kinds(probe, encoder.weight) == kinds(hidden.data.sum(), encoder.weight) == ["stop_gradient"]

# %% [markdown]
# What went into the cut is an input of its operation, so you can go on from there without looking for the variable.

# %%
(before,) = answer[0].breaks[0].op.inputs
assert before is hidden

mended = F.cross_entropy(head(before), labels)
(wanted,) = torch.autograd.grad(F.cross_entropy(head(eager_hidden()), classes), encoder.weight)
np.testing.assert_allclose(session.run(gg.gradients(mended, encoder.weight)[0], feed), wanted, rtol=1e-4, atol=1e-6)

# %% [markdown]
# ## torch.no_grad around part of a forward
#
# A frozen judge scores a picture that shall be changed to please it. Someone put the judge under `no_grad`, so that it
# is not trained; now nothing passes through it to the picture either.

# %%
picture = gg.Variable(torch.randn(1, 4), name="picture")
judge = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
with torch.no_grad():
    liking = judge(picture)
print(gg.explain(liking, picture))
assert gg.gradients(liking, picture) == [None] and kinds(liking, picture) == ["no_grad"]

# %% [markdown]
# In a graph, freezing needs no block: what you don't ask the gradient of, or leave out of `var_list`, stays as it is.

# %%
pleased = judge(picture).sum()
(towards,) = gg.gradients(pleased, picture)
session.run(gg.global_variables_initializer())
start, found = session.run([picture, towards])

eager = torch.tensor(start, requires_grad=True)
(wanted,) = torch.autograd.grad(judge(eager).sum(), eager)
np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)

# %% [markdown]
# ## gg.stop_gradient
#
# In temporal-difference learning, the value of the next state is a target: it is held constant on purpose. So the
# next state gets `None`, as it should.

# %%
now = gg.placeholder(gg.float64, [None, 2], name="now")
later = gg.placeholder(gg.float64, [None, 2], name="later")
worth = gg.constant([0.5, -1.0], dtype=gg.float64, name="worth")
surprise = 1.0 + 0.9 * gg.stop_gradient(later @ worth, name="target") - now @ worth
cost = (surprise**2).mean()

print(gg.explain(cost, later))
assert gg.gradients(cost, later) == [None] and kinds(cost, later) == ["stop_gradient"]

# %% [markdown]
# ### One of two paths
#
# The weights reach the cost on two ways, and one is cut. Their gradient is not `None`, but it is not the derivative of
# the cost as it is written either. `explain` mentions such cuts: they are worth a look when a gradient has the wrong
# numbers.

# %%
answer = gg.explain(cost, worth)
print(answer, answer.tree(), sep="\n\n")

assert answer[0].connected and answer[0].symbol == "◐"
assert kinds(cost, worth) == ["stop_gradient"]

# %% [markdown]
# Without the stop, both arrive.

# %%
whole = ((1.0 + 0.9 * (later @ worth) - now @ worth) ** 2).mean()
half_slope, whole_slope, later_slope = [
    gg.gradients(y, v)[0] for y, v in [(cost, worth), (whole, worth), (whole, later)]
]

a, b, w = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [3.0, 1.0]]), np.array([0.5, -1.0])
half, full, reached = session.run([half_slope, whole_slope, later_slope], {now: a, later: b})
delta = (1.0 + 0.9 * b @ w - a @ w)[:, None]
np.testing.assert_allclose(half, (-2 * delta * a).mean(0))
np.testing.assert_allclose(full, (2 * delta * (0.9 * b - a)).mean(0))
np.testing.assert_allclose(reached, 0.9 * delta * w)  # twice delta, over two rows

# %% [markdown]
# ## The argument stop_gradients
#
# It makes constants for one call. With the hidden layer held constant, nothing is left for the encoder below it.

# %%
to_hidden, to_encoder = gg.gradients(loss, [hidden, encoder.weight], stop_gradients=[hidden])
print(gg.explain(loss, encoder.weight, stop_gradients=[hidden]))
assert to_encoder is None and to_hidden is not None
assert kinds(loss, encoder.weight, [hidden]) == ["stop"]

# %% [markdown]
# Leave it out, or go on from the stop with a second call, which takes what arrived there as `grad_ys`.

# %%
pieced = gg.gradients(hidden, encoder.weight, grad_ys=to_hidden)[0]
direct = gg.gradients(loss, encoder.weight)[0]
found, wanted = session.run([pieced, direct], feed)
np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
assert found.any()

# %% [markdown]
# ## No break at all
#
# Sometimes nothing is cut: there is just no way from x to y. The arguments may be the wrong way round.

# %%
print(gg.explain(hidden, loss))
assert gg.gradients(hidden, loss) == [None] and kinds(hidden, loss) == []
assert gg.gradients(loss, hidden) != [None]

# %% [markdown]
# Or x is another tensor with the same numbers. What counts is which tensor was used, not what it holds.


# %%
def standardised(tensor: torch.Tensor) -> torch.Tensor:
    """Rows of mean 0 and variance 1."""
    return F.layer_norm(tensor, [4])


seen = F.softplus(standardised(x)).sum()
print(gg.explain(seen, standardised(x)))
assert kinds(seen, standardised(x)) == []

# %% [markdown]
# Keep the one that was used, or find it in the graph, among what its operation reads.

# %%
inner = seen.op.inputs[0].op.inputs[0]
print(inner.op.describe())
found, value = session.run([gg.gradients(seen, inner)[0], inner], feed)
np.testing.assert_allclose(found, 1 / (1 + np.exp(-value)), rtol=1e-5)

# %% [markdown]
# ## What torch can't differentiate
#
# Word frequencies follow a zeta distribution, whose exponent is fitted by maximum likelihood. The zeta function has a
# derivative, but torch has none for it. `None` would be a lie, so `gradients()` raises a `LookupError` that shows the
# way on which it got there.

# %%
exponent = gg.placeholder(gg.float64, [], name="exponent")
ranks = torch.tensor([1.0, 1.0, 2.0, 1.0, 5.0, 3.0, 1.0, 2.0], dtype=torch.float64)
scale = torch.special.zeta(exponent, 1.0)
misfit = exponent * ranks.log().mean() + torch.log(scale)

try:
    gg.gradients(misfit, exponent)
except LookupError as error:
    print(error)
    assert "<- special_zeta <- exponent" in str(error)
else:
    raise AssertionError("torch has no gradient for zeta")

# %% [markdown]
# `explain` doesn't raise. It says that one way is open and the other is not.

# %%
print(gg.explain(misfit, exponent).tree())
assert kinds(misfit, exponent) == ["not implemented"]

# %% [markdown]
# A way out is to compute it from operations that have derivatives. Here that is a sum of twenty terms and the first
# terms of the Euler-Maclaurin formula for the rest.


# %%
def zeta(s: torch.Tensor, terms: int = 20) -> torch.Tensor:
    """Riemann's zeta function for s > 1."""
    total = (torch.arange(1, terms, dtype=torch.float64) ** -s).sum()
    return total + terms ** (1 - s) / (s - 1) + terms**-s / 2 + s * terms ** (-s - 1) / 12


fitted = exponent * ranks.log().mean() + torch.log(zeta(exponent))
old, new, found = session.run([misfit, fitted, gg.gradients(fitted, exponent)[0]], {exponent: 2.0})
above, below = (session.run(misfit, {exponent: at}) for at in (2.00001, 1.99999))
np.testing.assert_allclose(new, old, rtol=1e-8)
np.testing.assert_allclose(found, (above - below) / 2e-5, rtol=1e-6)

# %% [markdown]
# If you want that way cut, say so, and the open one remains.

# %%
(rest,) = gg.gradients(misfit, exponent, stop_gradients=[scale])
np.testing.assert_allclose(session.run(rest, {exponent: 2.0}), ranks.log().mean())

# %% [markdown]
# ## Breaks in series
#
# When you mend a break and the gradient is still `None`, there was another one behind it. `explain` names all of
# them at once, from x to y. This is a picture on its way through a file of bytes.

# %%
image = gg.placeholder(gg.float32, [None, 4], name="image")
levels = torch.round(torch.sigmoid(image) * 255)
file = levels.to(torch.uint8)
with torch.no_grad():
    opened = file.float() / 255
brightness = encoder(opened).sum()

answer = gg.explain(brightness, image)
print(answer, answer.tree(), sep="\n\n")
assert gg.gradients(brightness, image) == [None]
assert kinds(brightness, image) == ["no derivative", "integer", "no_grad"]

# %% [markdown]
# Mending one shortens the list by one. A single straight-through estimate around the whole detour mends all three.

# %%
with torch.no_grad():
    unrounded = levels / 255
assert kinds(encoder(unrounded).sum(), image) == ["no derivative", "no_grad"]

plain = torch.sigmoid(image)
around = plain + (opened - plain).detach()
gained = encoder(around).sum()
old, new, found = session.run([brightness, gained, gg.gradients(gained, image)[0]], {image: rows})
np.testing.assert_allclose(new, old, rtol=1e-4)

eager = rows.clone().requires_grad_()
(wanted,) = torch.autograd.grad(encoder(torch.sigmoid(eager)).sum(), eager)
np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)

# %% [markdown]
# ## The second derivative of something linear
#
# The slope of a linear critic is its weight, wherever you stand. It doesn't depend on x, so its derivative is `None`.

# %%
critic = nn.Linear(4, 1)
(lean,) = gg.gradients(critic(x), x)
print(gg.explain(lean, x))
assert gg.gradients(lean, x) == [None]
assert kinds(lean, x) == ["no derivative"]

# %% [markdown]
# Nothing is wrong there: the weight still gets the gradient of a penalty on the slope, and with a critic that bends,
# x does too.

# %%
(to_critic,) = gg.gradients((lean**2).sum(), critic.weight)
np.testing.assert_allclose(session.run(to_critic, feed), 2 * len(rows) * critic.weight.detach(), rtol=1e-5)

(lean_of_bent,) = gg.gradients(critic(x) ** 2, x)
(bend,) = gg.gradients(lean_of_bent.sum(), x)
w = critic.weight.detach().numpy()
np.testing.assert_allclose(session.run(bend, feed), np.repeat(2 * w.sum() * w, 6, axis=0), rtol=1e-4)

# %% [markdown]
# ## Zeros, or an error
#
# Where zeros are the right answer, as for the second derivative above, ask for them. They have x's size in each run.

# %%
(flat,) = gg.gradients(lean, x, unconnected_gradients="zero")
zeros = session.run(flat, feed)
assert zeros.shape == (6, 4) and not zeros.any()

# %% [markdown]
# Where a `None` would be a mistake, ask for an error. Its text is the explanation.

# %%
try:
    gg.gradients(probe, [head.weight, encoder.weight], unconnected_gradients="raise")
except gg.errors.UnconnectedError as error:
    print(error)
    assert str(error) == str(gg.explain(probe, encoder.weight))
else:
    raise AssertionError("probe is detached from the encoder")

# %% [markdown]
# ## What an optimizer says
#
# `minimize` leaves out the variables that get no gradient. If that is all of them, it explains each.

# %%
optimizer = gg.train.GradientDescentOptimizer(0.1)
try:
    optimizer.minimize(probe, var_list=[encoder.weight, encoder.bias])
except ValueError as error:
    print(error)
    assert str(error).count("it is detached") == 2
else:
    raise AssertionError("there is nothing to train")

# %% [markdown]
# If it is only some, it is silent: look at its pairs when a layer does not learn.

# %%
pairs = optimizer.compute_gradients(probe, var_list=[encoder.weight, head.weight])
missing = [variable for gradient, variable in pairs if gradient is None]
print(gg.explain(probe, missing))
assert [variable.op.name for variable in missing] == ["encoder/weight"]

step = optimizer.minimize(mended, var_list=[encoder.weight, head.weight])
first = session.run(mended, feed)
for _ in range(20):
    session.run(step, feed)
assert session.run(mended, feed) < first
session.close()
