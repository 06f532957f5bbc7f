"""Activations and cross entropies that torch has no one call for."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812


def crelu(features: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """The positive and the negative parts, one after the other along an axis."""
    return F.relu(torch.cat([features, -features], axis))


def swish(features: torch.Tensor, beta: float = 1.0) -> torch.Tensor:
    """X times the sigmoid of beta x."""
    return features * torch.sigmoid(beta * features)


def softmax_cross_entropy_with_logits_v2(labels: torch.Tensor, logits: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """The cross entropy of probabilities and softmax(logits) along an axis, shape without that axis."""
    return -(labels * torch.log_softmax(logits, axis)).sum(axis)


def softmax_cross_entropy_with_logits(labels: torch.Tensor, logits: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """The cross entropy of probabilities and softmax(logits) along an axis; no gradient flows to the labels."""
    return softmax_cross_entropy_with_logits_v2(labels.detach(), logits, axis)


def sparse_softmax_cross_entropy_with_logits(labels: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """The cross entropy of class numbers and softmax(logits) along the last axis."""
    if logits.dim() != labels.dim() + 1 or labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels of shape {list(labels.shape)} do not fit logits of shape {list(logits.shape)}")
    scores = logits.movedim(-1, 1) if logits.dim() > 2 else logits
    return F.cross_entropy(scores, labels.long(), reduction="none")


def sigmoid_cross_entropy_with_logits(labels: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """The cross entropy of probabilities and sigmoid(logits), elementwise."""
    if labels.shape != logits.shape:
        raise ValueError(f"logits and labels must have the same shape, got {list(logits.shape)}, {list(labels.shape)}")
    return F.relu(logits) - logits * labels + F.softplus(-logits.abs())


def weighted_cross_entropy_with_logits(labels: torch.Tensor, logits: torch.Tensor, pos_weight: Any) -> torch.Tensor:
    """The cross entropy of probabilities and sigmoid(logits), in which positive labels count with a weight."""
    if labels.shape != logits.shape:
        raise ValueError(f"logits and labels must have the same shape, got {list(logits.shape)}, {list(labels.shape)}")
    weight = 1 + (pos_weight - 1) * labels
    return (1 - labels) * logits + weight * (F.softplus(-logits.abs()) + F.relu(-logits))  # type: ignore[no-any-return]


def log_poisson_loss(targets: torch.Tensor, log_input: torch.Tensor, compute_full_loss: bool = False) -> torch.Tensor:
    """The negative log likelihood of counts under Poisson distributions with these logarithms of means."""
    found = torch.exp(log_input) - log_input * targets
    if not compute_full_loss:
        return found
    inner = torch.where(targets > 1, targets, torch.ones_like(targets))
    stirling = targets * torch.log(inner) - targets + 0.5 * torch.log(2 * torch.pi * inner)
    return found + torch.where((targets >= 0) & (targets <= 1), torch.zeros_like(stirling), stirling)


def l2_loss(t: torch.Tensor) -> torch.Tensor:
    """Half the sum of squares."""
    return (t * t).sum() * 0.5


def bias_add(value: torch.Tensor, bias: torch.Tensor, data_format: str | None = None) -> torch.Tensor:
    """The value with a bias per channel: the last axis, or the second for 'NCHW'."""
    if bias.dim() != 1:
        raise ValueError(f"a bias is a list of numbers, got shape {list(bias.shape)}")
    first = data_format is not None and data_format.startswith("NC")
    if value.shape[1 if first else -1] != bias.shape[0]:
        raise ValueError(f"a bias of {bias.shape[0]} numbers does not fit a value of shape {list(value.shape)}")
    return value + (bias.reshape(-1, *([1] * (value.dim() - 2))) if first else bias)


def xw_plus_b(x: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
    """X times the weights, plus the biases."""
    return x @ weights + biases


def relu_layer(x: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
    """The positive part of x times the weights plus the biases."""
    return F.relu(x @ weights + biases)


def embedding_lookup(params: torch.Tensor, ids: torch.Tensor, max_norm: float | None = None) -> torch.Tensor:
    """The rows of a table at these ids, which may have any shape; shortened to a length if they are longer."""
    if params.dim() == 2:
        rows = F.embedding(ids.long(), params)
    else:  # a vector of biases, or a table of matrices
        rows = params.index_select(0, ids.long().reshape(-1)).reshape(*ids.shape, *params.shape[1:])
    if max_norm is None:
        return rows
    axes = tuple(range(ids.dim(), rows.dim()))
    length = torch.sqrt((rows * rows).sum(axes, keepdim=True))
    return rows * max_norm / torch.clamp(length, min=max_norm)
