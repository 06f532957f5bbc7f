"""Every loss of torch.nn on the output of a layer, for each reduction, with a known and an unknown batch size."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.models.compare import compare, normal

ROWS, WIDTH = 5, 3


@dataclass
class Case:
    """A loss: its class, what it is compared with, how many outputs it reads, what stands before it."""

    kind: Callable[..., nn.Module]
    targets: Callable[[], list[np.ndarray[Any, Any]]]
    outputs: int = 1
    before: Callable[[torch.Tensor], torch.Tensor] | None = None
    options: tuple[tuple[str, Any], ...] = ()


def real():
    return [normal(ROWS, WIDTH)]


def positive():
    return [np.abs(normal(ROWS, WIDTH)).round()]


def signs(*shape):
    return [np.sign(normal(*shape))]


def binary():
    return [np.random.randint(0, 2, (ROWS, WIDTH)).astype(np.float64)]


def classes():
    return [np.random.randint(0, WIDTH, ROWS)]


def probabilities():
    values = np.abs(normal(ROWS, WIDTH))
    return [values / values.sum(axis=1, keepdims=True)]


def log_softmax(x):
    return torch.log_softmax(x, dim=1)


WEIGHT = torch.tensor([0.2, 0.5, 1.3], dtype=torch.float64)
LOSSES = {
    "L1Loss": Case(nn.L1Loss, real),
    "MSELoss": Case(nn.MSELoss, real),
    "SmoothL1Loss": Case(nn.SmoothL1Loss, real),
    "HuberLoss": Case(nn.HuberLoss, real),
    "SoftMarginLoss": Case(nn.SoftMarginLoss, lambda: signs(ROWS, WIDTH)),
    "CrossEntropyLoss": Case(nn.CrossEntropyLoss, classes),
    "CrossEntropyLoss, options": Case(
        nn.CrossEntropyLoss, classes,
        options=(("weight", WEIGHT), ("label_smoothing", 0.1), ("ignore_index", 1)),
    ),
    "CrossEntropyLoss, probabilities": Case(nn.CrossEntropyLoss, probabilities),
    "NLLLoss": Case(nn.NLLLoss, classes, before=log_softmax),
    "KLDivLoss": Case(nn.KLDivLoss, probabilities, before=log_softmax),
    "BCELoss": Case(nn.BCELoss, binary, before=torch.sigmoid),
    "BCEWithLogitsLoss": Case(nn.BCEWithLogitsLoss, binary, options=(("pos_weight", WEIGHT),)),
    "PoissonNLLLoss": Case(nn.PoissonNLLLoss, positive),
    "PoissonNLLLoss, full": Case(nn.PoissonNLLLoss, positive, options=(("full", True),)),
    "GaussianNLLLoss": Case(nn.GaussianNLLLoss, lambda: [*real(), np.abs(normal(ROWS, WIDTH)) + 0.1]),
    "HingeEmbeddingLoss": Case(nn.HingeEmbeddingLoss, lambda: signs(ROWS, WIDTH)),
    "MultiLabelSoftMarginLoss": Case(nn.MultiLabelSoftMarginLoss, binary),
    "CosineEmbeddingLoss": Case(nn.CosineEmbeddingLoss, lambda: signs(ROWS), outputs=2),
    "MarginRankingLoss": Case(nn.MarginRankingLoss, lambda: signs(ROWS, WIDTH), outputs=2),
    "TripletMarginLoss": Case(nn.TripletMarginLoss, real, outputs=2),
    "TripletMarginWithDistanceLoss": Case(
        nn.TripletMarginWithDistanceLoss, real, outputs=2, options=(("distance_function", nn.PairwiseDistance()),)
    ),
}  # fmt: skip


class Judged(nn.Module):
    """Layers, one per output, and the loss of what they give."""

    def __init__(self, case, reduction):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, WIDTH) for _ in range(case.outputs)])
        self.before = case.before
        self.loss = case.kind(reduction=reduction, **dict(case.options))

    def forward(self, x, *targets):
        outputs = [layer(x) for layer in self.layers]
        if self.before is not None:
            outputs = [self.before(output) for output in outputs]
        return self.loss(*outputs, *targets)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss")
@pytest.mark.parametrize(("reduction", "unknown"), [("mean", ()), ("mean", (0,)), ("sum", ()), ("none", (0,))], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, reduction, unknown):
    case = LOSSES[name]
    targets = case.targets()
    compare(Judged(case, reduction).double(), [normal(ROWS, 4), *targets], [unknown] * (1 + len(targets)))


class Spoken(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 5)
        self.loss = nn.CTCLoss()

    def forward(self, x, targets, lengths, target_lengths):
        return self.loss(self.layer(x).log_softmax(dim=-1), targets, lengths, target_lengths)


def test_ctc():
    arrays = [normal(6, 2, 4), np.random.randint(1, 5, (2, 3)), np.array([6, 5]), np.array([3, 2])]
    compare(Spoken().double(), arrays)
