"""Programs with name scopes: random ones, and transformers of any depth."""

import random
from typing import Any

import torch
from torch import nn

import graphgrad as gg
from graphgrad.view.gradient_graph import Graph, gradient_graph
from tests.view.pictures import Asked


def scoped(seed: int, size: int) -> Graph:
    """A random program whose operations are recorded in scopes that are left and entered again."""
    draw = random.Random(seed)
    x = gg.constant([1.0, 2.0], name="x")
    known = [x]
    for _ in range(size):
        scope = "/".join(draw.choice(["a", "b", "block_1", "block_2"]) for _ in range(draw.randrange(4)))
        with gg.name_scope(f"{scope}/" if scope and draw.random() < 0.7 else scope or "c"):
            a, b = draw.choice(known), draw.choice(known)
            known.append(draw.choice([lambda a=a, b=b: a * b, lambda a=a: torch.sin(a), lambda a=a: 2 * a])())
    return gradient_graph(draw.sample(known, 2), draw.sample(known, 2))


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Any) -> Any:
        q, k, v = self.q(x), self.k(x), self.v(x)
        return self.out(torch.softmax(q @ k.transpose(-1, -2) / 2.0, -1) @ v)


class Layer(nn.Module):
    """A block of a transformer: 34 operations, parameters included."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.attention = nn.LayerNorm(width), nn.LayerNorm(width), Attention(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Any) -> Any:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    def __init__(self, layers: int, width: int = 8) -> None:
        super().__init__()
        self.embed, self.norm, self.head = nn.Linear(4, width), nn.LayerNorm(width), nn.Linear(width, 4)
        self.layers = nn.ModuleList([Layer(width) for _ in range(layers)])

    def forward(self, x: Any) -> Any:
        h = self.embed(x)
        for layer in self.layers:
            h = layer(h)
        return self.head(self.norm(h))


def transformer(layers: int) -> Asked:
    """About 67 nodes a layer, with gradients of all parameters."""
    model = Transformer(layers)
    loss = model(gg.placeholder(gg.float32, [None, 6, 4], name="x")).square().mean()
    return Asked([loss], list(model.parameters()), [])
