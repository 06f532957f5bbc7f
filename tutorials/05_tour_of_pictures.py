# %% [markdown]
# # A tour of the pictures
#
# Every gradient has a graph of its own, and `gg.plot` draws it: the forward operations run down on the left, the
# gradient comes up on the right, and each derivative stands at the height of the operation that it differentiates.
# This tutorial draws one small model in many ways, from the total derivative to the kernels that torch runs. Each
# picture is a file that you can open; here they are written to a temporary folder. A notebook shows a plot by itself.

# %%
import math
import re
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import torch
from torch import nn

import graphgrad as gg

folder = Path(tempfile.mkdtemp())
torch.manual_seed(0)

# %% [markdown]
# ## A model and its gradient
#
# Two layers fit a curve. The gradient graph is the part of the program that the question is about: what lies between
# the xs and y, and what stands next to it.


# %%
class Hidden(nn.Linear):
    """A layer of its own class: operations and parameters are named after it."""


class Out(nn.Linear):
    """The same for the layer that gives the answer."""


hidden, out = Hidden(1, 8), Out(8, 1)
x = gg.placeholder(gg.float32, [None, 1], name="x")
t = gg.placeholder(gg.float32, [None, 1], name="t")
h = torch.tanh(hidden(x))
loss = gg.reduce_mean((out(h) - t) ** 2, name="loss")
weights = [hidden.weight, hidden.bias, out.weight, out.bias]

picture = gg.plot(loss, weights)
print(picture)
picture.save(folder / "model.svg")

texts = [each.text for each in ElementTree.parse(folder / "model.svg").iter() if each.text]
assert {"Tanh", "∂ Tanh", "∇ weight", "∇ bias"} <= set(texts)

# %% [markdown]
# How to read it:
#
# - blue, downwards: a value that is read. Along the strong lines a gradient returns, along the pale ones it doesn't.
# - orange, upwards: the gradient. `∂ Tanh` takes the gradient of what tanh gives and makes that of what it reads.
# - dashed, across: a value from the forward part that the derivative needs. The derivative of tanh needs what tanh
#   gave, that of a matrix product its factors, that of a sum nothing.
# - a filled box at the top of each orange line: a result of `gradients`. `+` is where several orange lines add up.
#
# A picture is drawn from data: `gg.gradient_graph` is the same as a networkx graph, for questions of your own.

# %%
graph = gg.gradient_graph(loss, weights)
assert nx.utils.graphs_equal(graph, picture.graph)

needed = {
    (data["value"], graph.nodes[key]["name"]) for _, key, data in graph.edges(data=True) if data["kind"] == "saved"
}
for value, operation in sorted(needed):
    print(f"the derivative of {operation} needs {value}")
assert ("tanh:0", "tanh") in needed and all(node["lane"] in (0, 1) for node in graph.nodes.values())

# %% [markdown]
# ## Total and partial
#
# `y = exp(z) * sin(x)` depends on x on two ways, since z is `x ** 2`. Total: both ways come back and add up, which is
# the `+` at x. Partial: with z as a stop, the way through z ends at an octagon, and z itself still gets a gradient.

# %%
x1 = gg.placeholder(gg.float64, [], name="x1")
z = gg.square(x1, name="z")
y = gg.multiply(gg.exp(z), gg.sin(x1), name="y")

total = gg.plot(y, [x1, z])
partial = gg.plot(y, [x1, z], stop_gradients=[z])
total.save(folder / "total.svg")
partial.save(folder / "partial.svg")

kinds = [Counter(dict(each.graph.nodes(data="kind")).values()) for each in (total, partial)]
print(*kinds, sep="\n")
assert kinds[0]["sum"] == 1 and kinds[1]["sum"] == 0
assert partial.graph.nodes["z"]["roles"] == ("x", "stop")
assert "d(z)" in total.graph and "d(z)" not in partial.graph

with gg.Session() as session:
    (whole, _), (part, _) = session.run(
        [gg.gradients(y, [x1, z]), gg.gradients(y, [x1, z], stop_gradients=[z])], {x1: 0.5}
    )
np.testing.assert_allclose(part, math.exp(0.25) * math.cos(0.5))
np.testing.assert_allclose(whole - part, 2 * 0.5 * math.exp(0.25) * math.sin(0.5))

# %% [markdown]
# ## The second order
#
# A gradient is a tensor like any other, and can be differentiated. Each time, the picture turns back once more: the
# graph of a second derivative has four lanes, and what differentiates a derivative stands at the height of both.

# %%
(slope,) = gg.gradients(y, x1)
second = gg.plot(slope, x1)
second.save(folder / "second.svg")

lanes = {node["lane"] for node in second.graph.nodes.values()}
print(f"{len(second.graph)} nodes in {len(lanes)} lanes")
assert lanes == {0, 1, 2, 3}
for key, node in second.graph.nodes(data=True):
    if node["mirror"] is not None:
        assert (node["lane"] - second.graph.nodes[node["mirror"]]["lane"]) % 2 == 1, key

# %% [markdown]
# ## Where a gradient ends
#
# An x that no y depends on has no gradient, and the picture shows why: dashed outlines for integers, an octagon where
# something is held constant, dots where an operation is flat, and the x itself is marked as unconnected.

# %%
counted = gg.cast(h * 10.0, gg.int32, name="counted")
frozen = gg.stop_gradient(h, name="frozen")
flat = gg.floor(h, name="flat")
score = gg.reduce_sum(gg.cast(counted, gg.float32) + frozen + flat, name="score")

lost = gg.plot(score, [hidden.weight, out.weight])
lost.save(folder / "lost.svg")
roles = {key: roles for key, roles in lost.graph.nodes(data="roles") if roles}
print(roles)

assert (
    roles["counted"] == ("integer",) and roles["frozen"] == ("stop_gradient",) and roles["flat"] == ("no derivative",)
)
assert roles["hidden/weight"] == roles["out/weight"] == ("x", "unconnected")
assert gg.gradients(score, [hidden.weight, out.weight]) == [None, None]

# %% [markdown]
# ## One way among many
#
# `highlight` draws the way of one x strong, to y and back, and all else pale.

# %%
lit = gg.plot(loss, weights, highlight=hidden.bias)
lit.save(folder / "highlight.svg")

strong = {key for key, on in lit.graph.nodes(data="lit") if on}
print(sorted(strong))
assert {"hidden/bias", "tanh", "loss", "gradient(hidden/bias:0)"} <= strong
assert not {"out/weight", "gradient(out/weight:0)"} & strong

# %% [markdown]
# ## Numbers from a run
#
# A watch looks on while a session runs. `gg.watch.Values()` measures every tensor on the way, forward and backward,
# and the picture shows the norms: the stronger the colour, the larger the number. Zeros, NaN and infinity are marked.

# %%
watch = gg.watch.Values()
gradients = gg.gradients(loss, weights)
rows = np.linspace(-1, 1, 16, dtype=np.float32)[:, None]
with gg.Session() as session:
    slopes = session.run(gradients, {x: rows, t: rows**2}, watch=watch)

measured = gg.plot(loss, weights, values=watch)
measured.save(folder / "values.svg")
shown = {key: node["reading"].text for key, node in measured.graph.nodes(data=True) if node.get("reading")}
print(shown)
assert math.isclose(float(shown["gradient(hidden/weight:0)"]), np.linalg.norm(slopes[0]), rel_tol=0.05)  # two digits
assert "d(tanh)" in shown and "loss" in shown

# %% [markdown]
# Any numbers of your own will do: a mapping from tensors, operations or names to numbers.

# %%
own = gg.plot(loss, weights, values={h: 0.7, "d(tanh)": float("nan")})
assert own.graph.nodes["d(tanh)"]["reading"].alarm == "nan"
assert "NaN" in own.svg()

# %% [markdown]
# ## The forward part alone
#
# Without xs, a picture shows what the ys are computed from, and of a whole graph everything that is in it.

# %%
forward = gg.plot(loss)
forward.save(folder / "forward.svg")
everything = gg.plot(gg.get_default_graph())
everything.save(folder / "graph.svg")

print(forward, everything, sep="\n")
assert set(dict(forward.graph.nodes(data="kind")).values()) == {"forward"}
assert "score" not in forward.graph and "score" in everything.graph

# %% [markdown]
# ## A plan
#
# What a run does, step by step, in the order in which it does it: what is fed, what each sweep of autograd
# differentiates, when a value dies, and which variables are updated in place.

# %%
with gg.Session() as session:
    steps = gg.plot(session.plan(gradients, [x, t]))
steps.save(folder / "plan.svg")
assert [key for key, node in steps.graph.nodes.items() if "sweep 1" in node["roles"]] == [gradients[0].op.name]

# %% [markdown]
# ## What torch really runs
#
# The derivatives above are one node per operation. When the gradient is computed, torch runs kernels, often several
# for one operation. `expand=True` finds them by running the program on tensors without memory, and ties each to the
# operation that it differentiates. The picture below has a box per kernel, in the row of its operation.

# %%
kernels = gg.plot(loss, weights, expand=True)
kernels.save(folder / "kernels.svg")

for key in ("tanh", "hidden/linear"):
    own_kernels = [node["type"] for node in kernels.graph.nodes.values() if node["mirror"] == key]
    print(f"{key}: {', '.join(own_kernels)}")
    assert own_kernels[0] == {"tanh": "aten.tanh_backward", "hidden/linear": "aten.t"}[key]

# %% [markdown]
# The graph tells what a gradient costs before anything runs. The first layer needs no gradient for its input, which
# is data, so it has one matrix product where the second has two.

# %%
products = Counter(node["mirror"] for node in kernels.graph.nodes.values() if node["type"] == "aten.mm")
print(products)
assert products == {"out/linear": 2, "hidden/linear": 1}

# %% [markdown]
# ## Large models
#
# A picture of more than a hundred operations is collapsed: a scope is one node, and equal blocks are one node with a
# count. The page is the same picture to walk around in, as one file that needs no network: open a scope with a click,
# search, see each operation's line of source.


# %%
class Block(nn.Module):
    """A layer that is there many times."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(8, 8)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows + torch.tanh(self.inner(rows))


deep = nn.Sequential(nn.Linear(1, 8), *[Block() for _ in range(40)], nn.Linear(8, 1))
far = deep(x).square().mean()
large = gg.plot(far, list(deep.parameters()))
large.save(folder / "large.svg")
large.save(folder / "large.html")

print(f"{len(large.graph)} nodes, drawn as {len(large.drawn)}")
assert len(large.graph) > 300 and len(large.drawn) < 60
page = (folder / "large.html").read_text("utf-8")
assert page.startswith("<!") and not re.search(r"(src|href)=[\"']?https?:", page)

# %% [markdown]
# ## Other formats
#
# The suffix decides: `.svg` and `.html` need nothing, `.png` and `.pdf` need matplotlib, `.dot` and `.mmd` are text for
# Graphviz and Mermaid, and `.pbtxt` is a graph that TensorBoard and Netron read. `gg.debugprint` is for a terminal.

# %%
files = [picture.save(folder / f"model.{suffix}") for suffix in ("svg", "html", "dot", "mmd", "pbtxt")]
assert all(file.stat().st_size > 1000 for file in files)
assert (folder / "model.dot").read_text("utf-8").startswith("digraph")
assert "flowchart" in (folder / "model.mmd").read_text("utf-8")
assert (folder / "model.pbtxt").read_text("utf-8").count("node {") >= len(picture.graph)

text = gg.debugprint(gradients[0], file="str")
print(text)
assert "d(loss:0)/d(hidden/weight:0)" in text and "Tanh" in text

# %% [markdown]
# ## The picture in the README
#
# Temporal-difference learning: the value of the next state is a target and is held constant, so that only one of two
# ways leads back to the weights. The same graph gives the same bytes, and a test compares the file in the repository
# with what this tutorial writes.

# %%
with gg.Graph().as_default():
    now, later = gg.placeholder(gg.float32, [None, 4], name="now"), gg.placeholder(gg.float32, [None, 4], name="later")
    w = gg.Variable(gg.zeros([4]), name="w")
    target = gg.stop_gradient(torch.tanh(later @ w), name="target")
    surprise = gg.reduce_mean((torch.tanh(now @ w) - target) ** 2, name="surprise")
    signature = gg.plot(surprise, w)
    assert signature.svg() == gg.plot(surprise, w).svg()

readme = Path("docs/gradient.svg")
signature.save(readme if readme.exists() else folder / "gradient.svg")
assert signature.graph.nodes["target"]["roles"] == ("stop_gradient",)
assert [key for key in signature.graph if key.startswith("gradient")] == ["gradient(w:0)"]
