# %% [markdown]
# # Loops and branches
#
# Python's own `if` and `while` decide while a graph is being recorded. What a *run* decides, from numbers that only
# it has, are operations: `gg.cond` and `gg.while_loop`. This tutorial goes through them and asks for gradients
# everywhere: of a branch, of a loop, of second order, of what a loop has written into a `TensorArray`, inside a loop,
# through a recurrent network over time. Every number is checked against mathematics or against eager torch.

# %%
import numpy as np
import torch

import graphgrad as gg

gg.set_random_seed(0)

# %% [markdown]
# ## A branch that the run chooses
#
# Both functions are recorded; a run executes one of them. The gradient goes through the branch that was taken.

# %%
x = gg.placeholder(gg.float64, [], name="x")
y = gg.cond(x > 0, lambda: x**2, lambda: -3 * x)
(slope,) = gg.gradients(y, x)

session = gg.Session()
print("right", session.run([y, slope], {x: 4.0}), "left", session.run([y, slope], {x: -4.0}))
assert session.run([y, slope], {x: 4.0}) == [16.0, 8.0]
assert session.run([y, slope], {x: -4.0}) == [12.0, -3.0]

# %% [markdown]
# ## Zero is not None
#
# Whether a gradient exists is decided before any number is known. `only_right` is read by one branch: its gradient
# is a tensor, and zero in runs that take the other. `p` merely chooses, and `unused` is read by none: both are None.

# %%
p = gg.placeholder(gg.float64, [], name="p")
only_right = gg.placeholder(gg.float64, [], name="only_right")
unused = gg.placeholder(gg.float64, [], name="unused")
z = gg.cond(p > 0, lambda: x * only_right, lambda: x + 1)
found = gg.gradients(z, [only_right, p, unused])
assert found[1] is None and found[2] is None
assert session.run(found[0], {p: 1.0, x: 5.0, only_right: 2.0}) == 5.0
assert session.run(found[0], {p: -1.0, x: 5.0, only_right: 2.0}) == 0.0

# %% [markdown]
# The explanation names what each of them is.

# %%
answer = gg.explain(z, [only_right, p, unused])
print(answer)
assert [each.connected for each in answer] == [True, False, False]

# %% [markdown]
# ## A loop
#
# `while_loop` calls `body` on its own results as long as `cond` holds. Newton's method for a square root: the number
# of rounds depends on the numbers, and the derivative of the result is that of the square root.

# %%
a = gg.placeholder(gg.float64, [], name="a")


def far(count, guess):
    return gg.logical_and(count < 50, gg.abs(guess * guess - a) > 1e-12)


def newton(count, guess):
    return count + 1, (guess + a / guess) / 2


rounds, root = gg.while_loop(far, newton, [0, a])
(first,) = gg.gradients(root, a)
(second,) = gg.gradients(first, a)
for number in (2.0, 9.0, 1000.0):
    count, value, d1, d2 = session.run([rounds, root, first, second], {a: number})
    print(f"sqrt({number}) = {value:.6f} after {count} rounds, derivatives {d1:.6f}, {d2:.8f}")
    np.testing.assert_allclose(value, number**0.5, rtol=1e-9)
    np.testing.assert_allclose(d1, 0.5 * number**-0.5, rtol=1e-6)
    np.testing.assert_allclose(d2, -0.25 * number**-1.5, rtol=1e-4)

# %% [markdown]
# The counter is an integer: no gradient passes it, and none is needed.

# %%
assert gg.gradients(gg.cast(rounds, gg.float64), a) == [None]
print(gg.explain(gg.cast(rounds, gg.float64), a))

# %% [markdown]
# ## What a loop writes
#
# A `TensorArray` holds tensors by number. Writing gives a new array, so it is a loop variable like any other; nothing
# is copied on the way. Here are the powers of `x`, each made of the one before.

# %%
powers = gg.TensorArray(gg.float64, size=5, clear_after_read=False).write(0, x)
_, powers = gg.while_loop(lambda i, array: i < 5, lambda i, array: (i + 1, array.write(i, array.read(i - 1) * x)),
                          [1, powers])  # fmt: skip
stacked = powers.stack()
(once,) = gg.gradients(stacked, x)
(twice,) = gg.gradients(once, x)
print(session.run([stacked, once, twice], {x: 2.0}))
assert session.run(stacked, {x: 2.0}).tolist() == [2.0, 4.0, 8.0, 16.0, 32.0]
assert session.run(once, {x: 2.0}) == sum(k * 2.0 ** (k - 1) for k in range(1, 6))
assert session.run(twice, {x: 2.0}) == sum(k * (k - 1) * 2.0 ** (k - 2) for k in range(2, 6))

# %% [markdown]
# Each element is written once. A run that breaks such a rule fails with the operation and with your line.

# %%
try:
    session.run(powers.write(3, x, name="once_more").size(), {x: 2.0})
except gg.errors.InvalidArgumentError as error:
    print(error)
    assert error.op.name == "once_more" and "has already been written to" in str(error)

# %% [markdown]
# ## Along an axis
#
# `scan` hands a state along the rows of a tensor and keeps every state; `map_fn`, `foldl` and `foldr` are its
# relatives. An average that forgets, and how much the last value depends on each row:

# %%
series = gg.placeholder(gg.float64, [None], name="series")
smooth = gg.scan(lambda state, item: 0.5 * state + 0.5 * item, series, gg.constant(0.0, gg.float64))
(weight,) = gg.gradients(smooth[-1], series)
values, weights = session.run([smooth, weight], {series: [4.0, 8.0, 16.0]})
print(values, weights)
assert values.tolist() == [2.0, 5.0, 10.5] and weights.tolist() == [0.125, 0.25, 0.5]

# %% [markdown]
# ## A recurrent network over time
#
# The loop reads its inputs from one array and writes its outputs into another. How many steps there are is known only
# in the run, and the weights are parameters of an ordinary `torch.nn.Module`.

# %%
cell = torch.nn.RNNCell(3, 4).double()
inputs = gg.placeholder(gg.float64, [None, 2, 3], name="inputs")  # time, batch, features
steps = gg.shape(inputs)[0]
sequence = gg.TensorArray(gg.float64, steps).unstack(inputs)


def step(time, state, outputs):
    state = cell(sequence.read(time), state)
    return time + 1, state, outputs.write(time, state)


start = [gg.constant(0), gg.zeros([2, 4], gg.float64), gg.TensorArray(gg.float64, steps, element_shape=[2, 4])]
_, _, outputs = gg.while_loop(lambda time, *_: time < steps, step, start)
loss = (outputs.stack() ** 2).sum()
ours = gg.gradients(loss, [cell.weight_hh, cell.weight_ih, inputs])

data = np.random.default_rng(0).normal(size=(6, 2, 3))
with gg.Session() as trained:
    trained.run(gg.global_variables_initializer())
    found = trained.run(ours, {inputs: data})

# %% [markdown]
# The judge is eager torch, with the same cell in a Python loop.

# %%
given = torch.tensor(data, requires_grad=True)
state, states = torch.zeros(2, 4, dtype=torch.float64), []
for row in given:
    state = cell(row, state)
    states.append(state)
theirs = torch.autograd.grad((torch.stack(states) ** 2).sum(), [cell.weight_hh, cell.weight_ih, given])
for mine, other in zip(found, theirs, strict=True):
    np.testing.assert_allclose(mine, other.numpy(), rtol=1e-10)
print("gradients over", len(data), "steps of time agree with eager torch")

# %% [markdown]
# ## Gradients inside a loop
#
# `gradients` works inside a body, and the loop is differentiable all the same: here gradient descent finds the minimum
# of `(w - x)**2`, and the derivative of where it ends tells how far it got.

# %%


def descend(i, w):
    return i + 1, w - 0.25 * gg.gradients((w - x) ** 2, w)[0]


_, end = gg.while_loop(lambda i, w: i < 4, descend, [0, gg.constant(0.0, gg.float64)])
moved = gg.gradients(end, x)[0]
print(session.run([end, moved], {x: 8.0}))
assert session.run([end, moved], {x: 8.0}) == [7.5, 1 - 0.5**4]

# %% [markdown]
# ## Where a loop loses a gradient
#
# `explain` looks inside: the operation that cuts is named, with the line of the body where it stands.

# %%
_, lost = gg.while_loop(lambda i, w: i < 3, lambda i, w: (i + 1, w + gg.floor(x)), [0, gg.constant(0.0, gg.float64)])
answer = gg.explain(lost, x)
print(answer)
assert not answer[0].connected and answer[0].breaks[0].op.type == "Floor"
session.close()
