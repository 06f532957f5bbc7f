"""Training steps, each by hand in eager torch and recorded in a graph: the same calls on the same numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from hand import attend, convnet_loss, descend, descent, perceptron_loss, transformer_loss
from programs import BATCH, MLP, RATE
from torch import nn

import graphgrad as gg

Loss = Callable[[list[Any], Any, Any], Any]
Step = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Model:
    """A model in both styles, with its first parameters and one batch.

    Attributes:
        parameters: the first values for `loss`.
        loss: a function of parameters, inputs and targets.
        module: makes the same model from `nn` layers; its parameters are its own.
    """

    name: str
    parameters: list[torch.Tensor]
    loss: Loss
    module: Callable[[], nn.Module]
    inputs: torch.Tensor
    targets: torch.Tensor


def models(quick: bool = False) -> list[Model]:
    """The multilayer perceptron, the convnet and the transformer."""
    torch.manual_seed(0)
    return [perceptron(), convnet(4 if quick else 16), transformer(2 if quick else 4, batch=2 if quick else 8)]


# -- multilayer perceptron ----------------------------------------------------------------------------


def perceptron() -> Model:
    sizes = list(zip(MLP[1:], MLP[:-1], strict=True))
    parameters = [tensor for size in sizes for tensor in (_scaled(size), torch.zeros(size[0]))]
    inputs, targets = torch.randn(BATCH, MLP[0]), torch.randint(MLP[-1], (BATCH,))
    return Model("MLP", parameters, perceptron_loss, _perceptron_module, inputs, targets)


def _perceptron_module() -> nn.Module:
    first, second, third, last = MLP
    return nn.Sequential(
        nn.Linear(first, second), nn.ReLU(), nn.Linear(second, third), nn.ReLU(), nn.Linear(third, last)
    )


# -- convnet ------------------------------------------------------------------------------------------


def convnet(batch: int) -> Model:
    shapes = [(16, 3, 3, 3), (32, 16, 3, 3), (10, 32 * 8 * 8)]
    parameters = [tensor for shape in shapes for tensor in (_scaled(shape), torch.zeros(shape[0]))]
    inputs, targets = torch.randn(batch, 3, 32, 32), torch.randint(10, (batch,))
    return Model("convnet", parameters, convnet_loss, _convnet_module, inputs, targets)


def _convnet_module() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 8 * 8, 10),
    )  # fmt: skip


# -- transformer --------------------------------------------------------------------------------------

_WORDS = 256


def transformer(layers: int, batch: int, width: int = 128, length: int = 64) -> Model:
    """A decoder of `layers` layers that predicts the next of 256 tokens."""
    parameters = [_scaled((_WORDS, width)), _scaled((length, width))]
    for _ in range(layers):
        parameters += [torch.ones(width), torch.zeros(width), _scaled((3 * width, width)), torch.zeros(3 * width)]
        parameters += [_scaled((width, width)), torch.zeros(width), torch.ones(width), torch.zeros(width)]
        parameters += [_scaled((4 * width, width)), torch.zeros(4 * width)]
        parameters += [_scaled((width, 4 * width)), torch.zeros(width)]
    tokens = torch.randint(_WORDS, (batch, length + 1))
    inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    return Model("transformer", parameters, transformer_loss, lambda: Decoder(layers, width, length), inputs, targets)


class Block(nn.Module):
    """One layer of the decoder from `nn` layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, hidden: Any) -> Any:
        hidden = hidden + self.join(attend(self.project(self.norm_1(hidden))))
        return hidden + self.narrow(F.gelu(self.widen(self.norm_2(hidden))))


class Decoder(nn.Module):
    """The transformer from `nn` layers."""

    def __init__(self, layers: int, width: int, length: int) -> None:
        super().__init__()
        self.words = nn.Embedding(_WORDS, width)
        nn.init.normal_(self.words.weight, std=1 / math.sqrt(width))
        self.places = nn.Parameter(torch.randn(length, width) / math.sqrt(width))
        self.blocks = nn.Sequential(*(Block(width) for _ in range(layers)))

    def forward(self, inputs: Any) -> Any:
        hidden = self.blocks(self.words(inputs) + self.places)
        return F.linear(hidden, self.words.weight)


def _scaled(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.randn(shape) / math.sqrt(math.prod(shape[1:]))


# -- steps --------------------------------------------------------------------------------------------


def by_hand(model: Model) -> Step:
    """The training step as functional calls in eager torch: returns the loss, updates its parameters."""
    return descent(model.loss, model.parameters)


def by_hand_with_module(model: Model, module: nn.Module) -> Step:
    """The training step of an `nn.Module` in eager torch."""
    parameters = list(module.parameters())

    def step(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        loss = _module_loss(module, inputs, targets)
        gradients = torch.autograd.grad(loss, parameters)
        descend(parameters, gradients)
        return loss.detach()

    return step


def _module_loss(module: nn.Module, inputs: Any, targets: Any) -> Any:
    return F.cross_entropy(module(inputs).flatten(0, -2), targets.flatten())


@dataclass
class Recorded:
    """A training step in a graph of its own, with its session."""

    session: gg.Session
    fetches: list[Any]
    inputs: Any
    targets: Any

    def callable(self) -> Step:
        """The step by `make_callable`."""
        run = self.session.make_callable(self.fetches, [self.inputs, self.targets])
        return lambda inputs, targets: run(inputs, targets)[0]

    def step(self, inputs: Any, targets: Any) -> Any:
        """The step by `session.run`."""
        return self.session.run(self.fetches, {self.inputs: inputs, self.targets: targets})[0]


def recorded(
    model: Model, module: nn.Module | None = None, outputs: str = "torch", compile: str | None = None,
    passes: gg.Passes | None = None,
) -> Recorded:  # fmt: skip
    """The training step in a graph: of the module if there is one, else of `model.loss`."""
    with gg.Graph().as_default():
        inputs = gg.placeholder(model.inputs.dtype, list(model.inputs.shape))
        targets = gg.placeholder(model.targets.dtype, list(model.targets.shape))
        if module is None:
            loss = model.loss([gg.Variable(tensor) for tensor in model.parameters], inputs, targets)
        else:
            loss = _module_loss(module, inputs, targets)
        update = gg.train.GradientDescentOptimizer(RATE).minimize(loss)
        session = gg.Session(outputs=outputs, compile=compile, passes=passes)
        session.run(gg.global_variables_initializer())
        return Recorded(session, [loss, update], inputs, targets)
