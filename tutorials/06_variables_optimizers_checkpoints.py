# %% [markdown]
# # Variables, optimizers, checkpoints
#
# Where the numbers of a model live, how an optimizer changes them, and how they outlast the process. This tutorial
# fits a curve with Adam, looks at what Adam keeps beside each variable, lets the learning rate fall, clips gradients,
# averages weights, saves everything, and goes on from the file as if nothing had happened.

# %%
import os
import re
import tempfile

import numpy as np
import torch

import graphgrad as gg

gg.set_random_seed(0)

# %% [markdown]
# ## Variables are values of a session
#
# A variable is a tensor of the graph whose value a session keeps from run to run. It has none until its initializer
# has run.

# %%
scale = gg.Variable(np.ones(3, np.float32), name="scale")
shift = gg.Variable(0.0, name="shift")

with gg.Session() as sess:
    try:
        sess.run(scale)
    except gg.errors.FailedPreconditionError as error:
        print(error)
        assert "no value yet" in str(error)
    sess.run(gg.global_variables_initializer())
    print(sess.run([scale, shift]))

# %% [markdown]
# `assign`, `assign_add` and `assign_sub` are operations: they act when they are run. What else is fetched in the same
# run is from before, unless it waits for the assignment by `control_dependencies`. So a run has one meaning, however
# its operations are ordered.

# %%
grow = scale.assign_add([1.0, 2.0, 3.0])
with gg.control_dependencies([grow]):
    afterwards = scale.read_value()

with gg.Session() as sess:
    sess.run(gg.global_variables_initializer())
    before, after, _ = sess.run([scale, afterwards, grow])
    print(before, "->", after)
    assert before.tolist() == [1, 1, 1] and after.tolist() == [2, 3, 4]

# %% [markdown]
# ## A step of training is an operation, too
#
# `minimize` is `compute_gradients`, then `apply_gradients`. Here is a curve with three parts, and noisy points of it.

# %%
x = np.linspace(-2, 2, 200).astype(np.float32)
rng = np.random.default_rng(0)
wanted = 0.5 * np.sin(2 * x) + 1.5 * x**2 - 0.25 * x + 2.0
y = (wanted + 0.05 * rng.normal(size=x.shape)).astype(np.float32)

parts = gg.constant(np.stack([np.sin(2 * x), x**2, x], axis=1))
fit = gg.reduce_sum(parts * scale, axis=1) + shift
loss = gg.reduce_mean(gg.square(fit - y))

step = gg.train.get_or_create_global_step()
optimizer = gg.train.AdamOptimizer(0.1)
train = optimizer.minimize(loss, global_step=step)

sess = gg.Session()
sess.run(gg.global_variables_initializer())
for _ in range(400):
    sess.run(train)
print("loss", sess.run(loss), "after", gg.train.global_step(sess, step), "steps")
print(sess.run([scale, shift]))
np.testing.assert_allclose(sess.run(scale), [0.5, 1.5, -0.25], atol=0.02)
np.testing.assert_allclose(sess.run(shift), 2.0, atol=0.02)

# %% [markdown]
# Least squares have an exact answer, which is the judge here: after enough steps Adam is there.

# %%
design = np.stack([np.sin(2 * x), x**2, x, np.ones_like(x)], axis=1).astype(np.float64)
exact = np.linalg.lstsq(design, y.astype(np.float64), rcond=None)[0]
np.testing.assert_allclose(np.append(sess.run(scale), sess.run(shift)), exact, atol=2e-3)

# %% [markdown]
# ## What an optimizer keeps
#
# Adam keeps two averages per variable, its *slots*, and the powers of its betas. They are variables like any other,
# with TF1's names, so that checkpoints of TensorFlow fit.

# %%
for variable in optimizer.variables():
    print(variable)
assert optimizer.get_slot_names() == ["m", "v"]
assert optimizer.get_slot(scale, "m").name == "scale/Adam:0"

# %% [markdown]
# All variables of a dtype are updated by one operation, and the slots with them: in the program of a step it is one
# line, whose kernel is torch's own fused one.

# %%
program = sess.source(train)
calls = [line for line in program.splitlines() if re.search(r"apply_adam(\.in_place)?\(", line)]
print(calls[0].partition(";")[0].strip())
assert len(calls) == 1

# %% [markdown]
# The formulas are TF1's. Its Adam adds epsilon to the root of the squares *before* their bias is corrected, torch's
# afterwards; its RMSProp has epsilon under the root, and its squares start at one. With the usual, tiny epsilons one
# sees no difference; with large ones one does.

# %%
w = gg.Variable(1.0, name="w")
first = gg.train.AdamOptimizer(0.1, beta2=0.75, epsilon=1.0).minimize(3 * w, var_list=[w])
with gg.Session() as other:
    other.run(gg.global_variables_initializer())
    other.run(first)
    ours = 1 - other.run(w)

weight = torch.nn.Parameter(torch.tensor(1.0))
judge = torch.optim.Adam([weight], 0.1, betas=(0.9, 0.75), eps=1.0)
(3 * weight).backward()
judge.step()
theirs = 1 - weight.item()

root = 3 * np.sqrt(1 - 0.75)  # of the average of squares after one step
print(f"graphgrad {ours:.4f}, torch {theirs:.4f}")
np.testing.assert_allclose(ours, 0.1 * np.sqrt(1 - 0.75) * 3 / (root + 1.0), rtol=1e-5)
np.testing.assert_allclose(theirs, 0.1 * 3 / (3 + 1.0), rtol=1e-5)

# %% [markdown]
# ## When nothing can be trained
#
# An integer between the variable and the loss cuts the gradient. The error says where, for each variable.

# %%
steps = gg.cast(gg.cast(w * 10, gg.int32), gg.float32)
try:
    gg.train.AdamOptimizer(0.1).minimize(gg.square(steps), var_list=[w])
except ValueError as error:
    print(error)
    assert "no gradient reaches w:0" in str(error) and "int32" in str(error)

# %% [markdown]
# ## Learning rates, clipping, averages
#
# A learning rate may be a number, a tensor, or a function. A schedule is a tensor of the global step. Gradients may be
# changed on their way: `clip_by_global_norm` scales all of them down together. A moving average of the weights often
# does better than the last weights, when gradients are noisy.

# %%
count = gg.Variable(0, trainable=False, name="count")
rate = gg.train.exponential_decay(0.2, count, decay_steps=100, decay_rate=0.5)
noisy = gg.placeholder(gg.float32, [None], name="noisy")
rough = gg.reduce_mean(gg.square(fit - noisy))

careful = gg.train.MomentumOptimizer(rate, 0.9, use_nesterov=True)
gradients, variables = zip(*careful.compute_gradients(rough, [scale, shift]), strict=True)
clipped, norm = gg.clip_by_global_norm(list(gradients), 1.0)
update = careful.apply_gradients(list(zip(clipped, variables, strict=True)), global_step=count)

averages = gg.train.ExponentialMovingAverage(0.98)
with gg.control_dependencies([update]):
    tracked = averages.apply([scale, shift])

sess.run(gg.global_variables_initializer())
norms = []
for number in range(600):
    feed = {noisy: wanted + rng.normal(size=x.shape)}
    if number % 100 == 0:
        print(f"step {number}: rate {sess.run(rate):.4f}, loss {sess.run(rough, feed):.3f}")
    norms.append(sess.run([norm, tracked], feed)[0])
print(f"the first gradient was {norms[0]:.1f} long, and counted as 1")
assert norms[0] > 1 and sess.run(count) == 600
np.testing.assert_allclose(sess.run(rate), 0.2 * 0.5**6, rtol=1e-5)
smooth = sess.run([averages.average(scale), averages.average(shift)])
np.testing.assert_allclose(np.append(*smooth), [0.5, 1.5, -0.25, 2.0], atol=0.05)

# %% [markdown]
# ## Checkpoints
#
# A `Saver` writes the variables, slots included, to one safetensors file. It is written aside, then renamed: whoever
# kills the process at any moment finds the last checkpoint whole. The newest five stay.

# %%
folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "model")
saver = gg.train.Saver(max_to_keep=2)
for _ in range(3):
    feed = {noisy: wanted}
    sess.run(tracked, feed)
    saver.save(sess, path, global_step=count)
print(sorted(os.listdir(folder.name)))
assert saver.last_checkpoints == [f"{path}-602", f"{path}-603"]

# %% [markdown]
# What is in a file can be asked without a graph. It holds numbers, not code: nothing in it is executed, and every
# program that reads safetensors reads it.

# %%
for name, shape in gg.train.list_variables(folder.name)[:6]:
    print(name, shape)
assert gg.train.load_variable(folder.name, "count") == 603

# %% [markdown]
# A new session goes on from the file, to the last bit, as the old one goes on from its own values.

# %%
resumed = gg.Session()
saver.restore(resumed, gg.train.latest_checkpoint(folder.name))
for each in (sess, resumed):
    for _ in range(5):
        each.run(tracked, {noisy: wanted})
for mine, again in zip(sess.run([scale, shift, count]), resumed.run([scale, shift, count]), strict=True):
    np.testing.assert_array_equal(mine, again)

# %% [markdown]
# A dict gives variables other names in the file: here the averages take the place of the weights, for evaluation.
# A list restores some of them; `partial=True` leaves alone what the file lacks.

# %%
gg.train.Saver(averages.variables_to_restore([scale, shift])).restore(resumed, saver.last_checkpoints[-1])
print("weights from averages", resumed.run([scale, shift]))
saved = gg.train.load_checkpoint(folder.name)
np.testing.assert_array_equal(resumed.run(scale), saved.get_tensor("scale/ExponentialMovingAverage"))

# %% [markdown]
# What does not fit is listed as a whole, and then nothing is restored.

# %%
with gg.Graph().as_default():
    gg.Variable(np.zeros(4, np.float32), name="scale")
    gg.Variable(0.0, name="shift_x")
    with gg.Session() as other:
        try:
            gg.train.Saver().restore(other, gg.train.latest_checkpoint(folder.name))
        except ValueError as error:
            print(*str(error).splitlines()[1:], sep="\n")
            assert "float32[4] is float32[3] there" in str(error) and "did you mean 'shift'" in str(error)

# %% [markdown]
# `Saver.restore` also takes a checkpoint that TensorFlow wrote (format V2, `model.ckpt.index` and its shards), without
# TensorFlow, and a `state_dict` that was saved as safetensors.

# %%
for session in (sess, resumed):
    session.close()
folder.cleanup()
