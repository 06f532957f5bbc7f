"""Floor 7, `gg.train`: optimizers."""

from .optimizers import GradientDescentOptimizer, Optimizer

__all__ = ["GradientDescentOptimizer", "Optimizer"]
