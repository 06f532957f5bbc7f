"""From the start of a process to the first number of a gradient, as each framework's own user would write it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from environments import ROOT, surroundings
from pipe import Refused

SCRIPTS = {
    "graphgrad": """
import graphgrad as gg
x = gg.placeholder(gg.float32, [3])
print(gg.Session().run(gg.gradients(gg.reduce_sum(gg.sin(x) * x), x), {x: [1.0, 2.0, 3.0]})[0][0])
""",
    "torch": """
import torch
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
print(float(torch.autograd.grad((torch.sin(x) * x).sum(), x)[0][0]))
""",
    "tensorflow": """
import tensorflow.compat.v1 as tf
tf.disable_eager_execution()
x = tf.placeholder(tf.float32, [3])
print(tf.Session().run(tf.gradients(tf.reduce_sum(tf.sin(x) * x), x), {x: [1.0, 2.0, 3.0]})[0][0])
""",
    "jax": """
import jax, jax.numpy as jnp
print(float(jax.jit(jax.grad(lambda x: (jnp.sin(x) * x).sum()))(jnp.array([1.0, 2.0, 3.0]))[0]))
""",
    "pytensor": """
import pytensor, pytensor.tensor as pt
x = pt.vector(dtype="float32")
print(pytensor.function([x], pytensor.grad((pt.sin(x) * x).sum(), x))([1.0, 2.0, 3.0])[0])
""",
}
FIRST = 1.3817732906760363  # sin(1) + cos(1)
PATIENCE = 300.0


def start(framework: str, python: str, threads: int, scratch: Path) -> float:
    """Seconds until the number is printed, in a new process; caches on disk are kept from one to the next."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [python, "-c", SCRIPTS[framework]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=surroundings(framework, threads, scratch), cwd=ROOT if framework == "graphgrad" else os.sep,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    seconds = time.perf_counter() - began
    process.communicate(timeout=PATIENCE)
    if not line or abs(float(line) - FIRST) > 1e-5:
        raise Refused(f"printed {line.strip()!r}, not {FIRST}")
    return seconds
