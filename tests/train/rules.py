"""TF1's update rules in numpy, each for one variable, straight from the documented formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import graphgrad as gg

# TF1 has the betas and their powers in float32, whatever the variables' dtype is.
FLOAT32_BETAS = (float(np.float32(0.9)), float(np.float32(0.999)))

Rule = Callable[[dict[str, Any], np.ndarray, np.ndarray], np.ndarray]


def descend(rule: Rule, values: list[np.ndarray], gradients: Callable[..., Any], steps: int) -> Iterator[list[Any]]:
    """The variables after each step; a rule keeps what it likes in a dict of each variable's own."""
    kept: list[dict[str, Any]] = [{} for _ in values]
    for _ in range(steps):
        found = gradients(*values)
        values = [rule(memory, value, g) for memory, value, g in zip(kept, values, found, strict=True)]
        yield values


def momentum(rate: float, share: float, nesterov: bool) -> Rule:
    def rule(kept: dict[str, Any], value: np.ndarray, g: np.ndarray) -> np.ndarray:
        kept["sum"] = share * kept.get("sum", 0.0) + g
        return value - rate * (g + share * kept["sum"] if nesterov else kept["sum"])

    return rule


def adam(rate: float, beta1: float, beta2: float, epsilon: float = 1e-8, decay: float = 0.0) -> Rule:
    def rule(kept: dict[str, Any], value: np.ndarray, g: np.ndarray) -> np.ndarray:
        powers = kept["powers"] = kept.get("powers", np.float32([1, 1])) * np.float32([beta1, beta2])
        kept["m"] = beta1 * kept.get("m", 0.0) + (1 - beta1) * g
        kept["v"] = beta2 * kept.get("v", 0.0) + (1 - beta2) * g * g
        corrected = rate * np.sqrt(1 - np.float64(powers[1])) / (1 - np.float64(powers[0]))
        return value * (1 - decay) - corrected * kept["m"] / (np.sqrt(kept["v"]) + epsilon)

    return rule


def rmsprop(
    rate: float, decay: float = 0.9, share: float = 0.0, epsilon: float = 1e-10, centered: bool = False
) -> Rule:
    def rule(kept: dict[str, Any], value: np.ndarray, g: np.ndarray) -> np.ndarray:
        kept["rms"] = decay * kept.get("rms", 1.0) + (1 - decay) * g * g
        kept["mg"] = decay * kept.get("mg", 0.0) + (1 - decay) * g
        below = kept["rms"] + epsilon - (kept["mg"] ** 2 if centered else 0.0)
        kept["momentum"] = share * kept.get("momentum", 0.0) + rate * g / np.sqrt(below)
        return value - kept["momentum"]

    return rule


def adagrad(rate: float, first: float) -> Rule:
    def rule(kept: dict[str, Any], value: np.ndarray, g: np.ndarray) -> np.ndarray:
        kept["sum"] = kept.get("sum", first) + g * g
        return value - rate * g / np.sqrt(kept["sum"])

    return rule


def adadelta(rate: float, rho: float, epsilon: float) -> Rule:
    def rule(kept: dict[str, Any], value: np.ndarray, g: np.ndarray) -> np.ndarray:
        kept["sum"] = rho * kept.get("sum", 0.0) + (1 - rho) * g * g
        move = np.sqrt(kept.get("moves", 0.0) + epsilon) / np.sqrt(kept["sum"] + epsilon) * g
        kept["moves"] = rho * kept.get("moves", 0.0) + (1 - rho) * move * move
        return value - rate * move

    return rule


def ftrl(
    rate: float, power: float = -0.5, first: float = 0.1, l1: float = 0.0, l2: float = 0.0, shrinkage: float = 0.0,
    beta: float = 0.0,
) -> Rule:  # fmt: skip
    strength = l2 + beta / (2 * rate)

    def rule(kept: dict[str, Any], value: np.ndarray, g: np.ndarray) -> np.ndarray:
        old = kept.get("sum", first)
        new = kept["sum"] = old + g * g
        shrunk = g + 2 * shrinkage * value
        sigma = (new**-power - old**-power) / rate
        line = kept["linear"] = kept.get("linear", 0.0) + shrunk - sigma * value
        moved = (np.sign(line) * l1 - line) / (new**-power / rate + 2 * strength)
        return np.where(np.abs(line) > l1, moved, 0.0)

    return rule


# Name -> an optimizer, and its rule with the same settings.
RULES: dict[str, tuple[Callable[[], Any], Callable[[], Rule]]] = {
    "momentum": (lambda: gg.train.MomentumOptimizer(0.01, 0.9), lambda: momentum(0.01, 0.9, False)),
    "no momentum": (lambda: gg.train.MomentumOptimizer(0.01, 0.0), lambda: momentum(0.01, 0.0, False)),
    "nesterov": (
        lambda: gg.train.MomentumOptimizer(0.01, 0.9, use_nesterov=True),
        lambda: momentum(0.01, 0.9, True),
    ),
    "adam": (lambda: gg.train.AdamOptimizer(0.05), lambda: adam(0.05, *FLOAT32_BETAS)),
    "adam, large epsilon": (
        lambda: gg.train.AdamOptimizer(0.02, beta1=0.5, beta2=0.9, epsilon=0.1),
        lambda: adam(0.02, 0.5, 0.9, 0.1),
    ),
    "adamw": (lambda: gg.train.AdamWOptimizer(0.01, 0.02), lambda: adam(0.02, *FLOAT32_BETAS, decay=0.01)),
    "rmsprop": (lambda: gg.train.RMSPropOptimizer(0.01), lambda: rmsprop(0.01)),
    "rmsprop with momentum": (
        lambda: gg.train.RMSPropOptimizer(0.01, decay=0.8, momentum=0.9, epsilon=0.01),
        lambda: rmsprop(0.01, 0.8, 0.9, 0.01),
    ),
    "centered rmsprop": (
        lambda: gg.train.RMSPropOptimizer(0.002, momentum=0.5, epsilon=0.05, centered=True),
        lambda: rmsprop(0.002, 0.9, 0.5, 0.05, centered=True),
    ),
    "adagrad": (lambda: gg.train.AdagradOptimizer(0.1), lambda: adagrad(0.1, 0.1)),
    "adadelta": (lambda: gg.train.AdadeltaOptimizer(0.5, 0.9, 1e-3), lambda: adadelta(0.5, 0.9, 1e-3)),
    "ftrl": (lambda: gg.train.FtrlOptimizer(0.1), lambda: ftrl(0.1)),
    "ftrl with penalties": (
        lambda: gg.train.FtrlOptimizer(
            0.1, learning_rate_power=-0.3, initial_accumulator_value=0.2, l1_regularization_strength=0.02,
            l2_regularization_strength=0.1, l2_shrinkage_regularization_strength=0.3, beta=0.5,
        ),
        lambda: ftrl(0.1, -0.3, 0.2, 0.02, 0.1, 0.3, 0.5),
    ),
}  # fmt: skip
