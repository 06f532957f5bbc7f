"""What an optimizer's step costs next to torch's own: `python benchmarks/train.py`."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from measure import Samples, Table, arguments, interleave, run_sections, timer
from models import Model, Step, perceptron, transformer

import graphgrad as gg

STEP_BUDGET = 1.05  # times the step with torch's optimizer
SAMPLE = 0.02  # seconds
PAIRS = 30  # of a step, at least
ROUNDS_A_COPY = 3
RATE = 1e-4


@dataclass(frozen=True)
class Rule:
    """One optimizer of both libraries, each at its fastest.

    Attributes:
        exact: whether the two do the same sums, so that their losses must agree.
    """

    name: str
    ours: Callable[[], gg.train.Optimizer]
    theirs: Callable[[list[torch.Tensor]], torch.optim.Optimizer]
    exact: bool = True


RULES = (
    Rule(
        "SGD with momentum",
        lambda: gg.train.MomentumOptimizer(RATE, 0.9),
        lambda parameters: torch.optim.SGD(parameters, RATE, momentum=0.9, fused=True),
    ),
    Rule(
        "Adam",
        lambda: gg.train.AdamOptimizer(RATE),
        lambda parameters: torch.optim.Adam(parameters, RATE, fused=True),
    ),
    Rule(
        "RMSProp",  # torch has no fused one; its squares start at zero
        lambda: gg.train.RMSPropOptimizer(RATE),
        lambda parameters: torch.optim.RMSprop(parameters, RATE, alpha=0.9, foreach=True),
        exact=False,
    ),
    Rule(
        "RMSProp with momentum",
        lambda: gg.train.RMSPropOptimizer(RATE, momentum=0.9),
        lambda parameters: torch.optim.RMSprop(parameters, RATE, alpha=0.9, momentum=0.9, foreach=True),
        exact=False,
    ),
    Rule(
        "Adagrad",
        lambda: gg.train.AdagradOptimizer(RATE, initial_accumulator_value=0.1),
        lambda parameters: torch.optim.Adagrad(parameters, RATE, initial_accumulator_value=0.1, eps=0.0, fused=True),
    ),
)


def models(quick: bool) -> Iterator[Model]:
    """The multilayer perceptron and a small transformer."""
    torch.manual_seed(0)
    yield perceptron()
    yield transformer(2 if quick else 4, batch=2 if quick else 8)


def steps(options: argparse.Namespace) -> list[Table]:
    """A training step with each optimizer: forward, gradients, update."""
    table = Table("A training step against the same step with torch's optimizer", "ms")
    rounds = options.rounds if options.quick else max(PAIRS, options.rounds)
    for model in models(options.quick):
        for rule in RULES:
            samples = step_samples(model, rule, rounds)
            table.row(
                f"{model.name}, {rule.name}", samples["ours"], "torch.optim", samples["torch"],
                scale=1e3, ratio_at_most=STEP_BUDGET,
            )  # fmt: skip
            table.row("  noise: torch.optim", samples["torch"], "once more", samples["torch again"], scale=1e3)
    return [table]


def step_samples(model: Model, rule: Rule, rounds: int) -> Samples:
    """Samples of both, some rounds with each of several copies: where parameters lie in memory makes up to 3%."""
    samples: Samples = {}
    shuffled = random.Random(0)
    makers = {
        "ours": partial(recorded, model, rule),
        "torch": partial(by_hand, model, rule),
        "torch again": partial(by_hand, model, rule),
    }
    for _ in range(-(-rounds // ROUNDS_A_COPY)):
        order = list(makers)
        shuffled.shuffle(order)
        made = {name: makers[name]() for name in order}
        works = {name: partial(made[name], model.inputs, model.targets) for name in makers}
        losses = {name: [float(work()) for _ in range(5)] for name, work in works.items()}
        if rule.exact and not np.allclose(losses["ours"], losses["torch"], rtol=1e-4):
            raise AssertionError(f"{model.name}, {rule.name}: the losses differ: {losses}")
        timers = {name: timer(work, lasting=SAMPLE) for name, work in works.items()}
        for name, found in interleave(timers, ROUNDS_A_COPY).items():
            samples.setdefault(name, []).extend(found)
    return samples


def by_hand(model: Model, rule: Rule) -> Step:
    """The step as one writes it in eager torch."""
    parameters = [tensor.clone().requires_grad_() for tensor in model.parameters]
    optimizer = rule.theirs(parameters)

    def step(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss = model.loss(parameters, inputs, targets)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def recorded(model: Model, rule: Rule) -> Step:
    """The step in a graph and a session of its own."""
    with gg.Graph().as_default():
        inputs = gg.placeholder(model.inputs.dtype, list(model.inputs.shape))
        targets = gg.placeholder(model.targets.dtype, list(model.targets.shape))
        loss = model.loss([gg.Variable(tensor) for tensor in model.parameters], inputs, targets)
        update = rule.ours().minimize(loss)
        session = gg.Session(outputs="torch")
        session.run(gg.global_variables_initializer())
        run: Callable[..., Any] = session.make_callable([loss, update], [inputs, targets])
        return lambda x, t: run(x, t)[0]


SECTIONS = {"steps": steps}

if __name__ == "__main__":
    sys.exit(run_sections(arguments(__doc__, rounds=30), SECTIONS))
