"""graphgrad's work: a tier is what `Session(compile=...)` takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from contests import Row
from hand import cell, convnet_loss, critic, height, penalized, perceptron_loss, transformer_loss, two_layers
from programs import RATE, chain, follow, random_program, residual, stops
from serve import Task, by_rows, compiler, serve, threads, timed
from torch.nn import functional as F

import graphgrad as gg

TABLE = {"sin": torch.sin, "tanh": torch.tanh, "add": torch.add, "mul": torch.mul}
Size = dict[str, int]


def run_of(tier: str, fetches: Any, inputs: list[Any], values: list[torch.Tensor]) -> Task:
    """The fetches as a callable of its own session, on these values."""
    session = gg.Session(compile=tier)
    session.run(gg.global_variables_initializer())
    run = session.make_callable(fetches, inputs)
    return Task(lambda: [found for found in run(*values) if found is not None])


def tensors(arrays: list[Any]) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def fed(values: list[torch.Tensor]) -> list[Any]:
    return [gg.placeholder(value.dtype, list(value.shape)) for value in values]


# -- recording ----------------------------------------------------------------------------------------


def record(row: Row, size: Size, tier: str) -> Task:
    lines = random_program(size["length"])

    def seconds() -> float:
        with gg.Graph().as_default():
            x = gg.placeholder(gg.float32, [8])
            return timed(lambda: follow(lines, TABLE, x))

    return Task(seconds=seconds)


def gradients(row: Row, size: Size, tier: str) -> Task:
    lines = random_program(size["length"])

    def seconds() -> float:
        with gg.Graph().as_default():
            x = gg.placeholder(gg.float32, [8])
            return timed(lambda: gg.gradients(follow(lines, TABLE, x), x))

    return Task(seconds=seconds)


def stops_made(row: Row, size: Size, tier: str) -> Task:
    def seconds() -> float:
        with gg.Graph().as_default():
            x = gg.placeholder(gg.float32, [8])
            y, places = residual(torch.tanh, x, size["blocks"])
            return timed(lambda: stopped(y, x, places, size))

    return Task(seconds=seconds)


def stopped(y: Any, x: Any, places: list[Any], size: Size) -> list[Any]:
    return [gg.gradients(y, x, stop_gradients=[places[place]])[0] for place in stops(**size)]


# -- small operations ---------------------------------------------------------------------------------


def slope_of(program: Callable[[Any], Any], row: Row, size: Size, tier: str) -> Task:
    with gg.Graph().as_default():
        values = tensors(row.problem(size).inputs)
        (x,) = fed(values)
        return run_of(tier, gg.gradients(program(x), x), [x], values)


def sines(row: Row, size: Size, tier: str) -> Task:
    return slope_of(partial(chain, torch.sin, length=size["length"]), row, size, tier)


def random(row: Row, size: Size, tier: str) -> Task:
    return slope_of(partial(follow, random_program(size["length"]), TABLE), row, size, tier)


def stops_run(row: Row, size: Size, tier: str) -> Task:
    with gg.Graph().as_default():
        values = tensors(row.problem(size).inputs)
        (x,) = fed(values)
        y, places = residual(torch.tanh, x, size["blocks"])
        return run_of(tier, stopped(y, x, places, size), [x], values)


# -- training steps -----------------------------------------------------------------------------------


def step_of(loss: Callable[..., Any], row: Row, size: Size, tier: str) -> Task:
    problem = row.problem(size)
    with gg.Graph().as_default():
        values = tensors(problem.inputs)
        inputs = fed(values)
        found = loss([gg.Variable(array) for array in problem.parameters], *inputs)
        update = gg.train.GradientDescentOptimizer(RATE).minimize(found)
        return run_of(tier, [found, update], inputs, values)


def recurrent_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    enter, again, bias = parameters

    def body(both: Any, row: Any) -> Any:
        state, memory = both
        return cell(row + F.linear(state, again), memory)

    first = torch.zeros_like(targets)
    state, _ = gg.foldl(body, F.linear(inputs, enter, bias), (first, first))
    return F.mse_loss(state, targets)


def penalty_loss(parameters: list[Any], x: Any) -> Any:
    scores = critic(parameters, x)
    return penalized(scores, gg.gradients(scores, x)[0])


# -- higher derivatives -------------------------------------------------------------------------------


def hessian(row: Row, size: Size, tier: str) -> Task:
    def build(weights: list[Any], x: Any) -> list[Any]:
        if not by_rows(tier):
            return gg.hessians(height(*weights, x), x)
        rows = x.expand(size["inputs"], size["inputs"])
        (slopes,) = gg.gradients(height(*weights, rows), rows)
        return gg.gradients(slopes.diagonal(), rows)

    return derivative_of(build, row, size, tier)


def jacobian(row: Row, size: Size, tier: str) -> Task:
    def build(weights: list[Any], x: Any) -> list[Any]:
        if not by_rows(tier):
            return [gg.jacobian(two_layers(*weights, x), x)]
        rows = x.expand(size["outputs"], size["inputs"])
        return gg.gradients(two_layers(*weights, rows).diagonal(), rows)

    return derivative_of(build, row, size, tier)


def derivative_of(build: Callable[..., list[Any]], row: Row, size: Size, tier: str) -> Task:
    problem = row.problem(size)
    with gg.Graph().as_default():
        values = tensors(problem.inputs)
        (x,) = fed(values)
        fetches = build([gg.Variable(array) for array in problem.parameters], x)
        return run_of(compiler(tier), fetches, [x], values)


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
    with gg.Graph().as_default():
        x = gg.placeholder(gg.float32, [8, 8])
        gg.Session().run(gg.gradients(torch.sin(x @ x), x), {x: torch.ones(8, 8)})


if __name__ == "__main__":
    torch.set_num_threads(threads())
    serve(f"graphgrad {gg.__version__}", lambda row, size, tier: WORK[row.work](row, size, tier), wake)
