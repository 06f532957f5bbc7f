# ruff: noqa
# fmt: off
"""Two interleaved half circles."""
import numpy as np


def make_moons(n):
    rng = np.random.RandomState(0)
    angle = rng.uniform(0, np.pi, n)
    label = rng.randint(0, 2, n)
    x = np.stack([np.cos(angle) * (1 - 2 * label) + label, np.sin(angle) * (1 - 2 * label) + 0.5 * label], 1)
    return (x + 0.1 * rng.randn(n, 2)).astype(np.float32), label.astype(np.int64)
