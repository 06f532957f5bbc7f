"""JAX as a peer: run by `peers.py` with an interpreter that has JAX."""

from __future__ import annotations

import functools
import gc
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from peers import serve
from programs import BATCH, MLP, RATE, chain, follow, random_program

THREADS = int(sys.argv[1])
if hasattr(os, "sched_setaffinity"):  # the size of XLA's thread pool is the number of cores it may use
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-THREADS:])
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

TABLE = {"sin": jnp.sin, "tanh": jnp.tanh, "add": jnp.add, "mul": jnp.multiply}
WORDS = {
    "record": "make_jaxpr",
    "gradients": "make_jaxpr(grad)",
    "first": "jit: lower and compile",
    "step": "jit",
    "train": "jit",
}


def timed(work: Callable[[], Any], units: int) -> float:
    """Seconds per unit; earlier garbage is collected first."""
    gc.collect()
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) / units


def program_of(program: str, length: int) -> Callable[[Any], Any]:
    """The program as a new function, which JAX has not traced yet."""
    if program == "chain":
        return functools.partial(chain, jnp.sin, length=length)
    return functools.partial(follow, random_program(length), TABLE)


def slope_of(program: str, length: int) -> Callable[[Any], Any]:
    run = program_of(program, length)
    return jax.grad(lambda x: run(x).sum())


def record(program: str, length: int) -> float:
    run = program_of(program, length)
    x = jnp.zeros((64, 64))
    return timed(lambda: jax.make_jaxpr(run)(x), length)


def gradients(program: str, length: int) -> float:
    slope = slope_of(program, length)
    x = jnp.zeros((64, 64))
    return timed(lambda: jax.make_jaxpr(slope)(x), length)


def first(program: str, length: int) -> float:
    traced = jax.jit(slope_of(program, length)).trace(jnp.zeros(8))
    return timed(lambda: traced.lower().compile(), length)


@functools.cache
def prepared(program: str, length: int) -> Callable[[], Any]:
    run = jax.jit(slope_of(program, length))
    x = np.full(8, 0.5, np.float32)
    return lambda: np.asarray(run(x))


def step(program: str, length: int, repeats: int) -> float:
    run = prepared(program, length)
    run()
    return timed(lambda: [run() for _ in range(repeats)], repeats * length)


def loss_of(parameters: list[Any], x: Any, targets: Any) -> Any:
    hidden = x
    for layer, (weight, bias) in enumerate(parameters):
        hidden = (hidden if layer == 0 else jax.nn.relu(hidden)) @ weight + bias
    chosen = jnp.take_along_axis(jax.nn.log_softmax(hidden), targets[:, None], axis=1)
    return -chosen.mean()


@functools.partial(jax.jit, donate_argnums=0)
def update(parameters: list[Any], x: Any, targets: Any) -> Any:
    loss, slopes = jax.value_and_grad(loss_of)(parameters, x, targets)
    return loss, jax.tree.map(lambda value, slope: value - RATE * slope, parameters, slopes)


@functools.cache
def perceptron() -> Callable[[], Any]:
    draw = np.random.default_rng(0)
    state = [
        (jnp.asarray(draw.standard_normal((width, size)) / width**0.5, jnp.float32), jnp.zeros(size))
        for width, size in zip(MLP[:-1], MLP[1:], strict=True)
    ]
    inputs = draw.standard_normal((BATCH, MLP[0])).astype(np.float32)
    labels = draw.integers(0, MLP[-1], BATCH).astype(np.int32)

    def run() -> Any:
        nonlocal state
        loss, state = update(state, inputs, labels)
        return np.asarray(loss)

    return run


def train(repeats: int) -> float:
    run = perceptron()
    run()
    return timed(lambda: [run() for _ in range(repeats)], repeats)


if __name__ == "__main__":
    tasks = {"record": record, "gradients": gradients, "first": first, "step": step, "train": train}
    serve(f"JAX {jax.__version__}", WORDS, tasks)
