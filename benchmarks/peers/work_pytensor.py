"""PyTensor's work, by its compiler to numba or to C."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from contests import Row
from programs import HEADS, RATE, chain, follow, random_program, residual, stops
from serve import Task, by_rows, compiler, serve, tier, timed

TABLE = {"sin": pt.sin, "tanh": pt.tanh, "add": pt.add, "mul": pt.mul}
MODES = {"": "NUMBA", "c": "CVM"}
Size = dict[str, int]

pytensor.config.floatX = "float32"
sys.setrecursionlimit(10_000_000)  # it walks graphs by recursion


def symbols(values: list[np.ndarray]) -> list[Any]:
    return [pt.tensor(dtype=value.dtype, shape=value.shape) for value in values]


def task(build: Callable[..., Any], parameters: list[Any], values: list[Any], tier: str) -> Task:
    """What `build` makes of shared variables and inputs: answers, and new values of the variables."""
    inputs = symbols(values)
    answers, updates = build([pytensor.shared(value) for value in parameters], *inputs)
    run = pytensor.function(inputs, answers, updates=updates, mode=MODES[tier], on_unused_input="ignore")
    return Task(lambda: [np.asarray(each) for each in run(*values)])


# -- recording ----------------------------------------------------------------------------------------


def record(row: Row, size: Size, tier: str) -> Task:
    lines, x = random_program(size["length"]), pt.vector(shape=(8,))
    return Task(seconds=lambda: timed(lambda: follow(lines, TABLE, x)))


def gradients(row: Row, size: Size, tier: str) -> Task:
    lines, x = random_program(size["length"]), pt.vector(shape=(8,))
    return Task(seconds=lambda: timed(lambda: pytensor.grad(follow(lines, TABLE, x).sum(), x)))


def stops_made(row: Row, size: Size, tier: str) -> Task:
    def seconds() -> float:
        x = pt.vector(shape=(8,))
        y, places = residual(pt.tanh, x, size["blocks"])
        return timed(lambda: stopped(y, x, places, size))

    return Task(seconds=seconds)


def stopped(y: Any, x: Any, places: list[Any], size: Size) -> list[Any]:
    return [pytensor.grad(y.sum(), x, consider_constant=[places[place]]) for place in stops(**size)]


# -- small operations ---------------------------------------------------------------------------------


def slope_of(program: Callable[[Any], Any], row: Row, size: Size, tier: str) -> Task:
    return task(lambda _, x: ([pytensor.grad(program(x).sum(), x)], []), [], row.problem(size).inputs, tier)


def sines(row: Row, size: Size, tier: str) -> Task:
    return slope_of(partial(chain, pt.sin, length=size["length"]), row, size, tier)


def random(row: Row, size: Size, tier: str) -> Task:
    return slope_of(partial(follow, random_program(size["length"]), TABLE), row, size, tier)


def stops_run(row: Row, size: Size, tier: str) -> Task:
    def build(_: Any, x: Any) -> Any:
        y, places = residual(pt.tanh, x, size["blocks"])
        return stopped(y, x, places, size), []

    return task(build, [], row.problem(size).inputs, tier)


# -- training steps -----------------------------------------------------------------------------------


def step_of(loss: Callable[..., Any], row: Row, size: Size, tier: str) -> Task:
    problem = row.problem(size)

    def build(variables: list[Any], *batch: Any) -> Any:
        found = loss(variables, *batch, size)
        slopes = pytensor.grad(found, variables)
        rate = np.float32(RATE)
        return [found], [(value, value - rate * slope) for value, slope in zip(variables, slopes, strict=True)]

    return task(build, problem.parameters, problem.inputs, tier)


def cross_entropy(scores: Any, targets: Any) -> Any:
    logarithms = pt.special.log_softmax(scores, axis=-1)
    return -logarithms[pt.arange(targets.shape[0]), targets].mean(dtype="float32")


def perceptron_loss(parameters: list[Any], inputs: Any, targets: Any, size: Size) -> Any:
    hidden = inputs
    for layer in range(0, len(parameters), 2):
        hidden = (hidden if layer == 0 else pt.maximum(hidden, 0)) @ parameters[layer].T + parameters[layer + 1]
    return cross_entropy(hidden, targets)


def convolved(hidden: Any, kernel: Any, bias: Any, shape: tuple[int, int, int, int]) -> Any:
    """The convolution as one product with all shifts, since PyTensor has none for batches with channels."""
    batch, channels, height, width = shape
    padded = pt.zeros((batch, channels, height + 2, width + 2), dtype="float32")[:, :, 1:-1, 1:-1].set(hidden)
    shifts = [padded[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    columns = pt.stack(shifts, axis=2).transpose(0, 3, 4, 1, 2).reshape((batch * height * width, channels * 9))
    result = columns @ kernel.reshape((-1, channels * 9)).T + bias
    result = pt.maximum(result, 0).reshape((batch, height // 2, 2, width // 2, 2, -1))
    return result.max(axis=(2, 4)).transpose(0, 3, 1, 2)


def convnet_loss(parameters: list[Any], inputs: Any, targets: Any, size: Size) -> Any:
    hidden = convolved(inputs, *parameters[:2], (size["batch"], 3, 32, 32))
    hidden = convolved(hidden, *parameters[2:4], (size["batch"], 16, 16, 16))
    return cross_entropy(hidden.reshape((size["batch"], -1)) @ parameters[4].T + parameters[5], targets)


def normal(x: Any, gain: Any, bias: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True, dtype="float32")
    spread = (centred**2).mean(-1, keepdims=True, dtype="float32")
    return centred / pt.sqrt(spread + np.float32(1e-5)) * gain + bias


def attend(projected: Any, size: Size) -> Any:
    batch, length, width = size["batch"], size["length"], size["width"]
    parts = projected.reshape((batch, length, 3, HEADS, width // HEADS)).transpose(2, 0, 3, 1, 4)
    scores = parts[0] @ parts[1].transpose(0, 1, 3, 2) * np.float32((width // HEADS) ** -0.5)
    weights = pt.special.softmax(scores + np.triu(np.full((length, length), -1e9, np.float32), 1), axis=-1)
    return (weights @ parts[2]).transpose(0, 2, 1, 3).reshape((batch * length, width))


def block(hidden: Any, size: Size, g1: Any, b1: Any, wqkv: Any, bqkv: Any, wo: Any, bo: Any, *rest: Any) -> Any:
    g2, b2, w1, c1, w2, c2 = rest
    hidden = hidden + attend(normal(hidden, g1, b1) @ wqkv.T + bqkv, size) @ wo.T + bo
    wide = normal(hidden, g2, b2) @ w1.T + c1
    wide = wide * np.float32(0.5) * (1 + pt.erf(wide * np.float32(0.5**0.5)))
    return hidden + wide @ w2.T + c2


def transformer_loss(parameters: list[Any], inputs: Any, targets: Any, size: Size) -> Any:
    words, places, *blocks = parameters
    hidden = (words[inputs] + places).reshape((-1, size["width"]))
    for start in range(0, len(blocks), 12):
        hidden = block(hidden, size, *blocks[start : start + 12])
    return cross_entropy(hidden @ words.T, targets.flatten())


def recurrent_loss(parameters: list[Any], inputs: Any, targets: Any, size: Size) -> Any:
    enter, again, bias = parameters
    steps, batch, width = size["steps"], size["batch"], size["width"]
    rows = (inputs.reshape((steps * batch, -1)) @ enter.T + bias).reshape((steps, batch, 4 * width))

    def body(row: Any, state: Any, memory: Any, again: Any) -> Any:
        gates = row + state @ again.T
        entering, forget, change, leave = (gates[:, n * width : (n + 1) * width] for n in range(4))
        memory = pt.sigmoid(forget) * memory + pt.sigmoid(entering) * pt.tanh(change)
        return pt.sigmoid(leave) * pt.tanh(memory), memory

    first = pt.zeros((batch, width), dtype="float32")
    states, _ = pytensor.scan(
        body, sequences=[rows], outputs_info=[first, first], non_sequences=[again], strict=True, return_updates=False
    )
    return ((states[-1] - targets) ** 2).mean(dtype="float32")


def critic(parameters: list[Any], x: Any) -> Any:
    *hidden, last, bias = parameters
    for layer in range(0, len(hidden), 2):
        x = pt.tanh(x @ hidden[layer].T + hidden[layer + 1])
    return (x @ last.T + bias)[:, 0]


def penalty_loss(parameters: list[Any], x: Any, size: Size) -> Any:
    scores = critic(parameters, x)
    lengths = pt.sqrt((pytensor.grad(scores.sum(), x) ** 2).sum(1))
    return scores.mean(dtype="float32") + np.float32(10) * ((lengths - 1) ** 2).mean(dtype="float32")


# -- higher derivatives -------------------------------------------------------------------------------


def two_layers(first: Any, second: Any, x: Any) -> Any:
    return pt.tanh(x @ first.T) @ second.T


def height(first: Any, second: Any, x: Any) -> Any:
    return pt.logsumexp(pt.tanh(two_layers(first, second, x)), axis=-1)


def hessian(row: Row, size: Size, tier: str) -> Task:
    def build(weights: list[Any], x: Any) -> Any:
        if not by_rows(tier):
            return [pytensor.gradient.jacobian(pytensor.grad(height(*weights, x), x), x, vectorize=True)], []
        rows = pt.tile(x, (size["inputs"], 1))
        slopes = pytensor.grad(height(*weights, rows).sum(), rows)
        return [pytensor.grad(slopes.trace(), rows)], []

    return derivative_of(build, row, size, tier)


def jacobian(row: Row, size: Size, tier: str) -> Task:
    def build(weights: list[Any], x: Any) -> Any:
        if not by_rows(tier):
            return [pytensor.gradient.jacobian(two_layers(*weights, x), x, vectorize=True)], []
        rows = pt.tile(x, (size["outputs"], 1))
        return [pytensor.grad(two_layers(*weights, rows).trace(), rows)], []

    return derivative_of(build, row, size, tier)


def derivative_of(build: Callable[..., Any], row: Row, size: Size, tier: str) -> Task:
    problem = row.problem(size)
    return task(build, problem.parameters, problem.inputs, compiler(tier))


# -- the pipe -----------------------------------------------------------------------------------------

WORK: dict[str, Callable[[Row, Size, str], Task]] = {
    "record": record,
    "gradients": gradients,
    "chain": sines,
    "random": random,
    "mlp": partial(step_of, perceptron_loss),
    "convnet": partial(step_of, convnet_loss),
    "transformer": partial(step_of, transformer_loss),
    "lstm": partial(step_of, recurrent_loss),
    "hessian": hessian,
    "jacobian": jacobian,
    "stops_made": stops_made,
    "stops_run": stops_run,
    "penalty": partial(step_of, penalty_loss),
}


def wake() -> None:
    x = pt.matrix()
    run = pytensor.function([x], pytensor.grad(pt.sin(x @ x).sum(), x), mode=MODES[compiler(tier())])
    run(np.ones((8, 8), np.float32))


if __name__ == "__main__":
    serve(f"PyTensor {pytensor.__version__}", lambda row, size, tier: WORK[row.work](row, size, tier), wake)
