"""JAX's work, by `jit`."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from contests import Row
from programs import HEADS, RATE, chain, follow, random_program, stopped_residual, stops
from serve import Task, by_rows, serve, timed

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

TABLE = {"sin": jnp.sin, "tanh": jnp.tanh, "add": jnp.add, "mul": jnp.multiply}
Size = dict[str, int]


def arrays(values: list[Any]) -> list[Any]:
    return [jnp.asarray(value if value.dtype == np.float32 else value.astype(np.int32)) for value in values]


def task(function: Callable[..., Any], *values: Any) -> Task:
    run = jax.jit(function)
    return Task(lambda: [np.asarray(each) for each in jax.tree.leaves(run(*values))])


# -- recording ----------------------------------------------------------------------------------------


def slope(program: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return jax.grad(lambda x: program(x).sum())


def record(row: Row, size: Size, tier: str) -> Task:
    lines, x = random_program(size["length"]), jnp.zeros(8)
    # A new function each time: JAX remembers the traces of those it knows.
    return Task(seconds=lambda: timed(lambda: jax.make_jaxpr(partial(follow, lines, TABLE))(x)))


def gradients(row: Row, size: Size, tier: str) -> Task:
    lines, x = random_program(size["length"]), jnp.zeros(8)
    return Task(seconds=lambda: timed(lambda: jax.make_jaxpr(slope(partial(follow, lines, TABLE)))(x)))


def stops_made(row: Row, size: Size, tier: str) -> Task:
    x = jnp.zeros(8)
    return Task(seconds=lambda: timed(lambda: jax.make_jaxpr(lambda x: stopped(x, size))(x)))


def stopped(x: Any, size: Size) -> list[Any]:
    """The program once more for each stop."""
    return [
        slope(partial(stopped_residual, jnp.tanh, jax.lax.stop_gradient, blocks=size["blocks"], place=place))(x)
        for place in stops(**size)
    ]


# -- small operations ---------------------------------------------------------------------------------


def sines(row: Row, size: Size, tier: str) -> Task:
    return task(slope(partial(chain, jnp.sin, length=size["length"])), *arrays(row.problem(size).inputs))


def random(row: Row, size: Size, tier: str) -> Task:
    return task(slope(partial(follow, random_program(size["length"]), TABLE)), *arrays(row.problem(size).inputs))


def stops_run(row: Row, size: Size, tier: str) -> Task:
    return task(lambda x: stopped(x, size), *arrays(row.problem(size).inputs))


# -- training steps -----------------------------------------------------------------------------------


def step_of(loss: Callable[..., Any], row: Row, size: Size, tier: str) -> Task:
    problem = row.problem(size)
    parameters, batch = arrays(problem.parameters), arrays(problem.inputs)

    @partial(jax.jit, donate_argnums=0)
    def step(parameters: Any, *batch: Any) -> Any:
        found, slopes = jax.value_and_grad(loss)(parameters, *batch)
        return found, [value - RATE * change for value, change in zip(parameters, slopes, strict=True)]

    def call() -> list[Any]:
        nonlocal parameters
        found, parameters = step(parameters, *batch)
        jax.block_until_ready(parameters)
        return [np.asarray(found)]

    return Task(call)


def cross_entropy(scores: Any, targets: Any) -> Any:
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), targets[..., None], axis=-1).mean()


def perceptron_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    hidden = inputs
    for layer in range(0, len(parameters), 2):
        hidden = (hidden if layer == 0 else jax.nn.relu(hidden)) @ parameters[layer].T + parameters[layer + 1]
    return cross_entropy(hidden, targets)


def convolved(hidden: Any, kernel: Any, bias: Any) -> Any:
    hidden = jax.lax.conv_general_dilated(hidden, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    hidden = jax.nn.relu(hidden + bias)
    return jax.lax.reduce_window(hidden, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def convnet_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    hidden = convolved(convolved(inputs, *parameters[:2]), *parameters[2:4])
    return cross_entropy(hidden.reshape(len(hidden), -1) @ parameters[4] + parameters[5], targets)


def convnet(row: Row, size: Size, tier: str) -> Task:
    """Channels last, as XLA wants them on a CPU."""
    first, first_bias, second, second_bias, last, last_bias = row.problem(size).parameters
    inputs, targets = row.problem(size).inputs
    last = last.reshape(10, 32, 8, 8).transpose(2, 3, 1, 0).reshape(-1, 10)
    parameters = [first.transpose(2, 3, 1, 0), first_bias, second.transpose(2, 3, 1, 0), second_bias, last, last_bias]
    changed = type(row.problem(size))(parameters, [inputs.transpose(0, 2, 3, 1), targets])
    return step_of(convnet_loss, Row(**{**vars(row), "problem": lambda size: changed}), size, tier)


def normal(x: Any, gain: Any, bias: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * gain + bias


def attend(projected: Any) -> Any:
    batch, length, width = projected.shape
    queries, keys, values = jnp.moveaxis(projected.reshape(batch, length, 3, HEADS, -1), 2, 0)
    return jax.nn.dot_product_attention(queries, keys, values, is_causal=True).reshape(batch, length, width // 3)


def block(hidden: Any, g1: Any, b1: Any, wqkv: Any, bqkv: Any, wo: Any, bo: Any, *rest: Any) -> Any:
    g2, b2, w1, c1, w2, c2 = rest
    hidden = hidden + attend(normal(hidden, g1, b1) @ wqkv.T + bqkv) @ wo.T + bo
    return hidden + jax.nn.gelu(normal(hidden, g2, b2) @ w1.T + c1, approximate=False) @ w2.T + c2


def transformer_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    words, places, *blocks = parameters
    hidden = words[inputs] + places
    for start in range(0, len(blocks), 12):
        hidden = block(hidden, *blocks[start : start + 12])
    return cross_entropy(hidden @ words.T, targets)


def recurrent_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    enter, again, bias = parameters

    def body(both: Any, row: Any) -> Any:
        state, memory = both
        entering, forget, change, leave = jnp.split(row + state @ again.T, 4, -1)
        memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(entering) * jnp.tanh(change)
        return (jax.nn.sigmoid(leave) * jnp.tanh(memory), memory), None

    first = jnp.zeros_like(targets)
    (state, _), _ = jax.lax.scan(body, (first, first), inputs @ enter.T + bias)
    return ((state - targets) ** 2).mean()


def critic(parameters: list[Any], x: Any) -> Any:
    *hidden, last, bias = parameters
    for layer in range(0, len(hidden), 2):
        x = jnp.tanh(x @ hidden[layer].T + hidden[layer + 1])
    return (x @ last.T + bias)[:, 0]


def penalty_loss(parameters: list[Any], x: Any) -> Any:
    def total(x: Any) -> Any:
        scores = critic(parameters, x)
        return scores.sum(), scores

    slopes, scores = jax.grad(total, has_aux=True)(x)
    return scores.mean() + 10 * ((jnp.sqrt((slopes**2).sum(1)) - 1) ** 2).mean()


# -- higher derivatives -------------------------------------------------------------------------------


def two_layers(first: Any, second: Any, x: Any) -> Any:
    return jnp.tanh(x @ first.T) @ second.T


def height(first: Any, second: Any, x: Any) -> Any:
    return jax.nn.logsumexp(jnp.tanh(two_layers(first, second, x)), -1)


def hessian(row: Row, size: Size, tier: str) -> Task:
    def rowwise(x: Any, *weights: Any) -> Any:
        slopes = jax.grad(lambda rows: height(*weights, rows).sum())
        return jax.grad(lambda rows: jnp.trace(slopes(rows)))(jnp.tile(x, (size["inputs"], 1)))

    whole = jax.hessian(lambda x, *weights: height(*weights, x))
    return derivative_of(rowwise if by_rows(tier) else whole, row, size)


def jacobian(row: Row, size: Size, tier: str) -> Task:
    def rowwise(x: Any, *weights: Any) -> Any:
        return jax.grad(lambda rows: jnp.trace(two_layers(*weights, rows)))(jnp.tile(x, (size["outputs"], 1)))

    whole = jax.jacrev(lambda x, *weights: two_layers(*weights, x))
    return derivative_of(rowwise if by_rows(tier) else whole, row, size)


def derivative_of(function: Callable[..., Any], row: Row, size: Size) -> Task:
    problem = row.problem(size)
    return task(function, *arrays(problem.inputs), *arrays(problem.parameters))


# -- the pipe -----------------------------------------------------------------------------------------

WORK: dict[str, Callable[[Row, Size, str], Task]] = {
    "record": record,
    "gradients": gradients,
    "chain": sines,
    "random": random,
    "mlp": partial(step_of, perceptron_loss),
    "convnet": convnet,
    "transformer": partial(step_of, transformer_loss),
    "lstm": partial(step_of, recurrent_loss),
    "hessian": hessian,
    "jacobian": jacobian,
    "stops_made": stops_made,
    "stops_run": stops_run,
    "penalty": partial(step_of, penalty_loss),
}


def wake() -> None:
    x = jnp.ones((8, 8))
    np.asarray(jax.jit(jax.grad(lambda x: jnp.sin(x @ x).sum()))(x))


if __name__ == "__main__":
    serve(f"JAX {jax.__version__}", lambda row, size, tier: WORK[row.work](row, size, tier), wake)
