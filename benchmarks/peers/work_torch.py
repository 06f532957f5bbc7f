"""Torch's work by hand: eagerly, or by `torch.compile`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from contests import Row
from hand import (
    convnet_loss,
    critic,
    descent,
    height,
    penalized,
    perceptron_loss,
    recurrent_loss,
    transformer_loss,
    two_layers,
)
from programs import RATE, chain, follow, random_program, stopped_residual, stops
from serve import Task, by_rows, serve, threads

TABLE = {"sin": torch.sin, "tanh": torch.tanh, "add": torch.add, "mul": torch.mul}
Size = dict[str, int]


def tensors(arrays: list[Any]) -> list[torch.Tensor]:
    return [torch.from_numpy(array).clone() for array in arrays]


def task(work: Callable[..., Any], tier: str, *values: torch.Tensor) -> Task:
    """The work on these values, compiled or not."""
    work = torch.compile(work, fullgraph=True) if "compile" in tier else work

    def call() -> list[Any]:
        found = work(*values)
        return [each.numpy() for each in (found if isinstance(found, list | tuple) else [found])]

    return Task(call)


# -- small operations ---------------------------------------------------------------------------------


def slope(program: Callable[[Any], Any], x: torch.Tensor) -> torch.Tensor:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(program(x).sum(), x)[0]


def traced_slope(program: Callable[[Any], Any], x: torch.Tensor) -> torch.Tensor:
    """The same as a function transformation, which `torch.compile` takes whole."""
    return torch.func.grad(lambda x: program(x).sum())(x)


def slope_of(program: Callable[[Any], Any], row: Row, size: Size, tier: str) -> Task:
    return task(partial(traced_slope if tier else slope, program), tier, *tensors(row.problem(size).inputs))


def sines(row: Row, size: Size, tier: str) -> Task:
    return slope_of(partial(chain, torch.sin, length=size["length"]), row, size, tier)


def random(row: Row, size: Size, tier: str) -> Task:
    return slope_of(partial(follow, random_program(size["length"]), TABLE), row, size, tier)


def stops_run(row: Row, size: Size, tier: str) -> Task:
    """Once more from the start for each stop, the stopped term detached."""
    blocks = size["blocks"]
    programs = [
        partial(stopped_residual, torch.tanh, torch.detach, blocks=blocks, place=place) for place in stops(**size)
    ]
    derive = traced_slope if tier else slope
    return task(lambda x: [derive(program, x) for program in programs], tier, *tensors(row.problem(size).inputs))


# -- training steps -----------------------------------------------------------------------------------


def step_of(loss: Callable[..., Any], row: Row, size: Size, tier: str) -> Task:
    problem = row.problem(size)
    parameters, batch = tensors(problem.parameters), tensors(problem.inputs)
    if not tier:
        return task(descent(loss, parameters), tier, *batch)

    def step(*batch: torch.Tensor) -> torch.Tensor:
        slopes, found = torch.func.grad_and_value(loss)(parameters, *batch)
        for parameter, change in zip(parameters, slopes, strict=True):
            parameter.sub_(change, alpha=RATE)
        return found

    return task(step, tier, *batch)


def penalty(row: Row, size: Size, tier: str) -> Task:
    return step_of(traced_penalty_loss if tier else penalty_loss, row, size, tier)


def penalty_loss(parameters: list[Any], x: torch.Tensor) -> torch.Tensor:
    x = x.detach().requires_grad_()
    scores = critic(parameters, x)
    return penalized(scores, torch.autograd.grad(scores.sum(), x, create_graph=True)[0])


def traced_penalty_loss(parameters: list[Any], x: torch.Tensor) -> torch.Tensor:
    def total(x: torch.Tensor) -> Any:
        scores = critic(parameters, x)
        return scores.sum(), scores

    slopes, scores = torch.func.grad(total, has_aux=True)(x)
    return penalized(scores, slopes)


# -- higher derivatives -------------------------------------------------------------------------------


def hessian(row: Row, size: Size, tier: str) -> Task:
    problem = row.problem(size)
    function = partial(height, *tensors(problem.parameters))
    if not by_rows(tier):
        return task(torch.func.hessian(function), tier, *tensors(problem.inputs))

    def rowwise(x: torch.Tensor) -> torch.Tensor:
        rows = x.expand(size["inputs"], -1).detach().requires_grad_()
        (slopes,) = torch.autograd.grad(function(rows).sum(), rows, create_graph=True)
        return torch.autograd.grad(slopes.trace(), rows)[0]

    return task(rowwise, tier, *tensors(problem.inputs))


def jacobian(row: Row, size: Size, tier: str) -> Task:
    problem = row.problem(size)
    function = partial(two_layers, *tensors(problem.parameters))
    if not by_rows(tier):
        return task(torch.func.jacrev(function), tier, *tensors(problem.inputs))

    def rowwise(x: torch.Tensor) -> torch.Tensor:
        rows = x.expand(size["outputs"], -1).detach().requires_grad_()
        return torch.autograd.grad(function(rows).trace(), rows)[0]

    return task(rowwise, tier, *tensors(problem.inputs))


# -- the pipe -----------------------------------------------------------------------------------------

WORK: dict[str, Callable[[Row, Size, str], Task]] = {
    "chain": sines,
    "random": random,
    "mlp": partial(step_of, perceptron_loss),
    "convnet": partial(step_of, convnet_loss),
    "transformer": partial(step_of, transformer_loss),
    "lstm": partial(step_of, recurrent_loss),
    "hessian": hessian,
    "jacobian": jacobian,
    "stops_run": stops_run,
    "penalty": penalty,
}


def wake() -> None:
    x = torch.ones(8, 8, requires_grad=True)
    torch.autograd.grad(torch.sin(x @ x).sum(), x)


if __name__ == "__main__":
    torch.set_num_threads(threads())
    serve(f"torch {torch.__version__}", lambda row, size, tier: WORK[row.work](row, size, tier), wake)
