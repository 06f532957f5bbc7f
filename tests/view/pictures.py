"""What the tests of pictures share: programs to draw, and the same with names that mean harm."""

import random
from typing import Any, NamedTuple

import networkx
import torch
from torch import nn

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.plan.steps import Plan
from graphgrad.view.gradient_graph import Graph, gradient_graph

EVIL = "</script><img src=x onerror=\"alert('&amp;')\"> 行列 \x00 " + "long " * 40


class Asked(NamedTuple):
    """The arguments of a gradients() call."""

    ys: list[Any]
    xs: list[Any]
    stops: list[Any]

    @property
    def graph(self) -> Graph:
        return gradient_graph(*self)


def marked() -> Asked:
    """Every mark at once: x, intermediate x, y, unconnected x, a stop, and the other cuts."""
    a, z = gg.placeholder(gg.float32, [3], name="a"), gg.placeholder(gg.float32, [3], name="z")
    b = gg.multiply(a, 2.0, name="b")
    c = gg.sin(b, name="c")
    k = gg.cast(gg.cast(a, gg.int32, name="k"), gg.float32)
    held = gg.stop_gradient(a, name="held")
    with torch.no_grad():
        quiet = gg.exp(a, name="quiet")
    parts = a * c + b * k + held * quiet * gg.floor(a, name="down")
    return Asked([gg.reduce_sum(parts, name="loss")], [a, b, z], [c])


def perceptron() -> Asked:
    """Two layers, ten or so operations."""
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    loss = model(gg.placeholder(gg.float32, [None, 4], name="images")).square().mean()
    return Asked([loss], list(model.parameters()), [])


class Residual(nn.Module):
    """A block that repeats."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(4), nn.Linear(4, 8), nn.Linear(8, 4)

    def forward(self, x: Any) -> Any:
        return x + self.down(torch.relu(self.up(self.norm(x))))


class Deep(nn.Module):
    """Many equal blocks between two others."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(2, 4), nn.Linear(4, 1)
        self.blocks = nn.Sequential(*[Residual() for _ in range(blocks)])

    def forward(self, x: Any) -> Any:
        return self.last(self.blocks(self.first(x)))


def deep(blocks: int) -> Asked:
    """Eleven operations a block."""
    model = Deep(blocks)
    loss = model(gg.placeholder(gg.float32, [None, 2], name="x")).mean()
    return Asked([loss], list(model.parameters()), [])


def chain(length: int) -> Asked:
    """No scopes at all."""
    x = gg.placeholder(gg.float32, [4], name="x")
    h = x
    for n in range(length):
        h = torch.sin(h) * x if n % 7 == 0 else torch.cos(h)
    return Asked([h.sum()], [x], [])


def higher(order: int) -> Asked:
    """A gradient of a gradient."""
    x, w = gg.constant([1.0, 2.0], name="x"), gg.constant([3.0, 4.0], name="w")
    y = (torch.tanh(x * w) * x).sum()
    for _ in range(order - 1):
        (y,) = gg.gradients((y * y).sum(), x)
    return Asked([y], [x, w], [])


def crossed() -> Asked:
    """One lane has what reads a first derivative, and the mirror images of that in another call's way."""
    x = gg.constant(2.0, name="x")
    (g,) = gg.gradients(gg.exp(x, name="y"), x)
    with gg.name_scope("after"):
        late = gg.sin(gg.cos(g))
    return Asked([g, late], [x], [late])


def programme(seed: int, size: int) -> Asked:
    """A random program: elementwise operations with cuts, reductions, split outputs, stops, gradients."""
    draw = random.Random(seed)
    known = [gg.constant([1.0, 2.0], name=f"source{n}") for n in range(3)]
    for _ in range(size):
        a, b = draw.choice(known), draw.choice(known)
        kind = draw.randrange(12)
        if kind == 0:
            known += [part.expand(2) for part in gg.stack([a, b]).sum(dim=1).unbind(0)]
        elif kind == 1:
            known.append(gg.cast(gg.cast(a, gg.int32), gg.float32))
        elif kind == 2:
            known.append(draw.choice([gg.floor, gg.stop_gradient])(a))
        elif kind == 3:
            known += [g for g in gg.gradients(a, [b]) if g is not None]
        else:
            known.append(draw.choice([a + b, a * b, torch.sin(a), torch.exp(a), 2 * a, a - b, torch.relu(b)]))
    return Asked(draw.sample(known, 2), draw.sample(known, 3), draw.sample(known, draw.randrange(3)))


def entangled(seed: int, size: int) -> Asked:
    """A random program full of gradients of gradients, some of it in scopes: calls of several orders share lanes."""
    draw = random.Random(seed)
    known = [gg.constant([1.0, 2.0], name="source")]
    for _ in range(size):
        a, b = draw.choice(known[-8:]), draw.choice(known)
        with gg.name_scope(draw.choice(["", "a/", "b"]) or None):
            if draw.random() < 0.4:
                known += [g for g in gg.gradients(a, b) if g is not None]
            else:
                known.append(draw.choice([a + b, a * b, torch.sin(a), torch.exp(b), 2 * a]))
    return Asked(draw.sample(known, 1), draw.sample(known, 1), [])


def trained(blocks: int = 0) -> Plan:
    """The plan of a step of training, and of its loss: of two layers, or of as many blocks."""
    asked = deep(blocks) if blocks else perceptron()
    step = gg.train.GradientDescentOptimizer(0.1).minimize(asked.ys[0])
    fed = asked.ys[0].graph.value_by_name("x:0" if blocks else "images:0")
    return plan([asked.ys[0]._value], [step], [fed])


def stopped() -> Plan:
    """The plan of three sweeps: with a stop, without, and through the first."""
    a = gg.placeholder(gg.float32, [3], name="a")
    b = gg.multiply(a, 2.0, name="b")
    c = gg.sin(b, name="c")
    loss = gg.reduce_sum(b * c + a, name="loss")
    first, other = gg.gradients(loss, [a, b], stop_gradients=[c]), gg.gradients(loss, a)
    wanted = [loss, *first, *other, *gg.gradients(gg.reduce_sum(first[0], name="sum"), a)]
    return plan([each._value for each in wanted], (), [a._value])


def spoiled(graph: Graph) -> Graph:
    """The graph with hostile keys, names, values and notes."""
    found = networkx.relabel_nodes(graph, {key: f"{EVIL}{n}" for n, key in enumerate(graph)})
    number = {key: n for n, key in enumerate(graph)}
    for n, node in enumerate(found.nodes.values()):
        mirror = None if node["mirror"] is None else f"{EVIL}{number[node['mirror']]}"
        node |= {"name": f"{EVIL}{n}", "mirror": mirror, "type": node["type"] + EVIL, "roles": (*node["roles"], EVIL)}
    for _, _, data in found.edges(data=True):
        data |= {"value": EVIL, "spec": EVIL}
    return found


def layered() -> Graph:
    """The gradient graph of one operation in a scope."""
    x = gg.placeholder(gg.float32, [None, 3], name="x")
    with gg.name_scope("layer"):
        y = gg.sin(x, name="y")
    return gradient_graph(y, x)
