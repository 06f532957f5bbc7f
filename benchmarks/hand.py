"""The losses of the training steps in torch's own calls, and the step by hand in eager torch.

Recorded calls take the same functions. Nothing here knows graphgrad: peers in eager torch import it without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from programs import HEADS, RATE

_PER_LAYER = 12  # parameters of a layer of the transformer


def perceptron_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    hidden = inputs
    for layer in range(0, len(parameters), 2):
        hidden = F.linear(hidden if layer == 0 else F.relu(hidden), parameters[layer], parameters[layer + 1])
    return F.cross_entropy(hidden, targets)


def convnet_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    first, first_bias, second, second_bias, last, last_bias = parameters
    hidden = F.max_pool2d(F.relu(F.conv2d(inputs, first, first_bias, padding=1)), 2)
    hidden = F.max_pool2d(F.relu(F.conv2d(hidden, second, second_bias, padding=1)), 2)
    return F.cross_entropy(F.linear(hidden.flatten(1), last, last_bias), targets)


def transformer_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    words, places, *blocks = parameters
    hidden = F.embedding(inputs, words) + places
    for start in range(0, len(blocks), _PER_LAYER):
        hidden = _block(hidden, *blocks[start : start + _PER_LAYER])
    return F.cross_entropy(F.linear(hidden, words).flatten(0, 1), targets.flatten())


def _block(
    hidden: Any, g1: Any, b1: Any, wqkv: Any, bqkv: Any, wo: Any, bo: Any,
    g2: Any, b2: Any, w1: Any, c1: Any, w2: Any, c2: Any,
) -> Any:  # fmt: skip
    width = hidden.shape[-1:]
    normal = F.layer_norm(hidden, width, g1, b1)
    hidden = hidden + F.linear(attend(F.linear(normal, wqkv, bqkv)), wo, bo)
    normal = F.layer_norm(hidden, width, g2, b2)
    return hidden + F.linear(F.gelu(F.linear(normal, w1, c1)), w2, c2)


def attend(projected: Any) -> Any:
    queries, keys, values = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in projected.chunk(3, -1))
    mixed = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    return mixed.transpose(1, 2).flatten(2)


def descent(loss: Callable[..., Any], parameters: list[torch.Tensor]) -> Callable[..., torch.Tensor]:
    """A training step on copies of the parameters: returns the loss, updates them."""
    parameters = [tensor.clone().requires_grad_() for tensor in parameters]

    def step(*batch: torch.Tensor) -> torch.Tensor:
        found = loss(parameters, *batch)
        descend(parameters, torch.autograd.grad(found, parameters))
        return found.detach()

    return step


def descend(parameters: list[Any], gradients: tuple[torch.Tensor, ...]) -> None:
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.sub_(gradient, alpha=RATE)


# -- a recurrent cell ---------------------------------------------------------------------------------


def cell(gates: Any, memory: Any) -> tuple[Any, Any]:
    """The next state and memory of an LSTM."""
    enter, forget, change, leave = gates.chunk(4, -1)
    memory = torch.sigmoid(forget) * memory + torch.sigmoid(enter) * torch.tanh(change)
    return torch.sigmoid(leave) * torch.tanh(memory), memory


def recurrent_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    enter, again, bias = parameters
    state = memory = torch.zeros_like(targets)
    for row in F.linear(inputs, enter, bias).unbind(0):
        state, memory = cell(row + F.linear(state, again), memory)
    return F.mse_loss(state, targets)


# -- higher derivatives -------------------------------------------------------------------------------


def two_layers(first: Any, second: Any, x: Any) -> Any:
    """A network, of one vector or of rows."""
    return F.linear(torch.tanh(F.linear(x, first)), second)


def height(first: Any, second: Any, x: Any) -> Any:
    """A number for a vector, or one for each row, that is nowhere linear in them."""
    return torch.logsumexp(torch.tanh(two_layers(first, second, x)), -1)


def critic(parameters: list[Any], x: Any) -> Any:
    """A score of each row."""
    *hidden, last, bias = parameters
    for layer in range(0, len(hidden), 2):
        x = torch.tanh(F.linear(x, hidden[layer], hidden[layer + 1]))
    return F.linear(x, last, bias).squeeze(1)


def penalized(scores: Any, slopes: Any) -> Any:
    """The mean score, and how far the score's slope is from 1."""
    return scores.mean() + 10 * ((slopes**2).sum(1).sqrt() - 1).square().mean()
